"""The stock of the lines of a `Reserve` after it, where `serve` found the units."""

from fancymonkey.core.holds.serve import UnitsRequest
from fancymonkey.core.model import Item, Reservation
from fancymonkey.core.state import State
from fancymonkey.core.stock.answers import MovedLine
from fancymonkey.core.stock.sku_stock import Totals, offered, safety_at, totals


def stock_of_lines(state: State, request: UnitsRequest, hold: Reservation) -> tuple[MovedLine, ...]:
    """The units that the hold has of the requested lines, and the stock of each after it.

    The stock of a bundle is the number of bundles that its scarcest part allows, with those of this
    hold among the reserved ones.
    """
    rows: dict[str, MovedLine] = {}
    for sku, line in request.lines.items():
        quantity = line.quantity
        parts = [part for part in hold.parts or () if part.bundle == sku]
        if parts:
            sets = min(
                [max(0, _available(state, request, part.sku)) // part.quantity for part in parts]
            )
            sets += max(0, _available(state, request, sku))
            rows[sku] = (sku, quantity, sets + quantity, quantity, sets)
        else:
            rows[sku] = (sku, quantity, *_stock(state, request, sku))
    return tuple(rows.values())


def _stock(state: State, request: UnitsRequest, sku: str) -> Totals:
    """The stock of a SKU at the locations that the request may be served from."""
    item = state.get(Item, sku)
    routed = request.routing is not None
    levels = state.levels_of(sku) if routed else [state.level(sku, request.location)]
    return totals(levels, () if item is None else item.safety_stock)


def _available(state: State, request: UnitsRequest, sku: str) -> int:
    """The available units of `_stock`; at a single location without its other totals."""
    if request.routing is not None:
        return _stock(state, request, sku)[2]
    units = state.level(sku, request.location).available
    item = state.get(Item, sku)
    if item is None or not item.safety_stock:
        return units
    return offered(units, safety_at(item.safety_stock, request.location))
