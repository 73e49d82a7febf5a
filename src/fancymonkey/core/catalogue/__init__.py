"""Products and their sizes."""

from fancymonkey.core.model import Item, Product, Row

ROWS: tuple[type[Row], ...] = (Product, Item)
"""The kinds of row that this feature adds."""
