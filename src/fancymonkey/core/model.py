"""The rows of the inventory: plain, immutable, the same in every store.

Quantities are whole units, times are whole milliseconds since 1970 in UTC, prices are decimals.
A row names its table and its key; a store persists any declared row by these two alone.
"""

from collections.abc import Hashable, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import Bundle, ChoiceGroup, Component, SafetyStock, SoldPart
from fancymonkey.core.route_option import RouteOption

MAX_QUANTITY = 1_000_000_000
"""No single quantity may be larger; sums stay far inside 64 bits."""

MAX_LINES = 100
"""No hold may have more lines."""
MANUAL = "manual/"
"""The beginning of the ids of the owner's own holds. They can be guessed: no buyer may name one."""


def sku_of(product_id: str, size: str) -> str:
    """The key of an item. A product id never holds a slash, so `split_sku` always undoes this."""
    return f"{product_id}/{size}"


def split_sku(sku: str) -> tuple[str, str]:
    """The product id and the size that `sku_of` was given (the size may hold slashes, as `S/M`)."""
    product_id, _, size = sku.partition("/")
    return product_id, size


class Status(StrEnum):
    """The state of a hold. It leaves `held` once; after that only a late payment may capture it."""

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


HELD = Status.HELD
"""The same member without the lookup in its class, which costs every sale about 0.2 µs."""


