"""Measures whether this process is busy while the machine has idle processors."""

import os
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 1.0
"""The time over which the load is averaged."""
LEAST_SECONDS = 0.25
"""The time between two measurements: the system needs a while to count the idle time of many."""
BUSY = 0.75
"""A process is busy from this share of one processor on."""
IDLE = 0.75
"""Another process helps if this many processors are idle."""
FEW = 2
"""On a system that does not report idle time: more processors are taken for idle ones."""


class ProcessorLoad:
    """The load since the previous measurements. It belongs to the thread that measures."""

    def __init__(
        self,
        statistics: Path = Path("/proc/stat"),
        clock: Callable[[], float] = time.perf_counter,
        used: Callable[[], float] = time.thread_time,
    ) -> None:
        """`statistics` is the file of the system with the time of all processors.

        `clock` returns the time, and `used` the time that this thread has used (s).
        """
        self._statistics = statistics
        self._clock, self._used = clock, used
        self._ticks = _ticks_a_second()
        self._last = self._now()
        self.busy = 0.0
        """The share of one processor that the thread uses."""
        self.idle = 0.0
        """The number of idle processors."""

    @property
    def can_be_shared(self) -> bool:
        """Whether this thread is busy, and other processes could do a part of its work."""
        return self.busy >= BUSY and self.idle >= IDLE

    def measure(self) -> None:
        """Measures, if the previous measurement is not recent."""
        before = self._last
        if self._clock() - before[0] < LEAST_SECONDS:
            return
        now = self._now()
        seconds = now[0] - before[0]
        self._last = now
        share = min(1.0, seconds / SECONDS)
        self.busy += share * ((now[1] - before[1]) / seconds - self.busy)
        self.idle += share * (self._idle_between(before, now) - self.idle)

    def _idle_between(
        self, before: tuple[float, float, float | None], now: tuple[float, float, float | None]
    ) -> float:
        if before[2] is None or now[2] is None:
            count = os.cpu_count() or 1
            return float(count - 1 if count > FEW else 0)
        return (now[2] - before[2]) / (now[0] - before[0])

    def _now(self) -> tuple[float, float, float | None]:
        """The time, the time that this thread has used, and the idle time of all processors (s)."""
        return self._clock(), self._used(), self._idle_seconds()

    def _idle_seconds(self) -> float | None:
        try:
            with self._statistics.open(encoding="ascii") as text:
                fields = text.readline().split()
            return (int(fields[4]) + int(fields[5])) / self._ticks
        except (OSError, ValueError, IndexError):
            return None


def _ticks_a_second() -> int:
    try:
        return os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError, ValueError):
        return 100
