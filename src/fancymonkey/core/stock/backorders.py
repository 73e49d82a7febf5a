"""Backorders: units that were paid for before they were there."""

from fancymonkey.core.command import Command
from fancymonkey.core.model import Allocation, Kind
from fancymonkey.core.state import State


def fill_backorders(state: State, sku: str, location: str, command: Command) -> None:
    """Units that came in and are free go to those who have paid for one already."""
    level = state.level(sku, location)
    filled = min(level.backordered, max(0, level.available))
    if filled:
        state.book_movement(
            Kind.SOLD,
            sku,
            location,
            command,
            on_hand=-filled,
            backordered=-filled,
            reason="backorder filled",
        )


def strike_backorders(state: State, units: Allocation, command: Command, reason: str) -> None:
    """These units will never be delivered: they were backordered, and their buyer is refunded."""
    state.book_movement(
        Kind.RETURNED,
        units.sku,
        units.location,
        command,
        backordered=-units.quantity,
        reason=reason,
    )
