"""Rows that an SQL store need not read again: as its own batches have found or left them."""

from collections.abc import Sequence

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Item, Level, Reservation, Row
from fancymonkey.core.payments.pending import FOLDER
from fancymonkey.core.state import AllLevels, Rows, State
from fancymonkey.store.contract import StockSnapshot, empty_rows

MOST = 20_000
"""Rows of a kind, beside those of the snapshot. With one more all of the kind are forgotten."""


class RowCache:
    """What is known of the tables. None stands for a row that is not there.

    It is valid only while nothing else writes: its user has to notice other writers and to forget.
    """

    def __init__(self) -> None:
        self._shown: dict[type[Row], int] = {}
        self.forget()

    def begin(self, revision: int, now: int) -> State:
        """A batch on the known rows. Rows that its store reads become known too."""
        for kind, rows in self._rows.items():
            if len(rows) > MOST + self._shown.get(kind, 0):
                rows.clear()
                if kind is Level:
                    self._locations.clear()
        return State(self._rows, revision, now, self._locations)

    def learn(self, state: State) -> None:
        """Takes over what a batch has changed, once that is durable.

        A hold that the batch has made has no payment under way, unless the batch began it.
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
        """Takes over the rows that every sale reads from a snapshot of this moment."""
        shown: tuple[tuple[type[Row], Sequence[Row]], ...]
        shown = ((Item, snapshot.items), (Level, snapshot.levels))
        for kind, rows in shown:
            self._rows[kind].update((row.key, row) for row in rows)
            self._shown[kind] = len(rows)

    def forget(self) -> None:
        """Knows nothing any more."""
        self._locations: dict[str, list[str]] = {}
        """Where each SKU has levels whose levels at all locations were read."""
        self._rows: Rows = {**empty_rows(), AllLevels: self._locations}  # type: ignore[dict-item]
