"""A backup contains the state of the store at its time, and restores it."""

import stat
from pathlib import Path

import pytest

from fancymonkey.backup.archive import inspect
from fancymonkey.backup.create import make
from fancymonkey.backup.restore import restore
from fancymonkey.errors import BackupError, ConfigError, StoreCorrupt, StoreLocked, StoreUnavailable
from fancymonkey.store.contract import Store
from fancymonkey.store.copy import compare
from fancymonkey.store.json.recovery import RESTORING
from fancymonkey.store.open import open_store
from tests.backup.conftest import Fresh, fill, go_on

NOW = 1_764_000_000_000


async def same(target: str, other: str) -> list[str]:
    stores = [open_store(target), open_store(other)]
    for store in stores:
        await store.open(NOW)
    try:
        return await compare(*stores)
    finally:
        for store in stores:
            await store.close()


@pytest.mark.parametrize("portable", [False, True])
async def test_a_backup_of_a_running_store_can_be_restored(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path, portable: bool
) -> None:
    """The store changes further; the restored one has the state of the backup."""
    again = fresh(kind)
    made = await make(target, tmp_path / "b.tar.gz", NOW, portable=portable)
    revision = (await store.snapshot()).revision
    entries = await store.entries_after(0, revision)
    assert made.revision in (None, revision)
    assert made.verification is None or made.verification.clean
    await go_on(store)
    done = await restore(made.path, again, NOW)
    assert done.clean
    assert (done.revision, done.aside) == (revision, None)
    restored = open_store(again)
    await restored.open(NOW)
    assert await restored.entries_after(0, revision + 1) == entries
    await go_on(restored)
    await restored.close()


async def test_a_restored_store_is_the_same_row_by_row(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path
) -> None:
    again = fresh(kind)
    made = await make(target, tmp_path, NOW)
    assert made.path.parent == tmp_path
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600  # it holds digests of passwords
    await restore(made.path, again, NOW)
    await store.close()
    assert await same(target, again) == []


OTHER = {"json": "sqlite", "sqlite": "postgres", "postgres": "json"}


@pytest.mark.postgres
async def test_a_portable_backup_fits_into_every_store(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path
) -> None:
    again = fresh(OTHER[kind])
    made = await make(target, tmp_path, NOW, portable=True)
    assert (await restore(made.path, again, NOW)).clean
    await store.close()
    assert await same(target, again) == []


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["json", "sqlite"])
async def test_files_fit_into_every_store(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path
) -> None:
    again = fresh("postgres" if kind == "json" else "json")
    made = await make(target, tmp_path, NOW)
    assert (await restore(made.path, again, NOW)).clean
    await store.close()
    assert await same(target, again) == []


@pytest.mark.postgres
async def test_a_dump_can_be_restored_to_postgresql_only(fresh: Fresh, tmp_path: Path) -> None:
    made = await _saved(fresh("postgres"), tmp_path)
    with pytest.raises(BackupError, match="only be restored into PostgreSQL"):
        await restore(made, fresh("json"), NOW)


async def _saved(target: str, to: Path) -> Path:
    store = open_store(target)
    await store.open(0)
    await fill(store)
    await store.close()
    return (await make(target, to, NOW)).path


async def test_a_store_that_is_not_empty_is_not_changed(
    store: Store, kind: str, target: str, fresh: Fresh, tmp_path: Path
) -> None:
    """Without --force nothing changes; with it, the earlier content is kept beside it."""
    made = await make(target, tmp_path / "b.tar.gz", NOW)
    await go_on(store)
    await store.close()
    revision = await _revision(target)
    with pytest.raises(BackupError, match="not empty, and nothing was changed"):
        await restore(made.path, target, NOW)
    assert await _revision(target) == revision
    done = await restore(made.path, target, NOW, force=True)
    assert done.clean
    assert done.revision < revision
    assert done.aside is not None
    if kind != "postgres":
        aside = done.aside if kind == "json" else f"sqlite:///{done.aside}"
        assert await _revision(aside) == revision
    again = await restore(made.path, target, NOW, force=True)  # any number of times
    assert again.clean


