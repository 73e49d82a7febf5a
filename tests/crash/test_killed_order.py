"""Kill -9 between a sale and its order, and during a shipment: no change is incomplete."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bench.buyers import RESERVE, WEBHOOK
from bench.client import Broken, Client, paid, signed
from bench.killstorm import verify
from bench.shops import PASSWORD, WEBHOOK_SECRET, Places, large
from tests.crash.test_killed_drop import DROP

pytestmark = pytest.mark.crash

ORDERS = "/api/admin/orders"
OWNER = {"Authorization": f"Bearer {PASSWORD}"}
LATER = {"FULFILMENT": "on_shipment"}

# The real program, which kills itself once a file is there: after the units of a payment are sold
# and before its order is written, or in the commit of a shipment before its answer.
SCRIPT = """
import os, pathlib, signal
from fancymonkey.core.orders import ship
from fancymonkey.core.payments import paid
from fancymonkey.engine.engine import Engine
trap = pathlib.Path(FILE)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
opened = paid.open_order
def open_order(*arguments):
    if trap.exists() and trap.read_text() == "order":
        die()
    return opened(*arguments)
paid.open_order = open_order
publish = Engine.publish
def published(self, commands, commit):
    shipped = any(isinstance(one, ship.ShipOrder) for one in commands)
    if shipped and trap.exists() and trap.read_text() == "shipment":
        die()
    return publish(self, commands, commit)
Engine.publish = published
from fancymonkey.cli import main
main()
"""


def run(port: int, work: Callable[[Client], Awaitable[None]]) -> None:
    async def done() -> None:
        with Client(port) as client:
            await work(client)

    asyncio.run(done())


async def orders(client: Client) -> list[dict[str, object]]:
    answer = await client.send(b"GET", ORDERS, b"", OWNER)
    assert answer.status == 200
    orders: list[dict[str, object]] = answer.json["orders"]
    return orders


def test_a_sale_has_its_order_or_never_happened(places: Places, name: str, tmp_path: Path) -> None:
    shop = places.shop(name, [*large(10), DROP])
    trap = tmp_path / "trap"
    trap.write_text("order")
    script = SCRIPT.replace("FILE", repr(str(trap)))
    event = signed(WEBHOOK_SECRET, paid("evt 1", "buyer"))

    async def buy(client: Client) -> None:
        body = {"productId": "prod_drop", "size": "M", "quantity": 3, "sessionId": "buyer"}
        assert (await client.post(RESERVE, body)).status == 200
        assert await orders(client) == []
        with pytest.raises(Broken):
            await client.post(WEBHOOK, *event)

    async def nothing_then_again(client: Client) -> None:
        shown = (await client.get("/api/inventory/get?productId=prod_drop")).json["inventory"]
        assert shown[0]["totals"] == {"stock": 20, "reserved": 3, "available": 17}
        assert await orders(client) == []
        for _ in range(2):
            assert (await client.post(WEBHOOK, *event)).status == 200
        (order,) = await orders(client)
        assert (order["number"], order["status"]) == (1, "to_ship")

    with shop.server(script=script, env=LATER) as server:
        run(server.port, buy)
        assert server.wait() == -signal.SIGKILL
    trap.unlink()
    with shop.server(env=LATER) as server:
        run(server.port, nothing_then_again)
        verify(shop)


def test_a_shipment_whose_answer_was_never_sent(places: Places, name: str, tmp_path: Path) -> None:
    shop = places.shop(name, [*large(10), DROP])
    trap = tmp_path / "trap"
    script = SCRIPT.replace("FILE", repr(str(trap)))
    key = {**OWNER, "Idempotency-Key": "ship-1"}
    line = {"productId": "prod_drop", "size": "M", "quantity": 1}

    async def ship(client: Client) -> None:
        body = {"productId": "prod_drop", "size": "M", "quantity": 3, "sessionId": "buyer"}
        assert (await client.post(RESERVE, body)).status == 200
        event = signed(WEBHOOK_SECRET, paid("evt 1", "buyer"))
        assert (await client.post(WEBHOOK, *event)).status == 200
        trap.write_text("shipment")
        with pytest.raises(Broken):
            await client.post(f"{ORDERS}/ship", {"id": "1", "lines": [line]}, key)

    async def again(client: Client) -> None:
        for _ in range(2):
            answer = await client.post(f"{ORDERS}/ship", {"id": "1", "lines": [line]}, key)
            assert answer.status == 200
            (units,) = answer.json["order"]["allocations"]
            assert (units["shipped"], units["open"]) == (1, 2)
        shown = (await client.get("/api/inventory/get?productId=prod_drop")).json["inventory"]
        assert shown[0]["totals"] == {"stock": 19, "reserved": 0, "available": 17}

    with shop.server(script=script, env=LATER) as server:
        run(server.port, ship)
        assert server.wait() == -signal.SIGKILL
    trap.unlink()
    with shop.server(env=LATER) as server:
        run(server.port, again)
        verify(shop)
