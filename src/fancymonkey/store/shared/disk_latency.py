"""How long a disk takes, and so whether the event loop may wait for it itself.

The way to a thread and back costs more than a good disk takes for a sync, and while both run they
fight for Python's one lock.
"""

from collections import deque

QUICK_SECONDS = 0.001
"""A disk that has not taken longer lately may hold up the event loop."""

LOOKED_AT = 10
QUICKEST = 3


class DiskLatency:
    """What a disk has taken lately, in seconds."""

    def __init__(self) -> None:
        self._mean = 1.0
        self._afar: deque[float] = deque(maxlen=LOOKED_AT)

    @property
    def quick(self) -> bool:
        """Whether the disk may be waited for here. Nothing is known of it at first."""
        return self._mean < QUICK_SECONDS

    def took(self, seconds: float, *, here: bool) -> None:
        """Tells of one sync, waited for by the event loop (`here`) or by a thread."""
        if here:
            self._mean += (seconds - self._mean) / LOOKED_AT
            self._afar.clear()
            return
        # A thread may wait for Python's lock after the disk is done: the quicker ones count.
        self._afar.append(seconds)
        if len(self._afar) == LOOKED_AT:
            self._mean = sorted(self._afar)[QUICKEST - 1]
