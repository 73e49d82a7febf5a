"""Questions about the past that the ledger answers without being read from its beginning."""

import asyncio
from collections.abc import AsyncIterator, Collection

from fancymonkey.core.model import Entry, Kind
from fancymonkey.engine.engine import Engine

PAGE = 1000
RECENT = 5000
"""Entries that are looked at for who was last."""


async def latest_entries(engine: Engine, skus: Collection[str]) -> dict[str, Entry]:
    """The latest entry of each SKU, as far as it is recent."""
    found: dict[str, Entry] = {}
    wanted = set(skus)
    top = engine.view.revision
    bottom = max(0, top - RECENT)
    while wanted and top > bottom:
        start = max(bottom, top - PAGE)
        for entry in reversed(await engine.store.entries_after(start, top - start)):
            if entry.sku in wanted:
                wanted.remove(entry.sku)
                found[entry.sku] = entry
        top = start
    return found


async def entries_since(engine: Engine, revision: int) -> AsyncIterator[list[Entry]]:
    """All entries after a revision, in portions; others get their turn in between."""
    while True:
        entries = await engine.store.entries_after(revision, PAGE)
        if not entries:
            return
        yield entries
        revision = entries[-1].revision
        await asyncio.sleep(0)


async def counted_since(
    engine: Engine, revision: int, skus: Collection[str], cause: str = ""
) -> set[str]:
    """Which of these SKUs somebody has counted after a revision, but for one cause."""
    found: set[str] = set()
    async for entries in entries_since(engine, revision):
        for entry in entries:
            if entry.kind is Kind.COUNTED and entry.sku in skus and entry.cause != (cause or None):
                found.add(entry.sku)
    return found


async def revision_at(engine: Engine, at: int) -> int:
    """The number of the last entry that was made before a time (in ms)."""
    low, high = 0, engine.view.revision
    while low < high:  # the answer is from `low` to `high`
        middle = (low + high) // 2
        entries = await engine.store.entries_after(middle, 1)
        if entries and entries[0].at < at:
            low = entries[0].revision
        else:
            high = middle
    return low
