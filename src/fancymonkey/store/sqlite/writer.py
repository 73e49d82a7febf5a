"""The one connection that writes to a SQLite file, and a batch's statements."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import apsw
import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute, loads
from fancymonkey.core.load import Load
from fancymonkey.core.model import Entry, Reservation
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.state import FOREVER, Rows, State
from fancymonkey.errors import DataError, StoreUnavailable
from fancymonkey.store.contract import Commit, StockSnapshot, applied_commit
from fancymonkey.store.shared.disk_latency import DiskLatency
from fancymonkey.store.shared.files import Disk
from fancymonkey.store.sql.columns import ENTRIES, TABLES, Table
from fancymonkey.store.sql.migrations import migrations
from fancymonkey.store.sql.row_cache import RowCache
from fancymonkey.store.sql.statements import (
    Keys,
    add_levels,
    add_rows,
    column_list,
    commit_after,
    entries,
    expect,
    keys_by_kind,
    on_conflict,
    page_after,
    reservations,
    written,
)
from fancymonkey.store.sqlite.connection import (
    BUSY_MS,
    QUERIES,
    DatabaseBusy,
    connect,
    migrate,
    rollback,
    translated_errors,
)
from fancymonkey.store.sqlite.file_identity import FileIdentity
from fancymonkey.store.sqlite.recovery import companion, empty_log, mark_failed_sync

FAILED_SYNCS = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)

log = logging.getLogger(__name__)
_json = msgspec.json.Encoder()


class SqliteWriter:
    """Writes batches on the one writing connection."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk
        self.db: apsw.Connection = connect(path, read_only=False)
        self._files = FileIdentity(path)
        self.stopped: str | None = None
        self.failed: str | None = None
        """The reason why the latest batch could not be written."""
        self.pace = DiskLatency()
        self.log_pages = 0
        self.shown: StockSnapshot | None = None
        self._known = RowCache()
        self._version, self._here = 0, False
        self.db.set_wal_hook(self._grown)  # a hook switches SQLite's own checkpoints off
        self.schema = len(migrations("sqlite"))

    def _grown(self, db: apsw.Connection, name: str, pages: int) -> int:
        self.log_pages = pages
        return apsw.SQLITE_OK

    def checkpoint(self) -> None:
        """Copies the log into the database, except for pages newer than a running read needs."""
        if self.stopped is not None:
            raise StoreUnavailable(self.stopped)
        with translated_errors(self.path), self.stopping():
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self.log_pages = 0

    def begin(self, now: int) -> None:
        """Prepares the file for writing: empties its log, and applies every migration."""
        wal = companion(self.path, "-wal")
        with translated_errors(self.path), self.stopping():
            if wal.exists() and wal.stat().st_size:
                empty_log(self.path, self.db, self._disk)
            migrate(self.db, now)
            self._version = self._read_version()

    def end(self) -> None:
        """Closes the file; after a failed sync, it leaves the log to the next start."""
        try:
            if self.stopped is None:
                with self.stopping():
                    self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.Error, StoreUnavailable) as error:  # the next start copies the log
            log.warning("the log of %s was not copied into the database: %s", self.path, error)
        try:
            self.db.close(True)
        except apsw.Error as error:
            log.warning("%s could not be closed cleanly: %s", self.path, error)
        self._files.close()

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Stops writing for good if a sync fails inside the block.

        The kernel may have dropped the pages that it could not write: a second sync would succeed
        without writing anything.
        """
        try:
            yield
        except (apsw.IOError, OSError) as error:
            mark_failed_sync(self.path)
            self.db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            self.stopped = (
                f"{self.path} could not be written ({error}). Writing has stopped until the server "
                f"is restarted; check the disk first. The restart shows whether the last batch is "
                f"durable."
            )
            raise StoreUnavailable(self.stopped) from error

    def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`: one transaction, from the first read to the commit."""
        try:
            with self.transaction():
                state, answers, others = self._decide(commands, now, after)
        except BaseException as error:
            self._known.forget()  # rows that are cached as absent may not have been read yet
            if isinstance(error, StoreUnavailable):
                self.failed = str(error)
            raise
        self.failed = None
        self._known.learn(state)
        return commit_after(state, answers, others, after)

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """See `Store.run_now`. It runs in the event loop, and waits only for the disk."""
        self.db.set_busy_timeout(0)
        self._here = True
        try:
            return self.run(commands, now, after)
        except DatabaseBusy:
            return None
        finally:
            self._here = False
            self.db.set_busy_timeout(BUSY_MS)

    def _decide(
        self, commands: Sequence[Command], now: int, after: int
    ) -> tuple[State, list[Answer], list[Entry]]:
        ((revision, schema),) = self.db.execute(QUERIES["head"])
        if schema != self.schema:
            raise StoreUnavailable(
                f"The database has schema {schema}, but this program knows {self.schema}: restart "
                f"it with the version that has migrated the database."
            )
        others: list[Entry] = []
        if revision > after:
            others = entries(self.db.execute(QUERIES["entries_after"], (after, FOREVER)))
        self._check_other_programs()
        self._use_snapshot(self.shown, revision)
        state = self._known.begin(revision, now)
        due = self._read(commands, state)
        answers = execute(state, commands, due)
        self._write(state)
        return state, answers, others

    def _use_snapshot(self, shown: StockSnapshot | None, revision: int) -> None:
        """Caches the rows of the latest snapshot, if nothing has changed since."""
        if shown is not None:
            self.shown = None
            if shown.revision == revision:
                self._known.show(shown)

    def _check_other_programs(self) -> None:
        """Clears the cache if another program has changed the file, such as an edit by hand."""
        version = self._read_version()
        if version != self._version:
            self._known.forget()
            self.shown = None
            self._version = version

    def _read_version(self) -> int:
        """A number that changes when another connection changes the file."""
        ((version,),) = self.db.execute("PRAGMA data_version")
        return int(version)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end of the block, or rolls back. Raises as `translated_errors`."""
        if self.stopped is not None:
            raise StoreUnavailable(self.stopped)
        self._files.check()
        with translated_errors(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException as error:
                if getattr(error, "extendedresult", None) in FAILED_SYNCS:
                    with self.stopping():
                        raise
                rollback(self.db)
                raise
            self._commit()

    def _commit(self) -> None:
        started = perf_counter()
        try:
            with self.stopping():
                self.db.execute("COMMIT")
            self.pace.took(perf_counter() - started, here=self._here)
        except apsw.Error:
            rollback(self.db)
            raise

    def _read(self, commands: Sequence[Command], state: State) -> list[Reservation]:
        asking = loads(commands, state)
        due: list[Reservation] = []
        try:
            load = next(asking)
            while True:
                due = self._fetch(load, state.base)
                load = asking.send(due)
        except StopIteration as stop:
            all_due: list[Reservation] = stop.value
            return all_due

    def _fetch(self, load: Load, base: Rows) -> list[Reservation]:
        keys: Keys = keys_by_kind(load)
        expect(base, keys)
        for kind, wanted in keys.items():
            table = TABLES[kind]
            encoded = list(map(table.key_values, wanted)) if table.key_encoders else wanted
            if table.key_encoders and len(table.key) == 1:
                encoded = [value for (value,) in encoded]
            text = _json.encode(encoded).decode()
            add_rows(base, kind, self.db.execute(_by_key(table), (text,)))
        if load.levels_of:
            text = _json.encode(list(load.levels_of)).decode()
            add_levels(base, load.levels_of, self.db.execute(QUERIES["levels_of"], (text,)))
        if load.holds_of:
            text = _json.encode(list(load.holds_of)).decode()
            add_rows(base, Reservation, self.db.execute(QUERIES["holds_of"], (text,)))
        if load.due_at is None:
            return []
        return reservations(self.db.execute(QUERIES["due"], (load.due_at,)))

    def _write(self, state: State) -> None:
        for kind, new, rows in written(state):
            sql = _insert(TABLES[kind]) if new else _upsert(TABLES[kind])
            self.db.executemany(sql, map(TABLES[kind].values, rows))
        if state.entries:
            self.insert(ENTRIES, state.entries)
            self.db.execute(QUERIES["set_head"], (state.revision,))

    def probe(self) -> None:
        """Makes a write without effect. Raises StoreUnavailable if it fails."""
        with self.transaction():
            self.db.execute("UPDATE head SET revision = revision")
        self.failed = None

    def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.apply_commits`."""
        self._known.forget()
        with self.transaction():
            self._write(applied_commit(changed, entries, revision))

    def clear(self) -> None:
        """Removes every row and entry."""
        self._known.forget()
        with self.transaction():
            for table in (*TABLES.values(), ENTRIES):
                self.db.execute(f"DELETE FROM {table.name}")
            self.db.execute(QUERIES["set_head"], (0,))

    def insert(self, table: Table[Any], rows: Iterable[Any]) -> None:
        """Inserts new rows or entries in the open transaction."""
        self.db.executemany(_insert(table), map(table.values, rows))

    def begin_load(self) -> None:
        """Opens the transaction that fills an empty store. Raises DataError if it is not empty."""
        self._known.forget()
        with translated_errors(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            for table in (*TABLES.values(), ENTRIES):
                if list(self.db.execute(page_after(table, limit=1))):
                    rollback(self.db)
                    raise DataError(f"{self.path} is not empty. Name a new file.")

    def end_load(self, revision: int) -> None:
        """Commits the filled store."""
        with translated_errors(self.path):
            self.db.execute(QUERIES["set_head"], (revision,))
            self._commit()
            with self.stopping():  # all data is in the log
                self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def undo(self) -> None:
        """Rolls the open transaction back, if there is one."""
        with translated_errors(self.path):
            rollback(self.db)

    def forget(self) -> None:
        """Empties the cache of rows."""
        self._known.forget()

    def prune(self, before: int, limit: int) -> int:
        """Removes up to `limit` old rows of each kind of `Store.prune`; returns how many."""
        self._known.forget()
        with self.transaction():
            self.db.execute(QUERIES["prune"], (before, limit))
            outcomes: int = self.db.changes()
            self.db.execute(QUERIES["prune_documents"], (before, limit))
            return outcomes + self.db.changes()


@cache
def _by_key(table: Table[Any]) -> str:
    if len(table.key) == 1:
        matches = f"row.{table.key[0]} = wanted.value"
    else:
        matches = " AND ".join(
            f"row.{name} = wanted.value ->> {n}" for n, name in enumerate(table.key)
        )
    # CROSS JOIN makes SQLite look each key up, and never scan the table.
    return (
        f"SELECT {column_list(table, 'row.')} FROM json_each(?1) AS wanted "
        f"CROSS JOIN {table.name} AS row ON {matches}"
    )


@cache
def _insert(table: Table[Any]) -> str:
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({column_list(table)}) VALUES ({marks})"


@cache
def _upsert(table: Table[Any]) -> str:
    return f"{_insert(table)} {on_conflict(table)}"
