"""All rows in memory: memory and JSON stores decide on them."""

import heapq
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
)

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.fold import bought_nothing
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
from fancymonkey.core.payments.rows import Checkout
from fancymonkey.core.state import Key, Rows, State
from fancymonkey.store.contract import R, Snapshot, StockSnapshot, empty_rows, paged
from fancymonkey.store.in_memory.past import PastRows, Removed, RowsWithPast
from fancymonkey.store.in_memory.sorted_keys import SortedKeys

PAGE = 100
"""Rows per page of a scan."""


class Locations(dict[str, list[str]]):
    """The locations of each SKU that has a level; of any other SKU, none."""

    def __missing__(self, sku: str) -> list[str]:
        return []


class RowsInMemory:
    """All rows in memory, with the holds by deadline. Finished rows may be elsewhere."""

    def __init__(self) -> None:
        self.rows: Rows = empty_rows()
        self.past: PastRows | None = None
        self._removed = Removed()
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
            row = dict.get(reservations, id_)  # a live hold is in memory
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
                id_ = row.reservation_id
                old = dict.get(known, id_)
                if old is None or old.expires_at != at or old.status is not HELD:
                    heapq.heappush(self._due, (at, id_))
        levels = self.rows[Level]
        for key, level in changed.get(Level, {}).items():
            if key not in levels:
                self.locations.setdefault(level.sku, []).append(level.location)
        for kind, rows in changed.items():
            self.rows[kind].update(rows)
        self.revision = revision

    def old(self, removed: Removed) -> list[Key]:
        """The rows in memory that are removed, with the links and checkouts of removed holds."""
        keys: list[Key] = []
        for kind in (Outcome, Document) if removed.pruned else ():
            keys += [(kind, key) for key, row in self.rows[kind].items() if removed.covers(row)]
        if removed.folded:
            holds = self.rows[Reservation].items()
            folded = {id_ for id_, row in holds if bought_nothing(row, removed.folded)}
            keys += [(Reservation, id_) for id_ in folded]
            for parts in (SessionLink, Checkout):
                rows = self.rows[parts].items()
                keys += [(parts, key) for key, row in rows if row.reservation_id in folded]
        return keys

    def remove(self, removed: Removed) -> list[Key]:
        """Removes rows for good; returns the keys of those in memory."""
        keys = self.old(removed)
        for kind in {kind for kind, _ in keys}:
            self.drop(kind, [key for of, key in keys if of is kind])
        self._removed = self._removed.plus(removed)
        if self.past is not None:
            self.set_past(self.past)
        return keys

    def set_past(self, past: PastRows) -> None:
        """Names the rows that are elsewhere; those in memory are newer."""
        self.past = past = past.without(self._removed)
        for kind in past.kinds:
            self.rows[kind] = RowsWithPast(self.rows[kind], past, kind)

    def drop(self, kind: type[Row], keys: Collection[Hashable]) -> None:
        """Removes rows."""
        rows = self.rows[kind]
        for key in keys:
            del rows[key]
        if keys and kind in self._orders:
            self._orders[kind].keep(rows)

    def after(self, kind: type[R], after: Hashable | None) -> Iterator[R]:
        """The rows of a kind with higher keys, in the order of their keys, page by page.

        Between two rows others may change: a row that is finished then is found elsewhere.
        """
        order = self._orders.setdefault(kind, SortedKeys())
        while True:
            past, rows = self.past, self.rows[kind]
            elsewhere = iter(()) if past is None else past.after(kind, after)
            other = next(elsewhere, None)
            while past is self.past:
                page = [(key, rows[key]) for key in order.page(rows, after, PAGE)]
                for key, row in page:
                    while other is not None and other.key < key:
                        yield other
                        other = next(elsewhere, None)
                    if other is not None and other.key == key:  # an older version of this row
                        other = next(elsewhere, None)
                    yield row
                if not page:
                    while other is not None:
                        yield other
                        other = next(elsewhere, None)
                    return
                after = page[-1][0]

    def frozen(self, entries_after: Callable[[int], Awaitable[list[Entry]]]) -> Snapshot:
        """The present rows, and the ledger up to the present revision."""
        still, revision = RowsInMemory(), self.revision
        still.rows = {kind: dict(rows) for kind, rows in self.rows.items()}
        still.past = self.past

        async def scan(kind: type[R]) -> AsyncIterator[R]:
            for row in still.after(kind, None):
                yield row

        return Snapshot(revision, scan, lambda: paged(entries_after, revision))

    def next_due(self) -> int | None:
        """The earliest deadline of a live hold, or None."""
        reservations = self.rows[Reservation]
        while self._due:
            at, id_ = self._due[0]
            row = dict.get(reservations, id_)  # a live hold is in memory
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
