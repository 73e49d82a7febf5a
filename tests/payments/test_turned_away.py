"""A refused checkout counts as turned-away demand, once for each attempt and SKU."""

from typing import Any

import pytest

from fancymonkey.core.model import TurnedAway
from tests.payments.conftest import Till
from tests.web.shops import HOODIE

SKU = f"{HOODIE}/S"


async def counted(till: Till) -> dict[str, tuple[int, int]]:
    """The turned-away demand so far: requests and units by SKU."""
    engine = till.shop.engine
    await engine._flush_demand()
    rows = [row async for row in engine.store.scan(TurnedAway)]
    return {row.sku: (row.requests, row.units) for row in rows}


async def test_a_refused_checkout_counts_like_a_refused_reserve(any_till: Till) -> None:
    assert (await any_till.checkout(size="S", quantity=9)).code == "insufficient_stock"
    assert await counted(any_till) == {SKU: (1, 9)}
    assert (await any_till.shop.reserve("b", "S", 9)).code == "insufficient_stock"
    assert await counted(any_till) == {SKU: (2, 18)}


async def test_each_attempt_counts_and_each_size_of_a_basket(till: Till) -> None:
    lines = [
        {"productId": HOODIE, "size": "S", "quantity": 5},
        {"productId": HOODIE, "size": "XL", "quantity": 1},
        {"productId": HOODIE, "size": "M", "quantity": 1},
    ]
    for _ in range(2):
        answer = await till.shop.client.post("/api/checkout", {"lines": lines})
        assert answer.code == "insufficient_stock"
    assert await counted(till) == {SKU: (2, 10), f"{HOODIE}/XL": (2, 2)}


async def test_a_size_that_is_marked_sold_out_counts(till: Till) -> None:
    await till.shop.update({"size": "S", "soldOut": True})
    assert (await till.checkout(size="S")).code == "sold_out"
    assert await counted(till) == {SKU: (1, 1)}


@pytest.mark.parametrize("held", [True, False])
async def test_replacing_counts_once(till: Till, *, held: bool) -> None:
    if held:
        await till.shop.reserve("before", "M", 1)
    body: dict[str, Any] = {"productId": HOODIE, "size": "S", "quantity": 9, "replaces": "before"}
    answer = await till.shop.client.post("/api/inventory/reserve", {**body, "sessionId": "b2"})
    assert answer.code == "insufficient_stock"
    assert await counted(till) == {SKU: (1, 9)}
    assert (await till.checkout("b3", "S", 9, replaces="before")).code == "insufficient_stock"
    assert await counted(till) == {SKU: (2, 18)}


async def test_other_refusals_and_sales_count_nothing(till: Till) -> None:
    assert (await till.checkout(size="S", quantity=1)).status == 200
    assert (await till.checkout(session="b2", size="none")).status == 404
    assert (await till.shop.client.post("/api/checkout", {"sessionId": "b9"})).status == 404
    till.fake_stripe.faults.change({"api_fail": "400", "api_fail_times": 1})
    assert (await till.checkout(session="b4", size="M")).status == 502
    assert await counted(till) == {}
