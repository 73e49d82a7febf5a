"""The special cases of SQLite: its file, its lock, its threads, the disk's failures."""

import asyncio
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from fancymonkey.core.holds.end import Release
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.outcomes import Accepted, Refused
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import (
    DataError,
    StoreCorrupt,
    StoreLocked,
    StoreReadOnly,
    StoreUnavailable,
)
from fancymonkey.store.open import open_store
from fancymonkey.store.sql.columns import TABLES
from fancymonkey.store.sql.migrations import migrations
from fancymonkey.store.sqlite import connection
from fancymonkey.store.sqlite import store as sqlite
from fancymonkey.store.sqlite import writer as sqlite_writer
from fancymonkey.store.sqlite.connection import QUERIES
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.contract.test_conformance import each, everything, fill, reserve
from tests.store.scripts import PRODUCTS, catalogue, upsert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


async def opened(path: Path, *, read_only: bool = False) -> SqliteStore:
    store = SqliteStore(path, read_only=read_only)
    await store.open(0)
    return store


async def test_a_second_server_gets_the_name_of_the_first(path: Path) -> None:
    first = await opened(path)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        await opened(path)
    await fill(first)  # the first one is not disturbed
    await first.close()
    await (await opened(path)).close()


async def test_readers_work_beside_a_server_and_cannot_write(path: Path) -> None:
    server = await opened(path)
    await fill(server)
    reader = await opened(path, read_only=True)
    assert await everything(reader) == await everything(server)
    await server.run([reserve("r1", "s1")], 5, 0)
    assert await reader.reservation("s1") == await server.reservation("s1")
    with pytest.raises(StoreReadOnly):
        await reader.run([reserve("r2", "s2")], 5, 0)
    with pytest.raises(StoreReadOnly):
        await reader.fill(each([]), each([]), 0)
    await reader.close()
    await server.close()


