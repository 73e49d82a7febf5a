"""Counts failures per name in a sliding window, and returns how long to wait."""

from collections import deque

from fancymonkey.engine.clock import Clock

NAMES_MAX = 50_000
"""The most names kept; beyond that the one that failed first is removed."""


class FailureCounter:
    """At most `most` failures in `window` ms under one name; no name affects another."""

    def __init__(self, clock: Clock, most: int, window: int) -> None:
        self._clock = clock
        self._most = most
        self._window = window
        self._failures: dict[str, deque[int]] = {}

    def wait(self, name: str) -> int:
        """Returns the wait until another attempt is allowed, in ms; 0: allowed now."""
        failures = self._failures.get(name)
        if failures is None:
            return 0
        now = self._clock()
        while failures and failures[0] <= now - self._window:
            failures.popleft()
        if not failures:
            del self._failures[name]
            return 0
        return failures[0] + self._window - now if len(failures) >= self._most else 0

    def count(self, name: str) -> None:
        """Counts an attempt before its result is known, so that concurrent attempts all count."""
        if name not in self._failures and len(self._failures) >= NAMES_MAX:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(name, deque()).append(self._clock())

    def take_back(self, name: str) -> None:
        """Removes the latest attempt, because it succeeded."""
        failures = self._failures.get(name)
        if failures:
            failures.pop()
            if not failures:
                del self._failures[name]
