"""Fills the journal of an empty folder with another store's ledger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from fancymonkey.core.model import Entry
from fancymonkey.store.json.journal import Journal
from fancymonkey.store.json.segments import Segments
from fancymonkey.store.shared.file_lock import FileLock
from fancymonkey.store.shared.files import Disk

LOAD_ENTRIES = 1000
InWriter = Callable[..., Awaitable[Any]]
"""Runs work in the thread that writes."""


async def load_entries(
    journal: Journal, in_writer: InWriter, entries: AsyncIterator[Entry], revision: int
) -> None:
    """Writes the entries; they count once a snapshot of the rows exists. Raises OSError."""
    part: list[Entry] = []
    async for entry in entries:
        part.append(entry)
        if len(part) == LOAD_ENTRIES:
            await _load_part(journal, in_writer, part, entry.revision)
            part = []
    await _load_part(journal, in_writer, part, revision)


async def _load_part(
    journal: Journal, in_writer: InWriter, part: list[Entry], revision: int
) -> None:
    at = part[-1].at if part else 0
    line = journal.line(revision, at, {}, part)
    await in_writer(journal.append, line, revision, len(part))
    if journal.full:
        await in_writer(journal.rotate, loaded=True)


def discard_half(folder: Path) -> None:
    """Removes the files of an interrupted copy into a folder. Raises OSError.

    Such a folder has entries of another store, no snapshot of the rows, and no data of its own.
    Raises StoreLocked if another process uses it.
    """
    if not (folder / "logs").is_dir():
        return
    lock = FileLock(folder / "lock")
    lock.take(0)
    try:
        segments = Segments(Disk(), folder / "logs").all()
        if segments and segments[0].loaded and not list((folder / "state").glob("state-*.json")):
            for segment in segments:
                segment.path.unlink()
    finally:
        lock.free()
