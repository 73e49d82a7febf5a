"""What somebody has said about the shelf since a table was exported: no import may undo it."""

import asyncio
from collections.abc import Mapping

from fancymonkey.core.model import Kind
from fancymonkey.errors import DataError
from fancymonkey.store.contract import Store

CORRECTIONS = (Kind.ADJUSTED, Kind.COUNTED)
"""Corrections and counts. Sales, returns and goods that came in are facts, and stay beside any."""

PAGE = 1000
ENTRIES_MAX = 1_000_000


async def stock_changes_since(
    store: Store, since: Mapping[str, int], revision: int
) -> dict[str, int]:
    """By how much each SKU was counted or corrected after its own revision, up to another one.

    Raises DataError where that is too long ago.
    """
    found = dict.fromkeys(since, 0)
    start = min(since.values(), default=revision)
    if revision - start > ENTRIES_MAX:
        raise DataError("The table was exported too long ago to compare. Export it again.")
    while start < revision:
        entries = await store.entries_after(start, PAGE)
        if not entries:
            break
        for entry in entries:
            if (
                entry.kind in CORRECTIONS
                and entry.sku in since
                and entry.revision > since[entry.sku]
            ):
                found[entry.sku] += entry.on_hand
        start = entries[-1].revision
        await asyncio.sleep(0)
    return found
