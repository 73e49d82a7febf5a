"""The JSON store against crashes, full disks and failing syncs, at every single operation."""

import asyncio
import errno
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.state import State
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.json.store import JsonStore
from tests.store.contract.test_conformance import everything
from tests.store.crash_points import CopiedDisks, CrashPoints, Images, ReadOnce
from tests.store.faults import WAYS, FaultyDisk, NoFileSync, NoFolderSync
from tests.store.scripts import batches, catalogue, script

pytestmark = pytest.mark.usefixtures("no_threads")

Step = tuple[list[Command], int]
STEPS: list[Step] = [(catalogue(), 999_000), *list(batches(5, script(5, 110)))]


EXPECTED: list[dict[str, Any]] = []
READ: dict[str, tuple[dict[str, Any] | Exception, list[str]]] = {}
"""The result of a start on given files: the disks of several tests have the same states."""


async def reference() -> list[dict[str, Any]]:
    """The content of a store after each number of steps; played once per process."""
    if not EXPECTED:
        store = MemoryStore()
        contents = [await everything(store)]
        for commands, now in STEPS:
            await store.run(commands, now, 0)
            contents.append(await everything(store))
        EXPECTED.extend(contents)
    return EXPECTED


class Run:
    """One run of the script on a disk, and how much of it was acknowledged."""

    def __init__(self, disk: FaultyDisk, folder: Path, kind: type[JsonStore] = JsonStore) -> None:
        self.disk = disk
        self.acknowledged = 0
        self.store = kind(folder, disk=disk, segment_entries=25)

    async def play(self) -> None:
        store = self.store
        try:
            await store.open(0)
            for number, (commands, now) in enumerate(STEPS):
                await store.run(commands, now, 0)
                self.acknowledged += 1
                await asyncio.gather(*store._snapshots)
                if number % 6 == 2:
                    await store.mirror.reconcile()
        finally:
            await store.close()


async def content_of(folder: Path) -> dict[str, Any]:
    store = JsonStore(folder, segment_entries=25)
    await store.open(0)
    try:
        return await everything(store)
    finally:
        await store.close()


async def content_and_rescued(folder: Path) -> tuple[dict[str, Any] | Exception, list[str]]:
    """The content after a start, or its error; the names of the saved files."""
    try:
        content: dict[str, Any] | Exception = await content_of(folder)
    except Exception as error:
        content = error
    for known in EXPECTED:  # `READ` has each of them once
        if known == content:
            content = known
    return content, [path.name for path in folder.glob("*rescued*")]


async def crash_everywhere(
    tmp_path: Path, disk_kind: type[FaultyDisk], ways: tuple[str, ...], every: int
) -> list[str]:
    """Crashes at each operation; returns what went wrong."""
    expected = await reference()
    folder = tmp_path / "run"
    folder.mkdir()
    run = Run(disk_kind(folder), folder)
    crashes = CrashPoints(run.disk, tmp_path, ways, lambda: run.acknowledged, every)
    await run.play()
    read = ReadOnce(content_and_rescued, READ)
    faults: list[str] = []
    for crash in crashes.end():
        allowed = expected[crash.progress : crash.progress + 2]
        for way, image in crash.images.items():
            what = f"{crash.number} {crash.operation} {way}"
            content, rescued = await read(image)
            faults += [f"{what}: {name}" for name in rescued]
            if isinstance(content, Exception):
                faults.append(f"{what}: {content!r}")
            elif content not in allowed:
                faults.append(f"{what}: not the acknowledged state")
    return faults


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_wherever_it_crashes(tmp_path: Path) -> None:
    assert await crash_everywhere(tmp_path, FaultyDisk, WAYS, 1) == []


async def test_nothing_acknowledged_is_lost_at_some_crashes(tmp_path: Path) -> None:
    assert await crash_everywhere(tmp_path, FaultyDisk, WAYS, 23) == []


