"""The bundles of the view: their recipes, and the bundles that each part is in."""

import heapq
from collections.abc import Iterable, Mapping

from fancymonkey.core.bundles.recipe import NotBuildable, Recipe, recipe_of
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.item_parts import Bundle
from fancymonkey.core.model import Item


class BundleIndex:
    """Empty in a shop without bundles, where it costs nothing."""

    def __init__(self) -> None:
        self.recipes: dict[str, Recipe | None] = {}
        """The recipe of each bundle, None if a part is missing."""
        self.sales: dict[str, BundleSales] = {}
        self.switched: set[str] = set()
        """Bundles whose sale began or ended at a date, and that subscribers do not know yet."""
        self._of_part: dict[str, tuple[str, ...]] = {}
        self._products: dict[str, tuple[str, ...]] = {}
        self._dates: list[tuple[int, str]] = []
        self._now = 0

    def __bool__(self) -> bool:
        return bool(self.recipes)

    def set_sales(self, rows: Iterable[BundleSales]) -> set[str]:
        """Replaces the counts of these bundles; returns the bundles with another count."""
        changed = {row.sku: row for row in rows if self.sales.get(row.sku) != row}
        self.sales |= changed
        return set(changed)

    def is_stale(self, old: Item | None, item: Item) -> bool:
        """Whether the change of an item changes the recipe of a bundle."""
        if old is None:
            return item.bundle is not None or bool(self.recipes)
        return (old.bundle, old.components, old.groups) != (
            item.bundle,
            item.components,
            item.groups,
        )

    def rebuild(self, items: Mapping[str, Item]) -> None:
        """Makes all recipes again."""
        self.recipes = {}
        bundles_of: dict[str, set[str]] = {}
        products: dict[str, dict[str, None]] = {}
        self._dates = []
        for sku, item in items.items():
            if item.bundle is None:
                continue
            self._add_dates(sku, item.bundle)
            try:
                recipe = recipe_of(item, items.get)
            except NotBuildable:
                self.recipes[sku] = None
                continue
            self.recipes[sku] = recipe
            for part in recipe.skus:
                bundles_of.setdefault(part, set()).add(sku)
                products.setdefault(part, {})[item.product_id] = None
        self._of_part = {part: tuple(sorted(skus)) for part, skus in bundles_of.items()}
        self._products = {part: tuple(ids) for part, ids in products.items()}
        heapq.heapify(self._dates)

    def _add_dates(self, sku: str, bundle: Bundle) -> None:
        dates = (bundle.sold_from, bundle.sold_until)
        self._dates += [(at, sku) for at in dates if at is not None and at > self._now]

    def products_of(self, part: str) -> tuple[str, ...]:
        """The products with a bundle that has this part."""
        return self._products.get(part, ())

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
        """When the next sale begins or ends (ms), or None."""
        return self._dates[0][0] if self._dates else None

    def take_switched(self) -> set[str]:
        """Removes and returns the bundles in `switched`."""
        switched, self.switched = self.switched, set()
        return switched
