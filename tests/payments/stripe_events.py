"""Events of Stripe as tests need them, in Stripe's own shapes, and a core shop that takes them."""

from itertools import count
from typing import Any

import msgspec

from fancymonkey.core.group_answers import EventAnswer
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.payments.events import PaymentPolicy, StripeEvent, record
from tests.core.builders import CoreShop

POLICY = PaymentPolicy(pending_payment_ms=1_000_000, currency="usd")
_numbers = count(1)


def happened(type_: str, thing: dict[str, Any], **more: Any) -> StripeEvent:
    """An event of a type about an object."""
    body = {"id": f"evt_{next(_numbers)}", "type": type_, "data": {"object": thing}, **more}
    return msgspec.convert(body, StripeEvent)


def session(
    name: str, id_: str = "cs_A", hold: str = "h-s1", status: str = "unpaid", **more: Any
) -> StripeEvent:
    """An event of a Checkout Session."""
    thing = {
        "id": id_,
        "payment_status": status,
        "payment_intent": f"pi_{id_.removeprefix('cs_')}",
        "metadata": {"reservationId": hold},
        **more,
    }
    return happened(f"checkout.session.{name}", thing)


def refund(name: str, id_: str = "re_1", payment: str = "pi_A", status: str = "") -> StripeEvent:
    """An event of a refund, or of the charge that it is of."""
    failed = "failed" if name == "refund.failed" else "succeeded"
    thing: dict[str, Any] = {"id": id_, "payment_intent": payment, "status": status or failed}
    if name.startswith("charge.refunded"):
        thing |= {"id": "ch_1", "refunded": name == "charge.refunded"}
    return happened(name.partition(":")[0], thing)


def take_in(shop: CoreShop, event: StripeEvent, policy: PaymentPolicy = POLICY) -> EventAnswer:
    """The outcome of an event."""
    answer = shop.do(record(event, policy, shop.now))
    data: EventAnswer = getattr(answer, "data")  # noqa: B009 - a refusal has none, and fails
    return data


def open_issues(shop: CoreShop, *concerns: str) -> list[PaymentIssue]:
    """The payment issues that wait, of some concerns or of all."""
    rows = shop.image.rows[PaymentIssue].values()
    return [
        row
        for row in rows
        if row.closed_at is None and (not concerns or str(row.concern) in concerns)
    ]
