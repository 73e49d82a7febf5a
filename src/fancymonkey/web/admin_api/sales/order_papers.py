"""The pick list and the packing slips of orders as PDF files."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from fancymonkey.accounts.model import Actor
from fancymonkey.core.orders.rows import Order
from fancymonkey.pdf.papers import PickList, Slip
from fancymonkey.services.sales.order_papers import (
    PAPER_ORDERS_MAX,
    as_pdf,
    packing_slips,
    pick_lists,
)
from fancymonkey.web.admin_api.sales.order_limits import order_seen
from fancymonkey.web.admin_api.sales.order_out import order_json
from fancymonkey.web.auth.location_limits import check_locations
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.files import file_response, files_of
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import Text
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/orders", tags=["orders"], route_class=AuthorizedRoute)

PDF = "application/pdf"
Names = Annotated[
    list[Text],
    Query(
        alias="id",
        description=f"Orders by id, number or payment, {PAPER_ORDERS_MAX} at most; without any, "
        f"the {PAPER_ORDERS_MAX} earliest orders to ship",
    ),
]
Location = Annotated[Text | None, Query(description="Only the units at this location")]
PaperSize = Annotated[
    Literal["a4", "letter"], Query(description="Size of the paper: `a4` (the default) or `letter`")
]


@router.get(
    "/pick-list",
    summary="Print a pick list as PDF",
    dependencies=[requires("read", by_location=True)],
    response_class=Response,
    responses=files_of(PDF) | refusals(404, 409),
)
async def pick_list(
    context: Context,
    actor: Caller,
    id: Names = [],  # noqa: B006
    location: Location = None,
    paper: PaperSize = "a4",
) -> Response:
    """Returns the units to take from each location, for all orders together."""
    orders = await _orders(context, actor, id, location)
    return await _file(context, pick_lists(orders, location), "pick-list", paper)


@router.get(
    "/packing-slips",
    summary="Print packing slips as PDF",
    dependencies=[requires("stock", by_location=True)],
    response_class=Response,
    responses=files_of(PDF) | refusals(404, 409),
)
async def slips(
    context: Context,
    actor: Caller,
    id: Names = [],  # noqa: B006
    location: Location = None,
    paper: PaperSize = "a4",
) -> Response:
    """Returns a packing slip for each parcel, with the buyer's address and a bar code."""
    orders = await _orders(context, actor, id, location)
    zone = context.settings.schedule.time_zone
    return await _file(context, packing_slips(orders, zone, location), "packing-slips", paper)


async def _orders(
    context: AppContext, actor: Actor, names: Sequence[str], location: str | None
) -> list[dict[str, Any]]:
    """The orders as JSON, with the units and the data that the caller may see."""
    if location is not None:
        check_locations(actor, location)
        if location not in context.engine.view.locations:
            raise unknown_location(location)
    if len(names) > PAPER_ORDERS_MAX:
        raise Problem(422, "invalid_request", f"A file can have at most {PAPER_ORDERS_MAX} orders.")
    rows: dict[str, Order] = {}
    for name in dict.fromkeys(names):
        order = await order_seen(context, actor, name)
        if order is None:
            raise Problem(404, "unknown_order", f"There is no order {name[:100]}.")
        rows[order.order_id] = order
    if not names:
        orders = await context.services.orders.to_ship(location, actor.locations, PAPER_ORDERS_MAX)
        rows = {order.order_id: order for order in orders}
    return [await order_json(context, actor, order) for order in rows.values()]


async def _file(
    context: AppContext, papers: Sequence[PickList] | Sequence[Slip], name: str, paper: str
) -> Response:
    if not papers:
        raise Problem(409, "nothing_to_ship", "No unit of these orders is ready to be shipped.")
    with context.sheets:
        body, _ = await asyncio.to_thread(partial(as_pdf, papers, paper))
    return file_response(body, PDF, f"{name}.pdf")
