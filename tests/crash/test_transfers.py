"""Transfers over real servers: a kill in the middle, and two servers on one PostgreSQL."""

import asyncio
import random
from typing import Any

import httpx
import pytest

from bench.shops import BenchShop, Places
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Level
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.support.server import Server
from tests.web.shops import HOODIE, catalogue

pytestmark = pytest.mark.crash

PASSWORD = "password of transfers"
ENV = {"ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT": "off"}
SIZE = {"productId": HOODIE, "size": "L"}
UNITS = 58
PATH = "/api/admin/transfers"
KILLS = 3


@pytest.fixture
def shop(places: Places, name: str) -> BenchShop:
    """A shop with two locations, whose server is not started yet."""
    berlin = AddLocation(location=Location("berlin", "Berlin", priority=2))
    return places.shop(name, [*catalogue(), berlin])


class Sender:
    """Sends transfers until the server dies, and remembers what it answered."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.chance = random.Random(seed)
        self.answered: dict[str, dict[str, Any]] = {}
        self.unknown: list[tuple[str, dict[str, Any], str]] = []
        self.keys = 0
        self.seed = seed

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {PASSWORD}"}
        async with httpx.AsyncClient(
            base_url=self.server.url, headers=headers, timeout=10
        ) as client:
            while await self._one(client):
                pass

    async def _one(self, client: httpx.AsyncClient) -> bool:
        """One transfer from its plan to its end; False if the server has ended."""
        line = {**SIZE, "quantity": self.chance.randrange(1, 4)}
        way = self.chance.choice((("main", "berlin"), ("berlin", "main")))
        steps: list[tuple[str, dict[str, Any]]] = [
            ("/send", {}),
            ("/receive", {"lines": [{**SIZE, "accepted": 1}]}),
            ("/close", {"outcome": "came_back"}),
        ]
        made = await self._post(client, "", {"from": way[0], "to": way[1], "lines": [line]})
        if made is None:
            return False
        for path, body in steps:
            if "transfer" not in made:
                return True  # refused: too few units are free
            made = await self._post(client, path, {"id": made["transfer"]["id"], **body})
            if made is None:
                return False
        return True

    async def _post(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any]
    ) -> dict[str, Any] | None:
        self.keys += 1
        key = f"{self.seed}-{self.keys}"
        try:
            answer = await client.post(PATH + path, json=body, headers={"Idempotency-Key": key})
        except httpx.HTTPError:
            self.unknown.append((path, body, key))
            return None
        answered: dict[str, Any] = answer.json()
        assert answer.status_code in (200, 409), answered
        if answer.status_code == 200:
            self.answered[answered["transfer"]["id"]] = answered["transfer"]
        return answered


async def assert_sound(shop: BenchShop, sender: Sender) -> None:
    """Every unit has a location, and each answered step of a transfer is stored."""
    store = open_store(shop.target)
    await store.open(system_clock())
    try:
        verification = await verify_store(store)
        assert verification.findings == []
        units = [row.on_hand async for row in store.scan(Level) if row.sku == f"{HOODIE}/L"]
        assert sum(units) == UNITS
        for id_, answered in sender.answered.items():
            stored = await store.find(Transfer, id_)
            assert stored is not None
            assert stored.version >= answered["version"]
    finally:
        await store.close()


def test_transfers_survive_kill_9_in_the_middle(shop: BenchShop) -> None:
    with shop.server(env=ENV) as server:
        for seed in range(KILLS):
            sender = Sender(server, seed)
            asyncio.run(killed(server, sender, 4 + 3 * seed))
            assert sender.unknown
            asyncio.run(assert_sound(shop, sender))
            server.start()
            asyncio.run(repeated(server, sender))
        server.kill()
        asyncio.run(assert_sound(shop, sender))


async def killed(server: Server, sender: Sender, transfers: int) -> None:
    """Kills the server during the last of the transfers or the next one."""
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(60):
        while len(sender.answered) < transfers and not running.done():
            await asyncio.sleep(0.001)
    server.kill()
    await running


async def repeated(server: Server, sender: Sender) -> None:
    """Sends the requests without an answer again: with its key each has one effect."""
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
        for path, body, key in sender.unknown:
            answers = [
                await client.post(PATH + path, json=body, headers={"Idempotency-Key": key})
                for _ in range(2)
            ]
            assert answers[0].status_code in (200, 409), answers[0].text
            assert answers[0].status_code == answers[1].status_code
            if answers[0].status_code == 200:
                assert answers[0].json() == answers[1].json()


@pytest.mark.postgres
async def test_two_servers_send_the_last_units_once(places: Places) -> None:
    berlin = AddLocation(location=Location("berlin", "Berlin", priority=2))
    shop = await asyncio.to_thread(places.shop, "postgres", [*catalogue(), berlin])
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    with shop.server(env=ENV) as first, shop.server(env=ENV) as second:
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            body = {"from": "main", "to": "berlin", "lines": [{**SIZE, "quantity": UNITS}]}
            made = [await client.post(server.url + PATH, json=body) for server in (first, second)]
            ids = [answer.json()["transfer"]["id"] for answer in made]
            sent = await asyncio.gather(
                *(
                    client.post(f"{server.url}{PATH}/send", json={"id": id_})
                    for server, id_ in zip((first, second), ids, strict=True)
                )
            )
            assert sorted(answer.status_code for answer in sent) == [200, 409]
            (winner,) = [row.json()["transfer"] for row in sent if row.status_code == 200]
            receipt = {
                "id": winner["id"],
                "version": winner["version"],
                "lines": [{**SIZE, "accepted": UNITS}],
            }
            got = await asyncio.gather(
                *(
                    client.post(f"{server.url}{PATH}/receive", json=receipt)
                    for server in (first, second)
                )
            )
            assert sorted(answer.status_code for answer in got) == [200, 409]
            (loser,) = [row.json() for row in got if row.status_code == 409]
            assert loser["code"] == "stale"
            assert loser["transfer"]["lines"][0]["accepted"] == UNITS
    store = open_store(shop.target)
    await store.open(system_clock())
    try:
        assert (await verify_store(store)).findings == []
        units = {row.location: row.on_hand async for row in store.scan(Level) if "/L" in row.sku}
        assert units["berlin"] == UNITS
        assert units["berlin:in_transit"] == 0
    finally:
        await store.close()
