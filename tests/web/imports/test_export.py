"""The stock table as a file: the rows of the query, the values of the table, safe to open."""

import asyncio
import csv
import io
import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from python_calamine import load_workbook

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.spreadsheets.table import csv_table
from fancymonkey.spreadsheets.table.columns import COLUMNS
from fancymonkey.web.admin_api.catalogue.exports import PORTION
from tests.payments.conftest import OWNER
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop


async def export(shop: Shop, query: str = "") -> Answer:
    return await shop.client.get(f"/api/admin/export{query}", OWNER)


def rows_of(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer
    csv_table = answer.body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(csv_table, newline="")))


def sheet_of(answer: Answer) -> list[list[Any]]:
    assert answer.status == 200, answer
    cells: list[list[Any]] = (
        load_workbook(io.BytesIO(answer.body))
        .get_sheet_by_index(0)
        .to_python(skip_empty_area=False)
    )
    return cells


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?q=emerald",
        "?status=low&status=out&sort=-available",
        "?category=hoodies&sort=name",
        "?productId=prod_tee_001",
        "?q=nothing%20like%20it",
        "?sort=-lastChanged&archived=true",
    ],
)
async def test_the_file_has_the_values_of_the_table(any_shop: Shop, query: str) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    listed = await any_shop.client.get(f"/api/admin/inventory{query}", OWNER)
    shown = json.loads(listed.body, parse_float=str)["rows"]
    rows = rows_of(await export(any_shop, query))
    names = [name for name in COLUMNS if name != "exported"]
    assert [[row[name] for name in names] for row in rows] == [
        [as_text(row.get(name)) for name in names] for row in shown
    ]
    answer = await export(any_shop, query)
    assert answer.header("content-type") == "text/csv; charset=utf-8"
    assert answer.header("content-disposition") == 'attachment; filename="stock-2025-10-07.csv"'


async def test_a_spreadsheet_has_numbers_dates_switches_and_texts(shop: Shop) -> None:
    await shop.update({"restockDate": "2026-12-01", "soldOut": True})
    sheet = sheet_of(await export(shop, "?format=xlsx"))
    head, rows = sheet[0], [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    assert head == list(COLUMNS)
    row = rows[1]
    assert (row["stock"], row["price"], row["soldOut"]) == (20.0, 58.0, True)
    assert str(row["restockDate"]) == "2026-12-01"
    assert (row["size"], row["status"]) == ("M", "sold_out")
    assert rows[4]["price"] == 62.5


async def test_columns_are_chosen_and_ordered(shop: Shop) -> None:
    answer = await export(shop, "?columns=stock,name,size&productId=prod_tee_001")
    assert answer.body.decode("utf-8-sig") == "stock,name,size\r\n100,BANANA TEE,M\r\n"
    for bad in ("?columns=colour", "?columns=name,name", "?format=pdf", "?sort=colour"):
        refused = await export(shop, bad)
        assert (refused.status, refused.code) == (422, "invalid_request")


async def test_a_template_has_a_header_and_nothing_else(shop: Shop) -> None:
    csv_table = (await export(shop, "?template=true")).body.decode("utf-8-sig")
    assert csv_table.startswith("productId,size,name,category,price,stock")
    assert csv_table.count("\r\n") == 1
    assert len(sheet_of(await export(shop, "?template=true&format=xlsx"))) == 1


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "'=1",
    '=HYPERLINK("https://evil.example","x")',
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_text_starts_a_formula(shop: Shop, name: str) -> None:
    item = Item(sku_of("p", name), "p", name, sku_id=name, price_id=name)
    product = Product("p", name, name, Decimal(1))
    await shop.engine.submit(
        UpsertProduct(product=product, location=DEFAULT_LOCATION, items=(NewItem(item),))
    )
    (row,) = rows_of(await export(shop, "?productId=p"))
    for column in ("name", "category", "size", "skuId", "priceId"):
        assert row[column] == f"'{name}"
    sheet = sheet_of(await export(shop, "?productId=p&format=xlsx"))
    assert sheet[1][1] == f"'{name}"


async def test_more_rows_than_a_file_may_have(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fancymonkey.spreadsheets.table.csv_table.ROWS_MAX", 6)
    refused = await export(shop)
    assert (refused.status, refused.code) == (422, "too_many_rows")


async def test_more_than_two_at_a_time_are_refused(shop: Shop) -> None:
    app_shop = shop.client.app._shop
    with app_shop.sheets, app_shop.sheets:
        refused = await export(shop, "?format=xlsx")
        assert (refused.status, refused.code) == (503, "overloaded")
        assert (await export(shop)).status == 200
    assert (await export(shop, "?format=xlsx")).status == 200


async def test_others_get_their_turn_between_portions_of_a_spreadsheet(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [NewItem(Item(sku_of("many", f"{n}"), "many", f"{n}", n)) for n in range(9 * PORTION)]
    product = Product("many", "Many", position=9)
    await shop.engine.submit(
        UpsertProduct(product=product, location=DEFAULT_LOCATION, items=tuple(sizes))
    )
    turns = 0
    made: set[int] = set()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def texts_of(*given: Any) -> list[str]:
        made.add(turns)
        return csv_table.texts_of(*given)

    monkeypatch.setattr("fancymonkey.web.admin_api.catalogue.exports.csv_table", SimpleNamespace(
        texts_of=texts_of, ROWS_MAX=csv_table.ROWS_MAX))  # fmt: skip
    waiting = asyncio.create_task(others())
    await export(shop, "?format=xlsx")
    waiting.cancel()
    assert len(made) >= 9


async def test_a_file_needs_the_right_to_read(shop: Shop) -> None:
    assert (await shop.client.get("/api/admin/export")).status == 401
    assert (await export(shop, f"?productId={HOODIE}")).status == 200
