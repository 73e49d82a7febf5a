"""Rows that an SQL store need not read again: as its own batches have found or left them."""

from collections.abc import Sequence

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Item, Level, Reservation, Row
from fancymonkey.core.payments.pending import FOLDER
from fancymonkey.core.state import State
from fancymonkey.store.contract import StockSnapshot, empty_rows

MOST = 20_000
"""Rows of a kind, beside those of the snapshot. With one more all of the kind are forgotten."""


class RowCache:
    """What is known of the tables. None stands for a row that is not there.

    It holds only while nobody else writes: who uses it has to notice that, and to forget.
    """

    def __init__(self) -> None:
        self._rows = empty_rows()
        self._shown: dict[type[Row], int] = {}

    def begin(self, revision: int, now: int) -> State:
        """A batch on what is known; what its store reads besides is known from then on."""
        for kind, rows in self._rows.items():
            if len(rows) > MOST + self._shown.get(kind, 0):
                rows.clear()
        return State(self._rows, revision, now)

    def learn(self, state: State) -> None:
        """Takes over what a batch has changed, once that is durable.

        A hold that the batch has made has no payment under way, unless the batch began it.
        """
        read = state.base[Reservation]
        made = [key for key in state.changed.get(Reservation, ()) if read.get(key) is None]
        for kind, rows in state.changed.items():
            self._rows[kind].update(rows)
        for key in made:
            self._rows[Document].setdefault((FOLDER, key), None)

    def show(self, snapshot: StockSnapshot) -> None:
        """Takes over what every sale reads, as a snapshot of this very moment shows it."""
        shown: tuple[tuple[type[Row], Sequence[Row]], ...]
        shown = ((Item, snapshot.items), (Level, snapshot.levels))
        for kind, rows in shown:
            self._rows[kind].update((row.key, row) for row in rows)
            self._shown[kind] = len(rows)

    def forget(self) -> None:
        """Knows nothing any more."""
        self._rows = empty_rows()
