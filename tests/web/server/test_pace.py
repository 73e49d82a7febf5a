"""The pace of messages: a few a second, fewer when they are expensive, within the limit."""

from itertools import pairwise

import pytest

from fancymonkey.web.server.pace import (
    LONGEST_SECONDS,
    PORTION_BYTES,
    PORTION_MAX,
    PORTION_MIN,
    SHARE,
    SPREAD_SECONDS,
    Pace,
    Portions,
    cost_of,
)


def begun(pace: Pace, seconds: float, cost: float) -> list[float]:
    """The start times of messages that are always waiting."""
    now, times = 100.0, []
    while now < 100 + seconds:
        now += pace.wait(now)
        times.append(now)
        pace.sent(now, cost)
        now += cost
    return times


def test_a_burst_and_then_one_each_time() -> None:
    times = begun(Pace(0.25, 4), 10, 0.0)
    assert times[3] == 100
    gaps = [b - a for a, b in pairwise(times[3:])]
    assert gaps == pytest.approx([0.25] * len(gaps))


@pytest.mark.parametrize("cost", [0.02, 0.03, 0.2, 0.5])
def test_expensive_messages_are_rarer_and_have_a_longest_time(cost: float) -> None:
    times = begun(Pace(0.25, 4), 30, cost)[12:]
    gaps = [b - a for a, b in pairwise(times)]
    assert min(gaps) >= min(cost / SHARE, LONGEST_SECONDS) - 1e-6
    assert max(gaps) <= LONGEST_SECONDS + cost + 1e-6


def test_a_quiet_time_is_not_saved_up() -> None:
    pace = Pace(0.25, 4)
    begun(pace, 5, 0.0)
    assert pace.wait(1000) == 0
    times = []
    for _ in range(10):
        now = 1000 + pace.wait(1000)
        times.append(now)
        pace.sent(now, 0.0)
    assert times[3] == 1000 < times[4]


@pytest.mark.parametrize("turn", [0.0001, 0.002, 0.008, 0.02])
@pytest.mark.parametrize("listeners", [1, 9, 200, 1000])
def test_portions_are_small_and_all_are_served_in_time(listeners: int, turn: float) -> None:
    portions = Portions(listeners, 500, 0.0)
    now, left = 0.0, listeners
    while left > 0:
        count = portions.next(now)
        assert 1 <= count <= PORTION_MAX
        left -= count
        now += turn
    fastest = (listeners / PORTION_MAX + 1) * turn
    assert now <= max(SPREAD_SECONDS * 1.2, fastest, (listeners / PORTION_MIN + 1) * turn)


def test_short_turns_take_small_portions() -> None:
    portions = Portions(1000, 500, 0.0)
    assert [portions.next(number * 0.0002) for number in range(20)] == [PORTION_MIN] * 20


def test_long_messages_are_sent_in_small_portions() -> None:
    portions = Portions(1000, PORTION_BYTES // 3, 0.0)
    assert [portions.next(number * 0.05) for number in range(20)] == [3] * 20
    assert Portions(10, PORTION_BYTES * 3, 0.0).next(0.0) == 1


def test_the_cost_counts_writes_and_bytes() -> None:
    assert cost_of(1000, 0) < cost_of(1000, 50_000_000) < cost_of(2000, 100_000_000)
