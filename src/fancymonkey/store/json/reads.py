"""Reads the ledger of a JSON store: recent entries from memory, older ones from the journal."""

import asyncio
from collections.abc import AsyncIterator

from fancymonkey.core.model import Entry
from fancymonkey.store.in_memory.store import InMemory
from fancymonkey.store.json.archive import Archive
from fancymonkey.store.json.journal import Journal
from fancymonkey.store.json.recovery import LastEntries


class JsonReads(InMemory):
    """The reading half of the store."""

    _recent: LastEntries
    _journal: Journal

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        until = self.image.revision
        entries = self._recent.after(revision, until, limit)
        if entries is None:
            read = self._journal.segments.entries_after
            entries = await asyncio.to_thread(read, max(0, revision), until, limit)
        return entries

    async def _entries_since(self, revision: int) -> list[Entry]:
        return await self.entries_after(revision, max(0, self.image.revision - revision))

    async def archive_problems(self) -> list[str]:
        """The damaged files of the archive, as texts for an operator. Reads all of it."""
        past = self.image.past
        return (
            [] if not isinstance(past, Archive) else await asyncio.to_thread(list, past.problems())
        )

    async def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """See `Store.history`."""
        segments, last = self._journal.segments, self.image.revision
        every = await asyncio.to_thread(segments.all)
        if not every:
            for entry in self._recent.entries:
                if entry.sku == sku and (until is None or entry.at <= until):
                    yield entry
        for segment in every:
            for entry in await asyncio.to_thread(segments.of_sku, segment, sku, last):
                if until is None or entry.at <= until:
                    yield entry