class Kind(StrEnum):
    """The kind of a ledger entry."""

    RECEIVED = "received"
    SOLD = "sold"
    RESERVED = "reserved"
    RELEASED = "released"
    EXPIRED = "expired"
    CAPTURED = "captured"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    RETURNED = "returned"
    ADJUSTED = "adjusted"
    COUNTED = "counted"
    TRANSFERRED_OUT = "transferred_out"
    TRANSFERRED_IN = "transferred_in"
    ORDERED = "ordered"
    ORDER_CLOSED = "order_closed"
    MOVED = "moved"
    ASSEMBLED = "assembled"
    EXTENDED = "extended"
    LOCATION_EDITED = "location_edited"
    ADDED = "added"
    EDITED = "edited"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Row:
    """Anything that a store keeps by table and key."""

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]

    @property
    def key(self) -> Hashable:
        """The value of the key column, or the tuple of them where there are several."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Product(Row):
    """Something the shop sells, in one or more sizes.

    `extra` is the owner's own JSON object for this product with the fields above blanked to null:
    it keeps unknown fields and the order of all fields, and no rule ever reads it.
    """

    TABLE: ClassVar[str] = "product"
    KEY: ClassVar[tuple[str, ...]] = ("product_id",)

    product_id: str
    name: str
    category: str = ""
    price: Decimal | None = None
    position: int = 0
    restock_date: str | None = None
    archived: bool = False
    updated_at: int = 0
    extra: str = "{}"

    @property
    def key(self) -> str:
        return self.product_id


@dataclass(frozen=True, slots=True)
class Item(Row):
    """One size of a product: the smallest thing with stock of its own (the SKU).

    A bundle has no stock of its own: its `components`, fixed ones and options of its `groups`, do.
    """

    TABLE: ClassVar[str] = "item"
    KEY: ClassVar[tuple[str, ...]] = ("sku",)

    sku: str
    product_id: str
    size: str
    position: int = 0
    sku_id: str | None = None
    price_id: str | None = None
    low_stock_threshold: int = 5
    sold_out: bool = False
    archived: bool = False
    extra: str = "{}"
    safety_stock: tuple[SafetyStock, ...] = ()
    bundle: Bundle | None = None
    components: tuple[Component, ...] = ()
    groups: tuple[ChoiceGroup, ...] = ()

    @property
    def key(self) -> str:
        return self.sku


@dataclass(frozen=True, slots=True)
class Level(Row):
    """The units of a SKU at a location, and the promised ones among them.

    `location` is an account (`core.locations.accounts`): a location's id for the units for sale, or
    the id with a state, as `berlin:damaged`, for units that are there and not for sale.
    """

    TABLE: ClassVar[str] = "level"
    KEY: ClassVar[tuple[str, ...]] = ("sku", "location")

    sku: str
    location: str
    on_hand: int = 0
    reserved: int = 0
    allocated: int = 0
    incoming: int = 0
    backordered: int = 0
    short: int = 0
    updated_at: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return (self.sku, self.location)

    @property
    def available(self) -> int:
        """The units that can be sold now. Negative while a count is below the promised units."""
        return self.on_hand - self.reserved - self.allocated


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity of one SKU that a buyer gets, and the price of one unit where it is known."""

    sku: str
    quantity: int
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Units of one SKU at one location that belong to a hold, a sale or a payment issue."""

    sku: str
    quantity: int
    location: str

    @property
    def key(self) -> tuple[str, str]:
        """The key of the level that has the units."""
        return (self.sku, self.location)


def lines_of(allocations: Iterable[Allocation]) -> tuple[Line, ...]:
    """The allocations as lines: one for each SKU, in the order of its first allocation."""
    units: dict[str, int] = {}
    for allocation in allocations:
        units[allocation.sku] = units.get(allocation.sku, 0) + allocation.quantity
    return tuple(Line(sku, quantity) for sku, quantity in units.items())


@dataclass(frozen=True, slots=True)
class Reservation(Row):
    """A hold: units set aside until it is captured, released or expires.

    `allocations` are the units that its levels have set aside: every rule about quantities reads
    them. `lines` are the sold units: prices, baskets and pages read them. `sold_lines` is None
    if the lines follow from the allocations, which is the usual case. `parts` are the parts of the
    bundles among the lines as they were sold.

    A hold with `expires_at` None lasts until it is released. `late` marks a payment that came after
    the hold had ended. `payment_id` names the payment that captured it, or the payment that came
    too late and is refunded: then the hold is not captured. `route` is the choice of its locations,
    first the chosen option and then the others; None if only one location could serve it.
    """

    TABLE: ClassVar[str] = "reservation"
    KEY: ClassVar[tuple[str, ...]] = ("reservation_id",)

    reservation_id: str
    session_id: str
    status: Status
    allocations: tuple[Allocation, ...]
    created_at: int
    expires_at: int | None
    ended_at: int | None = None
    payment_id: str | None = None
    late: bool = False
    sold_lines: tuple[Line, ...] | None = None
    parts: tuple[SoldPart, ...] | None = None
    route: tuple[RouteOption, ...] | None = None

    @property
    def key(self) -> str:
        return self.reservation_id

    @property
    def lines(self) -> tuple[Line, ...]:
        """The sold lines."""
        return lines_of(self.allocations) if self.sold_lines is None else self.sold_lines


@dataclass(frozen=True, slots=True)
class SessionLink(Row):
    """The latest hold of an outside id (a buyer's session or a Stripe session)."""

    TABLE: ClassVar[str] = "session"
    KEY: ClassVar[tuple[str, ...]] = ("session_id",)

    session_id: str
    reservation_id: str

    @property
    def key(self) -> str:
        return self.session_id


@dataclass(frozen=True, slots=True)
class Outcome(Row):
    """The first answer to a command with an id, which a repetition gets again."""

    TABLE: ClassVar[str] = "outcome"
    KEY: ClassVar[tuple[str, ...]] = ("command_id",)

    command_id: str
    digest: str
    at: int
    answer: str

    @property
    def key(self) -> str:
        return self.command_id


@dataclass(frozen=True, slots=True)
class Event(Row):
    """A verified message of the payment provider, and its outcome."""

    TABLE: ClassVar[str] = "event"
    KEY: ClassVar[tuple[str, ...]] = ("event_id",)

    event_id: str
    type: str
    object_id: str
    received_at: int
    outcome: str

    @property
    def key(self) -> str:
        return self.event_id


@dataclass(frozen=True, slots=True)
class TurnedAway(Row):
    """Demand that found no stock, per SKU and hour: sales alone do not show it.

    `counted` units are part of the daily demand of that `generation`.
    """

    TABLE: ClassVar[str] = "turned_away"
    KEY: ClassVar[tuple[str, ...]] = ("sku", "hour")

    sku: str
    hour: int
    requests: int
    units: int
    counted: int = 0
    generation: int = 0

    @property
    def key(self) -> tuple[str, int]:
        return (self.sku, self.hour)


@dataclass(frozen=True, slots=True)
class Cursor(Row):
    """The position of a follower: a revision, or a time `at` (ms).

    `zone` is the time zone of its days, if it counts by day; `generation` counts its restarts.
    """

    TABLE: ClassVar[str] = "cursor"
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    revision: int
    at: int | None = None
    zone: str = ""
    generation: int = 0

    @property
    def key(self) -> str:
        return self.name


SHARED_ROWS: tuple[type[Row], ...] = (Outcome, Event, TurnedAway, Cursor)
"""The kinds of row that belong to no feature."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable movement. The six quantities are changes; `*_after` are running numbers.

    `sku` is the product id alone where an entry concerns a product and no quantity. `until` is the
    hold's deadline as of this entry. `cause` is the command, order or file that asked for it.
    """

    revision: int
    at: int
    kind: Kind
    sku: str
    location: str
    on_hand: int = 0
    reserved: int = 0
    allocated: int = 0
    incoming: int = 0
    backordered: int = 0
    short: int = 0
    on_hand_after: int = 0
    reserved_after: int = 0
    reservation_id: str | None = None
    until: int | None = None
    actor: str = ""
    reason: str = ""
    cause: str = ""
