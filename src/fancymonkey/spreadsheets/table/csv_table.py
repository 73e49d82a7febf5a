"""The table as CSV: written as in RFC 4180, read in the variants of many countries."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from fancymonkey.core.stock.status import StockRow
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.cells.formula_escape import safe, unsafe
from fancymonkey.spreadsheets.cells.spreadsheet_changes import UNRESOLVED
from fancymonkey.spreadsheets.table.columns import (
    BUNDLE,
    COLUMNS,
    ITEM_FIELDS,
    LOCATION,
    NUMBERS,
    PRODUCT_FIELDS,
    Record,
    cells_of,
    columns_of,
)
from fancymonkey.spreadsheets.table.row_fingerprint import mark_text
from fancymonkey.text import counted

BOM = "\ufeff"
"""Without it some spreadsheet programs misread UTF-8, and write the misread text."""

Row = tuple[int, list[str]]
"""A line of a file: its number, and its cells."""

MAY_CHANGE = (*PRODUCT_FIELDS, *ITEM_FIELDS, LOCATION, BUNDLE)

ROWS_MAX = 50_000
"""The most rows of a table, without its header."""


def texts_of(row: StockRow, columns: Sequence[str], revision: int) -> list[str]:
    """A size as the cells of a file."""
    cells = cells_of(row)
    if "exported" in columns:
        cells["exported"] = mark_text(row.item.sku, cells, revision)
    texts = (cells.get(name, "") for name in columns)
    return [
        text if name in NUMBERS else safe(text) for name, text in zip(columns, texts, strict=True)
    ]


def write(
    rows: Iterable[StockRow], columns: Sequence[str] = COLUMNS, revision: int = 0
) -> Iterator[str]:
    """The table as CSV, line by line, with a header."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(texts_of(row, columns, revision))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16. Raises DataError."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        if wide:
            return data.decode("utf-16")
        if len(data) > 1 and 0 in data[:2] and data[:2] != b"\0\0":  # UTF-16 without a BOM
            return data.decode("utf-16-le" if data[1] == 0 else "utf-16-be")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            "The file is not UTF-8. Save it as CSV in UTF-8, or as a spreadsheet (XLSX)."
        ) from None


def read(text: str) -> list[Row]:
    """The lines of a CSV, the header first. Separators are commas, semicolons or tabs.

    Raises DataError, with the line if it knows.
    """
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise DataError(
            "The file is not text: it has NUL characters. Save the table as CSV in UTF-8."
        )
    first = 1
    head, _, lines = text.partition("\n")
    separator = max(",;\t", key=head.count)
    if head.strip().lower() in ("sep=,", "sep=;", "sep=\t", "sep="):  # the separator line of Excel
        separator, text, first = head.rstrip("\r")[4:] or "\t", lines, 2
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(reader, first):
            if any(cell.strip() for cell in cells) or not rows:
                rows.append((number, cells))
            if len(rows) > ROWS_MAX + 1:
                raise TooManyRows
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} is not valid CSV: {error}.") from error
    return rows


class TooManyRows(DataError):
    """A table has more rows than allowed."""

    def __init__(self) -> None:
        super().__init__(f"The file has more than {ROWS_MAX} rows. Split it.")


def records(rows: Sequence[Row]) -> list[Record]:
    """The lines by column; the first is the header. Raises DataError."""
    columns = columns_of(trimmed(rows[0][1])) if rows else columns_of([])
    return [record(columns, *row) for row in rows[1:]]


def trimmed(header: Sequence[str]) -> list[str]:
    """The cells of a header without empty ones at its end."""
    cells = [cell.strip() for cell in header]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def record(columns: Sequence[str], number: int, cells: list[str]) -> Record:
    """A line by column."""
    fault = ""
    if len(cells) < len(columns) or any(cells[len(columns) :]):
        fault = f"it has {counted(len(cells), 'cell')}, the header has {len(columns)}"
    named = zip(columns, cells, strict=False)
    texts = {name: cell if name in NUMBERS else _text(name, cell) for name, cell in named}
    return Record(number, texts, fault)


def _text(column: str, cell: str) -> str:
    """A text of ours; a text that begins with = is a formula without a result."""
    if cell.startswith("=") and column in MAY_CHANGE:
        return UNRESOLVED + cell
    return unsafe(cell)
