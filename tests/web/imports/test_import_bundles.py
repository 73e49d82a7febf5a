"""Bundles in a table: exported in one cell, defined, changed and refused as in the editor."""

from typing import Any

import pytest

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import definition_of
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.outcomes import Accepted
from fancymonkey.spreadsheets.cells.bundle_text import bundle_text, read_bundle
from tests.payments.conftest import OWNER
from tests.web.admin_api.test_changes import undo
from tests.web.imports.test_import import apply, take
from tests.web.imports.test_import_by_location import (
    Cells,
    csv_of,
    export,
    reasons,
    table,
    with_locations,
)
from tests.web.shops import HOODIE, Shop

SET = "set/OS"
PAIR = f"1 x {HOODIE}/M + 2 x {HOODIE}/L"


async def with_set(shop: Shop, text: str = PAIR) -> Shop:
    answer = await apply(
        shop,
        csv_of([{"productId": "set", "size": "OS", "name": "SET", "bundle": text}]),
        "&create=true",
    )
    assert answer.status == 200, answer.json
    return shop


def definition(shop: Shop, sku: str = SET) -> str:
    return bundle_text(definition_of(shop.engine.view.items[sku]))


def set_row(rows: list[Cells], **cells: str) -> list[Cells]:
    row = next(row for row in rows if (row["productId"], row["size"]) == ("set", "OS"))
    return [{**row, **cells}]


def without_mark(rows: list[Cells]) -> list[Cells]:
    return [{k: v for k, v in row.items() if k != "exported"} for row in rows]


async def test_a_shop_without_bundles_has_no_column(shop: Shop) -> None:
    assert "bundle" not in (await table(shop, ""))[0]
    await with_set(shop)
    rows = await table(shop, "")
    assert list(rows[0])[-2:] == ["bundle", "exported"]
    assert set_row(rows)[0]["bundle"] == PAIR
    assert sum(bool(row["bundle"]) for row in rows) == 1
    assert "bundle" not in (await table(shop, f"productId={HOODIE}"))[0]


@pytest.mark.parametrize("query", ["", "locations=true", "format=xlsx"])
@pytest.mark.parametrize("marked", [True, False])
async def test_an_export_without_edits_changes_nothing(
    any_shop: Shop, query: str, marked: bool
) -> None:
    shop = await with_set(any_shop)
    data: Any = (await export(shop, query)).body
    if not marked and "xlsx" not in query:
        data = csv_of(without_mark(await table(shop, query)))
    before = shop.engine.view.revision
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert not answer.json["faults"], answer.json
    assert answer.json["counts"]["changed"] == 0
    assert shop.engine.view.revision == before


async def test_a_bundle_is_defined_changed_and_removed_with_one_undo_each(any_shop: Shop) -> None:
    shop = await with_set(any_shop)
    assert definition(shop) == PAIR
    wanted = f"choose 2 of Any: {HOODIE}/M up to 2 | {HOODIE}/L; policy split; at most 3 per order"
    answer = await apply(shop, csv_of(set_row(await table(shop, ""), bundle=wanted)))
    assert answer.status == 200, answer.json
    assert definition(shop) == wanted
    assert [
        (change["column"], change["now"], change["after"]) for change in answer.json["changes"]
    ] == [("bundle", PAIR, wanted)]
    undone = await undo(shop, answer.json["changeId"])
    assert undone.status == 200, undone.json
    assert definition(shop) == PAIR
    cleared = await apply(shop, csv_of(set_row(await table(shop, ""), bundle="")))
    assert cleared.status == 200, cleared.json
    assert definition(shop) == ""
    await undo(shop, cleared.json["changeId"])
    assert definition(shop) == PAIR
    await shop.check()


async def test_a_set_may_be_made_of_products_further_down(shop: Shop) -> None:
    rows = [
        {"productId": "set", "size": "OS", "name": "SET", "stock": "", "bundle": "2 x pin/OS"},
        {"productId": "pin", "size": "OS", "name": "PIN", "stock": "9", "bundle": ""},
    ]
    answer = await apply(shop, csv_of(rows), "&create=true")
    assert answer.status == 200, answer.json
    assert shop.engine.view.stock(SET).on_hand == 4


