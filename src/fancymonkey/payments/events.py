"""What Stripe's events ask of the inventory. Pure: an event in, a command out."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.payments.checkout import AwaitPayment
from fancymonkey.core.payments.disputes import NoteDispute
from fancymonkey.core.payments.foreign_events import NoteForeign
from fancymonkey.core.payments.refunds import RecordRefund, RefundFailed
from fancymonkey.payments.gateway import GIVEN_BACK, LOST, PAID, id_of
from fancymonkey.payments.money import amount_shown, minute_shown, money_of, word

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
"""The types of events that we act upon. All others are kept and answered, and do nothing."""

SELECTED = tuple(type_ for type_ in TYPES if type_ != CHARGE_REFUND_UPDATED)
"""The types that an endpoint at Stripe must send; `refund.updated` has what is left out."""


class Object(msgspec.Struct):
    """What we read of the object that an event is about: a session, charge, refund or dispute."""

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
    reason: Any = None
    evidence_details: Any = None


class Data(msgspec.Struct):
    """Where an event keeps its object."""

    object: Object


class Event(msgspec.Struct):
    """What we read of an event."""

    id: Id
    type: Id
    data: Data
    created: Any = None
    livemode: Any = None
    account: Any = None


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """What the owner has decided beforehand.

    `refund_late`: a late payment that cannot be served is refunded, else it becomes a backorder.
    `take_back`: a whole refund returns the units at once, else the owner is asked. `patience`: how
    long (ms) a hold waits for money that is under way. `currency` is what the shop sells in,
    `livemode` the mode of its key, where there is one.
    """

    refund_late: bool = False
    take_back: bool = False
    patience: int = 7 * 86_400_000
    currency: str = ""
    livemode: bool | None = None


def record(event: Event, policy: PaymentPolicy, now: int) -> RecordEvent:
    """The command that keeps an event and does what it asks, once."""
    return RecordEvent(
        event_id=event.id,
        type=event.type,
        object_id=event.data.object.id,
        effect=effect_of(event, policy, now),
        actor=ACTOR,
    )


def effect_of(event: Event, policy: PaymentPolicy, now: int) -> Command | None:
    """What an event asks of the inventory, or None where it asks nothing."""
    thing = event.data.object
    why = foreign(event, policy)
    if why is not None:
        paid = event.type in (COMPLETED, ASYNC_SUCCEEDED)
        refs = tuple(id_ for id_ in _ids(thing) if id_) if paid else ()
        return NoteForeign(refs=refs, payment=thing.id, why=why, actor=ACTOR, cause=event.id)
    if event.type in REFUNDS:
        return _refund(event, policy)
    if event.type in DISPUTES:
        return _dispute(event, policy)
    ids = [id_ for id_ in _ids(thing) if id_]
    if not ids:
        return None
    first, others = ids[0], tuple(ids[1:])
    match event.type:
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            if event.type == COMPLETED and thing.payment_status not in PAID:
                until = now + policy.patience
                return AwaitPayment(
                    ref=first,
                    others=others,
                    until=until,
                    payment_session=thing.id,
                    actor=ACTOR,
                    cause=event.id,
                )
            return Capture(
                ref=first,
                others=others,
                payment_id=thing.id,
                intent=id_of(thing.payment_intent),
                refund_late=policy.refund_late,
                money=money_of(msgspec.structs.asdict(thing), policy.currency),
                actor=ACTOR,
                cause=event.id,
            )
        case "checkout.session.expired" | "checkout.session.async_payment_failed":
            failed = event.type == ASYNC_FAILED
            return Release(
                ref=first,
                others=others,
                reason="payment failed" if failed else "checkout session expired",
                payment_session=thing.id,
                number=_number(thing),
                failed=failed,
                actor=ACTOR,
                cause=event.id,
            )
    return None


def _refund(event: Event, policy: PaymentPolicy) -> Command | None:
    """A refund is told of its charge, and by itself; only the charge says whether it is whole."""
    thing = event.data.object
    payment = id_of(thing.payment_intent)
    if payment is None:
        return None
    if event.type != CHARGE_REFUNDED and thing.status in LOST and thing.id:
        return RefundFailed(ref=payment, refund=thing.id, actor=ACTOR, cause=event.id)
    if event.type != CHARGE_REFUNDED and thing.status not in GIVEN_BACK:
        return None
    return RecordRefund(
        ref=payment,
        whole=event.type == CHARGE_REFUNDED and thing.refunded is True,
        refund="" if event.type == CHARGE_REFUNDED else thing.id,
        note=thing.id,
        take_back=policy.take_back,
        actor=ACTOR,
        cause=event.id,
    )


def _dispute(event: Event, policy: PaymentPolicy) -> Command | None:
    """A dispute names its payment, or at least its charge; none is left out for lack of them."""
    thing = event.data.object
    if not thing.id:
        return None
    evidence = thing.evidence_details if isinstance(thing.evidence_details, dict) else {}
    created = event.created if isinstance(event.created, int) and event.created > 0 else 0
    return NoteDispute(
        ref=id_of(thing.payment_intent) or id_of(thing.charge) or "",
        dispute=thing.id,
        at=created * 1000,
        status=word(thing.status),
        funds=FUNDS.get(event.type, ""),
        amount=amount_shown(thing.amount, thing.currency),
        reason=word(thing.reason).replace("_", " "),
        due=minute_shown(evidence.get("due_by")),
        actor=ACTOR,
        cause=event.id,
    )


def foreign(event: Event, policy: PaymentPolicy) -> str | None:
    """Why an event is not of this shop's account or mode, or None where it is."""
    if event.account is not None:
        return f"The event is of another account, {word(event.account) or 'which has no id'}."
    if policy.livemode is None or not isinstance(event.livemode, bool):
        return None
    if event.livemode != policy.livemode:
        mode, key = ("live", "test") if event.livemode else ("test", "live")
        return f"The event is of {mode} mode; STRIPE_SECRET_KEY is a {key} key."
    return None


def livemode_of(key: str | None) -> bool | None:
    """The mode of a secret or restricted key, or None where nobody knows."""
    kind, _, rest = (key or "").partition("_")
    mode = rest.partition("_")[0]
    return {"live": True, "test": False}.get(mode) if kind in ("sk", "rk") else None


def _ids(thing: Object) -> list[str]:
    """Every id by which a checkout session may name its hold, the most telling first.

    Of a payment link the buyer sets `client_reference_id`, in its URL: a cheap link could pay for
    a dear hold. Of all other sessions the shop's own server has set it.
    """
    metadata = thing.metadata or {}
    named = [metadata.get(name) for name in ("reservationId", "reservation_id", "sessionId")]
    texts = [name for name in named if isinstance(name, str)]
    said = "" if thing.payment_link else thing.client_reference_id or ""
    return [*texts, said, thing.id]


def _number(thing: Object) -> int | None:
    text = (thing.metadata or {}).get("checkout")
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return None
