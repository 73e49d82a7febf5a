"""Queries on the ledger that do not read it from its beginning."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from fancymonkey.core.changes.change_set import CORRECTIONS
from fancymonkey.core.model import Entry, Kind
from fancymonkey.engine.engine import Engine

PAGE = 1000
RECENT = 5000
"""The number of entries that are searched for the last actor."""


async def latest_entries(engine: Engine, skus: Collection[str]) -> dict[str, Entry]:
    """The latest entry of each SKU, among the most recent entries of the ledger."""
    latest: dict[str, Entry] = {}
    wanted = set(skus)
    top = engine.view.revision
    bottom = max(0, top - RECENT)
    while wanted and top > bottom:
        start = max(bottom, top - PAGE)
        for entry in reversed(await engine.store.entries_after(start, top - start)):
            if entry.sku in wanted:
                wanted.remove(entry.sku)
                latest[entry.sku] = entry
        top = start
    return latest


async def entries_since(engine: Engine, revision: int) -> AsyncIterator[list[Entry]]:
    """All entries after a revision, in portions; other tasks run in between."""
    while True:
        entries = await engine.store.entries_after(revision, PAGE)
        if not entries:
            return
        yield entries
        revision = entries[-1].revision
        await asyncio.sleep(0)


@dataclass(slots=True)
class StockCorrection:
    """The corrections of a SKU with one cause: their sum, and whether one was a count."""

    moved: int = 0
    counted: bool = False


async def corrections_since(
    engine: Engine, revision: int, skus: Collection[str]
) -> dict[str, dict[str | None, StockCorrection]]:
    """The corrections of each of these SKUs after a revision, by their cause."""
    by_sku: dict[str, dict[str | None, StockCorrection]] = {sku: {} for sku in skus}
    async for entries in entries_since(engine, revision):
        for entry in entries:
            if entry.kind in CORRECTIONS and entry.sku in by_sku:
                correction = by_sku[entry.sku].setdefault(entry.cause, StockCorrection())
                correction.moved += entry.on_hand
                correction.counted = correction.counted or entry.kind is Kind.COUNTED
    return by_sku


async def revision_at(engine: Engine, at: int) -> int:
    """The revision of the last entry before a time (ms)."""
    low, high = 0, engine.view.revision
    while low < high:  # the answer is from `low` to `high`
        middle = (low + high) // 2
        entries = await engine.store.entries_after(middle, 1)
        if entries and entries[0].at < at:
            low = entries[0].revision
        else:
            high = middle
    return low
