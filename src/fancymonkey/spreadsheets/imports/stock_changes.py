"""Stock counts and corrections made since an export; an import must not overwrite them."""

import asyncio
from collections.abc import Mapping

from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.model import Kind
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.imports.import_plan import LevelKey
from fancymonkey.store.contract import Store

CORRECTIONS = (Kind.ADJUSTED, Kind.COUNTED)
"""Corrections and counts. Sales, returns and receipts are facts that an import keeps as well."""

PAGE = 1000
ENTRIES_MAX = 1_000_000


async def stock_changes_since(
    store: Store, since: Mapping[LevelKey, int], revision: int
) -> dict[LevelKey, int]:
    """The sum of counts and corrections of each SKU and location after its revision, up to another.

    Raises DataError if that is too long ago.
    """
    changes = dict.fromkeys(since, 0)
    start = min(since.values(), default=revision)
    if revision - start > ENTRIES_MAX:
        raise DataError("The table was exported too long ago to be compared. Export it again.")
    while start < revision:
        entries = await store.entries_after(start, PAGE)
        if not entries:
            break
        for entry in entries:
            if entry.kind not in CORRECTIONS or not is_for_sale(entry.location):
                continue
            for level_key in ((entry.sku, ""), (entry.sku, entry.location)):
                if level_key in since and entry.revision > since[level_key]:
                    changes[level_key] += entry.on_hand
        start = entries[-1].revision
        await asyncio.sleep(0)
    return changes
