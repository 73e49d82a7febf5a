"""The system clock. Tests and simulations pass a clock of their own."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the time in whole milliseconds since 1970, UTC."""


def system_clock() -> int:
    """The machine's time in milliseconds."""
    return time.time_ns() // 1_000_000
