"""Moves the deadline of a live hold."""

from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.model import Kind, Reservation
from fancymonkey.core.state import State


def set_deadline(state: State, hold: Reservation, until: int, command: Command) -> Reservation:
    """Gives a live hold a new deadline (ms), with an entry for each allocation. Returns it."""
    hold = replace(hold, expires_at=until)
    state.put(hold)
    for units in hold.allocations:
        state.book_event(Kind.EXTENDED, units.sku, units.location, command, reservation=hold)
    return hold
