"""The filter and order of rows, from a query string or a bulk change."""

from dataclasses import dataclass, field
from typing import Any

from fancymonkey.core.changes.bulk import Filter
from fancymonkey.core.stock.status import StockRow, status_of


@dataclass(frozen=True, slots=True)
class RowQuery:
    """The rows that match a filter, sorted by a column, or in the owner's order."""

    filter: Filter = field(default_factory=Filter)
    sort: str | None = None
    descending: bool = False
    archived: bool = False

    @property
    def everything(self) -> bool:
        """Whether it has no filter and no sort column."""
        return self == RowQuery()


def _text(value: str | None) -> tuple[bool, str]:
    """Sorts empty values first."""
    return (bool(value), (value or "").lower())


def _number(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)


SORTS: dict[str, Any] = {
    "productId": lambda row: _text(row.product.product_id),
    "name": lambda row: _text(row.product.name),
    "category": lambda row: _text(row.product.category),
    "price": lambda row: _number(row.product.price),
    "size": lambda row: _text(row.item.size),
    "skuId": lambda row: _text(row.item.sku_id),
    "priceId": lambda row: _text(row.item.price_id),
    "stock": lambda row: row.stock.on_hand,
    "reserved": lambda row: row.stock.reserved,
    "available": lambda row: row.stock.available,
    "backordered": lambda row: row.stock.backordered,
    "short": lambda row: row.stock.short,
    "lowStockThreshold": lambda row: row.item.low_stock_threshold,
    "soldOut": lambda row: row.item.sold_out,
    "status": status_of,
    "restockDate": lambda row: _text(row.product.restock_date),
    "lastChanged": lambda row: row.stock.updated_at,
    "position": lambda row: (row.product.position, row.item.position),
}
"""The sort key of each column."""


def ordered(rows: list[StockRow], choice: RowQuery) -> list[StockRow]:
    """The sorted rows; equal rows stay in the owner's order."""
    if choice.sort is None:
        return rows
    return sorted(rows, key=SORTS[choice.sort], reverse=choice.descending)
