"""Makes a backup of any store, while a server uses it."""

import glob
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fancymonkey import __version__
from fancymonkey.backup import json_dump, portable_rows
from fancymonkey.backup.archive import FORMAT, Manifest, pack
from fancymonkey.errors import BackupError, ConfigError
from fancymonkey.store.json.recovery import check_whole
from fancymonkey.store.open import open_store
from fancymonkey.store.shared.files import Disk
from fancymonkey.store.verify import Verification, verify_store

Progress = Callable[[int, int], None]
SUFFIX = ".tar.gz"


@dataclass(frozen=True, slots=True)
class FinishedBackup:
    """A finished backup. `verification` is that of its content, if there was one."""

    path: Path
    kind: str
    revision: int | None
    size: int
    verification: Verification | None


def kind_of(target: str) -> str:
    """The kind of a store. Raises ConfigError for a store in memory."""
    scheme, separator, _ = target.partition("://")
    if not separator:
        return "json"
    if scheme in ("postgresql", "postgres"):
        return "postgres"
    if scheme == "memory":
        raise ConfigError("A store in memory cannot be backed up: it is not durable.")
    return scheme


def sqlite_path(target: str) -> Path:
    """The file of a `sqlite:///` URL."""
    return Path(target.partition("://")[2].removeprefix("/"))


def file_name(now: int, kind: str) -> str:
    """The default file name of a backup, for a directory."""
    at = datetime.fromtimestamp(now // 1000, UTC)
    return f"fancymonkey-{at:%Y%m%dT%H%M%SZ}-{kind}{SUFFIX}"


async def make(
    target: str,
    to: Path,
    now: int,
    *,
    portable: bool = False,
    disk: Disk | None = None,
    progress: Progress = lambda done, total: None,
) -> FinishedBackup:
    """Makes a backup: a new file, or a new one in a directory. Raises BackupError, StoreError.

    Only a complete backup gets its name; a failure leaves no file.
    """
    disk = disk or Disk()
    kind = kind_of(target)
    kind = "rows" if portable else kind
    to = _new_file(to, file_name(now, kind))
    try:
        async with staging(to) as folder:
            manifest, verification = await _stage(target, kind, folder, now, progress)
            pack(disk, folder, manifest, to)
    except OSError as error:
        raise BackupError(
            f"The backup {to} could not be written: {error.strerror or error}. Nothing was kept."
        ) from error
    return FinishedBackup(to, kind, manifest.revision, to.stat().st_size, verification)


def _new_file(to: Path, name: str) -> Path:
    """The file to create. Raises BackupError if it cannot be created."""
    to = to / name if to.is_dir() else to
    if to.exists():
        raise BackupError(f"{to} exists already and stays. Name a new file, or a directory.")
    if not to.parent.is_dir():
        raise BackupError(f"There is no directory {to.parent}. Create it first.")
    return to


async def _stage(
    target: str, kind: str, folder: Path, now: int, progress: Progress
) -> tuple[Manifest, Verification | None]:
    """Writes the content of the backup into a folder, and verifies it."""
    at = f"{datetime.fromtimestamp(now // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    manifest = Manifest(FORMAT, kind, at, __version__)
    verification: Verification | None = None
    if kind == "json":
        json_dump.require_shop(Path(target))
        check_whole(Path(target))
        await json_dump.write(Path(target), folder)
        manifest.revision, verification = await _verify(str(folder), progress)
    elif kind == "sqlite":
        from fancymonkey.backup import sqlite_dump  # each store has its own library

        await sqlite_dump.write(sqlite_path(target), folder)
        manifest.revision, verification = await _verify(
            f"sqlite:///{folder / sqlite_dump.NAME}", progress
        )
    elif kind == "postgres":
        from fancymonkey.backup import postgres_dump

        database = await postgres_dump.dump(target, folder)
        manifest.database_schema = database.schema
    else:
        manifest.revision = await _write_rows(target, folder)
    return manifest, verification


async def _verify(staged: str, progress: Progress) -> tuple[int, Verification]:
    """Opens the copy as a store and verifies it; returns its revision too."""
    store = open_store(staged, read_only=True)
    try:
        await store.open(0)
        return (await store.snapshot()).revision, await verify_store(store, progress)
    finally:
        await store.close()


async def _write_rows(target: str, folder: Path) -> int:
    if kind_of(target) == "json":
        json_dump.require_shop(Path(target))
        check_whole(Path(target))
    store = open_store(target, read_only=True)
    try:
        await store.open(0)
        async with store.frozen() as snapshot:
            await portable_rows.write(snapshot, folder)
            return snapshot.revision
    finally:
        await store.close()


@asynccontextmanager
async def staging(beside: Path) -> AsyncIterator[Path]:
    """A temporary folder on the same disk; it also removes what dead processes left there."""
    for old in beside.parent.glob(".fancymonkey-*.staging"):
        if not _alive(old.name.split("-")[1]):
            shutil.rmtree(old, ignore_errors=True)
    for pattern in (f".{glob.escape(beside.name)}.*.tmp", ".fancymonkey-*.tar.gz.*.tmp"):
        for torn in beside.parent.glob(pattern):
            if not _alive(torn.name.split(".")[-2].split("-")[0]):
                torn.unlink(missing_ok=True)
    name = f".fancymonkey-{os.getpid()}-{os.urandom(4).hex()}.staging"
    folder = beside.parent / name
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
