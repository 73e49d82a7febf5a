"""The database file of the SQLite store: opening it, its errors in our words, a batch's statements.

Everything here runs in one thread of its caller's choice, and waits for the disk.
"""

import re
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
from fancymonkey.core.model import Entry, Reservation
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.state import Load, Rows, State
from fancymonkey.errors import DataError, StoreCorrupt, StoreUnavailable
from fancymonkey.store.base import Commit, absorbed
from fancymonkey.store.columns import ENTRIES, TABLES, Table
from fancymonkey.store.known import Known
from fancymonkey.store.migrations import CREATE_MIGRATION, migrations, pending, require_current
from fancymonkey.store.pace import Pace
from fancymonkey.store.tables import (
    Keys,
    add_rows,
    column_list,
    commit_after,
    entries,
    expect,
    keys_by_kind,
    named_queries,
    on_conflict,
    page_after,
    reservations,
    written,
)

OLDEST = (3, 51, 3)
"""Before, a checkpoint beside a write could lose what was committed (the WAL-reset bug)."""

BUSY_MS = 5000
CACHE_KIB = 65_536
WAL_KEPT = 16 * 1024 * 1024
CHECKPOINT_PAGES = 3000
"""Copied from the log into the database at once: fewer copies of the same page and fewer syncs than
with SQLite's 1000, and still well below 100 ms."""
NEVER = 2**62

QUERIES = {name: re.sub(r"\$(\d)", r"?\1", text) for name, text in named_queries("sqlite").items()}
_json = msgspec.json.Encoder()


class Occupied(StoreUnavailable):
    """Another program has the file locked."""


