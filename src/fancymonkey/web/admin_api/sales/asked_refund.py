"""The amount of a refund that a request asks for."""

from fancymonkey.core.orders.money import OrderMoney
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.currencies import major_units
from fancymonkey.payments.order_refunds import amount_asked
from fancymonkey.web.admin_api.sales.refund_models import RefundBody
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import refusal


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
