"""Stripe's webhook: signature on the raw bytes, then at most one effect per event.

The scheme is Stripe's (docs: "Verify webhook signatures manually"): the header `Stripe-Signature`
holds `t=<unix seconds>` and one or more `v1=<hex>`; a `v1` is the HMAC-SHA256 of `<t>.<body>`.
"""

import hashlib
import hmac
from typing import Annotated, Any

import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.resolve import Capture, Release
from fancymonkey.web.answers import refusal
from fancymonkey.web.http import Call, Problem, Reply, ok, parse
from fancymonkey.web.shop import Shop
from fancymonkey.web.wire import Id, encode

TOLERANCE_SECONDS = 300
"""How far a signature's time may be from ours, either way."""

HEADER_MAX = 4096
SECONDS_DIGITS = 12
ACTOR = "stripe"
PAID = ("paid", "no_payment_required")


class Object(msgspec.Struct):
    """What we read of the object that an event is about."""

    id: Annotated[str, msgspec.Meta(max_length=255)] = ""
    payment_status: str | None = None
    client_reference_id: str | None = None
    metadata: dict[str, Any] | None = None


class Data(msgspec.Struct):
    """Where an event keeps its object."""

    object: Object


class Event(msgspec.Struct):
    """What we read of an event."""

    id: Id
    type: Id
    data: Data


_event = msgspec.json.Decoder(Event)


def check_signature(header: bytes | None, body: bytes, secrets: tuple[str, ...], now: int) -> None:
    """Returns where one of the secrets signed the body within the tolerance. Raises Problem 400."""
    if header is None or len(header) > HEADER_MAX:
        raise _bad_signature("There is no usable Stripe-Signature header.")
    at, signatures = None, []
    for part in header.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"t" and value.isdigit() and len(value) <= SECONDS_DIGITS:
            at = int(value)
        elif name == b"v1":
            signatures.append(value)
    if at is None or not signatures:
        raise _bad_signature("The Stripe-Signature header has no time or no v1 signature.")
    signed = b"%d.%s" % (at, body)
    known = False
    for secret in secrets:
        right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
        for signature in signatures:
            known |= hmac.compare_digest(right, signature)
    if not known:
        raise _bad_signature("No signature matches. Check STRIPE_WEBHOOK_SECRET.")
    if abs(now // 1000 - at) > TOLERANCE_SECONDS:
        raise _bad_signature("The signature's time is too far from now. Check the clock.")


def _bad_signature(detail: str) -> Problem:
    return Problem(400, "bad_signature", detail)


def effect_of(event: Event) -> Command | None:
    """What an event asks of the inventory, or None where it asks nothing."""
    thing = event.data.object
    ids = [id_ for id_ in _ids(thing) if id_]
    if not ids:
        return None
    first, others = ids[0], tuple(ids[1:])
    match event.type:
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            paid = event.type.endswith("succeeded") or thing.payment_status in PAID
            if not paid:
                return None
            return Capture(
                ref=first, others=others, payment_id=thing.id, actor=ACTOR, cause=event.id
            )
        case "checkout.session.expired" | "checkout.session.async_payment_failed":
            reason = "checkout session expired"
            if event.type.endswith("failed"):
                reason = "payment failed"
            return Release(ref=first, others=others, reason=reason, actor=ACTOR, cause=event.id)
        case _:
            return None


def _ids(thing: Object) -> list[str]:
    """Every id by which a checkout session may name its hold, the most telling first."""
    metadata = thing.metadata or {}
    named = [metadata.get(name) for name in ("reservationId", "reservation_id", "sessionId")]
    texts = [name for name in named if isinstance(name, str)]
    return [*texts, thing.client_reference_id or "", thing.id]


async def webhook(shop: Shop, call: Call) -> Reply:
    """Takes an event of Stripe. A 2xx says that its effect is durable; anything else is retried."""
    body = await call.body()
    secrets = shop.settings.stripe_webhook_secrets
    if not secrets:
        raise Problem(
            503,
            "not_configured",
            "This server takes no Stripe events. Set STRIPE_WEBHOOK_SECRET and start it again.",
        )
    header = call.headers.get(b"stripe-signature")
    check_signature(header, body, secrets, shop.engine.clock())
    event = parse(_event, body)
    answer = await shop.engine.submit(
        RecordEvent(
            event_id=event.id,
            type=event.type,
            object_id=event.data.object.id,
            effect=effect_of(event),
            actor=ACTOR,
        )
    )
    if isinstance(answer, Refused):
        raise refusal(answer)
    return ok(
        encode(
            {
                "success": True,
                "received": True,
                "outcome": answer.data["outcome"],
                "duplicate": not answer.data["first"],
            }
        )
    )
