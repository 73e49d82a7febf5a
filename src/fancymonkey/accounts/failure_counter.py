"""Counts failures under a name over a sliding window, and says how long to wait."""

from collections import deque

from fancymonkey.engine.clock import Clock

NAMES_MAX = 50_000
"""Names remembered at once; beyond that the one that failed first is forgotten."""


class FailureCounter:
    """At most `most` failures in `window` ms under one name; no name affects another."""

    def __init__(self, clock: Clock, most: int, window: int) -> None:
        self._clock = clock
        self._most = most
        self._window = window
        self._failures: dict[str, deque[int]] = {}

    def wait(self, name: str) -> int:
        """How long until there may be another attempt, in ms; 0: now."""
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
        """Counts an attempt before it is known how it ends: many at once are many."""
        if name not in self._failures and len(self._failures) >= NAMES_MAX:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(name, deque()).append(self._clock())

    def take_back(self, name: str) -> None:
        """The latest attempt was none: it went well."""
        failures = self._failures.get(name)
        if failures:
            failures.pop()
            if not failures:
                del self._failures[name]
