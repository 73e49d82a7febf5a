"""The checkout of a basket, and its status."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from fancymonkey.core.explode import Choice
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Line, split_sku
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.hold_details import HoldDetails, find_hold
from fancymonkey.errors import PaymentRefused, PaymentUnknown
from fancymonkey.payments.basket import NoPrice
from fancymonkey.payments.checkout import (
    Checkouts,
    OpenedSession,
    new_session_id,
)
from fancymonkey.payments.checkout_request import CheckoutRequest
from fancymonkey.timestamps import iso
from fancymonkey.web.context import AppContext, new_reservation_id
from fancymonkey.web.http.bodies.unknown_fields import ignored_fields
from fancymonkey.web.http.bodies.wire import deadline, routed_out
from fancymonkey.web.http.messages import RETRY_SOON, Problem
from fancymonkey.web.http.problems.refusals import buyer_hold_id, refusal, session_as_sent
from fancymonkey.web.http.query_params import Text
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Context
from fancymonkey.web.routing.described import refusals
from fancymonkey.web.shop_api.checkout_models import (
    CheckoutBody,
    CheckoutHold,
    CheckoutLine,
    CheckoutLineOut,
    CheckoutStatus,
    ChosenOption,
    OpenedCheckout,
)
from fancymonkey.web.shop_api.wanted_location import wanted_of

router = APIRouter(prefix="/api/checkout", tags=["checkout"], route_class=AuthorizedRoute)

ID_MAX = 200
BEFORE_STRIPE = frozenset(
    {
        *(Code.UNKNOWN_ITEM, Code.SOLD_OUT, Code.INSUFFICIENT_STOCK, Code.TOO_MANY_LINES),
        *(Code.TOO_MANY_HOLDS, Code.HOLD_LIMIT, Code.HELD_TOO_OFTEN, Code.UNKNOWN_SESSION),
        "no_price",
    }
)
"""Refusals by the shop: such a checkout is not counted, because Stripe was not called."""


@router.post(
    "",
    summary="Hold a basket and open a Stripe Checkout Session for it",
    dependencies=[public()],
    responses=refusals(404, 409, 410, 502),
)
async def checkout(context: Context, request: Call, body: CheckoutBody) -> OpenedCheckout:
    """Holds the basket and opens a Stripe Checkout Session for exactly that.

    The same basket for the same session again gives the same session of Stripe. A hold at the
    checkout lives until Stripe's session ends, plus a grace period.
    """
    checkouts = _checkouts(context)
    wanted_lines = _wanted(body)
    lines = tuple(_resolve(context, line) for line in wanted_lines)
    if not lines and body.session_id is None:
        raise Problem(
            422, "invalid_request", "Send `productId` and `size`, `lines`, or a `sessionId`."
        )
    if len({line.sku for line in lines}) < len(lines):
        raise Problem(
            422, "invalid_request", "A size is listed twice. Combine its quantities into one line."
        )
    sources = context.sources
    source = None if sources is None else await sources.of(request)
    wanted = CheckoutRequest(
        buyer_hold_id(body.session_id or new_session_id()),
        new_reservation_id(),
        DEFAULT_LOCATION,
        lines,
        source=None if sources is None else sources.fair(source),
        replaces=None if body.replaces is None else buyer_hold_id(body.replaces),
        routing=await context.routing.of(wanted_of(context.engine.view, body)),
        choices=_choices(context, wanted_lines, lines),
    )
    if sources is not None:
        sources.checkouts.take(source)
    try:
        opened = await _open(context.engine, checkouts, wanted)
    except Problem as problem:
        if sources is not None and problem.code in BEFORE_STRIPE:
            sources.checkouts.give_back(source)
        raise
    answer: OpenedCheckout = {
        "success": True,
        "checkoutUrl": opened.session.url,
        "sessionId": opened.session.id,
        "reservation": {
            **_reservation(opened.hold, body.session_id or ""),
            **_routed(context, opened.hold, opened.because),
        },
        "revision": opened.hold.revision,
    }
    if ignored := ignored_fields(body):
        answer["ignored"] = ignored
    return answer


def _checkouts(context: AppContext) -> Checkouts:
    if context.checkouts is None:
        raise Problem(
            503,
            "not_configured",
            "Payments are not configured. Set STRIPE_SECRET_KEY and restart.",
        )
    return context.checkouts


async def _open(engine: Engine, checkouts: Checkouts, wanted: CheckoutRequest) -> OpenedSession:
    """Raises Problem for a refusal or an error."""
    try:
        opened_session = await checkouts.open(wanted)
    except PaymentRefused as error:
        if not error.reached:
            raise Problem(
                503,
                "payment_unavailable",
                "The payment service is unavailable. Nothing was charged. Try again in a moment.",
                headers=[RETRY_SOON],
            ) from error
        raise Problem(
            502, "payment_failed", f"The checkout could not be opened and nothing is held. {error}"
        ) from error
    except PaymentUnknown as error:
        hold = await find_hold(engine, wanted.session_id)
        more = {} if hold is None else {"reservation": _reservation(hold, wanted.session_id)}
        raise Problem(
            503,
            "payment_unavailable",
            "The payment service is not responding. Your units stay held. Send the same request "
            "again with the sessionId of the reservation.",
            headers=[RETRY_SOON],
            **more,
        ) from error
    if isinstance(opened_session, NoPrice):
        product_id, size = split_sku(opened_session.sku)
        raise Problem(
            422,
            "no_price",
            "This size has no price. Set its priceId, or the price of its product.",
            lines=[{"productId": product_id, "size": size}],
        )
    if isinstance(opened_session, Refused):
        raise refusal(opened_session)
    return opened_session


def _wanted(body: CheckoutBody) -> list[CheckoutLine]:
    """The lines of either form. Raises Problem 422 for both, or for an incomplete one."""
    single_line = (
        body.product_id,
        body.size,
        body.sku_id,
        body.price_id,
        body.quantity,
        body.choices,
    )
    if body.lines is not None:
        if single_line != (None,) * 6:
            raise Problem(422, "invalid_request", "Send either `lines` or a single size, not both.")
        return body.lines
    if body.product_id is None:
        if single_line != (None,) * 6:
            raise Problem(422, "invalid_request", "Missing: productId.")
        return []
    return [
        CheckoutLine.model_construct(
            product_id=body.product_id,
            size=body.size,
            sku_id=body.sku_id,
            price_id=body.price_id,
            quantity=1 if body.quantity is None else body.quantity,
            choices=body.choices,
        )
    ]


def _choices(
    context: AppContext, wanted: list[CheckoutLine], lines: tuple[Line, ...]
) -> tuple[Choice, ...]:
    """The chosen options of the bundles among the lines. Raises Problem 404."""
    return tuple(
        Choice(line.sku, _resolve(context, _option(choice)).sku, choice.quantity)
        for row, line in zip(wanted, lines, strict=True)
        for choice in row.choices or ()
    )


def _option(choice: ChosenOption) -> CheckoutLine:
    return CheckoutLine.model_construct(product_id=choice.product_id, size=choice.size)


def _resolve(context: AppContext, line: CheckoutLine) -> Line:
    """The line with its SKU. Raises Problem 404 if there is none, 422 if its parts do not match."""
    if line.size is None and line.sku_id is None:
        raise Problem(422, "invalid_request", "Missing: size or skuId.")
    item = _item(context, line)
    if item is None or item.archived:
        size = line.size or line.sku_id or ""
        raise Problem(
            404,
            "unknown_item",
            "No such product or size.",
            lines=[{"productId": line.product_id, "size": size}],
        )
    wrong = line.sku_id is not None and line.sku_id != item.sku_id
    if wrong or (line.price_id is not None and line.price_id != item.price_id):
        raise Problem(
            422,
            "wrong_price",
            "This priceId or skuId does not belong to the size. Reload the shop page.",
            lines=[{"productId": item.product_id, "size": item.size}],
        )
    return Line(item.sku, line.quantity)


def _item(context: AppContext, line: CheckoutLine) -> Item | None:
    view = context.engine.view
    if line.size is not None:
        if "/" in line.product_id:
            return None
        return view.items.get(context.spelling.sku(line.product_id, line.size))
    product_id = context.spelling.product(line.product_id)
    sizes = (view.items[sku] for sku in view.sizes.get(product_id, ()))
    return next((item for item in sizes if item.sku_id == line.sku_id), None)


@router.get(
    "/status",
    summary="Status of a hold and its payment",
    dependencies=[public()],
    responses=refusals(404),
)
async def checkout_status(
    context: Context,
    ref: Annotated[
        Text,
        Query(
            alias="sessionId",
            description="Any id of the hold: `cs_…`, `res_…` or the buyer's session id",
        ),
    ] = "",
) -> CheckoutStatus:
    """Returns the status of a hold, for the pages after the checkout, by any of its ids."""
    if not 0 < len(ref) <= ID_MAX:
        raise Problem(422, "invalid_request", "`sessionId` is required.")
    hold = await find_hold(context.engine, buyer_hold_id(ref)) or await find_hold(
        context.engine, ref
    )
    if hold is None:
        raise Problem(404, "unknown_session", "No hold was found for this session.")
    return {
        "success": True,
        "status": hold.status,
        "paid": hold.reservation.payment_id is not None,
        "late": hold.reservation.late,
        "paymentPending": hold.payment_pending,
        "checkout": hold.checkout is not None,
        "reservation": {**_reservation(hold, ref), **_routed(context, hold)},
        "serverTime": iso(hold.at),
        "revision": hold.revision,
    }


def _routed(context: AppContext, hold: HoldDetails, because: tuple[str, ...] = ()) -> Any:
    """The units of a hold by location, in a shop with several."""
    if not context.engine.view.has_several_locations:
        return {}
    return routed_out(hold.reservation.allocations, because)


def _reservation(hold: HoldDetails, sent: str) -> CheckoutHold:
    """A hold with the session id that the buyer sent."""
    row = hold.reservation
    lines: list[CheckoutLineOut] = []
    for line in row.lines:
        product_id, size = split_sku(line.sku)
        lines.append({"productId": product_id, "size": size, "quantity": line.quantity})
    until, minutes = deadline(hold.at, row.expires_at)
    return {
        "id": row.reservation_id,
        "sessionId": session_as_sent(row.session_id, sent),
        "lines": lines,
        "expiresAt": until,
        "expiresInMinutes": minutes,
        **(lines[0] if len(lines) == 1 else {}),  # type: ignore[typeddict-item]
    }
