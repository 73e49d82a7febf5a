"""Files with a row for each size and location: exported, edited, imported, and undone."""

import csv
import io
from collections.abc import Sequence

import pytest

from fancymonkey.core.locations.close import CloseLocation
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.spreadsheets.table import csv_table, xlsx
from fancymonkey.spreadsheets.table.columns import KINDS
from tests.spreadsheets.support import book
from tests.web.admin_api.test_changes import undo
from tests.web.client import Answer
from tests.web.imports.test_export import export as export_query
from tests.web.imports.test_import import apply, take
from tests.web.shops import HOODIE, Shop

SKU = f"{HOODIE}/M"  # 20 at main, 5 in Berlin
Cells = dict[str, str]


async def with_locations(shop: Shop) -> Shop:
    for location in (Location("berlin", "Studio Berlin"), Location("hamburg", "Hamburg")):
        await shop.engine.submit(AddLocation(location=location))
    await shop.update({"stock": 5, "location": "berlin"})
    return shop


def units(shop: Shop, sku: str = SKU) -> dict[str, int]:
    view = shop.engine.view
    return {id_: view.level(sku, id_).on_hand for id_ in view.locations}


async def export(shop: Shop, query: str = "") -> Answer:
    return await export_query(shop, f"?{query}")


async def table(shop: Shop, query: str = "locations=true") -> list[Cells]:
    text = (await export(shop, query)).body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def csv_of(rows: Sequence[Cells]) -> str:
    made = io.StringIO()
    writer = csv.DictWriter(made, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue()


def row_of(rows: Sequence[Cells], location: str = "berlin", size: str = "M") -> Cells:
    return next(
        row
        for row in rows
        if (row["productId"], row["size"], row.get("location", "")) == (HOODIE, size, location)
    )


def reasons(answer: Answer) -> str:
    return " · ".join(
        f"{fault['row']} {fault['column']}: {fault['reason']}" for fault in answer.json["faults"]
    )


async def test_an_export_by_location_has_a_row_for_each(shop: Shop) -> None:
    await with_locations(shop)
    rows = await table(shop)
    assert list(rows[0])[4:6] == ["size", "location"]
    mine = [row for row in rows if (row["productId"], row["size"]) == (HOODIE, "M")]
    assert [(row["location"], row["stock"]) for row in mine] == [
        ("berlin", "5"),
        ("hamburg", "0"),
        ("main", "20"),
    ]
    berlin = await table(shop, "location=berlin")
    assert {row["location"] for row in berlin} == {"berlin"}
    assert row_of(berlin)["stock"] == "5"
    assert "location" not in (await table(shop, ""))[0]
    assert (await export(shop, "location=bern")).status == 404


@pytest.mark.parametrize("query", ["locations=true", "location=berlin", ""])
async def test_an_export_without_edits_changes_nothing(any_shop: Shop, query: str) -> None:
    shop = await with_locations(any_shop)
    before = shop.engine.view.revision
    answer = await apply(shop, csv_of(await table(shop, query)))
    assert answer.status == 200, answer.json
    assert answer.json["counts"]["unchanged"] == answer.json["counts"]["rows"]
    assert shop.engine.view.revision == before


@pytest.mark.parametrize("marked", [True, False])
async def test_edits_of_several_locations_are_one_change_with_one_undo(
    any_shop: Shop, marked: bool
) -> None:
    shop = await with_locations(any_shop)
    rows = await table(shop)
    row_of(rows, "berlin")["stock"] = "9"
    row_of(rows, "hamburg")["stock"] = "3"
    row_of(rows, "main")["stock"] = "18"
    if not marked:
        rows = [{k: v for k, v in row.items() if k != "exported"} for row in rows]
    preview = await take(shop, csv_of(rows))
    assert [
        (change["location"], change["now"], change["after"]) for change in preview.json["changes"]
    ] == [
        ("berlin", "5", "9"),
        ("hamburg", "0", "3"),
        ("main", "20", "18"),
    ]
    answer = await apply(shop, csv_of(rows))
    assert answer.status == 200, answer.json
    assert units(shop) == {"main": 18, "berlin": 9, "hamburg": 3}
    await undo(shop, answer.json["changeId"])
    assert units(shop) == {"main": 20, "berlin": 5, "hamburg": 0}
    await shop.check()


async def test_sales_since_the_export_stay_sold_at_their_location(shop: Shop) -> None:
    await with_locations(shop)
    rows = await table(shop)
    row_of(rows)["stock"] = "9"
    sold = Adjust(sku=SKU, location="hamburg", delta=2)
    await shop.engine.submit(sold)
    answer = await apply(shop, csv_of(rows))
    assert answer.status == 200, answer.json
    assert units(shop) == {"main": 20, "berlin": 9, "hamburg": 2}


async def test_a_count_since_the_export_refuses_its_location_only(shop: Shop) -> None:
    await with_locations(shop)
    rows = await table(shop)
    row_of(rows)["stock"] = "9"
    row_of(rows, "hamburg")["stock"] = "3"
    await shop.engine.submit(Count(sku=SKU, location="berlin", quantity=7))
    answer = await take(shop, csv_of(rows))
    assert "stock: it has changed since the export, by +2, to 7" in reasons(answer)
    assert answer.json["counts"]["faults"] == 1
    answer = await apply(shop, csv_of(rows), "&rows=good")
    assert answer.status == 200, answer.json
    assert units(shop) == {"main": 20, "berlin": 7, "hamburg": 3}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Berlin", "but 'berlin' exists"),
        ("BERLIN", "but 'berlin' exists"),
        ("b erlin", "but 'berlin' exists"),
        ("b\u0435rlin", "but 'berlin' exists"),
        ("berlin\u200bn", "but 'berlin' exists"),
        ("berlinn", "but 'berlin' exists"),
        ("studio berlin", "but 'berlin' exists"),
        ("hamburgg", "but 'hamburg' exists"),
        ("zurich", "there is no location 'zurich': write one of berlin, hamburg, main"),
        ("berlin:damaged", "there is no location"),
        ("", "this shop has several locations: write one of berlin, hamburg, main"),
        ("  ", "this shop has several locations"),
        ("=A1", "is a formula without a result"),
        ("#REF!", "is a spreadsheet error"),
        ("#N/A", "is a spreadsheet error"),
        ("####", "too narrow"),
        ("x" * 500, "there is no location"),
    ],
)
async def test_an_unclear_location_is_a_fault(shop: Shop, text: str, words: str) -> None:
    await with_locations(shop)
    rows = [{"productId": HOODIE, "size": "M", "location": text, "stock": "7"}]
    answer = await take(shop, csv_of(rows))
    assert answer.status == 200, answer.json
    assert words in reasons(answer)
    assert reasons(answer).startswith("2 location:")
    assert answer.json["counts"]["changed"] == 0


