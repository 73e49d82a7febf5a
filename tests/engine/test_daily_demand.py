"""Daily demand: each sale counts once, on its local day, also after failures of processes."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.core.holds.end import Capture
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Cursor, TurnedAway
from fancymonkey.core.planning.daily_demand import CURSOR, NO_LOCATION, DailyDemand, units_sold
from fancymonkey.core.stock.adjust import Return
from fancymonkey.engine.demand import daily_demand
from fancymonkey.engine.demand.daily_demand import DemandKeeper
from fancymonkey.engine.engine import FLUSH_SECONDS, Engine
from fancymonkey.engine.follow import Superseded
from fancymonkey.store.demand_check import demand_check
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.verify import verify_store
from fancymonkey.timestamps import local_day
from tests.core.builders import take
from tests.engine.stores import START, SlowStore, clock, opened
from tests.sim.loop import simulate

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
HOUR = 3_600_000
Sums = dict[tuple[str, date], tuple[int, int, int]]


class Later:
    """A clock that a test moves on, without the seconds in between."""

    def __init__(self) -> None:
        self.hours = 0

    def __call__(self) -> int:
        return clock() + self.hours * HOUR


def rows(store: MemoryStore) -> Sums:
    """The rows that count, by SKU and day."""
    cursor = store.image.rows[Cursor].get(CURSOR)
    generation = 0 if cursor is None else cursor.generation
    sums: dict[tuple[str, date], list[int]] = {}
    for row in store.image.rows[DailyDemand].values():
        if row.generation != generation:
            continue
        units = sums.setdefault((f"{row.product_id}/{row.size}", row.day), [0, 0, 0])
        for place, number in enumerate((row.sold, row.returned, row.turned_away)):
            units[place] += number
    return {key: (units[0], units[1], units[2]) for key, units in sums.items()}


def rebuilt(store: MemoryStore, zone: ZoneInfo) -> Sums:
    """The same from the whole ledger and all units turned away, counted in the simplest way."""
    sums: dict[tuple[str, date], list[int]] = {}
    for entry in store.entries:
        sold, returned = units_sold(entry)
        if sold or returned:
            row = sums.setdefault((entry.sku, local_day(entry.at, zone)), [0, 0, 0])
            row[0] += sold
            row[1] += returned
    for away in store.image.rows[TurnedAway].values():
        day = local_day(away.hour * HOUR, zone)
        sums.setdefault((away.sku, day), [0, 0, 0])[2] += away.units
    return {key: (row[0], row[1], row[2]) for key, row in sums.items()}


def returned(units: int) -> Return:
    return Return(sku="a/M", location=DEFAULT_LOCATION, quantity=units, reason="too big")


async def sell(engine: Engine, name: str, **units: int) -> None:
    await engine.submit(take(name, **units))
    await engine.submit(Capture(ref=name))


def test_a_sale_a_return_and_a_refusal_count_on_their_day() -> None:
    async def work() -> None:
        later = Later()
        async with opened(at=later) as (engine, store):
            engine.zone = TOKYO
            today = local_day(START, TOKYO)
            task = asyncio.create_task(DemandKeeper(engine).run())
            await sell(engine, "s1", a_M=2, b_M=1)
            await engine.submit(take("s2", a_M=4))  # three are left
            await asyncio.sleep(FLUSH_SECONDS + 1)
            later.hours = 24
            await engine.submit(
                Return(sku="a/M", location=DEFAULT_LOCATION, quantity=1, reason="too big")
            )
            await sell(engine, "s3", a_M=1)
            await asyncio.sleep(FLUSH_SECONDS + 10)
            tomorrow = today + timedelta(days=1)
            assert rows(store) == {
                ("a/M", today): (2, 0, 4),
                ("b/M", today): (1, 0, 0),
                ("a/M", tomorrow): (1, 1, 0),
            }
            task.cancel()

    simulate(work)


def test_a_sale_at_midnight_belongs_to_the_local_day() -> None:
    async def work(zone: ZoneInfo) -> date:
        async with opened() as (engine, store):
            engine.zone = zone
            await sell(engine, "s1", a_M=1)
            await DemandKeeper(engine).catch_up()
            ((_, day),) = rows(store)
            return day

    # 2001-09-09 01:46:40 UTC
    assert simulate_value(work, TOKYO) == date(2001, 9, 9)
    assert simulate_value(work, NEW_YORK) == date(2001, 9, 8)


def simulate_value(work: object, zone: ZoneInfo) -> date:
    days: list[date] = []

    async def run() -> None:
        days.append(await work(zone))  # type: ignore[operator]

    simulate(run)
    return days[0]


def test_another_time_zone_counts_the_whole_ledger_again() -> None:
    async def work() -> None:
        store = SlowStore()
        for number, zone in enumerate((TOKYO, NEW_YORK, TOKYO, ZoneInfo("UTC"))):
            engine = Engine(store, clock)
            if number:
                await engine.open()
            else:
                async with opened(store) as (first, _):
                    await sell(first, "before", a_M=1)
                    await first.submit(take("away", b_M=9))
                store.closed = False
                await engine.open()
            engine.zone = zone
            keeper = DemandKeeper(engine)
            await keeper.catch_up()
            await sell(engine, f"s{number}", a_M=1)
            await engine.submit(take(f"away{number}", b_M=7 + number))
            await engine._flush_demand()
            await keeper.catch_up()
            assert rows(store) == rebuilt(store, zone)
            assert sum(row[2] for row in rows(store).values()) > 9
            await engine.close()

    simulate(work)


def test_two_servers_count_each_sale_once() -> None:
    async def work() -> None:
        async with opened() as (first, store):
            second = Engine(store, clock)
            await second.open()
            keepers = [DemandKeeper(first), DemandKeeper(second)]
            tasks = [asyncio.create_task(keeper.run()) for keeper in keepers]
            for number in range(4):
                await sell(first, f"s{number}", a_M=1)
                await second._on_remote_commit(store.image.revision)
                await asyncio.sleep(7)
            await asyncio.sleep(120)
            assert sum(row[0] for row in rows(store).values()) == 4
            assert rows(store) == rebuilt(store, ZoneInfo("UTC"))
            for task in tasks:
                task.cancel()
            await second.close()

    simulate(work)


def test_a_process_that_lost_its_place_is_refused() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            first, second = DemandKeeper(engine), DemandKeeper(engine)
            await first.catch_up()
            await second.catch_up()
            await sell(engine, "s1", a_M=1)
            assert not await first._follower.portion()
            with pytest.raises(Superseded):
                await second._follower.portion()
            await second._follower.portion()
            assert rows(store) == rebuilt(store, ZoneInfo("UTC"))

    simulate(work)


def test_holds_alone_write_nothing() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            task = asyncio.create_task(DemandKeeper(engine).run())
            await asyncio.sleep(10)
            store.batches.clear()
            for number in range(20):
                await engine.submit(take(f"s{number}", a_M=1 if number < 5 else 0, b_M=1))
                await asyncio.sleep(1)
            names = {type(command).__name__ for batch in store.batches for command in batch}
            assert "AddDemand" not in names
            task.cancel()

    simulate(work)


def test_a_ledger_with_an_earlier_revision_is_counted_again() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await sell(engine, "s1", a_M=1)
            await DemandKeeper(engine).catch_up()
            cursor = store.image.rows[Cursor][CURSOR]
            ahead = Cursor(CURSOR, cursor.revision + 50, None, cursor.zone, cursor.generation)
            store.image.rows[Cursor][CURSOR] = ahead
            await DemandKeeper(engine).catch_up()
            assert store.image.rows[Cursor][CURSOR].generation == cursor.generation + 1
            assert rows(store) == rebuilt(store, ZoneInfo("UTC"))

    simulate(work)


def test_a_verification_compares_the_rows_with_the_ledger() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await sell(engine, "s1", a_M=2)
            await engine.submit(take("s2", a_M=9))
            await engine._flush_demand()
            await DemandKeeper(engine).catch_up()
            assert (await verify_store(store)).clean
            check = await demand_check(store)
            assert check.revision == engine.view.revision
            table = store.image.rows[DailyDemand]
            away, sold = (table[key] for key in sorted(table))
            assert (away.location, sold.location) == (NO_LOCATION, DEFAULT_LOCATION)
            for row, wrong, words in (
                (sold, {"sold": 3}, "2 sold, 0 returned, 0 turned away"),
                (sold, {"generation": 7}, "2 sold, 0 returned, 0 turned away"),
                (away, {"turned_away": 0}, "0 sold, 0 returned, 9 turned away"),
                (away, {"returned": 1}, "0 sold, 0 returned, 9 turned away"),
            ):
                table[row.key] = replace(row, **wrong)
                (finding,) = (await verify_store(store)).findings
                assert (finding.rule, finding.sku) == ("demand", "a/M")
                assert words in finding.text
                table[row.key] = row
            assert (await verify_store(store)).clean

    simulate(work)


STEPS = ("sell", "return", "refused", "flush", "follow", "restart", "zone", "wait")
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 4)), max_size=25)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_rows_are_what_a_rebuild_makes(plan: list[tuple[str, int]]) -> None:
    async def work() -> None:
        later = Later()
        async with opened(at=later) as (engine, store):
            zones = (ZoneInfo("UTC"), TOKYO, NEW_YORK, ZoneInfo("Asia/Kathmandu"))
            keeper = DemandKeeper(engine)
            for number, (step, units) in enumerate(plan):
                if step == "sell":
                    await sell(engine, f"s{number}", a_M=units)
                elif step == "return":
                    await engine.submit(
                        Return(sku="a/M", location=DEFAULT_LOCATION, quantity=units, reason="back")
                    )
                elif step == "refused":
                    await engine.submit(take(f"s{number}", b_S=5 + units))
                elif step == "flush":
                    await engine._flush_demand()
                elif step == "follow":
                    await keeper._follower.portion()
                elif step == "restart":
                    keeper = DemandKeeper(engine)
                elif step == "zone":
                    engine.zone = zones[units - 1]
                    keeper = DemandKeeper(engine)
                else:
                    later.hours += units * 7
            await engine._flush_demand()
            await keeper.catch_up()
            assert rows(store) == rebuilt(store, engine.zone)
            assert (await verify_store(store)).clean

    simulate(work)


def test_a_backlog_is_counted_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily_demand, "TOGETHER", 2)

    async def work() -> None:
        later = Later()
        async with opened(at=later) as (engine, store):
            for number in range(5):
                await sell(engine, f"s{number}", a_M=1)
            for number in range(5):
                await engine.submit(take(f"t{number}", a_S=6))
                later.hours += 1
            await asyncio.sleep(FLUSH_SECONDS + 1)
            await DemandKeeper(engine).catch_up()
            assert rows(store) == rebuilt(store, ZoneInfo("UTC"))
            assert sum(row[0] for row in rows(store).values()) == 5
            assert sum(row[2] for row in rows(store).values()) == 30

    simulate(work)
