"""The store in memory: the reference for all other stores, and the store of most tests."""

import heapq
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.execute import execute
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import (
    HELD,
    Entry,
    Item,
    Level,
    Outcome,
    Product,
    Reservation,
    Row,
    SessionLink,
)
from fancymonkey.core.state import Key, Rows, State
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
    paged,
)
from fancymonkey.store.in_memory.sorted_keys import SortedKeys

PAGE = 100
"""Rows per page of a scan."""


class Locations(dict[str, list[str]]):
    """The locations of each SKU that has a level; of any other SKU, none."""

    def __missing__(self, sku: str) -> list[str]:
        return []


class RowsInMemory:
    """All rows in memory, with the holds by deadline. Memory and JSON stores decide on them."""

    def __init__(self) -> None:
        self.rows: Rows = empty_rows()
        self.locations = Locations()
        self.revision = 0
        self._due: list[tuple[int, str]] = []
        self._orders: dict[type[Row], SortedKeys] = {}

    @property
    def empty(self) -> bool:
        """Whether the store has never been written."""
        return not self.revision and not any(self.rows.values())

    @property
    def size(self) -> int:
        """The number of rows."""
        return sum(map(len, self.rows.values()))

    def begin(self, now: int) -> State:
        """The state of a batch, on top of these rows."""
        return State(self.rows, self.revision, now, self.locations)

    def due(self, now: int) -> list[Reservation]:
        """The live holds whose deadline has passed."""
        holds: dict[str, Reservation] = {}
        reservations = self.rows[Reservation]
        heap = []
        while self._due and self._due[0][0] <= now:
            at, id_ = heapq.heappop(self._due)
            row = reservations.get(id_)
            if row is not None and row.status is HELD and row.expires_at == at:
                holds[id_] = row
                heap.append((at, id_))
        for pair in heap:  # they stay due until a commit ends them
            heapq.heappush(self._due, pair)
        return list(holds.values())

    def apply(self, changed: Rows, revision: int) -> None:
        """Applies the changes of a batch, once they are durable."""
        known = self.rows[Reservation]
        for row in changed.get(Reservation, {}).values():
            at = row.expires_at
            if row.status is HELD and at is not None:
                old = known.get(row.reservation_id)
                if old is None or old.expires_at != at or old.status is not HELD:
                    heapq.heappush(self._due, (at, row.reservation_id))
        levels = self.rows[Level]
        for key, level in changed.get(Level, {}).items():
            if key not in levels:
                self.locations.setdefault(level.sku, []).append(level.location)
        for kind, rows in changed.items():
            self.rows[kind].update(rows)
        self.revision = revision

    def old(self, before: int) -> list[Key]:
        """The rows to remove: outcomes from before a time, and expired documents."""
        outcomes = [(Outcome, key) for key, row in self.rows[Outcome].items() if row.at < before]
        documents = [
            (Document, key)
            for key, row in self.rows[Document].items()
            if row.until is not None and row.until < before
        ]
        return [*outcomes, *documents]

    def forget(self, before: int) -> int:
        """Removes the rows that `old` names; returns their number."""
        gone = self.old(before)
        for kind in (Outcome, Document):
            self.drop(kind, [key for of, key in gone if of is kind])
        return len(gone)

    def drop(self, kind: type[Row], keys: Collection[Hashable]) -> None:
        """Removes rows."""
        rows = self.rows[kind]
        for key in keys:
            del rows[key]
        if keys and kind in self._orders:
            self._orders[kind].keep(rows)

    def after(self, kind: type[R], after: Hashable | None) -> Iterator[R]:
        """The rows of a kind with higher keys, in the order of their keys, page by page."""
        rows, order = self.rows[kind], self._orders.setdefault(kind, SortedKeys())
        while keys := order.page(rows, after, PAGE):
            yield from [rows[key] for key in keys]
            after = keys[-1]

    def frozen(self, entries_after: Callable[[int], Awaitable[list[Entry]]]) -> Snapshot:
        """The present rows, and the ledger up to the present revision."""
        still, revision = RowsInMemory(), self.revision
        still.rows = {kind: dict(rows) for kind, rows in self.rows.items()}

        async def scan(kind: type[R]) -> AsyncIterator[R]:
            for row in still.after(kind, None):
                yield row

        return Snapshot(revision, scan, lambda: paged(entries_after, revision))

    def next_due(self) -> int | None:
        """The earliest deadline of a live hold, or None."""
        reservations = self.rows[Reservation]
        while self._due:
            at, id_ = self._due[0]
            row = reservations.get(id_)
            if row is not None and row.status is HELD and row.expires_at == at:
                return at
            heapq.heappop(self._due)
        return None

    def snapshot(self) -> StockSnapshot:
        """All rows that the shop shows."""
        rows = self.rows
        holds = [row for row in rows[Reservation].values() if row.status is HELD]
        return StockSnapshot(
            self.revision,
            list(rows[Product].values()),
            list(rows[Item].values()),
            list(rows[Level].values()),
            holds,
            list(rows[Location].values()),
            list(rows[BundleSales].values()),
        )

    def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        """These products and all their items."""
        wanted = set(product_ids)
        products = self.rows[Product]
        items = [row for row in self.rows[Item].values() if row.product_id in wanted]
        return [products[id_] for id_ in wanted if id_ in products], items

    def reservation(self, ref: str) -> Reservation | None:
        """The hold with this id, or the latest hold of the session with this id."""
        hold: Reservation | None = self.rows[Reservation].get(ref)
        if hold is None:
            link = self.rows[SessionLink].get(ref)
            hold = None if link is None else self.rows[Reservation].get(link.reservation_id)
        return hold


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
        """See `Store.scan`. Removed rows are in the ledger only."""
        for row in self.image.after(kind, after):
            yield row

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
        return self.image.forget(before)

    async def watch(self, on_commit: OnRemoteCommit, submit: Submit) -> None:
        """See `Store.watch`. No other process writes, so `on_commit` is never called."""

    async def health_problems(self) -> list[str]:
        """Returns no problems: memory has none."""
        return []

    async def unwritable(self) -> str | None:
        """Returns None: memory accepts every change."""
        return None
