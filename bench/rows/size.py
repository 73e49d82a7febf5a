"""The cost of a large shop: memory, start-up, and reserves in large stores with long ledgers."""

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import uvloop

from bench.processes import peak_megabytes, rss_megabytes
from bench.rounds import Measure, behind, rotate
from bench.rows.engine import CLIENTS, reserves
from bench.rows.http import GET
from bench.settings import Effort
from bench.shops import HOT, SIZES, BenchShop, Places, large, product_id, sample
from bench.table import Bar, Row
from fancymonkey.core.model import Entry, Kind, Level, sku_of
from fancymonkey.core.model import Row as StoredRow
from fancymonkey.core.rows import ROWS
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store

MEMORY_BARS = (150.0, 600.0)
START_BARS = (2.0, 6.0)


def memory(places: Places, effort: Effort) -> list[Row]:
    """Resident memory after a whole `get`, the highest until another one has taken its place, and
    seconds from start to `healthz`, small and large.
    """
    rows = []
    for name in places.stores:
        for commands, skus, rss_bar, start_bar in (
            (sample(), "16 products", MEMORY_BARS[0], START_BARS[0]),
            (large(effort.large), f"{effort.large:,} SKUs", MEMORY_BARS[1], START_BARS[1]),
        ):
            starts, sizes, peaks = _starts(places.shop(name, commands), effort.starts)
            what = f"{name}, {skus}"
            rows.append(Row(f"memory: {what}", sizes, Bar(rss_bar, at_most=True), "MB"))
            rows.append(Row(f"memory, highest: {what}", peaks, Bar(rss_bar, at_most=True), "MB"))
            rows.append(Row(f"start-up: {what}", starts, Bar(start_bar, at_most=True), "s"))
    return rows


def _starts(shop: BenchShop, count: int) -> tuple[list[float], list[float], list[float]]:
    starts, sizes, peaks = [], [], []
    for _ in range(count):
        started = time.monotonic()
        with shop.server() as server:
            starts.append(time.monotonic() - started)
            body = {"productId": HOT[0], "size": HOT[1], "quantity": 1, "sessionId": "memory"}
            _post(server.url + "/api/inventory/reserve", body)
            with urllib.request.urlopen(server.url + GET) as answer:
                answer.read()
            sizes.append(rss_megabytes(server.pid))
            for number in range(3):  # each changes one product of the next answer
                _post(server.url + "/api/inventory/reserve", {**body, "sessionId": f"m-{number}"})
                with urllib.request.urlopen(server.url + GET) as answer:
                    answer.read()
            peaks.append(peak_megabytes(server.pid))
    return starts, sizes, peaks


def _post(url: str, body: object) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def growth(places: Places, effort: Effort) -> list[Row]:
    """The time of a reserve in a large store, and after a long ledger, ÷ in a small new one."""
    rows = []
    for name in places.sql:
        many, entries = effort.large, effort.entries
        small = places.shop(name, large(1000))
        shops = {
            "1,000 SKUs": (small, 1000),
            f"{many:,} SKUs": (places.shop(name, large(many)), many),
            f"1,000 SKUs and {entries:,} entries": (_with_ledger(places, name, entries), 1000),
        }
        database = places.database_pid(name)
        measures = rotate(
            {
                what: _candidate(shop, skus, database, effort.seconds)
                for what, (shop, skus) in shops.items()
            },
            effort.rounds,
        )
        base, *larger = shops
        for what in larger:
            pairs = zip(measures[base], measures[what], strict=True)
            rows.append(
                Row(
                    f"growth: {name} reserve, {what} ÷ {base}",
                    [first.rate / other.rate for first, other in pairs],
                    Bar(1.3, at_most=True),
                    notes=behind(measures, what, base),
                )
            )
    return rows


def _candidate(
    shop: BenchShop, skus: int, database: int | None, seconds: float
) -> Callable[[], Measure]:
    names = [sku for _, _, sku in _skus(skus)]
    step = 7919  # a prime: far apart from one to the next
    mixed = [names[number * step % len(names)] for number in range(len(names))]
    return lambda: uvloop.run(reserves(shop, mixed, CLIENTS, seconds, database))


def _skus(count: int) -> Iterator[tuple[str, str, str]]:
    for number in range(count - 1):
        id_, size = product_id(number // len(SIZES)), SIZES[number % len(SIZES)]
        yield id_, size, sku_of(id_, size)


def _with_ledger(places: Places, name: str, entries: int) -> BenchShop:
    """A shop of 1,000 SKUs with a ledger of this length: receipts one after the other."""
    source = places.shop("sqlite", large(1000))
    shop = places.shop(name)
    asyncio.run(_copy_with_ledger(source, shop, entries))
    return shop


async def _copy_with_ledger(source: BenchShop, target: BenchShop, count: int) -> None:
    old, new = open_store(source.target, read_only=True), open_store(target.target)
    now = system_clock()
    await old.open(now)
    await new.open(now)
    try:
        levels = {level.sku: level for level in (await old.snapshot()).levels}
        first = await old.entries_after(0, 100_000)
        added = list(_received(levels, first[-1], count - len(first)))
        await new.fill(_rows(old, levels), _entries([*first, *added]), added[-1].revision)
    finally:
        await old.close()
        await new.close()


def _received(levels: dict[str, Level], last: Entry, count: int) -> Iterator[Entry]:
    """This many receipts of one unit; `levels` follow."""
    skus = sorted(levels)
    for number in range(count):
        level = levels[skus[number % len(skus)]]
        levels[level.sku] = level = replace(level, on_hand=level.on_hand + 1)
        yield Entry(
            last.revision + 1 + number,
            last.at,
            Kind.RECEIVED,
            level.sku,
            level.location,
            on_hand=1,
            on_hand_after=level.on_hand,
            reserved_after=level.reserved,
            actor="bench",
        )


async def _rows(old: Store, levels: dict[str, Level]) -> AsyncIterator[StoredRow]:
    for kind in ROWS:
        if kind is Level:
            for level in levels.values():
                yield level
            continue
        async for row in old.scan(kind):
            yield row


async def _entries(entries: list[Entry]) -> AsyncIterator[Entry]:
    for entry in entries:
        yield entry
