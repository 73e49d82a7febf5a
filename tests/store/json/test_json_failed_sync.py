"""A disk that fails once, a restart, sales, and a power cut: no acknowledged sale is lost.

The disk of these tests forgets what a failed sync should have written (`medium.py`), so the next
start has to write the latest data into new files.
"""

import asyncio
import contextlib
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.json.store import JsonStore
from tests.store.contract.test_conformance import everything
from tests.store.crash_points import Images, ReadOnce
from tests.store.faults import FaultyDisk
from tests.store.json.test_json_crash import STEPS, Run, content_of, reference
from tests.store.scripts import catalogue

pytestmark = [pytest.mark.usefixtures("no_threads"), pytest.mark.slow]

Fail = Callable[[int, str], None]


def once(number: int) -> Fail:
    """The operation with this number fails, as the device refuses it."""

    def fail(at: int, name: str) -> None:
        if at == number:
            raise OSError(errno.EIO, "injected")

    return fail


class ArmedDisk:
    """Lets the next operations of a kind fail on request."""

    def __init__(self) -> None:
        self.kind = ""
        self.skip = 0

    def arm(self, kind: str, skip: int = 0) -> None:
        self.kind, self.skip = kind, skip

    def __call__(self, at: int, name: str) -> None:
        if name == self.kind:
            if self.skip:
                self.skip -= 1
                return
            self.kind = ""
            raise OSError(errno.EIO, "injected")


async def sales(store: JsonStore, *, of: int = 4) -> dict[str, Any]:
    """Runs more batches; returns the state of the store."""
    for number in range(of):
        await store.run(
            [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=number + 40)],
            2_000_000 + number,
            0,
        )
    await asyncio.gather(*store._snapshots)
    return await everything(store)


class PowerCuts:
    """Reads the content of a disk after a power cut: of equal files once."""

    def __init__(self, target: Path) -> None:
        self._images, self._read = Images(target), ReadOnce(content_of)

    async def content(self, disk: FaultyDisk) -> dict[str, Any]:
        return await self._read(self._images.folder(disk.files_after_crash("lost")))


async def after_restart_and_cut(disk: FaultyDisk, folder: Path, cuts: PowerCuts) -> tuple[Any, Any]:
    """The state after a restart with some sales, and after a power cut then."""
    disk.revive()
    again = JsonStore(folder, disk=disk, segment_entries=25)
    await again.open(0)
    shown = await sales(again)
    content = await cuts.content(disk)
    await again.close()
    return shown, content


async def interrupted(tmp_path: Path, number: int) -> tuple[Run, bool]:
    """A run of the script in which one operation fails; returns whether it ended normally."""
    folder = tmp_path / f"{number}"
    folder.mkdir()
    run = Run(FaultyDisk(folder, once(number)), folder)
    try:
        await run.play()
    except (StoreUnavailable, OSError):
        return run, False
    return run, len(run.disk.operations) < number


async def lost_after_failures(tmp_path: Path, first: int, every: int) -> list[str]:
    """Lets each operation fail once; returns the operations after which something was lost."""
    expected = await reference()
    faults: list[str] = []
    cuts = PowerCuts(tmp_path)
    number, finished = first, False
    while not finished:
        run, finished = await interrupted(tmp_path, number)
        try:
            shown, content = await after_restart_and_cut(run.disk, tmp_path / f"{number}", cuts)
        except Exception as error:
            faults.append(f"{number} {run.disk.operations[number - 1]}: {error!r}")
        else:
            revisions = [entry.revision for entry in expected[run.acknowledged]["entries"]]
            if (
                content != shown
                or [e.revision for e in shown["entries"]][: len(revisions)] != revisions
            ):
                faults.append(f"{number} {run.disk.operations[number - 1]}: sales are lost")
        number += every
    return faults


@pytest.mark.slow
async def test_wherever_the_disk_fails_once_later_sales_outlive_a_power_cut(tmp_path: Path) -> None:
    assert await lost_after_failures(tmp_path, 1, 1) == []


async def test_where_the_disk_fails_at_times_later_sales_outlive_a_power_cut(
    tmp_path: Path,
) -> None:
    assert await lost_after_failures(tmp_path, 3, 19) == []


async def stopped(folder: Path, kind: str, skip: int = 0) -> tuple[FaultyDisk, int]:
    """A disk after one failure of a kind and the end of its store; also the number of confirmed
    entries.
    """
    armed = ArmedDisk()
    disk = FaultyDisk(folder, armed)
    entries = 25 if kind in ("sync_folder", "rename") else 10_000
    store = JsonStore(folder, disk=disk, segment_entries=entries)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    armed.arm(kind, skip)
    for commands, now in STEPS[1:]:
        try:
            await store.run(commands, now, 0)
        except StoreUnavailable:
            break
        await asyncio.gather(*store._snapshots)
    assert any("restart the service" in text for text in await store.health_problems())
    confirmed = store.image.revision
    await store.close()
    return disk, confirmed


