"""Dates as people write them: ISO 8601, or day.month.year; and the length of a day."""

import re
from datetime import datetime
from functools import lru_cache

DAY_MS = 86_400_000
"""A day in milliseconds."""

LONGEST = 64
_COMMON = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
"""The form of ISO 8601 that browsers and other programs read."""
DATE_FORMAT = "a date: write 2026-01-31 or 2026-01-31T12:00:00Z"


def iso_date(text: str) -> str:
    """The date as ISO 8601 text that every program reads. Raises ValueError.

    `31.01.2026` is 2026-01-31, and so are `20260131` and `2026-W05-6`.
    """
    text = text.strip()
    dotted = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", text)
    if dotted:
        text = f"{dotted[3]}-{dotted[2]:0>2}-{dotted[1]:0>2}"
    if not is_date(text):
        raise ValueError(DATE_FORMAT)
    return text if _COMMON.fullmatch(text) else _common(text)


def _common(text: str) -> str:
    """The same date in the common form of ISO 8601."""
    time = datetime.fromisoformat(text)
    if "T" in text.upper() or " " in text or ":" in text:
        return time.isoformat().replace("+00:00", "Z")
    return time.date().isoformat()


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
    return iso_date(text) if text is not None and is_date(text) else None
