"""Networks of addresses: a client with one address of a network often has all of it."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from fancymonkey.accounts.failure_counter import FailureCounter
from fancymonkey.engine.clock import Clock

WINDOW = 60_000
MOST = {(4, 24): 60, (6, 56): 30, (6, 48): 60}
"""Failures of a network in a minute, by the version of its addresses and its prefix."""


@lru_cache(maxsize=8192)
def networks_of(address: str) -> tuple[tuple[tuple[int, int], str], ...]:
    """The networks that an address counts for; none if it is not an address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ()
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return tuple(
        ((version, prefix), str(ip_network((parsed, prefix), strict=False)))
        for version, prefix in MOST
        if version == parsed.version
    )


class Networks:
    """Counts failures over networks, so that changing the address within one does not help."""

    def __init__(self, clock: Clock) -> None:
        self._counts = {kind: FailureCounter(clock, most, WINDOW) for kind, most in MOST.items()}

    def wait(self, address: str) -> int:
        """Returns the wait until this network may try again, in ms; 0: now."""
        return max(
            (self._counts[kind].wait(name) for kind, name in networks_of(address)), default=0
        )

    def count(self, address: str) -> None:
        """Counts an attempt."""
        for kind, name in networks_of(address):
            self._counts[kind].count(name)

    def take_back(self, address: str) -> None:
        """Removes the latest attempt, because it succeeded."""
        for kind, name in networks_of(address):
            self._counts[kind].take_back(name)
