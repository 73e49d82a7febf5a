"""The reads of the PostgreSQL store, each in a transaction of its own."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fancymonkey.core.model import Item, Level, Product, Reservation, Row
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import StockSnapshot
from fancymonkey.store.postgres.connection import (
    Pool,
    PostgresConnector,
    Reader,
)
from fancymonkey.store.postgres.row_cache import PostgresRowCache
from fancymonkey.store.postgres.schema import QUERIES
from fancymonkey.store.sql.columns import TABLES
from fancymonkey.store.sql.reads import SqlReads
from fancymonkey.store.sql.statements import PAGE

R = TypeVar("R", bound=Row)


class PostgresReads(SqlReads):
    """Reads on a small pool of connections."""

    _queries = QUERIES
    _numbered = True

    _connector: PostgresConnector
    _readers: "Pool | None"
    _row_cache: PostgresRowCache

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reader]:
        """A connection in a transaction that sees only one revision.

        A single statement runs in a transaction too, as a pooler may switch servers in between.
        """
        if self._readers is None:
            raise StoreUnavailable("The store is not open.")
        try:
            async with (
                self._readers.acquire() as reader,
                reader.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield reader
        except Exception as error:
            translated = self._connector.translated(error)
            if translated is error:
                raise
            raise translated from error

    async def _fetch(self, sql: str, *values: Any) -> list[Any]:
        async with self._reading() as reader:
            return await reader.fetch(sql, *values)

    async def snapshot(self) -> StockSnapshot:
        """See `Store.snapshot`."""
        async with self._reading() as reader:
            head = await reader.fetchrow("SELECT revision, xmin::text AS mark FROM head")
            assert head is not None
            snapshot = StockSnapshot(
                head["revision"],
                await _all_of(reader, Product, QUERIES["products"]),
                await _all_of(reader, Item, QUERIES["items"]),
                await _all_of(reader, Level, QUERIES["levels"]),
                await _all_of(reader, Reservation, QUERIES["live_holds"]),
            )
        self._row_cache.show(snapshot, head["mark"])
        return snapshot

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """See `Store.catalogue`."""
        wanted = list(product_ids)
        async with self._reading() as reader:
            products = await reader.fetch(QUERIES["products_by_id"], wanted)
            items = await reader.fetch(QUERIES["items_of_products"], wanted)
        return list(map(TABLES[Product].row, products)), list(map(TABLES[Item].row, items))

    async def clock(self) -> int:
        """The time of the database's clock, in ms."""
        async with self._reading() as reader:
            now: int = await reader.fetchval(QUERIES["clock"])
        return now

    async def guards(self) -> set[str]:
        """The names of the database's own constraints on levels."""
        async with self._reading() as reader:
            return {row[0] for row in await reader.fetch(QUERIES["guards"])}


async def _all_of(reader: Reader, kind: type[R], sql: str) -> list[R]:
    """Every row of a query, read in portions, so that the event loop runs in between."""
    make = TABLES[kind].row
    cursor = await reader.cursor(sql)
    rows: list[R] = []
    while page := await cursor.fetch(PAGE):
        rows += map(make, page)
    return rows
