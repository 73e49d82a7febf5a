"""Removes rows that are past their date, in short transactions."""

from fancymonkey.store.postgres.connection import Connection
from fancymonkey.store.postgres.schema import QUERIES
from fancymonkey.store.postgres.writer import PostgresWriter
from fancymonkey.store.sql.fold import FOLDED_AT_ONCE, fold_in_portions

PRUNED_AT_ONCE = 10_000


async def prune_in_portions(writer: PostgresWriter, before: int) -> int:
    """Removes stored answers and documents from before a time (ms); returns their number."""
    total = 0
    while True:
        removed = await writer.run(lambda connection: _prune(connection, before))
        total += removed
        if removed < PRUNED_AT_ONCE:
            return total


async def _prune(writer: Connection, before: int) -> int:
    removed = 0
    for name in ("prune", "prune_documents"):
        done: str = await writer.execute(QUERIES[name], before, PRUNED_AT_ONCE)
        removed += int(done.removeprefix("DELETE "))
    return removed


async def fold_holds_in_portions(writer: PostgresWriter, before: int) -> int:
    """See `Store.fold_holds`."""

    async def fold(connection: Connection, after: str) -> list[str]:
        rows = await connection.fetch(QUERIES["fold"], after, before, FOLDED_AT_ONCE)
        return [row["reservation_id"] for row in rows]

    return await fold_in_portions(
        lambda after: writer.run(lambda connection: fold(connection, after))
    )
