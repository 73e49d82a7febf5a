"""Orders over HTTP: listed, found, shipped, moved, cancelled, returned and erased."""

import re
from typing import Any

import pytest

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Kind
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.store.in_memory.store import MemoryStore
from tests.payments.conftest import OWNER, opened
from tests.web import documented
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop, ledger, running
from tests.web.signing import deliver, event

SKU = f"{HOODIE}/M"
ADDRESS = {
    "line1": "12 St James's Square",
    "line2": None,
    "city": "London",
    "state": None,
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
SESSION: dict[str, Any] = {
    "amount_total": 11600,
    "currency": "usd",
    "payment_intent": "pi_1",
    "customer_details": {"name": "Ada L", "email": "ada@example.com", "address": None},
    "collected_information": {"shipping_details": {"name": "Ada Lovelace", "address": ADDRESS}},
}


async def buy(shop: Shop, name: str = "cs_1", quantity: int = 2, **more: Any) -> None:
    shop.clock.forward(1)
    assert (await shop.reserve(name, quantity=quantity)).status == 200
    session = {**SESSION, **more}
    answer = await deliver(shop, event("completed", name, id_=f"evt_{name}", **session))
    assert answer.status == 200


async def get(shop: Shop, query: str = "", **headers: str) -> Any:
    answer = await shop.client.get(f"/api/admin/orders{query}", {**OWNER, **headers})
    assert answer.status == 200, answer
    return answer.json


async def post(shop: Shop, action: str, key: str = "", **body: Any) -> Answer:
    headers = {**OWNER, "Idempotency-Key": key} if key else OWNER
    return await shop.client.post(f"/api/admin/orders/{action}", body, headers)


async def test_a_payment_makes_an_order_with_its_buyer_and_amount(any_shop: Shop) -> None:
    await buy(any_shop)
    (order,) = (await get(any_shop))["orders"]
    assert (order["number"], order["status"], order["amount"]) == (1, "to_ship", 116.0)
    assert (order["currency"], order["paymentId"], order["intent"]) == ("usd", "cs_1", "pi_1")
    assert order["buyer"]["name"] == "Ada Lovelace"
    assert order["buyer"]["email"] == "ada@example.com"
    assert order["buyer"]["postalCode"] == "SW1Y 4JH"
    (line,) = order["lines"]
    assert (line["name"], line["quantity"], line["price"], line["shipped"]) == (
        "MIDNIGHT EMERALD HOODIE",
        2,
        58,
        0,
    )
    (units,) = order["allocations"]
    assert (units["location"], units["open"]) == (DEFAULT_LOCATION, 2)
    assert (await any_shop.size())["stock"] == 18
    await any_shop.check()


async def test_personal_data_is_in_its_row_alone(any_shop: Shop) -> None:
    await buy(any_shop)
    assert "Lovelace" not in await any_shop.stored_text()
    for entry in await ledger(any_shop.engine.store):
        assert not re.search("lovelace|@", repr(entry), re.IGNORECASE)  # "ada" may be in an id
    answer = await post(any_shop, "erase", id="1")
    assert answer.status == 200
    assert answer.json["order"]["buyer"] is None
    assert answer.json["order"]["erasedAt"] is not None
    assert (await get(any_shop, "?q=lovelace"))["orders"] == []


async def test_an_order_is_shipped_in_parts_and_returned(any_shop: Shop) -> None:
    await buy(any_shop)
    line = {"productId": HOODIE, "size": "M", "quantity": 1}
    answer = await post(
        any_shop, "ship", "k1", id="1", lines=[line], carrier="DHL", trackingNumber="JD1"
    )
    assert answer.status == 200, answer
    assert answer.json["order"]["status"] == "partly_shipped"
    again = await post(
        any_shop, "ship", "k1", id="1", lines=[line], carrier="DHL", trackingNumber="JD1"
    )
    assert again.json == answer.json
    other = await post(any_shop, "ship", "k1", id="1", carrier="UPS")
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")
    order = (await post(any_shop, "ship", id="#1")).json["order"]
    assert order["status"] == "shipped"
    assert [(row["number"], row["carrier"]) for row in order["shipments"]] == [(1, "DHL"), (2, "")]
    more = await post(any_shop, "ship", id="cs_1", lines=[line])
    assert (more.status, more.json["code"]) == (409, "too_many_units")
    assert more.json["lines"] == [
        {"productId": HOODIE, "size": "M", "requested": 1, "available": 0}
    ]
    back = await post(any_shop, "return", id="1", lines=[line], state="damaged", reason="torn")
    assert back.status == 200, back
    assert (await any_shop.size())["available"] == 18
    back = await post(any_shop, "return", id="1", reason="unworn")
    assert back.json["order"]["status"] == "returned"
    assert (await any_shop.size())["available"] == 19
    assert [step["action"] for step in back.json["order"]["history"]] == [
        *("paid", "shipped", "shipped", "returned", "returned")
    ]
    await any_shop.check()


async def test_an_order_moves_and_is_cancelled(any_shop: Shop) -> None:
    await any_shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
    await any_shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=5))
    await buy(any_shop)
    moved = await post(any_shop, "move", id="1", to="berlin")
    assert moved.status == 200, moved
    (units,) = moved.json["order"]["allocations"]
    assert (units["location"], units["open"]) == ("berlin", 2)
    assert [row["id"] for row in moved.json["order"]["locations"]] == ["main", "berlin"]
    assert len((await get(any_shop, "?location=berlin"))["orders"]) == 1
    assert (await get(any_shop, "?location=main"))["orders"] == []
    nowhere = await post(any_shop, "move", id="1", to="nowhere")
    assert (nowhere.status, nowhere.json["code"]) == (404, "unknown_location")
    closing = await any_shop.client.post("/api/admin/locations/close", {"id": "berlin"}, OWNER)
    assert (closing.status, closing.json["code"]) == (409, "location_in_use")
    assert closing.json["orders"] == [1]
    gone = await post(any_shop, "cancel", id="1", reason="changed her mind")
    assert gone.json["order"]["status"] == "cancelled"
    view = any_shop.engine.view.stock_by_location(SKU)
    assert {place: stock.available for place, stock in view.items()} == {"main": 20, "berlin": 5}
    await any_shop.check()


