"""Makes equal texts and numbers of a snapshot's rows one object: a store reads each separately.

A size has its id in its item, in its level, and in the keys of both, and few sizes and locations
have a name of their own. In a shop of a million sizes the copies take 300 MB, and those of times
and counts 60 MB.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from fancymonkey.core.model import Item, Level, Product

NAMES_MAX = 10_000
"""Different names of sizes and locations that are remembered, and as many numbers."""

T = TypeVar("T", str, int)


class SharedTexts:
    """Texts, or numbers, that many rows have."""

    def __init__(self) -> None:
        self._known: dict[str | int, str | int] = {}

    def shared(self, value: T) -> T:
        """The first of the equal values that were passed."""
        known = self._known.get(value)
        if known is None:
            known = value
            if len(self._known) < NAMES_MAX:
                self._known[value] = value
        return known  # type: ignore[return-value]


def share_in_items(
    items: Iterable[Item], products: Mapping[str, Product], names: SharedTexts
) -> None:
    """Lets items share their products' ids, and the names of their sizes."""
    for item in items:
        product = products.get(item.product_id)
        if product is not None:
            _set(item, "product_id", product.product_id)
        _set(item, "size", names.shared(item.size))


def share_in_levels(levels: Iterable[Level], items: Mapping[str, Item], names: SharedTexts) -> None:
    """Lets levels share the ids of their items, the names of their locations, and their numbers."""
    numbers = SharedTexts()
    for level in levels:
        item = items.get(level.sku)
        if item is not None:
            _set(level, "sku", item.sku)
        _set(level, "location", names.shared(level.location))
        _set(level, "on_hand", numbers.shared(level.on_hand))
        _set(level, "updated_at", numbers.shared(level.updated_at))


_set = object.__setattr__
"""Rows are immutable in value, and an equal text is the same value."""