async def test_a_reader_needs_a_database(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no database"):
        await opened(path, read_only=True)
    apsw.Connection(str(path)).close()
    with pytest.raises(StoreUnavailable, match="lacks migration"):
        await opened(path, read_only=True)


async def test_relative_and_absolute_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, path in (
        ("sqlite:///a/shop.db", tmp_path / "a" / "shop.db"),
        (f"sqlite:///{tmp_path}/b.db", tmp_path / "b.db"),
    ):
        store = open_store(url)
        await store.open(0)
        await store.close()
        assert path.exists()


async def test_a_commit_is_on_the_disk_when_it_is_answered(path: Path) -> None:
    store = await opened(path)
    assert store._writer is not None
    assert store._writer.db.pragma("journal_mode") == "wal"
    assert store._writer.db.pragma("synchronous") == 2  # FULL: the log is synced by every COMMIT
    await store.close()


class FailingSyncs(apsw.VFS):
    """A file system on which syncs fail while `broken` is set."""

    def __init__(self) -> None:
        self.broken = False
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> "FailingFile":
        return FailingFile(self, name, flags)


class FailingFile(apsw.VFSFile):
    def __init__(self, vfs: FailingSyncs, name: object, flags: list[int]) -> None:
        self.vfs = vfs
        super().__init__("unix", name, flags)  # type: ignore[arg-type]

    def xSync(self, flags: int) -> None:
        if self.vfs.broken:
            raise apsw.IOError("no such luck")
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[FailingSyncs]:
    vfs = FailingSyncs()
    yield vfs
    vfs.unregister()


async def test_after_a_failed_sync_nothing_is_written_until_a_restart(
    path: Path, disk: FailingSyncs
) -> None:
    store = await opened(path)
    await fill(store)
    before = await everything(store)
    disk.broken = True
    with pytest.raises(StoreUnavailable, match="restarted"):
        await store.run([reserve("r1", "s1")], 5, 0)
    disk.broken = False  # too late: the state of the file in the kernel cannot be known
    with pytest.raises(StoreUnavailable, match="restarted"):
        await store.run([reserve("r2", "s2")], 5, 0)
    assert "restarted" in (await store.health_problems())[0]
    await store.close()
    again = await opened(path)
    after = await everything(again)
    assert after["entries"][: len(before["entries"])] == before["entries"]
    assert isinstance((await again.run([reserve("r3", "s3")], 5, 0)).answers[0], Accepted)
    await again.close()


async def test_another_program_that_locks_the_file_is_named_as_the_cause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_MS", 10)
    store = await opened(path)
    await fill(store)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another program"):
        await store.run([reserve("r1", "s1")], 5, 0)
    other.execute("ROLLBACK")
    other.close()
    assert isinstance((await store.run([reserve("r1", "s1")], 5, 0)).answers[0], Accepted)
    await store.close()


async def test_a_file_that_is_not_a_database_is_not_touched(path: Path) -> None:
    path.write_bytes(b"prices of 2019\n" * 100)
    with pytest.raises(StoreCorrupt, match="not a valid SQLite database"):
        await opened(path)
    assert path.read_bytes() == b"prices of 2019\n" * 100


async def test_a_database_of_another_program_is_not_touched(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE product (barcode TEXT)")
    with pytest.raises(StoreCorrupt, match="not a database of this program"):
        await opened(path)
    assert list(other.execute("SELECT name FROM sqlite_schema")) == [("product",)]
    other.close()


async def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreUnavailable, match=r"3\.51\.3"):
        await opened(path)


async def test_the_database_itself_refuses_to_be_oversold(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    other = apsw.Connection(str(path))
    for column, value in (("reserved", 11), ("on_hand", -1), ("short", 1), ("reserved", -1)):
        with pytest.raises(apsw.ConstraintError):
            other.execute(f"UPDATE level SET {column} = ?", (value,))
    other.close()
    await store.close()


async def test_a_row_that_is_refused_is_a_data_error_and_leaves_no_trace(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    await store.run([reserve("r1", "s1")], 5, 0)
    before = await everything(store)
    with pytest.raises(DataError, match="UNIQUE"):
        await store.run([reserve("r2", "s2"), reserve("r1", "s3")], 5, 0)
    assert await everything(store) == before
    assert isinstance((await store.run([reserve("r2", "s2")], 5, 0)).answers[0], Accepted)
    await store.close()


async def test_no_statement_of_a_batch_goes_through_a_table(path: Path) -> None:
    store = await opened(path)
    await store.close()
    db = apsw.Connection(str(path))
    statements = [sqlite_writer._by_key(table) for table in TABLES.values()]
    names = ("due", "entries_after", "history", "next_due", "reservation_by_id", "prune")
    statements += [QUERIES[name] for name in (*names, "reservation_by_session")]
    statements += [QUERIES[name] for name in ("items_of_products", "products_by_id")]
    statements += [QUERIES[name] for name in ("holds_of", "live_holds")]
    for sql in statements:
        values = (None,) * len(set(re.findall(r"\?\d", sql)))
        steps = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, values)]
        scans = [step for step in steps if step.startswith("SCAN")]
        allowed = ("VIRTUAL TABLE", "USING INDEX reservation_due")
        assert all(any(words in step for words in allowed) for step in scans), (sql, steps)
    db.close()


async def test_the_view_shows_what_an_analyst_expects(path: Path) -> None:
    store = await opened(path)
    await store.run([upsert("prod_a")], 1000, 0)
    await store.run([reserve("r1", "s1", quantity=3)], 1_700_000_000_123, 0)
    db = apsw.Connection(str(path))
    rows = list(db.execute("SELECT * FROM inventory WHERE size = 'M'"))
    assert rows == [("prod_a", "M", 10, 3, 5, 0, None, "2023-11-14T22:13:20.123Z", 7)]
    db.close()
    await store.close()


async def test_outcomes_are_pruned_in_portions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fancymonkey.store.sqlite.store.PRUNED_AT_ONCE", 2)
    store = await opened(path)
    await fill(store)
    for number in range(5):
        count = Count(
            sku="prod_a/M",
            location=DEFAULT_LOCATION,
            quantity=number,
            command_id=f"k{number}",
            digest="d",
        )
        await store.run([count], number, 0)
    assert await store.prune(4) == 4
    await store.close()


async def test_reads_continue_while_a_batch_is_written(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    assert store._writer is not None
    store._writer.db.execute("BEGIN IMMEDIATE")
    store._writer.db.execute("UPDATE level SET on_hand = 99")
    snapshot = await asyncio.wait_for(store.snapshot(), 5)
    assert {level.on_hand for level in snapshot.levels} == {10}
    store._writer.db.execute("ROLLBACK")
    assert len(snapshot.products) == len(PRODUCTS) == len(catalogue())
    await store.close()


async def test_a_closed_store_reports_it(path: Path) -> None:
    store = await opened(path)
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.run([Release(ref="s1")], 1, 0)
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.next_due()


class Flaky:
    """A connection on which the next reading of items fails."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self.armed = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, sql: str, *values: Any) -> Any:
        if self.armed and "JOIN item" in sql:
            self.armed = False
            raise apsw.IOError("no such luck")
        return self._db.execute(sql, *values)


async def test_a_row_that_could_not_be_read_once_is_not_lost(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    await store.close()
    store = await opened(path)  # which has read nothing yet
    assert store._writer is not None
    flaky = Flaky(store._writer.db)
    store._writer.db = flaky  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable, match="no such luck"):
        await store.run([reserve("r1", "s1")], 5, 0)
    assert not flaky.armed
    (answer,) = (await store.run([reserve("r1", "s1")], 5, 0)).answers
    assert isinstance(answer, Accepted)
    await store.close()


async def test_a_change_by_hand_before_the_first_batch_counts(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    await store.close()
    store = await opened(path)
    await store.snapshot()
    other = apsw.Connection(str(path))
    other.execute("UPDATE level SET on_hand = 3 WHERE sku = 'prod_a/M'")
    other.close()
    (answer,) = (await store.run([reserve("r1", "s1", quantity=5)], 5, 2**62)).answers
    assert isinstance(answer, Refused)
    await store.close()


async def test_a_full_disk_is_reported_until_it_has_room(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    assert store._writer is not None
    store._writer.db.execute("PRAGMA max_page_count = 1")  # as small as it is already

    async def fill_up() -> None:
        for number in range(200):
            await store.run([upsert(f"prod_{number}")], 5, 0)

    with pytest.raises(StoreUnavailable, match="full"):
        await fill_up()
    (problem,) = await store.health_problems()
    assert "Free some space" in problem
    store._writer.db.execute("PRAGMA max_page_count = 1000000")
    await store.run([reserve("r", "s")], 5, 0)
    assert await store.health_problems() == []
    await store.close()


async def test_a_commit_is_kept_if_the_log_cannot_be_copied(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = await opened(path)
    await fill(store)

    def locked(writer: sqlite_writer.SqliteWriter) -> None:
        raise StoreUnavailable("Another program copies it.")

    monkeypatch.setattr(sqlite_writer.SqliteWriter, "checkpoint", locked)
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 0)
    (answer,) = (await store.run([reserve("r1", "s1")], 5, 0)).answers
    assert isinstance(answer, Accepted)
    assert "could not be copied" in caplog.text
    await store.close()


async def test_work_continues_after_its_caller_has_gone(path: Path) -> None:
    store = await opened(path)
    await fill(store)
    assert store._writer is not None
    begun, end = threading.Event(), threading.Event()

    def long(writer: sqlite_writer.SqliteWriter) -> None:
        with writer.transaction():
            begun.set()
            assert end.wait(10)

    working = asyncio.create_task(store._write(long))
    await asyncio.to_thread(begun.wait, 10)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    store._writer.pace.took(0, here=True)
    assert store.run_now([reserve("r1", "s1")], 5, 0) is None  # the connection is in use
    end.set()
    (answer,) = (await store.run([reserve("r1", "s1")], 5, 0)).answers
    assert isinstance(answer, Accepted)
    await store.close()


def test_a_new_file_gets_its_whole_schema_in_one_transaction(path: Path) -> None:
    db = apsw.Connection(str(path))
    commits: list[int] = []
    db.set_commit_hook(lambda: bool(commits.append(db.total_changes())))  # type: ignore[func-returns-value]
    connection.migrate(db, 1)
    assert len(commits) == 1
    numbers = [row[0] for row in db.execute(QUERIES["migrations"])]
    assert numbers == [migration.number for migration in migrations("sqlite")]
    db.close()
