"""The locations that a stored change has touched."""

from typing import Any

import msgspec
from msgspec import Struct

from fancymonkey.core.changes.change_set import CHANGE_SET_ROWS, part_name
from fancymonkey.core.documents.document import Document
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.engine.engine import Engine
from fancymonkey.services.changes.undo import StoredChangeSet


class _Row(Struct):
    """The parts of a stored row that name locations; `fields` belong to the whole shop."""

    changed_at: str | None = msgspec.field(name="location", default=None)
    stock: int = 0
    holds: int = 0
    moved: dict[str, int] = {}
    fields: dict[str, Any] = {}

    def is_within(self, locations: tuple[str, ...], first: str) -> bool:
        """Whether it changed units at these locations and nothing else.

        A row of an earlier version does not name its location: that was the `first` one.
        """
        touched = {split_account(account)[0] for account in self.moved}
        if self.stock:
            touched.add(self.changed_at or first)
        return not self.fields and not self.holds and touched <= set(locations)


async def is_within(
    engine: Engine, name: str, change: StoredChangeSet, locations: tuple[str, ...], first: str
) -> bool:
    """Whether every row of a change is about units at these locations. Raises StoreError."""
    for part in range(change.parts):
        stored = await engine.store.find(Document, (CHANGE_SET_ROWS, part_name(name, part)))
        if stored is None or not stored.body:
            return False
        rows = msgspec.json.decode(stored.body, type=list[_Row])
        if not all(row.is_within(locations, first) for row in rows):
            return False
    return change.parts > 0
