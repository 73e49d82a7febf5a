"""The database file of the SQLite store: opens and migrates it, and translates SQLite's errors.

All functions run in the thread of the caller, and wait for the disk.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from fancymonkey.errors import DataError, StoreCorrupt, StoreUnavailable
from fancymonkey.store.shared.files import PRIVATE
from fancymonkey.store.sql.migrations import CREATE_MIGRATION, migrations, pending, require_current
from fancymonkey.store.sql.statements import (
    named_queries,
)

OLDEST = (3, 51, 3)
"""In older versions, a checkpoint during a write can lose committed data (the WAL-reset bug)."""

BUSY_MS = 5000
CACHE_KIB = 65_536
WAL_KEPT = 16 * 1024 * 1024
CHECKPOINT_PAGES = 3000
"""Pages copied from the log into the database at once: fewer copies of a page and fewer syncs than
with SQLite's 1000, and still well below 100 ms."""

QUERIES = {name: re.sub(r"\$(\d)", r"?\1", text) for name, text in named_queries("sqlite").items()}


class DatabaseBusy(StoreUnavailable):
    """Another program has the file locked."""


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into ours, each with a remedy."""
    try:
        yield
    except apsw.ConstraintError as error:
        raise DataError(f"The database refuses a row: {error}") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreCorrupt(
            f"{path} is not a valid SQLite database ({error}). Keep a copy of it and of its -wal "
            f"file, then restore the last backup."
        ) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise DatabaseBusy(
            f"{path} is locked by another program ({error}). Close the other program."
        ) from error
    except apsw.ReadOnlyError as error:
        raise StoreUnavailable(f"{path} is read-only ({error}). Check its owner.") from error
    except apsw.FullError as error:
        raise StoreUnavailable(f"The disk of {path} is full. Free some space.") from error
    except (apsw.IOError, apsw.CantOpenError) as error:
        raise StoreUnavailable(f"{path} cannot be read or written ({error}).") from error
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be read or written ({error}).") from error
    except apsw.SQLError as error:
        raise StoreCorrupt(
            f"{path} is not a database of this program ({error}). Name another file."
        ) from error


def connect(path: Path, *, read_only: bool) -> apsw.Connection:
    """A connection to the file, with every setting that durability needs.

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
    if not (read_only or path.exists()):
        _create(path)
    with translated_errors(path):
        # A reader of a WAL database writes its shared memory file, so it is not opened read-only.
        flags = apsw.SQLITE_OPEN_READWRITE | (0 if read_only else apsw.SQLITE_OPEN_CREATE)
        db = apsw.Connection(str(path), flags=flags, statementcachesize=200)
        try:
            _set_up(db, path, read_only=read_only)
        except BaseException:
            db.close(True)
            raise
    return db


def _set_up(db: apsw.Connection, path: Path, *, read_only: bool) -> None:
    db.set_busy_timeout(BUSY_MS)
    if read_only:
        db.execute("PRAGMA query_only = ON")
        # Only the writer copies the log, even if a reader closes the file last.
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    elif db.pragma("journal_mode", "wal") != "wal":
        raise StoreUnavailable(
            f"{path} cannot use WAL mode. Put it on a local disk, not on a network file system."
        )
    # FULL: COMMIT returns when the log is on the disk. NORMAL could lose confirmed commits.
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")


def _create(path: Path) -> None:
    """Creates an empty file for its owner only; the -wal and -shm files get the same mode."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE)
        os.fchmod(fd, PRIVATE)  # independent of the umask
        os.close(fd)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be created: {error.strerror}.") from error


def migrate(db: apsw.Connection, now: int) -> None:
    """Applies missing migrations, each in its own transaction; to a new file all of them in one.

    Raises StoreUnavailable, StoreCorrupt.
    """
    known = migrations("sqlite")
    while True:
        db.execute("BEGIN IMMEDIATE")  # of two processes, the second one finds nothing to do
        try:
            db.execute(CREATE_MIGRATION)
            missing = pending(known, list(db.execute(QUERIES["migrations"])))
            portion = missing if len(missing) == len(known) else missing[:1]
            for migration in portion:
                db.execute(migration.sql)
                row = (migration.number, migration.name, migration.checksum, now)
                db.execute(QUERIES["add_migration"], row)
                db.execute(QUERIES["set_schema"], (migration.number,))
            db.execute("COMMIT")
        except BaseException:
            rollback(db)
            raise
        if portion == missing:
            return


def check_schema(db: apsw.Connection) -> None:
    """Raises StoreUnavailable if the file lacks a migration, or is not one of ours."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    applied = list(db.execute(QUERIES["migrations"])) if "migration" in tables else []
    require_current(migrations("sqlite"), applied)


@contextmanager
def one_revision(db: apsw.Connection) -> Iterator[None]:
    """Makes all reads inside the block see one revision."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        rollback(db)


def rollback(db: apsw.Connection) -> None:
    """Rolls an open transaction back."""
    if db.in_transaction:
        db.execute("ROLLBACK")
