"""Bundles: sold as one, held as their parts."""

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.model import Row

ROWS: tuple[type[Row], ...] = (BundleSales,)
"""The kinds of row that this feature adds."""
