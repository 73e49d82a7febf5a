"""Limits how many holds and checkouts may start per minute: by address, by network, in total."""

from fancymonkey.core.holds.limits import ClientSource
from fancymonkey.engine.clock import Clock
from fancymonkey.text import counted
from fancymonkey.web.http.messages import Problem

MINUTE = 60_000
NETWORK = 10
"""The limit of a network, as a multiple of the limit of an address."""
TILL_NETWORK = 5
"""The same for checkouts."""
STRIPE_A_MINUTE = 900
"""Checkouts of all clients in a minute: Stripe allows 25 requests a second for a test key, and each
checkout is two of them at most."""
CLIENTS_MAX = 50_000


class Allowance:
    """A token bucket per name: this many per minute, refilled evenly."""

    def __init__(self, clock: Clock, most: int) -> None:
        self.most = most
        self._clock = clock
        self._left: dict[str, tuple[float, int]] = {}

    def left(self, name: str) -> float:
        """The remaining number."""
        now = self._clock()
        left, at = self._left.get(name, (float(self.most), now))
        return min(self.most, left + max(0, now - at) * self.most / MINUTE)

    def add(self, name: str, change: int) -> None:
        """Takes one, or returns one."""
        left = self.left(name)
        if name not in self._left and len(self._left) >= CLIENTS_MAX:
            del self._left[next(iter(self._left))]
        self._left[name] = (min(self.most, left + change), self._clock())

    def wait(self, name: str) -> int:
        """The seconds until one is available."""
        return max(1, -(-int((1 - self.left(name)) * MINUTE / self.most) // 1000))


class BeginRate:
    """Limits the starts of one source; `most` for an address, 0: no limit.

    With `total` it also limits all sources together. The last half of that is for networks without
    starts in the last minute, so that one client alone cannot use it up.
    """

    def __init__(self, clock: Clock, what: str, most: int, times: int, total: int = 0) -> None:
        self._what = what
        self._addresses = Allowance(clock, most)
        self._networks = Allowance(clock, most * times)
        self._all = Allowance(clock, total)

    def take(self, source: ClientSource | None) -> None:
        """Counts a start. Raises Problem 429. `source` is None for callers nearby."""
        known = source is None
        if source is not None and self._addresses.most:
            for allowance, name in self._names(source):
                if allowance.left(name) < 1:
                    raise self._too_many(allowance.wait(name))
            known = self._networks.left(source.network) < self._networks.most
        if self._all.most:
            least = self._all.most / 2 if known else 0
            if self._all.left("") < least + 1:
                raise self._too_many(1)
        self._add(source, -1)

    def give_back(self, source: ClientSource | None) -> None:
        """Undoes the count of a start that did not happen."""
        self._add(source, 1)

    def _add(self, source: ClientSource | None, change: int) -> None:
        if source is not None and self._addresses.most:
            for allowance, name in self._names(source):
                allowance.add(name, change)
        if self._all.most:
            self._all.add("", change)

    def _names(self, source: ClientSource) -> tuple[tuple[Allowance, str], ...]:
        address = f"{source.network} {source.address}"
        return (self._addresses, address), (self._networks, source.network)

    def _too_many(self, wait: int) -> Problem:
        return Problem(
            429,
            "too_many_requests",
            f"Too many {self._what} in a minute. Try again in {counted(wait, 'second')}.",
            headers=[(b"retry-after", b"%d" % wait)],
        )
