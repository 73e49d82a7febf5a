"""500 buyers for 20 units: exactly 20 are sold, on each store, with one server and with two."""

import asyncio
from collections import Counter

import pytest

from bench.buyers import RESERVE, WEBHOOK
from bench.client import Client, paid, signed
from bench.killstorm import verify
from bench.shops import WEBHOOK_SECRET, Places, large
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product

pytestmark = pytest.mark.crash

BUYERS, UNITS = 500, 20
DROP = UpsertProduct(
    product=Product("prod_drop", "The drop", "drops"),
    location=DEFAULT_LOCATION,
    items=(NewItem(Item("prod_drop/M", "prod_drop", "M"), UNITS),),
)


def test_500_buyers_for_20_units(places: Places, name: str) -> None:
    shop = places.shop(name, [*large(10), DROP])
    with shop.server() as server:
        asyncio.run(drop([server.port]))
        verify(shop)


@pytest.mark.postgres
def test_500_buyers_for_20_units_on_two_servers(places: Places) -> None:
    shop = places.shop("postgres", [*large(10), DROP])
    with shop.server() as first, shop.server() as other:
        asyncio.run(drop([first.port, other.port]))
        verify(shop)


@pytest.mark.postgres
def test_500_buyers_for_20_units_with_two_workers(places: Places) -> None:
    shop = places.shop("postgres", [*large(10), DROP])
    with shop.server(workers=2) as server:
        asyncio.run(drop([server.port]))
        verify(shop)


async def drop(ports: list[int]) -> None:
    """All buyers at once; a buyer with a hold pays, and Stripe reports it twice."""
    clients = [Client(port) for port in ports]
    answers: Counter[tuple[int, str]] = Counter()

    async def buyer(number: int) -> None:
        client, session = clients[number % len(clients)], f"buyer {number}"
        body = {"productId": "prod_drop", "size": "M", "quantity": 1, "sessionId": session}
        answer = await client.post(RESERVE, body)
        answers[answer.status, answer.json.get("code", "")] += 1
        if answer.status == 200:
            event = signed(WEBHOOK_SECRET, paid(f"evt {number}", session))
            both = [await client.post(WEBHOOK, *event) for _ in range(2)]
            assert [report.status for report in both] == [200, 200]
            assert [report.json["duplicate"] for report in both] == [False, True]
        elif answer.status == 409:
            line = answer.json["lines"][0]
            assert (line["requested"], line["available"]) == (1, 0)

    try:
        await asyncio.gather(*(buyer(number) for number in range(BUYERS)))
        assert answers == {(200, ""): UNITS, (409, "insufficient_stock"): BUYERS - UNITS}
        for client in clients:
            shown = (await client.get("/api/inventory/get?productId=prod_drop")).json["inventory"]
            totals = shown[0]["totals"]
            assert totals == {"stock": 0, "reserved": 0, "available": 0}
    finally:
        for client in clients:
            client.close()
