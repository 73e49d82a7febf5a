"""The table as CSV: written as in RFC 4180, read in the variants of many countries."""

import csv
import io
import re
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
    cells_for_keys,
    cells_of,
    columns_of,
)
from fancymonkey.spreadsheets.table.row_fingerprint import is_mark, mark_text
from fancymonkey.text import counted

BOM = "\ufeff"
"""Without it some spreadsheet programs misread UTF-8, and write the misread text."""

Row = tuple[int, list[str]]
"""A line of a file: its number, and its cells."""

MAY_CHANGE = (*PRODUCT_FIELDS, *ITEM_FIELDS, LOCATION, BUNDLE)

SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])?"?\s*', re.IGNORECASE)
"""The line with which Excel names the separator; the separator may be a tab that is cut off."""

HEADER_ROWS = 20
"""Rows in which the header is looked for, to name it if others are above it."""

FIRST_LINES = re.compile(
    rf"(?:[^\r\n]{{0,4000}}(?:\r\n|\r|\n)){{0,{HEADER_ROWS}}}[^\r\n]{{0,4000}}"
)
"""Lines end with CR in old versions of Excel for the Mac."""

SEPARATORS = ",;\t|"

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
    """The lines of a CSV, the header first. Separators are commas, semicolons, tabs or bars.

    Raises DataError, with the line if it knows.
    """
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise DataError(
            "The file is not text: it has NUL characters. Save the table as CSV in UTF-8."
        )
    first = 1
    lines = FIRST_LINES.match(text)
    assert lines is not None
    head, first = lines[0].splitlines(keepends=True), 1
    separator = _separator(head)
    if head and (match := SEPARATOR_LINE.fullmatch(head[0])):
        separator, text, first = match[1] or "\t", text[len(head[0]) :], 2
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(reader, first):
            if any(cell.strip() for cell in cells):
                rows.append((number, cells))
            if len(rows) > ROWS_MAX + 1:
                raise TooManyRows
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} is not valid CSV: {error}.") from error
    return _completed(rows, cut_off=not text.endswith(("\n", "\r")))


def _separator(lines: Sequence[str]) -> str:
    """The separator of the line with the names of the columns, or else of the first line."""
    for line in lines:
        for separator in SEPARATORS:
            cells = line.split(separator)
            if len(cells) > 1 and cells_for_keys(cells) <= len(cells):
                return separator
    first = next((line for line in lines if line.strip()), "")
    return max(SEPARATORS, key=first.count)


def _completed(rows: list[Row], *, cut_off: bool) -> list[Row]:
    """The same lines with the empty cells at their ends that Excel leaves out.

    Excel omits separators if the last columns are empty in many lines. A line that names no size, a
    line whose cells are shifted, and the last line of a file that was cut off stay short.
    """
    if not rows:
        return rows
    width, needed = len(trimmed(rows[0][1])), cells_for_keys(rows[0][1])
    last = rows[-1][0] if cut_off else None
    return [
        (number, [*cells, *[""] * (width - len(cells))])
        if needed <= len(cells) < width and number != last and not any(map(is_mark, cells))
        else (number, cells)
        for number, cells in rows
    ]


class TooManyRows(DataError):
    """A table has more rows than allowed."""

    def __init__(self) -> None:
        super().__init__(f"The file has more than {ROWS_MAX} rows. Split it.")


def records(rows: Sequence[Row]) -> list[Record]:
    """The lines by column; the first is the header. Raises DataError."""
    try:
        columns = columns_of(trimmed(rows[0][1])) if rows else columns_of([])
    except DataError:
        for number, cells in rows[1:HEADER_ROWS]:
            if cells_for_keys(cells) <= len(cells):
                raise DataError(
                    f"The names of the columns are in row {number}, and the table must begin with "
                    "them: delete the rows above."
                ) from None
        raise
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
    if len(cells) < len(columns) or any(cell.strip() for cell in cells[len(columns) :]):
        fault = f"it has {counted(len(cells), 'cell')}, the header has {len(columns)}"
    for place, (name, cell) in enumerate(zip(columns, cells, strict=False), 1):
        if not name and cell.strip():
            fault = f"cell {place} has {cell.strip()[:80]!r}, and the header names no column there"
    named = ((name, cell) for name, cell in zip(columns, cells, strict=False) if name)
    texts = {name: cell if name in NUMBERS else _text(name, cell) for name, cell in named}
    return Record(number, texts, fault)


def _text(column: str, cell: str) -> str:
    """A text of ours; a text that begins with = is a formula without a result."""
    if cell.startswith("=") and column in MAY_CHANGE:
        return UNRESOLVED + cell
    return unsafe(cell)
