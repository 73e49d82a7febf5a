"""The request and response bodies of the shop API and of stock updates."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fancymonkey.core.holds.ended import Released
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY, Allocation, Item, split_sku
from fancymonkey.core.stock.answers import StockAnswer
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.timestamps import iso

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
Stock = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]
Change = Annotated[int, Meta(ge=-MAX_QUANTITY, le=MAX_QUANTITY)]
Text = Annotated[str, Meta(max_length=500)]
SkuId = Annotated[str, Meta(min_length=3, max_length=401)]
Status = Literal["in_stock", "low", "out", "sold_out", "backordered", "archived"]

ROWS_MAX = 10_000
"""The most rows of one update."""


class ChoiceBody(Struct, rename="camel", forbid_unknown_fields=True):
    """An option of a bundle, and how many of it each bundle has."""

    product_id: Id
    size: Id
    quantity: Quantity


class DestinationBody(Struct, rename="camel", forbid_unknown_fields=True):
    """The destination of the parcels: a country and a postal code, or coordinates in degrees."""

    country: Annotated[str, Meta(max_length=64)] = ""
    postal_code: Annotated[str, Meta(max_length=64)] = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


Choices = Annotated[list[ChoiceBody], Meta(max_length=MAX_LINES)]


class LineBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A size and its quantity, and the options that were chosen if it is a bundle."""

    product_id: Id
    size: Id
    quantity: Quantity
    choices: Choices | msgspec.UnsetType = msgspec.UNSET


class ReserveBody(Struct, rename="camel", forbid_unknown_fields=True):
    """Either one size (`productId`, `size`, `quantity`) or `lines`; always a `sessionId`.

    Units come from `location` only; or from `pickupAt` first, to be collected there; or from the
    locations that suit `shipTo` best. `replaces` is an earlier hold of the buyer, which is
    released in the same transaction. `choices` are the options of a bundle.
    """

    session_id: Id
    product_id: Id | None = None
    size: Id | None = None
    quantity: Quantity | None = None
    lines: Annotated[list[LineBody], Meta(min_length=1, max_length=MAX_LINES)] | None = None
    replaces: Id | None = None
    choices: Choices | msgspec.UnsetType = msgspec.UNSET
    # Not null where they are missing: the digest of an Idempotency-Key stays as it was.
    location: Id | msgspec.UnsetType = msgspec.UNSET
    pickup_at: Id | msgspec.UnsetType = msgspec.UNSET
    ship_to: DestinationBody | msgspec.UnsetType = msgspec.UNSET


class ReleaseBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A session (or hold) to release, or `releaseExpired`."""

    session_id: Id | None = None
    release_expired: bool = False


class SeenValues(Struct, rename="camel", forbid_unknown_fields=True):
    """The values that the owner saw."""

    stock: Stock | msgspec.UnsetType = msgspec.UNSET
    low_stock_threshold: Stock | msgspec.UnsetType = msgspec.UNSET
    sold_out: bool | msgspec.UnsetType = msgspec.UNSET
    restock_date: Text | msgspec.UnsetType | None = msgspec.UNSET


class UpdateRow(Struct, rename="camel", forbid_unknown_fields=True):
    """The change of one size: `stock` or `adjustStock`, and any of the others.

    `location` is where its stock changes; missing: the default location.
    """

    product_id: Id
    size: Id
    stock: Stock | None = None
    adjust_stock: Change | None = None
    expected: int | None = None
    reserved: Stock | None = None
    low_stock_threshold: Stock | None = None
    sold_out: bool | None = None
    restock_date: Text | msgspec.UnsetType | None = msgspec.UNSET
    receipt: bool = False
    was: SeenValues | None = None
    reason: Text = ""
    location: Id | None = None


class UpdateBody(Struct, rename="camel", forbid_unknown_fields=True):
    """The rows, each parsed separately, so that it may fail alone.

    The owner's password is for callers without a session or a key.
    """

    updates: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=ROWS_MAX)]
    password: str | msgspec.UnsetType = msgspec.UNSET


class BulkFilter(Struct, rename="camel", forbid_unknown_fields=True):
    """The sizes to change; missing fields do not narrow the choice.

    With a `location` the choice and the change concern the stock there, else the default location.
    """

    category: str | list[str] | None = None
    product_ids: Annotated[list[Id], Meta(max_length=100_000)] | None = None
    low_stock_only: bool = False
    skus: Annotated[list[SkuId], Meta(max_length=100_000)] | None = None
    status: list[Status] | None = None
    q: Text = ""
    location: Id | msgspec.UnsetType = msgspec.UNSET  # not null: a key's digest stays as it was


class BulkChanges(Struct, rename="camel", forbid_unknown_fields=True):
    """The values to set, or the adjustment of `stock`."""

    stock: Change | None = None
    low_stock_threshold: Stock | None = None
    sold_out: bool | None = None
    restock_date: Text | msgspec.UnsetType | None = msgspec.UNSET
    reason: Text = ""


class BulkBody(Struct, rename="camel", forbid_unknown_fields=True):
    """`set` sets values, `adjust` adds to stock, `reset` releases every hold."""

    action: str
    filter: BulkFilter = msgspec.field(default_factory=BulkFilter)
    changes: BulkChanges = msgspec.field(default_factory=BulkChanges)
    dry_run: bool = False
    password: str | msgspec.UnsetType = msgspec.UNSET


class HeldOut(Struct, rename="camel"):
    """A hold, in the seed's shape."""

    id: str
    product_id: str
    size: str
    quantity: int
    session_id: str
    expires_at: str
    expires_in_minutes: int


