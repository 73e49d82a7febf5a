"""The times at which jobs are due."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fancymonkey.core.dates import DAY_MS
from fancymonkey.jobs.schedule import Daily, Every, due

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]


def ms(*when: int) -> int:
    return round(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc, arg-type]


def test_slots_have_a_fixed_distance() -> None:
    timing = Every(300)
    assert timing.slot(ms(2026, 1, 1, 12, 4, 59)) == ms(2026, 1, 1, 12, 0)
    assert timing.slot(ms(2026, 1, 1, 12, 5)) == ms(2026, 1, 1, 12, 5)
    assert due(timing, None, ms(2026, 1, 1, 12, 4))
    assert not due(timing, ms(2026, 1, 1, 12, 0), ms(2026, 1, 1, 12, 4, 59))
    assert due(timing, ms(2026, 1, 1, 12, 0), ms(2026, 1, 1, 12, 5))


def test_a_clock_that_was_an_hour_ahead_stops_nothing() -> None:
    timing, now = Every(300), ms(2026, 1, 1, 12, 0)
    assert due(timing, now + 3_600_000, now)
    assert not due(timing, now + 300_000, now)  # a little skew between two servers
    daily = Daily(time(8), ZoneInfo("UTC"))
    assert not due(daily, ms(2026, 1, 2, 8), now)  # served in advance: wait for the day after
    assert due(daily, ms(2026, 3, 1, 8), now)


def test_a_daily_job_first_waits_for_its_time_and_makes_up_for_the_last_day_only() -> None:
    timing = Daily(time(8, 30), ZoneInfo("Europe/Berlin"))
    assert not due(timing, None, ms(2026, 1, 1, 12))
    last = timing.slot(ms(2026, 1, 1, 12))
    assert last == ms(2026, 1, 1, 7, 30)
    assert not due(timing, last, ms(2026, 1, 2, 7, 29, 59))
    assert due(timing, last, ms(2026, 1, 2, 7, 30))
    assert timing.slot(ms(2026, 1, 9, 12)) == ms(2026, 1, 9, 7, 30)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0), time(1, 45), time(2, 30), time(23, 59)])
def test_each_day_has_one_slot_also_when_the_clocks_change(zone: str, at: time) -> None:
    timing = Daily(at, ZoneInfo(zone))
    now = ms(2025, 1, 1)
    slots = [timing.slot(now)]
    while slots[-1] < ms(2026, 12, 31):
        following = timing.next(slots[-1])
        assert 22 * 3_600_000 <= following - slots[-1] <= 26 * 3_600_000
        assert timing.slot(following) == following
        assert timing.slot(following - 1) == slots[-1]
        slots.append(following)
    days = [datetime.fromtimestamp(slot / 1000, timing.zone).date() for slot in slots]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert (slots[-1] - slots[0]) // DAY_MS in (len(slots) - 1, len(slots) - 2)
