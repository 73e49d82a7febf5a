"""The body of a refund of an order, and what its units cost."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fancymonkey.core.orders.money import OrderMoney
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.currencies import major_units
from fancymonkey.payments.order_refunds import amount_asked
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Money, Number, example
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import refusal

MAX_MONEY = 10**13
_ID = "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"


class RefundBody(JsonBody):
    """The order whose payment is refunded: all that is left of it, or an `amount`.

    `refunded` is the sum that the caller saw; if it has changed, nothing is refunded.
    """

    model_config = example({"id": _ID, "amount": 24.5, "refunded": 0})

    id: Id
    amount: Annotated[Money, Field(gt=0, le=MAX_MONEY)] | None = None
    refunded: Annotated[Money, Field(ge=0, le=MAX_MONEY)] | None = None


class ShareOut(TypedDict):
    """The price of the units of a size: their share of the paid amount.

    `back` of them were cancelled or returned; `backAmount` is their share.
    """

    productId: str
    size: str
    name: str | None
    quantity: int
    amount: Number
    back: int
    backAmount: Number


class OrderRefundOut(TypedDict):
    """The amount that was `refunded`, and the amount still `due` for cancelled and returned units.

    `left` is the rest of the paid amount.
    """

    refunded: Number
    due: Number
    left: Number
    shares: list[ShareOut]


def asked_amount(order: Order, money: OrderMoney, body: RefundBody) -> int | None:
    """The amount of a refund in the smallest unit, or None for the rest of the payment."""
    present = major_units(money.refunded, order.currency)
    if body.refunded is not None and body.refunded != present:
        raise Problem(409, "stale", f"{present} were refunded by now. Read the order again.")
    if body.amount is None:
        return None
    amount = amount_asked(order, money, body.amount)
    if isinstance(amount, Refused):
        raise refusal(amount)
    return amount
