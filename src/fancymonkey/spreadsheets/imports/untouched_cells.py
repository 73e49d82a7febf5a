"""Detects cells that were not edited, but changed by a spreadsheet program."""

from decimal import Decimal

from fancymonkey.spreadsheets.cells.dates import days_of, serials_of, shows_date, time_of
from fancymonkey.spreadsheets.cells.numbers import meanings
from fancymonkey.spreadsheets.cells.spreadsheet_changes import shows
from fancymonkey.spreadsheets.imports.import_plan import Base, ImportRow
from fancymonkey.spreadsheets.table.columns import NUMBERS
from fancymonkey.spreadsheets.table.row_fingerprint import RowFingerprint


def is_untouched(row: ImportRow, column: str, text: str, now: str) -> bool:
    """Whether a spreadsheet may have made the cell from the exported value."""
    number = column in NUMBERS
    match row.snapshot:
        case Base() as base:
            return shows(text, base.cells.get(column, ""), number=number)
        case RowFingerprint() as mark:
            if mark.same(column, now) and _shows(column, text, now):
                return True
            return any(mark.same(column, reading) for reading in _readings(column, text))
    return False


def is_untouched_stock(row: ImportRow, text: str) -> bool:
    """The same for the stock, which a fingerprint has as a number."""
    snapshot = row.snapshot
    if snapshot is None or snapshot.stock is None:
        return False
    return shows(text, str(snapshot.stock), number=True) or snapshot.stock in serials_of(text)


def _shows(column: str, text: str, value: str) -> bool:
    if column == "restockDate":
        return shows_date(text, value)
    return shows(text, value, number=column in NUMBERS)


def _readings(column: str, text: str) -> list[str]:
    """The possible original values of a text."""
    if column in NUMBERS:
        serials = [str(serial) for serial in serials_of(text)]
        return serials + [format(value, "f") for value in meanings(text) if value.adjusted() < 20]
    if column == "restockDate" and time_of(text) is None:
        return [f"{year:04}-{month:02}-{day:02}" for year, month, day in days_of(text) if year]
    whole = [value for value in meanings(text) if value == value.to_integral_value()]
    return [
        f"{int(number):0{width}}"
        for number in whole
        if 0 <= number < Decimal(10) ** 20
        for width in WIDTHS
    ]


WIDTHS = range(1, 21)
"""The digits of a code whose leading zeros a spreadsheet has removed."""
