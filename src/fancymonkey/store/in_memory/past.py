"""Finished rows that have left memory: they are found elsewhere, by their key or in order."""

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.fold import bought_nothing
from fancymonkey.core.model import Outcome, Reservation, Row
from fancymonkey.core.state import Rows
from fancymonkey.store.contract import R


@dataclass(frozen=True, slots=True)
class Removed:
    """The rows that were removed for good: those from before these times (ms).

    `pruned` removes outcomes and expired documents, `folded` ended holds that bought nothing.
    """

    pruned: int = 0
    folded: int = 0

    def covers(self, row: Row) -> bool:
        """Whether a row is one of them."""
        if isinstance(row, Outcome):
            return row.at < self.pruned
        if isinstance(row, Document):
            return row.until is not None and row.until < self.pruned
        return isinstance(row, Reservation) and bought_nothing(row, self.folded)

    @property
    def kinds(self) -> Collection[type[Row]]:
        """The kinds of row among them, apart from links and checkouts of removed holds."""
        return (
            *((Outcome, Document) if self.pruned else ()),
            *((Reservation,) if self.folded else ()),
        )

    def plus(self, other: "Removed") -> "Removed":
        """The rows that one of the two removes."""
        return Removed(max(self.pruned, other.pruned), max(self.folded, other.folded))


class PastRows(Protocol):
    """All rows that have left memory. It never changes: a change makes another one."""

    @property
    def kinds(self) -> Collection[type[Row]]:
        """The kinds of row that it has."""
        ...

    def find(self, kind: type[R], key: Hashable) -> R | None:
        """The row with this key, or None."""
        ...

    def after(self, kind: type[R], after: Hashable | None) -> Iterator[R]:
        """The rows with higher keys, in order."""
        ...

    def without(self, removed: Removed) -> Self:
        """The same without these rows."""
        ...

    def count(self, removed: Removed, newer: Rows) -> int:
        """The number of rows that `without` would hide, apart from those in memory.

        Reads all rows of their kinds.
        """
        ...


class RowsWithPast(dict[Hashable, Any]):
    """The rows of one kind in memory; `get` also finds those that have left it."""

    __slots__ = ("_kind", "_past")

    def __init__(self, rows: dict[Hashable, Any], past: PastRows, kind: type[Row]) -> None:
        super().__init__(rows)
        self._past, self._kind = past, kind

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The row with this key, or the default."""
        if key in self:
            return self[key]
        row = self._past.find(self._kind, key)
        return default if row is None else row
