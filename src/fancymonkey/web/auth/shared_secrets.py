"""Authenticates by admin password or cron secret, and throttles failed attempts."""

import hmac
from collections import deque

from fancymonkey.accounts.networks import Networks
from fancymonkey.engine.clock import Clock
from fancymonkey.text import counted
from fancymonkey.web.http.messages import Problem

FAILURES_MAX = 15
"""Wrong secrets from one address in a minute before it has to wait."""

WINDOW = 60_000
ADDRESSES_MAX = 50_000
"""The most addresses kept; beyond that the one that failed first is removed."""


class Throttle:
    """Counts failures per address in a sliding minute. It never locks out another address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[str, deque[int]] = {}
        self._networks = Networks(clock)

    def check(self, address: str) -> None:
        """Raises Problem 429 if the address has failed too often."""
        failures = self._failures.get(address)
        if failures is None:
            return
        now = self._clock()
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        if not failures:
            del self._failures[address]
        elif len(failures) >= FAILURES_MAX:
            raise too_many(failures[0] + WINDOW - now)

    def crowded(self, address: str) -> int:
        """Returns how long the networks of an address have to wait, in ms; 0: not."""
        return self._networks.wait(address)

    def failed(self, address: str) -> None:
        """Counts a failure."""
        if address not in self._failures and len(self._failures) >= ADDRESSES_MAX:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(address, deque()).append(self._clock())
        self._networks.count(address)


def too_many(wait: int) -> Problem:
    """The response to a throttled client, with the wait in ms."""
    seconds = max(1, -(-wait // 1000))
    return Problem(
        429,
        "too_many_attempts",
        f"Too many wrong attempts. Try again in {counted(seconds, 'second')}.",
        headers=[(b"retry-after", str(seconds).encode())],
    )


def same(secret: bytes, expected: str) -> bool:
    """Compares two secrets in constant time."""
    return hmac.compare_digest(secret, expected.encode())
