"""Changes of a part reach the subscribers, and the alerts, of its bundles at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fancymonkey.alerts.ledger_events import stock_now, touched
from fancymonkey.alerts.stock_thresholds import StockNow
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry
from fancymonkey.core.stock.adjust import Count
from fancymonkey.engine.engine import Engine
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import take, upsert
from tests.web.shops import Clock

RULES = Bundle(0, BundlePolicy.TOGETHER)


def define(rules: Bundle = RULES) -> SetBundle:
    definition = Definition(rules, (Component("a/M", 2),))
    return SetBundle(sku="b/M", location=DEFAULT_LOCATION, definition=definition)


def count(sku: str, quantity: int) -> Count:
    return Count(sku=sku, location=DEFAULT_LOCATION, quantity=quantity)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(clock: Clock) -> AsyncIterator[Engine]:
    running = Engine(MemoryStore(), clock)
    await running.open()
    for command in (upsert("a", 0, 20), upsert("b", 1, 0), define()):
        await running.submit(command)
    yield running
    await running.close()


async def test_a_subscriber_gets_the_bundles_of_a_part_that_was_sold(engine: Engine) -> None:
    listener = await engine.subscribe(engine.view.revision)
    before = engine.view.revision
    await engine.submit(take("s", ttl=60_000, a_M=1))
    change = await listener.next()
    assert change is not None
    assert change.skus == {"a/M", "b/M"}
    late = await engine.subscribe(before)
    missed = await late.next()
    assert missed is not None
    assert missed.skus == {"a/M", "b/M"}
    await engine.submit(take("t", ttl=60_000, a_S=1))
    other = await listener.next()
    assert other is not None
    assert other.skus == {"a/S"}


async def test_the_begin_of_a_sale_reaches_the_subscribers(engine: Engine, clock: Clock) -> None:
    begin = clock() + 5000
    await engine.submit(define(Bundle(0, BundlePolicy.TOGETHER, sold_from=begin)))
    assert engine.view.stock("b/M").available == 0
    listener = await engine.subscribe(engine.view.revision)
    clock.forward(5)
    engine.expire_view()
    async with asyncio.timeout(10):
        change = await listener.next()
    assert change is not None
    assert "b/M" in change.skus
    assert engine.view.stock("b/M").available == 10


async def stock_by_sku(engine: Engine, entries: list[Entry]) -> dict[str, StockNow]:
    """The stock that alerts look at after these entries."""
    return {row.item.sku: stock_now(row) async for rows in touched(engine, entries) for row in rows}


async def test_alerts_look_at_the_bundles_of_a_part(engine: Engine) -> None:
    before = engine.view.revision
    await engine.submit(count("a/M", 4))
    entries = await engine.store.entries_after(before)
    rows = await stock_by_sku(engine, entries)
    assert (rows["b/M"].available, rows["b/M"].unsold) == (2, 2)
    await engine.submit(take("s", ttl=60_000, a_M=4))
    entries = await engine.store.entries_after(before)
    rows = await stock_by_sku(engine, entries)
    assert (rows["b/M"].available, rows["b/M"].unsold) == (0, 2)  # no hold makes it out of stock
