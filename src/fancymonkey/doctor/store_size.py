"""Is it time to move to the next store? With the numbers that say so."""

from collections.abc import AsyncIterator

from fancymonkey.core.model import Item
from fancymonkey.doctor.checks import CheckContext, Finding, warning
from fancymonkey.store.json.store import JsonStore

JSON_SIZES = 1_000
"""Sizes up to which a file for people is a good home (docs/reference/performance.md)."""


async def check_growth(patient: CheckContext) -> AsyncIterator[Finding]:
    """Whether the shop has outgrown its files."""
    if not isinstance(patient.store, JsonStore):
        return
    sizes = 0
    async for row in patient.store.scan(Item):
        sizes += not row.archived
    if sizes > JSON_SIZES:
        yield warning(
            "store.outgrown",
            f"{sizes} sizes lie in products.json, which is rewritten as a whole after sales; it "
            f"is meant for up to {JSON_SIZES}.",
            "Move to SQLite: fancymonkey migrate --from "
            f"{patient.target} --to sqlite:///shop.db, then set DATABASE_URL. Nothing is lost, "
            "and the way back is the same.",
        )
