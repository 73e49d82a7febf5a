"""The three endpoints with most traffic: reserve, release, get."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from fancymonkey.core.explode import Choice
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.ended import Released
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.outcomes import Refused
from fancymonkey.services.locations.routing import NOTHING_WANTED
from fancymonkey.services.sales.replace_hold import reserve_instead
from fancymonkey.web.auth.authorize import bearer_of, require
from fancymonkey.web.context import AppContext, new_reservation_id
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.http.bodies.unknown_fields import parse_open, with_ignored
from fancymonkey.web.http.known_params import KnownParams, check_no_body
from fancymonkey.web.http.messages import Problem, Request, Response, ok
from fancymonkey.web.http.problems.refusals import (
    ID_KEPT,
    as_sent,
    buyer,
    buyer_hold_id,
    refusal,
    request_fingerprint,
    request_key,
)
from fancymonkey.web.read_models.listing_query import LISTING_PARAMS
from fancymonkey.web.shop_api.expired_holds import release_expired
from fancymonkey.web.shop_api.wanted_location import names_location, wanted_of

_reserve_body = msgspec.json.Decoder(wire.ReserveBody)
_release_body = msgspec.json.Decoder(wire.ReleaseBody)


async def get_inventory(context: AppContext, request: Request) -> Response:
    """Current levels, filtered by `productId`, `category`, `lowStockOnly`; 304 if unchanged."""
    if b"content-length" in request.headers or b"transfer-encoding" in request.headers:
        await check_no_body(request)
    return context.listing.reply(
        request.scope["query_string"], request.headers.get(b"if-none-match")
    )


async def reserve(context: AppContext, request: Request) -> Response:
    """Holds one size, or all of several lines or none, for a session."""
    body, ignored = parse_open(_reserve_body, wire.ReserveBody, await request.body(), public=True)
    single = body.lines is None
    key = request_key(request, buyer(body.session_id))
    sources = context.sources
    source = None if sources is None else await sources.of(request)
    routing = None
    if names_location(body):
        routing = await context.routing.of(wanted_of(context.engine.view, body))
    elif context.engine.view.has_several_locations:
        routing = context.routing.plain or await context.routing.of(NOTHING_WANTED)
    command = Reserve(
        reservation_id=new_reservation_id(),
        location=DEFAULT_LOCATION,
        session_id=buyer_hold_id(body.session_id),
        lines=_lines(context.spelling, body),
        choices=_choices(context.spelling, body),
        ttl=context.ttl,
        source=None if sources is None else sources.fair(source),
        replaces=body.replaces,
        routing=routing,
        command_id=None if key is None else key.id,
        former_id=None if key is None else key.former,
        digest="" if key is None else request_fingerprint(request, wire.encode(body)),
        actor="buyer",
    )
    if sources is not None and source is not None:
        sources.holds.take(source)
    if body.replaces is None:
        answer = await context.engine.pending(command)
    else:
        answer = await reserve_instead(
            context.engine, context.checkouts, command, buyer_hold_id(body.replaces)
        )
    if isinstance(answer, Refused):
        if sources is not None and source is not None:
            sources.holds.give_back(source)
        raise refusal(answer)
    reserved: Reserved = as_sent(answer.data, body.session_id)
    response = wire.reserved_one(reserved) if single else wire.reserved_lines(reserved)
    return ok(with_ignored(response, ignored))


def _lines(spelling: Spelling, body: wire.ReserveBody) -> tuple[Line, ...]:
    """The lines of either form. Raises Problem 422 for both, for neither, for a repeated size."""
    if body.lines is None:
        if body.product_id is None or body.size is None or body.quantity is None:
            missing = [
                name
                for name, value in (
                    ("productId", body.product_id),
                    ("size", body.size),
                    ("quantity", body.quantity),
                )
                if value is None
            ]
            raise Problem(422, "invalid_request", f"Missing: {', '.join(missing)}.")
        return (_line(spelling, body.product_id, body.size, body.quantity),)
    if (body.product_id, body.size, body.quantity) != (None, None, None):
        raise Problem(422, "invalid_request", "Send either `lines` or a single size, not both.")
    lines = tuple(_line(spelling, row.product_id, row.size, row.quantity) for row in body.lines)
    if len({line.sku for line in lines}) < len(lines):
        raise Problem(
            422, "invalid_request", "A size is listed twice. Combine its quantities into one line."
        )
    return lines


def _choices(spelling: Spelling, body: wire.ReserveBody) -> tuple[Choice, ...]:
    """The chosen options of the bundles in either form. Raises Problem 422, 404."""
    if body.lines is None:
        if isinstance(body.choices, msgspec.UnsetType):
            return ()
        rows = [(body.product_id or "", body.size or "", body.choices)]
    else:
        if not isinstance(body.choices, msgspec.UnsetType):
            raise Problem(422, "invalid_request", "Send the `choices` in the line of the bundle.")
        rows = [
            (row.product_id, row.size, row.choices)
            for row in body.lines
            if not isinstance(row.choices, msgspec.UnsetType)
        ]
    return tuple(
        Choice(spelling.sku(product_id, size), line.sku, line.quantity)
        for product_id, size, choices in rows
        for line in (_line(spelling, row.product_id, row.size, row.quantity) for row in choices)
    )


def _line(spelling: Spelling, product_id: str, size: str, quantity: int) -> Line:
    if "/" in product_id:  # an unknown product; as a SKU the text might mean another one
        raise Problem(
            404,
            "unknown_item",
            "No such product or size.",
            lines=[{"productId": product_id, "size": size}],
        )
    return Line(spelling.sku(product_id, size), quantity)


async def release(context: AppContext, request: Request) -> Response:
    """Releases the hold of a session, or all expired holds."""
    body, ignored = parse_open(_release_body, wire.ReleaseBody, await request.body(), public=True)
    if body.session_id is None:
        if not body.release_expired:
            raise Problem(422, "invalid_request", "Send `sessionId`, or `releaseExpired: true`.")
        # In a task: an API key is looked up in the store.
        known = bool(bearer_of(request)) and await asyncio.create_task(_scheduler(context, request))
        ended = await asyncio.create_task(release_expired(context, known=known))
        return ok(with_ignored(wire.encode(ended), ignored))
    key = request_key(request, buyer(body.session_id))
    answer = await context.engine.pending(
        Release(
            ref=buyer_hold_id(body.session_id),
            others=() if len(body.session_id) <= ID_KEPT else (body.session_id,),
            command_id=None if key is None else key.id,
            former_id=None if key is None else key.former,
            digest="" if key is None else request_fingerprint(request, wire.encode(body)),
            actor="buyer",
        )
    )
    if isinstance(answer, Refused):
        raise refusal(answer)
    released: Released = as_sent(answer.data, body.session_id)
    hold = wire.hold_out(released)
    count = len(hold["lines"])
    if context.checkouts is not None:
        context.checkouts.close_later(hold["id"])
    response = wire.encode(
        {
            "success": True,
            "message": "Released the hold" if count else f"Nothing to release: {hold['status']}",
            "released": count,
            "reservation": hold,
            "revision": released.revision,
        }
    )
    return ok(with_ignored(response, ignored))


def _params_of(body: type[msgspec.Struct]) -> KnownParams:
    """No parameters: the fields of a body belong in the body."""
    names = tuple(field.encode_name for field in msgspec.structs.fields(body))
    return KnownParams(of_body=names, tolerant=True)


async def _scheduler(context: AppContext, request: Request) -> bool:
    """Returns True if the request has a secret that may see all holds. Raises Problem."""
    await require(
        context, request, "stock", secret=context.settings.accounts.cron_secret, cookie=False
    )
    return True


HOT_PARAMS = {
    ("GET", "/api/inventory/get"): LISTING_PARAMS,
    ("POST", "/api/inventory/reserve"): _params_of(wire.ReserveBody),
    ("POST", "/api/inventory/release"): _params_of(wire.ReleaseBody),
}
"""The query parameters of each hot endpoint."""

HOT: dict[str, dict[str, Callable[[AppContext, Request], Awaitable[Response]]]] = {
    "/api/inventory/get": {"GET": get_inventory},
    "/api/inventory/reserve": {"POST": reserve},
    "/api/inventory/release": {"POST": release},
}
"""Requests of crowds: short bodies, and answers that are complete at once.

They run without a task of their own. Code that needs one (a timeout, a database driver) creates it:
`await asyncio.create_task(…)`.
"""
