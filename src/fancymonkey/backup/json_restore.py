"""Putting a folder of JSON files in place: whole, or marked as half done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fancymonkey.errors import BackupError, FancyMonkeyError
from fancymonkey.store.copy import is_empty
from fancymonkey.store.json.recovery import RESTORING
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.file_lock import FileLock
from fancymonkey.store.shared.files import Disk

PARTS = ("products.json", "logs", "state")
"""What makes a store; all else in the folder is left alone."""

_REFUSED = (
    "{} is not empty, and nothing was changed. Name an empty directory, or add --force: what is "
    "there now is kept aside then."
)


@asynccontextmanager
async def ready(target: Path, now: int, *, force: bool) -> AsyncIterator[None]:
    """Holds the folder's lock for the length of a block. Raises StoreLocked, BackupError."""
    lock = FileLock(target / "lock")
    lock.take(now)
    try:
        half = (target / RESTORING).exists()
        if not (force or half or await _is_empty(target)):
            raise BackupError(_REFUSED.format(target))
        yield
    finally:
        lock.free()


async def _is_empty(target: Path) -> bool:
    store = JsonStore(target, read_only=True)
    try:
        await store.open(0)
        return await is_empty(store)
    except FancyMonkeyError:  # it holds something, if only something broken
        return False
    finally:
        await store.close()


def free_name(path: Path) -> Path:
    """The path, or with a number behind it where something has that name."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def put(made: Path, target: Path, aside_name: str) -> str | None:
    """Moves the parts into place; returns where the old ones are now, if there were any.

    Until all are there a mark says that the folder is half restored. Raises OSError.
    """
    disk = Disk()
    aside = free_name(target / aside_name)
    old = [target / name for name in PARTS if (target / name).exists()]
    fd = disk.create(target / RESTORING)
    disk.sync(fd)
    disk.close(fd)
    disk.sync_folder(target)
    if old:
        disk.make_folder(aside)
        for path in old:
            disk.rename(path, aside / path.name)
        disk.sync_folder(aside)
    for path in sorted(made.iterdir()):
        if path.name == "products.json":
            disk.dress(path, aside / path.name)  # what the owner has set is kept
        if path.name != "lock":
            disk.rename(path, target / path.name)
    disk.sync_folder(target)
    disk.remove(target / RESTORING)
    disk.sync_folder(target)
    return str(aside) if old else None
