"""Turned-away demand: counted by SKU and hour, stored soon, never lost."""

import asyncio

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import TurnedAway
from fancymonkey.core.records import RecordTurnedAway
from fancymonkey.core.stock.adjust import SetItem
from fancymonkey.engine.demand import turned_away as demand_module
from fancymonkey.engine.demand.turned_away import HOUR, TurnedAwayDemand
from fancymonkey.engine.engine import FLUSH_SECONDS, Engine
from tests.core.builders import CoreShop, take
from tests.engine.stores import START, SlowStore, clock, down, opened
from tests.sim.loop import simulate


def stored(store: SlowStore) -> dict[tuple[str, int], tuple[int, int]]:
    rows = store.image.rows[TurnedAway].values()
    return {(row.sku, row.hour - START // HOUR): (row.requests, row.units) for row in rows}


def away(engine: Engine) -> asyncio.Task[object]:
    return asyncio.create_task(engine.submit(take("s1", a_M=6)))


def test_turned_away_demand_is_counted_per_sku_and_hour() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", a_M=6, b_S=1))
            await engine.submit(take("s1", a_M=9, b_S=7))
            await asyncio.sleep(3600)
            await engine.submit(take("s2", a_M=8))
            await asyncio.sleep(FLUSH_SECONDS + 1)
            assert stored(store) == {
                ("a/M", 0): (2, 15),
                ("b/S", 0): (1, 7),
                ("a/M", 1): (1, 8),
            }

    simulate(work)


@pytest.mark.parametrize(
    ("given", "refused", "counted"),
    [
        ((), take("s1", a_M=6), 1),
        ((SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True),), take("s1", a_M=1), 1),
        ((), take("s1", a_M=1), 0),
        ((), take("s1", a_XL=1), 0),
        ((), take("s1", a_M=0), 0),
        ((), SetItem(sku="a/XL", location=DEFAULT_LOCATION), 0),
    ],
)
def test_only_reserves_that_found_too_little_count(
    given: tuple[Command, ...], refused: Command, counted: int
) -> None:
    shop, demand = CoreShop(), TurnedAwayDemand()
    answers = shop.batch([*given, refused])
    demand.count(refused, answers[-1], 0)
    assert len(demand.take()) == counted


def test_it_is_handed_on_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand_module, "PORTION", 2)
    demand = TurnedAwayDemand()
    rows = tuple(TurnedAway(f"p/{number}", 0, 1, 1) for number in range(5))
    demand.give_back(rows)
    assert [demand.take(), demand.take(), demand.take(), demand.take()] == [
        rows[:2],
        rows[2:4],
        rows[4:],
        (),
    ]


def test_demand_of_a_visitor_who_left_counts_too() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            command = away(engine)
            await asyncio.sleep(0.005)
            command.cancel()
            await asyncio.sleep(FLUSH_SECONDS + 1)
            assert stored(store) == {("a/M", 0): (1, 6)}

    simulate(work)


def test_it_is_off_the_hot_path() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            for _ in range(20):
                await engine.submit(take("s1", a_M=6))
            assert len(store.batches) == 20
            await asyncio.sleep(FLUSH_SECONDS + 1)
            assert [type(command) for command in store.batches[-1]] == [RecordTurnedAway]
            assert len(store.batches) == 21

    simulate(work)


def test_with_an_unreachable_store_nothing_is_lost() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", a_M=6))
            store.fail = [down(), down()]
            await asyncio.sleep(FLUSH_SECONDS + 1)
            assert stored(store) == {}
            await asyncio.sleep(2 * FLUSH_SECONDS)
            assert stored(store) == {("a/M", 0): (1, 6)}

    simulate(work)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("before", [0.0, FLUSH_SECONDS - 0.001, FLUSH_SECONDS + 0.001])
def test_close_stores_the_last_of_it(seed: int, before: float) -> None:
    """Also the refusals during the close, and those that are being stored."""

    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", a_M=6))
            await asyncio.sleep(before)
            commands = [away(engine) for _ in range(3)]
            await asyncio.sleep(0.0005)
            await engine.close()
            await asyncio.gather(*commands)
            assert stored(store) == {("a/M", 0): (4, 24)}
            assert clock() < START + HOUR

    simulate(work, seed)
