"""Points in time in query strings."""

from fancymonkey.timestamps import in_ms
from fancymonkey.web.http.messages import Problem


def instant(name: str, text: str | None) -> int | None:
    """ISO 8601, or a date alone, in UTC without a zone: in ms since 1970.

    Raises Problem 422.
    """
    if text is None:
        return None
    try:
        instant_ms = in_ms(text)
    except (ValueError, OverflowError):
        instant_ms = -1
    if instant_ms < 0:
        raise Problem(
            422,
            "invalid_request",
            f"{name} must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z.",
        )
    return instant_ms
