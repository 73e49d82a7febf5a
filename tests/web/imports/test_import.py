"""Import over HTTP: preview, three-way merge, one change, one undo; and hostile files."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.changes.bulk import CHUNK
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Kind, Product, sku_of
from fancymonkey.core.stock.adjust import Adjust
from tests.payments.conftest import OWNER
from tests.web.admin_api.test_changes import undo
from tests.web.client import Answer
from tests.web.imports.test_export import export
from tests.web.shops import HOODIE, Shop

TEXT = "utf-8-sig"
NDJSON = {"Accept": "application/x-ndjson"}


async def take(
    shop: Shop, data: bytes | str, query: str = "", headers: dict[str, str] | None = None
) -> Answer:
    body = data.encode() if isinstance(data, str) else data
    return await shop.client.post(
        f"/api/admin/import?name=stock.csv{query}", body, {**OWNER, **(headers or {})}
    )


async def apply(shop: Shop, data: bytes | str, query: str = "", **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await take(shop, data, f"&mode=apply{query}", more)


async def exported(shop: Shop, query: str = "") -> str:
    return (await export(shop, query)).body.decode(TEXT)


def edited(text: str, size: str = "M", product: str = HOODIE, /, **cells: str) -> str:
    """The table with cells of a row changed."""
    head, *lines = text.splitlines()
    names = head.split(",")
    rows = []
    for line in lines:
        values = dict(zip(names, line.split(","), strict=True))
        if (values["productId"], values["size"]) == (product, size):
            values |= cells
        rows.append(",".join(values.values()))
    return "\r\n".join([head, *rows]) + "\r\n"


def counts(answer: Answer) -> dict[str, int]:
    assert answer.status in (200, 422), answer
    return {name: number for name, number in answer.json["counts"].items() if number}


async def stock(shop: Shop, size: str = "M", product: str = HOODIE) -> int:
    stock: int = (await shop.size(size, product))["stock"]
    return stock


async def sell(shop: Shop, quantity: int, session: str = "cs_1") -> None:
    await shop.reserve(session, quantity=quantity)
    await shop.engine.submit(Capture(ref=session))


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
async def test_a_round_trip_without_edits_changes_nothing(any_shop: Shop, format_: str) -> None:
    await any_shop.update({"restockDate": "2026-12-01", "soldOut": True})
    data = (await export(any_shop, f"?format={format_}")).body
    await sell(any_shop, 0 + 1)
    revision = any_shop.engine.view.revision
    for mode in ("preview", "apply"):
        answer = await take(any_shop, data, f"&mode={mode}")
        assert counts(answer) == {"rows": 7, "unchanged": 7}
        assert answer.json["changes"] == answer.json["faults"] == []
        assert answer.json["changeId"] is None
    assert any_shop.engine.view.revision == revision


async def test_a_sale_in_between_survives_and_one_undo_reverts_everything(any_shop: Shop) -> None:
    text = edited(await exported(any_shop), stock="25", lowStockThreshold="8")
    await sell(any_shop, 3)
    seen = await take(any_shop, text)
    changes = {change["column"]: change for change in seen.json["changes"]}
    assert changes["stock"] == {
        "row": 3,
        "productId": HOODIE,
        "size": "M",
        "column": "stock",
        "exported": "20",
        "file": "25",
        "now": "17",
        "after": "22",
        "new": None,
    }
    assert changes["lowStockThreshold"]["after"] == "8"
    assert await stock(any_shop) == 17  # nothing before it is applied
    done = await apply(any_shop, text)
    assert counts(done) == {"rows": 7, "changed": 1, "unchanged": 6, "applied": 1}
    assert await stock(any_shop) == 22
    again = await apply(any_shop, text)  # the same file again
    assert counts(again) == {"rows": 7, "unchanged": 7}
    await sell(any_shop, 2, "cs_2")
    assert counts(await apply(any_shop, text)) == {"rows": 7, "unchanged": 7}
    assert (await undo(any_shop, done.json["changeId"])).status == 200
    size = await any_shop.size()
    assert (size["stock"], size["lowStockThreshold"]) == (15, 5)
    assert counts(await take(any_shop, text)) == {"rows": 7, "changed": 1, "unchanged": 6}
    await any_shop.check()


async def test_a_count_of_another_user_since_is_a_conflict(any_shop: Shop) -> None:
    text = edited(await exported(any_shop), stock="25")
    await any_shop.update({"stock": 30})
    refused = await apply(any_shop, text)
    assert (refused.status, refused.code) == (422, "import_faults")
    (fault,) = refused.json["faults"]
    assert (fault["row"], fault["column"]) == (3, "stock")
    assert "changed since the export, by +10, to 30" in fault["reason"]
    assert await stock(any_shop) == 30
    await any_shop.update({"stock": 25})  # by chance the same as in the file
    assert counts(await take(any_shop, text)) == {"rows": 7, "unchanged": 7}


async def test_goods_received_in_between_are_kept_too(any_shop: Shop) -> None:
    text = edited(await exported(any_shop), stock="25")
    await any_shop.engine.submit(
        Adjust(sku=f"{HOODIE}/M", location=DEFAULT_LOCATION, delta=40, kind=Kind.RECEIVED)
    )
    assert counts(await apply(any_shop, text))["applied"] == 1
    assert await stock(any_shop) == 65


async def test_a_cell_changed_by_another_user_since_is_a_conflict(any_shop: Shop) -> None:
    text = edited(await exported(any_shop), lowStockThreshold="8", name="MINE")
    await any_shop.update({"lowStockThreshold": 9})
    refused = await take(any_shop, text)
    assert refused.json["faults"] == [
        {
            "row": 3,
            "column": "lowStockThreshold",
            "reason": "it has changed since the export, to '9'",
        }
    ]


async def test_without_the_last_column_what_differs_from_now_is_a_change(any_shop: Shop) -> None:
    text = f"productId;size;Bestand;Preis\n{HOODIE};M;25;58\n{HOODIE};L;58;58\n"
    await sell(any_shop, 3)
    done = await apply(any_shop, text)
    assert counts(done) == {"rows": 2, "changed": 1, "unchanged": 1, "applied": 1}
    assert done.json["changes"][0]["exported"] is None
    assert done.json["columns"] == ["productId", "size", "stock", "price"]
    assert await stock(any_shop) == 25
    assert counts(await apply(any_shop, text)) == {"rows": 2, "unchanged": 2}


NEW = (
    "productId,size,name,category,price,stock,image\n"
    "prod_new,S,Näme,mugs,9.50,3,https://a.example/x.png\n"
    "prod_new,L,,mugs,9.5,4,\n"
    f"{HOODIE},3XL,,,58,2,\n"
)


async def test_new_things_are_listed_and_made_only_when_asked_for(any_shop: Shop) -> None:
    refused = await apply(any_shop, NEW)
    assert [fault["reason"] for fault in refused.json["faults"]] == [
        "no such product",
        "no such product",
        "no such size",
    ]
    seen = await take(any_shop, NEW, "&create=true")
    assert counts(seen) == {"rows": 3, "new": 3}
    assert [change["new"] for change in seen.json["changes"]] == ["product", "product", "size"]
    done = await apply(any_shop, NEW, "&create=true")
    assert counts(done) == {"rows": 3, "new": 3, "applied": 3}
    assert await stock(any_shop, "L", "prod_new") == 4
    assert await stock(any_shop, "3XL") == 2
    assert counts(await apply(any_shop, NEW, "&create=true")) == {"rows": 3, "unchanged": 3}
    assert (await undo(any_shop, done.json["changeId"])).status == 200
    assert "prod_new" not in await exported(any_shop)
    await any_shop.check()


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"stock": "many"}, "stock", "'many' is not a whole number"),
        ({"stock": "-1"}, "stock", "'-1' is not a whole number"),
        ({"stock": "1.5"}, "stock", "'1.5' is not a whole number"),
        ({"stock": "1e3"}, "stock", "is not a whole number"),
        ({"stock": "2000000000"}, "stock", "is not a whole number"),
        ({"stock": ""}, "stock", "'' is not a whole number"),
        ({"price": "1.234.5"}, "price", "is not a price"),
        ({"price": "-5"}, "price", "is not a price"),
        ({"soldOut": "maybe"}, "soldOut", "is not true or false"),
        ({"restockDate": "12/01/2026"}, "restockDate", "is not a date"),
        ({"image": "http://a.example/x"}, "image", "is not an image URL"),
        ({"size": "M2"}, "size", "no such size"),
        ({"productId": "a/b"}, "productId", "a product id must not contain a slash"),
        ({"exported": "r1s2hAAAA"}, "exported", "it was edited"),
        ({"exported": "=1+1"}, "exported", "it was edited"),
    ],
)
async def test_a_fault_is_reported_by_row_and_column_and_good_rows_can_be_applied(
    shop: Shop, cells: dict[str, str], column: str, words: str
) -> None:
    text = edited(edited(await exported(shop), "L", stock="60"), **cells)
    refused = await apply(shop, text)
    assert (refused.status, refused.code) == (422, "import_faults")
    fault = refused.json["faults"][0]
    assert fault["column"] == column
    assert words in fault["reason"]
    assert await stock(shop, "L") == 58
    done = await apply(shop, text, "&rows=good")
    assert counts(done)["applied"] == 1
    assert await stock(shop, "L") == 60


async def test_a_mark_is_read_and_never_believed(shop: Shop) -> None:
    text = await exported(shop)
    head, _s, m, large, *_ = text.splitlines()
    other = large.rpartition(",")[2]
    for mark in (other, "r99999" + m.rpartition(",r")[2].lstrip("0123456789")):
        refused = await apply(shop, f"{head}\n{m.rpartition(',')[0]},{mark}\n")
        assert refused.json["faults"][0]["column"] == "exported"
    lied = m.replace("s20h", "s999999999h")  # its export value is larger
    refused = await apply(shop, f"{head}\n{lied}\n")
    assert "20 left: a change of" in refused.json["faults"][0]["reason"]
    assert await stock(shop) == 20


async def test_a_repeated_apply_is_one_and_gets_the_same_answer(any_shop: Shop) -> None:
    text = edited(await exported(any_shop), stock="25")
    first = await apply(any_shop, text, Idempotency_Key="once")
    await any_shop.update({"stock": 7})
    again = await apply(any_shop, text, Idempotency_Key="once")
    assert first.json == again.json
    assert await stock(any_shop) == 7
    other = await apply(any_shop, text + "\r\n", Idempotency_Key="once")
    assert (other.status, other.code) == (409, "idempotency_conflict")
    both = await asyncio.gather(
        *(apply(any_shop, edited(text, "L", stock="1"), "&rows=good", Idempotency_Key="two")
          for _ in range(2))
    )  # fmt: skip
    assert both[0].json == both[1].json


async def test_progress_comes_in_lines_and_the_answer_is_the_last(shop: Shop) -> None:
    text = edited(await exported(shop), stock="25")
    answer = await apply(shop, text, **NDJSON)
    assert answer.header("content-type") == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert [line["step"] for line in lines[:-1]] == [
        *("read", "read", "check", "check", "apply", "apply")
    ]
    assert lines[-1]["counts"]["applied"] == 1
    problem = await apply(shop, edited(text, stock="x"), **NDJSON)
    last = json.loads(problem.body.splitlines()[-1])
    assert (last["code"], last["status"], last["counts"]["faults"]) == ("import_faults", 422, 1)
    broken = await take(shop, b"nothing", headers=NDJSON)
    assert json.loads(broken.body.splitlines()[-1])["code"] == "bad_table"


async def many(shop: Shop, count: int) -> None:
    for start in range(0, count, 100):
        id_ = f"p{start:05}"
        items = tuple(
            NewItem(Item(sku_of(id_, f"{size}"), id_, f"{size}", size), 10) for size in range(100)
        )
        product = Product(id_, id_, position=start)
        await shop.engine.submit(
            UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items)
        )


async def test_more_than_a_portion_is_one_change_set_or_nothing(any_shop: Shop) -> None:
    await many(any_shop, CHUNK + 300)
    text = (await exported(any_shop, "?q=p00")).replace(",10,0,10,", ",11,0,10,")
    done = await apply(any_shop, text)
    assert counts(done)["applied"] == CHUNK + 300
    assert await stock(any_shop, "99", "p00700") == 11
    back = await undo(any_shop, done.json["changeId"])
    assert back.status == 200, back
    assert await stock(any_shop, "99", "p00700") == 10
    await any_shop.check()


async def test_a_portion_that_fails_takes_back_those_before_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many(shop, CHUNK + 300)
    text = (await exported(shop, "?q=p00")).replace(",10,0,10,", ",2,0,10,")
    submit = shop.engine.submit
    seen = []

    async def sold_in_between(command: Any) -> Any:
        if type(command) is ChangeSet:
            seen.append(command)
            if len(seen) == 2:  # a buyer is faster
                await submit(
                    Adjust(sku="p00700/99", location=DEFAULT_LOCATION, delta=-5, kind=Kind.SOLD)
                )
        return await submit(command)

    monkeypatch.setattr(shop.engine, "submit", sold_in_between)
    refused = await apply(shop, text)
    assert (refused.status, refused.code) == (422, "import_faults")
    (fault,) = refused.json["faults"]
    assert "5 on hand: changing it by -8" in fault["reason"]
    assert await stock(shop, "0", "p00000") == 10
    assert await stock(shop, "99", "p00700") == 5
    await shop.check()


async def test_a_count_during_an_import_is_not_overwritten(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many(shop, CHUNK + 300)
    text = (await exported(shop, "?q=p00")).replace(",10,0,10,", ",11,0,10,")
    submit = shop.engine.submit
    seen = []

    async def counted_in_between(command: Any) -> Any:
        answer = await submit(command)
        if type(command) is ChangeSet and not seen:
            seen.append(command)
            await submit(Adjust(sku="p00700/99", location=DEFAULT_LOCATION, delta=30))
        return answer

    monkeypatch.setattr(shop.engine, "submit", counted_in_between)
    done = await apply(shop, text, "&rows=good")
    assert counts(done)["applied"] == CHUNK + 299
    assert "a moment ago" in done.json["faults"][0]["reason"]
    assert await stock(shop, "99", "p00700") == 40


# Files in other formats.


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/"), content)
    return made.getvalue()


def sheet(*rows: list[Any]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return made.getvalue()


def far_away() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["productId", "size", "stock"])
        page.write(1_048_575, 16_383, "x")
    return made.getvalue()


NO_TABLES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a line": lambda: b"hello",
    "an image": lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "old excel": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "latin-1": lambda: "productId,size,name\np,M,Näme\n".encode("latin-1"),
    "nul": lambda: b"productId,size\0\np,M\n",
    "half utf-16": lambda: b"\xff\xfep\x00r",
    "unknown column": lambda: b"productId,size,colour\np,M,red\n",
    "open quote": lambda: b'productId,size\np,"M\n',
    "html": lambda: b"<html><body>Log in</body></html>",
    "an empty zip": zipped,
    "a zip of something": lambda: zipped(readme=b"hello"),
    "a broken zip": lambda: sheet(["productId", "size"])[:-300],
    "no zip": lambda: b"PK\x03\x04" + bytes(200),
    "a bomb": lambda: zipped(
        **{f"xl__worksheets__sheet{n}.xml": bytes(90_000_000) for n in (1, 2)}
    ),
    "no xml": lambda: zipped(**{"[Content_Types].xml": b"<", "xl__workbook.xml": b"<<<"}),
    "cells far away": far_away,
}
"""The files, made by the test because two of them take a second."""


@pytest.mark.parametrize("name", NO_TABLES)
async def test_a_file_that_is_not_a_table_is_refused(shop: Shop, name: str) -> None:
    answer = await take(shop, NO_TABLES[name]())
    assert (answer.status, answer.code) == (400, "bad_table"), answer


async def test_too_much_is_refused(shop: Shop) -> None:
    long = await take(shop, b"productId,size\n" + b"p,M\n" * 50_001)
    assert (long.status, long.code) == (422, "too_many_rows")
    large = await take(shop, b"x" * (16 * 1024 * 1024 + 1))
    assert (large.status, large.code) == (413, "body_too_large")
    rows = sheet(["productId", "size"], *(["p", str(n)] for n in range(50_001)))
    wide = await take(shop, rows)
    assert (wide.status, wide.code) == (422, "too_many_rows")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_files_of_other_programs_are_read(shop: Shop, encoding: str, separator: str) -> None:
    text = f"Product ID,Größe,On hand,Preis\r\n{HOODIE},M,20.0,58\r\n{HOODIE},L,58,'58\r\n"
    text = (
        text.replace("'58", '"58,00"').replace(",", separator).replace(f"58{separator}00", "58,00")
    )
    answer = await take(shop, text.encode(encoding))
    assert counts(answer) == {"rows": 2, "unchanged": 2}, answer


async def test_a_spreadsheet_from_elsewhere_is_read(shop: Shop) -> None:
    data = sheet(
        ["Produkt", "Größe", "Bestand", "Ausverkauft", "Wieder da"],
        [HOODIE, "M", 25, True, "01.12.2026"],
        [HOODIE, "L", 58.5, False, ""],
    )
    answer = await take(shop, data)
    assert {change["column"]: change["after"] for change in answer.json["changes"]} == {
        "stock": "25",
        "soldOut": "true",
        "restockDate": "01.12.2026",
    }
    (fault,) = answer.json["faults"]
    assert (fault["row"], fault["reason"]) == (
        3,
        "'58.5' is not a whole number from 0 to 1000000000",
    )


async def test_an_import_needs_the_right_to_change_stock(shop: Shop) -> None:
    answer = await shop.client.post("/api/admin/import", b"productId,size\n")
    assert answer.status == 401
