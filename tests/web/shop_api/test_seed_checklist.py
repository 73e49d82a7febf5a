"""The testing checklist of the specification: every item without a browser, by its name."""

import asyncio

from tests.web.shops import HOODIE, PASSWORD, TTL, Shop
from tests.web.signing import deliver, event


async def test_concurrent_checkout_attempts_for_same_item(any_shop: Shop) -> None:
    answers = await asyncio.gather(*[any_shop.reserve(f"buyer_{n}") for n in range(500)])
    assert sorted({answer.status for answer in answers}) == [200, 409]
    assert sum(answer.status == 200 for answer in answers) == 20
    assert {answer.code for answer in answers if answer.status == 409} == {"insufficient_stock"}
    size = await any_shop.size()
    assert (size["stock"], size["reserved"], size["available"]) == (20, 20, 0)
    await any_shop.check()


async def test_stock_goes_to_0_so_that_the_size_is_out_of_stock(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=20)
    assert (await any_shop.size())["isOutOfStock"] is True  # a page disables the size by this
    assert (await any_shop.size())["isLowStock"] is False
    await any_shop.release("cs_1")
    assert (await any_shop.size())["isOutOfStock"] is False
    await any_shop.update({"stock": 0})
    assert (await any_shop.size())["isOutOfStock"] is True


async def test_low_stock_warning_appears_correctly(any_shop: Shop) -> None:
    for left, low in ((6, False), (5, True), (1, True), (0, False)):
        await any_shop.reserve("cs_1", quantity=20 - left)
        size = await any_shop.size()
        assert (size["available"], size["isLowStock"]) == (left, low)


async def test_reservation_expires_after_30_min(any_shop: Shop) -> None:
    held = await any_shop.reserve("cs_1", quantity=20)
    assert held.json["reservation"]["expiresInMinutes"] == 30
    any_shop.clock.now += TTL - 1
    assert (await any_shop.size())["available"] == 0
    assert (await any_shop.reserve("cs_2")).status == 409
    any_shop.clock.now += 1
    assert (await any_shop.size())["available"] == 20
    assert (await any_shop.reserve("cs_2", quantity=20)).status == 200
    await any_shop.check()


async def test_webhook_decreases_stock_on_purchase(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    answer = await deliver(any_shop, event("completed", "cs_1"))
    assert (answer.status, answer.json["outcome"]) == (200, "done")
    size = await any_shop.size()
    assert (size["stock"], size["reserved"], size["available"]) == (18, 0, 18)
    await any_shop.check()


async def test_admin_update_reflects_immediately(any_shop: Shop) -> None:
    answer = await any_shop.update({"stock": 33})
    assert answer.json["results"]["details"]["successful"][0]["stock"] == 33
    assert (await any_shop.size())["stock"] == 33


async def test_bulk_update_affects_correct_products(any_shop: Shop) -> None:
    async def stock() -> dict[str, list[int]]:
        listed = (await any_shop.client.get("/api/inventory/get")).json["inventory"]
        return {row["productId"]: [size["stock"] for size in row["sizes"]] for row in listed}

    await any_shop.bulk("set", filter={"category": "hoodies"}, changes={"stock": 4})
    assert await stock() == {HOODIE: [4] * 4, "prod_hoodie_002": [4] * 2, "prod_tee_001": [100]}
    await any_shop.bulk("adjust", filter={"lowStockOnly": True}, changes={"stock": 10})
    assert await stock() == {HOODIE: [14] * 4, "prod_hoodie_002": [14] * 2, "prod_tee_001": [100]}
    await any_shop.bulk("adjust", filter={"productIds": ["prod_tee_001"]}, changes={"stock": -1})
    assert (await stock())["prod_tee_001"] == [99]
    for session in ("cs_1", "cs_2"):
        await any_shop.reserve(session, quantity=3)
    await any_shop.reserve("cs_3", product="prod_tee_001")
    await any_shop.bulk("reset", filter={"category": "hoodies"})
    assert (await any_shop.size())["reserved"] == 0
    assert (await any_shop.size(product="prod_tee_001"))["reserved"] == 1
    refused = await any_shop.client.post(
        "/api/inventory/bulk-update",
        {"password": PASSWORD, "action": "delete", "filter": {}, "changes": {}},
    )
    assert refused.status == 422
    await any_shop.check()
