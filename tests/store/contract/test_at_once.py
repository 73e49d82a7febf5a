"""Commits within one turn of the event loop have the effects of `run`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Level
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Count
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.open import open_store
from fancymonkey.store.shared.disk_latency import DiskLatency
from fancymonkey.store.sql import row_cache
from fancymonkey.store.sqlite.connection import CHECKPOINT_PAGES
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.contract.test_conformance import everything, fill, reserve
from tests.store.scripts import batches, script

COUNT = Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=7)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is fast."""
    monkeypatch.setattr(DiskLatency, "quick", property(lambda pace: True))


@pytest.fixture(params=["json", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Each store that can commit at once."""
    store: Store = JsonStore(tmp_path / "shop")
    if request.param == "sqlite":
        store = SqliteStore(tmp_path / "shop.db")
    await store.open(0)
    yield store
    await store.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A SQLite store with a few products."""
    store = SqliteStore(tmp_path / "sqlite.db")
    await store.open(0)
    await fill(store)
    yield store
    await store.close()


@pytest.mark.parametrize("seed", range(200, 206))
async def test_any_script_ends_like_the_reference(store: Store, seed: int) -> None:
    reference, revision, at_once = MemoryStore(), 0, 0
    await fill(reference)
    await fill(store)
    revision = reference.image.revision
    for number, (commands, now) in enumerate(batches(seed, script(seed))):
        expected = await reference.run(commands, now, revision)
        commit = store.run_now(commands, now, revision) if number % 3 else None
        at_once += commit is not None
        if commit is None:
            commit = await store.run(commands, now, revision)
        assert commit.answers == expected.answers
        assert commit.entries == expected.entries
        revision = commit.revision
    assert await everything(store) == await everything(reference)
    assert at_once > 10


async def test_committed_data_is_there_after_reopening(store: Store) -> None:
    await fill(store)
    revision = (await store.snapshot()).revision
    assert store.run_now([COUNT], 5, revision) is not None
    before = await everything(store)
    again = open_store(
        f"sqlite:///{store.path}" if isinstance(store, SqliteStore) else str(store._path),  # type: ignore[attr-defined]
        read_only=True,
    )
    await again.open(0)
    assert await everything(again) == before
    await again.close()


async def test_not_during_another_batch(store: Store) -> None:
    await fill(store)
    revision = (await store.snapshot()).revision
    slow = asyncio.create_task(store.run([reserve("r1", "s1")], 5, revision))
    await asyncio.sleep(0)
    assert store.run_now([COUNT], 5, revision) is None
    await slow
    assert store.run_now([COUNT], 5, revision + 1) is not None


async def test_not_in_a_store_that_is_closed(store: Store) -> None:
    await store.close()
    assert store.run_now([COUNT], 5, 0) is None


async def test_sqlite_runs_slow_work_in_its_thread(sqlite: SqliteStore) -> None:
    revision = (await sqlite.snapshot()).revision
    assert sqlite._writer is not None
    sqlite._writer.log_pages = CHECKPOINT_PAGES
    assert sqlite.run_now([COUNT], 5, revision) is None
    await sqlite.run([COUNT], 5, revision)
    assert sqlite._writer.log_pages < CHECKPOINT_PAGES  # copied into the database
    assert sqlite.run_now([COUNT], 5, revision + 1) is not None


async def test_sqlite_does_not_wait_for_another_program(sqlite: SqliteStore) -> None:
    revision = (await sqlite.snapshot()).revision
    stranger = apsw.Connection(str(sqlite.path))
    stranger.execute("BEGIN IMMEDIATE")
    assert sqlite.run_now([COUNT], 5, revision) is None
    stranger.execute("ROLLBACK")
    assert sqlite.run_now([COUNT], 5, revision) is not None
    stranger.close()


async def test_edits_of_the_file_are_seen(sqlite: SqliteStore) -> None:
    revision = (await sqlite.snapshot()).revision
    sqlite.run_now([reserve("r1", "s1")], 5, revision)
    stranger = apsw.Connection(str(sqlite.path))
    stranger.execute("UPDATE level SET on_hand = 3 WHERE sku = 'prod_a/M'")
    stranger.close()
    commit = sqlite.run_now([reserve("r2", "s2", quantity=3)], 5, revision + 1)
    assert commit is not None
    assert not isinstance(commit.answers[0], Accepted)
    level = await sqlite.find(Level, ("prod_a/M", "main"))
    assert level is not None
    assert (level.on_hand, level.reserved) == (3, 1)


async def test_a_snapshot_is_cached_only_while_it_is_current(
    sqlite: SqliteStore,
) -> None:
    shown = await sqlite.snapshot()
    sqlite.run_now([COUNT], 5, shown.revision)
    assert sqlite._writer is not None
    sqlite._writer.shown = shown
    commit = sqlite.run_now([reserve("r1", "s1", quantity=8)], 5, shown.revision + 1)
    assert commit is not None
    assert not isinstance(commit.answers[0], Accepted)  # seven were counted since


async def test_missing_rows_do_not_fill_the_memory(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_cache, "MOST", 20)
    revision = (await sqlite.snapshot()).revision
    for number in range(50):
        sqlite.run_now([reserve(f"r{number}", f"s{number}", f"nothing{number}/M")], 5, revision)
    assert sqlite._writer is not None
    assert all(len(rows) <= 2 * 20 for rows in sqlite._writer._known._rows.values())


async def test_a_full_journal_is_replaced_in_its_thread(tmp_path: Path) -> None:
    store = JsonStore(tmp_path / "shop", segment_entries=10)
    await store.open(0)
    await fill(store)
    for number in range(40):
        revision = store.image.revision
        commands = [reserve(f"r{number}", f"s{number}", ttl=10)]
        now = 100 + 20 * number
        if store.run_now(commands, now, revision) is None:
            await store.run(commands, now, revision)
        assert store._journal._entries <= 12
    await store.close()
    again = JsonStore(tmp_path / "shop")
    await again.open(10**6)
    assert again.image.revision == store.image.revision
    await again.close()
