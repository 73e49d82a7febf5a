"""The bodies and answers of orders."""

from typing import Annotated, Any, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY
from fancymonkey.web.admin_api.sales.refund_models import OrderRefundOut
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Number, Ok, Text, example

_ID = "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"
_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_NAMED = {**_WHICH, "name": "MIDNIGHT EMERALD HOODIE"}
_ORDER: dict[str, Any] = {
    "id": _ID,
    "number": 17,
    "status": "partly_shipped",
    "orderedAt": "2025-10-07T12:01:00.000Z",
    "paymentId": "cs_test_abc123",
    "intent": "pi_3Pabc",
    "amount": 116.0,
    "currency": "usd",
    "refund": {
        "refunded": 0.0,
        "due": 0.0,
        "left": 116.0,
        "shares": [{**_NAMED, "quantity": 2, "amount": 116.0, "back": 0, "backAmount": 0.0}],
    },
    "late": False,
    "fulfilment": "at_payment",
    "lines": [{**_NAMED, "quantity": 2, "price": 58, "shipped": 1}],
    "parts": [],
    "allocations": [
        {
            **_NAMED,
            "location": "main",
            "quantity": 2,
            "open": 1,
            "shipped": 1,
            "cancelled": 0,
            "returned": 0,
            "backordered": 0,
        }
    ],
    "shipments": [
        {
            "number": 1,
            "shippedAt": "2025-10-08T09:00:00.000Z",
            "location": "main",
            "carrier": "DHL",
            "trackingNumber": "JD014600003SE",
            "lines": [{**_NAMED, "quantity": 1}],
        }
    ],
    "locations": [{"id": "main", "name": "Main", "address": "", "country": "", "postalCode": ""}],
    "history": [
        {
            "at": "2025-10-07T12:01:00.000Z",
            "action": "paid",
            "text": "paid",
            "actor": "stripe",
        }
    ],
    "buyer": {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "",
        "line1": "12 St James's Square",
        "line2": "",
        "city": "London",
        "state": "",
        "postalCode": "SW1Y 4JH",
        "country": "GB",
    },
    "erasedAt": None,
    "revision": 90,
}


class OrderLineBody(JsonBody):
    """A size, or a bundle, and its quantity."""

    product_id: Id
    size: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class OrderBody(JsonBody):
    """An order, by its `id`, its number (`#17`) or an id of its payment; and units of it.

    Without `lines` it means all units that it can.
    """

    id: Id
    lines: Annotated[list[OrderLineBody], Field(max_length=MAX_LINES, default_factory=list)]


class ShipBody(OrderBody):
    """Units that leave. With a `location` they leave from there, also if others had them."""

    model_config = example(
        {
            "id": _ID,
            "lines": [{**_WHICH, "quantity": 1}],
            "location": "main",
            "carrier": "DHL",
            "trackingNumber": "JD014600003SE",
        }
    )

    location: Id | None = None
    carrier: Annotated[str, Field(max_length=100)] = ""
    tracking_number: Annotated[str, Field(max_length=100)] = ""


class UnshipBody(JsonBody):
    """An order, and the number of a shipment that did not leave."""

    model_config = example({"id": _ID, "shipment": 1, "reason": "the parcel is still here"})

    id: Id
    shipment: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
    reason: Text = ""


class MoveBody(OrderBody):
    """Units that another location ships: `to`. `location` limits it to the units there."""

    model_config = example({"id": _ID, "to": "berlin", "reason": "closer to the buyer"})

    to: Id
    location: Id | None = None
    reason: Text = ""


class CancelBody(OrderBody):
    """Units that will not ship. `location` limits it to the units there."""

    model_config = example(
        {"id": _ID, "lines": [{**_WHICH, "quantity": 1}], "reason": "the buyer asked for it"}
    )

    location: Id | None = None
    reason: Text = ""


class ReturnBody(OrderBody):
    """Units that came back, the location that has them now, and their state."""

    model_config = example(
        {
            "id": _ID,
            "lines": [{**_WHICH, "quantity": 1}],
            "location": "main",
            "state": "for_sale",
            "reason": "too small",
        }
    )

    location: Id | None = None
    state: Literal["for_sale", "damaged", "quarantine", "returned"] = "for_sale"
    reason: Text = ""


class EraseBody(JsonBody):
    """The order whose buyer is erased."""

    model_config = example({"id": _ID})

    id: Id


class OrderLineOut(TypedDict):
    """A line as it was sold: `price` of one, and how many are `shipped` whole."""

    productId: str
    size: str
    name: str | None
    quantity: int
    price: Number | None
    shipped: int


class OrderPartOut(TypedDict):
    """A part of a bundle: `quantity` in each one."""

    bundle: str
    productId: str
    size: str
    name: str | None
    quantity: int


class OrderUnitsOut(TypedDict):
    """Units of a size at a location; `open` ones wait to be shipped."""

    productId: str
    size: str
    name: str | None
    location: str
    quantity: int
    open: int
    shipped: int
    cancelled: int
    returned: int
    backordered: int


class ParcelLineOut(TypedDict):
    """Units in a shipment."""

    productId: str
    size: str
    name: str | None
    quantity: int


class ShipmentOut(TypedDict):
    """A shipment."""

    number: int
    shippedAt: str
    location: str
    carrier: str
    trackingNumber: str
    lines: list[ParcelLineOut]


class OrderPlaceOut(TypedDict):
    """A location as it was when the order first used it."""

    id: str
    name: str
    address: str
    country: str
    postalCode: str


class OrderStepOut(TypedDict):
    """A step in the history of an order."""

    at: str
    action: str
    text: str
    actor: str


class BuyerOut(TypedDict):
    """The buyer, as Stripe reports; hidden from callers who may only read."""

    name: str
    email: str
    phone: str
    line1: str
    line2: str
    city: str
    state: str
    postalCode: str
    country: str


class OrderOut(TypedDict):
    """An order; `refund` is null where the paid amount is not known."""

    id: str
    number: int
    status: str
    orderedAt: str
    paymentId: str | None
    intent: str | None
    amount: Number | None
    currency: str
    refund: OrderRefundOut | None
    late: bool
    fulfilment: str
    lines: list[OrderLineOut]
    parts: list[OrderPartOut]
    allocations: list[OrderUnitsOut]
    shipments: list[ShipmentOut]
    locations: list[OrderPlaceOut]
    history: list[OrderStepOut]
    buyer: BuyerOut | None
    erasedAt: str | None
    revision: int


class NamedLocation(TypedDict):
    """A location by its name."""

    id: str
    name: str


@with_config(
    example(
        {
            "success": True,
            "orders": [_ORDER],
            "counts": {
                "to_ship": 3,
                "partly_shipped": 1,
                "shipped": 120,
                "cancelled": 2,
                "returned": 4,
            },
            "locations": [{"id": "main", "name": "Main"}],
            "refunds": True,
            "next": None,
            "revision": 90,
        }
    )
)
class OrderPage(TypedDict):
    """A page of orders, and the number of orders of each status.

    `locations` are the locations that are active, `refunds` whether the shop can refund by itself.
    """

    success: Ok
    orders: list[OrderOut]
    counts: dict[str, int]
    locations: list[NamedLocation]
    refunds: bool
    next: str | None
    revision: int


@with_config(example({"success": True, "order": _ORDER, "revision": 91}))
class OrderResult(TypedDict):
    """An order after a change."""

    success: Ok
    order: OrderOut
    revision: int
