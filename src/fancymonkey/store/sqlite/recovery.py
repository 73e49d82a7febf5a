"""Repairs a SQLite file at a start after a sync has failed.

After a failed sync the system reads pages from memory and considers them clean, although the medium
does not have them. Another sync does nothing, and the log may have a hole, after which nothing
survives a power cut. So a marker file is written at once, which lasts as long as that memory; the
next start copies the database to a new file, and puts it in place once it is on the medium.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import apsw

from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.shared.files import Disk, temporary_name
from fancymonkey.store.sqlite.connection import QUERIES, translated_errors

log = logging.getLogger(__name__)

MARK = ".failed-sync"
COPY = ".copied"
"""The suffix of a copy that is complete and on the medium, but not in place yet."""


def mark_failed_sync(path: Path) -> None:
    """Writes the marker of a failed sync of the file or its log."""
    mark = companion(path, MARK)
    try:
        mark.touch()
    except OSError as error:
        log.critical("%s could not be created (%s). Restore a backup if in doubt.", mark, error)


def companion(path: Path, suffix: str) -> Path:
    """The file next to a database whose name has this suffix."""
    return path.with_name(path.name + suffix)


def repair(path: Path, disk: Disk) -> None:
    """Replaces a file whose sync has failed by a copy; does nothing for any other file.

    The caller holds the lock of the store. Raises StoreUnavailable if another program has the file
    open, StoreCorrupt if its content is damaged, and OSError.
    """
    mark, copy = companion(path, MARK), companion(path, COPY)
    if not (mark.exists() or copy.exists()) or not path.exists():
        return
    log.warning("%s: a sync had failed; the database is copied to a new file", path)
    for leftover in path.parent.glob(f".{path.name}.*.tmp*"):
        disk.remove(leftover)
    with _exclusive(path) as db:
        copied = _copied_revision(copy)
        if copied < 0 or _revision(db) > copied:
            _copy(db, path, copy, disk)
        for suffix in ("-wal", "-shm"):
            disk.remove(companion(path, suffix))
        disk.sync_folder(path.parent)
        disk.rename(copy, path)
        disk.sync_folder(path.parent)
    disk.remove(mark)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[apsw.Connection]:
    """The only open connection to the file; closing it does not copy the log."""
    with translated_errors(path):
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
    """The last revision of the ledger; -1 if it cannot be read."""
    try:
        ((revision, _),) = db.execute(QUERIES["head"])
    except (apsw.Error, ValueError):
        return -1
    return int(revision)


def _copied_revision(copy: Path) -> int:
    """The last revision of the copy of an interrupted start; -1 if there is none."""
    if not copy.exists():
        return -1
    db = apsw.Connection(str(copy))
    try:
        return _revision(db)
    finally:
        db.close(True)


def _copy(db: apsw.Connection, path: Path, to: Path, disk: Disk) -> None:
    """Copies the database to a new file, durably."""
    temporary = temporary_name(path)
    try:
        target = apsw.Connection(str(temporary))
        try:
            target.pragma("journal_mode", "off")  # after a failure the file is removed
            with target.backup("main", db, "main") as copying:
                copying.step(-1)
            target.pragma("journal_mode", "delete")  # one file, without a separate log
            problems = [str(text) for (text,) in target.execute("PRAGMA quick_check(1)")]
        finally:
            target.close(True)
        if problems != ["ok"]:
            raise StoreCorrupt(
                f"{path} is damaged after a failed sync ({problems[0]}). Keep a copy of it and of "
                f"its -wal file, then restore the last backup."
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
    disk.rename(temporary, to)
    disk.sync_folder(path.parent)


def empty_log(path: Path, db: apsw.Connection, disk: Disk) -> None:
    """Copies the log of a killed process into the database.

    It is uncertain whether that log is on the medium, and later writes would come after it. Raises
    the errors of SQLite (BusyError if another program reads, IOError) and OSError.
    """
    wal = companion(path, "-wal")
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    fd = disk.open(wal)
    try:
        disk.sync(fd)
    finally:
        disk.close(fd)
