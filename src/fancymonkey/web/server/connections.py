"""The connections of a process: limited by address, by network, and by open files.

At the limit, a connection that waits for its client is closed: the oldest one of the address
with the most connections. So idle connections cannot keep out clients that send requests.
"""

import logging
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from fancymonkey.web.http.clients.private_networks import public_address
from fancymonkey.web.http.messages import network

log = logging.getLogger(__name__)

CONNECTIONS_MAX = 8192
"""The most connections of a process, if the file limit allows."""

PER_ADDRESS = 256
PER_NETWORK = 1024
"""The most connections of an address (IPv6: of a /64) and of a network (IPv4: /24, IPv6: /48)."""

RESERVE = 32
"""Connections beyond the limit for this machine, its own networks, and the owner."""

FILES_KEPT = 96
"""Files reserved for the store, for pages and for the rest of the service."""

LOOKED_AT = 64
LOOKS = 16
OWNERS_KNOWN = 64
QUIET_SECONDS = 60.0
"""The time without another line after a line about the limit, in seconds."""


class CountedConnection(Protocol):
    """A connection."""

    @property
    def idle(self) -> bool:
        """Whether it is waiting for its client."""

    def disconnect(self) -> None:
        """Closes it."""


class Crowd:
    """The open connections."""

    def __init__(self, files: int = 0, *, by_address: bool = True) -> None:
        """`files` may be open in this process; 0 means no limit."""
        reserved_files = min(FILES_KEPT, files // 2)
        self.most = max(
            1, min(CONNECTIONS_MAX, files - reserved_files - RESERVE if files else CONNECTIONS_MAX)
        )
        self._by_address = by_address
        self._all: dict[CountedConnection, tuple[str, ...]] = {}
        self._groups: dict[str, dict[CountedConnection, None]] = {}
        self._owners: dict[str, None] = {}
        self._quiet_until = 0.0
        self.made_room = 0
        """The number of connections closed in favour of another."""
        self.refused = 0
        """The number of connections that were refused."""

    def __len__(self) -> int:
        return len(self._all)

    def enter(
        self, guest: CountedConnection, address: str, now: float, *, exempt: bool = False
    ) -> bool:
        """Adds a connection, if necessary in place of another; returns whether there was room.

        `exempt` are proxies, who come for many.
        """
        near = public_address(address) is None
        keys = (network(address), wide(address))
        if self._by_address and not (near or exempt):
            for key, most in zip(keys, (PER_ADDRESS, PER_NETWORK), strict=True):
                group = self._groups.get(key, {})
                if len(group) >= most and not self._make_room(group):
                    return self._refuse(now)
        most = self.most + (RESERVE if near or keys[0] in self._owners else 0)
        if (
            len(self._all) >= self.most
            and not self._make_room(self._all)
            and len(self._all) >= most
        ):
            return self._refuse(now)
        self._all[guest] = keys
        for key in keys:
            self._groups.setdefault(key, {})[guest] = None
        return True

    def leave(self, guest: CountedConnection) -> None:
        """Removes a connection."""
        for key in self._all.pop(guest, ()):
            group = self._groups[key]
            group.pop(guest, None)
            if not group:
                del self._groups[key]

    def know_owner(self, address: str) -> None:
        """Marks an address of an authenticated client, which gets in above the limit too."""
        place = network(address)
        self._owners.pop(place, None)
        self._owners[place] = None
        if len(self._owners) > OWNERS_KNOWN:
            del self._owners[next(iter(self._owners))]

    def _make_room(
        self, group: dict[CountedConnection, None] | dict[CountedConnection, tuple[str, ...]]
    ) -> bool:
        """Closes the oldest connection that waits for its client; False if there is none."""
        for _ in range(min(LOOKS, 1 + len(group) // LOOKED_AT)):
            looked = list(islice(group, LOOKED_AT))
            idle = [guest for guest in looked if guest.idle]
            if idle:
                most = max(idle, key=self._neighbours)
                self.made_room += 1
                self.leave(most)
                most.disconnect()
                return True
            for guest in looked:  # others come first the next time
                group[guest] = group.pop(guest)  # type: ignore[assignment]
        return False

    def _neighbours(self, guest: CountedConnection) -> int:
        return len(self._groups[self._all[guest][0]])

    def _refuse(self, now: float) -> bool:
        self.refused += 1
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            log.warning(
                "A connection was refused: %d of %d are open. See the HTTP reference for the "
                "limits; a higher open file limit (`ulimit -n`) allows more.",
                len(self._all),
                self.most,
            )
        return False

    def collect(self) -> Iterator[Metric]:
        """The metrics for prometheus_client."""
        yield GaugeMetricFamily("fancymonkey_connections", "Open connections.", len(self._all))
        yield GaugeMetricFamily("fancymonkey_connections_max", "The connection limit.", self.most)
        ended = CounterMetricFamily(
            "fancymonkey_connections_ended",
            "Connections refused, or closed while idle, because the limit was reached.",
            labels=["how"],
        )
        ended.add_metric(["refused"], self.refused)
        ended.add_metric(["closed"], self.made_room)
        yield ended


def wide(address: str) -> str:
    """The network of an address: for IPv4 a /24, for IPv6 a /48."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
