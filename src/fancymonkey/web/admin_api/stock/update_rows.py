"""The rows of an update, each read alone, and the rows of its answer."""

from collections.abc import Container
from datetime import datetime
from typing import Any

import msgspec

from fancymonkey.accounts.model import Actor
from fancymonkey.core.changes.bulk import Change, chain
from fancymonkey.core.group_answers import SkuChange
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, split_sku
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.stock.adjust import UNCHANGED, Unchanged
from fancymonkey.core.stock.answers import StockAnswer, StockAtLocation
from fancymonkey.engine.view.view import View
from fancymonkey.web.auth.location_limits import check_locations, check_whole_shop
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.read_models.stock_listing import unknown_location

RowChange = tuple[str, str, Change]
"""A SKU, a location, and the change of the SKU there."""


def row_change(spelling: Spelling, locations: Container[str], row: wire.UpdateRow) -> RowChange:
    """The SKU, the location and the change of a row. Raises Problem if the row is not valid."""
    if row.stock is not None and row.adjust_stock is not None:
        raise Problem(422, "conflicting_fields", "Send either `stock` or `adjustStock`, not both.")
    if row.expected is not None and row.stock is None:
        raise Problem(422, "conflicting_fields", "`expected` requires `stock`.")
    if row.receipt and (row.adjust_stock is None or row.adjust_stock < 1):
        raise Problem(422, "conflicting_fields", "`receipt` requires an `adjustStock` above 0.")
    if "/" in row.product_id:
        raise Problem(404, "unknown_item", "No such product or size.")
    expected, was = _was(row)
    change = Change(
        count=row.stock,
        expected=expected,
        adjust=row.adjust_stock,
        kind=Kind.RECEIVED if row.receipt else Kind.ADJUSTED,
        reserved=row.reserved,
        low_stock_threshold=row.low_stock_threshold,
        sold_out=row.sold_out,
        restock_date=restock_date_of(row.restock_date),
        was=was,
        reason=row.reason,
    )
    sku = spelling.sku(row.product_id, row.size)
    location = DEFAULT_LOCATION if row.location is None else row.location
    if location not in locations:
        raise unknown_location(location)
    if not chain(sku, change, location=location).commands:
        raise Problem(
            422,
            "nothing_to_do",
            "Send at least one of stock, adjustStock, reserved, lowStockThreshold, soldOut or "
            "restockDate.",
        )
    return sku, location, change


def check_units_only(actor: Actor, location: str, change: Change) -> None:
    """Raises Problem 403 if the caller is limited and this is not a change of its own units.

    Thresholds, dates and the switch for sold out belong to no location, and a lower number of
    reserved units ends holds that may have units at several.
    """
    check_locations(actor, location)
    settings = (change.low_stock_threshold, change.sold_out, change.reserved)
    if settings != (None, None, None) or change.restock_date is not UNCHANGED:
        check_whole_shop(actor, "Settings and reserved units are")


def _was(row: wire.UpdateRow) -> tuple[int | None, tuple[tuple[str, Any], ...]]:
    """The values that the owner saw, of the stock and of other fields. Raises Problem 422."""
    if row.was is None:
        return row.expected, ()
    seen = msgspec.to_builtins(row.was)
    stock = seen.pop("stock", None)
    changed = {
        "lowStockThreshold": row.low_stock_threshold is not None,
        "soldOut": row.sold_out is not None,
        "restockDate": not isinstance(row.restock_date, msgspec.UnsetType),
    }
    alone = [name for name in seen if not changed[name]]
    if alone or (stock is not None and (row.stock is None or row.expected is not None)):
        name = alone[0] if alone else "stock"
        raise Problem(422, "conflicting_fields", f"`was.{name}` requires a new `{name}`.")
    return row.expected if stock is None else stock, tuple(seen.items())


def restock_date_of(text: str | msgspec.UnsetType | None) -> str | Unchanged | None:
    """The restock date of a body. Raises Problem 422 if it is not a date."""
    if isinstance(text, msgspec.UnsetType):
        return UNCHANGED
    if text is not None:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise Problem(
                422, "invalid_request", "restockDate must be an ISO 8601 date or null."
            ) from None
    return text


def names_in(row: msgspec.Raw) -> dict[str, Any]:
    """The product and size of a malformed row, as far as they can be read."""
    try:
        fields = msgspec.json.decode(row)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {
        name: fields[name] for name in ("productId", "size") if isinstance(fields.get(name), str)
    }


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
