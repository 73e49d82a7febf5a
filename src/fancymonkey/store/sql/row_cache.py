"""Caches rows that an SQL store has read or written in its own batches."""

from collections.abc import Sequence

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.documents.document import Document
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Level, Reservation, Row
from fancymonkey.core.payments.pending import FOLDER
from fancymonkey.core.state import AllLevels, Rows, State
from fancymonkey.store.contract import StockSnapshot, empty_rows

MOST = 20_000
"""The limit of rows of a kind, in addition to the snapshot's. One more clears the kind."""


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

    def forget(self) -> None:
        """Clears the cache."""
        self._locations: dict[str, list[str]] = {}
        """The locations of each SKU whose levels at all locations were read."""
        self._rows: Rows = {**empty_rows(), AllLevels: self._locations}  # type: ignore[dict-item]
