"""Checks whether the shop has outgrown its store."""

from collections.abc import AsyncIterator

from fancymonkey.core.model import Item
from fancymonkey.doctor.checks import CheckContext, DoctorFinding, warning
from fancymonkey.store.json.store import JsonStore
from fancymonkey.text import counted

JSON_SIZES = 1_000
"""The number of sizes that JSON files are meant for (docs/reference/performance.md)."""


async def check_store_size(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks whether a JSON store has too many sizes."""
    if not isinstance(context.store, JsonStore):
        return
    sizes = 0
    async for row in context.store.scan(Item):
        sizes += not row.archived
    if sizes > JSON_SIZES:
        yield warning(
            "store.outgrown",
            f"products.json has {counted(sizes, 'size')} and is rewritten as a whole after sales; "
            f"it is meant for up to {JSON_SIZES}.",
            "Move to SQLite: fancymonkey migrate --from "
            f"{context.target} --to sqlite:///shop.db, then set DATABASE_URL. Nothing is lost, "
            "and you can move back in the same way.",
        )
