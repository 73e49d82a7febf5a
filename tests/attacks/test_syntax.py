"""The server accepts only well-formed HTTP/1.0 and HTTP/1.1."""

import pytest

from tests.attacks.flood import exchange, status
from tests.support.server import Server

PATHS = pytest.mark.parametrize("path", ["/api/inventory/get", "/healthz", "/"])
WRONG = {
    "no Host": (b"GET %b HTTP/1.1\r\n\r\n", 400),
    "two": (b"GET %b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "twice the same": (b"GET %b HTTP/1.1\r\nhost: a\r\nHOST: a\r\n\r\n", 400),
    "two in HTTP/1.0": (b"GET %b HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a Host with a path": (b"GET %b HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a Host with a name": (b"GET %b HTTP/1.1\r\nHost: me@a\r\n\r\n", 400),
    "a list of hosts": (b"GET %b HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a Host of odd bytes": (b"GET %b HTTP/1.1\r\nHost: \xff\r\n\r\n", 400),
    "HTTP/0.9": (b"GET %b\r\n\r\n", 400),
    "HTTP/0.9 by name": (b"GET %b HTTP/0.9\r\nHost: a\r\n\r\n", 400),
    "HTTP/2.0": (b"GET %b HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    "HTTP/1.9": (b"GET %b HTTP/1.9\r\nHost: a\r\n\r\n", 400),
    "compressed": (
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "identity": (
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked twice": (
        b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "in two headers": (
        (
            b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    "chunked in two headers": (
        (
            b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    "two lengths": (
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        400,
    ),
}


@PATHS
@pytest.mark.parametrize("what", WRONG)
def test_invalid_http_is_refused_and_the_connection_closed(
    server: Server, path: str, what: str
) -> None:
    raw, wanted = WRONG[what]
    answer = exchange(server, raw.replace(b"%b", path.encode()) + b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert status(answer) == wanted
    assert answer.count(b"\r\n\r\n") == 1
    assert b"connection: close" in answer


RIGHT = {
    "a name": b"shop.test",
    "with a port": b"shop.test:8000",
    "an address": b"127.0.0.1:8000",
    "IPv6": b"[::1]:8000",
    "nothing": b"",
    "an underscore": b"fancy_monkey-1",
}


@PATHS
@pytest.mark.parametrize("what", RIGHT)
def test_a_proper_host_is_served(server: Server, path: str, what: str) -> None:
    raw = b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"
    assert status(exchange(server, raw % (path.encode(), RIGHT[what]))) == 200


def test_http_1_0_needs_no_host(server: Server) -> None:
    assert status(exchange(server, b"GET /healthz HTTP/1.0\r\n\r\n")) == 200


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/admin", b"/admin/"),
        ("/admin?x=1", b"/admin/?x=1"),
        ("/static", b"/static/"),
        ("/healthz/", b"/healthz"),
        ("/docs/", b"/docs"),
    ],
)
@pytest.mark.parametrize("host", [b"evil.example", b"EVIL.example:81", b"[::1]:5", b"%65vil"])
def test_a_redirect_names_no_host(server: Server, path: str, target: bytes, host: bytes) -> None:
    raw = b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (path.encode(), host)
    answer = exchange(server, raw)
    assert b"\r\nlocation: " + target + b"\r\n" in answer.lower()
    assert host.lower() not in answer.lower()
