"""The filter and order of rows, from a query string or a bulk change."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from fancymonkey.core.changes.bulk import Filter
from fancymonkey.core.keys import normal_form
from fancymonkey.core.stock.status import STATUSES, StockRow, status_of
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.http.spelling import Spelling

FIELDS_MAX = 1000
TEXT_MAX = 500


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


class Query:
    """A query string. Each method raises Problem 422 for a value that is not valid."""

    def __init__(self, request: Request) -> None:
        try:
            self._fields = parse_qs(
                request.scope["query_string"].decode("ascii"),
                keep_blank_values=True,
                max_num_fields=FIELDS_MAX,
                errors="strict",
            )
        except ValueError:
            raise Problem(422, "invalid_request", "The query string is not valid.") from None
        for name, texts in self._fields.items():
            if any("\0" in text or len(text) > TEXT_MAX for text in texts):
                raise Problem(422, "invalid_request", f"{name[:80]} is too long.")

    def text(self, name: str) -> str | None:
        """A text that is not empty, or None."""
        return self._fields.get(name, [""])[-1] or None

    def texts(self, name: str) -> list[str]:
        """All texts of a name."""
        return [text for text in self._fields.get(name, ()) if text]

    def flag(self, name: str) -> bool:
        """A boolean."""
        text = (self.text(name) or "false").lower()
        if text not in ("true", "false", "1", "0"):
            raise Problem(422, "invalid_request", f"{name} must be true or false.")
        return text in ("true", "1")

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number."""
        text = self.text(name)
        if text is None:
            return default
        found = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
        if not lowest <= found <= highest:
            raise Problem(
                422, "invalid_request", f"{name} must be a number from {lowest} to {highest}."
            )
        return found

    def one_of(self, name: str, *allowed: str) -> str:
        """One of several values; the first one is the default."""
        text = self.text(name) or allowed[0]
        if text not in allowed:
            raise Problem(422, "invalid_request", f"{name} must be one of: {', '.join(allowed)}.")
        return text


def row_query_of(query: Query, spelling: Spelling) -> RowQuery:
    """Parses a query string. Raises Problem 422."""
    sort = query.text("sort") or ""
    column = sort.removeprefix("-")
    if column and column not in SORTS:
        raise Problem(422, "invalid_request", f"sort must be one of: {', '.join(SORTS)}.")
    statuses = query.texts("status")
    if not set(statuses) <= set(STATUSES):
        raise Problem(422, "invalid_request", f"status must be one of: {', '.join(STATUSES)}.")
    return RowQuery(
        Filter(
            categories=frozenset(map(normal_form, query.texts("category"))) or None,
            product_ids=frozenset(map(spelling.product, query.texts("productId"))) or None,
            reserved_only=query.flag("reserved"),
            statuses=frozenset(statuses) or None,
            words=tuple(normal_form(query.text("q") or "").lower().split()),
        ),
        column or None,
        sort.startswith("-"),
        query.flag("archived") or "archived" in statuses,
    )


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
