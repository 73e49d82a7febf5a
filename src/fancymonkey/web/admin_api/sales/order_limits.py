"""The orders and locations that a caller may see."""

from fancymonkey.accounts.model import Actor
from fancymonkey.core.orders.rows import Order
from fancymonkey.web.admin_api.sales.order_models import NamedLocation
from fancymonkey.web.auth.location_limits import may_see, sees_any
from fancymonkey.web.context import AppContext


async def order_seen(context: AppContext, actor: Actor, name: str) -> Order | None:
    """The order with this id, number or payment, if it has units where the caller may see them."""
    order = await context.services.orders.by_name(name)
    if order is None or not sees_any(actor, (units.location for units in order.units)):
        return None
    return order


def locations_seen(context: AppContext, actor: Actor) -> list[NamedLocation]:
    """The open locations that the caller may see."""
    locations = context.engine.view.locations.values()
    return [
        {"id": location.location_id, "name": location.name}
        for location in locations
        if location.active and may_see(actor, location.location_id)
    ]
