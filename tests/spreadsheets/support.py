"""A small shop, and files of it as other programs would write them."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Product, sku_of
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import ImportOptions, ImportPlan, marks_of
from fancymonkey.spreadsheets.imports.import_planner import Planner
from fancymonkey.spreadsheets.imports.row_identity import with_known_keys
from fancymonkey.spreadsheets.table import csv_table, xlsx
from fancymonkey.spreadsheets.table.columns import COLUMNS

REVISION = 50
Cells = dict[str, str]


def stocked(
    product_id: str = "tee", size: str = "M", *, stock: int = 20, reserved: int = 0, **more: Any
) -> StockRow:
    sku = sku_of(product_id, size)
    fields = {"price": Decimal(1299), "restock_date": "2026-12-01"} | more.pop("product", {})
    product = Product(product_id, more.pop("name", product_id.upper()), "tops", **fields)
    item = Item(sku, product_id, size, **({"sku_id": "00123"} | more))
    return StockRow(product, item, SkuStock(sku, on_hand=stock, reserved=reserved))


def level_of(row: StockRow) -> Level:
    """The whole stock of the row at one location."""
    return Level(
        row.item.sku, DEFAULT_LOCATION, on_hand=row.stock.on_hand, reserved=row.stock.reserved
    )


def stand_of(*rows: StockRow) -> CurrentStock:
    return CurrentStock(
        {row.product.product_id: row.product for row in rows},
        {row.item.sku: row.item for row in rows},
        {(row.item.sku, DEFAULT_LOCATION): level_of(row) for row in rows},
        REVISION,
    )


def exported(*rows: StockRow) -> list[Cells]:
    """The rows of an export, by column."""
    return list(csv.DictReader(io.StringIO("".join(csv_table.write(rows, COLUMNS, REVISION)))))


def file_of(rows: Sequence[Cells], separator: str = ",") -> bytes:
    made = io.StringIO()
    writer = csv.DictWriter(made, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue().encode()


def plan(
    current: CurrentStock, data: bytes | Sequence[Cells], *, create: bool = True
) -> ImportPlan:
    """The changes of a file: CSV, XLSX, or rows."""
    if not isinstance(data, bytes):
        data = file_of(data)
    if xlsx.is_spreadsheet(data):
        records = csv_table.records(xlsx.read(data).rows)
    else:
        records = csv_table.records(csv_table.read(csv_table.decoded(data)))
    records = with_known_keys(records, current)
    marks_of(records, current)
    return Planner(current, ImportOptions(create=create)).read(records)


def faults(import_plan: ImportPlan) -> list[tuple[int, str]]:
    return [(fault.row, fault.column) for fault in import_plan.faults]


def book(*sheets: tuple[str, list[list[Any]]], **formats: str) -> bytes:
    """A spreadsheet. A cell that is a pair is written by the method of that name."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as file:
        styles = {
            name: file.add_format({"num_format": number_format})
            for name, number_format in formats.items()
        }
        for name, rows in sheets:
            page = file.add_worksheet(name)
            for row, cells in enumerate(rows):
                for place, cell in enumerate(cells):
                    match cell:
                        case (str() as style, value) if style in styles:
                            page.write(row, place, value, styles[style])
                        case ("formula", str() as formula, result):
                            page.write_formula(row, place, formula, None, result)
                        case _:
                            page.write(row, place, cell)
    return made.getvalue()
