"""SQLite on a disk that fails once, a restart, sales, and then a power cut."""

import contextlib
import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import StoreCorrupt, StoreUnavailable
from fancymonkey.store.sqlite import store as sqlite
from fancymonkey.store.sqlite.recovery import COPY, MARK, companion
from fancymonkey.store.sqlite.store import SqliteStore
from tests.store.contract.test_conformance import everything
from tests.store.faults import Crashed, FaultyDisk
from tests.store.faulty_vfs import FaultyVfs
from tests.store.scripts import batches as cut_into_batches
from tests.store.scripts import catalogue, script

pytestmark = [pytest.mark.usefixtures("no_threads"), pytest.mark.slow]

STEPS = [(catalogue(), 999_000), *cut_into_batches(5, script(5, 30))]
Fail = Callable[[int, str], None]


def once(number: int) -> Fail:
    """One operation fails, as the device refuses it."""

    def fail(at: int, name: str) -> None:
        if at == number:
            raise OSError(errno.EIO, "injected")

    return fail


class SqliteShop:
    """A database on the fault disk."""

    def __init__(self, folder: Path, earlier: "SqliteShop | None" = None) -> None:
        if earlier is None:
            folder.mkdir()
        self.path = folder / "shop.db"
        self.disk = FaultyDisk(folder) if earlier is None else earlier.disk.copied(folder)
        self.confirmed = 0 if earlier is None else earlier.confirmed
        self._cuts = 0

    async def opened(self) -> SqliteStore:
        store = SqliteStore(self.path, disk=self.disk)
        await store.open(0)
        return store

    async def trade(self) -> None:
        """The whole script; `confirmed` is the number of confirmed entries."""
        store = await self.opened()
        try:
            for commands, now in STEPS:
                self.confirmed = (await store.run(commands, now, 0)).revision
        finally:
            with contextlib.suppress(StoreUnavailable, OSError, Crashed):
                await store.close()

    async def sell(self, batches: int = 5) -> dict[str, Any]:
        """Starts, sells a few units and is killed; returns the last shown state."""
        store = await self.opened()
        try:
            for number in range(batches):
                count = Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=number + 40)
                await store.run([count], 2_000_000 + number, 0)
            return await everything(store)
        finally:
            await kill(store)

    async def after_cut(self) -> dict[str, Any]:
        """The state after a power cut."""
        self._cuts += 1
        target = self.disk.after_crash("lost", self.path.parent.with_suffix(f".{self._cuts}"))
        store = SqliteStore(target / "shop.db")
        await store.open(0)
        try:
            return await everything(store)
        finally:
            await store.close()


