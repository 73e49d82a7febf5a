"""Holds over HTTP: lists live and ended ones, and releases them."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.ended import Released
from fancymonkey.core.model import MANUAL, Line, Reservation, Status, split_sku
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.payments.pending import FOLDER, pending_until
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.hold_details import status_at
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.bundle_marks import parts_of
from fancymonkey.web.admin_api.models.holds import (
    HoldCheckout,
    HoldLine,
    HoldOut,
    HoldPage,
    HoldResult,
    ReleasedHolds,
    ReleaseHoldsBody,
)
from fancymonkey.web.admin_api.request_changes import RequestChanges
from fancymonkey.web.http.change_names import named_change
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Time
from fancymonkey.web.http.refusals import request_fingerprint
from fancymonkey.web.http.time_params import instant
from fancymonkey.web.http.wire import encode
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/holds", tags=["dashboard"], route_class=AuthorizedRoute)

SCANNED_MAX = 20_000
"""The most holds that one query of the past reads; the next page continues from there."""

PAUSE = 200


@router.get("", summary="List holds", dependencies=[requires("read")])
async def list_holds(
    context: Context,
    sku: Annotated[Text | None, Query(description="As `prod_hoodie_001/M`")] = None,
    q: Annotated[
        Text | None,
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
    after: Annotated[Text | None, Query(description="`next` of the previous page")] = None,
) -> HoldPage:
    """Returns live holds, the one that ends first in front; or holds that ended since a time."""
    engine, hold_ref = context.engine, id
    skus = None if sku is None else {context.spelling.key(sku)}
    if q is not None and hold_ref is None:
        hold_ref = await _called(engine, q)
        skus = skus if hold_ref else _meant(engine, q, skus)
    revision = engine.view.revision  # rows that arrive during the read come later
    live = live_holds(engine, skus)
    if hold_ref is not None:
        hold = await engine.store.reservation(hold_ref)
        rows, following = [] if hold is None else [hold], None
    elif status is Status.HELD and since is None:
        rows, following = await _page(engine, live, after, limit)
    else:
        begin = instant("since", since)
        if begin is None:
            raise Problem(422, "invalid_request", "`since` is required.")
        rows, following = await _begun(engine, begin, status, skus, after, limit)
    return {
        "success": True,
        "holds": [await _hold_out(engine, row) for row in rows],
        "total": len(live),
        "units": sum(units for _, _, units in live),
        "next": following,
        "revision": revision,
    }


Live = tuple[int, str, int]
"""When a live hold ends, its id, and its units."""


async def _called(engine: Engine, words: str) -> str | None:
    """The search text, if it is an id of a hold."""
    return None if await engine.store.reservation(words) is None else words


def _meant(engine: Engine, words: str, among: set[str] | None) -> set[str]:
    """The SKUs (among some) whose name, category, size or id contains every word."""
    view = engine.view
    wanted = words.lower().split()
    skus = set()
    for sku in view.items if among is None else among & view.items.keys():
        item = view.items[sku]
        product = view.products.get(item.product_id)
        names = ("", "") if product is None else (product.name, product.category or "")
        text = "\n".join((sku, item.size, *names)).lower()
        if all(word in text for word in wanted):
            skus.add(sku)
    return skus


def live_holds(engine: Engine, skus: Collection[str] | None) -> list[Live]:
    """The live holds (of these SKUs) in the view, the one that ends first in front."""
    now = engine.clock()
    holds = []
    for id_, hold in engine.view.holds.items():
        until = FOREVER if hold.until is None else hold.until
        if until <= now:
            continue
        units = sum(n for (sku, _), n in hold.units.items() if skus is None or sku in skus)
        if units:
            holds.append((until, id_, units))
    return sorted(holds)


async def _page(
    engine: Engine, live: list[Live], after: str | None, limit: int
) -> tuple[list[Reservation], str | None]:
    """A page of the live holds; `after` is the end of the previous page."""
    until, _, id_ = (after or "").partition(":")
    if after is not None and not (until.isascii() and until.isdigit()):
        raise Problem(422, "invalid_request", "`after` must be the `next` of the previous page.")
    rest = [hold for hold in live if after is None or (hold[0], hold[1]) > (int(until[:20]), id_)]
    rows = []
    for _, hold_id, _ in rest[:limit]:
        row = await engine.store.find(Reservation, hold_id)
        if row is not None:
            rows.append(row)
    last = rest[limit - 1] if len(rest) > limit else None
    return rows, None if last is None else f"{last[0]}:{last[1]}"


async def _begun(
    engine: Engine,
    since: int,
    status: Status,
    skus: Collection[str] | None,
    after: str | None,
    limit: int,
) -> tuple[list[Reservation], str | None]:
    """Holds created at or after a time, with this status. Ids begin with the creation time."""
    after = after or f"res_{max(0, since):012x}"
    rows: list[Reservation] = []
    scanned = 0
    async for row in engine.store.scan(Reservation, after):
        if len(rows) == limit or scanned == SCANNED_MAX:
            return rows, after
        scanned, after = scanned + 1, row.reservation_id
        if not scanned % PAUSE:
            await asyncio.sleep(0)
        if row.status is not status or row.created_at < since:
            continue
        if skus is None or any(units.sku in skus for units in row.allocations):
            rows.append(row)
    return rows, None


async def _hold_out(engine: Engine, row: Reservation) -> HoldOut:
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
    dependencies=[requires("stock")],
    responses=refusals(404, 409),
)
async def release_holds(
    context: Context, request: Call, actor: Caller, key: IdempotencyKey, body: ReleaseHoldsBody
) -> ReleasedHolds:
    """Releases holds of any buyer; ended holds stay unchanged."""
    sent = encode({"ids": body.ids, "reason": body.reason})
    mark = "" if key is None else request_fingerprint(request, sent)
    ids = list(dict.fromkeys(body.ids))
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


def _release(actor: str, reason: str, ref: str, change_id: str) -> Command:
    return Release(ref=ref, reason=reason, actor=actor, cause=change_id, deliberate=True)


_PAYING = "A payment for {} is in progress. If it succeeds, it becomes a late payment."
