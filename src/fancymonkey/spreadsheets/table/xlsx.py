"""The table as XLSX: numbers as numbers, texts as texts, dates as dates.

An uploaded file is not trusted, so `xlsx_process.py` reads it.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.cells.numbers import without_noise
from fancymonkey.spreadsheets.cells.spreadsheet_changes import tidy
from fancymonkey.spreadsheets.table.columns import columns_of
from fancymonkey.spreadsheets.table.csv_table import ROWS_MAX, TooManyRows, trimmed
from fancymonkey.spreadsheets.table.unresolved_cells import unread_cells

UNPACKED_MAX = 128 * 1024 * 1024
"""The most bytes of the unpacked file."""

PARTS_MAX = 2000
CELLS_MAX = 4_000_000
CELL_MAX = 32_767
"""The most characters of a cell in spreadsheets."""

SHEETS_SHOWN = 50
"""The most names of sheets in an error."""

NO_TABLE = "The file is not a readable spreadsheet. Save it as XLSX, or as CSV in UTF-8."


class SheetAmbiguous(DataError):
    """The sheet is ambiguous. `sheets` are the candidates."""

    def __init__(self, text: str, sheets: Sequence[str]) -> None:
        named = ", ".join(repr(sheet) for sheet in sheets[:SHEETS_SHOWN])
        super().__init__(f"{text} Choose one of them (`sheet`, or --sheet): {named}.")
        self.reason = text
        self.sheets = list(sheets[:SHEETS_SHOWN])


def is_spreadsheet(data: bytes) -> bool:
    """Whether it is a zip file, as every XLSX is."""
    return data[:4] == b"PK\x03\x04"


def repacked(data: bytes) -> bytes:
    """The same parts, not compressed, and no more than `UNPACKED_MAX` of them. Raises DataError.

    So the parts that are read later are the parts measured here, regardless of the sizes that the
    file claims.
    """
    made = io.BytesIO()
    left = UNPACKED_MAX
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(made, "w") as plain:
            parts = packed.infolist()
            if len(parts) > PARTS_MAX or len({part.filename for part in parts}) < len(parts):
                raise DataError(NO_TABLE)
            for part in parts:
                if not part.filename.endswith((".xml", ".rels")):
                    continue
                if part.file_size > left:
                    raise DataError("The unpacked file is larger than 128 MiB. Split it.")
                with packed.open(part) as source:
                    content = source.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise DataError("The unpacked file is larger than 128 MiB. Split it.")
                plain.writestr(part.filename, content)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise DataError(NO_TABLE) from error
    return made.getvalue()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, its lines (the header first), and the names of all sheets."""

    name: str
    rows: list[tuple[int, list[str]]]
    names: list[str]


def read(data: bytes, wanted: str | None = None) -> Sheet:
    """The named sheet, or the only one with a table. Raises DataError, WhichSheet."""
    from python_calamine import CalamineError, SheetTypeEnum, SheetVisibleEnum, load_workbook

    plain = repacked(data)
    try:
        book = load_workbook(io.BytesIO(plain))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        left = [CELLS_MAX]
        if wanted is not None:
            sheet_name = sheet_called(wanted, book.sheet_names, shown)
            return Sheet(sheet_name, _lines(book, plain, sheet_name, left), shown)
        if not shown:
            raise DataError("The spreadsheet has no sheets.")
        sheets = [Sheet(sheet, _lines(book, plain, sheet, left), shown) for sheet in shown]
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise DataError(NO_TABLE) from error
    return the_table(sheets)


def sheet_called(wanted: str, every: Sequence[str], shown: Sequence[str]) -> str:
    """The sheet with this name, ignoring case and outer spaces. Raises WhichSheet."""
    if wanted in every:
        return wanted
    names = [name for name in every if tidy(name).casefold() == tidy(wanted).casefold()]
    if len(names) != 1:
        raise SheetAmbiguous(f"No sheet is called {wanted[:80]!r}.", shown)
    return names[0]


def the_table(sheets: Sequence[Sheet]) -> Sheet:
    """The one sheet with a table. Raises WhichSheet if several have one."""
    filled = [sheet for sheet in sheets if sheet.rows]
    tables = [sheet for sheet in filled if _is_table(sheet)]
    if len(tables) > 1:
        raise SheetAmbiguous(
            "Several sheets have a table, but only one can be imported.", [x.name for x in tables]
        )
    return (tables or filled or sheets)[0]


def _is_table(sheet: Sheet) -> bool:
    try:
        columns_of(trimmed(sheet.rows[0][1]))
    except DataError as error:
        return "is repeated" in str(error)  # a table, with an error that must be reported
    return True


def _lines(book: Any, data: bytes, name: str, left: list[int]) -> list[tuple[int, list[str]]]:
    """The non-empty lines of a sheet. `left` is the number of cells that may still be read."""
    sheet = book.get_sheet_by_name(name)
    left[0] -= sheet.total_height * sheet.total_width
    if left[0] < 0:
        raise DataError("The sheets are too large: remove cells far from the table.")
    lines = sheet.to_python(skip_empty_area=False)
    unread = unread_cells(data, name)
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        cells = [as_text(value) for value in line]
        for place, text in unread.pop(number, ()):
            cells += [""] * (place - len(cells) + 1)
            cells[place] = text
        if any(cell.strip() for cell in cells):
            rows.append((number, cells))
        if len(rows) > ROWS_MAX + 1:
            raise TooManyRows
    if unread:  # below everything else
        raise DataError(NO_TABLE)
    return rows


def as_text(value: Any) -> str:
    """A cell as a person would write it; a spreadsheet has whole numbers as 20.0."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            if not abs(value) < 1e300:
                return "?"
            return without_noise(format(Decimal(f"{value:.15g}").normalize(), "f"))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def write(columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A spreadsheet with typed columns. Raises DataError."""
    import xlsxwriter

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Stock")
        formats = {
            "head": book.add_format({"bold": True}),
            "text": book.add_format({"num_format": "@"}),
            "number": book.add_format(),
            "switch": book.add_format(),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for place, (name, kind) in enumerate(zip(columns, kinds, strict=True)):
            hidden = {"hidden": name == "exported"}
            sheet.set_column(place, place, 30 if name == "name" else 16, formats[kind], hidden)
            sheet.write_string(0, place, name, formats["head"])
        sheet.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate(rows, 1):
            for place, (text, kind) in enumerate(zip(row, kinds, strict=True)):
                _write_cell(sheet, last, place, text, kind, formats)
        sheet.autofilter(0, 0, last, len(columns) - 1)
    return made.getvalue()


def _write_cell(sheet: Any, row: int, place: int, text: str, kind: str, formats: Any) -> None:
    if not text:
        return
    if len(text) > CELL_MAX:
        raise DataError("A text is too long for a spreadsheet. Use CSV instead.")
    if kind == "number" and Decimal(f"{float(text):.15g}") == Decimal(text):
        sheet.write_number(row, place, float(text))  # every digit is exact, or it is text
    elif kind == "switch":
        sheet.write_boolean(row, place, text == "true")
    elif kind == "date" and _is_day(text):
        sheet.write_datetime(row, place, datetime.fromisoformat(text), formats["date"])
    else:
        sheet.write_string(row, place, text, formats["text"])


def _is_day(text: str) -> bool:
    """Whether it is a date that spreadsheets can represent."""
    if not re.fullmatch(r"(19[1-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
