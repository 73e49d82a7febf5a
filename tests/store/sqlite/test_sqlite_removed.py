"""The files of SQLite are removed while the shop runs: every confirmed sale is kept."""

from contextlib import suppress
from pathlib import Path

import pytest

from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.contract.test_conformance import fill, reserve


async def sell(store: SqliteStore, session: str) -> None:
    await store.run([reserve(f"hold-{session}", session)], 1000, 0)


@pytest.mark.parametrize("name", ["shop.db", "shop.db-wal"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_sale_is_refused_once_a_file_is_removed(
    name: str, replaced: bool, tmp_path: Path
) -> None:
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
