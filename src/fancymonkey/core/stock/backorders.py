"""Backorders: paid units that are not on hand yet."""

from fancymonkey.core.command import Command
from fancymonkey.core.model import Allocation, Kind
from fancymonkey.core.state import State


def fill_backorders(state: State, sku: str, location: str, command: Command) -> None:
    """Free units that came in go to paid backorders."""
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
    """Removes backordered units that will not be delivered, because their buyer is refunded."""
    state.book_movement(
        Kind.RETURNED,
        units.sku,
        units.location,
        command,
        backordered=-units.quantity,
        reason=reason,
    )
