"""Orders over HTTP, for the owner and the staff: list, ship, move, cancel, return, erase."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from fancymonkey.accounts.model import Actor
from fancymonkey.core.command import Command
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.model import Line, Outcome
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.erase import EraseBuyer
from fancymonkey.core.orders.money import money_key, read_money
from fancymonkey.core.orders.rows import Order, OrderStatus
from fancymonkey.core.orders.ship import MoveOrderAllocation, ShipOrder
from fancymonkey.core.orders.unship import CancelShipment
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.payments.answers import PaymentNews
from fancymonkey.errors import PaymentRefused, PaymentUnknown
from fancymonkey.payments.order_refunds import RefundRequest, refund_once
from fancymonkey.services.changes.request_key import RequestKey
from fancymonkey.services.sales.orders import OrderFilter
from fancymonkey.web.admin_api.sales.order_limits import locations_seen, order_seen
from fancymonkey.web.admin_api.sales.order_models import (
    CancelBody,
    EraseBody,
    MoveBody,
    OrderBody,
    OrderPage,
    OrderResult,
    ReturnBody,
    ShipBody,
    UnshipBody,
)
from fancymonkey.web.admin_api.sales.order_out import order_json, sees_buyers
from fancymonkey.web.admin_api.sales.refund_models import RefundBody, asked_amount
from fancymonkey.web.auth.location_limits import check_locations
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import JsonBody, json_response
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.http.problems.refusals import refusal, request_fingerprint
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Words
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/orders", tags=["orders"], route_class=AuthorizedRoute)
UNKNOWN = Refused(Code.UNKNOWN_ORDER, "This order does not exist.")
Change = dict[str, Any]
"""The fields of a change as its command takes them."""


@router.get(
    "",
    summary="List orders",
    dependencies=[requires("read", by_location=True)],
    response_model=OrderPage,
    responses=refusals(404),
)
async def list_orders(
    context: Context,
    actor: Caller,
    status: Annotated[
        OrderStatus | None,
        Query(description="`to_ship`, `partly_shipped`, `shipped`, `cancelled` or `returned`"),
    ] = None,
    location: Annotated[
        Text | None, Query(description="Only orders with units to ship at this location")
    ] = None,
    q: Annotated[
        Words | None,
        Query(description="Search words of a number, product, payment, tracking number or buyer"),
    ] = None,
    id: Annotated[
        Text | None, Query(description="Only the order with this id, number or payment")
    ] = None,
    sort: Annotated[
        Literal["newest", "oldest"],
        Query(description="`newest` (the default) or `oldest`: the orders that begin the list"),
    ] = "newest",
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    after: Annotated[Words | None, Query(description="`next` of the previous page")] = None,
) -> Any:
    """Returns orders, the newest first unless `sort` is `oldest`."""
    revision = context.engine.view.revision
    index = context.services.orders
    if id is not None:
        order = await order_seen(context, actor, id)
        orders, following = [] if order is None else [order], None
    else:
        if location is not None:
            check_locations(actor, location)
            if location not in context.engine.view.locations:
                raise unknown_location(location)
        wanted = OrderFilter(
            status, location, q or "", buyers=sees_buyers(actor), within=actor.locations
        )
        orders, following = await index.page(
            wanted, limit, _start(after or None), oldest_first=sort == "oldest"
        )
    return json_response(
        OrderPage(
            success=True,
            orders=[await order_json(context, actor, order) for order in orders],
            counts={
                str(name): count for name, count in (await index.counts(actor.locations)).items()
            },
            locations=locations_seen(context, actor),
            refunds=context.checkouts is not None and not actor.locations,
            next=None if following is None else str(following),
            revision=revision,
        )
    )


@router.post(
    "/ship",
    summary="Ship units of an order",
    dependencies=[requires("stock", by_location=True)],
    response_model=OrderResult,
    responses=refusals(404, 409),
)
async def ship_order(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: ShipBody
) -> Any:
    """Records that units have left, whole or in part, with carrier and tracking number."""
    check_locations(actor, body.location)
    change = {
        "location": body.location,
        "only_there": bool(actor.locations),
        "carrier": body.carrier,
        "tracking_number": body.tracking_number,
    }
    return await _change(context, request, actor, key, ShipOrder, body, change)


@router.post(
    "/unship",
    summary="Cancel a shipment that was recorded by mistake",
    dependencies=[requires("stock")],
    response_model=OrderResult,
    responses=refusals(404, 409),
)
async def cancel_shipment(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: UnshipBody
) -> Any:
    """Puts the units of a shipment back: they wait to be shipped, as before."""
    change = {"shipment": body.shipment, "reason": body.reason}
    return await _change(context, request, actor, key, CancelShipment, body, change)


@router.post(
    "/move",
    summary="Move units of an order to another location",
    dependencies=[requires("stock", by_location=True)],
    response_model=OrderResult,
    responses=refusals(404, 409),
)
async def move_order(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: MoveBody
) -> Any:
    """Lets another location ship units; the one that had them gets its units back."""
    check_locations(actor, body.location, body.to)
    change = {"location": body.location, "to": body.to, "reason": body.reason}
    return await _change(context, request, actor, key, MoveOrderAllocation, body, change)


@router.post(
    "/cancel",
    summary="Cancel units of an order before they ship",
    dependencies=[requires("stock", by_location=True)],
    response_model=OrderResult,
    responses=refusals(404, 409),
)
async def cancel_order(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: CancelBody
) -> Any:
    """Cancels units that have not left: others can buy them. It refunds nothing."""
    check_locations(actor, body.location)
    change = {"location": body.location, "reason": body.reason}
    return await _change(context, request, actor, key, CancelOrderLine, body, change)


@router.post(
    "/return",
    summary="Take back units of an order",
    dependencies=[requires("stock", by_location=True)],
    response_model=OrderResult,
    responses=refusals(404, 409),
)
async def return_order(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: ReturnBody
) -> Any:
    """Takes back units that have left, each at most once, into a location and a state."""
    check_locations(actor, body.location)
    state = None if body.state == "for_sale" else StockState(body.state)
    change = {"location": body.location, "state": state, "reason": body.reason}
    return await _change(context, request, actor, key, ReturnOrder, body, change)


@router.post(
    "/erase",
    summary="Erase the personal data of an order",
    dependencies=[requires("stock")],
    response_model=OrderResult,
    responses=refusals(404, 409),
)
async def erase_buyer(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: EraseBody
) -> Any:
    """Erases name, addresses and phone of the buyer. It cannot be undone."""
    return await _change(context, request, actor, key, EraseBuyer, body, {})


@router.post(
    "/refund",
    summary="Refund the payment of an order, or a part of it",
    dependencies=[requires("admin")],
    response_model=OrderResult,
    responses=refusals(404, 409, 502),
)
async def refund_order(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: RefundBody
) -> Any:
    """Refunds the payment at Stripe, or an `amount` of it. It moves no units.

    With `refunded`, the sum that the caller saw, it is refused as `stale` if that has changed.
    """
    order = await context.services.orders.by_name(body.id)
    payment = None if order is None else order.intent or order.payment_id
    if order is None or payment is None:
        raise refusal(UNKNOWN)
    if context.checkouts is None:
        raise Problem(
            503, "not_configured", "Refunds are not configured. Set STRIPE_SECRET_KEY and restart."
        )
    money = read_money(await context.engine.store.find(*money_key(order.order_id)))
    digest = "" if key is None else request_fingerprint(request, _content(body))
    known = key is not None and await context.engine.store.find(Outcome, key.id) is not None
    amount = None if known else asked_amount(order, money, body)
    sent = RefundRequest(
        order,
        payment,
        amount,
        None if key is None else key.id,
        None if key is None else key.former,
        digest,
        actor.name,
    )
    try:
        answer = await refund_once(context.engine, context.checkouts.gateway, sent, money)
    except PaymentRefused as error:
        if error.code != "charge_already_refunded":
            raise Problem(502, "payment_failed", f"Nothing was refunded. {error}") from None
        raise Problem(409, "already_refunded", "This payment was refunded before.") from None
    except PaymentUnknown as error:
        raise Problem(503, "payment_unavailable", f"{error} Try again.") from None
    context.payers.forget(payment)
    if isinstance(answer, Refused):
        raise refusal(answer)
    if answer.data == PaymentNews("refund failed"):
        raise Problem(502, "payment_failed", "Stripe could not refund the payment.")
    after = await context.engine.store.find(Order, order.order_id) or order
    out = await order_json(context, actor, after)
    revision = context.engine.view.revision
    return json_response(OrderResult(success=True, order=out, revision=revision))


async def _change(
    context: AppContext,
    request: Request,
    actor: Actor,
    key: RequestKey | None,
    kind: type[Command],
    body: JsonBody,
    change: Change,
) -> Any:
    """Runs a command about an order, and returns the response with the order after it."""
    sent: Any = body
    order = await order_seen(context, actor, sent.id)
    if order is None:
        raise refusal(UNKNOWN)
    if isinstance(body, OrderBody):
        change = {**change, "lines": _lines(context, body)}
    command: Any = kind
    answer = await context.engine.submit(
        command(
            order_id=order.order_id,
            **change,
            actor=actor.name,
            command_id=None if key is None else key.id,
            former_id=None if key is None else key.former,
            digest="" if key is None else request_fingerprint(request, _content(body)),
        )
    )
    if isinstance(answer, Refused):
        raise refusal(answer)
    after = await context.engine.store.find(Order, order.order_id) or order
    out = await order_json(context, actor, after)
    return json_response(OrderResult(success=True, order=out, revision=answer.data.revision))


def _content(body: JsonBody) -> bytes:
    return body.model_dump_json().encode()


def _lines(context: AppContext, body: OrderBody) -> tuple[Line, ...]:
    return tuple(
        Line(context.spelling.sku(row.product_id, row.size), row.quantity) for row in body.lines
    )


def _start(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdigit()):
        raise Problem(422, "invalid_request", "`after` must be the `next` of the previous page.")
    return int(after[:16])
