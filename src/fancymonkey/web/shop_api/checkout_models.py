"""The body and the answers of a checkout."""

from typing import Annotated, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Ok, example

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
_WHICH = {"productId": "prod_hoodie_001", "size": "M", "quantity": 1}
_HOLD = {
    "id": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "sessionId": "b4c5e8d0f1a24c7f9b3e6d2a8c1f0e57",
    "lines": [_WHICH],
    "expiresAt": "2025-10-07T12:36:00.000Z",
    "expiresInMinutes": 36,
    **_WHICH,
}


class ChosenOption(JsonBody):
    """An option of a bundle, and how many of it each bundle has."""

    product_id: Id
    size: Id
    quantity: Quantity


Choices = Annotated[list[ChosenOption], Field(max_length=MAX_LINES)]


class CheckoutLine(JsonBody):
    """A size, by its name or its `skuId`, and its quantity; `priceId` is checked if given.

    `choices` are the chosen options of a bundle.
    """

    model_config = ConfigDict(extra="allow")

    product_id: Id
    size: Id | None = None
    sku_id: Id | None = None
    price_id: Id | None = None
    quantity: Quantity = 1
    choices: Choices | None = None


class ShipToBody(JsonBody):
    """The destination of the parcels: a country and a postal code, or coordinates in degrees."""

    country: Annotated[str, Field(max_length=64)] = ""
    postal_code: Annotated[str, Field(max_length=64)] = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None


class CheckoutBody(JsonBody):
    """Either one size or `lines`: the whole basket. Neither: the lines that `sessionId` holds.

    `location`, `pickupAt` and `shipTo` are those of `reserve`. `replaces` is an earlier
    hold of the buyer, which is released in the same transaction.
    """

    model_config = ConfigDict(extra="allow") | example(
        {
            "productId": "prod_hoodie_001",
            "skuId": "sku_midnight_emerald_m",
            "priceId": "price_midnight_emerald_m",
            "sessionId": "b4c5e8d0f1a24c7f9b3e6d2a8c1f0e57",
        }
    )

    session_id: Id | None = None
    product_id: Id | None = None
    size: Id | None = None
    sku_id: Id | None = None
    price_id: Id | None = None
    quantity: Quantity | None = None
    choices: Choices | None = None
    lines: Annotated[list[CheckoutLine], Field(min_length=1, max_length=MAX_LINES)] | None = None
    replaces: Id | None = None
    location: Id | None = None
    pickup_at: Id | None = None
    ship_to: ShipToBody | None = None


class CheckoutLineOut(TypedDict):
    """A size and its quantity."""

    productId: str
    size: str
    quantity: int


class CheckoutAllocation(TypedDict):
    """Units of a hold at a location."""

    productId: str
    size: str
    quantity: int
    location: str


class CheckoutHold(TypedDict):
    """The hold of a checkout; one of a single line has its fields too.

    Where the shop has several locations it has its units by location, and at the checkout the
    reasons.
    """

    id: str
    sessionId: str
    lines: list[CheckoutLineOut]
    expiresAt: str | None
    expiresInMinutes: int | None
    productId: NotRequired[str]
    size: NotRequired[str]
    quantity: NotRequired[int]
    allocations: NotRequired[list[CheckoutAllocation]]
    because: NotRequired[list[str]]


@with_config(
    example(
        {
            "success": True,
            "checkoutUrl": "https://checkout.stripe.com/c/pay/cs_test_abc123",
            "sessionId": "cs_test_abc123",
            "reservation": _HOLD,
            "revision": 83,
        }
    )
)
class OpenedCheckout(TypedDict):
    """The Stripe Checkout Session, and the hold of exactly its lines."""

    success: Ok
    checkoutUrl: str | None
    sessionId: str
    reservation: CheckoutHold
    revision: int
    ignored: NotRequired[list[str]]


@with_config(
    example(
        {
            "success": True,
            "status": "held",
            "paid": False,
            "late": False,
            "paymentPending": False,
            "checkout": True,
            "reservation": _HOLD,
            "serverTime": "2025-10-07T12:00:02.000Z",
            "revision": 83,
        }
    )
)
class CheckoutStatus(TypedDict):
    """The status of a hold and its payment.

    `paymentPending`: the buyer chose a payment that takes days, and it has not arrived yet.
    """

    success: Ok
    status: str
    paid: bool
    late: bool
    paymentPending: bool
    checkout: bool
    reservation: CheckoutHold
    serverTime: str
    revision: int
