"""Serves a new hold of one bundle with fixed, ordinary parts, without the steps of `serve`.

The result is that of `serve` for the same line.
"""

from fancymonkey.core.bundles.sale_rules import not_for_sale
from fancymonkey.core.bundles.simple_bundle import SimpleBundle, simple_bundle
from fancymonkey.core.holds.lines import Lines
from fancymonkey.core.holds.served import Served
from fancymonkey.core.model import Item, Level
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.sku_stock import offered, safety_at


def needs_bundle(state: State, item: Item, location: str) -> tuple[Key, ...] | None:
    """The rows that `serve` reads for a bundle at a location, from a cache.

    None for an ordinary item, and where further rows are needed or may be.
    """
    bundle = None if item.bundle is None else simple_bundle(item)
    if bundle is None:
        return None
    parts = state.rows_of(Item, bundle.skus)
    if any(part is None or part.bundle is not None for part in parts):
        return None
    return bundle.keys(location)


def serve_bundle(state: State, lines: Lines, location: str) -> Served | None:
    """The parts of the bundles of one line from a location; None if `serve` has to decide.

    It decides for several lines, for pre-built units, for limits, and if parts are too few.
    """
    if len(lines) > 1:
        return None
    ((sku, line),) = lines.items()
    item, quantity = state.get(Item, sku), line.quantity
    bundle = None if item is None else _for_sale(state, item, quantity)
    if item is None or bundle is None or _pre_built(state, item, location) > 0:
        return None
    levels: list[Level] = []
    sets_left: list[int] = []
    parts = state.rows_of(Item, bundle.skus)
    rows = state.rows_of(Level, bundle.levels(location))
    for (_, each), part, level in zip(bundle.parts, parts, rows, strict=True):
        if part is None or level is None or part.bundle is not None or part.archived:
            return None
        units = level.on_hand - level.reserved - level.allocated
        if part.safety_stock:
            units = offered(units, safety_at(part.safety_stock, location))
        left = units - each * quantity
        if left < 0:
            return None
        levels.append(level)
        sets_left.append(left // each)
    sets = min(sets_left)
    return Served(
        bundle.allocations(quantity, location),
        bundle.sold_parts,
        (f"{location} has all of it.",),
        None,
        ((sku, quantity, sets + quantity, quantity, sets),),
        tuple(levels),
    )


def _for_sale(state: State, item: Item, quantity: int) -> SimpleBundle | None:
    """The shared values of the bundle if it is a simple one that can be sold now."""
    if item.bundle is None or quantity < 1 or not_for_sale(state, item, quantity) is not None:
        return None
    return simple_bundle(item)


def _pre_built(state: State, item: Item, location: str) -> int:
    """The finished units of a bundle that the shop offers at a location."""
    units = state.level(item.sku, location).available
    return offered(units, safety_at(item.safety_stock, location)) if item.safety_stock else units
