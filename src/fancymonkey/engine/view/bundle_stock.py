"""The stock of a bundle as it follows from its parts in the view."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from fancymonkey.core.bundles.availability import (
    Free,
    buildable,
    buildable_of_fixed,
    scarce_of_fixed,
    scarce_parts,
)
from fancymonkey.core.bundles.recipe import Recipe
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.item_parts import BundlePolicy
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Level
from fancymonkey.core.stock.sku_stock import SkuStock, offered, safety_at
from fancymonkey.engine.view.bundle_index import BundleIndex, PartUnits


class PartsView(Protocol):
    """The data of a view from which the stock of a bundle follows."""

    bundles: BundleIndex
    locations: dict[str, Location]
    items: dict[str, Item]
    split_lines: bool
    changes: int

    def level(self, sku: str, location: str) -> Level:
        """The level of a SKU at a location."""
        ...

    def first_end(self, sku: str) -> int | None:
        """The first time (ms) at which a hold of a SKU ends, or None."""
        ...


def bundle_stock(view: PartsView, item: Item, own: SkuStock, *, unsold: bool) -> SkuStock:
    """The stock of a bundle: the number that could be sold now, and the number in live holds.

    `own` are its pre-built units. With `unsold` it has also the bundles that could be sold if
    there were no holds.
    """
    bundle = item.bundle
    assert bundle is not None
    recipe = view.bundles.recipes.get(item.sku)
    sales = view.bundles.sales.get(item.sku) or BundleSales(item.sku)
    opened = view.bundles.is_open(bundle)
    count = max(0, own.available)
    updated_at = own.updated_at
    parts: list[PartUnits] = []
    if recipe is not None:
        parts = _units(view, recipe.part_skus if recipe.is_plain else recipe.skus)
        updated_at = max([updated_at, *[part.updated_at for part in parts]])
        count += _built(view, recipe, parts, unsold=False)
    if bundle.max_sold is not None:
        count = min(count, max(0, bundle.max_sold - sales.sold - sales.held))
    left = None
    if unsold:
        left = max(0, own.on_hand - own.allocated)
        if recipe is not None:
            left += _built(view, recipe, parts, unsold=True)
        if bundle.max_sold is not None:
            left = min(left, max(0, bundle.max_sold - sales.sold))
        left = left if opened else 0
    return SkuStock(
        item.sku,
        on_hand=count if opened else 0,
        reserved=sales.held,
        withheld=-sales.held,
        updated_at=updated_at,
        bundles_unsold=left,
    )


def scarce(view: PartsView, item: Item) -> list[str]:
    """The parts that keep one more bundle from being sold, as SKUs."""
    recipe = view.bundles.recipes.get(item.sku)
    if recipe is None:
        return []
    if recipe.is_plain:
        units = _units(view, recipe.part_skus)
        return scarce_of_fixed(recipe, [part.available for part in units])
    return scarce_parts(recipe, free_units(view, recipe))


def bundle_back_by(view: PartsView, item: Item) -> int | None:
    """The time (ms) at which every scarce part may be available again because holds end, or
    None.
    """
    ends = [view.first_end(sku) for sku in scarce(view, item)]
    latest = [end for end in ends if end is not None]
    return max(latest) if latest and len(latest) == len(ends) else None


def free_units(view: PartsView, recipe: Recipe, *, unsold: bool = False) -> Free:
    """The units that buyers may get of each part, by the locations that sell online."""
    parts = dict(zip(recipe.skus, _units(view, recipe.skus), strict=True))
    return {
        location: {
            sku: (units.unsold if unsold else units.available)[index]
            for sku, units in parts.items()
        }
        for index, location in enumerate(_online(view))
    }


def _built(view: PartsView, recipe: Recipe, parts: Sequence[PartUnits], *, unsold: bool) -> int:
    """The number of bundles that the parts make; without split lines, that of the best location.

    `parts` are the units of the fixed parts in their order, if the recipe is plain.
    """
    if not view.split_lines and len(view.locations) > 1:
        free = free_units(view, recipe, unsold=unsold)
        if recipe.policy is BundlePolicy.TOGETHER:
            return max((buildable(recipe, {id_: free[id_]}) for id_ in free), default=0)
        best = {sku: max((free[id_][sku] for id_ in free), default=0) for sku in recipe.skus}
        return buildable(recipe, {"": best})
    if recipe.is_plain:
        units = [part.unsold if unsold else part.available for part in parts]
        return buildable_of_fixed(recipe, units)
    return buildable(recipe, free_units(view, recipe, unsold=unsold))


def _online(view: PartsView) -> list[str]:
    return [id_ for id_, row in view.locations.items() if row.active and row.sells_online]


def _units(view: PartsView, skus: Iterable[str]) -> list[PartUnits]:
    """The units of parts; many bundles have the same ones, so they are kept until a change."""
    known = view.bundles.units_at(view.changes)
    return [known.get(sku) or _part_units(view, known, sku) for sku in skus]


def _part_units(view: PartsView, known: dict[str, PartUnits], sku: str) -> PartUnits:
    """The units of a part as they are now, which are known from then on."""
    units = known[sku] = PartUnits([], [], 0)
    item = view.items[sku]
    for id_ in _online(view):
        level, safety = view.level(sku, id_), safety_at(item.safety_stock, id_)
        there = not item.archived
        units.available.append(offered(level.available, safety) if there else 0)
        units.unsold.append(offered(level.on_hand - level.allocated, safety) if there else 0)
        units.updated_at = max(units.updated_at, level.updated_at)
    return units
