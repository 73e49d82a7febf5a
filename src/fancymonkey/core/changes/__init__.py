"""Changes of many rows at once, and their undo."""

from fancymonkey.core.model import Row

ROWS: tuple[type[Row], ...] = ()
"""The feature keeps its change sets as documents and has no row of its own."""
