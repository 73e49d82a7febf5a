"""Serves a new hold of one ordinary line, the most frequent kind, without the steps of `serve`.

The result is that of `serve` for the same line.
"""

from fancymonkey.core.holds.lines import Lines
from fancymonkey.core.holds.served import Served
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import Location, first_location
from fancymonkey.core.locations.route_line import choose_location
from fancymonkey.core.locations.routing import Routing
from fancymonkey.core.model import Allocation, Item
from fancymonkey.core.state import State
from fancymonkey.core.stock.sku_stock import offered, safety_at


def serve_line(state: State, lines: Lines, routing: Routing) -> Served | None:
    """The units of one line from one location that has all; None if `serve` has to decide.

    It decides for several lines, for a bundle, for a line that cannot be sold, and for one that
    needs a search.
    """
    if len(lines) > 1:
        return None
    ((sku, line),) = lines.items()
    quantity = line.quantity
    item = state.get(Item, sku)
    if item is None or item.bundle is not None or item.archived or item.sold_out or quantity < 1:
        return None
    if routing.only_from is not None or routing.pickup_at is not None:
        return None
    safety_stock = item.safety_stock
    offers = []
    on_hand = reserved = available = free_units = locations = 0
    first = first_location()
    for level in state.levels_of(sku):
        account = level.location
        location = state.get(Location, account)
        if location is None:  # see `location_of`
            if account == first.location_id:
                location = first
            elif not is_for_sale(account):
                continue
        on_hand += level.on_hand
        reserved += level.reserved
        locations += 1
        free = level.on_hand - level.reserved - level.allocated
        if safety_stock:
            free = offered(free, safety_at(safety_stock, account))
        available += free
        if free > 0:
            free_units += free
            if location is not None and location.active and location.sells_online:
                offers.append((location, free))
    choice = choose_location(quantity, offers, routing)
    if choice is None:
        return None
    left = (available if locations == 1 else free_units) - quantity  # see `totals`
    return Served(
        (Allocation(sku, quantity, choice.location_id),),
        (),
        choice.because,
        choice.options,
        ((sku, quantity, on_hand, reserved + quantity, left),),
    )
