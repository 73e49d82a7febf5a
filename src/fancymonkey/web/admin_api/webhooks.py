"""Outgoing webhooks over HTTP: endpoints of other systems, their secrets and deliveries."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.alerts.outbox import Delivery
from fancymonkey.alerts.webhook_address import Forbidden
from fancymonkey.alerts.webhooks import TooManyWebhooks, UnknownWebhook, WebhookEndpoint
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.changes import PAGE, PAGE_MAX
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require, require_person
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response, ok, parse
from fancymonkey.web.http.wire import Id, Text, encode

Url = Annotated[str, Meta(min_length=1, max_length=2000)]
Sort = Literal[
    "stock.low",
    "stock.out",
    "stock.back",
    "matter.opened",
    "books.mended",
    "job.failed",
    "store.trouble",
    "webhook.off",
    "secret.guessed",
    "stock.changed",
    "hold.created",
    "hold.changed",
    "hold.ended",
    "order.captured",
]
Sorts = Annotated[list[Sort], Meta(min_length=1, max_length=50)]
SCANNED_MAX = 20_000
"""Deliveries that one question about an endpoint looks at; the next page goes on from there."""


class AddWebhookBody(Struct, rename="camel"):
    """Where to post, and what about."""

    url: Url
    events: Sorts
    description: Text = ""


class ChangeWebhookBody(Struct, rename="camel"):
    """What to change of an endpoint; what is left out stays."""

    id: Id
    url: Url | None = None
    events: Sorts | None = None
    description: Text | None = None
    active: bool | None = None


class WebhookBody(Struct, rename="camel"):
    """One endpoint."""

    id: Id


class RotateBody(Struct, rename="camel"):
    """One endpoint, and for how many hours its old secret counts beside the new one."""

    id: Id
    hours: Annotated[int, Meta(ge=0, le=168)] = 24


class RedeliverBody(Struct, rename="camel"):
    """A delivery that is to be sent again."""

    delivery: Id


_add = msgspec.json.Decoder(AddWebhookBody)
_change = msgspec.json.Decoder(ChangeWebhookBody)
_one = msgspec.json.Decoder(WebhookBody)
_rotate = msgspec.json.Decoder(RotateBody)
_redeliver = msgspec.json.Decoder(RedeliverBody)


async def list_webhooks(context: AppContext, request: Request) -> Response:
    """The endpoints, the oldest first, and everything that they can hear of."""
    await require(context, request, "admin")
    found = await context.alerts.webhooks.all()
    now = context.engine.clock()
    rows = [_endpoint_out(kept.name, kept.value, now) for kept in found]
    return ok(encode({"success": True, "webhooks": rows, "events": WEBHOOKS}))


async def add_webhook(context: AppContext, request: Request) -> Response:
    """Adds an endpoint. Its secret is in this answer and in no other."""
    await require_person(context, request, "admin")
    body = parse(_add, await request.body())
    try:
        id_, made = await context.alerts.webhooks.add(body.url, body.events, body.description)
    except TooManyWebhooks as error:
        raise Problem(409, "too_many_webhooks", str(error)) from None
    except Forbidden as error:
        raise _forbidden(error) from None
    request.about = id_
    return _with_secret(context, id_, made)


async def change_webhook(context: AppContext, request: Request) -> Response:
    """Changes an endpoint, or switches it on or off."""
    await require_person(context, request, "admin")
    body = parse(_change, await request.body())
    request.about = body.id
    try:
        made = await context.alerts.webhooks.change(
            body.id, body.url, body.events, body.description, body.active
        )
    except Forbidden as error:
        raise _forbidden(error) from None
    except UnknownWebhook as error:
        raise _unknown(error) from None
    row = _endpoint_out(body.id, made, context.engine.clock())
    return ok(encode({"success": True, "webhook": row}))


async def remove_webhook(context: AppContext, request: Request) -> Response:
    """Removes an endpoint; what waits for it is dropped."""
    await require_person(context, request, "admin")
    body = parse(_one, await request.body())
    request.about = body.id
    try:
        await context.alerts.webhooks.remove(body.id)
    except UnknownWebhook as error:
        raise _unknown(error) from None
    return ok(encode({"success": True, "removed": body.id}))


async def rotate_webhook(context: AppContext, request: Request) -> Response:
    """Gives an endpoint a new secret; for a while each request is signed with the old one too."""
    await require_person(context, request, "admin")
    body = parse(_rotate, await request.body())
    request.about = body.id
    try:
        made = await context.alerts.webhooks.rotate(body.id, body.hours)
    except UnknownWebhook as error:
        raise _unknown(error) from None
    return _with_secret(context, body.id, made)


async def ping_webhook(context: AppContext, request: Request) -> Response:
    """Sends a `ping` to an endpoint; what came of it is among the deliveries in a moment."""
    await require(context, request, "admin")
    body = parse(_one, await request.body())
    try:
        delivery = await context.alerts.ping(body.id)
    except UnknownWebhook as error:
        raise _unknown(error) from None
    return ok(encode({"success": True, "delivery": delivery}))


async def redeliver(context: AppContext, request: Request) -> Response:
    """Sends again what was delivered, or was given up: the same event, as a new delivery."""
    await require(context, request, "admin")
    body = parse(_redeliver, await request.body())
    try:
        delivery = await context.alerts.redeliver(body.delivery)
    except UnknownWebhook as error:
        raise _unknown(error) from None
    return ok(encode({"success": True, "delivery": delivery}))


async def list_deliveries(context: AppContext, request: Request) -> Response:
    """What was sent to endpoints, and what waits, the newest first."""
    await require(context, request, "admin")
    query = Query(request)
    limit = query.number("limit", PAGE, 1, PAGE_MAX)
    target, after = query.text("id"), query.text("after") or ""
    outbox = context.alerts.outbox
    rows: list[dict[str, Any]] = []
    if not after:
        waiting = [kept async for kept in outbox.waiting.after("")]
        rows += [_delivery_out(kept) for kept in waiting if _is_of(kept.value, target)][:limit]
    following, scanned = None, 0
    async for kept in outbox.log.after(after):
        if len(rows) >= limit or scanned == SCANNED_MAX:
            following = after or None
            break
        scanned, after = scanned + 1, kept.name
        if _is_of(kept.value, target):
            rows.append(_delivery_out(kept))
    return ok(encode({"success": True, "deliveries": rows, "next": following}))


def _is_of(value: Delivery, target: str | None) -> bool:
    """Whether it is of this endpoint, or of any where none is named; alerts are no webhooks."""
    return value.target == target if target else value.target.startswith("whk_")


def _delivery_out(kept: StoredDocument[Delivery]) -> dict[str, Any]:
    value = kept.value
    return {
        "id": kept.name,
        "webhook": value.target,
        "event": {
            "id": value.happening.id,
            "type": value.happening.type,
            "title": value.happening.title,
        },
        "state": value.state,
        "madeAt": iso(value.made_at),
        "dueAt": iso(value.due) if value.state == "waiting" else None,
        "tries": value.tries,
        "attempts": [
            {
                "at": iso(one.at),
                "tookMs": one.took,
                "status": one.status,
                "error": one.error or None,
            }
            for one in value.attempts
        ],
    }


def _endpoint_out(id_: str, one: WebhookEndpoint, now: int) -> dict[str, Any]:
    live = [secret for secret in one.secrets if secret.ends_at is None or secret.ends_at > now]
    return {
        "id": id_,
        "url": one.url,
        "events": one.events,
        "description": one.description,
        "active": one.active,
        "createdAt": iso(one.created_at),
        "failingSince": None if one.failing_since is None else iso(one.failing_since),
        "offBecause": one.off_because or None,
        "secrets": [
            {
                "ends": f"…{secret.text[-4:]}",
                "until": None if secret.ends_at is None else iso(secret.ends_at),
            }
            for secret in live
        ],
    }


def _with_secret(context: AppContext, id_: str, one: WebhookEndpoint) -> Response:
    row = _endpoint_out(id_, one, context.engine.clock())
    return ok(encode({"success": True, "webhook": row, "secret": one.secrets[0].text}))


def _forbidden(error: Forbidden) -> Problem:
    return Problem(422, "webhook_address", str(error))


def _unknown(error: UnknownWebhook) -> Problem:
    return Problem(404, "unknown_webhook", str(error))
