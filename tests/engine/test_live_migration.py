"""A running shop moves to another store: nothing is lost or doubled, with any interruption."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Outcome, sku_of
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.migration import markers
from fancymonkey.engine.migration.live_migration import (
    LAST_ROUNDS,
    PORTION,
    SMALL,
    LiveMigration,
    LiveMigrationReport,
)
from fancymonkey.engine.migration.recording_store import RecordingStore
from fancymonkey.errors import DataError, StoreError, StoreUnavailable
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import empty_store, open_store
from fancymonkey.store.verify import verify_store
from tests.core.builders import upsert
from tests.store.scripts import PRODUCTS, SIZES, catalogue, script
from tests.support.postgres import PostgresServer

BATCH_ROWS = 1600
"""More rows and entries than one batch has here."""
SKU = sku_of(PRODUCTS[0], SIZES[0])
WAYS = ["json-sqlite", "sqlite-json", "sqlite-postgres", "postgres-json", "memory-memory"]
Name = Callable[[str], str]


@pytest.fixture
def name(request: pytest.FixtureRequest, tmp_path: Path) -> Name:
    """Names an empty store of a kind."""
    made: list[str] = []

    def fresh(kind: str) -> str:
        made.append(kind)
        if kind == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            return server.start().create_database()
        places = {
            "json": f"{tmp_path}/{len(made)}",
            "sqlite": f"sqlite:///{tmp_path}/{len(made)}.db",
        }
        return places.get(kind, "memory://")

    return fresh


@contextlib.asynccontextmanager
async def shop(target: str) -> AsyncIterator[Engine]:
    engine = Engine(open_store(target))
    await engine.open()
    for command in (*catalogue(), *script(4, 60)):
        await engine.submit(command)
    yield engine
    await engine.close()


async def buyers(
    engine: Engine, answered: list[str], stop: asyncio.Event, pause: float = 0.002
) -> None:
    """Repeatedly adds one unit and stores a document, each time with a new id."""

    async def buy(buyer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            id_ = f"add-{buyer}-{number}"
            answer = await engine.submit(
                Adjust(
                    sku=SKU,
                    location=DEFAULT_LOCATION,
                    delta=1,
                    command_id=id_,
                    digest=id_,
                    actor="test",
                )
            )
            assert isinstance(answer, Accepted)
            answered.append(id_)
            await engine.submit(PutDocuments(drafts=(DocumentWrite("notes", id_, '"kept"'),)))
            await asyncio.sleep(pause)

    await asyncio.gather(*(buy(buyer) for buyer in range(4)))


async def _sold(count: int, answered: list[str], selling: asyncio.Task[None]) -> None:
    """Returns when `count` units are sold; fails with the buyers' error if they have ended."""
    while len(answered) < count:
        if selling.done():
            selling.result()
        await asyncio.sleep(0.001)


def marked(ways: list[str]) -> list[object]:
    return [
        pytest.param(way, marks=pytest.mark.postgres if "postgres" in way else ()) for way in ways
    ]


@pytest.mark.parametrize("way", marked(WAYS))
async def test_a_shop_moves_while_it_sells(way: str, name: Name) -> None:
    here, there = way.split("-")
    old, target = name(here), name(there)
    async with shop(old) as engine:
        before = engine.view.stock(SKU).on_hand
        answered: list[str] = []
        stop = asyncio.Event()
        selling = asyncio.create_task(buyers(engine, answered, stop))
        await _sold(20, answered, selling)
        new = open_store(target)
        report = await LiveMigration(engine, new, "old", "new").run()
        sold = len(answered)
        await _sold(sold + 20, answered, selling)
        stop.set()
        await selling
        assert engine.store is new
        assert report.pause < 1000
        await _check(new, answered, before)
        assert engine.view.stock(SKU).on_hand == before + len(answered)
    if target != "memory://":
        await _left(old)
        again = open_store(target)
        await again.open(0)
        await markers.check_not_moved(again)
        await _check(again, answered, before)
        await again.close()


async def _check(store: Store, answered: list[str], before: int) -> None:
    """Every answer and its entries are in the new store, once."""
    assert (await verify_store(store)).clean
    added = [
        entry async for entry in store.history(SKU) if entry.actor == "test" and entry.on_hand == 1
    ]
    assert len(added) == len(answered)
    levels = {level.sku: level.on_hand for level in (await store.snapshot()).levels}
    assert levels[SKU] == before + len(answered)
    for id_ in answered:
        assert await store.find(Outcome, id_) is not None
        assert await store.find(Document, ("notes", id_)) is not None
    assert [e.revision async for e in _all(store)] == list(
        range(1, (await store.snapshot()).revision + 1)
    )


async def _all(store: Store) -> AsyncIterator[object]:
    async with store.frozen() as still:
        async for entry in still.entries():
            yield entry


async def _left(target: str) -> None:
    """The old store names the new one, and no server can open it."""
    engine = Engine(open_store(target))
    with pytest.raises(StoreUnavailable, match="has moved from here to new"):
        await engine.open()


