"""Every kind of row: the shared ones and those that the feature folders export.

A store knows no other kinds, and each of these by table and key alone.
"""

from fancymonkey.core import (
    bundles,
    catalogue,
    changes,
    documents,
    holds,
    locations,
    orders,
    payments,
    planning,
    stock,
    transfers,
)
from fancymonkey.core.model import SHARED_ROWS, Row

ROWS: tuple[type[Row], ...] = (
    *catalogue.ROWS,
    *stock.ROWS,
    *holds.ROWS,
    *SHARED_ROWS,
    *payments.ROWS,
    *documents.ROWS,
    *changes.ROWS,
    *planning.ROWS,
    *locations.ROWS,
    *transfers.ROWS,
    *bundles.ROWS,
    *orders.ROWS,
)
"""Every kind of row. A store may write the tables in this order."""
