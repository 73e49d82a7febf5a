"""Restricts the demo to this machine, because its password is public."""

from collections.abc import Iterable, Mapping

from fancymonkey.web.http.messages import Problem

HOSTS = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
FORWARDED = (
    *(b"forwarded", b"via", b"x-real-ip", b"x-forwarded-for", b"x-forwarded-host"),
    *(b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-server", b"cf-connecting-ip"),
)
"""Headers that proxies add."""


def check_host(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises Problem 421 if a request names another host than this machine.

    A foreign page can map its own name to 127.0.0.1; its requests carry that name.
    """
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 or not _is_here(hosts[0]):
        raise Problem(
            421,
            "demo_only_here",
            "This demo is available on this machine only. Open it as localhost or 127.0.0.1.",
        )


def check_direct(headers: Mapping[bytes, bytes]) -> None:
    """Raises Problem 403 if a request comes through a proxy or from another page.

    The demo password is public, so it must not work from elsewhere.
    """
    origin = headers.get(b"origin", b"")
    authority = origin.partition(b"://")[2]
    if any(name in headers for name in FORWARDED) or (origin and not _is_here(authority)):
        raise Problem(
            403,
            "demo_only_here",
            "The demo password is public and is not accepted through a proxy. Set ADMIN_PASSWORD "
            "to a password of your own.",
        )


def _is_here(authority: bytes) -> bool:
    host, colon, port = authority.lower().rpartition(b":")
    if not colon or authority.endswith(b"]"):
        host, port = authority.lower(), b""
    return host in HOSTS and (not colon or not port or port.isdigit())
