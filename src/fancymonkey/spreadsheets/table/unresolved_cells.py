"""Finds spreadsheet cells without a value: errors, and formulas without a result.

The library that reads spreadsheets returns them as empty, but an empty cell has another meaning.
"""

import io
import re
import zipfile
from xml.parsers import expat

from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.cells.spreadsheet_changes import UNRESOLVED

Found = dict[int, list[tuple[int, str]]]
"""Cells by the number of their row: column index (from 0), and text."""

SUSPICIOUS = re.compile(rb"""<(?:[\w.-]+:)?f[\s/>]|\bt\s*=\s*["']e["']""")
FORMULA_MAX = 200
PLACE = re.compile("([A-Z]{1,3})([0-9]{1,7})")


def unread_cells(data: bytes, sheet: str) -> Found:
    """The cells of a sheet without a value, as texts that no column accepts. Raises DataError."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        part = _part_of(book, sheet)
        xml = book.read(part)
    # Only UTF-8 can be searched directly, not UTF-16.
    if xml[:2] not in (b"\xff\xfe", b"\xfe\xff") and not SUSPICIOUS.search(xml):
        return {}
    return _Cells().read(xml)


def _part_of(book: zipfile.ZipFile, sheet: str) -> str:
    """The name of the part with a sheet's cells."""
    names = {name.lower(): name for name in book.namelist()}
    ids = [
        value
        for tag, attributes in _tags(book.read(names.get("xl/workbook.xml", "xl/workbook.xml")))
        if tag == "sheet" and attributes.get("name") == sheet
        for name, value in attributes.items()
        if name.endswith(":id")
    ]
    related = names.get("xl/_rels/workbook.xml.rels", "xl/_rels/workbook.xml.rels")
    for tag, attributes in _tags(book.read(related)):
        if tag == "Relationship" and attributes.get("Id") in ids:
            target = attributes.get("Target", "").lstrip("/").lower()
            for name in (target, f"xl/{target}"):
                if name in names:
                    return names[name]
    raise DataError("The sheet was not found in the file. Save it again as XLSX, or as CSV.")


def _tags(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    tags: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, more: tags.append((tag.rpartition(":")[2], more))
    _parse(parser, xml)
    return tags


def _parse(parser: expat.XMLParserType, xml: bytes) -> None:
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise DataError("A part of the file is not valid XML. Save it again as XLSX.") from error


class _Cells:
    """Reads each cell of a sheet while its XML is parsed."""

    def __init__(self) -> None:
        self.found: Found = {}
        self._row = self._place = 0
        self._kind = ""
        self._has_formula = self._has_value = False
        self._inside = ""
        self._formula = self._value = ""

    def read(self, xml: bytes) -> Found:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        _parse(parser, xml)
        return self.found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "row":
            number = attributes.get("r", "")
            self._row = int(number) if re.fullmatch("[0-9]{1,7}", number) else self._row + 1
            self._place = -1
        elif tag == "c":
            self._cell(attributes)
        elif tag in ("f", "v"):
            self._inside = tag
            self._has_formula |= tag == "f"

    def _cell(self, attributes: dict[str, str]) -> None:
        self._place += 1
        if at := PLACE.fullmatch(attributes.get("r", "")):
            self._row, self._place = int(at[2]), -1
            for letter in at[1]:
                self._place = (self._place + 1) * 26 + ord(letter) - ord("A")
        self._kind = attributes.get("t", "n")
        self._has_formula = False
        self._formula = self._value = ""

    def _text(self, text: str) -> None:
        if self._inside == "f" and len(self._formula) < FORMULA_MAX:
            self._formula += text
        elif self._inside == "v":
            self._value += text

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag in ("f", "v"):
            self._inside = ""
        if tag != "c":
            return
        text = ""
        if self._kind == "e":
            text = self._value.strip() or "#N/A"
        elif self._has_formula and self._kind != "str" and not self._value.strip():
            text = f"{UNRESOLVED}={self._formula[:FORMULA_MAX]}"
        if text:
            self.found.setdefault(self._row, []).append((self._place, text))
