"""Saves snapshots of the rows beside the writing, one after the other."""

import asyncio
import logging

from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.in_memory.rows import RowsInMemory
from fancymonkey.store.json.archive import EMPTY, Archive
from fancymonkey.store.json.journal import Journal, Position
from fancymonkey.store.json.over import Kept, Over, drop_archived, split_rows
from fancymonkey.store.json.snapshots import StateFiles

log = logging.getLogger(__name__)


class Saving:
    """Writes a snapshot at the beginning of each segment. Finished rows leave memory then."""

    def __init__(self, files: StateFiles, journal: Journal) -> None:
        self.files = files
        self.problem: str | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self._journal = journal
        self._turn = asyncio.Lock()

    def start(self, image: RowsInMemory, position: Position, now: int) -> None:
        """Begins a snapshot of the present rows, which are those at this position."""
        remaining, over = split_rows(image, now)
        self._journal.fit(sum(len(rows) for _, rows in remaining))
        task = asyncio.create_task(
            self._save(image, position, now, remaining, over), name="snapshot"
        )
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def settle(self) -> None:
        """Waits for the snapshots that have begun."""
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _save(
        self, image: RowsInMemory, position: Position, now: int, remaining: Kept, over: Over
    ) -> None:
        try:
            async with self._turn:
                archive = image.past if isinstance(image.past, Archive) else EMPTY
                archive = await asyncio.to_thread(
                    self.files.write, position, now, remaining, archive, over
                )
                archived(image, archive, over)
            self.problem = None
        except (OSError, StoreCorrupt) as error:
            self.problem = f"No snapshot of the state could be written: {error}"
            log.error("%s", self.problem)


def archived(image: RowsInMemory, archive: Archive, over: Over) -> None:
    """Lets the rows leave memory that are in the archive now."""
    if over:
        image.set_past(archive)
        drop_archived(image, over)