class SlowTarget(MemoryStore):
    """Writes more slowly than the buyers of these tests buy. `sizes`: the rows of each portion."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    async def fill(self, rows, entries, revision):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.3)
        await super().fill(rows, entries, revision)

    async def apply_commits(self, changed, entries, revision):  # type: ignore[no-untyped-def]
        self.sizes.append(len(entries) + sum(map(len, changed.values())))
        await asyncio.sleep(self.sizes[-1] * 0.001)
        await super().apply_commits(changed, entries, revision)


async def test_a_move_ends_although_buyers_outpace_it(name: Name) -> None:
    """Buyers sometimes wait for a portion; the last pause is for few rows."""
    async with shop(name("memory")) as engine:
        answered: list[str] = []
        before = engine.view.stock(SKU).on_hand
        stop = asyncio.Event()
        selling = asyncio.create_task(buyers(engine, answered, stop, pause=0.0))
        await _sold(20, answered, selling)
        slow = SlowTarget()
        report = await LiveMigration(engine, cast(Store, slow), "old", "new").run()
        stop.set()
        await selling
        assert report.rounds <= LAST_ROUNDS + report.caught_up * 10 // PORTION
        assert slow.sizes[-1] < SMALL + BATCH_ROWS
        assert max(slow.sizes) < PORTION + BATCH_ROWS
        await _check(engine.store, answered, before)


@pytest.mark.parametrize("ahead", [3, 10])
async def test_writers_wait_for_the_copy_and_continue(ahead: int) -> None:
    """A record of many rows becomes smaller with every portion while others write."""
    portion, batch = 400, 10
    store = MemoryStore()
    await store.open(0)
    recorder = RecordingStore(cast(Store, store))
    await recorder.run([upsert("a", 0, 0)], 1, 0)
    number = 0

    async def write() -> None:
        nonlocal number
        commands = []
        for _ in range(batch):
            number += 1
            commands.append(
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1, command_id=str(number))
            )
        await recorder.run(commands, 1, number)

    while recorder.recorded < ahead * portion:
        await write()
    writing = [asyncio.create_task(_forever(write)) for _ in range(3)]
    left = [recorder.recorded]
    while recorder.recorded > portion:
        with recorder.limited(portion) as (changed, entries, _):
            assert len(entries) + sum(map(len, changed.values())) < portion + 4 * batch
            for _ in range(50):
                await asyncio.sleep(0)
        left.append(recorder.recorded)
    assert left == sorted(left, reverse=True)
    held = number
    for _ in range(50):
        await asyncio.sleep(0)
    assert number > held  # no commit waits outside of a portion
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)


async def _forever(write: Callable[[], Awaitable[None]]) -> None:
    while True:
        await write()
        await asyncio.sleep(0)


@pytest.mark.parametrize("way", ["json-sqlite", "sqlite-json"])
async def test_a_move_that_is_cancelled_anywhere_can_be_begun_again(way: str, name: Name) -> None:
    here, there = way.split("-")
    old, target = name(here), name(there)
    async with shop(old) as engine:
        answered: list[str] = []
        before = engine.view.stock(SKU).on_hand
        stop = asyncio.Event()
        selling = asyncio.create_task(buyers(engine, answered, stop))
        for turns in (0, 3, 10, 30, 60, 100):
            moving = asyncio.create_task(
                LiveMigration(engine, empty_store(target), "old", "new").run()
            )
            for _ in range(turns):
                await asyncio.sleep(0.001)
            moving.cancel()
            done = await asyncio.gather(moving, return_exceptions=True)
            if isinstance(done[0], LiveMigrationReport) or engine.moved_to is not None:
                break
            unfinished = Engine(open_store(target))
            try:
                await unfinished.open()
            except StoreError as error:
                assert "unfinished copy" in str(error) or "interrupted copy" in str(error)  # noqa: PT017
            else:
                assert not unfinished.view.products
                await unfinished.close()
        if engine.moved_to is None:
            await LiveMigration(engine, empty_store(target), "old", "new").run()
        stop.set()
        await selling
        await _check(engine.store, answered, before)


async def test_a_store_that_holds_something_is_not_moved_into(name: Name) -> None:
    old, target = name("json"), name("sqlite")
    async with shop(target):
        pass
    async with shop(old) as engine:
        with pytest.raises(DataError, match="not empty"):
            await LiveMigration(engine, empty_store(target), "old", "new").run()
        assert engine.moved_to is None
        assert isinstance(
            await engine.submit(Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=1, actor="t")),
            Accepted,
        )


async def test_a_new_store_that_fails_leaves_the_old_one_in_charge(name: Name) -> None:
    """At each call that writes in turn."""

    class Fragile(MemoryStore):
        left = 0

        def step(self) -> None:
            self.left -= 1
            if self.left == 0:
                raise StoreUnavailable("the disk is full")

        async def fill(self, rows, entries, revision):  # type: ignore[no-untyped-def]
            self.step()
            await super().fill(rows, entries, revision)

        async def apply_commits(self, changed, entries, revision):  # type: ignore[no-untyped-def]
            self.step()
            await super().apply_commits(changed, entries, revision)

        async def run(self, commands, now, after):  # type: ignore[no-untyped-def]
            self.step()
            return await super().run(commands, now, after)

    old = name("json")
    async with shop(old) as engine:
        for step in (1, 2, 3):
            store = Fragile()
            store.left = step
            with pytest.raises(StoreUnavailable, match="the disk is full"):
                await LiveMigration(engine, store, "old", "new").run()
            assert await markers.moved(engine.store) is None
            answer = await engine.submit(
                Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=1, actor="t")
            )
            assert isinstance(answer, Accepted)
    again = Engine(open_store(old))
    await again.open()
    await again.close()


@pytest.mark.postgres
async def test_a_move_is_refused_while_another_process_writes(
    name: Name, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, target = name("postgres"), name("sqlite")
    async with shop(old) as engine:
        monkeypatch.setattr("os.getpid", lambda: 7)
        other = open_store(old)
        await other.open(0)
        monkeypatch.undo()
        await other.run((), 0, 0)
        with pytest.raises(StoreUnavailable, match=r"1 more process can write .*server 7@"):
            await LiveMigration(engine, open_store(target), "old", "new").run()
        await other.close()
        await LiveMigration(engine, open_store(target), "old", "new").run()
