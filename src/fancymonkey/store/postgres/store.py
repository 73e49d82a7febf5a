"""The store in PostgreSQL: for many workers and servers on one database."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute, loads
from fancymonkey.core.model import Entry, Row
from fancymonkey.core.state import FOREVER, Rows
from fancymonkey.errors import StoreError, StoreReadOnly, StoreUnavailable
from fancymonkey.store.contract import Commit, OnRemoteCommit, Snapshot, Submit, applied_commit
from fancymonkey.store.postgres import batch
from fancymonkey.store.postgres.connection import (
    Connection,
    Pool,
    PostgresConnector,
    check_server,
    close,
    durability_problems,
)
from fancymonkey.store.postgres.fill import empty, fill
from fancymonkey.store.postgres.listener import PostgresListener
from fancymonkey.store.postgres.pooler import check_way
from fancymonkey.store.postgres.prune import fold_holds_in_portions, prune_in_portions
from fancymonkey.store.postgres.reads import PostgresReads
from fancymonkey.store.postgres.row_cache import RECOVERED_MAX, PostgresRowCache
from fancymonkey.store.postgres.schema import QUERIES, check_schema, migrate
from fancymonkey.store.postgres.snapshot import frozen
from fancymonkey.store.postgres.write_probe import probe
from fancymonkey.store.postgres.writer import PostgresWriter, commit, committed
from fancymonkey.store.shared.write_check import WriteCheck
from fancymonkey.store.sql.migrations import migrations
from fancymonkey.store.sql.statements import (
    commit_after,
)

T = TypeVar("T")
READERS = 4
CROWDED = 100
"""The number of batches that take the lock after a write of another process."""
BATCH_IDLE = (
    "idle_in_transaction_session_timeout = '30s'",
    "idle_in_transaction_session_timeout = '2s'",
)
"""A batch that idles longer under the lock, because its process was stopped, is rolled back."""
_SETTING = re.compile(r"SET LOCAL (?!statement_timeout|idle_)(\w+) = '?(\w+)'?;")
"""Settings of a batch that may apply to the whole connection, if no pooler shares it."""


class PostgresStore(PostgresReads):
    """One connection writes, a few others read, one listens."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self._link = PostgresConnector(url, reader=read_only)
        self._schema = len(migrations("postgres"))
        self._begin = QUERIES["begin"]
        self._settings: dict[str, str] = {}
        if not self._link.pooled:  # set once for the connection, not again for each batch
            self._settings = dict(_SETTING.findall(self._begin))
            self._begin = re.sub(rf"{_SETTING.pattern}\n", "", self._begin)
        self._crowded = 0
        self._row_cache = PostgresRowCache()
        self._write_check = WriteCheck(lambda: probe(self._link))
        self._writer: PostgresWriter | None = None
        self._taught: Connection | None = None
        self._readers: Pool | None = None
        self._watch: PostgresListener | None = None

    async def open(self, now: int) -> None:
        """See `Store.open`."""
        try:
            self._readers = await self._link.pool(READERS)
            self._writer = None if self.read_only else PostgresWriter(self._link, self._settings)
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
        """Checks the server and the schema. Raises StoreUnavailable."""
        async with self._reading() as reader:
            (server,) = await reader.fetch(QUERIES["server"])
            check_server(server, self._link.place, read_only=self.read_only)
            if self.read_only:
                await check_schema(reader)
            pid = reader.get_server_pid()
        await check_way(self._link, server, pid)
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

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """Returns None: a database always takes a round trip."""
        return None

    async def _run(
        self, writer: Connection, commands: Sequence[Command], now: int, after: int
    ) -> Commit:
        """One attempt: one round trip without a lock if no other process writes."""
        await self._learn_types(writer)
        memory = self._row_cache
        if self._crowded:
            self._crowded -= 1
        elif not self._link.pooled:
            done = await self._from_memory(writer, commands, now, after)
            if done is None:
                done = await self._batch(writer, memory, commands, now, after, locked=False)
            if done is not None:
                return done
            self._crowded = CROWDED
        if not self._link.pooled:
            memory.forget()
            memory = PostgresRowCache()  # rows are most likely out of date: all are read
        await writer.execute(self._begin.replace(*BATCH_IDLE))
        done = await self._batch(writer, memory, commands, now, after, locked=True)
        if done is None:
            raise StoreUnavailable("The ledger moved on under its lock. Try again.")
        return done

    async def _learn_types(self, writer: Connection) -> None:
        """Prepares a new connection."""
        if self._taught is not writer:
            self._row_cache.clear()  # it may be a connection to another server
            await batch.learn_types(writer)
            self._taught = writer

    async def _from_memory(
        self, writer: Connection, commands: Sequence[Command], now: int, after: int
    ) -> Commit | None:
        """Decides on cached rows, writes and commits; None if that is not possible."""
        memory = self._row_cache
        state, mark = memory.recall(now, after), memory.mark
        if state is None or mark is None:
            return None
        memory.forget()  # reset below after a success
        load = next(loads(commands, state))
        only_rows = not (load.holds_of or load.levels_of)
        supposed = memory.suppose(state, load, commands) if only_rows else None
        if supposed is None:
            memory.mark = mark
            return None
        answers = execute(state, commands, ())
        if not (state.changed or state.entries):
            memory.retract(state, supposed, mark)  # a refusal needs verified rows
            return None
        work = batch.write(writer, state, mark, supposed, locked=False)
        moved = await committed(writer, work)
        if moved is None:
            memory.forget(wrong=True)
            return None
        memory.keep(state, moved)
        return commit_after(state, answers, [], after)

    async def _batch(
        self,
        writer: Connection,
        memory: PostgresRowCache,
        commands: Sequence[Command],
        now: int,
        after: int,
        *,
        locked: bool,
    ) -> Commit | None:
        """Reads, decides, writes and commits; None if another process has written in between.

        Without `locked` the write is its own transaction, which writes nothing in that case.
        """
        since = None if locked else memory.outdated_since
        if since is not None:
            memory.recover(*await batch.read_changes(writer, since, RECOVERED_MAX + 1))
        state, expected = memory.begin(now), memory.mark
        memory.forget()
        asking = loads(commands, state)
        head, others, due = await batch.read_first(writer, next(asking), state, after)
        if expected is not None and head.mark != expected:
            return await self._batch(writer, memory, commands, now, after, locked=locked)
        if not (locked or head.free):
            return None
        if head.schema != self._schema:
            raise StoreUnavailable(
                f"The database has schema {head.schema}, but this program knows {self._schema}: "
                f"restart it with the version that has migrated the database."
            )
        try:
            load = asking.send(due)
            while True:
                if await batch.read_more(writer, load, state) != head.mark:
                    return None
                load = asking.send([])
        except StopIteration as stop:
            due = stop.value
        answers = execute(state, commands, due)
        work = batch.write(writer, state, head.mark, locked=locked)
        if locked:
            moved = await work
            await commit(writer)
        else:
            moved = await committed(writer, work)
        if moved is None:
            return None
        memory.keep(state, moved, FOREVER if head.next_due is None else head.next_due)
        return commit_after(state, answers, others, after)

    async def _write(
        self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool = True
    ) -> T:
        writer = self._check_writable()
        try:
            done = await writer.run(work, repeatable=repeatable)
            self._write_check.failed = None
            return done
        except StoreUnavailable as error:
            self._write_check.failed = str(error)
            if self._watch is not None:  # our own commits are not announced to us
                self._watch.look()
            raise

    def _check_writable(self) -> PostgresWriter:
        if self.read_only:
            raise StoreReadOnly(f"PostgreSQL at {self._link.place} was opened for reading only.")
        if self._writer is None:
            raise StoreUnavailable("The store is not open.")
        return self._writer

    # -- the rest ----------------------------------------------------------------------------------

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """See `Store.fill`."""

        async def work(writer: Connection) -> None:
            await writer.execute(self._begin)
            await fill(writer, self._link.place, rows, entries, revision)

        await self._write(work, repeatable=False)  # its source can be read only once

    def frozen(self) -> AbstractAsyncContextManager[Snapshot]:
        """See `Store.frozen`."""
        return frozen(self._link)

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.apply_commits`."""
        state = applied_commit(changed, entries, revision)

        async def work(writer: Connection) -> None:
            await self._learn_types(writer)
            self._row_cache.clear()
            await writer.execute(self._begin)
            await batch.write(writer, state, await batch.mark(writer), locked=True)
            await commit(writer)

        await self._write(work)

    async def clear(self) -> None:
        """See `Store.clear`."""

        async def work(writer: Connection) -> None:
            self._row_cache.clear()
            await writer.execute(self._begin)
            await empty(writer)

        await self._write(work)

    async def other_writers(self) -> list[str]:
        """See `Store.other_writers`."""
        rows = await self._fetch(QUERIES["others"], self._link.name)
        return [row["name"] for row in rows]

    def stop_watching(self) -> None:
        """See `Store.stop_watching`. Later notifications do no harm."""

    async def prune(self, before: int) -> int:
        """See `Store.prune`. Uses its own connection, because sales continue at the same time."""
        self._check_writable()
        apart = PostgresWriter(self._link, self._settings)
        try:
            return await prune_in_portions(apart, before)
        finally:
            await apart.close()

    async def fold_holds(self, before: int) -> int:
        """See `Store.fold_holds`. Uses its own connection, like `prune`."""
        self._check_writable()
        apart = PostgresWriter(self._link, self._settings)

        try:
            return await fold_holds_in_portions(apart, before)
        finally:
            self._row_cache.forget()
            await apart.close()

    async def watch(self, on_commit: OnRemoteCommit, submit: Submit) -> None:
        """See `Store.watch`."""
        self._watch = PostgresListener(self._link, on_commit, self._writing_pid)
        await self._watch.start()

    @property
    def listens(self) -> bool:
        """See `Store.listens`."""
        return self._watch is not None and self._watch.listens

    def listen(self, wanted: bool) -> None:
        """See `Store.listen`."""
        if self._watch is not None:
            self._watch.listen(wanted)

    def _writing_pid(self) -> int | None:
        """The server process that writes; None behind a pooler, which takes any of several."""
        return None if self._writer is None or self._link.pooled else self._writer.pid

    async def health_problems(self) -> list[str]:
        """See `Store.health_problems`."""
        try:
            async with self._reading() as reader:
                (server,) = await reader.fetch(QUERIES["server"])
                check_server(server, self._link.place, read_only=self.read_only)
                await check_schema(reader)
        except StoreError as error:
            return [str(error)]
        failed = self._write_check.failed
        return ([] if failed is None else [failed]) + durability_problems(server)

    async def unwritable(self) -> str | None:
        """See `Store.unwritable`."""
        return await self._write_check.check()