@pytest.mark.parametrize(
    "text", ["berlin", " berlin ", "Studio Berlin", "\ufeffberlin", "\u00a0berlin"]
)
async def test_a_location_is_known_by_id_and_by_name(shop: Shop, text: str) -> None:
    await with_locations(shop)
    rows = [{"productId": HOODIE, "size": "M", "ort": text, "stock": "7"}]
    answer = await apply(shop, csv_of(rows))
    assert answer.status == 200, answer.json
    assert units(shop)["berlin"] == 7


IDS = {"1-2": "1-Feb", "007": "7", "1e3": "1000", "12": "12.0", "true": "TRUE"}


@pytest.mark.parametrize("id_", IDS)
async def test_an_id_that_a_spreadsheet_has_changed_is_a_fault(shop: Shop, id_: str) -> None:
    await shop.engine.submit(AddLocation(location=Location(id_, "Odd")))
    rows = await table(shop, f"location={id_}")
    row_of(rows, id_)["stock"] = "4"
    assert (await apply(shop, csv_of(rows))).status == 200
    assert units(shop)[id_] == 4
    changed = await table(shop, f"location={id_}")
    row_of(changed, id_).update(stock="6", location=IDS[id_])
    answer = await take(shop, csv_of(changed))
    assert f"write {id_!r}" in reasons(answer)


async def test_a_spreadsheet_keeps_the_locations_as_texts(shop: Shop) -> None:
    await shop.engine.submit(AddLocation(location=Location("1-2", "Odd")))
    data = (await export(shop, "locations=true&format=xlsx")).body
    rows = xlsx.read(data).rows
    place = rows[0][1].index("location")
    assert {cells[place] for _, cells in rows[1:]} == {"main", "1-2"}
    before = shop.engine.view.revision
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert shop.engine.view.revision == before
    assert KINDS.get("location", "text") == "text"


async def test_a_spreadsheet_with_odd_cells_of_locations_is_read(shop: Shop) -> None:
    await with_locations(shop)
    head = ["productId", "size", "location", "stock"]
    data = book(
        (
            "Stock",
            [
                head,
                [HOODIE, "M", "berlin", 7],
                [HOODIE, "M", ("formula", '="ham"&"burg"', "hamburg"), 3.0],
                [HOODIE, "M", 20261130, 1],
                [HOODIE, "S", "berlin", "1.000"],
            ],
        )
    )
    answer = await take(shop, data)
    assert [fault["row"] for fault in answer.json["faults"]] == [4, 5]
    assert {
        (change["location"], change["size"], change["after"]) for change in answer.json["changes"]
    } == {
        ("berlin", "M", "7"),
        ("hamburg", "M", "3"),
    }


@pytest.mark.parametrize("text", ["-1", "2.5", "1e2x", "many", "99999999999", "#VALUE!"])
async def test_a_stock_at_a_location_has_the_rules_of_stock(shop: Shop, text: str) -> None:
    await with_locations(shop)
    rows = await table(shop)
    row_of(rows)["stock"] = text
    answer = await take(shop, csv_of(rows))
    assert " stock: " in reasons(answer)
    assert units(shop)["berlin"] == 5


