"""Checks webhook URLs: resolves the host once, checks every address, and keeps one of them."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from fancymonkey.errors import FancyMonkeyError

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host. Raises OSError if there is none."""

URL_MAX = 2000
RESOLVE_SECONDS = 5.0

_SPECIAL = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",  # Azure's own host, visible only to its machines
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]
_WORLD = IPv6Network("2000::/3")
"""The only globally allocated part of IPv6."""


class Forbidden(FancyMonkeyError):
    """A webhook must not go to this URL; the text has the reason."""


class Unresolved(FancyMonkeyError):
    """The host currently has no address."""


@dataclass(frozen=True, slots=True)
class ResolvedUrl:
    """A URL with the one address that its request goes to."""

    url: str
    host: str
    port: int
    secure: bool
    address: str


async def resolve(host: str, port: int) -> list[str]:
    """Returns the answer of the system's resolver."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in infos]


def is_public(text: str) -> bool:
    """Whether an address is public; one that embeds another address counts as private."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id or address not in _WORLD):
        return False
    if any(address.version == network.version and address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not _embeds(address)


def _embeds(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address tunnels to an IPv4 address (ISATAP)."""
    if isinstance(address, IPv4Address):
        return False
    return int(address) >> 32 & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE)


def checked(url: str) -> tuple[str, int, bool]:
    """Returns host, port and whether it is https. Raises Forbidden for anything but a plain URL."""
    if len(url) > URL_MAX or not url.isascii() or not all("!" <= char <= "~" for char in url):
        raise Forbidden("The URL must have at most 2,000 visible ASCII characters.")
    if "\\" in url:
        raise Forbidden("The URL must not contain a backslash.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Forbidden("This is not a valid URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Forbidden("The URL must begin with https:// or http:// and have a host.")
    if "@" in parts.netloc:
        raise Forbidden("The URL must not contain a user name or password.")
    if parts.fragment or "#" in url:
        raise Forbidden("The URL must not have a fragment (#).")
    if "%" in parts.netloc or port == 0:
        raise Forbidden("The host or port is not valid.")
    secure = parts.scheme == "https"
    return host, port or (443 if secure else 80), secure


async def resolve_url(url: str, resolver: Resolver, *, private: bool) -> ResolvedUrl:
    """Returns where a request to the URL goes. Raises Forbidden; Unresolved if it has no address.

    One non-public address forbids the whole host, unless `private` addresses are allowed.
    """
    host, port, secure = checked(url)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            addresses = list(await resolver(host, port))
    except (OSError, UnicodeError, TimeoutError):
        raise Unresolved(f"The host {host} could not be resolved.") from None
    if not addresses:
        raise Unresolved(f"The host {host} could not be resolved.")
    if not private and not all(is_public(address) for address in addresses):
        raise Forbidden(
            f"The host {host} resolves to an address that is not public. Set "
            f"WEBHOOK_ALLOW_PRIVATE to allow addresses of your own network."
        )
    return ResolvedUrl(url, host, port, secure, addresses[0])
