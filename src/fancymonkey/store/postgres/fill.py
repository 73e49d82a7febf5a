"""Fills a PostgreSQL database with another store's rows and ledger, and empties it."""

from collections.abc import AsyncIterator

from fancymonkey.core.model import Entry, Row
from fancymonkey.errors import DataError
from fancymonkey.store.postgres.connection import Connection
from fancymonkey.store.postgres.writer import commit
from fancymonkey.store.sql.columns import ENTRIES, TABLES
from fancymonkey.store.sql.statements import chunks, page_after


async def fill(
    writer: Connection,
    place: str,
    rows: AsyncIterator[Row],
    entries: AsyncIterator[Entry],
    revision: int,
) -> None:
    """Fills an empty database in the open transaction, and commits. Raises DataError."""
    for table in (*TABLES.values(), ENTRIES):
        if await writer.fetch(page_after(table, limit=1)):
            raise DataError(f"The database at {place} is not empty.")
    async for table, chunk in chunks(rows, entries):
        await writer.copy_records_to_table(
            table.name,
            columns=[column.name for column in table.columns],
            records=map(table.values, chunk),
        )
    await writer.execute("UPDATE head SET revision = $1", revision)
    await commit(writer)
    await writer.execute("ANALYZE")


async def empty(writer: Connection) -> None:
    """Removes every row and entry in the open transaction, and commits."""
    names = ", ".join(table.name for table in (*TABLES.values(), ENTRIES))
    await writer.execute(f"TRUNCATE {names}")
    await writer.execute("UPDATE head SET revision = 0")
    await commit(writer)
