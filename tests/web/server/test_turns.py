"""Turns of the event loop: the number of requests that start in one depends on their length."""

import asyncio
from collections import Counter

import pytest

from fancymonkey.web.server import turns
from fancymonkey.web.server.turns import BEGUN_MAX, BEGUN_MIN, Turns

LONGEST = 0.002
"""Seconds that a turn of short requests may take: another client waits for it."""


class WorkClock:
    """A clock that advances only by work, and the turn in which each piece of work began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.turns = Turns()
        self.begun: Counter[float] = Counter()
        monkeypatch.setattr(turns, "perf_counter", lambda: self.now)

    async def begin(self, requests: int, seconds: float) -> list[int]:
        """Begins requests at once; returns how many of them began in each turn."""
        self.begun.clear()

        def work() -> None:
            self.begun[self.turns._turn_at] += 1
            self.now += seconds

        for _ in range(requests):
            self.turns.begin(work)
        while sum(self.begun.values()) < requests:
            await asyncio.sleep(0)
        return list(self.begun.values())


async def test_more_short_requests_start_in_each_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = await WorkClock(monkeypatch).begin(200, 0.000_05)
    assert counts[0] == BEGUN_MIN
    assert counts[:-1] == sorted(counts[:-1])
    assert max(counts) == BEGUN_MAX


async def test_a_turn_of_short_requests_stays_below_two_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seconds in (0.000_1, 0.000_15, 0.000_2, 0.000_3):
        counts = await WorkClock(monkeypatch).begin(200, seconds)
        assert max(counts) * seconds <= LONGEST, (seconds, counts)


async def test_long_requests_start_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = WorkClock(monkeypatch)
    await machine.begin(60, 0.000_05)
    counts = await machine.begin(40, 0.003)
    assert set(counts[4:-1]) == {BEGUN_MIN}
    assert sum(counts[:4]) <= BEGUN_MAX * 2
