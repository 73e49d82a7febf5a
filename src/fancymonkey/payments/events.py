"""Maps Stripe events to commands of the inventory. Pure."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.payments.checkout import AwaitPayment
from fancymonkey.core.payments.disputes import NoteDispute
from fancymonkey.core.payments.foreign_events import NoteForeign
from fancymonkey.core.payments.refunds import RecordRefund, RefundFailed
from fancymonkey.payments.buyers import buyer_of, total_of
from fancymonkey.payments.gateway import GIVEN_BACK, LOST, PAID, id_of
from fancymonkey.payments.money import amount_shown, minute_shown, money_of, whole, word

ACTOR = "stripe"
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

COMPLETED = "checkout.session.completed"
ASYNC_SUCCEEDED = "checkout.session.async_payment_succeeded"
ASYNC_FAILED = "checkout.session.async_payment_failed"
EXPIRED = "checkout.session.expired"
CHARGE_REFUNDED = "charge.refunded"
REFUND_CREATED = "refund.created"
REFUND_UPDATED = "refund.updated"
REFUND_FAILED = "refund.failed"
CHARGE_REFUND_UPDATED = "charge.refund.updated"
REFUNDS = (CHARGE_REFUNDED, REFUND_CREATED, REFUND_UPDATED, REFUND_FAILED, CHARGE_REFUND_UPDATED)
DISPUTES = tuple(
    f"charge.dispute.{name}"
    for name in ("created", "updated", "funds_withdrawn", "funds_reinstated", "closed")
)
FUNDS = {DISPUTES[2]: "withdrawn", DISPUTES[3]: "reinstated"}

TYPES = (
    COMPLETED,
    ASYNC_SUCCEEDED,
    ASYNC_FAILED,
    EXPIRED,
    *REFUNDS,
    *DISPUTES,
)
"""The event types that have an effect. All others are stored and confirmed only."""

SELECTED = tuple(type_ for type_ in TYPES if type_ != CHARGE_REFUND_UPDATED)
"""The types that an endpoint at Stripe must send; `refund.updated` covers the one left out."""


class EventObject(msgspec.Struct):
    """The fields we read of an event's object: a session, charge, refund or dispute."""

    id: Annotated[str, msgspec.Meta(max_length=255)] = ""
    payment_status: str | None = None
    client_reference_id: str | None = None
    payment_link: Any = None
    metadata: dict[str, Any] | None = None
    payment_intent: Any = None
    refunded: bool | None = None
    status: str | None = None
    currency: Any = None
    amount_total: Any = None
    amount_subtotal: Any = None
    total_details: Any = None
    currency_conversion: Any = None
    line_items: Any = None
    charge: Any = None
    amount: Any = None
    amount_refunded: Any = None
    reason: Any = None
    evidence_details: Any = None
    customer_details: Any = None
    customer_email: Any = None
    shipping_details: Any = None
    collected_information: Any = None
    mode: Any = None


class EventData(msgspec.Struct):
    """The part of an event that contains its object."""

    object: EventObject


class StripeEvent(msgspec.Struct):
    """The fields we read of an event."""

    id: Id
    type: Id
    data: EventData
    created: Any = None
    livemode: Any = None
    account: Any = None


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """The owner's settings for events.

    `refund_late`: a late payment that cannot be served is refunded, else it becomes a backorder.
    `take_back`: a full refund returns the units at once, else the owner decides.
    `pending_payment_ms`: how long a hold waits for a pending payment. `currency` is the currency of
    the shop, `livemode` the mode of its key, where there is one. `on_shipment`: paid units stay on
    hand until they leave. `keep_buyers`: the buyer's name and addresses are stored with the order.
    """

    refund_late: bool = False
    take_back: bool = False
    pending_payment_ms: int = 7 * DAY_MS
    currency: str = ""
    livemode: bool | None = None
    on_shipment: bool = False
    keep_buyers: bool = True


def record(event: StripeEvent, policy: PaymentPolicy, now: int) -> RecordEvent:
    """The command that stores an event and carries out its effect, once."""
    return RecordEvent(
        event_id=event.id,
        type=event.type,
        object_id=event.data.object.id,
        effect=effect_of(event, policy, now),
        actor=ACTOR,
    )


