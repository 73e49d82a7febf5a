"""Bundles in reserve: held as their parts, refused with the scarce part, chosen by the buyer."""

import asyncio
from typing import Any

import pytest

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.model import TurnedAway
from tests.payments.conftest import OWNER
from tests.web.admin_api.test_bundles import (
    HOODIE_AND_TEE,
    SET,
    TEE,
    add,
    change,
    choose,
    fixed,
    option,
    part,
    shown,
)
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop


async def reserve(shop: Shop, session: str, quantity: int = 1, **more: Any) -> Answer:
    body = {"productId": SET, "size": "OS", "quantity": quantity, "sessionId": session, **more}
    return await shop.client.post("/api/inventory/reserve", body)


async def basket(shop: Shop, session: str, *lines: dict[str, Any]) -> Answer:
    body = {"sessionId": session, "lines": list(lines)}
    return await shop.client.post("/api/inventory/reserve", body)


async def sales(shop: Shop) -> tuple[int, int]:
    row = await shop.engine.store.find(BundleSales, f"{SET}/OS")
    return (0, 0) if row is None else (row.held, row.sold)


async def test_a_bundle_is_held_as_its_parts_and_released(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)
    held = await reserve(any_shop, "s", 2)
    assert held.status == 200, held
    assert held.json["reservation"]["quantity"] == 2
    assert held.json["reservation"]["allocations"] == [
        {"productId": HOODIE, "size": "M", "quantity": 2, "location": "main"},
        {"productId": TEE, "size": "M", "quantity": 4, "location": "main"},
    ]
    row = await shown(any_shop)
    assert (row["stock"], row["available"], row["reserved"]) == (18, 18, 2)
    assert (await any_shop.size("M", TEE))["reserved"] == 4
    assert await sales(any_shop) == (2, 0)
    refused = await change(any_shop, None)
    assert (refused.status, refused.code) == (409, "live_holds")
    off_sale = {"productId": SET, "archived": True}
    archived = await any_shop.client.post("/api/admin/products/archive", off_sale, OWNER)
    assert (archived.status, archived.code) == (409, "live_holds")
    assert (await any_shop.release("s")).json["released"] == 2
    assert (await shown(any_shop))["available"] == 20
    assert await sales(any_shop) == (0, 0)
    assert (await change(any_shop, None)).status == 200
    await any_shop.check()


async def test_a_refusal_counts_bundles_and_names_the_scarce_part(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)
    refused = await reserve(any_shop, "s", 21)
    assert (refused.status, refused.code) == (409, "insufficient_stock")
    assert refused.json["lines"] == [
        {
            "productId": SET,
            "size": "OS",
            "requested": 21,
            "available": 20,
            "scarce": [{"productId": HOODIE, "size": "M"}],
        }
    ]
    await any_shop.engine._flush_demand()
    rows = {row.sku: row.requests async for row in any_shop.engine.store.scan(TurnedAway)}
    assert rows == {f"{SET}/OS": 1, f"{HOODIE}/M": 1}


async def test_t1_t20_a_bundle_and_its_part_compete_in_one_basket(any_shop: Shop) -> None:
    await add(any_shop, fixed(part(HOODIE, "S", 2)))
    both = (
        {"productId": SET, "size": "OS", "quantity": 1},
        {"productId": HOODIE, "size": "S", "quantity": 2},
    )
    for lines in (both, both[::-1]):
        refused = await basket(any_shop, "s", *lines)
        assert (refused.status, refused.code) == (409, "insufficient_stock")
        assert (await any_shop.size("S"))["reserved"] == 0
    fits = ({**both[0]}, {**both[1], "quantity": 1})
    assert (await basket(any_shop, "s", *fits)).status == 200
    assert (await any_shop.size("S"))["reserved"] == 3
    await any_shop.check()


