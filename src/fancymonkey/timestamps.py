"""Timestamps as text: ISO 8601, to and from milliseconds since 1970."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(ms: int) -> str:
    """A time in milliseconds as ISO 8601, UTC, with milliseconds and `Z`."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


def local_day(ms: int, zone: ZoneInfo) -> date:
    """The day of a time in milliseconds, in a time zone."""
    return datetime.fromtimestamp(ms / 1000, zone).date()


def in_ms(text: str) -> int:
    """A text in ISO 8601 (UTC unless it names a zone) as milliseconds since 1970.

    Raises ValueError, OverflowError.
    """
    # A plus sign that was not escaped in a query string arrives as a space.
    at = datetime.fromisoformat(text.replace(" ", "+") if text.count(":") == 3 else text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = at - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
