"""The health report of a store that cannot write, and its recovery."""

import errno
from pathlib import Path

import asyncpg
import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import Store
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.postgres.store import PostgresStore
from fancymonkey.store.shared import write_check
from fancymonkey.store.shared.write_check import WriteCheck
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.faults import FaultyDisk
from tests.store.scripts import catalogue, upsert

COUNT = [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3)]


async def test_every_store_can_write_at_first(store: Store) -> None:
    assert await store.unwritable() is None
    await store.run(catalogue(), 1, 0)
    assert await store.unwritable() is None


async def test_a_stopped_json_store_writes_nothing_until_a_restart(tmp_path: Path) -> None:
    armed: list[str] = []

    def fail(at: int, name: str) -> None:
        if armed and name == "sync":
            armed.clear()
            raise OSError(errno.EIO, "injected")

    disk = FaultyDisk(tmp_path, fail)
    store = JsonStore(tmp_path, disk=disk)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    armed.append("now")
    with pytest.raises(StoreUnavailable):
        await store.run(COUNT, 2, 0)
    for _ in range(2):
        assert "Writing has stopped" in (await store.unwritable() or "")
    await store.close()
    disk.revive()
    again = JsonStore(tmp_path, disk=disk)
    await again.open(0)
    assert await again.unwritable() is None
    await again.close()


async def test_sqlite_on_a_full_disk_can_write_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(tmp_path / "shop.db")
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    assert store._writer is not None
    store._writer.db.execute("PRAGMA max_page_count = 1")

    async def fill_up() -> None:
        for number in range(200):
            await store.run([upsert(f"prod_{number}")], 5, 0)

    with pytest.raises(StoreUnavailable, match="full"):
        await fill_up()

    def no_room() -> None:
        raise StoreUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(store._writer, "probe", no_room)
        patch.setattr(store._write_check, "_probe", lambda: _failing(no_room))
        assert "full" in (await store.unwritable() or "")
    store._writer.db.execute("PRAGMA max_page_count = 1000000")
    store._write_check._next = 0.0
    assert await store.unwritable() is None
    assert await store.health_problems() == []
    await store.close()


async def _failing(work: object) -> None:
    assert callable(work)
    work()


@pytest.mark.postgres
async def test_postgres_that_takes_no_change_is_noticed_and_comes_back_by_itself(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_check, "PROBE_SECONDS", 0.0)
    store = PostgresStore(migrated_url)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    name = migrated_url.rsplit("/", 1)[1]
    owner = await asyncpg.connect(migrated_url)
    await owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert store._writer is not None
    await owner.execute("SELECT pg_terminate_backend($1)", store._writer.pid)
    with pytest.raises(StoreUnavailable):
        await store.run(COUNT, 2, 0)
    await store.next_due()  # reads continue as before
    assert "read-only" in (await store.unwritable() or "")
    assert any("read-only" in text for text in await store.health_problems())
    await owner.execute("SET default_transaction_read_only = off")
    await owner.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert await store.unwritable() is None
    assert await store.health_problems() == []
    await store.run(COUNT, 3, 0)
    temporary = "SELECT count(*) FROM pg_class WHERE relname = 'fancymonkey_probe'"
    assert await owner.fetchval(temporary) == 0
    await owner.close()
    await store.close()


async def test_it_tries_only_at_intervals() -> None:
    tries: list[bool] = []

    async def probe() -> None:
        tries.append(True)
        if len(tries) < 3:
            raise StoreUnavailable(f"full {len(tries)}")

    check = WriteCheck(probe)
    assert await check.check() is None
    assert tries == []  # nothing has failed, so nothing is tried
    check.failed = "full"
    assert await check.check() == "full 1"
    for _ in range(5):
        assert await check.check() == "full 1"
    assert len(tries) == 1
    check._next = 0.0
    assert await check.check() == "full 2"
    check._next = 0.0
    assert await check.check() is None
    assert await check.check() is None
    assert len(tries) == 3
