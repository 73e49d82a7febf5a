"""Orders: paid holds on their way to the buyer, their shipments, returns and buyers."""

from fancymonkey.core.model import Row
from fancymonkey.core.orders.rows import Order, OrderBuyer

ROWS: tuple[type[Row], ...] = (Order, OrderBuyer)
"""The kinds of row that this feature adds."""
