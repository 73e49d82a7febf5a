"""The settings that a shop page needs."""

from typing import NotRequired

from fastapi import APIRouter
from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.web.http.bodies.json_body import Ok, example
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context

router = APIRouter(tags=["checkout"], route_class=AuthorizedRoute)


class PickupLocation(TypedDict):
    """A location where buyers may collect."""

    id: str
    name: str
    address: str


@with_config(example({"success": True, "demo": False, "checkout": True, "currency": "usd"}))
class ShopInfo(TypedDict):
    """Whether this is a demo, whether it takes payments, and the currency of its prices.

    `pickup` are the locations where buyers may collect, if there are any.
    """

    success: Ok
    demo: bool
    checkout: bool
    currency: str
    pickup: NotRequired[list[PickupLocation]]


@router.get("/api/shop", summary="Settings that a shop page needs", dependencies=[public()])
async def about(context: Context) -> ShopInfo:
    """Returns whether this is a demo, whether it takes payments, and the currency of its prices."""
    settings = context.settings
    answer: ShopInfo = {
        "success": True,
        "demo": settings.server.demo,
        "checkout": context.checkouts is not None,
        "currency": settings.payments.currency,
    }
    pickup: list[PickupLocation] = [
        {"id": row.location_id, "name": row.name, "address": row.address}
        for row in context.engine.view.locations.values()
        if row.active and row.pickup
    ]
    if pickup:
        answer["pickup"] = pickup
    return answer
