"""The schedules of jobs. Pure: computes the latest slot at or before a time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from fancymonkey.core.dates import DAY_MS


class Schedule(Protocol):
    """A sequence of slots (ms); a job runs once for each."""

    @property
    def first(self) -> bool:
        """Whether a job that never ran is due at once, rather than at its next slot."""
        ...

    def slot(self, now: int) -> int:
        """The latest slot at or before a time."""
        ...

    def impossible(self, last: int, now: int) -> bool:
        """Whether the last slot lies so far ahead that a clock must have been wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """A slot every `seconds` seconds."""

    seconds: int
    first: bool = True

    def slot(self, now: int) -> int:
        step = self.seconds * 1000
        return now // step * step

    def impossible(self, last: int, now: int) -> bool:
        return last > now + self.seconds * 1000


@dataclass(frozen=True, slots=True)
class Daily:
    """A slot once on each day of a time zone.

    If the clocks skip the time of day, the slot is later by the same amount; if they repeat it, the
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
        """The first slot after a time."""
        today = datetime.fromtimestamp(now / 1000, self.zone).date()
        return next(
            slot for days in range(3) if (slot := self._on(today + timedelta(days=days))) > now
        )

    def impossible(self, last: int, now: int) -> bool:
        return last > now + DAY_MS

    def _on(self, day: date) -> int:
        local = datetime.combine(day, self.at, self.zone)
        return round(local.astimezone(UTC).timestamp() * 1000)


def due(timing: Schedule, last: int | None, now: int) -> bool:
    """Whether a job has not run for the latest slot; `last` is the slot of its last run."""
    if last is None:
        return timing.first
    return timing.slot(now) > last or timing.impossible(last, now)
