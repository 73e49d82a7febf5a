"""Backorders: paid units that are not on hand yet."""

from fancymonkey.core.command import Command
from fancymonkey.core.model import Allocation, Kind, Reservation
from fancymonkey.core.orders.waiting import serve, stop_waiting
from fancymonkey.core.state import State


def fill_backorders(state: State, sku: str, location: str, command: Command) -> None:
    """Free units that came in go to paid backorders, the earliest payment first.

    The needs of the command have `needs_waiting` of this SKU and location.
    """
    level = state.level(sku, location)
    filled = min(level.backordered, max(0, level.available))
    if not filled:
        return
    allocated = [
        (order, units)
        for order, units in serve(state, (sku, location), filled)
        if order.on_shipment
    ]
    sold = filled - sum(units for _, units in allocated)
    if sold:
        state.book_movement(
            Kind.SOLD,
            sku,
            location,
            command,
            on_hand=-sold,
            backordered=-sold,
            reason="backorder filled",
        )
    for order, units in allocated:
        state.book_movement(
            Kind.ALLOCATED,
            sku,
            location,
            command,
            allocated=units,
            backordered=-units,
            reservation=state.get(Reservation, order.order_id),
            reason="backorder filled",
        )


def cancel_backorders(
    state: State, units: Allocation, command: Command, reason: str, order_id: str | None = None
) -> None:
    """Removes backordered units that will not be delivered, because their buyer is refunded.

    They are those of an order, or else of the latest ones. The needs of the command have
    `needs_waiting` of this SKU and location.
    """
    stop_waiting(state, units.key, units.quantity, order_id)
    state.book_movement(
        Kind.RETURNED,
        units.sku,
        units.location,
        command,
        backordered=-units.quantity,
        reservation=None if order_id is None else state.get(Reservation, order_id),
        reason=reason,
    )
