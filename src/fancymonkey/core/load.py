"""The rows that a batch requests from its store."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fancymonkey.core.model import Row
from fancymonkey.core.state import AllLevels, Key


@dataclass(slots=True)
class Load:
    """The request of a batch to its store.

    `rows` are rows by key, `levels_of` the SKUs of which it needs the levels at all locations,
    `holds_of` the SKUs of which it needs the live holds; `due_at` asks for the holds due then.
    """

    rows: set[Key] = field(default_factory=set)
    holds_of: set[str] = field(default_factory=set)
    due_at: int | None = None
    levels_of: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.rows or self.levels_of or self.holds_of or self.due_at is not None)

    @classmethod
    def of(
        cls, keys: set[Key], holds_of: set[str] | None = None, due_at: int | None = None
    ) -> "Load":
        """The load of these keys: rows, and SKUs where the kind is `AllLevels`."""
        levels = {key for key in keys if key[0] is AllLevels}
        if not levels:
            return cls(keys, holds_of or set(), due_at)
        return cls(keys - levels, holds_of or set(), due_at, {str(sku) for _, sku in levels})


def missing(base: Mapping[type[Row], Mapping[Hashable, Any]], keys: Iterable[Key]) -> set[Key]:
    """The keys that were not loaded yet."""
    return {(kind, key) for kind, key in keys if key not in base[kind]}