async def test_orders_are_found_and_come_in_pages(any_shop: Shop) -> None:
    for number in range(1, 6):
        await buy(any_shop, f"cs_{number}", quantity=1)
    await post(any_shop, "ship", id="2", trackingNumber="JD55")
    first = await get(any_shop, "?limit=2")
    assert [row["number"] for row in first["orders"]] == [5, 4]
    second = await get(any_shop, f"?limit=2&after={first['next']}")
    assert [row["number"] for row in second["orders"]] == [3, 2]
    third = await get(any_shop, f"?limit=2&after={second['next']}")
    assert ([row["number"] for row in third["orders"]], third["next"]) == ([1], None)
    assert first["counts"] == {
        "to_ship": 4,
        "partly_shipped": 0,
        "shipped": 1,
        "cancelled": 0,
        "returned": 0,
    }
    for query, numbers in (
        ("?status=shipped", [2]),
        ("?q=jd55", [2]),
        ("?q=lovelace", [5, 4, 3, 2, 1]),
        ("?q=emerald+%233", [3]),
        ("?id=cs_4", [4]),
        ("?id=%235", [5]),
        ("?id=nobody", []),
        ("?id=99", []),
    ):
        assert [row["number"] for row in (await get(any_shop, query))["orders"]] == numbers, query


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("ship", {}),
        ("move", {"to": "main"}),
        ("cancel", {}),
        ("return", {}),
        ("erase", {}),
    ],
)
async def test_an_unknown_order_is_404(any_shop: Shop, action: str, body: dict[str, Any]) -> None:
    for name in ("nobody", "12", "#", "9" * 200):
        answer = await post(any_shop, action, id=name, **body)
        assert (answer.status, answer.json["code"]) == (404, "unknown_order"), name


async def test_a_shop_that_ships_later_keeps_units_on_hand() -> None:
    async with running(MemoryStore(), fulfilment="on_shipment", order_data_days=0) as shop:
        await buy(shop)
        row = await shop.size()
        assert (row["stock"], row["available"]) == (20, 18)
        (order,) = (await get(shop))["orders"]
        assert (order["fulfilment"], order["buyer"]) == ("on_shipment", None)
        assert (await shop.reserve("other", quantity=19)).status == 409
        await post(shop, "ship", id="1")
        row = await shop.size()
        assert (row["stock"], row["available"]) == (18, 18)
        kinds = [entry.kind for entry in await ledger(shop.engine.store)]
        assert kinds[-3:] == [Kind.RESERVED, Kind.ALLOCATED, Kind.SHIPPED]
        await shop.check()


async def test_a_buyers_data_is_erased_after_its_days() -> None:
    async with running(MemoryStore(), order_data_days=30) as shop:
        await buy(shop, "cs_1")
        shop.clock.forward(20 * 86_400)
        await buy(shop, "cs_2")
        shop.clock.forward(11 * 86_400)
        answer = await shop.client.get(
            "/api/cron/erase-buyers", {"Authorization": "Bearer cron secret"}
        )
        assert answer.status == 200, answer
        rows = (await get(shop))["orders"]
        assert [row["buyer"] is None for row in rows] == [False, True]


async def test_strange_sessions_open_orders_too(any_shop: Shop) -> None:
    strange = {
        **SESSION,
        "amount_total": "12",
        "currency": 7,
        "customer_details": ["x"],
        "collected_information": {"shipping_details": 3},
        "shipping_details": {"name": "\x07 A\nB" + "c" * 999},
    }
    await any_shop.reserve("cs_1")
    answer = await deliver(any_shop, event("completed", "cs_1", **strange))
    assert answer.status == 200
    (order,) = (await get(any_shop))["orders"]
    assert (order["amount"], order["currency"]) == (None, "")
    assert order["buyer"]["name"].startswith("A Bccc")
    assert len(order["buyer"]["name"]) == 300


async def test_the_samples_are_what_is_really_answered() -> None:
    sent, got = documented.requests("orders"), {}
    async with opened(MemoryStore()) as till:
        client = till.shop.client
        await till.shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
        await till.shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=9))
        for buyer in ("buyer-1", "buyer-2", "buyer-3"):
            ref = (await till.checkout(buyer, quantity=2)).json["sessionId"]
            await till.act(ref, "pay")
        path = "/api/admin/orders"
        got["list_orders"] = await client.get(path, OWNER)
        first, second, third = [order["id"] for order in got["list_orders"].json["orders"]]
        steps = (
            *(("ship", first), ("unship", first), ("ship", first), ("return", first)),
            *(("move", second), ("cancel", second)),
        )
        for action, order in (*steps, ("refund", third), ("erase", third)):
            named = {"erase": "erase_buyer", "unship": "cancel_shipment"}
            name = named.get(action, f"{action}_order")
            got[name] = await client.post(f"{path}/{action}", {**sent[name], "id": order}, OWNER)
    samples = documented.answers("orders")
    assert got.keys() == samples.keys()
    for name, answer in got.items():
        assert answer.status == 200, (name, answer.json)
        assert documented.differs(answer.json, samples[name]) == [], name
