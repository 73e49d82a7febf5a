"""Takes back a shipment that was recorded by mistake: the units wait to be shipped again."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import MAX_QUANTITY, Kind, Line, Reservation
from fancymonkey.core.orders.choose import needs_order, order_of
from fancymonkey.core.orders.open import answer_of
from fancymonkey.core.orders.rows import Order, ShippedUnits
from fancymonkey.core.orders.units import in_words, record_step, units_at, with_units
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelShipment(Command):
    """Cancels a shipment of an order by its number: its units have not left after all.

    The location has them again, promised to this order as before. Refused as `too_many_units` if
    the order has no such shipment, or if units of it have come back.
    """

    order_id: str
    shipment: int
    lines: tuple[Line, ...] = ()
    reason: str = ""


def needs_unship(command: CancelShipment, state: State) -> Iterator[Key]:
    """The rows that `cancel_shipment` reads."""
    yield from needs_order(command, state)


def cancel_shipment(state: State, command: CancelShipment) -> Answer:
    """Applies a `CancelShipment`."""
    order = order_of(state, command)
    if isinstance(order, Refused):
        return order
    parcel = [row for row in order.shipments if row.shipment == command.shipment]
    refused = _fault(state, order, parcel)
    if refused is not None:
        return refused
    for row in parcel:
        _book(state, order, row, command)
        units = units_at(order, (row.sku, row.location))
        order = with_units(order, replace(units, shipped=units.shipped - row.quantity))
    left = tuple(row for row in order.shipments if row.shipment != command.shipment)
    words = in_words((row.sku, f"at {row.location}", row.quantity) for row in parcel)
    note = f"shipment {command.shipment}: {words}"
    note = f"{note}: {command.reason}" if command.reason else note
    order = record_step(state, replace(order, shipments=left), "shipment cancelled", note, command)
    return answer_of(order, state)


def _fault(state: State, order: Order, parcel: list[ShippedUnits]) -> Refused | None:
    if not parcel:
        text = "The order has no such shipment."
        return Refused(Code.TOO_MANY_UNITS, text, {"available": 0})
    short = []
    for row in parcel:
        units = units_at(order, (row.sku, row.location))
        there = units.shipped - units.returned
        if row.quantity > there:
            short.append({"sku": row.sku, "requested": row.quantity, "available": there})
        if state.level(row.sku, row.location).on_hand + row.quantity > MAX_QUANTITY:
            text = f"The stock would exceed {MAX_QUANTITY}."
            return Refused(Code.OUT_OF_RANGE, text, {"sku": row.sku})
    return Refused(Code.TOO_MANY_UNITS, "Units of it have come back.", short) if short else None


def _book(state: State, order: Order, row: ShippedUnits, command: CancelShipment) -> None:
    """Books that units of a shipment are there again, promised to the order."""
    hold = state.get(Reservation, order.order_id)
    level_key = (row.sku, row.location)
    reason = f"order {order.number}: shipment {row.shipment} cancelled"
    if not order.on_shipment:  # they left the stock when they were paid
        state.book_event(Kind.EDITED, *level_key, command, reservation=hold, reason=reason)
        return
    for there, promised in ((row.quantity, 0), (0, row.quantity)):
        state.book_movement(
            Kind.MOVED,
            *level_key,
            command,
            on_hand=there,
            allocated=promised,
            reservation=hold,
            reason=reason,
        )