async def _revision(target: str) -> int:
    store = open_store(target, read_only=True)
    await store.open(NOW)
    try:
        return (await store.snapshot()).revision
    finally:
        await store.close()


async def test_a_store_in_use_is_not_restored_into(
    store: Store, target: str, tmp_path: Path
) -> None:
    made = await make(target, tmp_path, NOW)
    for force in (False, True):
        with pytest.raises(StoreLocked, match=r"in use by (process|a server at)"):
            await restore(made.path, target, NOW, force=force)


async def test_an_old_name_is_never_taken(store: Store, target: str, tmp_path: Path) -> None:
    taken = tmp_path / "b.tar.gz"
    taken.write_bytes(b"precious")
    with pytest.raises(BackupError, match="exists already and stays"):
        await make(target, taken, NOW)
    assert taken.read_bytes() == b"precious"
    with pytest.raises(BackupError, match="There is no directory"):
        await make(target, tmp_path / "nowhere" / "b.tar.gz", NOW)


async def test_memory_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be backed up"):
        await make("memory://", tmp_path, NOW)


@pytest.mark.postgres
async def test_missing_programs_are_named_and_the_portable_way_needs_none(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = fresh("postgres")
    await _saved(target, tmp_path)
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(BackupError, match=r"postgresql-client-\d+.*PG_BIN.*--portable"):
        await make(target, tmp_path / "b.tar.gz", NOW)
    assert not (tmp_path / "b.tar.gz").exists()
    for name in ("pg_dump", "pg_restore", "psql"):
        old = tmp_path / name
        old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
        old.chmod(0o755)
    with pytest.raises(BackupError, match="version 9 is here"):
        await make(target, tmp_path / "b.tar.gz", NOW)
    await make(target, tmp_path / "b.tar.gz", NOW, portable=True)


async def test_unapplied_edits_are_kept_in_a_file(fresh: Fresh, tmp_path: Path) -> None:
    """A refused edit is in the backup, and is not the text of the store."""
    target = fresh("json")
    store = open_store(target)
    await store.open(0)
    await fill(store)
    await store.close()
    ours = (Path(target) / "products.json").read_bytes()
    (Path(target) / "products.json").write_bytes(b'{"products": [oops')
    made = await make(target, tmp_path, NOW)
    again = fresh("json")
    await restore(made.path, again, NOW)
    assert (Path(again) / "products.json").read_bytes() == ours
    assert (Path(again) / "products.not-taken-in.json").read_bytes() == b'{"products": [oops'


async def test_a_half_restored_folder_is_reported_and_can_be_restored_again(
    fresh: Fresh, tmp_path: Path
) -> None:
    target = fresh("json")
    made = await make(await _other(fresh), tmp_path / "b.tar.gz", NOW)
    await restore(made.path, target, NOW)
    (Path(target) / RESTORING).touch()
    (Path(target) / "logs" / "inventory-changes.log").unlink()
    with pytest.raises(StoreCorrupt, match=r"half restored.*Run it again"):
        await _revision(target)
    with pytest.raises(StoreCorrupt, match="half restored"):
        await make(target, tmp_path / "c.tar.gz", NOW)
    assert (await restore(made.path, target, NOW)).clean


@pytest.mark.parametrize("portable", [False, True])
async def test_where_no_shop_is_there_is_nothing_to_save(
    kind: str, fresh: Fresh, tmp_path: Path, portable: bool
) -> None:
    """A wrong name of the store must not look like a backup."""
    target = fresh(kind)
    if kind == "json":
        Path(target).mkdir()
    with pytest.raises((BackupError, StoreUnavailable)):
        await make(target, tmp_path / "b", NOW, portable=portable)
    assert not (tmp_path / "b").exists()


async def _other(fresh: Fresh) -> str:
    target = fresh("json")
    store = open_store(target)
    await store.open(0)
    await fill(store)
    await store.close()
    return target


def test_a_backup_describes_itself(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no backup"):
        inspect(tmp_path / "b")
    with pytest.raises(BackupError, match="is a directory"):
        inspect(tmp_path)
