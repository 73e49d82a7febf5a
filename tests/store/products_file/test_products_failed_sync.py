"""A failed sync of products.json or of its folder, and a power cut: an older file may be on the
disk.

It does not count as an edit: it reverts neither a sale nor an edit of the owner. The disk of these
tests forgets names and pages whose sync has failed, and it keeps no memory of older versions, which
is never synced.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fancymonkey.core.model import Level, Product
from fancymonkey.store.json.store import JsonStore
from tests.store.crash_points import Images, ReadOnce
from tests.store.faults import FaultyDisk
from tests.store.json_shop import SEED, at, hold, sell

pytestmark = [pytest.mark.usefixtures("no_threads"), pytest.mark.slow]

M, L = "prod_hoodie_001/M", "prod_hoodie_001/L"


class OwnersDisk(FaultyDisk):
    """Refuses the syncs of products.json and of its folder that are in `refused`, by number."""

    def __init__(self, folder: Path, refused: range) -> None:
        self.refused = refused
        self.syncs = 0
        super().__init__(folder, self._refuse)
        self._owners = False

    @property
    def refusing(self) -> bool:
        """Whether a sync has been refused already."""
        return self.syncs >= self.refused.start

    def sync(self, fd: int) -> None:
        self._owners = self._open[fd] == self.names.get(self.folder / "products.json")
        super().sync(fd)

    def sync_folder(self, path: Path) -> None:
        self._owners = path == self.folder
        super().sync_folder(path)

    def _refuse(self, at: int, name: str) -> None:
        if name not in ("sync", "sync_folder") or not self._owners:
            return
        self.syncs += 1
        self._owners = False
        if self.syncs in self.refused:
            raise OSError(errno.EIO, "injected")


class JsonShop:
    """A store on such a disk, and its owner."""

    def __init__(self, folder: Path, refused: range) -> None:
        folder.mkdir()
        self.path = folder / "products.json"
        self.path.write_text(SEED)
        self.disk = OwnersDisk(folder, refused)
        self.store = JsonStore(folder, disk=self.disk)
        self.sales = 0

    async def sale(self, sku: str = M) -> None:
        self.sales += 1
        await hold(self.store, f"s{self.sales}", sku, 2, step=10 * self.sales)
        await sell(self.store, f"s{self.sales}", step=10 * self.sales + 1)

    def edit(self, old: str, new: str, *, in_place: bool = False) -> None:
        """The owner saves; the editor does not sync."""
        text = self.path.read_text()
        assert old in text
        content = text.replace(old, new, 1).encode()
        if in_place:
            fd = self.disk.create(self.path, 0o644)
            self.disk.write(fd, content)
            self.disk.close(fd)
        else:
            self.disk.owner_writes(self.path, content, synced=False)

    async def reconcile(self) -> None:
        """As the store does it: a failed attempt is repeated later."""
        try:
            await self.store.mirror.reconcile()
        except OSError:
            assert self.disk.refusing

    async def restart(self) -> None:
        """The process is killed and starts again; the machine stays on."""
        await abandon(self.store)
        for _ in range(len(self.disk.refused) + 1):
            self.store = JsonStore(self.path.parent, disk=self.disk)
            try:
                await self.store.open(at(0))
            except Exception:
                assert self.disk.refusing
            else:
                return
        pytest.fail("it does not start any more")


async def abandon(store: JsonStore) -> None:
    """As after a kill: nothing more is written."""
    await asyncio.gather(*store._snapshots)
    store._file_lock.free()


async def content_of(store: JsonStore) -> tuple[dict[str, int], list[str]]:
    """Stock by SKU, and the names of the products."""
    levels = [row async for row in store.scan(Level) if isinstance(row, Level)]
    products = [row async for row in store.scan(Product) if isinstance(row, Product)]
    return {row.sku: row.on_hand for row in levels}, sorted(row.name for row in products)


async def content_in(folder: Path) -> tuple[dict[str, int], list[str]]:
    """The content that a start finds in a folder."""
    store = JsonStore(folder)
    await store.open(at(0))
    content = await content_of(store)
    await store.close()
    return content


Step = Callable[[JsonShop], Awaitable[None]]


async def sell_one(shop: JsonShop) -> None:
    await shop.sale()


async def sell_both(shop: JsonShop) -> None:
    await shop.sale()
    await shop.sale(L)


async def reconcile(shop: JsonShop) -> None:
    await shop.reconcile()


async def restart(shop: JsonShop) -> None:
    await shop.restart()


async def type_stock(shop: JsonShop) -> None:
    shop.edit('"stock": 18', '"stock": 25')


async def type_a_name(shop: JsonShop) -> None:
    shop.edit("MIDNIGHT EMERALD", "JADE", in_place=True)


Read = Callable[[dict[Path, bytes]], Awaitable[tuple[dict[str, int], list[str]]]]
"""Reads the content that a start finds in these files."""

DAY: list[Step] = [
    sell_one,
    reconcile,
    type_stock,
    reconcile,
    reconcile,
    sell_both,
    reconcile,
    type_a_name,
    reconcile,
    sell_one,
    reconcile,
    sell_one,
]


async def power_cuts(
    tmp_path: Path, refused: range, day: list[Step], read: Read
) -> tuple[list[str], bool]:
    """Plays a day, and reads after each step the files that a power cut would leave.

    Returns the differences from the running store, and whether a sync was refused.
    """
    shop = JsonShop(tmp_path / "shop", refused)
    await shop.restart()
    faults: list[str] = []
    for number, step in enumerate(day):
        await step(shop)
        if not shop.disk.refusing:
            continue
        shown = await content_of(shop.store)
        left = await read(shop.disk.files_after_crash("lost"))
        if left != shown:
            faults.append(f"sync {refused}, {step.__name__} {number}: {left} for {shown}")
    await shop.store.close()
    return faults, shop.disk.refusing


async def test_unsynced_versions_are_kept_until_they_are_written_again(
    tmp_path: Path,
) -> None:
    """The syncs of an edit and of the new file fail; at the next look all syncs work.

    Until then the medium has the file as it was before the edit.
    """
    shop = JsonShop(tmp_path / "shop", range(100, 101))
    await shop.restart()
    await shop.sale()
    await shop.reconcile()
    shop.disk.refused = range(shop.disk.syncs + 1, shop.disk.syncs + 6)
    shop.edit('"stock": 18', '"stock": 25')
    with pytest.raises(OSError, match="injected"):
        await shop.store.mirror.reconcile()
    assert shop.disk.syncs == shop.disk.refused.stop - 1
    for step in range(3):
        cut = shop.disk.after_crash("lost", tmp_path / f"cut-{step}")
        assert ('"stock": 18' in (cut / "products.json").read_text()) is (step == 0)
        after = JsonStore(cut)
        await after.open(at(0))
        assert (await content_of(after))[0][M] == 25
        await after.close()
        await shop.reconcile()
    assert shop.disk.after_crash("lost", tmp_path / "end")
    assert (tmp_path / "end" / "products.json").read_bytes() == shop.path.read_bytes()
    assert not list(shop.path.parent.glob("state/*failed-sync*"))
    assert len(list(shop.path.parent.glob("state/products-*.json"))) == 1
    await shop.store.close()


TIMES = [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(5, marks=pytest.mark.slow)]
"""The number of consecutive failed syncs."""


async def every_sync(tmp_path: Path, times: int, day: list[Step]) -> list[str]:
    """Refuses each sync of the owner's file or folder, one at a time."""
    faults: list[str] = []
    images, read = Images(tmp_path), ReadOnce(content_in)
    number, refusing = 1, True
    while refusing:
        place = tmp_path / str(number)
        place.mkdir()
        cuts, refusing = await power_cuts(
            place, range(number, number + times), day, lambda files: read(images.folder(files))
        )
        faults += cuts
        number += 1
    assert number > 5
    return faults


@pytest.mark.parametrize("times", TIMES)
async def test_a_power_cut_after_a_failed_sync_reverts_nothing(times: int, tmp_path: Path) -> None:
    assert await every_sync(tmp_path, times, DAY) == []


@pytest.mark.parametrize("times", TIMES)
async def test_a_restart_between_the_failure_and_the_power_cut_changes_nothing(
    times: int, tmp_path: Path
) -> None:
    day = [also for step in DAY for also in (step, restart)]
    assert await every_sync(tmp_path, times, day) == []
