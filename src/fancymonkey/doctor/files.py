"""Checks the disk and the files of a store: space, speed, file system, leftovers, edits by hand."""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from fancymonkey.doctor.checks import CheckContext, DoctorFinding, Repair, error, note, warning
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.shared.files import Disk, temporary_name, write_new
from fancymonkey.text import counted

MIB = 2**20
FULL = 100 * MIB
NEARLY_FULL = 1024 * MIB
SLOW_MS = 20.0
SAMPLES = 15
LEFTOVER_SECONDS = 3600
OFTEN_LOST = ("tmpfs", "ramfs")
SHARED = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")


async def check_disk(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the free space, file system and speed of the store's disk."""
    folder = context.files
    if folder is None or not folder.is_dir():
        return
    usage = shutil.disk_usage(folder)
    for finding in room(folder, usage.free, usage.total):
        yield finding
    for finding in kind(folder, file_system_of(folder, _mounts())):
        yield finding
    if not os.access(folder, os.W_OK):
        yield error(
            "disk.readonly",
            f"{folder} cannot be written by this user.",
            f"Make the user that runs the service its owner: chown -R USER {folder}",
        )
        return
    try:
        milliseconds = await asyncio.to_thread(sync_time, folder)
    except OSError as reason:
        yield error(
            "disk.fails", f"{folder} cannot be written: {reason.strerror}.", "Check the disk."
        )
        return
    for finding in speed(folder, milliseconds):
        yield finding


def room(folder: Path, free: int, total: int) -> Iterator[DoctorFinding]:
    """Checks the free space in bytes; on small disks, its share of the total."""
    space = f"{free // MIB} MiB of {total // MIB} are free on the disk of {folder}."
    remedy = "Free space: old backups and logs first. The journal's old segments are needed."
    if free < min(FULL, total // 20):
        yield error("disk.full", f"{space} The service stops selling when it is full.", remedy)
    elif free < min(NEARLY_FULL, total // 10):
        yield warning("disk.nearly_full", space, remedy)


def kind(folder: Path, file_system: str) -> Iterator[DoctorFinding]:
    """Checks whether the kind of file system keeps synced data and honours locks."""
    if file_system in OFTEN_LOST:
        yield note(
            "disk.memory",
            f"{folder} is in memory ({file_system}): a restart of the machine loses it.",
            "Use a folder on a disk, unless this is a test.",
        )
    elif file_system in SHARED:
        yield warning(
            "disk.network",
            f"{folder} is on a network file system ({file_system}), whose locks and syncs are not "
            "reliable.",
            "Use a local disk, or PostgreSQL.",
        )


def speed(folder: Path, milliseconds: float) -> Iterator[DoctorFinding]:
    """Checks the time of a sync, because every answer waits for one."""
    if milliseconds > SLOW_MS:
        yield warning(
            "disk.slow",
            f"A sync to {folder} takes {milliseconds:.1f} ms (median), and every buyer waits for "
            "one.",
            "Use a local SSD. A fast disk needs less than 2 ms.",
        )


def sync_time(folder: Path) -> float:
    """The median time (ms) of a small synced write."""
    disk = Disk()
    path = temporary_name(folder / "doctor")
    write_new(disk, path, [b""])
    try:
        fd = disk.open(path)
        try:
            return statistics.median(_timed(disk, fd) for _ in range(SAMPLES))
        finally:
            disk.close(fd)
    finally:
        disk.remove(path)


def _timed(disk: Disk, fd: int) -> float:
    started = time.perf_counter()
    disk.write(fd, b"x" * 256)
    disk.sync(fd)
    return (time.perf_counter() - started) * 1000


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text("utf-8", "replace")
    except OSError:  # not Linux
        return ""


def file_system_of(folder: Path, mounts: str) -> str:
    """The file system of a folder, by the table of /proc/mounts; empty if it is not known."""
    path, longest, file_system = str(folder.resolve()), "", ""
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        mount = parts[1].replace("\\040", " ")
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(longest):
            longest, file_system = mount, parts[2]
    return file_system


async def check_folder(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the folder of a JSON store for edits, rescued edits and temporary files."""
    store, folder = context.store, context.files
    if not isinstance(store, JsonStore) or folder is None:
        return
    if store.mirror.edited:
        yield note(
            "file.edited",
            "products.json was edited by hand since the service wrote it last.",
            "Nothing to do: a running service applies the edit within seconds, otherwise the next "
            "start does. Each changed number becomes a ledger entry.",
        )
    rescued = sorted(path.name for path in folder.glob("products.rescued-*.json"))
    if rescued:
        yield warning(
            "file.rescued",
            f"{', '.join(rescued)}: an edit of products.json that was made at the moment of a "
            "crash and was not applied.",
            "Compare it with products.json, copy the right values, and remove it.",
        )
    leftovers = _leftovers(folder)
    if leftovers:
        yield note(
            "file.leftovers",
            f"{counted(len(leftovers), 'temporary file')} of a process that died.",
            "Nothing to do: the next start removes them.",
            _remove(leftovers),
        )


def _leftovers(folder: Path) -> list[Path]:
    since = system_clock() / 1000 - LEFTOVER_SECONDS
    return [
        path
        for directory in (folder, folder / "logs", folder / "state")
        for path in directory.glob(".*.tmp")
        if path.stat().st_mtime < since
    ]


def _remove(paths: list[Path]) -> Repair:
    async def repair() -> str:
        for path in paths:
            path.unlink(missing_ok=True)
        return f"{counted(len(paths), 'file')} removed."

    return repair
