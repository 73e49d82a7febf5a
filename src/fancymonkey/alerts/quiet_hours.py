"""Quiet hours and retry backoff. Pure: times in and out, all in ms."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fancymonkey.core.dates import DAY_MS

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
WAITS = (10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
"""Backoff after each failure; the last value repeats."""
GIVE_UP = DAY_MS
"""How long a delivery is retried."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of each day in which only urgent alerts are sent."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, now: int) -> int | None:
        """When the current quiet hours end; None outside quiet hours."""
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
    """The backoff after this number of failures in a row, with jitter of 10 percent."""
    step = WAITS[min(failures, len(WAITS)) - 1]
    return round(step * random.uniform(0.9, 1.1))  # noqa: S311 - jitter, not a secret
