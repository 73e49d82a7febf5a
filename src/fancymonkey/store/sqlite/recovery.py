"""What a SQLite file goes through at a start where a sync may have failed before.

After a failed sync the system reads pages from memory, calls them clean, and the medium does not
have them. Syncing again does nothing, and the log may have a hole behind which nothing counts after
a power cut. So a mark is left beside the file at once, for as long as that memory lasts; the next
start copies the database into a new file, and only when that is on the medium puts it in place.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import apsw

from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.shared.files import Disk, temporary_name
from fancymonkey.store.sqlite.connection import QUERIES, in_our_words

log = logging.getLogger(__name__)

MARK = ".failed-sync"
COPY = ".copied"
"""Ends the name of a copy that is complete and on the medium, but not in place yet."""


def doubt(path: Path) -> None:
    """Marks that a sync of the file or of its log has failed."""
    mark = beside(path, MARK)
    try:
        mark.touch()
    except OSError as error:
        log.critical("%s could not be made (%s). Restore a backup if in doubt.", mark, error)


def beside(path: Path, ending: str) -> Path:
    """The file of this ending beside a database."""
    return path.with_name(path.name + ending)


def settle(path: Path, disk: Disk) -> None:
    """Puts a copy in place of a file whose sync has failed; does nothing for any other one.

    Only who holds the lock of the store may call it. Raises StoreUnavailable where another program
    has the file open, StoreCorrupt where what is found is damaged, and OSError.
    """
    mark, made = beside(path, MARK), beside(path, COPY)
    if not (mark.exists() or made.exists()) or not path.exists():
        return
    log.warning("%s: a sync had failed; the database is copied into a new file", path)
    for left in path.parent.glob(f".{path.name}.*.tmp*"):
        disk.remove(left)
    with _alone(path) as db:
        copied = _copied_revision(made)
        if copied < 0 or _revision(db) > copied:
            _copy(db, path, made, disk)
        for ending in ("-wal", "-shm"):
            disk.remove(beside(path, ending))
        disk.sync_folder(path.parent)
        disk.rename(made, path)
        disk.sync_folder(path.parent)
    disk.remove(mark)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[apsw.Connection]:
    """A connection beside which nobody else has the file open, and that leaves it as it is."""
    with in_our_words(path):
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            with contextlib.suppress(apsw.CorruptError, apsw.NotADBError):
                db.execute("BEGIN")
                db.execute("SELECT 1 FROM sqlite_schema").fetchall()  # takes the lock
            yield db
        finally:
            db.close(True)


def _revision(db: apsw.Connection) -> int:
    """The last number in the ledger; -1 where that cannot be read."""
    try:
        ((revision, _),) = db.execute(QUERIES["head"])
    except (apsw.Error, ValueError):
        return -1
    return int(revision)


def _copied_revision(made: Path) -> int:
    """The same of a copy that an interrupted start has left; -1 where there is none."""
    if not made.exists():
        return -1
    db = apsw.Connection(str(made))
    try:
        return _revision(db)
    finally:
        db.close(True)


def _copy(db: apsw.Connection, path: Path, made: Path, disk: Disk) -> None:
    """Writes all that the database holds into a new file, and makes that durable."""
    temporary = temporary_name(path)
    try:
        target = apsw.Connection(str(temporary))
        try:
            target.pragma("journal_mode", "off")  # should it fail, it is removed
            with target.backup("main", db, "main") as copying:
                copying.step(-1)
            target.pragma("journal_mode", "delete")  # one file, without one beside it
            problems = [str(found) for (found,) in target.execute("PRAGMA quick_check(1)")]
        finally:
            target.close(True)
        if problems != ["ok"]:
            raise StoreCorrupt(
                f"{path} is damaged after a sync that failed ({problems[0]}). Keep a copy of it "
                f"and of its -wal file, then restore the last backup."
            )
        fd = disk.open(temporary)
        try:
            disk.sync(fd)
        finally:
            disk.close(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise
    disk.rename(temporary, made)
    disk.sync_folder(path.parent)


def empty_log(path: Path, db: apsw.Connection, disk: Disk) -> None:
    """Copies what a process that was killed has left in the log into the database.

    So that what is written from now on lies behind nothing of which nobody knows whether it is on
    the medium. Raises what SQLite raises: Busy where another program reads, IOError; and OSError.
    """
    wal = beside(path, "-wal")
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    fd = disk.open(wal)
    try:
        disk.sync(fd)
    finally:
        disk.close(fd)
