"""The files of SQLite are removed while the shop runs: every confirmed sale is kept."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.sqlite import file_identity
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.contract.test_conformance import fill, reserve


def no_proc(*_: object) -> str:
    raise FileNotFoundError


async def sell(store: SqliteStore, session: str) -> None:
    await store.run([reserve(f"hold-{session}", session)], 1000, 0)


@pytest.mark.parametrize("name", ["shop.db", "shop.db-wal"])
@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("system", ["Linux", "without /proc", "another"])
async def test_a_sale_is_refused_once_a_file_is_removed(
    name: str, replaced: bool, system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if system == "without /proc":
        monkeypatch.setattr(os, "readlink", no_proc)
    if system == "another":
        monkeypatch.setattr(file_identity, "O_PATH", None)
    path = tmp_path / "shop.db"
    store = SqliteStore(path)
    await store.open(0)
    await fill(store)
    await sell(store, "s1")
    (tmp_path / name).rename(tmp_path / "elsewhere")
    if replaced:
        (tmp_path / name).write_bytes((tmp_path / "elsewhere").read_bytes())
    with pytest.raises(StoreUnavailable, match="was removed or replaced while the shop is running"):
        await sell(store, "s2")
    assert any("was removed or replaced" in text for text in await store.health_problems())
    (tmp_path / "elsewhere").replace(tmp_path / name)
    await sell(store, "s3")
    assert await store.health_problems() == []
    await store.close()


async def test_a_file_that_was_deleted_is_noticed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "shop.db")
    await store.open(0)
    await fill(store)
    (tmp_path / "shop.db-wal").unlink()
    with pytest.raises(StoreUnavailable, match="was removed or replaced while the shop is running"):
        await sell(store, "s1")
    with suppress(StoreUnavailable):
        await store.close()


async def test_a_folder_above_may_be_renamed_while_the_path_leads_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "before"
    home.mkdir()
    monkeypatch.chdir(home)
    store = SqliteStore(Path("shop.db"))
    await store.open(0)
    await fill(store)
    home.rename(tmp_path / "after")
    await sell(store, "s1")
    await store.close()


@pytest.mark.skipif(file_identity.O_PATH is None, reason="only Linux opens a name")
async def test_a_sale_reads_no_time_of_a_file_and_leaves_no_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since Linux 6.13 a write after such a read costs another block on the disk."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    store = SqliteStore(tmp_path / "shop.db")
    await store.open(0)
    await fill(store)
    await sell(store, "s1")
    with monkeypatch.context() as patch:
        patch.setattr(file_identity.os, "stat", no_proc)
        await sell(store, "s2")
    await store.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_earlier_sales_survive_the_removal(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    store = SqliteStore(path)
    await store.open(0)
    await fill(store)
    for number in range(20):
        await sell(store, f"s{number}")
    (tmp_path / "shop.db-wal").rename(tmp_path / "log")
    with suppress(StoreUnavailable):
        await sell(store, "late")
    (tmp_path / "log").rename(tmp_path / "shop.db-wal")
    await store.close()
    again = SqliteStore(path)
    await again.open(0)
    assert (await again.snapshot()).revision >= 20
    await again.close()
