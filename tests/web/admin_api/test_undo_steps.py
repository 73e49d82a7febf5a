"""The undo of several changes one after the other, the latest first, as Ctrl+Z does."""

from typing import Any

import pytest

from tests.payments.conftest import OWNER
from tests.web.admin_api.test_changes import ROW, change, undo
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop

NAME = "MIDNIGHT EMERALD HOODIE"


async def act_of(shop: Shop, **row: Any) -> str:
    answer = await change(shop, row)
    assert answer.json["success"], answer
    change_id: str = answer.json["changeId"]
    return change_id


async def stock(shop: Shop) -> int:
    stock: int = (await shop.size())["stock"]
    return stock


async def bulk(shop: Shop, action: str, **changes: Any) -> str:
    body = {"action": action, "filter": {"productIds": [HOODIE]}, "changes": changes}
    answer = await shop.client.post("/api/inventory/bulk-update", body, OWNER)
    change_id: str = answer.json["changeId"]
    return change_id


async def imported(shop: Shop, count: int) -> str:
    table = f"productId,size,stock\n{HOODIE},M,{count}\n".encode()
    answer = await shop.client.post("/api/admin/import?mode=apply", table, OWNER)
    assert answer.status == 200, answer
    change_id: str = answer.json["changeId"]
    return change_id


async def done(shop: Shop, act: str, **more: Any) -> str:
    """Undoes a change; returns the id of the undo."""
    answer = await undo(shop, act, **more)
    assert answer.status == 200, answer
    change_id: str = answer.json["changeId"]
    return change_id


@pytest.mark.parametrize("numbers", [(9, 30), (25, 30, 40), (1, 2, 3, 4, 5), (30, 9, 30, 9)])
async def test_counts_are_undone_one_after_the_other(
    any_shop: Shop, numbers: tuple[int, ...]
) -> None:
    acts = [await act_of(any_shop, stock=number) for number in numbers]
    for act, before in zip(reversed(acts), [*reversed(numbers[:-1]), 20], strict=True):
        await done(any_shop, act)
        assert await stock(any_shop) == before
    await any_shop.check()


async def test_bulk_and_import_changes_are_steps_too(shop: Shop) -> None:
    acts = [
        await act_of(shop, stock=25),
        await bulk(shop, "set", stock=40),
        await imported(shop, 33),
        await bulk(shop, "adjust", stock=7),
        await act_of(shop, adjustStock=-1),
    ]
    assert await stock(shop) == 39
    for act, before in zip(reversed(acts), (40, 33, 40, 25, 20), strict=True):
        await done(shop, act)
        assert await stock(shop) == before
    await shop.check()


async def test_a_count_of_another_user_in_between_is_kept(shop: Shop) -> None:
    first = await act_of(shop, stock=25)
    other = await act_of(shop, stock=22)  # by another user
    last = await act_of(shop, stock=30)
    await done(shop, last)
    assert await stock(shop) == 22
    refused = await undo(shop, first)
    assert refused.code == "cannot_undo"
    assert refused.json["detail"] == (
        f"This change cannot be undone. {NAME} M: The stock was counted since: 22 on hand."
    )
    assert refused.json["rest"] == 0
    assert await stock(shop) == 22
    await done(shop, other)
    await done(shop, first)
    assert await stock(shop) == 20


async def test_sales_in_between_stay_sold(shop: Shop) -> None:
    first = await act_of(shop, stock=25)
    await shop.reserve("cs_1", quantity=3)
    last = await act_of(shop, stock=30)
    await done(shop, last)
    await done(shop, first)
    size = await shop.size()
    assert (size["stock"], size["reserved"]) == (20, 3)


async def test_a_repeated_change_counts_again(shop: Shop) -> None:
    first = await act_of(shop, stock=25)
    last = await act_of(shop, stock=30)
    undoing = await done(shop, last)
    redoing = await done(shop, undoing)
    assert await stock(shop) == 30
    assert (await undo(shop, first)).code == "cannot_undo"
    await done(shop, redoing)
    await done(shop, first)
    assert await stock(shop) == 20


async def test_undone_and_done_again_many_times(shop: Shop) -> None:
    first = await act_of(shop, stock=25)
    step = await act_of(shop, stock=30)
    for number in range(1, 100):
        step = await done(shop, step)
        assert await stock(shop) == (25 if number % 2 else 30)
    await done(shop, first)
    assert await stock(shop) == 20


async def test_a_partly_undone_change_counts_for_its_other_rows(shop: Shop) -> None:
    """Of the bulk change M was restored, and S, which was counted since, was not."""
    first = await bulk(shop, "set", stock=50)
    second = await bulk(shop, "set", stock=60)
    await change(shop, {"size": "S", "stock": 61})
    refused = await undo(shop, second)
    assert refused.json["rest"] == 3
    assert refused.json["detail"].startswith("1 of 4 rows cannot be undone. " + NAME + " S: ")
    await done(shop, second, partial=True)
    refused = await undo(shop, first)
    assert [row["size"] for row in refused.json["failed"]] == ["S"]
    await done(shop, first, partial=True)
    rows = (await shop.client.get(f"/api/inventory/get?productId={HOODIE}")).json["inventory"]
    stocks = {row["size"]: row["stock"] for row in rows[0]["sizes"]}
    assert stocks == {"S": 61, "M": 20, "L": 58, "XL": 0}


@pytest.mark.parametrize(
    ("first", "since", "words"),
    [
        ({"lowStockThreshold": 7}, {"lowStockThreshold": 8}, "The threshold was changed again"),
        ({"soldOut": True}, {"soldOut": False}, "“Sold out” was changed again. It is now no."),
        ({"adjustStock": 5}, {"stock": 2}, "The stock was counted since: 2 on hand."),
    ],
)
async def test_a_refusal_speaks_of_the_product_in_words(
    shop: Shop, first: dict[str, Any], since: dict[str, Any], words: str
) -> None:
    act = await act_of(shop, **first)
    await change(shop, since)
    refused: Answer = await undo(shop, act)
    assert f"{NAME} M: {words}" in refused.json["detail"]
    for name in ("failed", "prod_", "lowStockThreshold", "soldOut"):
        assert name not in refused.json["detail"]
    assert refused.json["failed"][0] | {"reason": ""} == {**ROW, "name": NAME, "reason": ""}


async def test_a_refusal_of_many_rows_names_three(shop: Shop) -> None:
    act = await bulk(shop, "set", stock=50)
    await bulk(shop, "set", stock=60)
    detail = (await undo(shop, act)).json["detail"]
    assert detail.startswith("4 of 4 rows cannot be undone. ")
    assert detail.count(NAME) == 3
    assert detail.endswith("And 1 more.")
