"""Stripe's webhook: signature on the raw bytes, then at most one effect per event.

The scheme is Stripe's (docs: "Verify webhook signatures manually"): the header `Stripe-Signature`
holds `t=<unix seconds>` and one or more `v1=<hex>`; a `v1` is the HMAC-SHA256 of `<t>.<body>`.
"""

import logging
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Header
from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.core.outcomes import Refused
from fancymonkey.payments.events import StripeEvent, foreign, record
from fancymonkey.payments.thin_events import ObjectUnavailable, bare, fetched, thin_of
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import Ok, example
from fancymonkey.web.http.messages import Problem, parse
from fancymonkey.web.http.problems.refusals import refusal
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Context
from fancymonkey.web.routing.described import msgspec_body

log = logging.getLogger(__name__)

router = APIRouter(tags=["stripe"], route_class=AuthorizedRoute)

TOLERANCE_SECONDS = 300
"""The tolerance of a signature's time, either way."""

OWES = ("refund due", "second payment")
"""Outcomes that may lead to a refund."""

HEADER_MAX = 4096
SECONDS_DIGITS = 12


_event = msgspec.json.Decoder(StripeEvent)
_anything: msgspec.json.Decoder[object] = msgspec.json.Decoder(object)


def check_signature(header: bytes | None, body: bytes, secrets: tuple[str, ...], now: int) -> None:
    """Returns if one of the secrets signed the body within the tolerance. Raises Problem 400.

    The library's own check decides. Input that it cannot handle is refused before: anything but
    ASCII, endless numbers, and times in the future, which it takes.
    """
    if header is None or len(header) > HEADER_MAX:
        raise _bad_signature("The Stripe-Signature header is missing or not valid.")
    parts = [part.strip().partition(b"=") for part in header.split(b",")]
    times = [value for name, _, value in parts if name == b"t"]
    signatures = [value for name, _, value in parts if name == b"v1" and value.isalnum()]
    if len(times) != 1 or not times[0].isdigit() or len(times[0]) > SECONDS_DIGITS:
        raise _bad_signature("The Stripe-Signature header has no timestamp or no v1 signature.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Problem(400, "invalid_json", "The body is not valid UTF-8.") from None
    plain = b",v1=".join([b"t=" + times[0], *signatures]).decode()
    if not _is_signed(text, plain, secrets):
        raise _bad_signature("No signature matches the payload. Check STRIPE_WEBHOOK_SECRET.")
    if abs(now // 1000 - int(times[0])) > TOLERANCE_SECONDS:
        raise _bad_signature(
            "The timestamp of the signature is outside the tolerance. Check the clock."
        )


def _is_signed(body: str, header: str, secrets: tuple[str, ...]) -> bool:
    # Not at the top: it takes 25 MB, which a shop without Stripe does not need.
    from stripe import SignatureVerificationError, WebhookSignature

    signed = False
    for secret in secrets:  # all of them, in constant time
        try:
            signed |= WebhookSignature.verify_header(body, header, secret)
        except SignatureVerificationError:
            continue
    return signed


def _bad_signature(detail: str) -> Problem:
    return Problem(400, "bad_signature", detail)


@with_config(example({"success": True, "received": True, "outcome": "done", "duplicate": False}))
class ReceivedEvent(TypedDict):
    """The outcome of the event; Stripe sends an event again until it gets this."""

    success: Ok
    received: Literal[True]
    outcome: str
    duplicate: bool


@router.post(
    "/api/webhooks/stripe",
    summary="Receive signed Stripe events",
    dependencies=[public()],
    openapi_extra=msgspec_body(
        StripeEvent,
        {
            "id": "evt_1",
            "type": "checkout.session.completed",
            "data": {"object": {"id": "cs_test_abc123", "payment_status": "paid"}},
        },
    ),
)
async def webhook(
    context: Context,
    request: Call,
    signature: Annotated[
        str | None,
        Header(alias="Stripe-Signature", description="`t=…,v1=…`, as Stripe sends it"),
    ] = None,
) -> ReceivedEvent:
    """Receives a Stripe event. After a 2xx its effect is durable; anything else is retried."""
    body = await request.body()
    secrets = context.settings.payments.stripe_webhook_secrets
    if not secrets:
        raise Problem(
            503,
            "not_configured",
            "Stripe webhooks are not configured. Set STRIPE_WEBHOOK_SECRET and restart.",
        )
    header = None if signature is None else signature.encode("latin-1")
    try:
        check_signature(header, body, secrets, context.engine.clock())
    except Problem:
        context.request_metrics.webhook_refused += 1
        raise
    event = await _event_of(context, body)
    answer = await context.engine.submit(record(event, context.policy, context.engine.clock()))
    if isinstance(answer, Refused):
        raise refusal(answer)
    context.request_metrics.event(answer.data.outcome)
    if answer.data.outcome == "not ours":
        log.warning("%s: %s", event.id, foreign(event, context.policy))
    if answer.data.outcome in OWES and context.checkouts is not None:
        context.checkouts.refund_later()
    return {
        "success": True,
        "received": True,
        "outcome": answer.data.outcome,
        "duplicate": not answer.data.first,
    }


async def _event_of(context: AppContext, body: bytes) -> StripeEvent:
    """The event of a body; if it came without its object, the object is fetched from Stripe.

    Raises Problem 422 if the object cannot be had: Stripe sends the event again later.
    """
    thin = thin_of(body)
    if thin is None:
        return parse(_event, body)
    parse(_anything, body)  # the stored part must be valid, as for any other event
    if not thin.ours:
        return bare(thin)
    try:
        return await fetched(thin, None if context.checkouts is None else context.checkouts.gateway)
    except ObjectUnavailable as error:
        log.warning("%s: %s", thin.id, error)
        raise Problem(422, "thin_event", str(error)) from error
