"""Signs events as Stripe does."""

import hashlib
import hmac
import json
from typing import Any

from tests.web.client import Answer
from tests.web.shops import WHSEC, Shop

PATH = "/api/webhooks/stripe"


def signature(body: bytes, at: int, secret: str = WHSEC) -> str:
    """The hex digest of a `v1` signature; `at` in seconds."""
    return hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()


def event(
    kind: str, session: str, *, id_: str = "evt_1", status: str | None = "paid", **more: Any
) -> dict[str, Any]:
    """An event about a checkout session."""
    thing = {"id": session, "object": "checkout.session", "payment_status": status, **more}
    return {
        "id": id_,
        "object": "event",
        "type": f"checkout.session.{kind}",
        "livemode": False,
        "data": {"object": thing},
    }


async def deliver(shop: Shop, what: dict[str, Any] | bytes, secret: str = WHSEC) -> Answer:
    """Sends an event with a right signature."""
    body = what if isinstance(what, bytes) else json.dumps(what).encode()
    at = shop.clock() // 1000
    header = f"t={at},v1={signature(body, at, secret)},v0=00"
    return await shop.client.post(PATH, body, {"Stripe-Signature": header})