@contextmanager
def in_our_words(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into ours, each with what to do."""
    try:
        yield
    except apsw.ConstraintError as error:
        raise DataError(f"The database refuses a row: {error}") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreCorrupt(
            f"{path} is not a sound SQLite database ({error}). Keep a copy of it and of its -wal "
            f"file, then restore the last backup."
        ) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise Occupied(
            f"{path} is locked by another program ({error}). Close what else has it open."
        ) from error
    except apsw.ReadOnlyError as error:
        raise StoreUnavailable(f"{path} may not be written ({error}). Check its owner.") from error
    except apsw.FullError as error:
        raise StoreUnavailable(f"The disk of {path} is full. Make room.") from error
    except (apsw.IOError, apsw.CantOpenError) as error:
        raise StoreUnavailable(f"{path} cannot be read or written ({error}).") from error
    except apsw.SQLError as error:
        raise StoreCorrupt(
            f"{path} is not a database of this program ({error}). Name another file."
        ) from error


def connect(path: Path, *, read_only: bool) -> apsw.Connection:
    """A connection to the file with every setting that durability needs.

    Raises StoreUnavailable, StoreCorrupt.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST:
        raise StoreUnavailable(
            f"SQLite {apsw.sqlite_lib_version()} can lose committed writes; "
            f"{'.'.join(map(str, OLDEST))} or newer is needed. Upgrade the package apsw."
        )
    if read_only and not path.exists():
        raise StoreUnavailable(f"There is no database {path}.")
    with in_our_words(path):
        # A reader of a WAL database writes its shared memory file, so it is not opened read-only.
        flags = apsw.SQLITE_OPEN_READWRITE | (0 if read_only else apsw.SQLITE_OPEN_CREATE)
        found = apsw.Connection(str(path), flags=flags, statementcachesize=200)
        found.set_busy_timeout(BUSY_MS)
        if read_only:
            found.execute("PRAGMA query_only = ON")
        elif found.pragma("journal_mode", "wal") != "wal":
            raise StoreUnavailable(
                f"{path} cannot be kept in WAL mode. Put it on a local disk, not on a network's."
            )
        # FULL: COMMIT returns when the log is on the disk. NORMAL would lose what was confirmed.
        found.execute("PRAGMA synchronous = FULL")
        found.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        found.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")
    return found


def migrate(db: apsw.Connection, now: int) -> None:
    """Applies what is missing, each migration in its own transaction.

    Raises StoreUnavailable, StoreCorrupt.
    """
    known = migrations("sqlite")
    while True:
        db.execute("BEGIN IMMEDIATE")  # two at once: the second one finds it done
        try:
            db.execute(CREATE_MIGRATION)
            missing = pending(known, list(db.execute(QUERIES["migrations"])))
            if missing:
                first = missing[0]
                db.execute(first.sql)
                row = (first.number, first.name, first.checksum, now)
                db.execute(QUERIES["add_migration"], row)
                db.execute(QUERIES["set_schema"], (first.number,))
            db.execute("COMMIT")
        except BaseException:
            rollback(db)
            raise
        if not missing:
            return


def check_schema(db: apsw.Connection) -> None:
    """Raises StoreUnavailable where the file lacks a migration, or is none of ours."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    applied = list(db.execute(QUERIES["migrations"])) if "migration" in tables else []
    require_current(migrations("sqlite"), applied)


@contextmanager
def one_revision(db: apsw.Connection) -> Iterator[None]:
    """What is read inside is of one moment."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        rollback(db)


def rollback(db: apsw.Connection) -> None:
    """Ends an open transaction without effect."""
    if db.in_transaction:
        db.execute("ROLLBACK")


class Writer:
    """The one connection that writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db: apsw.Connection = connect(path, read_only=False)
        self.stopped: str | None = None
        self.pace = Pace()
        self.log_pages = 0
        self._known = Known()
        self._version = -1
        self._here = False
        self.db.set_wal_hook(self._grown)  # which switches SQLite's own checkpoints off
        self.schema = len(migrations("sqlite"))

    def _grown(self, db: apsw.Connection, name: str, pages: int) -> int:
        self.log_pages = pages
        return apsw.SQLITE_OK

    def checkpoint(self) -> None:
        """Copies the log into the database, as far as nobody reads an older state."""
        with in_our_words(self.path):
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self.log_pages = 0

    def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`: one transaction, from the first read to the commit."""
        with self.transaction():
            state, answers, others = self._decide(commands, now, after)
        self._known.learn(state.changed)
        return commit_after(state, answers, others, after)

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """See `Store.run_now`: in the event loop, which waits for nobody but the disk."""
        self.db.set_busy_timeout(0)
        self._here = True
        try:
            return self.run(commands, now, after)
        except Occupied:
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
                f"The database has schema {schema}, this program knows {self.schema}: restart "
                f"it with the version that made it."
            )
        others: list[Entry] = []
        if revision > after:
            others = entries(self.db.execute(QUERIES["entries_after"], (after, NEVER)))
        self._check_strangers()
        state = self._known.begin(revision, now)
        due = self._read(commands, state)
        answers = execute(state, commands, due)
        self._write(state)
        return state, answers, others

    def _check_strangers(self) -> None:
        """Forgets the rows where another program has changed the file: its owner by hand, say."""
        ((version,),) = self.db.execute("PRAGMA data_version")
        if version != self._version:
            self._known.forget()
            self._version = version

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end, or leaves no trace. Raises as `in_our_words`."""
        if self.stopped is not None:
            raise StoreUnavailable(self.stopped)
        with in_our_words(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                rollback(self.db)
                raise
            self._commit()

    def _commit(self) -> None:
        started = perf_counter()
        try:
            self.db.execute("COMMIT")
            self.pace.took(perf_counter() - started, here=self._here)
        except apsw.IOError as error:
            # After a failed sync the kernel may have dropped the pages it could not write: a
            # second try would succeed without having written anything.
            self.stopped = (
                f"{self.path} could not be written ({error}). Nothing more is taken until the "
                f"server is restarted; check the disk first. Whether the last batch counts shows "
                f"then."
            )
            raise StoreUnavailable(self.stopped) from error
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
            found: list[Reservation] = stop.value
            return found

    def _fetch(self, load: Load, base: Rows) -> list[Reservation]:
        keys: Keys = keys_by_kind(load)
        expect(base, keys)
        for kind, wanted in keys.items():
            text = _json.encode(wanted).decode()
            add_rows(base, kind, self.db.execute(_by_key(TABLES[kind]), (text,)))
        if load.holds_of:
            text = _json.encode(list(load.holds_of)).decode()
            add_rows(base, Reservation, self.db.execute(QUERIES["holds_of"], (text,)))
        if load.due_at is None:
            return []
        return reservations(self.db.execute(QUERIES["due"], (load.due_at,)))

    def _write(self, state: State) -> None:
        for kind, new, rows in written(state):
            table = TABLES[kind]
            sql = _insert(table) if new else _upsert(table)
            self.db.executemany(sql, map(table.values, rows))
        if state.entries:
            self.insert(ENTRIES, state.entries)
            self.db.execute(QUERIES["set_head"], (state.revision,))

    def absorb(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.absorb`."""
        self._known.forget()
        with self.transaction():
            self._write(absorbed(changed, entries, revision))

    def clear(self) -> None:
        """Removes every row and entry."""
        self._known.forget()
        with self.transaction():
            for table in (*TABLES.values(), ENTRIES):
                self.db.execute(f"DELETE FROM {table.name}")
            self.db.execute(QUERIES["set_head"], (0,))

    def insert(self, table: Table[Any], rows: Iterable[Any]) -> None:
        """Writes new rows or entries, within the transaction."""
        self.db.executemany(_insert(table), map(table.values, rows))

    def begin_load(self) -> None:
        """Opens the transaction that fills an empty store. Raises DataError where it is not."""
        self._known.forget()
        with in_our_words(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            for table in (*TABLES.values(), ENTRIES):
                if list(self.db.execute(page_after(table, limit=1))):
                    rollback(self.db)
                    raise DataError(f"{self.path} is not empty. Name a new file.")

    def end_load(self, revision: int) -> None:
        """Commits what was loaded."""
        with in_our_words(self.path):
            self.db.execute(QUERIES["set_head"], (revision,))
            self._commit()
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)  # all of it is in the log

    def undo(self) -> None:
        """Ends the open transaction, if there is one, without effect."""
        with in_our_words(self.path):
            rollback(self.db)

    def prune(self, before: int, limit: int) -> int:
        """Forgets up to `limit` rows of each kind that `Store.prune` names; returns how many."""
        self._known.forget()
        with self.transaction():
            self.db.execute(QUERIES["prune"], (before, limit))
            found: int = self.db.changes()
            self.db.execute(QUERIES["prune_documents"], (before, limit))
            return found + self.db.changes()


@cache
def _by_key(table: Table[Any]) -> str:
    if len(table.key) == 1:
        matches = f"row.{table.key[0]} = wanted.value"
    else:
        matches = " AND ".join(
            f"row.{name} = wanted.value ->> {n}" for n, name in enumerate(table.key)
        )
    # CROSS JOIN: go through the keys and look each up, never through the table.
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
