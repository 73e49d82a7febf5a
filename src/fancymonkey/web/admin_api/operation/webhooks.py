"""Outgoing webhooks over HTTP: URLs, secrets and deliveries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Query

from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.alerts.outbox import Delivery
from fancymonkey.alerts.webhook_address import Forbidden
from fancymonkey.alerts.webhooks import TooManyWebhooks, UnknownWebhook, WebhookEndpoint
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.operation.alert_models import (
    AddWebhookBody,
    ChangedWebhook,
    ChangeWebhookBody,
    DeliveryOut,
    DeliveryPage,
    NewDelivery,
    NewWebhookSecret,
    RedeliverBody,
    RemovedWebhook,
    RotateBody,
    WebhookBody,
    WebhookList,
    WebhookOut,
)
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Words
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/webhooks", tags=["alerts"], route_class=AuthorizedRoute)

SCANNED_MAX = 20_000
"""The most deliveries that one query of a webhook reads; the next page continues from there."""


@asynccontextmanager
async def _problems() -> AsyncIterator[None]:
    """Turns the errors of webhooks into problems."""
    try:
        yield
    except TooManyWebhooks as error:
        raise Problem(409, "too_many_webhooks", str(error)) from None
    except Forbidden as error:
        raise Problem(422, "webhook_address", str(error)) from None
    except UnknownWebhook as error:
        raise Problem(404, "unknown_webhook", str(error)) from None


@router.get("", summary="List webhooks", dependencies=[requires("admin")])
async def list_webhooks(context: Context) -> WebhookList:
    """Returns the webhooks, the oldest first, and all event types."""
    webhooks = await context.alerts.webhooks.all()
    now = context.engine.clock()
    rows = [_endpoint_out(row.name, row.value, now) for row in webhooks]
    return {"success": True, "webhooks": rows, "events": list(WEBHOOKS)}


@router.post(
    "",
    summary="Add a webhook",
    dependencies=[requires("admin", person=True)],
    responses=refusals(409),
)
async def add_webhook(context: Context, request: Call, body: AddWebhookBody) -> NewWebhookSecret:
    """Adds a webhook. Only this response has its secret."""
    async with _problems():
        id_, webhook = await context.alerts.webhooks.add(
            body.url, list(body.events), body.description
        )
    request.about = id_
    return _with_secret(context, id_, webhook)


@router.post(
    "/change",
    summary="Update a webhook, or switch it on or off",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404),
)
async def change_webhook(
    context: Context, request: Call, body: ChangeWebhookBody
) -> ChangedWebhook:
    """Changes a webhook, or switches it on or off."""
    request.about = body.id
    events = None if body.events is None else list(body.events)
    async with _problems():
        webhook = await context.alerts.webhooks.change(
            body.id, body.url, events, body.description, body.active
        )
    return {"success": True, "webhook": _endpoint_out(body.id, webhook, context.engine.clock())}


@router.post(
    "/remove",
    summary="Remove a webhook",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404),
)
async def remove_webhook(context: Context, request: Call, body: WebhookBody) -> RemovedWebhook:
    """Removes a webhook; its waiting deliveries are dropped."""
    request.about = body.id
    async with _problems():
        await context.alerts.webhooks.remove(body.id)
    return {"success": True, "removed": body.id}


@router.post(
    "/rotate",
    summary="Rotate the secret of a webhook",
    dependencies=[requires("admin", person=True)],
    responses=refusals(404),
)
async def rotate_webhook(context: Context, request: Call, body: RotateBody) -> NewWebhookSecret:
    """Makes a new secret; for a while each request is also signed with the old one."""
    request.about = body.id
    async with _problems():
        webhook = await context.alerts.webhooks.rotate(body.id, body.hours)
    return _with_secret(context, body.id, webhook)


@router.post(
    "/ping",
    summary="Send a test event to a webhook",
    dependencies=[requires("admin")],
    responses=refusals(404),
)
async def ping_webhook(context: Context, body: WebhookBody) -> NewDelivery:
    """Sends a `ping` to a webhook; the result appears among the deliveries."""
    async with _problems():
        return {"success": True, "delivery": await context.alerts.ping(body.id)}


@router.post(
    "/redeliver",
    summary="Redeliver an event",
    dependencies=[requires("admin")],
    responses=refusals(404),
)
async def redeliver(context: Context, body: RedeliverBody) -> NewDelivery:
    """Sends the same event again, as a new delivery."""
    async with _problems():
        return {"success": True, "delivery": await context.alerts.redeliver(body.delivery)}


@router.get(
    "/deliveries",
    summary="List sent and pending deliveries",
    dependencies=[requires("admin")],
)
async def list_deliveries(
    context: Context,
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    id: Annotated[Text | None, Query(description="Only deliveries to this webhook")] = None,
    after: Annotated[Words, Query(description="`next` of the previous page")] = "",
) -> DeliveryPage:
    """Returns sent and waiting deliveries, the newest first."""
    outbox = context.alerts.outbox
    rows: list[DeliveryOut] = []
    if not after:
        waiting = [stored async for stored in outbox.waiting.after("")]
        rows += [_delivery_out(stored) for stored in waiting if _is_of(stored.value, id)][:limit]
    following, scanned = None, 0
    async for stored in outbox.log.after(after):
        if len(rows) >= limit or scanned == SCANNED_MAX:
            following = after or None
            break
        scanned, after = scanned + 1, stored.name
        if _is_of(stored.value, id):
            rows.append(_delivery_out(stored))
    return {"success": True, "deliveries": rows, "next": following}


def _is_of(value: Delivery, target: str | None) -> bool:
    """Whether it is a delivery of this webhook, or of any webhook if none is given."""
    return value.target == target if target else value.target.startswith("whk_")


def _delivery_out(stored: StoredDocument[Delivery]) -> DeliveryOut:
    value = stored.value
    return {
        "id": stored.name,
        "webhook": value.target,
        "event": {
            "id": value.event.id,
            "type": value.event.type,
            "title": value.event.title,
        },
        "state": value.state,
        "madeAt": iso(value.made_at),
        "dueAt": iso(value.due) if value.state == "waiting" else None,
        "tries": value.tries,
        "attempts": [
            {
                "at": iso(attempt.at),
                "tookMs": attempt.took,
                "status": attempt.status,
                "error": attempt.error or None,
            }
            for attempt in value.attempts
        ],
    }


def _endpoint_out(id_: str, endpoint: WebhookEndpoint, now: int) -> WebhookOut:
    live = [secret for secret in endpoint.secrets if secret.ends_at is None or secret.ends_at > now]
    return {
        "id": id_,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "active": endpoint.active,
        "createdAt": iso(endpoint.created_at),
        "failingSince": None if endpoint.failing_since is None else iso(endpoint.failing_since),
        "offBecause": endpoint.off_because or None,
        "secrets": [
            {
                "ends": f"…{secret.text[-4:]}",
                "until": None if secret.ends_at is None else iso(secret.ends_at),
            }
            for secret in live
        ],
    }


def _with_secret(context: AppContext, id_: str, endpoint: WebhookEndpoint) -> NewWebhookSecret:
    row = _endpoint_out(id_, endpoint, context.engine.clock())
    return {"success": True, "webhook": row, "secret": endpoint.secrets[0].text}
