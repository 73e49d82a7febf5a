"""An order as the commands print it, and the options that they share."""

from typing import Any

import click

from fancymonkey.core.orders.rows import Order, OrderBuyer
from fancymonkey.services.container import Services
from fancymonkey.services.sales.order_json import money_of_order, order_out

PATH = "/api/admin/orders"
url_option = click.option(
    "--url", metavar="URL", help="URL of the running server. [the address of `serve`]"
)


async def order_json(services: Services, row: Order) -> dict[str, Any]:
    """The order with its buyer."""
    buyer = await services.engine.store.find(OrderBuyer, row.order_id)
    products = services.engine.view.products

    def name(product_id: str) -> str | None:
        product = products.get(product_id)
        return None if product is None else product.name

    return order_out(row, buyer, await money_of_order(services.engine, row), name)
