"""Refunds of an order that the owner makes: the whole payment, or what some units cost."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fancymonkey.core.model import Outcome
from fancymonkey.core.orders.money import OrderMoney
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.payments.currencies import CENTS, UNITS, amount_in_words, step_of
from fancymonkey.core.payments.refunds import RecordRefund, RefundFailed
from fancymonkey.engine.engine import Engine
from fancymonkey.payments.gateway import Gateway


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund of an order: `amount` of its payment in the smallest unit, or None for the rest.

    `command_id`, `former_id` and `digest` are those of its command: a repetition refunds nothing.
    """

    order: Order
    payment: str
    amount: int | None
    command_id: str | None
    former_id: str | None
    digest: str
    actor: str


def amount_asked(order: Order, money: OrderMoney, amount: Decimal) -> int | Refused:
    """An amount in the smallest unit, or the refusal of one that cannot be refunded."""
    if order.total is None:
        text = "The paid amount of this order is not known. Refund all of it, or a part at Stripe."
        return Refused(Code.OUT_OF_RANGE, text)
    left = max(0, order.total - money.refunded)
    asked = amount.scaleb(UNITS.get(order.currency, CENTS)[0])
    steps = asked == asked.to_integral_value() and int(asked) % step_of(order.currency) == 0
    if 0 < asked <= left and (steps or asked == left):
        return int(asked)
    most = amount_in_words(left, order.currency)
    return Refused(
        Code.OUT_OF_RANGE,
        f"{most} of this payment can be refunded, in whole steps of its currency.",
    )


async def refund_once(
    engine: Engine, gateway: Gateway, request: RefundRequest, money: OrderMoney
) -> Answer:
    """Makes a refund at the payment provider and records it. Raises PaymentError.

    The provider's key names the sum that was refunded before: two people who send the same refund
    at the same time make one.
    """
    order = request.order
    ids: dict[str, Any] = {
        "command_id": request.command_id,
        "former_id": request.former_id,
        "digest": request.digest,
        "actor": request.actor,
    }
    done = request.command_id is not None and await engine.store.find(Outcome, request.command_id)
    if done:  # the answer of the first one, or the refusal of another request with its key
        return await engine.submit(RecordRefund(ref=request.payment, whole=False, **ids))
    refund = await gateway.refund(request.payment, _key(request, money), request.amount)
    amount = request.amount if refund.amount is None else refund.amount
    if not refund.succeeded:
        return await engine.submit(
            RefundFailed(ref=request.payment, refund=refund.id, amount=amount, **ids)
        )
    return await engine.submit(
        RecordRefund(
            ref=request.payment,
            others=() if order.payment_id is None else (order.payment_id,),
            whole=False,
            refund=refund.id,
            note=refund.id,
            amount=amount,
            **ids,
        )
    )


def _key(request: RefundRequest, money: OrderMoney) -> str:
    """The idempotency key at the payment provider."""
    key = f"refund-order-{request.order.order_id}"
    if request.amount is not None or money.refunded:
        key += f"-{money.refunded}-{request.amount or 'rest'}"
    return key if not money.failed else f"{key}-after-{len(money.failed)}"
