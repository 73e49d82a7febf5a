"""The rows of orders: sold lines, the locations of their units, and the buyer."""

from enum import StrEnum
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import Line, Row


class OrderStatus(StrEnum):
    """The status of an order. It follows from its units and is never stored."""

    TO_SHIP = "to_ship"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class OrderUnits:
    """The ordered units of a SKU at a location, and how many of them have left or never will.

    `backordered` of the open units are not in stock yet. `returned` of the shipped ones came back.
    """

    sku: str
    location: str
    quantity: int
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0
    backordered: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """The key of the level that has the units."""
        return (self.sku, self.location)

    @property
    def open(self) -> int:
        """The units that the buyer still waits for."""
        return self.quantity - self.shipped - self.cancelled

    @property
    def ready(self) -> int:
        """The open units that are there."""
        return self.open - self.backordered

    @property
    def left(self) -> int:
        """The units that the buyer has or gets: each may come back once."""
        return self.quantity - self.cancelled - self.returned


def status_of(units: tuple[OrderUnits, ...]) -> OrderStatus:
    """The status of an order with these units."""
    shipped = sum(row.shipped for row in units)
    if any(row.open for row in units):
        return OrderStatus.PARTLY_SHIPPED if shipped else OrderStatus.TO_SHIP
    if not shipped:
        return OrderStatus.CANCELLED
    returned = sum(row.returned for row in units)
    return OrderStatus.RETURNED if returned == shipped else OrderStatus.SHIPPED


@dataclass(frozen=True, slots=True)
class ShippedUnits:
    """Units of one SKU in a shipment. Units with the same `shipment` left as one parcel."""

    shipment: int
    at: int
    sku: str
    location: str
    quantity: int
    carrier: str = ""
    tracking_number: str = ""


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A step in the history of an order. `revision` is the last one of the ledger after it."""

    at: int
    action: str
    text: str
    actor: str
    revision: int


@dataclass(frozen=True, slots=True)
class LocationSnapshot:
    """A location as it was when the order first used it: later changes leave documents as is."""

    location_id: str
    name: str
    address: str
    country: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Order(Row):
    """A paid hold: its units until they have left, and after that.

    `order_id` is the id of the hold, `number` counts the orders of the shop. `total` is the
    amount paid, in the smallest unit of `currency`, if known. `lines` are the sold units
    with the prices of that moment, `parts` are those of its bundles. With `on_shipment` the units
    are allocated until they leave; else they left the stock when they were paid. `revision` is the
    last one of the ledger after the latest change.
    """

    TABLE: ClassVar[str] = "shop_order"
    KEY: ClassVar[tuple[str, ...]] = ("order_id",)

    order_id: str
    number: int
    ordered_at: int
    payment_id: str | None
    intent: str | None
    total: int | None
    currency: str
    on_shipment: bool
    late: bool
    lines: tuple[Line, ...]
    parts: tuple[SoldPart, ...]
    units: tuple[OrderUnits, ...]
    shipments: tuple[ShippedUnits, ...] = ()
    history: tuple[OrderStep, ...] = ()
    locations: tuple[LocationSnapshot, ...] = ()
    revision: int = 0

    @property
    def key(self) -> str:
        return self.order_id

    @property
    def status(self) -> OrderStatus:
        """The status that follows from the units."""
        return status_of(self.units)


@dataclass(frozen=True, slots=True)
class Buyer:
    """The buyer of an order, as the payment provider reports. Personal data: never in a log."""

    name: str = ""
    email: str = ""
    phone: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""

    def __repr__(self) -> str:
        return "Buyer(…)"


@dataclass(frozen=True, slots=True)
class OrderBuyer(Row):
    """The personal data of an order. Apart from the order, so that it can be erased alone.

    `stored_at` is when it came, in ms. After `erased_at` no field has any content.
    """

    TABLE: ClassVar[str] = "order_buyer"
    KEY: ClassVar[tuple[str, ...]] = ("order_id",)

    order_id: str
    stored_at: int
    name: str = ""
    email: str = ""
    phone: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    erased_at: int | None = None

    def __repr__(self) -> str:
        return f"OrderBuyer({self.order_id!r}, …)"

    @property
    def key(self) -> str:
        return self.order_id
