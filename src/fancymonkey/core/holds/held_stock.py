"""The stock of the lines of a `Reserve` after it, where `serve` found the units."""

from fancymonkey.core.holds.lines import Lines
from fancymonkey.core.model import Item, Reservation
from fancymonkey.core.state import State
from fancymonkey.core.stock.answers import MovedLine
from fancymonkey.core.stock.sku_stock import Totals, offered, safety_at, totals


def stock_of_lines(
    state: State, lines: Lines, location: str | None, hold: Reservation
) -> tuple[MovedLine, ...]:
    """The units that the hold has of the requested lines, and the stock of each after it.

    The stock is that at the location that served them, or (None) at all of them. The stock of a
    bundle is the number of bundles that its scarcest part allows, with those of this hold among the
    reserved ones.
    """
    rows: dict[str, MovedLine] = {}
    for sku, line in lines.items():
        quantity = line.quantity
        parts = [part for part in hold.parts or () if part.bundle == sku]
        if parts:
            sets = min(
                [max(0, _available(state, part.sku, location)) // part.quantity for part in parts]
            )
            sets += max(0, _available(state, sku, location))
            rows[sku] = (sku, quantity, sets + quantity, quantity, sets)
        else:
            rows[sku] = (sku, quantity, *_stock(state, sku, location))
    return tuple(rows.values())


def _stock(state: State, sku: str, location: str | None) -> Totals:
    """The stock of a SKU at a location, or at all of them."""
    item = state.get(Item, sku)
    levels = state.levels_of(sku) if location is None else [state.level(sku, location)]
    return totals(levels, () if item is None else item.safety_stock)


def _available(state: State, sku: str, location: str | None) -> int:
    """The available units of `_stock`; at a single location without its other totals."""
    if location is None:
        return _stock(state, sku, None)[2]
    units = state.level(sku, location).available
    item = state.get(Item, sku)
    if item is None or not item.safety_stock:
        return units
    return offered(units, safety_at(item.safety_stock, location))
