"""Followers: every entry at least once, in order, whatever fails."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

import fancymonkey.engine.follow as follow_module
from fancymonkey.core.model import Cursor, Entry
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from tests.engine.stores import SlowStore, clock, down, opened
from tests.sim.loop import simulate


class Reader:
    """Remembers what it was handed; raises the errors that it was given first."""

    def __init__(self, *errors: Exception) -> None:
        self.seen: list[int] = []
        self.errors = list(errors)

    async def __call__(self, entries: Sequence[Entry]) -> None:
        self.seen += [entry.revision for entry in entries]
        if self.errors:
            raise self.errors.pop(0)


def up() -> Adjust:
    return Adjust(sku="a/M", delta=1)


def cursor(store: MemoryStore) -> int:
    row = store.image.rows[Cursor].get("alerts")
    return 0 if row is None else row.revision


def test_it_reads_from_the_beginning_and_continues() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            reader = Reader()
            engine.follow("alerts", reader)
            await asyncio.sleep(1)
            assert reader.seen == [1, 2, 3, 4, 5, 6]
            await engine.submit(up())
            await asyncio.sleep(1)
            assert reader.seen == [1, 2, 3, 4, 5, 6, 7]
            assert cursor(store) == 7

    simulate(work)


def test_a_batch_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "BATCH", 2)
    sizes: list[int] = []

    async def handler(entries: Sequence[Entry]) -> None:
        sizes.append(len(entries))

    async def work() -> None:
        async with opened() as (engine, _):
            engine.follow("alerts", handler)
            await asyncio.sleep(1)

    simulate(work)
    assert sizes == [2, 2, 2]


def test_a_handler_that_fails_gets_the_same_again(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            reader = Reader(RuntimeError("bug"), StoreUnavailable("away"))
            engine.follow("alerts", reader)
            await asyncio.sleep(0.5)
            assert cursor(store) == 0
            await asyncio.sleep(5)
            assert reader.seen == [1, 2, 3, 4, 5, 6] * 3
            assert cursor(store) == 6

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_store_that_is_away_is_asked_again(failures: int) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            store.fail_reads = [down()] * failures
            reader = Reader()
            engine.follow("alerts", reader)
            await asyncio.sleep(failures + 2)
            assert reader.seen == [1, 2, 3, 4, 5, 6]

    simulate(work)


def test_a_cursor_that_could_not_be_stored_repeats_and_skips_nothing() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            store.fail = [down()]
            reader = Reader()
            engine.follow("alerts", reader)
            await asyncio.sleep(5)
            assert reader.seen == [1, 2, 3, 4, 5, 6] * 2

    simulate(work)


def test_its_place_survives_the_process() -> None:
    async def work() -> None:
        store = SlowStore()
        async with opened(store) as (engine, _):
            engine.follow("alerts", Reader())
            await asyncio.sleep(1)
        engine = Engine(store, clock)
        await engine.open()
        reader = Reader()
        engine.follow("alerts", reader)
        await engine.submit(up())
        await asyncio.sleep(1)
        assert reader.seen == [7]
        await engine.close()

    simulate(work)


def test_it_follows_other_processes_and_a_reloaded_view() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            reader = Reader()
            engine.follow("alerts", reader)
            await asyncio.sleep(1)
            await store.elsewhere(Count(sku="b/M", quantity=2))
            await asyncio.sleep(1)
            assert reader.seen[-1] == 7
            await store.elsewhere(Count(sku="b/M", quantity=3), ring=False)
            await engine._reset()
            await asyncio.sleep(1)
            assert reader.seen[-1] == 8

    simulate(work)
