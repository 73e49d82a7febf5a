"""Kill -9 in the middle of sales of bundles: all parts of a bundle are sold, or none."""

import asyncio

import pytest

from bench.client import Broken, Client
from bench.killstorm import verify
from bench.shops import BenchShop, Places
from fancymonkey.core.model import Level, Reservation
from fancymonkey.core.orders.rows import Order
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from tests.crash.kits import OTHER, PAIR, PLENTY, SCARCE, TWINS, UNITS, catalogue, pay, reserve
from tests.support.server import Server

pytestmark = pytest.mark.crash

KILLS = 2


class SeenAnswers:
    """The answers that buyers got, and the requests without an answer."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.paid: set[str] = set()
        self.unknown: list[tuple[str, str]] = []
        self.number = 0

    async def run(self, server: Server, done: asyncio.Event, enough: int) -> None:
        """Four buyers at a time buy pairs and twins until the server dies."""
        with Client(server.port) as client:
            await asyncio.gather(*(self._buy(client, done, enough) for _ in range(4)))

    async def _buy(self, client: Client, done: asyncio.Event, enough: int) -> None:
        while True:
            self.number += 1
            session, kind = f"buyer {self.number}", (PAIR, TWINS)[self.number % 2]
            try:
                answer = await reserve(client, kind, session)
                if answer.status == 409:  # all twenty are held or sold: until the server dies
                    continue
                assert answer.status == 200, answer
                self.held[session] = kind
                if self.number % 3 == 0:
                    assert (await pay(client, session)).status == 200
                    self.paid.add(session)
            except Broken:
                self.unknown.append((session, kind))
                return
            if len(self.held) >= enough:
                done.set()

    async def check(self, shop: BenchShop) -> None:
        """Each hold has all of its parts, each payment its order, and no part is lost."""
        store = open_store(shop.target)
        await store.open(system_clock())
        try:
            for session in self.paid:
                hold = await store.reservation(session)
                assert hold is not None
                assert await store.find(Order, hold.reservation_id) is not None
            sold = {SCARCE: 0, OTHER: 0}
            async for hold in store.scan(Reservation):
                units = {row.sku.partition("/")[0]: row.quantity for row in hold.allocations}
                (line,) = hold.lines
                whole = {SCARCE: 1, OTHER: 2} if line.sku == f"{PAIR}/M" else {SCARCE: 1}
                assert units == whole
                if hold.status == "captured":
                    for name, count in units.items():
                        sold[name] += count
            levels = {row.sku: row.on_hand async for row in store.scan(Level)}
            assert levels[f"{SCARCE}/M"] == UNITS - sold[SCARCE]
            assert levels[f"{OTHER}/M"] == PLENTY - sold[OTHER]
        finally:
            await store.close()


async def killed(server: Server, sales: SeenAnswers, enough: int) -> None:
    """Kills the server once `enough` buyers hold a bundle, while it serves others."""
    done = asyncio.Event()
    running = asyncio.create_task(sales.run(server, done, enough))
    async with asyncio.timeout(60):
        await done.wait()
    await asyncio.to_thread(server.kill)
    await running


def test_sales_of_bundles_survive_kill_9(places: Places, name: str) -> None:
    shop = places.shop(name, catalogue())
    sales = SeenAnswers()
    with shop.server() as server:
        for round_ in range(KILLS):
            asyncio.run(killed(server, sales, 5 * (round_ + 1)))
            assert sales.unknown
            server.kill()
            asyncio.run(sales.check(shop))
            server.start()
            verify(shop)
