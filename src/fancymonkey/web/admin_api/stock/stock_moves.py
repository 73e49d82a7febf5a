"""Moves between states, safety stock, and the stock of a size by location, over HTTP."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from fancymonkey.accounts.model import Actor
from fancymonkey.core.command import Command
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.model import split_sku
from fancymonkey.core.stock.move import MoveStock
from fancymonkey.core.stock.safety_stock import SetSafetyStock
from fancymonkey.core.stock.sku_stock import SkuStock, safety_at
from fancymonkey.engine.view.view import View
from fancymonkey.spreadsheets.imports.import_plan import with_actor
from fancymonkey.web.admin_api.request_changes import RequestChanges, raise_refused
from fancymonkey.web.admin_api.stock.stock_move_models import (
    ChangedStock,
    LocationStock,
    MoveStockBody,
    SafetyStockBody,
    StockByLocation,
)
from fancymonkey.web.auth.location_limits import check_locations, may_see
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import request_fingerprint
from fancymonkey.web.http.query_params import Text
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/stock", tags=["transfers"], route_class=AuthorizedRoute)


async def changes_of(
    context: Context, request: Request, call: Call, actor: Caller, key: IdempotencyKey
) -> RequestChanges:
    """The changes of this request, which may be repeated with its key."""
    mark = "" if key is None else request_fingerprint(call, await request.body())
    return RequestChanges(context, actor.name, "move", key=key, digest=mark)


Changes = Annotated[RequestChanges, Depends(changes_of)]


@router.get(
    "",
    summary="List the stock of a size by location and state",
    dependencies=[requires("read", by_location=True)],
    responses=refusals(404),
)
async def stock_by_location(
    context: Context,
    product_id: Annotated[Text, Query(alias="productId", description="The product")],
    size: Annotated[Text, Query(description="The size")],
    actor: Caller,
) -> StockByLocation:
    """Returns the units of a size at every location, including those that are not for sale."""
    sku = _sku(context, product_id, size)
    return {"success": True, **_stock_by_location(context, sku, actor)}  # type: ignore[typeddict-item]


@router.post(
    "/move",
    summary="Move units to another state or location",
    dependencies=[requires("stock", by_location=True)],
    responses=refusals(404, 409),
)
async def move_stock(
    call: Call, actor: Caller, doing: Changes, body: MoveStockBody
) -> ChangedStock:
    """Moves units between states and locations, in one change that can be undone."""
    check_locations(actor, body.location, body.to_location or body.location)
    command = MoveStock(
        sku=_sku(doing.shop, body.product_id, body.size),
        quantity=body.quantity,
        from_location=body.location,
        to_location=body.location if body.to_location is None else body.to_location,
        from_state=_state(body.from_),
        to_state=_state(body.to),
        reason=body.reason,
    )
    return await _do(doing, call, actor, command, body.reason)


@router.post(
    "/safety",
    summary="Set the safety stock of a size at a location",
    dependencies=[requires("stock", by_location=True)],
    responses=refusals(404, 409),
)
async def set_safety_stock(
    call: Call, actor: Caller, doing: Changes, body: SafetyStockBody
) -> ChangedStock:
    """Sets the units that the shop does not offer; they stay on hand."""
    check_locations(actor, body.location)
    doing.action = "safety stock"
    command = SetSafetyStock(
        sku=_sku(doing.shop, body.product_id, body.size),
        location=body.location,
        quantity=body.quantity,
        was=body.was,
        reason=body.reason,
    )
    return await _do(doing, call, actor, command, body.reason)


async def _do(
    doing: RequestChanges,
    call: Call,
    actor: Actor,
    command: MoveStock | SetSafetyStock,
    reason: str,
) -> ChangedStock:
    doing.reason = reason
    raise_refused(await doing.whole([partial(_caused, command, doing)]))
    call.about = command.sku[:100]
    answer = _stock_by_location(doing.shop, command.sku, actor)
    return {"success": True, "changeId": doing.change_id, **answer}  # type: ignore[typeddict-item]


def _caused(command: Command, doing: RequestChanges, act_id: str) -> Command:
    return with_actor(command, doing.actor, act_id)


def _state(name: str) -> StockState | None:
    return None if name == "for_sale" else StockState(name)


def _sku(context: AppContext, product_id: str, size: str) -> str:
    """The key of a size. Raises Problem 404 if there is none."""
    sku = context.spelling.sku(product_id, size)
    if "/" in product_id or sku not in context.engine.view.items:
        raise Problem(404, "unknown_item", "No such product or size.")
    return sku


def _stock_by_location(context: AppContext, sku: str, actor: Actor) -> dict[str, Any]:
    """The answer about the stock of a size, at the locations that the caller may see."""
    context.stock_rows.stop_counting_due()
    view = context.engine.view
    product_id, size = split_sku(sku)
    stocks = view.stock_by_location(sku)
    return {
        "productId": product_id,
        "size": size,
        "locations": [
            _location_stock(view, id_, stocks.get(id_) or SkuStock(sku), sku)
            for id_, location in view.locations.items()
            if (location.active or id_ in stocks) and may_see(actor, id_)
        ],
        "revision": view.revision,
    }


def _location_stock(view: View, location_id: str, stock: SkuStock, sku: str) -> LocationStock:
    return {
        "location": location_id,
        "name": view.locations[location_id].name,
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": stock.available,
        "safetyStock": safety_at(view.items[sku].safety_stock, location_id),
        "damaged": stock.damaged,
        "quarantine": stock.quarantine,
        "returned": stock.returned,
        "inTransit": stock.in_transit,
    }
