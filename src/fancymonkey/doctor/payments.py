"""Checks that Stripe's events arrive."""

import json
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.model import Event
from fancymonkey.core.outcomes import Code
from fancymonkey.doctor.checks import CheckContext, DoctorFinding, error, warning
from fancymonkey.engine.job_names import RECONCILE
from fancymonkey.engine.job_runs import runs_since
from fancymonkey.errors import PaymentError, PaymentRefused
from fancymonkey.payments.events import ASYNC_SUCCEEDED, COMPLETED, SELECTED
from fancymonkey.text import counted

ENDPOINT = "/api/webhooks/stripe"
PAYMENTS = (COMPLETED, ASYNC_SUCCEEDED)
SHOWN = 5
"""The most sessions that a finding names."""
SKEW = 30_000
"""The tolerated difference (ms) from Stripe's clock; webhooks are refused from 300 s on."""


async def check_webhook(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks whether reconciliation found events that the webhook should have brought."""
    missed = 0
    async for row in runs_since(context.store, RECONCILE, context.now - DAY_MS):
        corrected = json.loads(row.report).get("corrected", [])
        missed += sum(str(text).startswith("missed ") for text in corrected)
    if missed:
        yield error(
            "webhook.silent",
            f"{counted(missed, 'event')} of Stripe in the last day came by reconciliation only, "
            "not by the webhook.",
            "In Stripe's dashboard, check the endpoint: its URL should end in "
            "/api/webhooks/stripe, its deliveries list our answers, and its signing secret must be "
            "in STRIPE_WEBHOOK_SECRET.",
        )


async def check_unknown_holds(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks whether buyers paid in sessions that name no hold of this shop."""
    sessions: dict[str, None] = {}
    async for row in context.store.scan(Event):
        recent = row.received_at >= context.now - 7 * DAY_MS
        if recent and row.type in PAYMENTS and row.outcome == Code.UNKNOWN_SESSION:
            sessions[row.object_id] = None
    if sessions:
        named = ", ".join(list(sessions)[:SHOWN]) + (", …" if len(sessions) > SHOWN else "")
        yield warning(
            "payments.unknown_hold",
            f"{counted(len(sessions), 'checkout session')} of the last 7 days named no hold of "
            f"this shop, so nothing was sold: {named}",
            "Look at these payments in Stripe's dashboard. If they are of this shop, refund them "
            "or send the goods, and give each session the id of its hold as "
            "metadata.reservationId.",
        )


async def check_stripe(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks the key, undelivered events and the clock by a request to Stripe."""
    if context.gateway is None:
        return
    try:
        undelivered, date = await context.gateway.undelivered(context.now - DAY_MS)
    except PaymentRefused as reason:
        if reason.reached:
            yield error(
                "stripe.key",
                f"Stripe does not accept STRIPE_SECRET_KEY: {reason}",
                "Copy it again from Stripe's dashboard; a restricted key needs Checkout Sessions, "
                "Refunds and Events.",
            )
        else:
            yield _unreachable(str(reason))
        return
    except PaymentError as reason:
        yield _unreachable(str(reason))
        return
    if undelivered:
        yield error(
            "webhook.silent",
            f"Stripe could not deliver {counted(undelivered, 'event')} of the last day.",
            "In Stripe's dashboard, check the endpoint's deliveries: a wrong URL, an old secret, "
            "or a service that was down. `fancymonkey reconcile` applies the missed events.",
        )
    skew = _skew(date, context.now)
    if skew is not None and abs(skew) > SKEW:
        yield error(
            "clock.skew",
            f"The clock here differs by {-skew / 1000:+.0f} s from Stripe's. From 300 s on every "
            "event is refused, and holds end at the wrong time.",
            "Synchronise this machine by NTP: timedatectl set-ntp true",
        )


async def check_endpoint(context: CheckContext) -> AsyncIterator[DoctorFinding]:
    """Checks that the endpoint at Stripe is on and sends every type of event with an effect."""
    if context.gateway is None:
        return
    try:
        rows = await context.gateway.endpoints()
    except PaymentError:  # not allowed to a restricted key; `check_stripe` finds other errors
        return
    for row in rows:
        url, types = row.get("url"), row.get("enabled_events")
        if not isinstance(url, str) or not isinstance(types, list) or not url.endswith(ENDPOINT):
            continue
        missing = [type_ for type_ in SELECTED if type_ not in types]
        if row.get("status") == "disabled":
            yield error(
                "webhook.disabled",
                f"Stripe has disabled the endpoint {url}: no events arrive.",
                "Enable it in Stripe's dashboard. `fancymonkey reconcile` applies the missed "
                "events.",
            )
        elif missing and "*" not in types:
            yield warning(
                "webhook.events",
                f"The endpoint {url} does not send {', '.join(missing)}.",
                "Select these events for it in Stripe's dashboard: without them refunds or "
                "disputes are not recorded.",
            )


def _unreachable(reason: str) -> DoctorFinding:
    return warning(
        "stripe.unreachable",
        f"Stripe cannot be reached from here: {reason}",
        "Check the network and its firewall: api.stripe.com, port 443.",
    )


def _skew(date: str | None, now: int) -> int | None:
    """The lead (ms) of the clock of a `Date` header over ours, or None."""
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return int(there.timestamp() * 1000) - now
