"""Caches rows that an SQL store has read or written in its own batches."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.documents.document import Document
from fancymonkey.core.ledger import MORE_THAN_STOCK
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Level, Reservation, Row
from fancymonkey.core.payments.pending import FOLDER
from fancymonkey.core.state import AllLevels, Rows, State
from fancymonkey.store.contract import StockSnapshot, empty_rows

LASTING = frozenset((Item, Level, Location, BundleSales, AllLevels))
"""The kinds of rows whose changes all have an entry in the ledger."""

MOST = 20_000
"""The limit of rows of a kind, in addition to the snapshot's. One more clears the kind."""


class RowChange(NamedTuple):
    """The part of an entry that names the rows that may have changed with it."""

    sku: str
    location: str
    kind: str
    of_hold: bool


class RowCache:
    """The cached rows of the tables. None stands for a missing row.

    It is valid only while no other process writes: its user has to detect other writers and clear
    it.
    """

    def __init__(self) -> None:
        self._shown: dict[type[Row], int] = {}
        self.forget()

    def begin(self, revision: int, now: int) -> State:
        """A batch on the cached rows. Rows that its store reads are cached too."""
        for kind, rows in self._rows.items():
            if len(rows) > MOST + self._shown.get(kind, 0):
                rows.clear()
                if kind is Level:
                    self._locations.clear()
        return State(self._rows, revision, now, self._locations)

    def learn(self, state: State) -> None:
        """Applies the changes of a batch, once they are durable.

        A new hold of the batch has no pending payment, unless the batch began one.
        """
        read = state.base[Reservation]
        made = [key for key in state.changed.get(Reservation, ()) if read.get(key) is None]
        if self._locations:
            for level in state.changed.get(Level, {}).values():
                known = self._locations.get(level.sku)
                if known is not None and level.location not in known:
                    known.append(level.location)
        for kind, rows in state.changed.items():
            self._rows[kind].update(rows)
        for key in made:
            self._rows[Document].setdefault((FOLDER, key), None)

    def show(self, snapshot: StockSnapshot) -> None:
        """Adds the rows that every sale reads, from a snapshot of this moment."""
        shown: tuple[tuple[type[Row], Sequence[Row]], ...]
        shown = (
            (Item, snapshot.items),
            (Level, snapshot.levels),
            (Location, snapshot.locations),
            (BundleSales, snapshot.bundle_sales),
        )
        for kind, rows in shown:
            self._rows[kind].update((row.key, row) for row in rows)
            self._shown[kind] = len(rows)

    def keep_unchanged(self, changes: Iterable[RowChange]) -> None:
        """Keeps only rows that no other process has changed, if these are all their entries.

        Every change of a stock, an item or a location has an entry; other rows have none.
        """
        changes = list(changes)
        if any(change.kind in MORE_THAN_STOCK for change in changes):
            self.forget()
            return
        for kind, rows in self._rows.items():
            if kind not in LASTING:
                rows.clear()
        if any(change.of_hold for change in changes):
            self._rows[BundleSales].clear()
        for change in changes:
            self._rows[Level].pop((change.sku, change.location), None)
            self._locations.pop(change.sku, None)

    def forget(self) -> None:
        """Clears the cache."""
        self._locations: dict[str, list[str]] = {}
        """The locations of each SKU whose levels at all locations were read."""
        self._rows: Rows = {**empty_rows(), AllLevels: self._locations}  # type: ignore[dict-item]
