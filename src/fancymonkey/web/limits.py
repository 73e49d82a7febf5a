"""How many changes one address may ask for: far above any buyer, far below a flood."""

from fancymonkey.engine.clock import Clock
from fancymonkey.web.http import RETRY_SOON, Problem

PER_SECOND = 1000
BURST = 5000
ADDRESSES_MAX = 50_000


class RateLimit:
    """A bucket of tokens an address; each change takes one, and they flow back with time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, address: str) -> None:
        """Takes a token. Raises Problem 429 where none is left."""
        now = self._clock()
        tokens, at = self._buckets.get(address, (BURST, now))
        tokens = min(BURST, tokens + max(0, now - at) * PER_SECOND / 1000)
        if tokens < 1:
            self._buckets[address] = (tokens, now)
            raise Problem(
                429,
                "too_many_requests",
                "Too many requests from this address. Try again in a second.",
                headers=[(b"retry-after", b"1")],
            )
        if address not in self._buckets and len(self._buckets) >= ADDRESSES_MAX:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[address] = (tokens - 1, now)


class Slots:
    """So many may do something dear at the same time; the next one is sent away."""

    def __init__(self, most: int) -> None:
        self._free = most

    def __enter__(self) -> None:
        if not self._free:
            raise Problem(
                503,
                "overloaded",
                "Other tables are being read or made just now. Try again in a moment.",
                headers=[RETRY_SOON],
            )
        self._free -= 1

    def __exit__(self, *exc: object) -> None:
        self._free += 1