async def test_t4_a_part_that_two_bundles_share_is_held_once_for_each(any_shop: Shop) -> None:
    await add(any_shop, fixed(part(HOODIE, "S"), part(TEE)))
    await add(any_shop, fixed(part(HOODIE, "S"), part(TEE, quantity=3)), product="prod_set_011")
    lines = [
        {"productId": product, "size": "OS", "quantity": 1} for product in (SET, "prod_set_011")
    ]
    assert (await basket(any_shop, "s", *lines)).status == 200
    assert (await any_shop.size("S"))["reserved"] == 2
    assert (await any_shop.size("M", TEE))["reserved"] == 4
    await any_shop.check()


async def test_options_are_chosen_per_bundle(any_shop: Shop) -> None:
    await add(any_shop, choose(3, option(HOODIE, "S", 2), option(HOODIE, "M", 3), option(TEE)))
    assert (await reserve(any_shop, "s")).code == "invalid_choices"
    picked = [
        {"productId": HOODIE, "size": "S", "quantity": 1},
        {"productId": HOODIE, "size": "M", "quantity": 2},
    ]
    held = await reserve(any_shop, "s", 2, choices=picked)
    assert held.status == 200, held
    assert (await any_shop.size("S"))["reserved"] == 2
    assert (await any_shop.size("M"))["reserved"] == 4
    line = {"productId": SET, "size": "OS", "quantity": 1, "choices": picked}
    assert (await basket(any_shop, "t", line)).status == 200
    short = await basket(any_shop, "u", line)
    assert short.json["lines"][0]["scarce"] == [{"productId": HOODIE, "size": "S"}]
    wrong = await reserve(
        any_shop, "v", choices=[{"productId": "none", "size": "X", "quantity": 3}]
    )
    assert (wrong.status, wrong.code) == (422, "invalid_choices")
    await any_shop.check()


async def test_pre_built_bundles_are_sold_first_and_together_with_others(any_shop: Shop) -> None:
    await add(any_shop, fixed(part(HOODIE, "S")))
    assemble = {"productId": SET, "size": "OS", "quantity": 2}
    assert (
        await any_shop.client.post("/api/admin/bundles/assemble", assemble, OWNER)
    ).status == 200
    assert (await shown(any_shop))["available"] == 3
    first = await reserve(any_shop, "s", 1)
    assert first.json["reservation"]["allocations"][0]["productId"] == SET
    assert (await any_shop.size("S"))["reserved"] == 0
    more = await reserve(any_shop, "s", 3)
    assert more.status == 200, more
    assert (await any_shop.size("S"))["reserved"] == 1
    assert (await shown(any_shop))["available"] == 0
    refused = await reserve(any_shop, "t", 1)
    assert refused.json["lines"][0]["available"] == 0
    await any_shop.check()


async def test_sales_end_at_the_maximum_of_all_sales(any_shop: Shop) -> None:
    await add(any_shop, fixed(part(HOODIE), maxSold=3))
    assert (await shown(any_shop))["available"] == 3
    assert (await reserve(any_shop, "s", 2)).status == 200
    refused = await reserve(any_shop, "t", 2)
    assert (refused.status, refused.json["lines"][0]["available"]) == (409, 1)
    assert (await reserve(any_shop, "s", 3)).status == 200
    assert (await reserve(any_shop, "t", 1)).status == 409
    await any_shop.release("s")
    assert (await reserve(any_shop, "t", 3)).status == 200
    await any_shop.check()


