"""The backoff of failed deliveries. Pure: numbers of failures in, ms out."""

import random

from fancymonkey.core.dates import DAY_MS

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
DELAYS = (10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
"""Backoff after each failure; the last value repeats."""
GIVE_UP = DAY_MS
"""The time for which a delivery is retried."""


def delay(failures: int) -> int:
    """The backoff after this number of failures in a row, with jitter of 10 percent."""
    step = DELAYS[min(failures, len(DELAYS)) - 1]
    return round(step * random.uniform(0.9, 1.1))  # noqa: S311 - jitter, not a secret
