"""The value of a cell that differs from the current one, if it is clear."""

import re
from collections.abc import Iterator
from typing import Any

from fancymonkey.spreadsheets.cells.cells import PARSERS, alike, exact_price
from fancymonkey.spreadsheets.cells.spreadsheet_changes import UNRESOLVED, broken, shows
from fancymonkey.spreadsheets.imports.import_plan import UNEDITED, ImportRow, rows_by_sku
from fancymonkey.spreadsheets.imports.notices import Notices
from fancymonkey.spreadsheets.imports.untouched_cells import is_untouched, is_untouched_stock
from fancymonkey.spreadsheets.table.columns import BUNDLE, ITEM_FIELDS, PRODUCT_FIELDS

TEXTS = frozenset({"name", "category", "skuId", "priceId"})


class AmbiguousCell:
    """An ambiguous cell: it stays unchanged, and a notice reports it."""


def value_of(row: ImportRow, column: str, text: str, now: str, notices: Notices) -> Any:
    """The value of a changed cell. Raises ValueError with the reason."""
    if text == UNRESOLVED + now:
        return AmbiguousCell()
    if reason := broken(text):
        raise ValueError(reason)
    try:
        value = _parser(column, text, now)(text)
    except ValueError as error:
        if not _untouched(row, column, text, now):
            raise ValueError(f"{text[:80]!r} is not {error}") from None
    else:
        if column in ("stock", "lowStockThreshold", "soldOut", BUNDLE):
            return value
        if not _untouched(row, column, text, now):
            _refuse_lookalike(row, column, text, now)
            return value
    where = "as it is now" if row.item is None else "as it was exported"
    words = f"`{column}` stays {where} in {{rows}}: {text[:80]!r} is the spreadsheet format of it"
    notices.add(row.record.number, column, "shown", words)
    row.shown.add(column)
    return AmbiguousCell()


def _untouched(row: ImportRow, column: str, text: str, now: str) -> bool:
    if column == "stock":
        return is_untouched_stock(row, text)
    if row.item is None:  # copied from another row of the product, which has this value
        return column in PRODUCT_FIELDS and shows(text, now, number=column == "price")
    return is_untouched(row, column, text, now)


def _refuse_lookalike(row: ImportRow, column: str, text: str, now: str) -> None:
    """Without the exported value, a text that a spreadsheet may have made is ambiguous."""
    if column in TEXTS and row.snapshot is None and row.item is not None and shows(text, now):
        raise ValueError(
            f"{text[:80]!r} may be the spreadsheet format of the current {now[:80]!r}: write that"
        )


def _parser(column: str, text: str, now: str) -> Any:
    """In a shop whose prices have thousandths, a point separates these."""
    if column == "price" and re.search(r"\.[0-9]{3,}$", now.rstrip("0")) and "." in text:
        return lambda cell: exact_price(cell.strip())
    return PARSERS[column]


Disagreement = tuple[ImportRow, str, str]
"""A row, a column, and the reason."""


def disagreements(group: list[ImportRow]) -> Iterator[Disagreement]:
    """Rows with another value of a product, or of a size, than an earlier row, with the reason.

    Empty values, and values that are unchanged since the export, do not count.
    """
    for column in PRODUCT_FIELDS:
        yield from _disagreements(group, column, "product")
    for rows in rows_by_sku(group).values():
        for column in (*ITEM_FIELDS, BUNDLE) if len(rows) > 1 else ():
            yield from _disagreements(rows, column, "size")


def _disagreements(
    rows: list[ImportRow], column: str, what: str
) -> Iterator[tuple[ImportRow, str, str]]:
    first: ImportRow | None = None
    for row in rows:
        text = row.record.cells.get(column)
        if row.faulty or text is None or (row.snapshot and not _is_edited(row, column)):
            continue
        if row.silent(column) or column in row.shown:
            continue
        if first is None:
            first = row
        elif not alike(column, text, first.record.cells[column]):
            other = f"row {first.record.number} has {first.record.cells[column]!r}"
            yield row, column, f"a {what} has only one {column}, and {other}"


def _is_edited(row: ImportRow, column: str) -> bool:
    if column == BUNDLE:
        return row.bundle is not UNEDITED
    return column in row.shared or ITEM_FIELDS.get(column) in row.fields