@pytest.mark.parametrize("second", ["berlin", " berlin", "Studio Berlin"])
async def test_two_rows_for_one_size_and_location_are_a_fault(shop: Shop, second: str) -> None:
    await with_locations(shop)
    row = {"productId": HOODIE, "size": "M", "location": "berlin", "stock": "7"}
    answer = await take(shop, csv_of([row, {**row, "location": second, "stock": "8"}]))
    assert "3 size: this size at berlin is already in row 2" in reasons(answer)


async def test_a_row_of_another_export_is_a_fault(shop: Shop) -> None:
    await with_locations(shop)
    by_location, totals = await table(shop), await table(shop, "")
    moved = {**row_of(by_location), "location": "hamburg", "stock": "7"}
    assert "it belongs to another row" in reasons(await take(shop, csv_of([moved])))
    total = {**row_of(totals, ""), "location": "berlin", "stock": "7"}
    assert "with the totals of all locations" in reasons(await take(shop, csv_of([total])))
    lost = {k: v for k, v in row_of(by_location).items() if k != "location"}
    assert "it belongs to another row" in reasons(await take(shop, csv_of([lost])))


async def test_a_size_has_one_threshold_at_all_locations(shop: Shop) -> None:
    await with_locations(shop)
    rows = await table(shop)
    row_of(rows)["lowStockThreshold"] = "9"
    answer = await apply(shop, csv_of(rows))
    assert answer.status == 200, answer.json
    assert shop.engine.view.items[SKU].low_stock_threshold == 9
    rows = await table(shop)
    row_of(rows)["lowStockThreshold"] = "8"
    row_of(rows, "hamburg")["lowStockThreshold"] = "7"
    assert "a size has only one lowStockThreshold" in reasons(await take(shop, csv_of(rows)))
    row_of(rows, "hamburg")["lowStockThreshold"] = "8"
    assert (await apply(shop, csv_of(rows))).status == 200
    assert shop.engine.view.items[SKU].low_stock_threshold == 8


@pytest.mark.parametrize("first", ["main", "berlin"])
async def test_new_sizes_and_products_begin_at_several_locations(
    any_shop: Shop, first: str
) -> None:
    shop = await with_locations(any_shop)
    places = [first, "berlin" if first == "main" else "main", "hamburg"]
    rows = [
        {"productId": "pin", "size": "OS", "location": id_, "name": "PIN", "stock": str(number)}
        for number, id_ in enumerate(places, start=1)
    ]
    rows += [
        {"productId": HOODIE, "size": "3XL", "location": id_, "name": "", "stock": str(number)}
        for number, id_ in enumerate(places, start=4)
    ]
    answer = await apply(shop, csv_of(rows), "&create=true")
    assert answer.status == 200, answer.json
    assert answer.json["counts"]["new"] == 6
    wanted = {id_: number for number, id_ in enumerate(places, start=1)}
    assert units(shop, "pin/OS") == wanted
    assert units(shop, f"{HOODIE}/3XL") == {id_: number + 3 for id_, number in wanted.items()}
    undone = await undo(shop, answer.json["changeId"])
    assert undone.status == 200, undone.json
    assert shop.engine.view.products["pin"].archived
    assert set(units(shop, "pin/OS").values()) == {0}
    await shop.check()


async def test_a_closed_location_takes_no_units(shop: Shop) -> None:
    await with_locations(shop)
    rows = await table(shop)
    closed = await shop.engine.submit(CloseLocation(location_id="hamburg"))
    assert isinstance(closed, Accepted), closed
    row_of(rows, "hamburg")["stock"] = "4"
    answer = await take(shop, csv_of(rows))
    assert reasons(answer).endswith("stock: Hamburg is closed")
    assert answer.json["faults"][0]["code"] == "location_closed"
    assert answer.json["counts"]["faults"] == 1
    assert {row["location"] for row in await table(shop)} == {"main", "berlin"}


async def test_a_shop_with_one_location_has_no_column_for_it(shop: Shop) -> None:
    text = csv_of(await table(shop, ""))
    assert "location" not in text.splitlines()[0]
    assert all("location" not in change for change in (await take(shop, text)).json["changes"])
    for cell in ("main", "", "Main"):
        rows = [{"productId": HOODIE, "size": "M", "location": cell, "stock": "20"}]
        answer = await take(shop, csv_of(rows))
        assert not answer.json["faults"], answer.json
        assert answer.json["counts"]["changed"] == 0
    by_location = await table(shop)
    assert {row["location"] for row in by_location} == {"main"}
    assert (await apply(shop, csv_of(by_location))).json["counts"]["changed"] == 0


async def test_a_template_has_the_column_on_request(shop: Shop) -> None:
    head = (await export(shop, "template=true&locations=true")).body.decode("utf-8-sig")
    assert head.startswith("productId,size,location,name,")
    assert csv_table.records(csv_table.read(head)) == []