FAILURES = {
    "the sync of a line": ("sync", 0),
    "the sync of a line behind others": ("sync", 4),
    "half a line is written": ("write", 0),
    "the sync of the folder between the two renames": ("sync_folder", 0),
    "the sync of the folder after the second rename": ("sync_folder", 1),
    "the first rename": ("rename", 0),
    "the second rename": ("rename", 1),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_sales_after_a_failure_and_a_restart_are_durable(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    disk, _ = await stopped(folder, *FAILURES[name])
    shown, content = await after_restart_and_cut(disk, folder, PowerCuts(tmp_path))
    assert content == shown


@pytest.mark.parametrize("name", FAILURES)
async def test_a_second_failure_while_it_starts_again_loses_nothing_either(
    tmp_path: Path, name: str
) -> None:
    """Each operation of the start after the failure fails as well, and the one after that works."""
    folder = tmp_path / "shop"
    folder.mkdir()
    failed, confirmed = await stopped(folder, *FAILURES[name])
    shown = await content_of(failed.after_crash("kept", tmp_path / "kept"))
    cuts = PowerCuts(tmp_path)
    number, finished = 1, False
    while not finished:
        disk = failed.copied(tmp_path / f"{number}")
        before = len(disk.operations)
        disk.revive(once(before + number))
        second = JsonStore(disk.folder, disk=disk, segment_entries=25)
        with contextlib.suppress(StoreUnavailable):
            await second.open(0)
        finished = len(disk.operations) < before + number
        await second.close()
        cut = await cuts.content(disk)
        assert cut["entries"][:confirmed] == shown["entries"][:confirmed]
        after, content = await after_restart_and_cut(disk, disk.folder, cuts)
        assert after["entries"][: len(shown["entries"])] == shown["entries"]
        assert content == after
        number += 7


class Busy(FaultyDisk):
    """Counts the bytes that go into new files."""

    def __init__(self, folder: Path) -> None:
        self.bytes_written = 0
        super().__init__(folder)

    def write(self, fd: int, data: bytes) -> None:
        self.bytes_written += len(data)
        super().write(fd, data)


async def start_after(disk: Busy, folder: Path) -> int:
    """The number of bytes that a start writes."""
    before = disk.bytes_written
    store = JsonStore(folder, disk=disk)
    await store.open(0)
    written = disk.bytes_written - before
    await store.close()
    return written


async def test_a_start_after_a_clean_end_copies_nothing(tmp_path: Path) -> None:
    disk = Busy(tmp_path)
    store = JsonStore(tmp_path, disk=disk)
    await store.open(0)
    for commands, now in STEPS:
        await store.run(commands, now, 0)
    await store.close()
    assert await start_after(disk, tmp_path) == await start_after(disk, tmp_path)
    journal = (tmp_path / "logs" / "inventory-changes.log").stat().st_size
    assert await start_after(disk, tmp_path) < journal / 10
    mark = tmp_path / "state" / "clean-end.json"
    for content in (b"", b"{}", b'{"batch":1}', b"\xff", mark.read_bytes().replace(b"1", b"2")):
        mark.write_bytes(content)
        assert await start_after(disk, tmp_path) >= journal
    mark.unlink()
    assert await start_after(disk, tmp_path) >= journal


async def test_a_killed_run_is_not_a_clean_shutdown(tmp_path: Path) -> None:
    disk = Busy(tmp_path)
    for ended_well in (True, False):
        store = JsonStore(tmp_path, disk=disk)
        await store.open(0)
        await store.run(
            catalogue()
            if ended_well
            else [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=2)],
            1,
            0,
        )
        if ended_well:
            await store.close()
        else:
            store._file_lock.free()  # as the system does for a process that is gone
    journal = (tmp_path / "logs" / "inventory-changes.log").stat().st_size
    assert await start_after(disk, tmp_path) >= journal


async def test_a_failed_sync_is_not_a_clean_shutdown(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    await stopped(folder, "sync")
    assert not (folder / "state" / "clean-end.json").exists()
    await (await opened(folder)).close()
    assert (folder / "state" / "clean-end.json").exists()


async def opened(folder: Path) -> JsonStore:
    store = JsonStore(folder)
    await store.open(0)
    return store
