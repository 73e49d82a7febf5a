"""Rows that an SQL store need not read again: as its own batches have found or left them."""

from fancymonkey.core.state import Rows, State
from fancymonkey.store.base import empty_rows

MOST = 20_000
"""Rows of a kind. With one more all of the kind are forgotten."""


class Known:
    """What is known of the tables. None stands for a row that is not there.

    It holds only while nobody else writes: who uses it has to notice that, and to forget.
    """

    def __init__(self) -> None:
        self._rows = empty_rows()

    def begin(self, revision: int, now: int) -> State:
        """A batch on what is known; what its store reads besides is known from then on."""
        for rows in self._rows.values():
            if len(rows) > MOST:
                rows.clear()
        return State(self._rows, revision, now)

    def learn(self, changed: Rows) -> None:
        """Takes over what a batch has changed, once that is durable."""
        for kind, rows in changed.items():
            self._rows[kind].update(rows)

    def forget(self) -> None:
        """Knows nothing any more."""
        self._rows = empty_rows()
