"""Holds: reserve, capture, release, expire, and their limits."""

from fancymonkey.core.model import Reservation, Row, SessionLink

ROWS: tuple[type[Row], ...] = (Reservation, SessionLink)
"""The kinds of row that this feature adds."""
