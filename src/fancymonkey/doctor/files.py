"""The disk under a store of files: room, speed, kind, leftovers, edits by hand."""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from fancymonkey.doctor.checks import CheckContext, Finding, Repair, error, note, warning
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


async def check_disk(patient: CheckContext) -> AsyncIterator[Finding]:
    """Room, kind and speed of the disk that the store lies on."""
    folder = patient.files
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
            f"Give it to the user that runs the service: chown -R USER {folder}",
        )
        return
    try:
        milliseconds = await asyncio.to_thread(sync_time, folder)
    except OSError as reason:
        yield error(
            "disk.fails", f"{folder} cannot be written: {reason.strerror}.", "Look at the disk."
        )
        return
    for finding in speed(folder, milliseconds):
        yield finding


def room(folder: Path, free: int, total: int) -> Iterator[Finding]:
    """Whether the disk has room, in bytes; small disks count by their share."""
    left = f"{free // MIB} MiB of {total // MIB} are free on the disk of {folder}."
    mend = "Make room: old backups and logs first. The journal's old segments are needed."
    if free < min(FULL, total // 20):
        yield error("disk.full", f"{left} The service stops selling when it is full.", mend)
    elif free < min(NEARLY_FULL, total // 10):
        yield warning("disk.nearly_full", left, mend)


def kind(folder: Path, file_system: str) -> Iterator[Finding]:
    """Whether such a file system keeps what it has promised to keep."""
    if file_system in OFTEN_LOST:
        yield note(
            "disk.memory",
            f"{folder} lies in memory ({file_system}): a restart of the machine loses it.",
            "Take a folder on a disk, unless this is a test.",
        )
    elif file_system in SHARED:
        yield warning(
            "disk.network",
            f"{folder} lies on a network's file system ({file_system}), whose locks and syncs "
            "cannot be relied on.",
            "Take a local disk, or PostgreSQL.",
        )


def speed(folder: Path, milliseconds: float) -> Iterator[Finding]:
    """Whether a sync is quick enough: nobody is answered before it is done."""
    if milliseconds > SLOW_MS:
        yield warning(
            "disk.slow",
            f"A sync to {folder} takes {milliseconds:.1f} ms in the middle: so long waits "
            "everybody who buys.",
            "Take a local SSD. A quick disk needs less than 2 ms.",
        )


def sync_time(folder: Path) -> float:
    """How long a small write takes to be on the medium, in ms, in the middle of several."""
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
    """The kind of file system that a folder is on, by the table of /proc/mounts; or nothing."""
    path, best, found = str(folder.resolve()), "", ""
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        place = parts[1].replace("\\040", " ")
        inside = path == place or path.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, found = place, parts[2]
    return found


async def check_folder(patient: CheckContext) -> AsyncIterator[Finding]:
    """What lies in the folder of a JSON store that should not."""
    store, folder = patient.store, patient.files
    if not isinstance(store, JsonStore) or folder is None:
        return
    if store.mirror.edited:
        yield note(
            "file.edited",
            "products.json was edited by hand since the service wrote it last.",
            "Nothing to mend: a running service takes the edit in within seconds, else the next "
            "start does. Each number becomes a ledger entry.",
        )
    rescued = sorted(path.name for path in folder.glob("products.rescued-*.json"))
    if rescued:
        yield warning(
            "file.rescued",
            f"{', '.join(rescued)}: an edit of products.json that came in the moment of a crash "
            "and was not taken in.",
            "Compare it with products.json, take over what is right, and remove it.",
        )
    left = _leftovers(folder)
    if left:
        yield note(
            "file.leftovers",
            f"{counted(len(left), 'temporary file')} of a process that died.",
            "Nothing to mend: the next start removes them.",
            _remove(left),
        )


def _leftovers(folder: Path) -> list[Path]:
    since = system_clock() / 1000 - LEFTOVER_SECONDS
    return [
        path
        for place in (folder, folder / "logs", folder / "state")
        for path in place.glob(".*.tmp")
        if path.stat().st_mtime < since
    ]


def _remove(paths: list[Path]) -> Repair:
    async def repair() -> str:
        for path in paths:
            path.unlink(missing_ok=True)
        return f"{counted(len(paths), 'file')} removed."

    return repair
