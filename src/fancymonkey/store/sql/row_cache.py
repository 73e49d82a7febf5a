"""Caches rows of an SQL store between batches, as its own batches read or wrote them."""

from collections.abc import Sequence

from fancymonkey.core.model import Item, Level, Row
from fancymonkey.core.state import Rows, State
from fancymonkey.store.contract import StockSnapshot, empty_rows

MOST = 20_000
"""The most rows of a kind, not counting those of the snapshot; above it, the kind is cleared."""


class RowCache:
    """The known rows of the tables. None stands for a row that does not exist.

    The cache is valid only while no other process writes: its user has to detect that and call
    `forget`.
    """

    def __init__(self) -> None:
        self._rows = empty_rows()
        self._shown: dict[type[Row], int] = {}

    def begin(self, revision: int, now: int) -> State:
        """A batch on top of the known rows; rows that it reads become known as well."""
        for kind, rows in self._rows.items():
            if len(rows) > MOST + self._shown.get(kind, 0):
                rows.clear()
        return State(self._rows, revision, now)

    def learn(self, changed: Rows) -> None:
        """Adds the rows that a durable batch has changed."""
        for kind, rows in changed.items():
            self._rows[kind].update(rows)

    def show(self, snapshot: StockSnapshot) -> None:
        """Adds the items and levels, which every sale reads, from a current snapshot."""
        shown: tuple[tuple[type[Row], Sequence[Row]], ...]
        shown = ((Item, snapshot.items), (Level, snapshot.levels))
        for kind, rows in shown:
            self._rows[kind].update((row.key, row) for row in rows)
            self._shown[kind] = len(rows)

    def forget(self) -> None:
        """Clears the cache."""
        self._rows = empty_rows()
