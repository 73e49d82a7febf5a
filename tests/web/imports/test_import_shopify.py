"""The inventory CSV of Shopify is imported unchanged, in three layouts, with its
compare-and-swap.
"""

from typing import Any

import pytest

from fancymonkey.core.stock.adjust import Adjust
from tests.spreadsheets.support import book
from tests.web.admin_api.test_changes import undo
from tests.web.client import Answer
from tests.web.imports.test_import import apply, take
from tests.web.imports.test_import_by_location import reasons, units, with_locations
from tests.web.shops import HOODIE, Shop

HEAD = (
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,"
    "Option3 Value,SKU,HS Code,COO,Location,Bin name,Incoming (not editable),"
    "Unavailable (not editable),Committed (not editable),Available (not editable),"
    "On hand (current),On hand (new)"
)
SKU_ID = f"sku_{HOODIE}_m"


def line(
    new: Any = "",
    current: Any = 5,
    location: str = "Studio Berlin",
    sku: str = SKU_ID,
    handle: str = HOODIE,
    option: str = "M",
    title: str = "",
    available: Any = None,
) -> str:
    free = current if available is None else available
    return f"{handle},{title},Size,{option},,,,,{sku},,,{location},,0,0,0,{free},{current},{new}"


def file(*lines: str, head: str = HEAD) -> str:
    return "\r\n".join([head, *lines]) + "\r\n"


def sku_id(shop: Shop, sku: str = f"{HOODIE}/M") -> str:
    sku_id = shop.engine.view.items[sku].sku_id
    assert sku_id
    return sku_id


def codes(answer: Answer) -> list[tuple[int, str]]:
    return [(fault["row"], fault["column"]) for fault in answer.json["faults"]]


def notices(answer: Answer) -> str:
    return " · ".join(notice["reason"] for notice in answer.json["notices"])


async def test_new_numbers_are_applied_as_one_change(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    mine = sku_id(shop)
    data = file(
        line(8, 5, sku=mine), line(18, 20, "main", sku=mine), line("", 0, "Hamburg", sku=mine)
    )
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert not answer.json["faults"], answer.json
    assert units(shop) == {"main": 18, "berlin": 8, "hamburg": 0}
    assert answer.json["counts"] == {
        "rows": 3,
        "new": 0,
        "changed": 2,
        "unchanged": 1,
        "faults": 0,
        "applied": 2,
    }
    await undo(shop, answer.json["changeId"])
    assert units(shop) == {"main": 20, "berlin": 5, "hamburg": 0}


@pytest.mark.parametrize("by", [-3, -1, 1, 2, 10])
async def test_a_current_that_differs_is_not_applied_and_reported(shop: Shop, by: int) -> None:
    await with_locations(shop)
    mine = sku_id(shop)
    await shop.engine.submit(Adjust(sku=f"{HOODIE}/M", location="berlin", delta=by))
    data = file(line(9, 5, sku=mine), line(19, 20, "main", sku=mine))
    answer = await take(shop, data)
    assert codes(answer) == [(2, "stock")]
    assert f"by {by:+}, to {5 + by}" in reasons(answer)
    answer = await apply(shop, data, "&rows=good")
    assert answer.status == 200, answer.json
    assert units(shop) == {"main": 19, "berlin": 5 + by, "hamburg": 0}


async def test_the_same_file_twice_has_one_effect(shop: Shop) -> None:
    await with_locations(shop)
    data = file(line(8, 5, sku=sku_id(shop)))
    for _ in range(2):
        answer = await apply(shop, data)
        assert answer.status == 200, answer.json
        assert units(shop)["berlin"] == 8
    assert answer.json["counts"]["changed"] == 0


@pytest.mark.parametrize(
    "more",
    [
        {"sku": f"{HOODIE}-M", "handle": "hoodie", "option": "Medium"},
        {"sku": f"{HOODIE}/M", "handle": "hoodie"},
        {"sku": "", "handle": HOODIE, "option": "M"},
        {"handle": "any", "option": "Medium"},
        {"quoted": True},
    ],
)
async def test_a_size_is_found(shop: Shop, more: dict[str, Any]) -> None:
    await with_locations(shop)
    given = {"sku": sku_id(shop), **more}
    if given.pop("quoted", False):
        given["sku"] = f"'{sku_id(shop)}"
    answer = await apply(shop, file(line(9, 5, **given)))
    assert answer.status == 200, answer.json
    assert units(shop)["berlin"] == 9, answer.json


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sku": "nothing-like-it"}, "no size has the skuId 'nothing-like-it'"),
        ({"sku": "", "option": "XXXL"}, "it has no SKU, and no size is 'XXXL'"),
        ({"sku": "", "handle": "hat"}, "of 'hat'"),
        ({"sku": "#N/A"}, "is a spreadsheet error"),
        ({"sku": f"{HOODIE}-m"}, f"but '{HOODIE}-M' exists"),
        ({"sku": f"SKU_{HOODIE}_M"}, f"but 'sku_{HOODIE}_m' exists: write that"),
    ],
)
async def test_an_unknown_sku_is_a_fault_that_names_it(
    shop: Shop, more: dict[str, Any], words: str
) -> None:
    await with_locations(shop)
    answer = await take(shop, file(line(9, 5, **more)), "&create=true")
    assert codes(answer) == [(2, "SKU")]
    assert words in reasons(answer)


