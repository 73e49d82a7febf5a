"""Restores a folder of JSON files; an interrupted restore is marked as such."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fancymonkey.backup.empty_target import opens_empty
from fancymonkey.errors import BackupError
from fancymonkey.store.json.recovery import RESTORING
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.file_lock import FileLock
from fancymonkey.store.shared.files import Disk

PARTS = ("products.json", "logs", "state")
"""The parts of a store; a restore does not touch other files of the folder."""

_REFUSED = (
    "{} is not empty, and nothing was changed. Name an empty directory, or add --force: the old "
    "content is kept aside then."
)


@asynccontextmanager
async def ready(target: Path, now: int, *, force: bool) -> AsyncIterator[None]:
    """Holds the folder's lock inside the block. Raises StoreLocked, BackupError."""
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
    return await opens_empty(JsonStore(target, read_only=True))


def free_name(path: Path) -> Path:
    """The path, with a number appended if that name is taken."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def put(made: Path, target: Path, aside_name: str) -> str | None:
    """Moves the parts into place; returns the new path of the old ones, if there were any.

    A marker file shows that the folder is half restored, until all parts are in place. Raises
    OSError.
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
            disk.dress(path, aside / path.name)  # keeps the owner and permissions of the file
        if path.name != "lock":
            disk.rename(path, target / path.name)
    disk.sync_folder(target)
    disk.remove(target / RESTORING)
    disk.sync_folder(target)
    return str(aside) if old else None
