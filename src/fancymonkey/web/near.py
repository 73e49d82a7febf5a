"""Addresses that nobody shops from: proxies and platforms in front of us, and ourselves."""

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
def far(text: str) -> IPv4Address | IPv6Address | None:
    """The address of somebody on the internet; None for this machine and its own networks."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None  # a socket of this machine
    address = getattr(address, "ipv4_mapped", None) or address
    return None if any(address in network for network in _NEAR) else address
