"""Measures how long a disk takes to sync, and so whether the event loop may wait for it itself.

A switch to a thread and back costs more than a sync of a fast disk, and while both threads run they
compete for Python's global lock.
"""

from collections import deque

QUICK_SECONDS = 0.001
"""The longest recent sync time for which the event loop may wait itself."""

LOOKED_AT = 10
QUICKEST = 3


class DiskLatency:
    """The recent sync times of a disk, in seconds."""

    def __init__(self) -> None:
        self._mean = 1.0
        self._in_threads: deque[float] = deque(maxlen=LOOKED_AT)

    @property
    def quick(self) -> bool:
        """Whether the event loop may wait for the disk. False until it was measured."""
        return self._mean < QUICK_SECONDS

    def took(self, seconds: float, *, here: bool) -> None:
        """Records one sync, awaited by the event loop (`here`) or by a thread."""
        if here:
            self._mean += (seconds - self._mean) / LOOKED_AT
            self._in_threads.clear()
            return
        # A thread may wait for Python's lock after the disk is done, so the fastest times count.
        self._in_threads.append(seconds)
        if len(self._in_threads) == LOOKED_AT:
            self._mean = sorted(self._in_threads)[QUICKEST - 1]
