"""Quiet hours and times of trying again. Pure: a time in, a time out, all in ms."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
DAY = 24 * HOUR
WAITS = (10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
"""How long to wait after each failure; the last counts for all that follow."""
GIVE_UP = DAY
"""How long something is tried."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The part of each day in which nobody is to be woken."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, now: int) -> int | None:
        """When the quiet that is now ends; None where it is not quiet."""
        local = datetime.fromtimestamp(now / 1000, self.zone)
        for day in (local.date() - timedelta(days=1), local.date()):
            start = self._at(datetime.combine(day, self.start))
            last = day if self.end > self.start else day + timedelta(days=1)
            end = self._at(datetime.combine(last, self.end))
            if start <= now < end:
                return end
        return None

    def _at(self, local: datetime) -> int:
        return round(local.replace(tzinfo=self.zone).astimezone(UTC).timestamp() * 1000)


def wait(failures: int) -> int:
    """How long to wait after so many failures in a row, a little more or less."""
    step = WAITS[min(failures, len(WAITS)) - 1]
    return round(step * random.uniform(0.9, 1.1))  # noqa: S311 - spreads, hides nothing
