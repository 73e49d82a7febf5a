"""Recognises private and proxy addresses, which are never a customer's own."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NEAR = tuple(
    map(
        ip_network,
        [
            *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
            *("::1/128", "fc00::/7", "fe80::/10"),
        ],
    )
)


@lru_cache(maxsize=4096)
def public_address(text: str) -> IPv4Address | IPv6Address | None:
    """The public address of the client; None for this machine and its own networks."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None  # a socket of this machine
    address = getattr(address, "ipv4_mapped", None) or address
    return None if any(address in network for network in _NEAR) else address


FORWARDING = frozenset(
    {
        *(b"x-forwarded-for", b"x-real-ip", b"forwarded", b"x-client-ip", b"x-forwarded"),
        *(b"cf-connecting-ip", b"true-client-ip", b"fastly-client-ip", b"fly-client-ip"),
    }
)
"""Headers in which a proxy reports its client."""

UNCLEAR = "unclear"
"""The client of a proxy with contradictory headers: a client has forged one of them."""

_ELEMENTS_MAX = 20
_FOR = re.compile(r'(?:^|[;,\s])for="?([^";,\s]+)', re.IGNORECASE)


def hint_of(headers: Mapping[bytes, bytes]) -> str | None:
    """The public address that a proxy nearby reports, UNCLEAR, or None if there is none.

    In a list the last one counts: clients can write only what stands before it.
    """
    chain = forwarded_for(headers)
    real = headers.get(b"x-real-ip", b"").decode("latin-1").strip()
    named = _FOR.findall(headers.get(b"forwarded", b"")[-2048:].decode("latin-1"))
    lists = (chain, [real], [bare(text) for text in named])
    addresses = {address for values in lists if (address := _last_far(values)) is not None}
    if len(addresses) > 1:
        return UNCLEAR
    return addresses.pop() if addresses else None


def forwarded_for(headers: Mapping[bytes, bytes]) -> list[str]:
    """The last addresses of `X-Forwarded-For`, without ports."""
    text = headers.get(b"x-forwarded-for", b"")[-2048:].decode("latin-1")
    return [bare(part) for part in text.rsplit(",", _ELEMENTS_MAX)[-_ELEMENTS_MAX:]]


def bare(text: str) -> str:
    """An address without its port and brackets."""
    text = text.strip().strip('"')
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, colon, port = text.rpartition(":")
    return host if colon and ":" not in host and port.isdigit() else text


def _last_far(texts: Sequence[str]) -> str | None:
    return next(
        (str(address) for text in reversed(texts) if (address := public_address(bare(text)))), None
    )
