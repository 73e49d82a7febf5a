"""The one place that knows what time it is. Tests and simulations bring their own."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Says the time in whole milliseconds since 1970, UTC."""


def system_clock() -> int:
    """The machine's time in milliseconds."""
    return time.time_ns() // 1_000_000