async def test_two_bundles_of_a_basket_leave_the_units_to_keep_together(any_shop: Shop) -> None:
    """20 hoodies, 15 of them for single sale: two sets and three others take the rest."""
    other = "prod_set_011"
    await add(any_shop, fixed(part(HOODIE, keep=15), part(TEE)))
    await add(any_shop, fixed(part(HOODIE, keep=15)), product=other)

    def lines(first: int, second: int) -> list[dict[str, Any]]:
        return [part(SET, "OS", first), part(other, "OS", second)]

    refused = await basket(any_shop, "s", *lines(3, 3))
    assert (refused.status, refused.code) == (409, "insufficient_stock")
    rows = {row["productId"]: row for row in refused.json["lines"]}
    assert [rows[id_]["available"] for id_ in (SET, other)] == [2, 2]
    assert rows[SET]["scarce"] == [{"productId": HOODIE, "size": "M"}]
    assert (await basket(any_shop, "s", *lines(2, 3), part(HOODIE, "M", 15))).status == 200
    assert (await any_shop.size())["available"] == 0
    await any_shop.check()


async def test_b17_a_hold_keeps_the_parts_of_its_version(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)
    await reserve(any_shop, "s", 1)
    assert (await change(any_shop, fixed(part(HOODIE, "L")))).status == 200
    assert (await any_shop.size("M", TEE))["reserved"] == 2
    assert (await any_shop.size("L"))["reserved"] == 0
    await reserve(any_shop, "t", 1)
    assert (await any_shop.size("L"))["reserved"] == 1
    hold = await any_shop.engine.store.reservation("s")
    assert hold is not None
    assert {row.version for row in hold.parts or ()} == {1}
    await any_shop.release("s")
    assert (await any_shop.size("M", TEE))["reserved"] == 0
    await any_shop.check()


async def test_b22_an_expired_bundle_is_free_for_the_next_buyer(any_shop: Shop) -> None:
    await add(any_shop, fixed(part(HOODIE, "S", 3)))
    await reserve(any_shop, "s", 1)
    assert (await reserve(any_shop, "t", 1)).status == 409
    any_shop.clock.forward(1801)
    assert (await shown(any_shop))["available"] == 1
    assert (await reserve(any_shop, "t", 1)).status == 200
    assert (await reserve(any_shop, "s", 1)).status == 409
    assert await sales(any_shop) == (1, 0)
    await any_shop.check()


@pytest.mark.parametrize("parts", [1, 3])
async def test_a_scarce_part_is_sold_completely_through_bundles_and_alone(
    any_shop: Shop, parts: int
) -> None:
    """500 buyers at once for 20 of a part: alone, and through three bundles of it."""
    for number in range(3):
        others = [part(TEE, quantity=1)] * (parts > 1)
        await add(any_shop, fixed(part(HOODIE), *others), product=f"prod_set_{number}", size="OS")

    def request_body(number: int) -> dict[str, Any]:
        kind = number % 4
        product, size = (HOODIE, "M") if kind == 3 else (f"prod_set_{kind}", "OS")
        return {"productId": product, "size": size, "quantity": 1, "sessionId": f"s{number}"}

    answers = await asyncio.gather(
        *(
            any_shop.client.post("/api/inventory/reserve", request_body(number))
            for number in range(500)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] * 20 + [409] * 480
    row = await any_shop.size("M")
    assert (row["available"], row["reserved"]) == (0, 20)
    await any_shop.check()


async def test_history_and_holds_name_the_bundle(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)
    await reserve(any_shop, "s", 2)
    await any_shop.reserve("t", quantity=1)
    bundle = {"productId": SET, "size": "OS", "quantity": 2, "name": "THE SET"}
    history = await any_shop.client.get(f"/api/admin/history?sku={TEE}/M", OWNER)
    entry = history.json["entries"][0]
    assert (entry["change"], entry["partOf"]) == ({"reserved": 4}, [bundle])
    alone = await any_shop.client.get(f"/api/admin/history?sku={HOODIE}/M", OWNER)
    assert ["partOf" in row for row in alone.json["entries"]][:2] == [False, True]
    holds = (await any_shop.client.get("/api/admin/holds", OWNER)).json["holds"]
    (line,) = next(hold for hold in holds if hold["sessionId"] == "s")["lines"]
    assert [(row["size"], row["quantity"]) for row in line["parts"]] == [("M", 2), ("M", 4)]
