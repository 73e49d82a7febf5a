"""What a JSON store is asked for: from memory, and from the journal what is no longer there."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager

from fancymonkey.core.model import Entry, Item, Product, Reservation, Row
from fancymonkey.store.base import Frozen, R, Snapshot
from fancymonkey.store.journal import Journal
from fancymonkey.store.memory import Image
from fancymonkey.store.recovery import Recent


class Reading:
    """The reading half of the store."""

    _image: Image
    _recent: Recent
    _journal: Journal

    async def snapshot(self) -> Snapshot:
        """See `Store.snapshot`."""
        return self._image.snapshot()

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """See `Store.catalogue`."""
        return self._image.catalogue(product_ids)

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        until = self._image.revision
        found = self._recent.after(revision, until, limit)
        if found is None:
            read = self._journal.segments.entries_after
            found = await asyncio.to_thread(read, max(0, revision), until, limit)
        return found

    async def _entries_since(self, revision: int) -> list[Entry]:
        return await self.entries_after(revision, max(0, self._image.revision - revision))

    async def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """See `Store.history`."""
        segments, last = self._journal.segments, self._image.revision
        found = await asyncio.to_thread(segments.all)
        if not found:
            for entry in self._recent.entries:
                if entry.sku == sku and (until is None or entry.at <= until):
                    yield entry
        for segment in found:
            for entry in await asyncio.to_thread(segments.of_sku, segment, sku, last):
                if until is None or entry.at <= until:
                    yield entry

    async def next_due(self) -> int | None:
        """See `Store.next_due`."""
        return self._image.next_due()

    async def reservation(self, ref: str) -> Reservation | None:
        """See `Store.reservation`."""
        return self._image.reservation(ref)

    async def scan(self, kind: type[Row], after: Hashable | None = None) -> AsyncIterator[Row]:
        """See `Store.scan`. Holds that ended long ago are in the ledger only."""
        for row in self._image.after(kind, after):
            yield row

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """See `Store.find`."""
        found: R | None = self._image.rows[kind].get(key)
        return found

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[Frozen]:
        """See `Store.frozen`."""
        yield self._image.frozen(self.entries_after)
