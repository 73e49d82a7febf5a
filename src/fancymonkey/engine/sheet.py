"""The stock as a table of texts, for spreadsheets: columns, cells, and CSV there and back."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fancymonkey.core.bulk import Stocked, is_low
from fancymonkey.core.model import Item, Product
from fancymonkey.errors import DataError

COLUMNS = (
    "productId",
    "name",
    "category",
    "price",
    "size",
    "skuId",
    "priceId",
    "stock",
    "reserved",
    "available",
    "lowStockThreshold",
    "soldOut",
    "status",
    "restockDate",
)

NUMBERS = frozenset({"price", "stock", "reserved", "available", "lowStockThreshold"})
"""Columns whose cells are numbers: a minus in front of one starts no formula."""

DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
"""A text that a spreadsheet would run as a formula, or such a text made safe."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a table: its number in the file, and its cells by column."""

    number: int
    cells: dict[str, str]


def cells_of(row: Stocked) -> dict[str, str]:
    """A size on sale as texts, one a column; nothing is an empty text."""
    level = row.level
    return {
        **product_cells(row.product),
        **item_cells(row.item),
        "stock": str(level.on_hand),
        "reserved": str(level.reserved),
        "available": str(level.available),
        "status": status_of(row),
    }


def product_cells(product: Product) -> dict[str, str]:
    """The cells that are the same for all sizes of a product."""
    return {
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": "" if product.price is None else format(product.price, "f"),
        "restockDate": product.restock_date or "",
    }


def item_cells(item: Item) -> dict[str, str]:
    """The cells of a size that are no quantity of stock."""
    return {
        "size": item.size,
        "skuId": item.sku_id or "",
        "priceId": item.price_id or "",
        "lowStockThreshold": str(item.low_stock_threshold),
        "soldOut": "true" if item.sold_out else "false",
    }


def status_of(row: Stocked) -> str:
    """How a size stands, in one word for people."""
    if row.item.sold_out:
        return "sold out"
    if row.level.available <= 0:
        return "out of stock"
    return "low" if is_low(row.item, row.level) else "in stock"


def write(rows: Iterable[Stocked]) -> Iterator[str]:
    """The table as CSV (RFC 4180), line by line, with a header."""
    yield _line(COLUMNS)
    for row in rows:
        cells = cells_of(row)
        yield _line(cells[name] if name in NUMBERS else safe(cells[name]) for name in COLUMNS)


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()


def safe(text: str) -> str:
    """A text that no spreadsheet runs as a formula."""
    return f"'{text}" if DANGEROUS.match(text) else text


def unsafe(text: str) -> str:
    """Undoes `safe`."""
    return text[1:] if text.startswith("'") and DANGEROUS.match(text) else text


def read(text: str) -> list[Record]:
    """The lines of a table that `write` or a spreadsheet made; empty ones are left out.

    Commas, semicolons or tabs may part the cells. Raises DataError, with the line where it knows.
    """
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise DataError("This is no text: it has NUL characters. Save the table as CSV in UTF-8.")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check(header)
        return list(_records(reader, header))
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} is no CSV: {error}.") from error


def _check(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise DataError(f"There is no column {unknown[0]!r}. There are {', '.join(COLUMNS)}.")
    missing = [name for name in ("productId", "size") if name not in header]
    if missing:
        raise DataError(f"The column {missing[0]} is missing: it says which size is meant.")
    if len(set(header)) < len(header):
        raise DataError("A column is there twice.")


def _records(reader: Iterator[list[str]], header: list[str]) -> Iterator[Record]:
    line = 1
    for cells in reader:
        line += 1
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise DataError(f"Row {line} has {len(cells)} cells, the header has {len(header)}.")
        named = zip(header, cells, strict=True)
        yield Record(
            line, {name: cell if name in NUMBERS else unsafe(cell) for name, cell in named}
        )
