"""When a job is due. Pure: a time in, the latest time at which it should have run out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

DAY = 86_400_000


class Schedule(Protocol):
    """Slots, one after the other, in ms; each is served once."""

    @property
    def first(self) -> bool:
        """Whether a job that never ran is due at once, and not only at its next slot."""
        ...

    def slot(self, now: int) -> int:
        """The latest slot that has come."""
        ...

    def strange(self, last: int, now: int) -> bool:
        """Whether a slot that was served lies so far ahead that a clock must have been wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many seconds."""

    seconds: int
    first: bool = True

    def slot(self, now: int) -> int:
        step = self.seconds * 1000
        return now // step * step

    def strange(self, last: int, now: int) -> bool:
        return last > now + self.seconds * 1000


@dataclass(frozen=True, slots=True)
class Daily:
    """Once on each day of a time zone.

    Where the clocks go forward over the hour, it is that much later; where they go back, the
    first of the two hours counts.
    """

    at: time
    zone: ZoneInfo
    first: bool = False

    def slot(self, now: int) -> int:
        today = datetime.fromtimestamp(now / 1000, self.zone).date()
        slot = self._on(today)
        return slot if slot <= now else self._on(today - timedelta(days=1))

    def next(self, now: int) -> int:
        """The first slot that is still to come."""
        today = datetime.fromtimestamp(now / 1000, self.zone).date()
        return next(
            slot for days in range(3) if (slot := self._on(today + timedelta(days=days))) > now
        )

    def strange(self, last: int, now: int) -> bool:
        return last > now + DAY

    def _on(self, day: date) -> int:
        local = datetime.combine(day, self.at, self.zone)
        return round(local.astimezone(UTC).timestamp() * 1000)


def due(timing: Schedule, last: int | None, now: int) -> bool:
    """Whether the latest slot is still to be served, `last` being the one that was."""
    if last is None:
        return timing.first
    return timing.slot(now) > last or timing.strange(last, now)
