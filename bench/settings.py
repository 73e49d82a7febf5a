"""The duration and the number of measurements."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds, seconds for each measurement, and the measured sizes."""

    rounds: int = 3
    seconds: float = 3.0
    large: int = 100_000
    entries: int = 1_000_000
    changes: int = 100
    starts: int = 3
    ended: int = 1_000_000


FULL = Effort()
QUICK = Effort(
    rounds=3, seconds=1.0, large=10_000, entries=100_000, changes=40, starts=1, ended=20_000
)
"""A short form: shows whether everything works and nothing is much slower."""
