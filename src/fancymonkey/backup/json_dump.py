"""Copies a folder of JSON files at one moment, while a server writes there.

The order makes the copy consistent: first the snapshot of the rows with its files of the archive,
then products.json as the store wrote it last, and then the journal, which is never behind the two.
An edit by the owner that the store has not applied yet is copied to a file of its own.
"""

import asyncio
import shutil
from pathlib import Path

from fancymonkey.errors import BackupError, StoreCorrupt, StoreUnavailable
from fancymonkey.store.json.segments import CURRENT, SegmentReader, Segments, archived_name
from fancymonkey.store.json.snapshots import archive_names
from fancymonkey.store.shared.files import Disk

PRODUCTS = "products.json"
EDITED = "products.not-taken-in.json"
TRIES = 20
PAUSE = 0.1


def require_shop(source: Path) -> None:
    """Raises BackupError if a path is not the folder of a shop: the name must be wrong."""
    if not source.is_dir():
        raise BackupError(f"There is no directory {source}. Name the store with --data DIR.")
    if not (source / PRODUCTS).exists() and not Segments(Disk(), source / "logs").all():
        raise BackupError(f"There is no shop in {source}. Name the store with --data DIR.")


async def write(source: Path, folder: Path) -> None:
    """Copies a store's files into a folder. Raises OSError, StoreUnavailable, StoreCorrupt."""
    for name in ("logs", "state"):
        (folder / name).mkdir()
    segments = Segments(Disk(), source / "logs")
    if not await asyncio.to_thread(segments.all):
        # No server has opened this folder yet: there is only the owner's file.
        (folder / PRODUCTS).write_bytes((source / PRODUCTS).read_bytes())
        return
    for attempt in range(TRIES):
        # A server replaces both files one after the other; in between, they do not match.
        copied = await asyncio.to_thread(_copy_state, source, folder, last=attempt == TRIES - 1)
        if copied:
            await asyncio.to_thread(_copy_journal, segments, folder / "logs")
            return
        await asyncio.sleep(PAUSE)
    raise StoreUnavailable(f"{source} changes too fast to be copied. Try again.")


def _copy_state(source: Path, folder: Path, *, last: bool) -> bool:
    """Copies the newest snapshot and products.json; False if they changed at the same time."""
    for path in (folder / "state").iterdir():
        path.unlink()
    try:
        states = sorted((source / "state").glob("state-*.json"))
        for path in states[-1:]:
            (folder / "state" / path.name).write_bytes(path.read_bytes())
            for named in archive_names(folder / "state" / path.name) or ():
                shutil.copyfile(source / "state" / named.name, folder / "state" / named.name)
        versions = _versions(source)
        ours = {path: path.read_bytes() for path in versions}
        current = (source / PRODUCTS).read_bytes() if (source / PRODUCTS).exists() else None
    except FileNotFoundError:
        return False
    if _versions(source) != versions or not ours:
        return not ours and current is None
    newest = versions[-1]
    if current not in ours.values():
        if current is not None and not last:
            return False
        if current is not None:
            (folder / EDITED).write_bytes(current)
    (folder / "state" / newest.name).write_bytes(ours[newest])
    (folder / PRODUCTS).write_bytes(ours[newest])
    return True


def _versions(source: Path) -> list[Path]:
    return sorted((source / "state").glob("products-*.json"))


def _copy_journal(segments: Segments, folder: Path) -> None:
    """Copies every segment; the last one up to its last complete line."""
    every = segments.all()
    for number, segment in enumerate(every):
        data = segments.data(segment)
        if number < len(every) - 1:
            (folder / archived_name(segment.first)).write_bytes(data)
            continue
        walk = SegmentReader(segment, data)
        for _ in walk:
            pass
        if walk.end < segment.start:
            raise StoreCorrupt(f"The beginning of {segment.path} is missing.")
        (folder / CURRENT).write_bytes(data[: walk.end])
