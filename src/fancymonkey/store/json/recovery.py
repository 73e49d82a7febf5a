"""Fills the rows in memory at a start."""

from collections.abc import Sequence
from pathlib import Path

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute
from fancymonkey.core.model import Entry
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.contract import empty_rows
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.in_memory.rows import RowsInMemory
from fancymonkey.store.json.journal import Journal, Position
from fancymonkey.store.json.records import JournalBatch
from fancymonkey.store.json.snapshots import Saved

RECENT = 5000
"""The least number of entries that are kept in memory."""

RESTORING = "restoring.json"
"""Marks a folder while a backup is being restored into it."""


def check_whole(folder: Path) -> None:
    """Raises StoreCorrupt if a restore into the folder was interrupted."""
    if (folder / RESTORING).exists():
        raise StoreCorrupt(
            f"{folder} is half restored: a restore into it was interrupted. Run it again: "
            f"fancymonkey restore --from BACKUP --data {folder}"
        )


class LastEntries:
    """The last entries of the ledger."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entries: list[Entry]) -> None:
        """Adds the next entries, and removes the oldest from time to time."""
        self.entries += entries
        if len(self.entries) > 2 * RECENT:
            del self.entries[:-RECENT]

    def after(self, revision: int, last: int, limit: int) -> list[Entry] | None:
        """Up to `limit` entries after a revision, or None if that is too long ago.

        `last` is the revision of the latest entry.
        """
        first = last - len(self.entries)
        start = revision - first
        return self.entries[start : start + limit] if start >= 0 else None


def recover(
    image: RowsInMemory,
    recent: LastEntries,
    journal: Journal,
    saved: Saved | None,
) -> Position:
    """Fills the rows from a snapshot and the journal after it; returns the end of the journal."""
    after = None
    if saved is not None:
        after = saved.position
        changed = empty_rows()
        for row in saved.rows:
            changed[type(row)][row.key] = row
        image.apply(changed, after.revision)
        if saved.archive.files:
            image.set_past(saved.archive)
    for batch in journal.recover(after):
        replay(image, batch)
        recent.add(batch.entries)
    return journal.position


def preview(image: RowsInMemory, commands: Sequence[Command], now: int) -> list[Entry]:
    """Applies commands in memory only, to show a folder before its first writer opens it."""
    state = image.begin(now)
    execute(state, commands, ())
    image.apply(state.changed, state.revision)
    return state.entries


def replay(image: RowsInMemory, batch: JournalBatch) -> None:
    """Applies a line of the journal."""
    changed: Rows = {}
    for row in batch.rows:
        changed.setdefault(type(row), {})[row.key] = row
    image.apply(changed, batch.revision)
    if batch.pruned is not None or batch.folded is not None:
        image.remove(Removed(batch.pruned or 0, batch.folded or 0))
