"""Five hundred want twenty of a part, alone and through three bundles: exactly twenty are sold."""

import asyncio
from collections import Counter

import pytest

from bench.client import Client
from bench.killstorm import verify
from bench.shops import Places
from tests.crash.kits import KINDS, OTHER, PLENTY, SCARCE, UNITS, catalogue, pay, reserve

pytestmark = pytest.mark.crash

BUYERS = 500


def test_500_buyers_for_20_of_a_part(places: Places, name: str) -> None:
    shop = places.shop(name, catalogue())
    with shop.server() as server:
        asyncio.run(drop([server.port]))
        verify(shop)


@pytest.mark.postgres
def test_500_buyers_for_20_of_a_part_on_two_servers(places: Places) -> None:
    shop = places.shop("postgres", catalogue())
    with shop.server() as first, shop.server() as other:
        asyncio.run(drop([first.port, other.port]))
        verify(shop)


async def drop(ports: list[int]) -> None:
    """All buyers at once; each buyer with a hold pays."""
    clients = [Client(port) for port in ports]
    answers: Counter[tuple[int, str]] = Counter()
    sold: Counter[str] = Counter()

    async def buyer(number: int) -> None:
        client, kind = clients[number % len(clients)], KINDS[number // len(clients) % len(KINDS)]
        answer = await reserve(client, kind, f"buyer {number}")
        answers[answer.status, answer.json.get("code", "")] += 1
        if answer.status == 200:
            sold[kind] += 1
            assert (await pay(client, f"buyer {number}")).status == 200
        else:
            line = answer.json["lines"][0]
            assert (line["requested"], line["available"]) == (1, 0)

    try:
        await asyncio.gather(*(buyer(number) for number in range(BUYERS)))
        assert answers == {(200, ""): UNITS, (409, "insufficient_stock"): BUYERS - UNITS}
        async with asyncio.timeout(30):
            for client in clients:
                await until_shown(client, sold)
    finally:
        for client in clients:
            client.close()


async def until_shown(client: Client, sold: Counter[str]) -> None:
    """Waits until a server shows that all of the scarce part is sold, and nothing else."""
    meant = {
        SCARCE: {"stock": 0, "reserved": 0, "available": 0},
        OTHER: {"stock": PLENTY - 2 * sold[KINDS[0]], "reserved": 0},
    }
    while True:
        shown = {
            row["productId"]: row["totals"]
            for row in (await client.get("/api/inventory/get")).json["inventory"]
        }
        parts = {id_: {key: shown[id_][key] for key in row} for id_, row in meant.items()}
        if parts == meant and all(shown[kind]["reserved"] == 0 for kind in KINDS):
            return
        await asyncio.sleep(0.02)