async def test_a_sku_that_lost_its_zeros_is_named(shop: Shop) -> None:
    await with_locations(shop)
    rows = f"productId,size,skuId\r\n{HOODIE},M,00123\r\n"
    assert (await apply(shop, rows)).status == 200
    answer = await take(shop, file(line(9, 5, sku="123")))
    assert "but '00123' exists" in reasons(answer)
    assert not (await take(shop, file(line(9, 5, sku="00123")))).json["faults"]


@pytest.mark.parametrize(
    ("new", "current", "column", "words"),
    [
        ("many", 5, "stock", "is not a whole number"),
        ("-1", 5, "stock", "is not a whole number"),
        ("2.5", 5, "stock", "is not a whole number"),
        (9, "-2", "On hand (current)", "'-2' is not a whole number"),
        (9, "five", "On hand (current)", "'five' is not a whole number"),
        ("not stocked", 5, "On hand (new)", "it has 5 units here: write 0"),
        ("Not stocked", 5, "On hand (new)", "it has 5 units here"),
        ("99999999999", 5, "stock", "is not a whole number"),
    ],
)
async def test_a_number_that_is_not_valid_is_a_fault(
    shop: Shop, new: Any, current: Any, column: str, words: str
) -> None:
    await with_locations(shop)
    answer = await take(shop, file(line(new, current, sku=sku_id(shop))))
    assert codes(answer) == [(2, column)]
    assert words in reasons(answer)


@pytest.mark.parametrize(
    ("new", "current", "location", "after"),
    [
        ("", 5, "berlin", 5),
        (5, 5, "berlin", 5),
        (0, 5, "berlin", 0),
        (7, "", "berlin", 7),
        (4, "not stocked", "hamburg", 4),
        ("not stocked", "not stocked", "hamburg", 0),
        ("", "not stocked", "hamburg", 0),
        ("5.0", 5, "berlin", 5),
        ("", 99, "berlin", 5),
    ],
)
async def test_a_number_counts(
    shop: Shop, new: Any, current: Any, location: str, after: int
) -> None:
    await with_locations(shop)
    answer = await apply(shop, file(line(new, current, location, sku=sku_id(shop))))
    assert answer.status == 200, answer.json
    assert not answer.json["faults"]
    assert units(shop)[location] == after


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("studio berlin", "but 'berlin' exists"),
        ("Studio  Berlin", "but 'berlin' exists"),
        ("Hamburg ", ""),
        ("HAMBURG", "but 'hamburg' exists"),
        ("Zurich", "there is no location 'Zurich'"),
        ("", "write one of"),
    ],
)
async def test_a_location_has_the_same_rules(shop: Shop, location: str, words: str) -> None:
    await with_locations(shop)
    answer = await take(shop, file(line(3, "", location, sku=sku_id(shop))))
    assert bool(answer.json["faults"]) == bool(words)
    assert words in reasons(answer)


