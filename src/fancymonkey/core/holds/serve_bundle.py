"""Serves a new hold of one bundle with fixed, ordinary parts, without the steps of `serve`.

The result is that of `serve` for the same line.
"""

from fancymonkey.core.bundles.recipe import units_of_plain
from fancymonkey.core.bundles.sale_rules import not_for_sale
from fancymonkey.core.holds.lines import Lines
from fancymonkey.core.holds.served import Served
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import Allocation, Item
from fancymonkey.core.state import State
from fancymonkey.core.stock.sku_stock import offered, safety_at


def serve_bundle(state: State, lines: Lines, location: str) -> Served | None:
    """The parts of the bundles of one line from a location; None if `serve` has to look.

    That is so for several lines, for pre-built units, for limits, and where parts are too few.
    """
    if len(lines) > 1:
        return None
    ((sku, line),) = lines.items()
    quantity = line.quantity
    item = state.get(Item, sku)
    if item is None or item.bundle is None or item.archived or item.sold_out or quantity < 1:
        return None
    rules = item.bundle
    if rules.max_sold is not None or not_for_sale(state, item, quantity) is not None:
        return None
    if any(part.keep for part in item.components) or _offered(state, item, location) > 0:
        return None
    parts: dict[str, Item] = {}

    def lookup(part: str) -> Item | None:
        row = state.get(Item, part)
        if row is not None:
            parts[part] = row
        return row

    units = units_of_plain(item, lookup)
    if not units:
        return None
    allocations = []
    sets = None
    for part, each in units.items():
        taken = each * quantity
        left = _offered(state, parts[part], location) - taken
        if left < 0 or parts[part].archived:
            return None
        allocations.append(Allocation(part, taken, location))
        sets = left // each if sets is None else min(sets, left // each)
    assert sets is not None
    version = rules.version
    return Served(
        tuple(allocations),
        tuple([SoldPart(sku, version, part, each) for part, each in units.items()]),
        (f"{location} has all of it.",),
        None,
        ((sku, quantity, sets + quantity, quantity, sets),),
    )


def _offered(state: State, item: Item, location: str) -> int:
    """The units of an item that the shop offers at a location."""
    units = state.level(item.sku, location).available
    return offered(units, safety_at(item.safety_stock, location)) if item.safety_stock else units
