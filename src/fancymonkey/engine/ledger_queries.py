"""Questions about the past that the ledger answers without being read from its beginning."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from fancymonkey.core.changes.change_set import CORRECTIONS
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


@dataclass(slots=True)
class Said:
    """What the owner said of a SKU for one cause: by how much, and whether it was a count."""

    moved: int = 0
    counted: bool = False


async def said_since(
    engine: Engine, revision: int, skus: Collection[str]
) -> dict[str, dict[str | None, Said]]:
    """What was said of each of these SKUs after a revision, by its cause."""
    found: dict[str, dict[str | None, Said]] = {sku: {} for sku in skus}
    async for entries in entries_since(engine, revision):
        for entry in entries:
            if entry.kind in CORRECTIONS and entry.sku in found:
                said = found[entry.sku].setdefault(entry.cause, Said())
                said.moved += entry.on_hand
                said.counted = said.counted or entry.kind is Kind.COUNTED
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
