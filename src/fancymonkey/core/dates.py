"""Dates as people write them: ISO 8601, or day.month.year; and the length of a day."""

import re
from datetime import datetime
from functools import lru_cache

DAY_MS = 86_400_000
"""A day in milliseconds."""

LONGEST = 64
DATE_FORMAT = "a date: write 2026-01-31 or 2026-01-31T12:00:00Z"


def iso_date(text: str) -> str:
    """The date as ISO 8601 text. `31.01.2026` is 2026-01-31. Raises ValueError."""
    text = text.strip()
    dotted = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", text)
    if dotted:
        text = f"{dotted[3]}-{dotted[2]:0>2}-{dotted[1]:0>2}"
    if not is_date(text):
        raise ValueError(DATE_FORMAT)
    return text


@lru_cache(maxsize=1024)
def is_date(text: str) -> bool:
    """Whether a text is a date in ISO 8601."""
    if len(text) > LONGEST:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def shown_date(text: str | None) -> str | None:
    """A stored date as buyers see it: older versions stored any text."""
    return text if text is not None and is_date(text) else None
