"""The content of a pick list and of a packing slip."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PickRow:
    """Units of a size to take from a location, and the orders that they are for."""

    units: int
    product: str
    sku: str
    orders: str


@dataclass(frozen=True, slots=True)
class PickList:
    """The units to take from one location. `title` has its name and their number."""

    title: str
    rows: tuple[PickRow, ...]


@dataclass(frozen=True, slots=True)
class SlipRow:
    """Units in a parcel. `note` names the bundle that they are a part of."""

    units: int
    product: str
    sku: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A packing slip: a parcel of an order, with the texts around its lines."""

    number: int
    ordered_on: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    rows: tuple[SlipRow, ...]
    remarks: tuple[str, ...] = ()
