"""`python -m bench.replay FILE --store STORE`: a shop's real sales, replayed over HTTP.

Each day's orders reserve and are paid through signed webhooks, some of these twice, some after
their hold has ended; abandoned baskets are released or left to expire; goods come in weekly. At the
end the ledger must have the sales of the file for each SKU, and `verify` must find nothing.
"""

import argparse
import asyncio
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import uvloop

from bench.buyers import RELEASE, RESERVE, UPDATE, WEBHOOK, Unexpected
from bench.client import Answer, Client, paid, signed
from bench.killstorm import verify
from bench.retail import SIZE, Day, History, baskets, read
from bench.shops import PASSWORD, STORES, WEBHOOK_SECRET, BenchShop, Places
from fancymonkey.core.model import Kind, split_sku
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from tests.support.server import PROGRAM

BUYERS = 64
TTL_SECONDS = 5
"""The life of a hold: long enough to pay, short enough that many expire."""

RELEASED, EXPIRED, LATE, TWICE = 0.06, 0.03, 0.01, 0.03
"""Shares of the baskets that are abandoned (released or not), paid late, reported twice."""

RECEIPT_DAYS = 7
SLACK = 1.15
"""The order for a week, as a multiple of the expected sales."""


@dataclass(slots=True)
class Replay:
    """One history on one running server."""

    history: History
    port: int
    chance: random.Random
    ttl: int = TTL_SECONDS
    counts: Counter[str] = field(default_factory=Counter)
    late: list[tuple[float, str]] = field(default_factory=list)
    number: int = 0

    async def run(self) -> None:
        """All days, one after the other. Raises Unexpected."""
        days = self.history.days
        with Client(self.port) as client:
            for number, day in enumerate(days):
                if number % RECEIPT_DAYS == 0:
                    await self._receive(client, days[number : number + RECEIPT_DAYS])
                await self._trade(client, day)
                await self._pay_late(client, time.monotonic())
            await asyncio.sleep(self.ttl + 1)
            await self._pay_late(client, time.monotonic())
            self.counts["requests"] = client.requests

    async def _receive(self, client: Client, week: list[Day]) -> None:
        """Receives the units that the week needs beyond the available ones."""
        need: Counter[str] = Counter()
        for day in week:
            need.update(day.units)
        shown = (await client.get("/api/inventory/get")).json["inventory"]
        available = {row["productId"]: row["totals"]["available"] for row in shown}
        await self._book_in(
            client, {sku: int(units * SLACK) + 2 - available[sku] for sku, units in need.items()}
        )

    async def _book_in(self, client: Client, units: dict[str, int]) -> None:
        rows = [
            {"productId": sku, "size": SIZE, "adjustStock": count, "receipt": True}
            for sku, count in units.items()
            if count > 0
        ]
        if not rows:
            return
        body = {"password": PASSWORD, "updates": rows, "reason": "weekly delivery"}
        answer = await client.post(UPDATE, body, {"Idempotency-Key": self._name("delivery")})
        if answer.status != 200 or answer.json["results"]["failed"]:
            raise Unexpected(f"delivery: {answer.body.decode()}")
        self.counts["receipts"] += len(rows)

    async def _trade(self, client: Client, day: Day) -> None:
        orders = self._orders(day)
        await asyncio.gather(*(self._buyer(client, orders) for _ in range(BUYERS)))

    def _orders(self, day: Day) -> Iterator[tuple[str, dict[str, int]]]:
        """Every basket of the day and its outcome, with abandoned ones in between."""
        for basket in baskets(day, self.chance):
            dice = self.chance.random()
            if dice < RELEASED:
                yield "released", basket
            elif dice < RELEASED + EXPIRED:
                yield "expired", basket
            dice = self.chance.random()
            yield "late" if dice < LATE else "twice" if dice < LATE + TWICE else "paid", basket

    async def _buyer(self, client: Client, orders: Iterator[tuple[str, dict[str, int]]]) -> None:
        for fate, basket in orders:
            session = self._name("s")
            await self._reserve(client, session, basket)
            self.counts[fate] += 1
            match fate:
                case "released":
                    await self._expect(client.post(RELEASE, {"sessionId": session}))
                case "late":
                    self.late.append((time.monotonic() + self.ttl + 0.5, session))
                case "paid" | "twice":
                    await self._pay(client, session, times=1 + (fate == "twice"))

    async def _reserve(self, client: Client, session: str, basket: dict[str, int]) -> None:
        lines = [
            {"productId": sku, "size": SIZE, "quantity": units} for sku, units in basket.items()
        ]
        body = {"sessionId": session, "lines": lines}
        while (answer := await client.post(RESERVE, body)).status == 409:
            # Abandoned baskets hold the units of this one: more units are received.
            self.counts["refused"] += 1
            await self._book_in(
                client,
                {
                    row["productId"]: row["requested"] - row["available"]
                    for row in answer.json["lines"]
                },
            )
        if answer.status != 200:
            raise Unexpected(f"reserve: {answer.status} {answer.body.decode()}")

    async def _pay(self, client: Client, session: str, times: int = 1) -> None:
        body, headers = signed(WEBHOOK_SECRET, paid(f"evt_{session}", session))
        sent = [self._expect(client.post(WEBHOOK, body, headers)) for _ in range(times)]
        await asyncio.gather(*sent)

    async def _pay_late(self, client: Client, now: float) -> None:
        due = [session for at, session in self.late if at <= now]
        self.late = [(at, session) for at, session in self.late if at > now]
        await asyncio.gather(*(self._pay(client, session) for session in due))

    async def _expect(self, request: Awaitable[Answer]) -> None:
        answer = await request
        if answer.status != 200:
            raise Unexpected(f"{answer.status} {answer.body.decode()}")

    def _name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}-{self.number}"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a replay."""

    counts: Counter[str]
    seconds: float
    entries: int
    bytes: int

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        rate = self.counts["requests"] / self.seconds
        return (
            f"{self.seconds:.0f} s, {rate:,.0f} requests/s; {counts}; "
            f"{self.entries:,} ledger entries, {self.bytes / 1e6:.1f} MB"
        )


