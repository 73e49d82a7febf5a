"""Ends a hold without a sale."""

from dataclasses import replace

from fancymonkey.core.bundles.sales import count_bundles
from fancymonkey.core.command import Command
from fancymonkey.core.model import Kind, Reservation, Status
from fancymonkey.core.state import State


def give_back(
    state: State, hold: Reservation, status: Status, command: Command, reason: str = ""
) -> Reservation:
    """Ends a live hold without a sale: its units are available again. Returns the ended hold."""
    kind = Kind.EXPIRED if status is Status.EXPIRED else Kind.RELEASED
    for allocation in hold.allocations:
        state.book_movement(
            kind,
            allocation.sku,
            allocation.location,
            command,
            reserved=-allocation.quantity,
            reservation=hold,
            reason=reason,
        )
    ended = replace(hold, status=status, ended_at=state.now)
    state.put(ended)
    count_bundles(state, hold, ended)
    return ended