def effect_of(event: StripeEvent, policy: PaymentPolicy, now: int) -> Command | None:
    """The command that carries out an event, or None if it has no effect."""
    obj = event.data.object
    why = foreign(event, policy)
    if why is not None:
        paid = event.type in (COMPLETED, ASYNC_SUCCEEDED)
        refs = tuple(id_ for id_ in _ids(obj) if id_) if paid else ()
        return NoteForeign(refs=refs, payment=obj.id, why=why, actor=ACTOR, cause=event.id)
    if event.type in REFUNDS:
        return _refund(event, policy)
    if event.type in DISPUTES:
        return _dispute(event, policy)
    ids = [id_ for id_ in _ids(obj) if id_]
    if not ids:
        return None
    first, others = ids[0], tuple(ids[1:])
    match event.type:
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            if event.type == COMPLETED and obj.payment_status not in PAID:
                until = now + policy.pending_payment_ms
                return AwaitPayment(
                    ref=first,
                    others=others,
                    until=until,
                    payment_session=obj.id,
                    actor=ACTOR,
                    cause=event.id,
                )
            session = msgspec.structs.asdict(obj)
            return Capture(
                ref=first,
                others=others,
                payment_id=obj.id,
                intent=id_of(obj.payment_intent),
                refund_late=policy.refund_late,
                money=money_of(session, policy.currency),
                on_shipment=policy.on_shipment,
                total=total_of(session),
                currency=word(obj.currency).lower(),
                buyer=buyer_of(session) if policy.keep_buyers else None,
                actor=ACTOR,
                cause=event.id,
            )
        case "checkout.session.expired" | "checkout.session.async_payment_failed":
            failed = event.type == ASYNC_FAILED
            return Release(
                ref=first,
                others=others,
                reason="payment failed" if failed else "checkout session expired",
                payment_session=obj.id,
                number=_number(obj),
                failed=failed,
                actor=ACTOR,
                cause=event.id,
            )
    return None


def _refund(event: StripeEvent, policy: PaymentPolicy) -> Command | None:
    """The command for a refund, which its charge and the refund itself report.

    Only the charge states whether the payment is refunded in full.
    """
    obj = event.data.object
    payment = id_of(obj.payment_intent)
    if payment is None:
        return None
    if event.type != CHARGE_REFUNDED and obj.status in LOST and obj.id:
        return RefundFailed(
            ref=payment, refund=obj.id, amount=_amount(obj.amount), actor=ACTOR, cause=event.id
        )
    if event.type != CHARGE_REFUNDED and obj.status not in GIVEN_BACK:
        return None
    charge = event.type == CHARGE_REFUNDED
    return RecordRefund(
        ref=payment,
        amount=_amount(obj.amount_refunded if charge else obj.amount),
        whole=charge and obj.refunded is True,
        refund="" if charge else obj.id,
        note=obj.id,
        take_back=policy.take_back,
        actor=ACTOR,
        cause=event.id,
    )


def _amount(value: Any) -> int | None:
    """An amount in the smallest unit, or None if it is not a plausible one."""
    amount = whole(value)
    return amount if amount is not None and amount >= 0 else None


def _dispute(event: StripeEvent, policy: PaymentPolicy) -> Command | None:
    """The command for a dispute; without a payment it refers to the charge, or to nothing."""
    obj = event.data.object
    if not obj.id:
        return None
    evidence = obj.evidence_details if isinstance(obj.evidence_details, dict) else {}
    created = event.created if isinstance(event.created, int) and event.created > 0 else 0
    return NoteDispute(
        ref=id_of(obj.payment_intent) or id_of(obj.charge) or "",
        dispute=obj.id,
        at=created * 1000,
        status=word(obj.status),
        funds=FUNDS.get(event.type, ""),
        amount=amount_shown(obj.amount, obj.currency),
        reason=word(obj.reason).replace("_", " "),
        due=minute_shown(evidence.get("due_by")),
        actor=ACTOR,
        cause=event.id,
    )


def foreign(event: StripeEvent, policy: PaymentPolicy) -> str | None:
    """The reason why an event is not the shop's own: another account or mode; else None."""
    if event.account is not None:
        return f"The event is of another account, {word(event.account) or 'which has no id'}."
    if policy.livemode is None or not isinstance(event.livemode, bool):
        return None
    if event.livemode != policy.livemode:
        mode, key = ("live", "test") if event.livemode else ("test", "live")
        return f"The event is of {mode} mode; STRIPE_SECRET_KEY is a {key} key."
    return None


def livemode_of(key: str | None) -> bool | None:
    """Whether a secret or restricted key is of live mode, or None if that is unknown."""
    kind, _, mode_and_secret = (key or "").partition("_")
    mode = mode_and_secret.partition("_")[0]
    return {"live": True, "test": False}.get(mode) if kind in ("sk", "rk") else None


def _ids(obj: EventObject) -> list[str]:
    """Every id by which a checkout session may name its hold, the most specific first.

    The `client_reference_id` of a payment link comes from its URL, which the buyer can edit: a
    cheap link could pay for an expensive hold. In other sessions the shop's own server sets it.
    """
    metadata = obj.metadata or {}
    named = [metadata.get(name) for name in ("reservationId", "reservation_id", "sessionId")]
    texts = [name for name in named if isinstance(name, str)]
    reference = "" if obj.payment_link else obj.client_reference_id or ""
    return [*texts, reference, obj.id]


def _number(obj: EventObject) -> int | None:
    text = (obj.metadata or {}).get("checkout")
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return None
