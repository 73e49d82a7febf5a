"""The table as a spreadsheet (XLSX): numbers as numbers, texts as texts, dates as dates.

Reading one means unpacking what a stranger may have packed: see `child.py` for where that is done.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from fancymonkey.errors import DataError
from fancymonkey.tables.text import ROWS_MAX, TooManyRows

UNPACKED_MAX = 128 * 1024 * 1024
"""Bytes of everything in the file."""

PARTS_MAX = 2000
CELLS_MAX = 4_000_000
CELL_MAX = 32_767
"""Characters of a cell, as spreadsheets have it."""

NO_TABLE = "It is no spreadsheet that can be read. Save it as XLSX, or as CSV in UTF-8."


def is_spreadsheet(data: bytes) -> bool:
    """Whether it is a zip file, as every XLSX is."""
    return data[:4] == b"PK\x03\x04"


def repacked(data: bytes) -> bytes:
    """The same parts, not compressed, and no more than `UNPACKED_MAX` of them. Raises DataError.

    What is read afterwards is what was measured here, whatever the packed file claims of itself.
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
                    raise DataError("Unpacked, it is larger than 128 MiB. Split the file.")
                with packed.open(part) as source:
                    content = source.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise DataError("Unpacked, it is larger than 128 MiB. Split the file.")
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


def read(data: bytes) -> list[tuple[int, list[str]]]:
    """The lines of the first sheet that is shown, the header in front. Raises DataError."""
    from python_calamine import CalamineError, SheetVisibleEnum, load_workbook

    plain = repacked(data)
    try:
        book = load_workbook(io.BytesIO(plain))
        shown = [
            one.name for one in book.sheets_metadata if one.visible is SheetVisibleEnum.Visible
        ]
        if not shown:
            raise DataError("There is no sheet in it.")
        sheet = book.get_sheet_by_name(shown[0])
        if sheet.total_height * sheet.total_width > CELLS_MAX:
            raise DataError("The sheet is too large: take away what lies far from the table.")
        lines = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise DataError(NO_TABLE) from error
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        cells = [as_text(value) for value in line]
        if any(cells):
            rows.append((number, cells))
        if len(rows) > ROWS_MAX + 1:
            raise TooManyRows
    return rows


def as_text(value: Any) -> str:
    """A cell as somebody would have written it; a spreadsheet has whole numbers as 20.0."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)).normalize(), "f") if abs(value) < 1e300 else "?"
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def write(columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A spreadsheet of texts that are taken for what their columns are. Raises DataError."""
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
        raise DataError("A text is too long for a spreadsheet. Take CSV instead.")
    if kind == "number" and Decimal(repr(float(text))) == Decimal(text):
        sheet.write_number(row, place, float(text))  # to the last digit, or as the text that it is
    elif kind == "switch":
        sheet.write_boolean(row, place, text == "true")
    elif kind == "date" and _is_day(text):
        sheet.write_datetime(row, place, datetime.fromisoformat(text), formats["date"])
    else:
        sheet.write_string(row, place, text, formats["text"])


def _is_day(text: str) -> bool:
    """Whether it is a date that spreadsheets can count."""
    if not re.fullmatch(r"(19[1-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
