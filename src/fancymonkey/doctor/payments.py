"""Does word of payments arrive?"""

import json
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

from fancymonkey.core.payments.rows import JobRun
from fancymonkey.doctor.checks import CheckContext, Finding, error, warning
from fancymonkey.errors import PaymentError, PaymentRefused
from fancymonkey.payments.events import SELECTED
from fancymonkey.text import counted

ENDPOINT = "/api/webhooks/stripe"
DAY = 24 * 3_600_000
SKEW = 30_000
"""How far (ms) our clock may be from Stripe's; a webhook is refused at 300 s."""


async def check_webhook(patient: CheckContext) -> AsyncIterator[Finding]:
    """Whether reconciliation had to find what the webhook should have brought."""
    missed = 0
    async for row in patient.store.scan(JobRun, ("reconcile", patient.now - DAY)):
        if row.job != "reconcile":
            break
        mended = json.loads(row.report).get("mended", [])
        missed += sum(str(text).startswith("missed ") for text in mended)
    if missed:
        yield error(
            "webhook.silent",
            f"{counted(missed, 'event')} of Stripe in the last day came by reconciliation only, "
            "not by the webhook.",
            "In Stripe's dashboard, look at the endpoint: its address should end in "
            "/api/webhooks/stripe, its deliveries say what they were answered, and its signing "
            "secret belongs into STRIPE_WEBHOOK_SECRET.",
        )


async def check_stripe(patient: CheckContext) -> AsyncIterator[Finding]:
    """Asks Stripe: is the key taken, did its events arrive, what time is it there?"""
    if patient.gateway is None:
        return
    try:
        undelivered, date = await patient.gateway.undelivered(patient.now - DAY)
    except PaymentRefused as reason:
        if reason.reached:
            yield error(
                "stripe.key",
                f"Stripe does not take STRIPE_SECRET_KEY: {reason}",
                "Copy it anew from Stripe's dashboard; a restricted key needs Checkout Sessions, "
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
            "In Stripe's dashboard, look at the endpoint's deliveries: an address that is wrong, "
            "a secret that is old, or a service that was down. `fancymonkey reconcile` brings in "
            "what was missed.",
        )
    away = _skew(date, patient.now)
    if away is not None and abs(away) > SKEW:
        yield error(
            "clock.skew",
            f"The clock here is {-away / 1000:+.0f} s from Stripe's. From 300 s on no event is "
            "believed, and holds end at the wrong time.",
            "Let this machine keep time by NTP: timedatectl set-ntp true",
        )


async def check_endpoint(patient: CheckContext) -> AsyncIterator[Finding]:
    """Whether the endpoint at Stripe sends every type of event that the service acts upon."""
    if patient.gateway is None:
        return
    try:
        rows = await patient.gateway.endpoints()
    except PaymentError:  # a restricted key may not ask, and `check_stripe` says what else is wrong
        return
    for row in rows:
        url, types = row.get("url"), row.get("enabled_events")
        if not isinstance(url, str) or not isinstance(types, list) or not url.endswith(ENDPOINT):
            continue
        missing = [type_ for type_ in SELECTED if type_ not in types]
        if row.get("status") == "disabled":
            yield error(
                "webhook.disabled",
                f"Stripe has switched the endpoint {url} off: no event comes.",
                "Enable it in Stripe's dashboard. `fancymonkey reconcile` brings in what was "
                "missed.",
            )
        elif missing and "*" not in types:
            yield warning(
                "webhook.events",
                f"The endpoint {url} does not send {', '.join(missing)}.",
                "Select these events for it in Stripe's dashboard: without them refunds or "
                "disputes are not followed.",
            )


def _unreachable(reason: str) -> Finding:
    return warning(
        "stripe.unreachable",
        f"Stripe cannot be asked from here: {reason}",
        "Look at the network and its firewall: api.stripe.com, port 443.",
    )


def _skew(date: str | None, now: int) -> int | None:
    """How far (ms) a clock is ahead of ours that says this in a header."""
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return int(there.timestamp() * 1000) - now
