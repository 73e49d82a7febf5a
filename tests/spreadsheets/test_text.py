"""Any text is the same after it was written to CSV and read back."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.table import columns
from fancymonkey.spreadsheets.table import csv_table as sheet
from fancymonkey.spreadsheets.table.row_fingerprint import read_mark

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMES = TEXT | st.sampled_from(
    ["=1+1", "'=1", "''@x", "-5", "+x", "@x", "\tx", "\rx", "'tis", 'a"b']
)


def row(
    name: str = "Name", *, on_hand: int = 20, reserved: int = 0, sold_out: bool = False
) -> StockRow:
    product = Product("p1", name, "hoodies", Decimal("58.50"), restock_date="2026-12-01")
    item = Item("p1/M", "p1", "M", sku_id="sku", price_id=None, sold_out=sold_out)
    return StockRow(product, item, SkuStock("p1/M", on_hand=on_hand, reserved=reserved))


def text(*rows: StockRow) -> str:
    return "".join(sheet.write(rows))


def read(table: str) -> list[columns.Record]:
    return sheet.records(sheet.read(table))


def test_the_table_is_rfc_4180_with_the_documented_columns() -> None:
    header, line, end = text(row('A "B", C')).split("\r\n")
    assert header == (
        "productId,name,category,price,size,skuId,priceId,stock,reserved,available,"
        "lowStockThreshold,soldOut,status,restockDate,backordered,short,lastChanged,image,exported"
    )
    assert line.startswith(
        'p1,"A ""B"", C",hoodies,58.50,M,sku,,20,0,20,5,false,in_stock,2026-12-01,0,0,'
        "1970-01-01T00:00:00.000Z,,r0s20h"
    )
    assert end == ""


@pytest.mark.parametrize(
    ("given_row", "status"),
    [
        (row(on_hand=6), "in_stock"),
        (row(on_hand=5), "low"),
        (row(on_hand=5, reserved=5), "out"),
        (row(on_hand=5, reserved=7), "out"),
        (row(on_hand=20, sold_out=True), "sold_out"),
    ],
)
def test_the_status_is_a_word(given_row: StockRow, status: str) -> None:
    assert columns.cells_of(given_row)["status"] == status


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1"])
def test_no_text_starts_a_formula(name: str) -> None:
    (_, cells) = csv.reader(io.StringIO(text(row(name)), newline=""))
    assert cells[1] == f"'{name}"


def test_numbers_stay_numbers() -> None:
    (_, cells) = csv.reader(io.StringIO(text(row(on_hand=2, reserved=5)), newline=""))
    assert cells[9] == "-3"


@given(NAMES)
def test_any_name_is_read_unchanged(name: str) -> None:
    (record,) = read(text(row(name)))
    assert read_mark(record.cells.pop("exported")).is_of("p1/M")
    assert record.cells == columns.cells_of(row(name))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_spreadsheets_of_other_countries_are_read(separator: str) -> None:
    table = "\ufeffproductId,size,stock\r\np1,M,3\r\n,,\r\np1,L,4\r\n".replace(",", separator)
    assert [
        (record.number, record.cells["size"], record.cells["stock"]) for record in read(table)
    ] == [
        (2, "M", "3"),
        (4, "L", "4"),
    ]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "productId is missing"),
        ("productId,stock\n", "size is missing"),
        ("productId,size,sotck\n", "Unknown column 'sotck'"),
        ("productId,size,Größe\n", "is repeated"),
        ('productId,size\np1,"M\n', "is not valid CSV"),
        ("productId,size\np1,M\0\n", "NUL"),
    ],
)
def test_an_invalid_table_is_refused_with_its_place(table: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(table)


def test_a_row_that_is_too_long_or_too_short_is_at_fault_alone() -> None:
    rows = read("productId,size\np1,M,3\np1\np1,L,,\n")
    assert [row.fault for row in rows] == [
        "it has 3 cells, the header has 2",
        "it has 1 cell, the header has 2",
        "",
    ]