def replay(
    places: Places, name: str, history: History, seed: int = 1, ttl: int = TTL_SECONDS
) -> Result:
    """Replays a history on a new store. Raises AssertionError if the ledger differs from it."""
    shop = stocked(places, name, history)
    with shop.server(env={"RESERVATION_TTL_SECONDS": str(ttl)}) as server:
        replay = Replay(history, server.port, random.Random(seed), ttl)
        started = time.monotonic()
        uvloop.run(replay.run())
        seconds = time.monotonic() - started
        verify(shop)
    sold, entries = asyncio.run(sold_units(shop))
    assert sold == history.sold(), dict((sold - history.sold()) + (history.sold() - sold))
    return Result(replay.counts, seconds, entries, asyncio.run(size(shop)))


def stocked(places: Places, name: str, history: History) -> BenchShop:
    """A new store with the catalogue: as products.json, or migrated from there."""
    shop = places.shop(name)
    files = Path(shop.target) if name == "json" else Path(tempfile.mkdtemp(dir=places.directory))
    files.mkdir(exist_ok=True)
    (files / "products.json").write_bytes(history.products_json())
    if name != "json":
        command = [*PROGRAM, "migrate", "--from", str(files), "--to", shop.target]
        process = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        assert process.returncode == 0, process.stdout + process.stderr
    return shop


async def sold_units(shop: BenchShop) -> tuple[Counter[str], int]:
    """Units sold by product and the number of entries, both from the ledger."""
    sold: Counter[str] = Counter()
    store = open_store(shop.target, read_only=True)
    await store.open(system_clock())
    try:
        revision = 0
        while entries := await store.entries_after(revision, 10_000):
            for entry in entries:
                if entry.kind in (Kind.CAPTURED, Kind.SOLD):
                    sold[split_sku(entry.sku)[0]] += entry.backordered - entry.on_hand
            revision = entries[-1].revision
    finally:
        await store.close()
    return sold, revision


async def size(shop: BenchShop) -> int:
    """Bytes on disk."""
    if shop.name == "postgres":
        connection = await asyncpg.connect(shop.target)
        try:
            return int(await connection.fetchval("SELECT pg_database_size(current_database())"))
        finally:
            await connection.close()
    place = Path(shop.target.removeprefix("sqlite:///"))
    folder = place if place.is_dir() else place.parent
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Replays a file on each store that is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--store", action="append", choices=STORES, help="again: several; else all")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    history = read(given.file)
    units = sum(history.sold().values())
    print(f"{len(history.prices):,} SKUs, {len(history.days)} days, {units:,} units", flush=True)
    with Places() as places:
        for name in given.store or STORES:
            print(f"{name}: {replay(places, name, history, given.seed)}", flush=True)


if __name__ == "__main__":
    main()
