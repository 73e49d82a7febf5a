"""Bundles of fixed, ordinary parts, the usual case: the values that all their holds share."""

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY, Allocation, Item, Level
from fancymonkey.core.state import Key

KNOWN_MAX = 10_000
"""The most bundles whose values are kept; one more clears them."""
QUANTITIES_MAX = 100
"""The same for the units of a bundle: one entry for each quantity and location."""


class SimpleBundle:
    """A version of a bundle whose fixed parts are named once each, without limits of its sales.

    `parts` are the SKUs with the units in one bundle. The parts may be bundles themselves: the
    caller looks at their items.
    """

    __slots__ = ("_allocations", "_keys", "_levels", "item", "parts", "skus", "sold_parts")

    def __init__(self, item: Item, version: int) -> None:
        self.item = item
        self.parts = tuple([(part.sku, part.quantity) for part in item.components])
        self.skus = tuple([sku for sku, _ in self.parts])
        self.sold_parts = tuple(
            [SoldPart(item.sku, version, sku, quantity) for sku, quantity in self.parts]
        )
        self._allocations: dict[tuple[int, str], tuple[Allocation, ...]] = {}
        self._levels: dict[str, tuple[tuple[str, str], ...]] = {}
        self._keys: dict[str, tuple[Key, ...]] = {}

    def allocations(self, quantity: int, location: str) -> tuple[Allocation, ...]:
        """The units of this many bundles at a location."""
        known = self._allocations.get((quantity, location))
        if known is None:
            if len(self._allocations) >= QUANTITIES_MAX:
                self._allocations.clear()
            units = [Allocation(sku, quantity * each, location) for sku, each in self.parts]
            known = self._allocations[quantity, location] = tuple(units)
        return known

    def levels(self, location: str) -> tuple[tuple[str, str], ...]:
        """The keys of the levels of the parts at a location."""
        known = self._levels.get(location)
        if known is None:
            if len(self._levels) >= QUANTITIES_MAX:
                self._levels.clear()
            known = self._levels[location] = tuple([(sku, location) for sku in self.skus])
        return known

    def keys(self, location: str) -> tuple[Key, ...]:
        """The rows that a hold at a location reads, if the parts are no bundles."""
        known = self._keys.get(location)
        if known is None:
            if len(self._keys) >= QUANTITIES_MAX:
                self._keys.clear()
            keys: list[Key] = [(BundleSales, self.item.sku)]
            for sku in (self.item.sku, *self.skus):
                keys += ((Item, sku), (Level, (sku, location)))
            known = self._keys[location] = tuple(keys)
        return known


def simple_bundle(item: Item) -> SimpleBundle | None:
    """The shared values of a bundle as this row defines it; None if it is not that simple."""
    known = _KNOWN.get(item.sku)
    if known is None or known[0] is not item:
        if len(_KNOWN) >= KNOWN_MAX:
            _KNOWN.clear()
        known = _KNOWN[item.sku] = (item, _made(item))
    return known[1]


def _made(item: Item) -> SimpleBundle | None:
    components, bundle = item.components, item.bundle
    if (
        bundle is None
        or bundle.max_sold is not None
        or item.archived
        or item.sold_out
        or item.groups
        or not 0 < len({part.sku for part in components}) == len(components) <= MAX_LINES
        or max([part.quantity for part in components]) > MAX_QUANTITY
        or any(part.keep or part.group for part in components)
    ):
        return None
    return SimpleBundle(item, bundle.version)


_KNOWN: dict[str, tuple[Item, SimpleBundle | None]] = {}
