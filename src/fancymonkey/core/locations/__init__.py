"""Locations: where stock is kept, and which location serves a line."""

from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Row

ROWS: tuple[type[Row], ...] = (Location,)
"""The kinds of row that this feature adds."""
