"""The rows of an export: totals, or one row for each size and location."""

from collections.abc import Iterable, Iterator

from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.view.view import View
from fancymonkey.spreadsheets.table.columns import LocationRow


def location_rows(
    view: View, rows: Iterable[StockRow], location: str | None = None
) -> Iterator[LocationRow]:
    """Each size at each active location, or at one location, with the stock there."""
    ids = [id_ for id_, known in view.locations.items() if known.active]
    for row in rows:
        for id_ in ids if location is None else (location,):
            stock = view.stock_at(row.item.sku, id_)
            yield LocationRow(row.product, row.item, stock, id_)
