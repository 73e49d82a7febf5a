"""Restores a backup into an empty store, or into any store with its old content kept aside."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from fancymonkey.backup import (
    json_restore,
    portable_rows,
    postgres_dump,
    sqlite_dump,
    sqlite_restore,
)
from fancymonkey.backup.archive import Manifest, inspect, unpack
from fancymonkey.backup.create import Progress, kind_of, sqlite_path, staging
from fancymonkey.backup.retention import newest
from fancymonkey.errors import BackupError
from fancymonkey.store.contract import Snapshot, Store
from fancymonkey.store.copy import fill, is_empty
from fancymonkey.store.open import open_store
from fancymonkey.store.shared.files import Disk
from fancymonkey.store.verify import Verification, verify_store


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore; the old content is at `aside`."""

    source: Path
    manifest: Manifest
    aside: str | None
    revision: int
    verification: Verification

    @property
    def clean(self) -> bool:
        """Whether the store adds up, and nothing is missing at the end of the ledger."""
        return self.verification.clean and self.manifest.revision in (None, self.revision)


async def restore(
    source: Path,
    target: str,
    now: int,
    *,
    force: bool = False,
    progress: Progress = lambda done, total: None,
) -> Restored:
    """Restores a backup, or the newest of a directory, into a store and verifies it.

    The store has to be empty, unless `force`: then its content is kept aside first. Raises
    BackupError, and StoreLocked where a server uses the store, before anything is changed.
    """
    kind, source = kind_of(target), await asyncio.to_thread(newest, source)
    manifest = await asyncio.to_thread(inspect, source)
    if manifest.kind == "postgres" and kind != "postgres":
        raise BackupError(
            f"{source} is a PostgreSQL dump and can only be restored into PostgreSQL. From there "
            "`fancymonkey migrate` moves it to any store."
        )
    stamp = f"{datetime.fromtimestamp(now // 1000, UTC):%Y%m%dT%H%M%SZ}"
    if kind == "json":
        aside = await _into_folder(source, manifest, Path(target), now, stamp, force=force)
    elif kind == "sqlite":
        aside = await _into_file(source, manifest, target, now, stamp, force=force)
    else:
        aside = await _into_postgres(source, manifest, target, stamp, force=force)
    async with _opened(target, now) as store:
        revision = (await store.snapshot()).revision
        return Restored(source, manifest, aside, revision, await verify_store(store, progress))


async def _into_folder(
    source: Path, manifest: Manifest, target: Path, now: int, stamp: str, *, force: bool
) -> str | None:
    Disk().make_folder(target)
    async with json_restore.ready(target, now, force=force), staging(target / "x") as folder:
        await asyncio.to_thread(unpack, source, folder)
        (folder / "backup.json").unlink(missing_ok=True)
        if manifest.kind != "json":
            made = folder / "made"
            async with _source(manifest, folder) as source_, _opened(str(made), now) as store:
                await fill(store, source_)
            folder = made
        return await asyncio.to_thread(json_restore.put, folder, target, f"before-restore-{stamp}")


async def _into_file(
    source: Path, manifest: Manifest, target: str, now: int, stamp: str, *, force: bool
) -> str | None:
    path = sqlite_path(target)
    Disk().make_folder(path.parent)
    async with sqlite_restore.ready(path, now, force=force) as held, staging(path) as folder:
        await asyncio.to_thread(unpack, source, folder)
        made = folder / sqlite_dump.NAME
        if manifest.kind != "sqlite":
            made = folder / "made.db"
            name = f"sqlite:///{made}"
            async with _source(manifest, folder) as source_, _opened(name, now) as store:
                await fill(store, source_)
        aside = json_restore.free_name(path.with_name(f"{path.name}.before-restore-{stamp}"))
        return await asyncio.to_thread(sqlite_restore.put, held, made, path, aside)


async def _into_postgres(
    source: Path, manifest: Manifest, url: str, stamp: str, *, force: bool
) -> str | None:
    await postgres_dump.refuse_running(url)
    empty = await _is_empty_database(url)
    if not empty and not force:
        raise not_empty("The database")
    taken = await postgres_dump.schemas(url)
    aside = None if empty else _free_schema(f"before_restore_{stamp.lower()}", taken)
    with tempfile.TemporaryDirectory(prefix="fancymonkey-") as name:
        folder = Path(name)
        await asyncio.to_thread(unpack, source, folder)
        if manifest.kind == "postgres":
            await postgres_dump.put_back(url, folder, manifest.database_schema, aside)
        else:
            async with _source(manifest, folder) as source_:
                if aside is not None:
                    await postgres_dump.set_aside(url, aside)
                async with _opened(url, 0) as store:
                    await fill(store, source_)
    return None if aside is None else f"the schema {aside} of the database"


async def _is_empty_database(url: str) -> bool:
    database = await postgres_dump.look(url)
    if not database.tables:
        return True
    if database.revision:
        return False
    async with _opened(url, 0) as store:
        return await is_empty(store)


def _free_schema(name: str, taken: set[str]) -> str:
    names = chain([name], (f"{name}_{number}" for number in count(2)))
    return next(free for free in names if free not in taken)


def not_empty(what: str) -> BackupError:
    """The refusal to overwrite a store."""
    return BackupError(
        f"{what} is not empty, and nothing was changed. Name an empty store, or add --force: the "
        "old content is kept aside then."
    )


@asynccontextmanager
async def _source(manifest: Manifest, folder: Path) -> AsyncIterator[Snapshot]:
    """The unpacked backup, as a snapshot to copy from."""
    if manifest.kind == "rows":
        yield portable_rows.read(folder, manifest.revision or 0)
        return
    name = str(folder) if manifest.kind == "json" else f"sqlite:///{folder / sqlite_dump.NAME}"
    read_only = manifest.kind == "json"  # a database may need migrations
    async with _opened(name, 0, read_only=read_only) as store, store.frozen() as snapshot:
        yield snapshot


@asynccontextmanager
async def _opened(target: str, now: int, *, read_only: bool = False) -> AsyncIterator[Store]:
    store = open_store(target, read_only=read_only)
    try:
        await store.open(now)
        yield store
    finally:
        await store.close()
