"""Holds over HTTP: lists live and ended ones, and releases them."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query

from fancymonkey.accounts.model import Actor
from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.ended import Released
from fancymonkey.core.model import MANUAL, Allocation, Line, Reservation, Status, split_sku
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.payments.pending import FOLDER, pending_until
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.hold_details import status_at
from fancymonkey.services.locations.hold_routes import route_json
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.request_changes import RequestChanges
from fancymonkey.web.admin_api.sales.bundle_marks import parts_of
from fancymonkey.web.admin_api.sales.hold_filter import (
    HoldFilter,
    holds_begun,
    id_called,
    live_holds_of,
    page_of,
    skus_meant,
)
from fancymonkey.web.admin_api.sales.hold_models import (
    HeldUnitsOut,
    HoldCheckout,
    HoldLine,
    HoldPage,
    HoldResult,
    ReleasedHolds,
    ReleaseHoldsBody,
)
from fancymonkey.web.auth.location_limits import check_locations, may_see
from fancymonkey.web.http.bodies.change_names import named_change
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import request_fingerprint
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Time, Words, instant
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/holds", tags=["dashboard"], route_class=AuthorizedRoute)


@router.get(
    "",
    summary="List holds",
    dependencies=[requires("read", by_location=True)],
    responses=refusals(404),
)
async def list_holds(
    context: Context,
    actor: Caller,
    sku: Annotated[
        Text | None,
        Query(description="As `prod_hoodie_001/M`: holds with units of it, or with this bundle"),
    ] = None,
    location: Annotated[
        Text | None, Query(description="Only holds with units at this location")
    ] = None,
    q: Annotated[
        Words | None,
        Query(description="Search words of the product or size, or an id of a hold"),
    ] = None,
    status: Annotated[
        Status,
        Query(description="`held` (the default), `captured`, `released` or `expired`"),
    ] = Status.HELD,
    since: Annotated[
        Time | None, Query(description="Only holds created at or after this time")
    ] = None,
    id: Annotated[
        Text | None, Query(description="Only the hold with this id; any of its ids")
    ] = None,
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    after: Annotated[Words | None, Query(description="`next` of the previous page")] = None,
) -> HoldPage:
    """Returns live holds, the one that ends first in front; or holds that ended since a time."""
    engine, hold_ref = context.engine, id
    skus = None if sku is None else {context.spelling.key(sku)}
    if q and hold_ref is None:
        hold_ref = await id_called(engine, q)
        skus = skus if hold_ref else skus_meant(engine, q, skus)
    if location is not None:
        check_locations(actor, location)
        if location not in engine.view.locations:
            raise unknown_location(location)
    chosen = HoldFilter(skus, actor.locations if location is None else (location,))
    revision = engine.view.revision  # rows that arrive during the read come later
    live = await live_holds_of(engine, chosen)
    if hold_ref is not None:
        hold = await engine.store.reservation(hold_ref)
        rows, following = [] if hold is None or not chosen.is_there(hold) else [hold], None
    elif status is Status.HELD and since is None:
        rows, following = await page_of(engine, live, after or None, limit)
    else:
        begin = instant("since", since)
        if begin is None:
            raise Problem(422, "invalid_request", "`since` is required.")
        rows, following = await holds_begun(engine, begin, status, chosen, after, limit)
    return {
        "success": True,
        "holds": [await _hold_out(engine, _seen_by(actor, row)) for row in rows],
        "total": len(live),
        "units": sum(units for _, _, units in live),
        "next": following,
        "revision": revision,
    }


def _seen_by(actor: Actor, hold: Reservation) -> Reservation:
    """The hold as the caller may see it: a limited one sees only the units at its locations."""
    if not actor.locations:
        return hold
    units = tuple(row for row in hold.allocations if may_see(actor, row.location))
    return replace(hold, allocations=units, sold_lines=None, parts=None, route=None)


async def _hold_out(engine: Engine, row: Reservation) -> Any:
    checkout = await engine.store.find(Checkout, row.reservation_id)
    pending_document = await engine.store.find(Document, (FOLDER, row.reservation_id))
    return {
        "id": row.reservation_id,
        "sessionId": row.session_id,
        "by": "owner" if row.reservation_id.startswith(MANUAL) else "buyer",
        "status": status_at(row, engine.clock()),
        "lines": [_with_parts(engine, row, line) for line in row.lines],
        "createdAt": iso(row.created_at),
        "expiresAt": None if row.expires_at is None else iso(row.expires_at),
        "endedAt": None if row.ended_at is None else iso(row.ended_at),
        "late": row.late,
        "checkout": _checkout_out(checkout),
        "paymentPending": pending_until(pending_document, row, engine.clock()) is not None,
        **_by_location(engine, row),
    }


def _by_location(engine: Engine, row: Reservation) -> dict[str, Any]:
    """The units of a hold at each location, and its route; empty in a shop with one location."""
    if len(engine.view.locations) == 1:
        return {}
    route = route_json(row)
    units = [_units_out(allocation) for allocation in row.allocations]
    return {"allocations": units} if route is None else {"allocations": units, "route": route}


def _units_out(allocation: Allocation) -> HeldUnitsOut:
    product_id, size = split_sku(allocation.sku)
    return {
        "productId": product_id,
        "size": size,
        "quantity": allocation.quantity,
        "location": allocation.location,
    }


def _with_parts(engine: Engine, hold: Reservation, line: Line) -> HoldLine:
    shown = line_out(engine, line)
    parts = parts_of(engine, hold, line.sku, line.quantity)
    if parts:
        shown["parts"] = parts
    return shown


def line_out(engine: Engine, line: Line) -> HoldLine:
    """A line of a hold, with the name of its product."""
    product_id, size = split_sku(line.sku)
    return {
        "productId": product_id,
        "size": size,
        "quantity": line.quantity,
        "name": product_name(engine, product_id),
    }


def product_name(engine: Engine, product_id: str) -> str | None:
    """The name of a product, or None for an unknown one."""
    product = engine.view.products.get(product_id)
    return None if product is None else product.name


def _checkout_out(checkout: Checkout | None) -> HoldCheckout | None:
    if checkout is None or checkout.stage is Stage.CLOSED:
        return None
    return {
        "stage": checkout.stage,
        "paymentSession": checkout.payment_session,
        "endsAt": iso(checkout.ends_at),
    }


@router.post(
    "/release",
    summary="Release holds",
    dependencies=[requires("stock", by_location=True)],
    responses=refusals(404, 409),
)
async def release_holds(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: ReleaseHoldsBody
) -> ReleasedHolds:
    """Releases holds of any buyer; ended holds stay unchanged."""
    sent = encode({"ids": body.ids, "reason": body.reason})
    mark = "" if key is None else request_fingerprint(request, sent)
    ids = list(dict.fromkeys(body.ids))
    if actor.locations:
        await _check_locations_of(context.engine, actor, ids)
    doing = RequestChanges(context, actor.name, "release", body.reason, key, mark)
    results: list[HoldResult] = []
    warnings: list[str] = []
    released = 0
    reason = body.reason or "ended by the owner"
    makers = [partial(_release, actor.name, reason, id_) for id_ in ids]
    async for answer in doing.run(makers):
        id_ = ids[len(results)]
        hold: Released | None = answer.data if isinstance(answer, Accepted) else None
        results.append({"id": id_, "status": None if hold is None else hold.status})
        if hold is None or not hold.lines:
            continue
        released += 1
        if hold.payment_pending:
            warnings.append(_PAYING.format(id_))
        if context.checkouts is not None:
            context.checkouts.close_later(hold.reservation_id)
    return {
        "success": True,
        **named_change(doing.change_id),
        "released": released,
        "results": results,
        "warnings": warnings,
        "revision": context.engine.view.revision,
    }


async def _check_locations_of(engine: Engine, actor: Actor, ids: list[str]) -> None:
    """Raises Problem 403 if a hold has units at a location that the caller is not limited to."""
    for id_ in ids:
        hold = await engine.store.reservation(id_)
        if hold is not None:
            check_locations(actor, *(units.location for units in hold.allocations))


def _release(actor: str, reason: str, ref: str, change_id: str) -> Command:
    return Release(ref=ref, reason=reason, actor=actor, cause=change_id, deliberate=True)


_PAYING = "A payment for {} is in progress. If it succeeds, it becomes a late payment."
