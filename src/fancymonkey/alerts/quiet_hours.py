"""Quiet hours. Pure: times in and out, all in ms."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of each day in which only urgent alerts are sent."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, now: int) -> int | None:
        """The end of the current quiet hours; None outside quiet hours."""
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
