"""An order as JSON, with the units and the personal data that a caller may see."""

from functools import partial
from typing import Any

from fancymonkey.accounts.model import Actor, Right
from fancymonkey.core.orders.rows import Order, OrderBuyer
from fancymonkey.services.sales.order_json import money_of_order, order_out, part_of_order
from fancymonkey.web.admin_api.sales.holds import product_name
from fancymonkey.web.context import AppContext


def sees_buyers(actor: Actor) -> bool:
    """Whether a caller may see personal data: not with the right to read alone."""
    return actor.right.covers(Right.STOCK)


async def order_json(context: AppContext, actor: Actor, order: Order) -> Any:
    """The order as this caller may see it."""
    buyer = None
    if sees_buyers(actor):
        buyer = await context.engine.store.find(OrderBuyer, order.order_id)
    part = part_of_order(order, actor.locations)
    money = await money_of_order(context.engine, part)
    return order_out(part, buyer, money, partial(product_name, context.engine))
