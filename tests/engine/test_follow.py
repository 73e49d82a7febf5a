"""Followers get every entry once, in order, with any failure."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import fancymonkey.engine.follow as follow_module
import fancymonkey.engine.view.feed as feed_module
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Cursor, Entry
from fancymonkey.core.records import MoveCursor
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.follow import LedgerFollower
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from tests.engine.stores import SlowStore, clock, down, opened
from tests.sim.loop import simulate

FALLBACK = 60.0


class Reader:
    """A handler that remembers the entries; raises the errors that it was given first."""

    def __init__(self, engine: Engine, *errors: Exception) -> None:
        self.engine = engine
        self.seen: list[int] = []
        self.sizes: list[int] = []
        self.errors = list(errors)

    async def begin(self) -> int:
        cursor = await self.engine.store.find(Cursor, "test")
        return 0 if cursor is None else cursor.revision

    async def handle(self, entries: list[Entry]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        await self.engine.submit(MoveCursor(name="test", revision=entries[-1].revision))
        self.seen += [entry.revision for entry in entries]
        self.sizes.append(len(entries))


@asynccontextmanager
async def followed(engine: Engine, *errors: Exception) -> AsyncIterator[Reader]:
    reader = Reader(engine, *errors)
    follower = LedgerFollower(engine, reader.begin, reader.handle)
    task = asyncio.create_task(follower.run(0.1, FALLBACK))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert not engine.feed.wake_events


def up() -> Adjust:
    return Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1)


def cursor(store: MemoryStore) -> int:
    row = store.image.rows[Cursor].get("test")
    return 0 if row is None else row.revision


def test_it_reads_from_the_beginning_and_continues() -> None:
    async def work() -> None:
        async with opened() as (engine, store), followed(engine) as reader:
            await asyncio.sleep(1)
            assert reader.seen == [1, 2, 3, 4, 5, 6]
            await engine.submit(up())
            await asyncio.sleep(1)
            assert reader.seen == [1, 2, 3, 4, 5, 6, 7]
            assert cursor(store) == 7

    simulate(work)


def test_a_portion_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "PORTION", 2)

    async def work() -> None:
        async with opened() as (engine, _), followed(engine) as reader:
            await asyncio.sleep(1)
            assert reader.sizes == [2, 2, 2]

    simulate(work)


def test_it_reads_nothing_while_nothing_changes() -> None:
    async def work() -> None:
        async with opened() as (engine, _), followed(engine) as reader:
            await asyncio.sleep(1)
            reads: list[int] = []
            read = engine.feed.entries_after

            def counted(revision: int, limit: int = 1000) -> list[Entry] | None:
                reads.append(revision)
                return read(revision, limit)

            engine.feed.entries_after = counted  # type: ignore[method-assign]
            await asyncio.sleep(FALLBACK * 10)
            assert len(reads) <= 10
            del reads[:]
            await engine.submit(up())
            await asyncio.sleep(1)
            assert reads
            assert reader.seen[-1] == 7

    simulate(work)


def test_the_latest_entries_are_not_read_from_the_store() -> None:
    async def work() -> None:
        async with opened() as (engine, store), followed(engine) as reader:
            await asyncio.sleep(1)
            store.fail_reads = [AssertionError("read")]
            for _ in range(3):
                await engine.submit(up())
                await asyncio.sleep(1)
            assert store.fail_reads
            assert reader.seen == [1, 2, 3, 4, 5, 6, 7, 8, 9]
            store.fail_reads = []

    simulate(work)


def test_entries_that_the_feed_has_forgotten_come_from_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "REMEMBERED", 2)
    monkeypatch.setattr(feed_module, "SPARE", 0)
    monkeypatch.setattr(follow_module, "PORTION", 3)

    async def work() -> None:
        async with opened() as (engine, _), followed(engine) as reader:
            await asyncio.sleep(1)
            for _ in range(7):
                await engine.submit(up())
            assert len(engine.feed.entries_after(11) or []) == 2
            assert engine.feed.entries_after(10) is None
            await asyncio.sleep(1)
            assert reader.seen == list(range(1, 14))

    simulate(work)


def test_a_long_backlog_is_read_before_the_feed_forgets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow_module, "BACKLOG", 3)

    async def work() -> None:
        async with opened() as (engine, _):
            reader = Reader(engine)
            follower = LedgerFollower(engine, reader.begin, reader.handle)
            task = asyncio.create_task(follower.run(20.0, FALLBACK))
            await asyncio.sleep(1)
            await engine.submit(up())
            await asyncio.sleep(5)
            assert reader.seen == [1, 2, 3, 4, 5, 6]  # its time has not come
            await engine.submit(up())
            await engine.submit(up())
            await asyncio.sleep(1)
            assert reader.seen == [1, 2, 3, 4, 5, 6, 7, 8, 9]
            task.cancel()
            await asyncio.wait([task])

    simulate(work)


def test_a_handler_that_fails_gets_the_same_again(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            errors = (RuntimeError("bug"), StoreUnavailable("away"))
            async with followed(engine, *errors) as reader:
                await asyncio.sleep(0.5)
                assert cursor(store) == 0
                await asyncio.sleep(5 + FALLBACK)
                assert reader.seen == [1, 2, 3, 4, 5, 6]
                assert cursor(store) == 6

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_an_unavailable_store_is_read_again_soon(failures: int) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            store.fail_reads = [down()] * failures
            async with followed(engine) as reader:
                await asyncio.sleep(2 * failures + 2)
                assert reader.seen == [1, 2, 3, 4, 5, 6]

    simulate(work)


def test_its_position_survives_the_process() -> None:
    async def work() -> None:
        store = SlowStore()
        async with opened(store) as (engine, _), followed(engine):
            await asyncio.sleep(1)
        engine = Engine(store, clock)
        await engine.open()
        async with followed(engine) as reader:
            await engine.submit(up())
            await asyncio.sleep(1)
            assert reader.seen == [7]
        await engine.close()

    simulate(work)


def test_it_follows_other_processes_and_a_reloaded_view() -> None:
    async def work() -> None:
        async with opened() as (engine, store), followed(engine) as reader:
            await asyncio.sleep(1)
            await store.elsewhere(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=2))
            await asyncio.sleep(1)
            assert reader.seen[-1] == 7
            await store.elsewhere(
                Count(sku="b/M", location=DEFAULT_LOCATION, quantity=3), ring=False
            )
            await engine._reset()
            await asyncio.sleep(1)
            assert reader.seen[-1] == 8

    simulate(work)
