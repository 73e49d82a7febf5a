"""Holds over HTTP: lists live and ended ones, and releases them."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Release
from fancymonkey.core.model import MANUAL, Reservation, Status
from fancymonkey.core.payments.pending import FOLDER, pending_until
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.hold_details import status_at
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.changes import PAGE, PAGE_MAX
from fancymonkey.web.admin_api.request_changes import RequestChanges
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response, ok, parse
from fancymonkey.web.http.refusals import request_fingerprint, request_key
from fancymonkey.web.http.time_params import instant
from fancymonkey.web.http.wire import Id, Text, encode, line_out

SCANNED_MAX = 20_000
"""The most holds that one query of the past reads; the next page continues from there."""

PAUSE = 200


class ReleaseHoldsBody(Struct, rename="camel"):
    """The holds to release, and the reason."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=500)]
    reason: Text = ""


_release_holds = msgspec.json.Decoder(ReleaseHoldsBody)


async def list_holds(context: AppContext, request: Request) -> Response:
    """Returns live holds, the one that ends first in front; or holds that ended since a time."""
    await require(context, request, "read")
    query = Query(request)
    limit = query.number("limit", PAGE, 1, PAGE_MAX)
    status = Status(query.one_of("status", *Status))
    one, sku, words = query.text("id"), query.text("sku"), query.text("q")
    skus = None if sku is None else {context.spelling.key(sku)}
    if words is not None and one is None:
        one = await _called(context.engine, words)
        skus = skus if one else _meant(context.engine, words, skus)
    revision = context.engine.view.revision  # rows that arrive during the read come later
    live = live_holds(context.engine, skus)
    if one is not None:
        found = await context.engine.store.reservation(one)
        rows, following = [] if found is None else [found], None
    elif status is Status.HELD and query.text("since") is None:
        rows, following = await _page(context.engine, live, query.text("after"), limit)
    else:
        since = instant("since", query.text("since"))
        if since is None:
            raise Problem(422, "invalid_request", "`since` is required.")
        rows, following = await _begun(
            context.engine, since, status, skus, query.text("after"), limit
        )
    return ok(
        encode(
            {
                "success": True,
                "holds": [await _hold_out(context.engine, row) for row in rows],
                "total": len(live),
                "units": sum(units for _, _, units in live),
                "next": following,
                "revision": revision,
            }
        )
    )


Live = tuple[int, str, int]
"""When a live hold ends, its id, and its units."""


async def _called(engine: Engine, words: str) -> str | None:
    """The search text, if it is an id of a hold."""
    return None if await engine.store.reservation(words) is None else words


def _meant(engine: Engine, words: str, among: set[str] | None) -> set[str]:
    """The SKUs (among some) whose name, category, size or id contains every word."""
    view = engine.view
    wanted = words.lower().split()
    found = set()
    for sku in view.items if among is None else among & view.items.keys():
        item = view.items[sku]
        product = view.products.get(item.product_id)
        names = ("", "") if product is None else (product.name, product.category or "")
        text = "\n".join((sku, item.size, *names)).lower()
        if all(word in text for word in wanted):
            found.add(sku)
    return found


def live_holds(engine: Engine, skus: Collection[str] | None) -> list[Live]:
    """The live holds (of these SKUs) in the view, the one that ends first in front."""
    now = engine.clock()
    found = []
    for id_, hold in engine.view.holds.items():
        until = FOREVER if hold.until is None else hold.until
        if until <= now:
            continue
        units = sum(n for (sku, _), n in hold.units.items() if skus is None or sku in skus)
        if units:
            found.append((until, id_, units))
    return sorted(found)


async def _page(
    engine: Engine, live: list[Live], after: str | None, limit: int
) -> tuple[list[Reservation], str | None]:
    """A page of the live holds; `after` is the end of the previous page."""
    until, _, id_ = (after or "").partition(":")
    if after is not None and not (until.isascii() and until.isdigit()):
        raise Problem(422, "invalid_request", "`after` must be the `next` of the previous page.")
    rest = [one for one in live if after is None or (one[0], one[1]) > (int(until[:20]), id_)]
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


async def _hold_out(engine: Engine, row: Reservation) -> dict[str, Any]:
    checkout = await engine.store.find(Checkout, row.reservation_id)
    kept = await engine.store.find(Document, (FOLDER, row.reservation_id))
    return {
        "id": row.reservation_id,
        "sessionId": row.session_id,
        "by": "owner" if row.reservation_id.startswith(MANUAL) else "buyer",
        "status": status_at(row, engine.clock()),
        "lines": [named(engine, line_out((line.sku, line.quantity))) for line in row.lines],
        "createdAt": iso(row.created_at),
        "expiresAt": None if row.expires_at is None else iso(row.expires_at),
        "endedAt": None if row.ended_at is None else iso(row.ended_at),
        "late": row.late,
        "checkout": _checkout_out(checkout),
        "paymentPending": pending_until(kept, row, engine.clock()) is not None,
    }


def named(engine: Engine, row: dict[str, Any]) -> dict[str, Any]:
    """Adds the product name to a row with a product id."""
    product = engine.view.products.get(row["productId"])
    return {**row, "name": None if product is None else product.name}


def _checkout_out(checkout: Checkout | None) -> dict[str, Any] | None:
    if checkout is None or checkout.stage is Stage.CLOSED:
        return None
    return {
        "stage": checkout.stage,
        "paymentSession": checkout.payment_session,
        "endsAt": iso(checkout.ends_at),
    }


async def release_holds(context: AppContext, request: Request) -> Response:
    """Releases holds of any buyer; ended holds stay unchanged."""
    actor = await require(context, request, "stock")
    body = parse(_release_holds, await request.body())
    key = request_key(request, actor.name)
    mark = "" if key is None else request_fingerprint(request, encode(body))
    ids = list(dict.fromkeys(body.ids))
    doing = RequestChanges(context, actor.name, "release", body.reason, key, mark)
    results: list[dict[str, Any]] = []
    warnings: list[str] = []
    released = 0
    reason = body.reason or "ended by the owner"
    makers = [partial(_release, actor.name, reason, id_) for id_ in ids]
    async for row in doing.run(makers):
        found = row.get("accepted")
        moved = found is not None and bool(found["lines"])
        released += moved
        results.append(
            {"id": ids[len(results)], "status": None if found is None else found["status"]}
        )
        if moved and found["payment_pending"]:
            warnings.append(_PAYING.format(ids[len(results) - 1]))
        if moved and context.checkouts is not None:
            context.checkouts.close_later(found["reservation_id"])
    return ok(
        encode(
            {
                "success": True,
                "act": doing.act,
                "released": released,
                "results": results,
                "warnings": warnings,
                "revision": context.engine.view.revision,
            }
        )
    )


def _release(actor: str, reason: str, ref: str, act_id: str) -> Command:
    return Release(ref=ref, reason=reason, actor=actor, cause=act_id, deliberate=True)


_PAYING = "A payment for {} is in progress. If it succeeds, it becomes a late payment."
