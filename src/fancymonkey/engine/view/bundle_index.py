"""The bundles of the view: their recipes, and the bundles that each part is in."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fancymonkey.core.bundles.recipe import NotBuildable, Recipe, recipe_of
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.item_parts import Bundle
from fancymonkey.core.model import Item


@dataclass(slots=True)
class PartUnits:
    """The units of a part that buyers may get, one number for each location that sells online.

    `unsold` are those that buyers might get if there were no holds.
    """

    available: list[int]
    unsold: list[int]
    updated_at: int


class BundleIndex:
    """Empty in a shop without bundles, where it costs nothing."""

    def __init__(self) -> None:
        self.recipes: dict[str, Recipe | None] = {}
        """The recipe of each bundle, None if a part is missing."""
        self.sales: dict[str, BundleSales] = {}
        self.switched: set[str] = set()
        """Bundles whose sale began or ended at a date, and that subscribers do not know yet."""
        self._product: dict[str, str] = {}
        self._components: dict[str, set[str]] = {}
        self._named_in: dict[str, set[str]] = {}
        """The bundles that name a SKU as a component."""
        self._of_part: dict[str, set[str]] = {}
        """The bundles whose recipe has a SKU as a part."""
        self._dates: list[tuple[int, str]] = []
        self._now = 0
        self._units_at = -1
        self._units: dict[str, PartUnits] = {}

    def __bool__(self) -> bool:
        return bool(self.recipes)

    def clear(self) -> None:
        """Forgets all bundles."""
        self.recipes, self.sales, self._dates = {}, {}, []
        self._product, self._components, self._named_in, self._of_part = {}, {}, {}, {}

    def units_at(self, change: int) -> dict[str, PartUnits]:
        """The units of parts that are known as of a change of the view; others can be added."""
        if change != self._units_at:
            self._units_at, self._units = change, {}
        return self._units

    def set_sales(self, rows: Iterable[BundleSales]) -> set[str]:
        """Replaces the counts of these bundles; returns the bundles with another count."""
        changed = {row.sku: row for row in rows if self.sales.get(row.sku) != row}
        self.sales |= changed
        return set(changed)

    def is_stale(self, old: Item | None, item: Item) -> bool:
        """Whether the change of an item changes the recipe of a bundle."""
        if old is None:
            return item.bundle is not None or item.sku in self._named_in
        return (old.bundle, old.components, old.groups) != (
            item.bundle,
            item.components,
            item.groups,
        )

    def update(self, items: Mapping[str, Item], changed: Iterable[str]) -> None:
        """Makes the recipes again that these items change."""
        stale: set[str] = set()
        waiting = list(changed)
        while waiting:
            sku = waiting.pop()
            if sku not in stale:
                stale.add(sku)
                waiting += self._named_in.get(sku, ())
        for sku in stale:
            self._drop(sku)
            item = items[sku]
            if item.bundle is not None:
                self._add(item, item.bundle, items)

    def _drop(self, sku: str) -> None:
        recipe = self.recipes.pop(sku, None)
        for part in () if recipe is None else recipe.skus:
            self._of_part[part].discard(sku)
        for component in self._components.pop(sku, ()):
            self._named_in[component].discard(sku)

    def _add(self, item: Item, bundle: Bundle, items: Mapping[str, Item]) -> None:
        self._product[item.sku] = item.product_id
        components = self._components[item.sku] = {part.sku for part in item.components}
        for component in components:
            self._named_in.setdefault(component, set()).add(item.sku)
        for at in (bundle.sold_from, bundle.sold_until):
            if at is not None and at > self._now:
                heapq.heappush(self._dates, (at, item.sku))
        try:
            recipe = recipe_of(item, items.get)
        except NotBuildable:
            self.recipes[item.sku] = None
            return
        self.recipes[item.sku] = recipe
        for part in recipe.skus:
            self._of_part.setdefault(part, set()).add(item.sku)

    def products_of(self, part: str) -> set[str]:
        """The products with a bundle that has this part."""
        bundles = self._of_part.get(part)
        return {self._product[sku] for sku in bundles} if bundles else set()

    def with_bundles(self, skus: set[str]) -> set[str]:
        """These SKUs and all bundles that have one of them as a part."""
        if not self.recipes:
            return skus
        return skus.union(*(self._of_part.get(sku, ()) for sku in skus))

    def is_open(self, bundle: Bundle) -> bool:
        """Whether the bundle is sold at the moment that was shown last."""
        since, until = bundle.sold_from, bundle.sold_until
        return (since is None or since <= self._now) and (until is None or self._now < until)

    def move_to(self, now: int) -> list[str]:
        """Moves the moment that is shown; returns the bundles whose sale began or ended."""
        self._now = max(self._now, now)
        passed = []
        while self._dates and self._dates[0][0] <= self._now:
            passed.append(heapq.heappop(self._dates)[1])
        self.switched.update(passed)
        return passed

    def next_date(self) -> int | None:
        """The time (ms) at which the next sale begins or ends, or None."""
        return self._dates[0][0] if self._dates else None

    def take_switched(self) -> set[str]:
        """Removes and returns the bundles in `switched`."""
        switched, self.switched = self.switched, set()
        return switched