class AllocationOut(Struct, rename="camel"):
    """Units of a hold at a location."""

    product_id: str
    size: str
    quantity: int
    location: str


class RoutedOut(HeldOut, rename="camel"):
    """A hold that several locations could serve, or of a bundle: its units, and the reasons."""

    allocations: list[AllocationOut]
    because: tuple[str, ...]


class StockOut(Struct, rename="camel"):
    """A level, in the seed's shape."""

    total: int
    reserved: int
    available: int


class ReserveOut(Struct, rename="camel"):
    """The response to a reserve of one size."""

    success: bool
    reservation: HeldOut
    stock: StockOut
    revision: int
    ignored: list[str] | msgspec.UnsetType = msgspec.UNSET


encode = msgspec.json.Encoder(decimal_format="number").encode


@lru_cache(maxsize=256)
def deadline(at: int, until: int | None) -> tuple[str | None, int | None]:
    """The end of a hold, and its duration from `at` in minutes, rounded up."""
    if until is None:
        return None, None
    return iso(until), max(0, -((at - until) // 60_000))


def reserved_one(hold: Reserved) -> bytes:
    """The response to a reserve in the seed's form."""
    sku, quantity, on_hand, reserved, available = hold.lines[0]
    product_id, size = split_sku(sku)
    until, minutes = deadline(hold.at, hold.expires_at)
    fields = (hold.reservation_id, product_id, size, quantity, hold.session_id, until, minutes)
    held = (
        HeldOut(*fields)  # type: ignore[arg-type]  # None only for the owner's own holds
        if hold.allocations is None
        else RoutedOut(*fields, _allocations_out(hold.allocations), hold.because)  # type: ignore[arg-type]
    )
    return encode(
        ReserveOut(True, held, StockOut(on_hand, reserved, left(available)), hold.revision)
    )


def reserved_lines(hold: Reserved) -> bytes:
    """The response to a reserve of several lines."""
    until, minutes = deadline(hold.at, hold.expires_at)
    routed: dict[str, Any] = {}
    if hold.allocations is not None:
        routed = {"allocations": _allocations_out(hold.allocations), "because": hold.because}
    return encode(
        {
            "success": True,
            "reservation": {
                "id": hold.reservation_id,
                "sessionId": hold.session_id,
                "lines": [line_out(line) for line in hold.lines],
                "expiresAt": until,
                "expiresInMinutes": minutes,
                **routed,
            },
            "stock": [line_stock(line) for line in hold.lines],
            "revision": hold.revision,
        }
    )


def routed_out(allocations: Iterable[Allocation] | None, because: Iterable[str]) -> dict[str, Any]:
    """The units of a routed hold by location, and the reasons; nothing if it was not routed."""
    if allocations is None:
        return {}
    rows = [{**line_out((row.sku, row.quantity)), "location": row.location} for row in allocations]
    return {"allocations": rows, "because": list(because)}


def _allocations_out(allocations: tuple[Allocation, ...]) -> list[AllocationOut]:
    """The same units for `encode`, faster. The holds of a bundle share them."""
    known = _SHARED.get(id(allocations))
    if known is None or known[0] is not allocations:
        if len(_SHARED) >= _SHARED_MAX:
            _SHARED.clear()
        units_out = [
            AllocationOut(*split_sku(units.sku), units.quantity, units.location)
            for units in allocations
        ]
        known = _SHARED[id(allocations)] = (allocations, units_out)
    return known[1]


_SHARED: dict[int, tuple[tuple[Allocation, ...], list[AllocationOut]]] = {}
_SHARED_MAX = 100


def left(available: int) -> int:
    """The availability for buyers: none is left while the count is below the promised units."""
    return max(0, available)


def line_out(line: Any) -> dict[str, Any]:
    """A line of a hold."""
    product_id, size = split_sku(line[0])
    return {"productId": product_id, "size": size, "quantity": line[1]}


def line_stock(line: Any) -> dict[str, Any]:
    """The current availability of a line's SKU."""
    product_id, size = split_sku(line[0])
    return {
        "productId": product_id,
        "size": size,
        "total": line[2],
        "reserved": line[3],
        "available": left(line[4]),
    }


def hold_out(hold: Released) -> dict[str, Any]:
    """An ended hold, with its released lines."""
    return {
        "id": hold.reservation_id,
        "sessionId": hold.session_id,
        "status": hold.status,
        "lines": [{**line_out(line), "stock": line_stock(line)} for line in hold.lines],
    }


def fault_out(fault: dict[str, Any]) -> dict[str, Any]:
    """The details of a refusal, with the SKU of a failed line spelled out."""
    if "sku" not in fault:
        return fault
    product_id, size = split_sku(fault["sku"])
    details = {key: value for key, value in fault.items() if key != "sku"}
    for name in ("scarce", "path"):
        if name in details:
            details[name] = [size_key(sku) for sku in details[name]]
    return {"productId": product_id, "size": size, **details}


def size_key(sku: str) -> dict[str, str]:
    """A SKU as its product and size."""
    product_id, size = split_sku(sku)
    return {"productId": product_id, "size": size}


def stock_out(stock: StockAnswer) -> dict[str, Any]:
    """A SKU in the responses of update and bulk-update."""
    product_id, size = split_sku(stock.sku)
    return {"productId": product_id, "size": size, **stock_fields(stock, stock)}


def stock_fields(stock: StockAnswer | SkuStock, settings: StockAnswer | Item) -> dict[str, Any]:
    """The stock and the settings of a SKU under their public names, for the owner."""
    return {
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": stock.available,
        "backordered": stock.backordered,
        "short": stock.short,
        "lowStockThreshold": settings.low_stock_threshold,
        "soldOut": settings.sold_out,
    }
