"""Reads of the PostgreSQL store, each in its own transaction."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.locations.locations import Location
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
    """A pool of connections that read."""

    _queries = QUERIES

    _link: PostgresConnector
    _readers: "Pool | None"
    _row_cache: PostgresRowCache

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reader]:
        """A connection in a transaction that reads one revision."""
        async with (
            self._reader() as reader,
            reader.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield reader

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Reader]:
        if self._readers is None:
            raise StoreUnavailable("The store is not open.")
        try:
            async with self._readers.acquire() as reader:
                yield reader
        except Exception as error:
            known = self._link.translated(error)
            if known is error:
                raise
            raise known from error

    @staticmethod
    def _marks(count: int) -> list[str]:
        return [f"${number + 1}" for number in range(count)]

    async def _fetch(self, sql: str, *values: Any) -> list[Any]:
        """The rows of one statement, in one round trip.

        Behind a pooler in a transaction, because the driver prepares the statement first, and the
        pooler may switch servers in between.
        """
        async with self._reading() if self._link.pooled else self._reader() as reader:
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
                await _all_of(reader, Location, QUERIES["locations"]),
                await _all_of(reader, BundleSales, QUERIES["bundle_sales"]),
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
        """The names of the level constraints that the database enforces."""
        async with self._reading() as reader:
            return {row[0] for row in await reader.fetch(QUERIES["guards"])}


async def _all_of(reader: Reader, kind: type[R], sql: str) -> list[R]:
    """Every row of a query, in portions, so that the event loop can run other tasks.

    The driver's own cursors have prepared statements, whose names servers behind a pooler share.
    """
    make, cursor = TABLES[kind].row, f"every_{TABLES[kind].name}"
    await reader.execute(f"DECLARE {cursor} NO SCROLL CURSOR FOR {sql}")
    rows: list[R] = []
    while page := await reader.fetch(f"FETCH FORWARD {PAGE} FROM {cursor}"):
        rows += map(make, page)
    return rows
