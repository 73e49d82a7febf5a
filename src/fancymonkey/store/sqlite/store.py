"""The store in one SQLite file: for one server, durable at every COMMIT."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Item, Level, Product, Row
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreError, StoreReadOnly, StoreUnavailable
from fancymonkey.store.contract import Commit, OnRemoteCommit, Snapshot, StockSnapshot, Submit
from fancymonkey.store.shared.file_lock import FileLock
from fancymonkey.store.shared.files import Disk
from fancymonkey.store.shared.write_check import WriteCheck
from fancymonkey.store.sql.columns import TABLES, Table
from fancymonkey.store.sql.fold import fold_in_portions
from fancymonkey.store.sql.reads import SqlReads
from fancymonkey.store.sql.statements import (
    chunks,
    reservations,
)
from fancymonkey.store.sqlite.connection import (
    CHECKPOINT_PAGES,
    QUERIES,
    check_schema,
    connect,
    one_revision,
    translated_errors,
)
from fancymonkey.store.sqlite.fold import fold
from fancymonkey.store.sqlite.recovery import repair
from fancymonkey.store.sqlite.snapshot import frozen
from fancymonkey.store.sqlite.writer import SqliteWriter

log = logging.getLogger(__name__)

T = TypeVar("T")
PRUNED_AT_ONCE = 2000


class SqliteStore(SqlReads):
    """One thread writes, another one reads; on a slow disk the event loop never waits for it."""

    _queries = QUERIES

    def __init__(
        self, path: Path, *, read_only: bool = False, disk: Disk | None = None, url: str = ""
    ) -> None:
        self.path = path
        self._disk = disk or Disk()
        self.read_only = read_only
        self._lock = FileLock(path.with_name(path.name + ".lock"), url)
        self._writing: ThreadPoolExecutor | None = None
        self._reading: ThreadPoolExecutor | None = None
        self._writer: SqliteWriter | None = None
        self._busy = 0
        self._write_check = WriteCheck(lambda: self._write(SqliteWriter.probe))
        self._reader: apsw.Connection | None = None

    async def open(self, now: int) -> None:
        """See `Store.open`."""
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="sqlite-read")
        loop = asyncio.get_running_loop()
        try:
            if not self.read_only:
                await loop.run_in_executor(self._writing, self._open_writer, now)
            await loop.run_in_executor(self._reading, self._open_reader)
        except BaseException:
            await self.close()
            raise

    def _open_writer(self, now: int) -> None:
        try:
            Disk().make_folder(self.path.parent)
            self._lock.take(now)
            repair(self.path, self._disk)
        except OSError as error:
            raise StoreUnavailable(f"{self.path} cannot be opened for writing: {error}") from error
        self._writer = SqliteWriter(self.path, self._disk)
        self._writer.begin(now)

    def _open_reader(self) -> None:
        self._reader = connect(self.path, read_only=True)
        with translated_errors(self.path):
            check_schema(self._reader)

    async def close(self) -> None:
        """See `Store.close`."""
        writing, self._writing = self._writing, None
        reading, self._reading = self._reading, None
        loop = asyncio.get_running_loop()
        if reading is not None:
            await loop.run_in_executor(reading, self._close_reader)
            reading.shutdown()
        if writing is not None:  # the last connection: it copies the log into the database
            await loop.run_in_executor(writing, self._close_writer)
            writing.shutdown()

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.end()
        finally:
            self._lock.free()

    async def _write(self, work: Callable[[SqliteWriter], T]) -> T:
        """Runs work in the thread that writes."""
        if self.read_only:
            raise StoreReadOnly(f"{self.path} was opened for reading only.")
        writer = self._writer
        if self._writing is None or writer is None:
            raise StoreUnavailable(f"{self.path} is not open.")
        self._busy += 1
        working = self._writing.submit(work, writer)
        loop = asyncio.get_running_loop()
        # Not if the waiting task is cancelled: the thread continues.
        working.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(working)

    def _done(self) -> None:
        self._busy -= 1

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Runs work in the thread that reads."""
        reader = self._reader
        if self._reading is None or reader is None:
            raise StoreUnavailable(f"{self.path} is not open.")

        def guarded() -> T:
            with translated_errors(self.path):
                return work(reader)

        return await asyncio.get_running_loop().run_in_executor(self._reading, guarded)

    @staticmethod
    def _marks(count: int) -> str:
        return "?" * count

    async def _fetch(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return await self._read(lambda db: list(db.execute(sql, values)))

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`."""
        commit = await self._write(lambda writer: writer.run(commands, now, after))
        try:
            await self._tidy()
        except Exception:
            # The commit is durable. The log grows until it can be copied: another program may be
            # reading it.
            log.exception("the log of %s could not be copied into it", self.path)
        return commit

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """See `Store.run_now`."""
        writer = self._writer
        if writer is None or self._busy or not writer.pace.quick:
            return None
        if writer.log_pages >= CHECKPOINT_PAGES:
            return None
        return writer.run_now(commands, now, after)

    async def _tidy(self) -> None:
        """Copies the log into the database if it has reached its limit."""
        writer = self._writer
        if writer is not None and writer.log_pages >= CHECKPOINT_PAGES:
            await self._write(SqliteWriter.checkpoint)

    async def snapshot(self) -> StockSnapshot:
        """See `Store.snapshot`."""

        def work(db: apsw.Connection) -> StockSnapshot:
            with one_revision(db):
                ((revision, _),) = db.execute(QUERIES["head"])
                return StockSnapshot(
                    revision,
                    list(map(TABLES[Product].row, db.execute(QUERIES["products"]))),
                    list(map(TABLES[Item].row, db.execute(QUERIES["items"]))),
                    list(map(TABLES[Level].row, db.execute(QUERIES["levels"]))),
                    reservations(db.execute(QUERIES["live_holds"])),
                    list(map(TABLES[Location].row, db.execute(QUERIES["locations"]))),
                    list(map(TABLES[BundleSales].row, db.execute(QUERIES["bundle_sales"]))),
                )

        snapshot = await self._read(work)
        if self._writer is not None:
            self._writer.shown = snapshot
        return snapshot

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """See `Store.catalogue`."""
        wanted = (msgspec.json.encode(list(product_ids)).decode(),)

        def work(db: apsw.Connection) -> tuple[list[Product], list[Item]]:
            with one_revision(db):
                products = db.execute(QUERIES["products_by_id"], wanted)
                products_read = list(map(TABLES[Product].row, products))
                items = db.execute(QUERIES["items_of_products"], wanted)
                return products_read, list(map(TABLES[Item].row, items))

        return await self._read(work)

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """See `Store.fill`."""
        await self._write(SqliteWriter.begin_load)
        try:
            async for chunk in chunks(rows, entries):
                await self._write(partial(_insert, chunk=chunk))
            await self._write(lambda writer: writer.end_load(revision))
        except BaseException:
            await self._write(SqliteWriter.undo)
            raise

    def frozen(self) -> AbstractAsyncContextManager[Snapshot]:
        """See `Store.frozen`."""
        return frozen(self.path)

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.apply_commits`."""
        await self._write(lambda writer: writer.apply_commits(changed, entries, revision))

    async def clear(self) -> None:
        """See `Store.clear`."""
        await self._write(SqliteWriter.clear)

    async def other_writers(self) -> list[str]:
        """Returns no names: only one process can write."""
        return []

    def stop_watching(self) -> None:
        """Does nothing: nothing is watched."""

    async def prune(self, before: int) -> int:
        """See `Store.prune`."""
        total = 0
        while True:  # in small transactions: sales continue in between
            removed = await self._write(lambda writer: writer.prune(before, PRUNED_AT_ONCE))
            total += removed
            if removed < PRUNED_AT_ONCE:
                return total

    async def fold_holds(self, before: int) -> int:
        """See `Store.fold_holds`."""
        return await fold_in_portions(
            lambda after: self._write(lambda writer: fold(writer, before, after))
        )

    listens = True

    def listen(self, wanted: bool) -> None:
        """Does nothing: no other process writes."""

    async def watch(self, on_commit: OnRemoteCommit, submit: Submit) -> None:
        """See `Store.watch`. No other process writes, so `on_commit` is never called."""

    async def guards(self) -> set[str]:
        """The names of the level constraints that the database enforces, as in PostgreSQL."""
        ((sql,),) = await self._fetch(QUERIES["guards"])
        names = {f"level_{name}_check" for name in re.findall(r"CHECK \((\w+) >= 0\)", sql)}
        return names | set(re.findall(r"CONSTRAINT (\w+) CHECK", sql))

    async def health_problems(self) -> list[str]:
        """See `Store.health_problems`."""
        problem = self._writer and (self._writer.stopped or self._writer.failed)
        if problem:
            return [problem]
        try:
            await self._fetch(QUERIES["head"])
        except StoreError as error:
            return [str(error)]
        return []

    async def unwritable(self) -> str | None:
        """See `Store.unwritable`."""
        writer = self._writer
        if writer is None or writer.stopped is not None:
            return None if writer is None else writer.stopped
        self._write_check.failed = writer.failed
        return await self._write_check.check()


def _insert(writer: SqliteWriter, chunk: tuple[Table[Any], list[Any]]) -> None:
    writer.insert(*chunk)
