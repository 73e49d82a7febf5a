"""Points in time as people and machines write them."""

from datetime import UTC, datetime

from fancymonkey.web.http import Problem


def instant(name: str, text: str | None) -> int | None:
    """ISO 8601, or a date alone, in UTC where it names no zone: in ms since 1970.

    Raises Problem 422.
    """
    if text is None:
        return None
    try:
        found = in_ms(text)
    except (ValueError, OverflowError):
        found = -1
    if found < 0:
        raise Problem(
            422, "invalid_request", f"{name} is a time: write 2026-01-31 or 2026-01-31T12:00:00Z."
        )
    return found


def in_ms(text: str) -> int:
    """The same. Raises ValueError, OverflowError."""
    # A plus that was not escaped in a query string has become a space.
    at = datetime.fromisoformat(text.replace(" ", "+") if text.count(":") == 3 else text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = at - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
