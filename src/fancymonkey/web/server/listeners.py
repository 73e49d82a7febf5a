"""Live stock listeners: limited by address and by network, with places reserved for the owner."""

from collections import Counter
from ipaddress import ip_address

from fancymonkey.errors import Overloaded
from fancymonkey.web.http.clients.private_networks import public_address
from fancymonkey.web.http.messages import Problem, Request, network
from fancymonkey.web.server.connections import wide
from fancymonkey.web.server.turns import Turns

PER_ADDRESS = 50
PER_NETWORK = 200
"""The most listeners of an address (IPv6: of a /64) and of a network (IPv4: /24, IPv6: /48)."""

VISITORS_MAX = 1950
"""The most listeners that are not the owner's; the feed has room for 50 more."""


class Listeners:
    """The places of one process."""

    def __init__(self, turns: Turns, most: int = VISITORS_MAX, *, by_address: bool = True) -> None:
        self._most = min(VISITORS_MAX, most)
        self._by_address = by_address
        self._visitors = 0
        self._counts: Counter[str] = Counter()
        self.turns = turns

    def take(self, request: Request, *, owner: bool = False) -> "ListenerSlot":
        """A place, to be left once. Raises Problem 429 or Overloaded if none is left."""
        keys = self.check(request, owner=owner)
        if not owner and self._visitors >= self._most:
            raise Overloaded("Too many live connections.")
        return ListenerSlot(self, keys, owner=owner)

    def check(self, request: Request, *, owner: bool = False) -> list[str]:
        """Returns the keys that a listener is counted by. Raises Problem 429 if one is full."""
        keys = _keys(request, owner=owner) if self._by_address else []
        for key, most in zip(keys, (PER_ADDRESS, PER_NETWORK), strict=False):
            if self._counts[key] >= most:
                raise Problem(
                    429,
                    "too_many_listeners",
                    "Too many live connections from this address or network.",
                    headers=[(b"retry-after", b"30")],
                )
        return keys

    def count(self, keys: list[str], step: int, *, owner: bool) -> None:
        """Counts a taken place (1) or a left one (-1)."""
        self._visitors += 0 if owner else step
        for key in keys:
            self._counts[key] += step
            if not self._counts[key]:
                del self._counts[key]


class ListenerSlot:
    """One of the limited places for listeners."""

    def __init__(self, listeners: Listeners, keys: list[str], *, owner: bool) -> None:
        self._listeners: Listeners | None = listeners
        self._keys = keys
        self._owner = owner
        listeners.count(keys, 1, owner=owner)

    def leave(self) -> None:
        """Leaves the place; a second call does nothing."""
        listeners, self._listeners = self._listeners, None
        if listeners is not None:
            listeners.count(self._keys, -1, owner=self._owner)


def _keys(request: Request, *, owner: bool) -> list[str]:
    """The counters of a listener: its address and its network."""
    address = counted_address(request)
    kind = "owner" if owner else "visitor"
    return [f"{kind} {network(address)}", f"{kind}s of {wide(address)}"]


def counted_address(request: Request) -> str:
    """The address that a connection counts for.

    An unnamed proxy nearby would count for all its visitors, so the client that it reports counts
    here, though never for authentication.
    """
    forwarded = request.headers.get(b"x-forwarded-for")
    if forwarded is None or public_address(request.address) is not None:
        return request.address
    last = forwarded.rpartition(b",")[2].decode("latin-1").strip()
    try:
        return str(ip_address(last))
    except ValueError:
        return request.address