REFUSED = {
    "an unknown part": ("1 x hat/OS", "unknown_item", "the part 'hat/OS' does not exist"),
    "a size in small letters": (f"1 x {HOODIE}/m", "unknown_item", f"but '{HOODIE}/M' exists"),
    "a product in capitals": (f"1 x {HOODIE.upper()}/M", "unknown_item", f"'{HOODIE}/M' exists"),
    "a space in the size": (f"1 x {HOODIE}/ M", "unknown_item", f"but '{HOODIE}/M' exists"),
    "a Cyrillic letter": (f"1 x {HOODIE}/\u041c", "unknown_item", f"but '{HOODIE}/M' exists"),
    "itself": (f"1 x {SET}", "bundle_cycle", "cannot contain itself"),
    "no parts": ("policy split", None, "at least one part"),
    "a text": ("a hoodie and a cap", None, "is not clear"),
    "a number": ("2", None, "is not clear"),
    "a date": ("2026-12-01", None, "is not clear"),
    "a formula": ("=1+1", None, "formula without a result"),
    "an error": ("#REF!", None, "spreadsheet error"),
    "a part twice": (f"1 x {HOODIE}/M + 1 x {HOODIE}/M", None, "listed twice"),
    "none of it": (f"0 x {HOODIE}/M", None, "must be from 1"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_the_preview_refuses_as_the_editor_does(shop: Shop, case: str) -> None:
    text, code, words = REFUSED[case]
    await with_set(shop)
    answer = await take(shop, csv_of(set_row(await table(shop, ""), bundle=text)))
    (fault,) = answer.json["faults"]
    assert fault["column"] == "bundle"
    assert fault.get("code") == code
    assert words in fault["reason"]
    assert answer.json["counts"]["changed"] == 0
    assert definition(shop) == PAIR


async def test_a_circle_through_two_rows_is_refused(shop: Shop) -> None:
    rows = [
        {"productId": "a", "size": "OS", "name": "A", "bundle": "1 x b/OS"},
        {"productId": "b", "size": "OS", "name": "B", "bundle": "1 x a/OS"},
    ]
    answer = await take(shop, csv_of(rows), "&create=true")
    (fault,) = answer.json["faults"]
    assert (fault["row"], fault["code"]) == (3, "bundle_cycle")
    assert "b/OS → a/OS → b/OS" in fault["reason"]


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("text", ["", "none"])
async def test_a_held_bundle_stays_a_bundle(shop: Shop, text: str, marked: bool) -> None:
    await with_set(shop)
    held = await shop.reserve("cs_1", "OS", product="set")
    assert held.status == 200, held.json
    rows = set_row(await table(shop, ""), bundle=text)
    answer = await take(shop, csv_of(rows if marked else without_mark(rows)))
    if not marked and not text:
        assert answer.json["counts"]["unchanged"] == 1, "an empty cell without an export is silent"
        return
    (fault,) = answer.json["faults"]
    assert fault["code"] == "live_holds"


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("stock", ["7", "0", "100", "1.0", "999"])
async def test_the_stock_of_a_bundle_cannot_be_set(shop: Shop, stock: str, marked: bool) -> None:
    await with_set(shop)
    rows = set_row(await table(shop, ""), stock=stock)
    answer = await take(shop, csv_of(rows if marked else without_mark(rows)))
    (fault,) = answer.json["faults"]
    assert (fault["column"], fault["code"]) == ("stock", "is_bundle")
    assert "its stock follows from its parts" in fault["reason"]


async def test_a_new_bundle_begins_without_stock(shop: Shop) -> None:
    rows = [
        {"productId": "set", "size": "OS", "name": "SET", "stock": "3", "bundle": PAIR},
        {"productId": "set", "size": "XL", "name": "SET", "stock": "0", "bundle": PAIR},
    ]
    answer = await take(shop, csv_of(rows), "&create=true")
    assert [(fault["row"], fault["code"]) for fault in answer.json["faults"]] == [(2, "is_bundle")]


async def test_pre_built_units_can_be_counted(any_shop: Shop) -> None:
    shop = await with_locations(await with_set(any_shop))
    body = {"productId": "set", "size": "OS", "quantity": 2, "location": "main"}
    made = await shop.client.post("/api/admin/bundles/assemble", body, OWNER)
    assert made.status == 200, made.json
    rows = [row for row in await table(shop) if row["productId"] == "set"]
    assert {row["location"]: row["stock"] for row in rows} == {
        "main": "2",
        "berlin": "0",
        "hamburg": "0",
    }
    for row in rows:
        if row["location"] == "main":
            row["stock"] = "1"
    answer = await apply(shop, csv_of(rows))
    assert answer.status == 200, answer.json
    assert shop.engine.view.level(SET, "main").on_hand == 1
    unmarked = [{"productId": "set", "size": "OS", "stock": "90"}]
    (fault,) = (await take(shop, csv_of(unmarked))).json["faults"]
    assert fault["code"] == "is_bundle"


async def test_a_bundle_that_was_changed_since_the_export_is_refused(shop: Shop) -> None:
    await with_set(shop)
    rows = set_row(await table(shop, ""), bundle=f"3 x {HOODIE}/S")
    changed = SetBundle(
        sku=SET, location=DEFAULT_LOCATION, definition=read_bundle(f"1 x {HOODIE}/S")
    )
    assert isinstance(await shop.engine.submit(changed), Accepted)
    answer = await take(shop, csv_of(rows))
    (fault,) = answer.json["faults"]
    assert "it has changed since the export" in fault["reason"]


async def test_an_older_export_of_an_ordinary_size_is_read(shop: Shop) -> None:
    """Files without a column `bundle` change no bundle."""
    rows = await table(shop, "")
    await with_set(shop)
    answer = await apply(shop, csv_of(rows))
    assert answer.json["counts"]["changed"] == 0
    assert definition(shop) == PAIR


@pytest.mark.parametrize("second", [f"1 x {HOODIE}/S", "none"])
async def test_a_size_has_one_bundle_at_all_locations(shop: Shop, second: str) -> None:
    await with_locations(await with_set(shop))
    rows = without_mark([row for row in await table(shop) if row["productId"] == "set"])
    rows[0]["bundle"], rows[1]["bundle"] = f"1 x {HOODIE}/L", second
    assert "a size has only one bundle" in reasons(await take(shop, csv_of(rows)))


async def test_a_cell_as_a_spreadsheet_shows_it_is_the_same(shop: Shop) -> None:
    await with_set(shop)
    shown = PAIR.replace(" x ", " × ").replace(" + ", "  +  ")
    answer = await apply(shop, csv_of(set_row(await table(shop, ""), bundle=shown)))
    assert answer.json["counts"]["changed"] == 0
