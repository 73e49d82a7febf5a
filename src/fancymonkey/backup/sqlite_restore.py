"""Replaces a SQLite file by another, in one step."""

import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw

from fancymonkey.backup.empty_target import opens_empty
from fancymonkey.errors import BackupError
from fancymonkey.store.shared.file_lock import FileLock
from fancymonkey.store.shared.files import Disk
from fancymonkey.store.sqlite.recovery import COPY, MARK
from fancymonkey.store.sqlite.store import SqliteStore

_REFUSED = (
    "{} is not empty, and nothing was changed. Name a new file, or add --force: the old content "
    "is kept aside then."
)


@asynccontextmanager
async def ready(path: Path, now: int, *, force: bool) -> AsyncIterator[bool]:
    """Holds the file's lock inside the block; yields whether there is content to keep aside.

    Raises StoreLocked, BackupError.
    """
    lock = FileLock(path.with_name(path.name + ".lock"))
    lock.take(now)
    try:
        empty = await _is_empty(path)
        if not empty and not force:
            raise BackupError(_REFUSED.format(path))
        yield not empty
    finally:
        lock.free()


async def _is_empty(path: Path) -> bool:
    return not _size(path) or await opens_empty(SqliteStore(path, read_only=True))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def put(held: bool, made: Path, path: Path, aside: Path) -> str | None:
    """Gives a finished database its name; returns the new path of the old one, if it was not empty.

    The old file's log is merged into it first: next to another database, the log would damage that
    one. Raises OSError.
    """
    disk = Disk()
    if path.exists():
        with contextlib.suppress(apsw.Error):  # a damaged file is kept as it is, with its log
            old = apsw.Connection(str(path))
            old.pragma("journal_mode", "delete")
            old.close()
    if held:
        os.link(path, aside)
    for suffix in ("-wal", "-shm", MARK, COPY):
        log = path.with_name(path.name + suffix)
        if log.exists() and held:
            disk.rename(log, aside.with_name(aside.name + suffix))
        disk.remove(log)
    disk.sync_folder(path.parent)
    disk.rename(made, path)
    disk.sync_folder(path.parent)
    return str(aside) if held else None
