"""Sets `reserved`: ends holds, or adds a hold of the owner."""

from collections.abc import Iterator

from fancymonkey.core.command import Command, needs_allocations, needs_stock
from fancymonkey.core.holds.ended import EndedHold, ReservedSet
from fancymonkey.core.holds.give_back import give_back
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import (
    MANUAL,
    Allocation,
    Item,
    Kind,
    Level,
    Product,
    Reservation,
    SessionLink,
    Status,
)
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.pending import needs_pending, payment_pending, refuse_pending
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import bundle_without_stock, stock_of, unknown_item


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReserved(Command):
    """Sets `reserved` to this number, by ending holds or by adding one of the owner's own.

    Holds end whole, in the order of their deadlines. If that frees more units than requested, a
    hold without a deadline keeps the rest. Its id is `manual/<sku>/<revision>`.
    """

    sku: str
    quantity: int
    location: str
    reason: str = ""


def needs_set_reserved(command: SetReserved, state: State) -> Iterator[Key]:
    """The rows that `set_reserved` reads."""
    yield from needs_stock(command.sku)
    yield Level, (command.sku, command.location)
    item = state.get(Item, command.sku)
    if item is not None:
        yield Product, item.product_id
    for hold in state.holds_of(command.sku):
        yield from needs_allocations(hold)
        yield needs_pending(hold)


def set_reserved(state: State, command: SetReserved) -> Answer:
    """Applies a `SetReserved`."""
    refused = unknown_item(state, command.sku)
    if refused is not None:
        return refused
    if command.quantity < 0:
        return Refused(
            Code.BELOW_ZERO, "Reserved units cannot be below zero.", {"sku": command.sku}
        )
    refused = None if command.quantity == 0 else bundle_without_stock(state, command.sku)
    if refused is not None:
        return refused
    ended = []
    with state.savepoint() as savepoint:
        for hold in state.holds_of(command.sku):
            if state.level(command.sku, command.location).reserved <= command.quantity:
                break
            if payment_pending(state, hold):  # only the owner's release ends it
                continue
            give_back(state, hold, Status.RELEASED, command, command.reason or "ended by the owner")
            ended.append(EndedHold(hold.reservation_id, hold.session_id))
        level = state.level(command.sku, command.location)
        difference = command.quantity - level.reserved
        if difference < 0:
            savepoint.undo()
            return refuse_pending()
        if difference > max(0, level.available):
            savepoint.undo()
            return Refused(
                Code.INSUFFICIENT_STOCK,
                "Not enough units are available to hold that many.",
                [
                    {
                        "sku": command.sku,
                        "requested": difference,
                        "available": max(0, level.available),
                    }
                ],
            )
        if difference > 0:
            _hold_for_owner(state, command, difference)
    return Accepted(ReservedSet(stock_of(state, command.sku), tuple(ended)))


def _hold_for_owner(state: State, command: SetReserved, quantity: int) -> None:
    """Adds a hold of the owner without a deadline."""
    name = f"{MANUAL}{command.sku}/{state.revision + 1}"
    allocation = Allocation(command.sku, quantity, command.location)
    hold = Reservation(name, name, Status.HELD, (allocation,), state.now, None)
    state.put(hold)
    state.put(SessionLink(name, name))
    state.book_movement(
        Kind.RESERVED,
        command.sku,
        command.location,
        command,
        reserved=quantity,
        reservation=hold,
        reason=command.reason or "set by the owner",
    )
