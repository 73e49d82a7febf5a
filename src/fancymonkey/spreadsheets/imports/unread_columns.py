"""Reports edited cells of columns that an import ignores."""

from collections.abc import Mapping

from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow
from fancymonkey.spreadsheets.cells.dates import is_shown_date, serials_of
from fancymonkey.spreadsheets.cells.numbers import meanings
from fancymonkey.spreadsheets.cells.spreadsheet_changes import shows
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import ImportRow
from fancymonkey.spreadsheets.imports.notices import Notices
from fancymonkey.spreadsheets.table.columns import NUMBERS, UNREAD, cells_of

IDLE = {"", "0", "in_stock", "low", "out", "archived"}
"""Values without a meaning in a new row, also copied from another row."""


def note_unread(row: ImportRow, current: CurrentStock, notices: Notices) -> None:
    """Records ignored edits of a row."""
    record = row.record
    for column, instead in UNREAD.items():
        if column not in record.cells:
            continue
        text = record.cells[column].strip()
        if row.mark is not None and row.mark.same_unread(column, text):
            continue  # true for almost all cells, so the current text is not computed
        now = _now(row, current)
        if text == now.get(column):
            continue
        if row.item is None:
            if text in IDLE or column == "lastChanged" or text == record.cells.get("stock"):
                continue
            words = f"`{column}` of a new row is not imported ({{rows}}): {instead}"
            notices.add(record.number, column, "new", words)
        elif _edited(row, column, text, now):
            words = f"`{column}` was changed in {{rows}} and is not imported: {instead}"
            if row.snapshot is None:
                words = (
                    f"`{column}` differs from the current value in "
                    f"{{rows}} and is not imported: {instead}"
                )
            notices.add(record.number, column, words[:20], words)


def _now(row: ImportRow, current: CurrentStock) -> Mapping[str, str]:
    item = row.item
    if item is None:
        return {}
    stock = None if row.location else current.bundles.get(item.sku)
    if stock is None:
        stock = SkuStock.of(item.sku, current.levels_of(item.sku, row.location), item.safety_stock)
    return cells_of(StockRow(current.products[item.product_id], item, stock))


def _edited(row: ImportRow, column: str, text: str, now: Mapping[str, str]) -> bool:
    number = column in NUMBERS
    if row.mark is not None:
        same = row.mark.same_unread(column, text)
        if same is None:  # a file of an older version, without hashes
            return False
        if same or (column == "lastChanged" and is_shown_date(text)):
            return False
        texts = [format(value.normalize(), "f") for value in meanings(text)] if number else []
        texts += [str(serial) for serial in serials_of(text)] if number else []
        return not any(row.mark.same_unread(column, text) for text in texts)
    if row.base is not None:
        was = row.base.cells.get(column, "").strip()
        return text != was and not shows(text, was, number=number)
    return column != "lastChanged" and not shows(text, now.get(column, ""), number=number)
