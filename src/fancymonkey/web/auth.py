"""Who may change what: the owner's password, the cron secret, and who tries too often."""

import hmac
from collections import deque

from fancymonkey.engine.clock import Clock
from fancymonkey.web.http import Call, Problem

FAILURES_MAX = 15
"""Wrong secrets from one address in a minute; after that it has to wait."""

WINDOW = 60_000
ADDRESSES_MAX = 50_000
"""Addresses remembered at once; beyond that the one that failed first is forgotten."""


class Throttle:
    """Counts failures per address over a sliding minute. It never locks out another address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[str, deque[int]] = {}

    def check(self, address: str) -> None:
        """Raises Problem 429 where the address has failed too often."""
        failures = self._failures.get(address)
        if failures is None:
            return
        now = self._clock()
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        if not failures:
            del self._failures[address]
        elif len(failures) >= FAILURES_MAX:
            wait = max(1, -(-(failures[0] + WINDOW - now) // 1000))
            raise Problem(
                429,
                "too_many_attempts",
                f"Too many wrong attempts. Try again in {wait} seconds.",
                headers=[(b"retry-after", str(wait).encode())],
            )

    def failed(self, address: str) -> None:
        """Counts a failure."""
        if address not in self._failures and len(self._failures) >= ADDRESSES_MAX:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(address, deque()).append(self._clock())


def same(given: bytes, expected: str) -> bool:
    """Compares two secrets in a time that does not tell how much of them is alike."""
    return hmac.compare_digest(given, expected.encode())


def check_password(call: Call, throttle: Throttle, given: str, expected: str | None) -> None:
    """Returns where the password is the owner's. Raises Problem 401, 403 or 429."""
    if not expected:
        raise Problem(
            403,
            "admin_disabled",
            "This server has no admin password. Set ADMIN_PASSWORD and start it again.",
        )
    throttle.check(call.guesser)
    if not same(given.encode(), expected):
        throttle.failed(call.guesser)
        raise Problem(401, "wrong_password", "The password is wrong.")
