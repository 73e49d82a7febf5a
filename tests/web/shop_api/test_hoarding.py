"""Attackers who hold and never pay, against 200 buyers and 50 units, in virtual time.

The three attackers are those of the issue: A has one address, B a hundred in ten networks of /24,
C a thousand all over the world, and is slow: each of them tries once an hour. All know the rules,
are there in the first second, see at once when something is free, ask for everything, and take
what the refusal says that they may have.

An attacker's share is the most units of the 50 that it ever held at once. Not all buyers can get
one of 50: honest buyers' success is how many of the 50 they have paid for when the drop is over,
90 minutes after its beginning. Honest buyers come within two minutes, look once a minute, and pay
one to four minutes after they got a unit; thirty of them share ten addresses, as families do.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.store.conftest import target
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop, running
from tests.web.signing import deliver, event

__all__ = ["target"]

UNITS, BUYERS, SECONDS = 50, 200, 90 * 60
SKU = "drop/M"
DROP = UpsertProduct(
    product=Product("drop", "The drop", "drops"),
    location=DEFAULT_LOCATION,
    items=(NewItem(Item(SKU, "drop", "M"), UNITS),),
)


@dataclass
class HonestBuyer:
    """A buyer who wants one unit, looks once a minute, and pays."""

    number: int
    address: str
    looks_at: int
    pays_after: int
    pays_at: int | None = None
    done: bool = False


@dataclass
class Attacker:
    """Addresses, and the number of them that try in a second."""

    addresses: list[str]
    a_second: float
    turn: Iterator[int] = field(default_factory=count)
    saved: float = 0.0


def attacker_a() -> Attacker:
    return Attacker(["198.51.100.7"], 1)


def attacker_b() -> Attacker:
    networks = [f"203.0.{number}" for number in range(10)]
    return Attacker([f"{network}.{host}" for host in range(10) for network in networks], 100)


def attacker_c() -> Attacker:
    return Attacker([f"45.{number // 250}.{number % 250}.9" for number in range(1000)], 1000 / 3600)


@dataclass
class Drop:
    """The drop, second by second."""

    shop: Shop
    attacker: Attacker
    buyers: list[HonestBuyer]
    peak: int = 0
    names: Iterator[int] = field(default_factory=count)
    grabbed: set[str] = field(default_factory=set)

    @property
    def free(self) -> int:
        self.shop.engine.expire_view()
        return self.shop.engine.view.levels[SKU, "main"].available

    async def reserve(self, address: str, session: str, quantity: int) -> Answer:
        body = {"productId": "drop", "size": "M", "quantity": quantity, "sessionId": session}
        client = self.shop.client.elsewhere(address)
        return await client.post("/api/inventory/reserve", body)

    async def attack(self) -> None:
        attacker = self.attacker
        attacker.saved += attacker.a_second
        while attacker.saved >= 1:
            attacker.saved -= 1
            if self.free <= 0:
                continue
            address = attacker.addresses[next(attacker.turn) % len(attacker.addresses)]
            session = f"bad {next(self.names)}"
            answer = await self.reserve(address, session, self.free)
            if answer.status == 409 and answer.json["lines"][0].get("limit"):
                answer = await self.reserve(address, session, answer.json["lines"][0]["limit"])
            if answer.status == 200:
                self.grabbed.add(answer.json["reservation"]["id"])

    async def buy(self, buyer: HonestBuyer, second: int) -> None:
        session = f"good {buyer.number}"
        if buyer.pays_at is not None:
            if second >= buyer.pays_at:
                what = event("completed", session, id_=f"evt {buyer.number}")
                assert (await deliver(self.shop, what)).json["outcome"] == "done"
                buyer.done, buyer.pays_at = True, None
        elif not buyer.done and second >= buyer.looks_at:
            buyer.looks_at = second + 60
            if self.free > 0 and (await self.reserve(buyer.address, session, 1)).status == 200:
                buyer.pays_at = second + buyer.pays_after

    async def run(self) -> None:
        for second in range(SECONDS):
            await self.attack()
            for buyer in self.buyers:
                await self.buy(buyer, second)
            holds = self.shop.engine.view.holds
            now = sum(sum(holds[id_].units.values()) for id_ in self.grabbed & holds.keys())
            self.peak = max(self.peak, now)
            self.shop.clock.forward(1)
            due = self.shop.engine.view.next_due()
            if due is not None and due <= self.shop.clock():
                await self.shop.engine.submit(Expire(actor="clock"))
            if not second % 60:
                await asyncio.sleep(0)

    @property
    def share(self) -> float:
        return 100 * self.peak / UNITS

    @property
    def success(self) -> float:
        return 100 * sum(buyer.done for buyer in self.buyers) / UNITS


def honest(random: Random) -> list[HonestBuyer]:
    results = []
    for number in range(BUYERS):
        home = number if number >= 30 else number // 3  # the first thirty are ten families
        address = f"84.{home}.17.{random.randrange(1, 255) if number >= 30 else 4}"
        results.append(
            HonestBuyer(number, address, random.randrange(120), random.randrange(60, 240))
        )
    return results


async def drop(attacker: Attacker, seed: int = 20, **settings: Any) -> Drop:
    async with running(MemoryStore(), fill=False, rate_limit=True, **settings) as shop:
        await shop.engine.submit(DROP)
        drop_run = Drop(shop, attacker, honest(Random(seed)))
        await drop_run.run()
        await shop.check()
    return drop_run


@pytest.mark.parametrize(
    ("attacker", "share", "success"),
    [(attacker_a, 10, 95), (attacker_b, 25, 90), (attacker_c, 50, 75)],
    ids=["A", "B", "C"],
)
async def test_hoarding_is_kept_small(attacker: Any, share: float, success: float) -> None:
    result = await drop(attacker())
    print(f"share {result.share:.0f} %, success {result.success:.0f} %")
    assert 0 < result.share <= share
    assert result.success >= success


@pytest.mark.parametrize("attacker", [attacker_a, attacker_b, attacker_c], ids=["A", "B", "C"])
async def test_without_limits_the_attacker_wins(attacker: Any) -> None:
    off = dict.fromkeys(LIMITS, 0)
    result = await drop(attacker(), **off)
    print(f"share {result.share:.0f} %, success {result.success:.0f} %")
    assert result.share > 50
    assert result.success < 75


async def test_without_an_attacker_no_buyer_is_refused() -> None:
    result = await drop(Attacker([], 0))
    assert (result.share, result.success) == (0, 100)
    assert any(buyer.done for buyer in result.buyers[:30])


LIMITS = [
    "holds_per_address",
    "hold_units",
    "hold_contention_percent",
    "hold_network_share_percent",
    "hold_unpaid_allowance_minutes",
    "hold_retry_minutes",
]


@asynccontextmanager
async def limited(target: str, **settings: Any) -> AsyncIterator[Shop]:
    async with running(open_store(target), rate_limit=True, **settings) as shop:
        yield shop
        await shop.check()


async def test_the_refusals_name_the_remedy(target: str) -> None:
    async with limited(target, holds_per_address=2) as shop:
        answer = await shop.reserve("a", "M", 4)
        assert (answer.status, answer.code) == (409, "hold_limit")
        line = {"productId": HOODIE, "size": "M", "requested": 4, "limit": 3}
        assert answer.json["lines"] == [line]
        assert (await shop.reserve("a", "M", 3)).status == 200
        assert (await shop.reserve("b", "L", 1)).status == 200
        answer = await shop.reserve("c", "L", 1)
        assert (answer.status, answer.code) == (429, "too_many_holds")
        assert answer.header("retry-after") == "1800"
        answer = await shop.client.elsewhere("203.0.113.8").post(
            "/api/inventory/reserve",
            {"productId": HOODIE, "size": "L", "quantity": 1, "sessionId": "c"},
        )
        assert answer.status == 200


async def test_a_buyer_with_a_new_session(target: str) -> None:
    async with limited(target, holds_per_address=1) as shop:
        held = (await shop.reserve("old", "M", 3)).json["reservation"]
        assert (await shop.reserve("new", "M", 3)).code == "too_many_holds"
        body = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "new"}
        answer = await shop.client.post(
            "/api/inventory/reserve", {**body, "replaces": held["id"]}, {"Idempotency-Key": "k"}
        )
        assert answer.status == 200, answer
        again = await shop.client.post(
            "/api/inventory/reserve", {**body, "replaces": held["id"]}, {"Idempotency-Key": "k"}
        )
        assert again.json == answer.json
        assert (await shop.size())["reserved"] == 2
        nothing = await shop.client.post(
            "/api/inventory/reserve", {**body, "quantity": 1, "replaces": "res_nothing"}
        )
        assert nothing.status == 200
        again = {**body, "quantity": 1, "replaces": "res_nothing"}
        for _ in range(2):  # the same key again gets the same answer
            nothing = await shop.client.post(
                "/api/inventory/reserve", again, {"Idempotency-Key": "n"}
            )
            assert nothing.status == 200, nothing
        too_much = await shop.client.post(
            "/api/inventory/reserve", {**body, "sessionId": "x", "quantity": 99, "replaces": "new"}
        )
        assert too_much.code == "insufficient_stock"
        assert (await shop.size())["reserved"] == 1  # both or neither


async def test_no_address_is_kept(target: str) -> None:
    async with limited(target) as shop:
        assert (await shop.reserve("a", "M", 1)).status == 200
        document = [row async for row in shop.engine.store.scan(Document) if row.folder == "source"]
        assert len(document) == 1
        text = await shop.stored_text()
        assert shop.client.address not in text
        assert "203.0.113.0" not in text


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fd00::1", "::ffff:127.0.0.1"]
)
async def test_this_machine_and_its_network_are_not_limited(address: str) -> None:
    async with limited("memory://") as shop:
        client = shop.client.elsewhere(address)
        body = {"productId": HOODIE, "size": "M", "quantity": 20, "sessionId": "s"}
        assert (await client.post("/api/inventory/reserve", body)).status == 200


@pytest.mark.parametrize(
    ("address", "other", "alike"),
    [
        ("203.0.113.7", "203.0.113.250", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("2001:db8:1:1::1", "2001:db8:1:2::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("203.0.113.7", "::ffff:203.0.113.8", True),
    ],
)
async def test_the_size_of_a_network(address: str, other: str, alike: bool) -> None:
    async with limited("memory://") as shop:
        body = {"productId": HOODIE, "size": "M", "quantity": 3, "sessionId": "s"}
        first = await shop.client.elsewhere(address).post("/api/inventory/reserve", body)
        assert first.status == 200
        body = {**body, "quantity": 1, "sessionId": "t"}
        answer = await shop.client.elsewhere(other).post("/api/inventory/reserve", body)
        assert answer.status == (409 if alike else 200)