async def test_the_layout_with_one_column_on_hand_counts(shop: Shop) -> None:
    await with_locations(shop)
    head = (
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,"
        "Option3 Value,SKU,HS Code,COO,Location,Incoming,Unavailable,Committed,Available,On hand"
    )
    data = f"{HOODIE},,Size,M,,,,,{sku_id(shop)},,,Studio Berlin,0,0,0,5,11"
    answer = await apply(shop, file(data, head=head))
    assert answer.status == 200, answer.json
    assert units(shop)["berlin"] == 11


async def test_the_layout_with_a_column_for_each_location_counts(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    head = (
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,"
        "Option3 Value,SKU,HS Code,COO,Studio Berlin,Hamburg,main"
    )
    data = file(f"{HOODIE},,Size,M,,,,,{sku_id(shop)},,,6,not stocked,", head=head)
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert units(shop) == {"main": 20, "berlin": 6, "hamburg": 0}
    assert answer.json["counts"]["rows"] == 1
    wrong = file(f"{HOODIE},,Size,M,,,,,{sku_id(shop)},,,9,1", head=f"{head[:-13]},Hambourg")
    answer = await take(shop, wrong)
    assert "there is no location" in reasons(answer)
    assert answer.json["counts"]["faults"] == 1
    await apply(shop, wrong, "&rows=good")
    assert units(shop)["berlin"] == 6, "a row is applied whole, or not at all"


async def test_a_shop_with_one_location_reads_any_name_of_it(shop: Shop) -> None:
    data = file(line(18, 20, "Main Street 5", sku=sku_id(shop)))
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert units(shop) == {"main": 18}
    assert "'Main Street 5' is read as 'main'" in notices(answer)
    two = file(line(17, 18, "Here", sku=sku_id(shop)), line(1, 0, "There", sku=sku_id(shop)))
    assert "there is no location 'Here'" in reasons(await take(shop, two))


async def test_columns_that_are_not_taken_in_are_reported(shop: Shop) -> None:
    await with_locations(shop)
    data = file(
        line(8, 5, sku=sku_id(shop), title="ANOTHER NAME", available=50),
        line("", 20, "main", sku=sku_id(shop), available=20),
    )
    answer = await take(shop, data)
    assert not answer.json["faults"]
    assert "`Title` differs from the name here in row 2" in notices(answer)
    assert "do not add up to `On hand (current)` in row 2" in notices(answer)


async def test_a_spreadsheet_of_the_file_is_read(shop: Shop) -> None:
    await with_locations(shop)
    cells = [cell or None for cell in line("", 5, sku=sku_id(shop)).split(",")]
    cells[-1], cells[-2] = 12, 5  # type: ignore[call-overload]
    answer = await apply(shop, book(("inventory", [HEAD.split(","), cells])))
    assert answer.status == 200, answer.json
    assert units(shop)["berlin"] == 12


@pytest.mark.parametrize(
    "data",
    [
        HEAD,
        file(line(8, 5) + ",more,cells"),
        file("x"),
        file(""),
        file(line(8, 5) * 50),
        file(line(8, 5), line(9, 5)),
        HEAD.replace("SKU", "Sku") + "\r\n,,,,,,,,,,,,,,,,,,\r\n,",
    ],
)
async def test_odd_files_are_answered(shop: Shop, data: str) -> None:
    await with_locations(shop)
    answer = await take(shop, data)
    assert answer.status in (200, 400), answer.json


async def test_two_rows_for_one_size_and_location_are_a_fault(shop: Shop) -> None:
    await with_locations(shop)
    mine = sku_id(shop)
    data = file(line(8, 5, sku=mine), line(9, 5, "berlin", sku=f"{HOODIE}-M"))
    assert "at berlin is already in row 2" in reasons(await take(shop, data))
