"""The store in memory: the reference for all other stores, and the store of most tests."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Hashable,
    Iterable,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute
from fancymonkey.core.model import (
    Entry,
    Item,
    Product,
    Reservation,
    Row,
)
from fancymonkey.core.state import Rows
from fancymonkey.errors import DataError
from fancymonkey.store.contract import (
    Commit,
    OnRemoteCommit,
    R,
    Snapshot,
    StockSnapshot,
    Submit,
    commit_of,
    empty_rows,
)
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.in_memory.rows import RowsInMemory

PAUSE = 1000
"""Rows of a scan between two pauses."""


class InMemory:
    """The reading half of a store whose rows are in memory, without the ledger."""

    image: RowsInMemory

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        raise NotImplementedError

    async def snapshot(self) -> StockSnapshot:
        """See `Store.snapshot`."""
        return self.image.snapshot()

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """See `Store.catalogue`."""
        return self.image.catalogue(product_ids)

    async def next_due(self) -> int | None:
        """See `Store.next_due`."""
        return self.image.next_due()

    async def reservation(self, ref: str) -> Reservation | None:
        """See `Store.reservation`."""
        return self.image.reservation(ref)

    async def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
        """See `Store.scan`. A long scan pauses at times, so that sales continue."""
        for number, row in enumerate(self.image.after(kind, after), 1):
            yield row
            if number % PAUSE == 0:
                await asyncio.sleep(0)

    async def scan_fields(
        self, kind: type[Row], names: Sequence[str]
    ) -> AsyncIterator[tuple[Any, ...]]:
        """See `Store.scan_fields`."""
        async for row in self.scan(kind):
            yield tuple([getattr(row, name) for name in names])

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        """See `Store.find`."""
        row: R | None = self.image.rows[kind].get(key)
        return row

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[Snapshot]:
        """See `Store.frozen`."""
        yield self.image.frozen(self.entries_after)


class MemoryStore(InMemory):
    """Keeps all data in this process, and loses it at its end."""

    def __init__(self) -> None:
        self.image = RowsInMemory()
        self.entries: list[Entry] = []

    async def open(self, now: int) -> None:
        """Does nothing: there are no files."""

    async def close(self) -> None:
        """Does nothing: there are no files."""

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`."""
        state = self.image.begin(now)
        answers = execute(state, commands, self.image.due(now))
        self.image.apply(state.changed, state.revision)
        self.entries += state.entries
        return commit_of(state, answers, self.entries[after:])

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """Returns None, so that tests can observe waiting commands."""
        return None

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        """See `Store.entries_after`."""
        return self.entries[revision : revision + limit]

    async def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        """See `Store.history`."""
        for entry in list(self.entries):
            if entry.sku == sku and (until is None or entry.at <= until):
                yield entry

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """See `Store.fill`."""
        if not self.image.empty:
            raise DataError("The store to fill is not empty.")
        image = RowsInMemory()
        changed = empty_rows()
        async for row in rows:
            changed[type(row)][row.key] = row
        image.apply(changed, revision)
        self.entries = [entry async for entry in entries]
        self.image = image

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.apply_commits`."""
        self.image.apply(changed, revision)
        self.entries += entries

    async def clear(self) -> None:
        """See `Store.clear`."""
        self.image, self.entries = RowsInMemory(), []

    async def other_writers(self) -> list[str]:
        """Returns no names: only one process can write."""
        return []

    def stop_watching(self) -> None:
        """Does nothing: nothing is watched."""

    async def prune(self, before: int) -> int:
        """See `Store.prune`."""
        return len(self.image.remove(Removed(pruned=before)))

    async def fold_holds(self, before: int) -> int:
        """See `Store.fold_holds`."""
        keys = self.image.remove(Removed(folded=before))
        return sum(kind is Reservation for kind, _ in keys)

    listens = True

    def listen(self, wanted: bool) -> None:
        """Does nothing: no other process writes."""

    async def watch(self, on_commit: OnRemoteCommit, submit: Submit) -> None:
        """See `Store.watch`. No other process writes, so `on_commit` is never called."""

    async def health_problems(self) -> list[str]:
        """Returns no problems: memory has none."""
        return []

    async def unwritable(self) -> str | None:
        """Returns None: memory accepts every change."""
        return None
