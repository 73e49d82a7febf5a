"""The stock of a bundle as it follows from its parts in the view."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fancymonkey.core.bundles.availability import Free, buildable, scarce_parts
from fancymonkey.core.bundles.recipe import Recipe
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.model import Item, Level
from fancymonkey.core.stock.sku_stock import SkuStock, offered, safety_at

if TYPE_CHECKING:
    from fancymonkey.engine.view import View

Units = Callable[[Level], int]


def bundle_stock(view: "View", item: Item, own: SkuStock, *, unsold: bool) -> SkuStock:
    """The stock of a bundle: how many could be sold now, and how many live holds have.

    `own` are its pre-built units. With `unsold` it has also the bundles that could be sold if
    there were no holds.
    """
    assert item.bundle is not None
    recipe = view.bundles.recipes.get(item.sku)
    sales = view.bundles.sales.get(item.sku) or BundleSales(item.sku)
    built = 0 if recipe is None else buildable(recipe, free_units(view, recipe))
    count = max(0, own.available) + built
    if item.bundle.max_sold is not None:
        count = min(count, max(0, item.bundle.max_sold - sales.sold - sales.held))
    if not view.bundles.is_open(item.bundle):
        count = 0
    left = None
    if unsold:
        everything = 0 if recipe is None else buildable(recipe, free_units(view, recipe, _unsold))
        left = max(count, max(0, own.on_hand - own.allocated) + everything) if count else count
        if item.bundle.max_sold is not None:
            left = min(left, max(0, item.bundle.max_sold - sales.sold))
    return SkuStock(
        item.sku,
        on_hand=count,
        reserved=sales.held,
        withheld=-sales.held,
        updated_at=_updated_at(view, recipe, own),
        bundles_unsold=left,
    )


def scarce(view: "View", item: Item) -> list[str]:
    """The parts that keep one more bundle from being sold, as SKUs."""
    recipe = view.bundles.recipes.get(item.sku)
    return [] if recipe is None else scarce_parts(recipe, free_units(view, recipe))


def bundle_back_by(view: "View", item: Item) -> int | None:
    """When every part that is short may come back because holds end (ms), or None."""
    ends = [view.first_end(sku) for sku in scarce(view, item)]
    latest = [end for end in ends if end is not None]
    return max(latest) if latest and len(latest) == len(ends) else None


def _available(level: Level) -> int:
    return level.available


def _unsold(level: Level) -> int:
    return level.on_hand - level.allocated


def free_units(view: "View", recipe: Recipe, units: Units = _available) -> Free:
    """The units that buyers may get of each part, by the locations that sell online."""
    items = [view.items[sku] for sku in recipe.skus]
    free: dict[str, dict[str, int]] = {}
    for id_, location in view.locations.items():
        if location.active and location.sells_online:
            free[id_] = {
                item.sku: offered(
                    units(view.level(item.sku, id_)), safety_at(item.safety_stock, id_)
                )
                for item in items
                if not item.archived
            }
    return free


def _updated_at(view: "View", recipe: Recipe | None, own: SkuStock) -> int:
    levels = (
        view.levels.get((sku, id_))
        for sku in (() if recipe is None else recipe.skus)
        for id_ in view.locations
    )
    return max([own.updated_at, *(level.updated_at for level in levels if level is not None)])