async def kill(store: SqliteStore) -> None:
    """The process is gone: nothing is copied at its end."""
    writer = store._writer
    if writer is not None:
        writer.db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        writer.stopped = "killed"
    await store.close()


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SqliteShop]]:
    """Makes shops whose database lies on a fault disk: a new one, or a copy of an earlier one."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 30)
    mounted: list[FaultyVfs] = []

    def make(name: str, earlier: SqliteShop | None = None) -> SqliteShop:
        for vfs in mounted:
            vfs.unregister()
        shop = SqliteShop(tmp_path / name, earlier)
        mounted[:] = [FaultyVfs(shop.disk)]
        return shop

    yield make
    for vfs in mounted:
        vfs.unregister()


OnDisk = Callable[..., SqliteShop]


async def lost_after_failures(on_disk: OnDisk, first: int, every: int) -> list[str]:
    """Lets each operation fail once; returns the operations after which something was lost."""
    faults: list[str] = []
    number, finished = first, False
    while not finished:
        shop = on_disk(f"{number}")
        shop.disk.revive(once(number))
        with contextlib.suppress(StoreUnavailable, OSError):
            await shop.trade()
        finished = len(shop.disk.operations) < number
        shop.disk.revive()
        what = f"{number} {shop.disk.operations[min(number, len(shop.disk.operations)) - 1]}"
        try:
            shown = await shop.sell(5 if shop.confirmed else 0)
            cut = await shop.after_cut()
        except Exception as error:
            faults.append(f"{what}: {error!r}")
        else:
            if cut != shown or len(shown["entries"]) < shop.confirmed:
                faults.append(f"{what}: sales are lost")
        number += every
    return faults


@pytest.mark.slow
async def test_wherever_the_disk_fails_once_later_sales_outlive_a_power_cut(
    on_disk: OnDisk,
) -> None:
    assert await lost_after_failures(on_disk, 1, 1) == []


async def test_where_the_disk_fails_at_times_later_sales_outlive_a_power_cut(
    on_disk: OnDisk,
) -> None:
    assert await lost_after_failures(on_disk, 5, 17) == []


class ArmedVfs:
    """Lets an operation of a kind on a file fail on request."""

    def __init__(self, disk: FaultyDisk) -> None:
        self._disk = disk
        self.what = ""

    def __call__(self, at: int, name: str) -> None:
        if self.what and self._disk.operations[-1] == self.what:
            self.what = ""
            raise OSError(errno.EIO, "injected")


async def stopped(shop: SqliteShop, what: str) -> None:
    """The store has one failure during its use, reports it, and is closed."""
    armed = ArmedVfs(shop.disk)
    shop.disk.revive(armed)
    store = await shop.opened()
    await store.run(*STEPS[0], 0)
    armed.what = what
    for commands, now in STEPS[1:] * 5:
        try:
            shop.confirmed = (await store.run(commands, now, 0)).revision
        except StoreUnavailable:
            break
    assert any("restarted" in text for text in await store.health_problems())
    with pytest.raises(StoreUnavailable, match="restarted"):
        await store.run(*STEPS[1], 0)
    await store.close()
    assert companion(shop.path, MARK).exists()


FAILURES = ("sync shop.db-wal", "sync shop.db")


@pytest.mark.parametrize("what", FAILURES)
async def test_after_a_failed_sync_the_next_start_copies_into_a_new_file(
    on_disk: OnDisk, what: str
) -> None:
    shop = on_disk("shop")
    await stopped(shop, what)
    before = shop.path.stat().st_ino
    shown = await shop.sell()
    assert shop.path.stat().st_ino != before
    assert await shop.after_cut() == shown
    assert len(shown["entries"]) >= shop.confirmed + 5
    assert not companion(shop.path, MARK).exists()
    assert not companion(shop.path, COPY).exists()


@pytest.mark.parametrize("what", FAILURES)
async def test_a_second_failure_while_it_starts_again_loses_nothing_either(
    on_disk: OnDisk, what: str
) -> None:
    failed = on_disk("shop")
    await stopped(failed, what)
    number, finished = 1, False
    while not finished:
        shop = on_disk(f"{number}", failed)
        before = len(shop.disk.operations)
        shop.disk.revive(once(before + number))
        with contextlib.suppress(StoreUnavailable):
            await kill(await shop.opened())
        finished = len(shop.disk.operations) < before + number
        assert len((await shop.after_cut())["entries"]) >= shop.confirmed
        shop.disk.revive()
        shown = await shop.sell()
        assert len(shown["entries"]) >= shop.confirmed + 5
        assert await shop.after_cut() == shown, shop.disk.operations[before + number - 1]
        number += 5


async def test_a_power_cut_at_any_moment_of_that_start_loses_nothing(on_disk: OnDisk) -> None:
    failed = on_disk("shop")
    await stopped(failed, "sync shop.db")
    number, finished = 1, False
    while not finished:
        shop = on_disk(f"{number}", failed)
        before = len(shop.disk.operations)

        def cut(at: int, name: str, stop: int = before + number) -> None:
            if at == stop:
                raise OSError(errno.EIO, "the power is gone")

        shop.disk.revive(cut)
        with contextlib.suppress(StoreUnavailable):
            await kill(await shop.opened())
        finished = len(shop.disk.operations) < before + number
        assert len((await shop.after_cut())["entries"]) >= shop.confirmed
        number += 4


async def test_a_killed_process_leaves_nothing_in_the_log_for_the_next_sale(
    on_disk: OnDisk,
) -> None:
    shop = on_disk("shop")
    await shop.sell(0)
    store = await shop.opened()
    await store.run(*STEPS[0], 0)
    await kill(store)
    assert companion(shop.path, "-wal").stat().st_size > 0
    store = await shop.opened()
    assert companion(shop.path, "-wal").stat().st_size == 0
    assert len((await everything(store))["entries"]) > 0
    await store.close()


async def test_a_clean_end_leaves_nothing_to_be_done(on_disk: OnDisk) -> None:
    shop = on_disk("shop")
    await shop.trade()
    before = len(shop.disk.operations)
    store = await shop.opened()
    assert not [name for name in shop.disk.operations[before:] if name.endswith("shop.db")]
    await store.close()


async def test_an_old_copy_does_not_replace_a_newer_database(on_disk: OnDisk) -> None:
    shop = on_disk("shop")
    await shop.trade()
    stray = shop.path.with_name("aside")
    with contextlib.closing(apsw.Connection(str(shop.path))) as db:
        db.execute(f"VACUUM INTO '{stray}'")
    shown = await shop.sell()
    shop.disk.names[companion(shop.path, COPY)] = shop.disk.names.pop(stray)
    stray.rename(companion(shop.path, COPY))
    store = await shop.opened()
    assert await everything(store) == shown
    await store.close()


async def test_a_database_that_another_process_has_open_is_not_replaced(on_disk: OnDisk) -> None:
    shop = on_disk("shop")
    await stopped(shop, "sync shop.db")
    other = apsw.Connection(str(shop.path))
    other.execute("BEGIN")
    other.execute("SELECT * FROM head").fetchall()
    with pytest.raises(StoreUnavailable, match="locked by another program"):
        await shop.opened()
    assert companion(shop.path, MARK).exists()
    other.close()
    assert len((await shop.sell())["entries"]) >= shop.confirmed


async def test_a_copy_that_would_be_damaged_is_refused(on_disk: OnDisk) -> None:
    shop = on_disk("shop")
    await shop.trade()
    content = bytearray(shop.path.read_bytes())
    content[4096:8192] = bytes(4096)
    shop.path.write_bytes(bytes(content))
    companion(shop.path, MARK).touch()
    with pytest.raises(StoreCorrupt):
        await shop.opened()
    assert shop.path.read_bytes() == bytes(content)
