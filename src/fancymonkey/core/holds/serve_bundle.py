"""Serves a new hold of one bundle with fixed, ordinary parts, without the steps of `serve`.

The result is that of `serve` for the same line.
"""

from fancymonkey.core.bundles.sale_rules import not_for_sale
from fancymonkey.core.holds.lines import Lines
from fancymonkey.core.holds.served import Served
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY, Allocation, Item
from fancymonkey.core.state import State
from fancymonkey.core.stock.sku_stock import offered, safety_at


def serve_bundle(state: State, lines: Lines, location: str) -> Served | None:
    """The parts of the bundles of one line from a location; None if `serve` has to decide.

    It decides for several lines, for pre-built units, for limits, and if parts are too few.
    """
    if len(lines) > 1:
        return None
    ((sku, line),) = lines.items()
    item, quantity = state.get(Item, sku), line.quantity
    if item is None or not _is_simple(state, item, quantity) or _offered(state, item, location) > 0:
        return None
    allocations: list[Allocation] = []
    sets_left: list[int] = []
    for component in item.components:
        part_sku, each = component.sku, component.quantity
        part = state.get(Item, part_sku)
        if part is None or part.bundle is not None or part.archived or component.keep:
            return None
        taken = each * quantity
        left = _offered(state, part, location) - taken
        if left < 0:
            return None
        allocations.append(Allocation(part_sku, taken, location))
        sets_left.append(left // each)
    sets = min(sets_left)
    return Served(
        tuple(allocations),
        _sold_parts(item),
        (f"{location} has all of it.",),
        None,
        ((sku, quantity, sets + quantity, quantity, sets),),
    )


def _is_simple(state: State, item: Item, quantity: int) -> bool:
    """Whether the bundle can be sold now, and has fixed parts only and each once."""
    rules, components = item.bundle, item.components
    return (
        rules is not None
        and not (item.archived or item.sold_out or item.groups or quantity < 1)
        and rules.max_sold is None
        and not_for_sale(state, item, quantity) is None
        and 0 < len({part.sku for part in components}) == len(components) <= MAX_LINES
        and max([part.quantity for part in components]) <= MAX_QUANTITY
    )


def _offered(state: State, item: Item, location: str) -> int:
    """The units of an item that the shop offers at a location."""
    level = state.level(item.sku, location)
    units = level.on_hand - level.reserved - level.allocated
    return offered(units, safety_at(item.safety_stock, location)) if item.safety_stock else units


def _sold_parts(item: Item) -> tuple[SoldPart, ...]:
    """The parts of one bundle as they are sold. Holds of the same version share them."""
    known = _KNOWN.get(item.sku)
    if known is None or known[0] is not item:
        if len(_KNOWN) >= _KNOWN_MAX:
            _KNOWN.clear()
        version = 0 if item.bundle is None else item.bundle.version
        parts = [SoldPart(item.sku, version, part.sku, part.quantity) for part in item.components]
        known = _KNOWN[item.sku] = (item, tuple(parts))
    return known[1]


_KNOWN: dict[str, tuple[Item, tuple[SoldPart, ...]]] = {}
_KNOWN_MAX = 10_000