@pytest.mark.slow
async def test_state_shown_by_a_restart_survives_a_power_cut(tmp_path: Path) -> None:
    """The process dies, starts again and shows its rows; then the machine dies."""
    folder = tmp_path / "run"
    folder.mkdir()
    run = Run(FaultyDisk(folder), folder)
    copies = CopiedDisks(run.disk, tmp_path, every=4)
    await run.play()
    for number, disk in enumerate(copies.end()):
        again = JsonStore(disk.folder, disk=disk, segment_entries=25)
        await again.open(0)
        shown = await everything(again)
        after = disk.after_crash("lost", tmp_path / f"{number}-lost")
        assert await content_of(after) == shown, disk.operations[-1]
        await again.close()


@pytest.mark.parametrize(("careless", "way"), [(NoFileSync, "lost"), (NoFolderSync, "lost")])
async def test_a_forgotten_sync_is_found(
    tmp_path: Path, careless: type[FaultyDisk], way: str
) -> None:
    assert await crash_everywhere(tmp_path, careless, (way,), 23) != []


class AppliesTooSoon(JsonStore):
    """Shows a batch before it is durable."""

    async def _write(self, state: State) -> None:
        self.image.apply(state.changed, state.revision)
        await super()._write(state)


async def fail_everywhere(
    tmp_path: Path, code: int, every: int, kind: type[JsonStore] = JsonStore
) -> list[str]:
    """Lets each operation fail once; returns what went wrong."""
    expected = await reference()
    faults: list[str] = []
    total = await _operations(tmp_path / "count")
    images, read = Images(tmp_path), ReadOnce(content_and_rescued, READ)
    for number in range(1, total, every):
        folder = tmp_path / f"{number}"
        folder.mkdir()

        def fail(at: int, name: str, stop: int = number) -> None:
            if at == stop:
                raise OSError(code, "injected")

        run = Run(FaultyDisk(folder, fail), folder, kind)
        try:
            await run.play()
        except (StoreUnavailable, OSError):
            if run.acknowledged:
                faults += await _wrong_after(run, expected)
        for way in ("kept", "lost"):
            content, _ = await read(images.folder(run.disk.files_after_crash(way)))
            if isinstance(content, Exception):
                raise content
            if content not in expected[run.acknowledged : run.acknowledged + 2]:
                faults.append(f"{number} {way}: not the acknowledged state")
    return faults


async def _wrong_after(run: Run, expected: list[dict[str, Any]]) -> list[str]:
    """After a failure the store shows what was acknowledged and nothing more."""
    image = MemoryStore()
    image.image = run.store.image
    shown = await everything(image)
    wanted = expected[run.acknowledged]
    return [
        f"{table} shows what is not durable"
        for table in wanted
        if table != "entries" and shown[table] != wanted[table]
    ]


async def _operations(folder: Path) -> int:
    folder.mkdir()
    run = Run(FaultyDisk(folder), folder)
    await run.play()
    assert run.acknowledged == len(STEPS)
    return len(run.disk.operations)


@pytest.mark.slow
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
async def test_a_failing_operation_loses_nothing(tmp_path: Path, code: int) -> None:
    assert await fail_everywhere(tmp_path, code, 1) == []


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
async def test_some_failing_operations_lose_nothing(tmp_path: Path, code: int) -> None:
    assert await fail_everywhere(tmp_path, code, 17) == []


@pytest.mark.slow
async def test_showing_a_batch_too_soon_is_found(tmp_path: Path) -> None:
    assert await fail_everywhere(tmp_path, errno.EIO, 5, AppliesTooSoon) != []


async def test_after_a_failed_sync_nothing_is_written_any_more(tmp_path: Path) -> None:
    armed: list[bool] = []

    def fail(at: int, name: str) -> None:
        if armed and name == "sync":
            armed.clear()
            raise OSError(errno.EIO, "injected")

    disk = FaultyDisk(tmp_path, fail)
    store = JsonStore(tmp_path, disk=disk)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    before = await everything(store)
    armed.append(True)
    commands, now = STEPS[1]
    with pytest.raises(StoreUnavailable, match="restart"):
        await store.run(commands, now, 0)
    done = len(disk.operations)
    with pytest.raises(StoreUnavailable, match="restart"):
        await store.run(commands, now, 0)
    assert await everything(store) == before
    assert any("restart" in text for text in await store.health_problems())
    await store.close()
    assert len(disk.operations) == done
