"""The reports of an import over HTTP: sheets, edits without effect, changed keys."""

import pytest

from tests.spreadsheets.support import book
from tests.web.imports.test_import import NDJSON, apply, counts, edited, exported, stock, take
from tests.web.shops import HOODIE, Shop

HEAD = ["productId", "size", "stock"]
MAY = ("May", [HEAD, [HOODIE, "M", 25]])
JUNE = ("June", [HEAD, [HOODIE, "M", 26]])


async def test_the_sheet_that_was_read_is_in_the_answer(shop: Shop) -> None:
    seen = await take(shop, book(("Notes", [["x"]]), MAY))
    assert (seen.json["sheet"], seen.json["sheets"]) == ("May", ["Notes", "May"])
    csv = await take(shop, await exported(shop))
    assert (csv.json["sheet"], csv.json["sheets"]) == (None, [])


@pytest.mark.parametrize("headers", [{}, NDJSON])
async def test_several_tables_are_a_question(shop: Shop, headers: dict[str, str]) -> None:
    asked = await take(shop, book(MAY, JUNE), headers=headers)
    text = asked.body.decode().splitlines()[-1]
    assert '"code":"bad_table"' in text
    assert '"sheets":["May","June"]' in text
    assert await stock(shop) == 20


async def test_a_sheet_is_chosen(shop: Shop) -> None:
    done = await apply(shop, book(MAY, JUNE), "&sheet=June", Idempotency_Key="one")
    assert done.json["sheet"] == "June"
    assert await stock(shop) == 26
    other = await apply(shop, book(MAY, JUNE), "&sheet=May", Idempotency_Key="one")
    assert (other.status, other.code) == (409, "idempotency_conflict")
    none = await take(shop, book(MAY, JUNE), "&sheet=July")
    assert (none.status, none.json["sheets"]) == (400, ["May", "June"])
    csv = await take(shop, await exported(shop), "&sheet=May")
    assert (csv.status, csv.code) == (400, "bad_table")


@pytest.mark.parametrize(
    "name", ["", "%00", "%F0%9F%92%A9", "%C3%A9%CC%81", "x" * 5000, "%ED%A0%80"]
)
async def test_no_name_of_a_sheet_breaks_it(shop: Shop, name: str) -> None:
    answer = await take(shop, book(MAY, JUNE), f"&sheet={name}")
    assert 400 <= answer.status < 500


async def test_an_edit_that_is_not_taken_in_is_in_the_answer(any_shop: Shop) -> None:
    text = edited(await exported(any_shop), available="50")
    for answer in (await take(any_shop, text), await apply(any_shop, text)):
        assert counts(answer) == {"rows": 7, "unchanged": 7}
        (notice,) = answer.json["notices"]
        assert (notice["column"], notice["rows"], notice["count"]) == ("available", [3], 1)
        assert "change `stock` instead" in notice["reason"]


async def test_an_ignored_edit_is_reported_beside_faults(shop: Shop) -> None:
    text = edited(await exported(shop), available="50", stock="x")
    refused = await apply(shop, text)
    assert (refused.status, refused.code) == (422, "import_faults")
    assert [notice["column"] for notice in refused.json["notices"]] == ["available"]


async def test_changed_keys_are_faults_also_where_new_things_are_made(any_shop: Shop) -> None:
    text = await exported(any_shop)
    for size in ("M ", "m", "\u041c", "XXL3"):
        refused = await apply(any_shop, edited(text, size=size), "&create=true")
        assert (refused.status, refused.code) == (422, "import_faults")
        assert refused.json["faults"][0]["column"] == "size"
    assert await exported(any_shop) == text
