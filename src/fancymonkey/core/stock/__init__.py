"""Stock levels: changes, backorders, status."""

from fancymonkey.core.model import Level, Row

ROWS: tuple[type[Row], ...] = (Level,)
"""The kinds of row that this feature adds."""
