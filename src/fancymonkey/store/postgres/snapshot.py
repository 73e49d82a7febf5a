"""A snapshot of a PostgreSQL database: one transaction on a connection of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fancymonkey.core.model import Entry
from fancymonkey.store.contract import R, Snapshot, paged
from fancymonkey.store.postgres.connection import PostgresConnector, close
from fancymonkey.store.postgres.schema import QUERIES
from fancymonkey.store.sql.columns import TABLES
from fancymonkey.store.sql.statements import PAGE, entries, scanned


@asynccontextmanager
async def frozen(connector: PostgresConnector) -> AsyncIterator[Snapshot]:
    """See `Store.frozen`."""
    connection = await connector.connect(direct=True)

    async def scan(kind: type[R]) -> AsyncIterator[R]:
        async for row in scanned(connection.fetch, TABLES[kind], lambda n: f"${n + 1}"):
            yield row

    async def page(revision: int) -> list[Entry]:
        return entries(await connection.fetch(QUERIES["entries_after"], revision, PAGE))

    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            revision = await connection.fetchval("SELECT revision FROM head")
            yield Snapshot(revision, scan, lambda: paged(page, revision))
    except Exception as error:
        translated = connector.translated(error)
        if translated is error:
            raise
        raise translated from error
    finally:
        await close(connection)
