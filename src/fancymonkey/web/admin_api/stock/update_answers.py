"""The rows of the answers of update and bulk-update."""

from typing import Any

from fancymonkey.core.group_answers import SkuChange
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import split_sku
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.stock.answers import StockAnswer, StockAtLocation
from fancymonkey.engine.view.view import View
from fancymonkey.web.http.bodies import wire


def row_out(view: View, change: SkuChange, at: str | None) -> dict[str, Any]:
    """A changed row, with the stock before and the holds that ended; `at`: as in `_stock_out`."""
    before = change.before
    return {
        **_stock_out(view, change.stock, at),
        "previous": None if before is None else _stock_out(view, before, at),
        "holdsEnded": [
            {"reservationId": hold.reservation_id, "sessionId": hold.session_id}
            for hold in change.ended
        ],
    }


def _stock_out(view: View, stock: StockAnswer, at: str | None) -> dict[str, Any]:
    """A SKU; where the shop has several locations, with its stock at each that has any.

    `at`: only with its stock at this location.
    """
    if at is not None:
        return _stock_at(view, stock, at)
    row = wire.stock_out(stock)
    if stock.locations:
        row["locations"] = [at_location._asdict() for at_location in stock.locations]
    elif view.has_several_locations:
        numbers = (stock.on_hand, stock.reserved, stock.available)
        row["locations"] = [StockAtLocation(DEFAULT_LOCATION, *numbers)._asdict()]
    return row


def _stock_at(view: View, stock: StockAnswer, location: str) -> dict[str, Any]:
    """A SKU with its stock at one location."""
    at_locations = {at_location.location: at_location for at_location in stock.locations}
    if not at_locations:  # all units are at the first location
        numbers = (stock.on_hand, stock.reserved, stock.available)
        at_locations[DEFAULT_LOCATION] = StockAtLocation(DEFAULT_LOCATION, *numbers)
    at_location = at_locations.get(location) or StockAtLocation(location, 0, 0, 0)
    there = view.stock_at(stock.sku, location)
    return {
        **wire.stock_out(stock),
        "stock": at_location.stock,
        "reserved": at_location.reserved,
        "available": at_location.available,
        "backordered": there.backordered,
        "short": there.short,
        "locations": [at_location._asdict()],
    }


def failed_out(index: int, sku: str, refused: Refused) -> dict[str, Any]:
    """A refused row, with the code and the reason."""
    product_id, size = split_sku(sku)
    given = refused.detail
    detail = dict(given[0] if isinstance(given, list) else given or {})
    if refused.code is Code.STALE and "onHand" in detail:
        detail |= {"field": "stock", "present": detail["onHand"]}
    return {
        "index": index,
        "productId": product_id,
        "size": size,
        "code": refused.code,
        "reason": refused.message,
        **{name: value for name, value in detail.items() if name != "sku"},
    }
