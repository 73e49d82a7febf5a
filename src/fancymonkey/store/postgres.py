"""The store in PostgreSQL: for many workers and servers on one database."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from fancymonkey.core.command import Command
from fancymonkey.core.model import Entry, Item, Level, Product, Reservation, Row
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreError, StoreReadOnly, StoreUnavailable
from fancymonkey.store import postgres_batch as batch
from fancymonkey.store.base import Bell, Commit, Frozen, Snapshot, Submit, absorbed
from fancymonkey.store.columns import TABLES
from fancymonkey.store.migrations import migrations
from fancymonkey.store.postgres_attempt import attempt
from fancymonkey.store.postgres_fill import empty, fill
from fancymonkey.store.postgres_frozen import frozen
from fancymonkey.store.postgres_link import (
    Connection,
    Link,
    Pool,
    Reader,
    check_server,
    close,
    durability_trouble,
)
from fancymonkey.store.postgres_schema import QUERIES, check_schema, migrate
from fancymonkey.store.postgres_watch import Watch
from fancymonkey.store.postgres_writer import Writer, commit
from fancymonkey.store.tables import (
    PAGE,
    by_key,
    entries,
    key_values,
    page_after,
    reservations,
)

T = TypeVar("T")
R = TypeVar("R", bound=Row)
READERS = 4
NEVER = 2**62
PRUNED_AT_ONCE = 10_000
CROWDED = 100
"""So many batches are written under the lock after another process has come in between."""
_SETTING = re.compile(r"SET LOCAL (?!statement_timeout|idle_)(\w+) = '?(\w+)'?;")
"""What holds for a batch and may hold for the whole connection, where it is ours alone."""


class PostgresStore:
    """One connection writes, a few others read, one listens."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self._link = Link(url, reader=read_only)
        self._schema = len(migrations("postgres"))
        self._begin = QUERIES["begin"]
        self._settings = {} if self._link.pooled else dict(_SETTING.findall(self._begin))
        self._crowded = 0
        self._writer: Writer | None = None
        self._taught: Connection | None = None
        self._readers: Pool | None = None
        self._watch: Watch | None = None

    async def open(self, now: int) -> None:
        """See `Store.open`."""
        try:
            self._readers = await self._link.pool(READERS)
            self._writer = None if self.read_only else Writer(self._link, self._settings)
            await self._check(now)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See `Store.close`."""
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.close()
        readers, self._readers = self._readers, None
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        if readers is not None:
            await close(readers)

    async def _check(self, now: int) -> None:
        """Makes sure that the server and the schema are fit for use. Raises StoreUnavailable."""
        async with self._reading() as reader:
            (server,) = await reader.fetch(QUERIES["server"])
            check_server(server, self._link.place, read_only=self.read_only)
            if self.read_only:
                await check_schema(reader)
        if server["synchronous_commit"] == "off":
            self._begin += ";\nSET LOCAL synchronous_commit = on"
            if not self._link.pooled:
                self._settings["synchronous_commit"] = "on"
        if not self.read_only:
            await self._write(lambda writer: migrate(writer, now))

    # -- writing -----------------------------------------------------------------------------------

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`."""
        return await self._write(lambda writer: self._run(writer, commands, now, after))

    async def _run(
        self, writer: Connection, commands: Sequence[Command], now: int, after: int
    ) -> Commit:
        """One attempt. Where nobody else writes it takes no lock: two round trips are enough."""
        if self._taught is not writer:
            await batch.learn_types(writer)
            self._taught = writer
        if self._crowded:
            self._crowded -= 1
        elif not self._link.pooled:
            done = await attempt(writer, self._schema, commands, now, after, locked=False)
            if done is not None:
                return done
            self._crowded = CROWDED
        await writer.execute(self._begin)
        done = await attempt(writer, self._schema, commands, now, after, locked=True)
        if done is None:
            raise StoreUnavailable("The ledger moved on under its lock. Try again.")
        return done

    async def _write(
        self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool = True
    ) -> T:
        if self.read_only:
            raise StoreReadOnly(f"PostgreSQL at {self._link.place} was opened for reading only.")
        if self._writer is None:
            raise StoreUnavailable("The store is not open.")
        try:
            return await self._writer.run(work, repeatable=repeatable)
        except StoreUnavailable:
            if self._watch is not None:  # our own commits are not announced to us
                self._watch.look()
            raise

    # -- reading -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reader]:
        """A connection in a transaction that sees one revision throughout.

        A transaction also for a single statement: between two of them a pooler may switch servers.
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
            known = self._link.translated(error)
            if known is error:
                raise
            raise known from error

    async def _fetch(self, sql: str, *values: Any) -> list[Any]:
        async with self._reading() as reader:
            return await reader.fetch(sql, *values)

    async def snapshot(self) -> Snapshot:
        """See `Store.snapshot`."""
        async with self._reading() as reader:
            revision = await reader.fetchval("SELECT revision FROM head")
            return Snapshot(
                revision,
                await _all_of(reader, Product, QUERIES["products"]),
                await _all_of(reader, Item, QUERIES["items"]),
                await _all_of(reader, Level, QUERIES["levels"]),
                await _all_of(reader, Reservation, QUERIES["live_holds"]),
            )

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """See `Store.catalogue`."""
        wanted = list(product_ids)
        async with self._reading() as reader:
            products = await reader.fetch(QUERIES["products_by_id"], wanted)
            items = await reader.fetch(QUERIES["items_of_products"], wanted)
        return list(map(TABLES[Product].row, products)), list(map(TABLES[Item].row, items))

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        return entries(await self._fetch(QUERIES["entries_after"], revision, limit))

    async def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """See `Store.history`."""
        revision, latest = 0, NEVER if until is None else until
        while True:
            page = entries(await self._fetch(QUERIES["history"], sku, revision, latest, PAGE))
            for entry in page:
                yield entry
            if len(page) < PAGE:
                return
            revision = page[-1].revision

    async def next_due(self) -> int | None:
        """See `Store.next_due`."""
        ((found,),) = await self._fetch(QUERIES["next_due"])
        return None if found is None else int(found)

    async def reservation(self, ref: str) -> Reservation | None:
        """See `Store.reservation`."""
        for name in ("reservation_by_id", "reservation_by_session"):
            found = reservations(await self._fetch(QUERIES[name], ref))
            if found:
                return found[0]
        return None

    async def scan(self, kind: type[Row], after: Hashable | None = None) -> AsyncIterator[Row]:
        """See `Store.scan`."""
        table = TABLES[kind]
        marks = [f"${n + 1}" for n in range(len(table.key))]
        while True:
            sql = page_after(table, None if after is None else marks)
            values = () if after is None else key_values(table, after)
            page = [table.row(found) for found in await self._fetch(sql, *values)]
            for row in page:
                yield row
            if len(page) < PAGE:
                return
            after = page[-1].key

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """See `Store.find`."""
        table = TABLES[kind]
        sql = by_key(table, (f"${n + 1}" for n in range(len(table.key))))
        for values in await self._fetch(sql, *key_values(table, key)):
            found: R = table.row(values)
            return found
        return None

    # -- the rest ----------------------------------------------------------------------------------

    async def load(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """See `Store.load`."""

        async def work(writer: Connection) -> None:
            await writer.execute(self._begin)
            await fill(writer, self._link.place, rows, entries, revision)

        await self._write(work, repeatable=False)  # its source can be read but once

    def frozen(self) -> AbstractAsyncContextManager[Frozen]:
        """See `Store.frozen`."""
        return frozen(self._link)

    async def absorb(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.absorb`."""
        state = absorbed(changed, entries, revision)

        async def work(writer: Connection) -> None:
            if self._taught is not writer:
                await batch.learn_types(writer)
                self._taught = writer
            await writer.execute(self._begin)
            await batch.write(writer, state, await batch.mark_of(writer), locked=True)
            await commit(writer)

        await self._write(work)

    async def clear(self) -> None:
        """See `Store.clear`."""

        async def work(writer: Connection) -> None:
            await writer.execute(self._begin)
            await empty(writer)

        await self._write(work)

    async def others(self) -> list[str]:
        """See `Store.others`."""
        rows = await self._fetch(QUERIES["others"], self._link.name)
        return [row["name"] for row in rows]

    def leave(self) -> None:
        """See `Store.leave`. What is heard of it does no harm."""

    async def prune(self, before: int) -> int:
        """See `Store.prune`."""
        total = 0
        while True:
            found = await self._write(lambda writer: _prune(writer, before))
            total += found
            if found < PRUNED_AT_ONCE:
                return total

    async def watch(self, bell: Bell, submit: Submit) -> None:
        """See `Store.watch`."""
        self._watch = Watch(
            self._link, bell, lambda: None if self._writer is None else self._writer.pid
        )
        await self._watch.start()

    async def clock(self) -> int:
        """What time it is for the database, in ms."""
        async with self._reading() as reader:
            now: int = await reader.fetchval(QUERIES["clock"])
        return now

    async def guards(self) -> set[str]:
        """The rules about levels that the database itself keeps, by name."""
        async with self._reading() as reader:
            return {row[0] for row in await reader.fetch(QUERIES["guards"])}

    async def trouble(self) -> list[str]:
        """See `Store.trouble`."""
        try:
            async with self._reading() as reader:
                (server,) = await reader.fetch(QUERIES["server"])
                check_server(server, self._link.place, read_only=self.read_only)
                await check_schema(reader)
        except StoreError as error:
            return [str(error)]
        return durability_trouble(server)


async def _prune(writer: Connection, before: int) -> int:
    found = 0
    for name in ("prune", "prune_documents"):
        done: str = await writer.execute(QUERIES[name], before, PRUNED_AT_ONCE)
        found += int(done.removeprefix("DELETE "))
    return found


async def _all_of(reader: Reader, kind: type[R], sql: str) -> list[R]:
    """Every row of a query, in portions, so that the event loop gets its turn."""
    make = TABLES[kind].row
    cursor = await reader.cursor(sql)
    found: list[R] = []
    while page := await cursor.fetch(PAGE):
        found += map(make, page)
    return found
