"""Erases the personal data of an order: EraseBuyer."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Reservation
from fancymonkey.core.orders.open import answer_of
from fancymonkey.core.orders.rows import Order, OrderBuyer
from fancymonkey.core.orders.units import record_step
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseBuyer(Command):
    """Removes name, addresses and phone of an order's buyer, and the distances to the address.

    The locations of the order stay, the reasons for them do not: they name distances.

    Refused as `unknown_order`. Without any data it changes nothing.
    """

    order_id: str


def needs_erase(command: EraseBuyer, state: State) -> Iterator[Key]:
    """The rows that `erase_buyer` reads."""
    yield Order, command.order_id
    yield OrderBuyer, command.order_id
    yield Reservation, command.order_id


def erase_buyer(state: State, command: EraseBuyer) -> Answer:
    """Applies an `EraseBuyer`."""
    order = state.get(Order, command.order_id)
    if order is None:
        return Refused(Code.UNKNOWN_ORDER, "This order does not exist.")
    buyer = state.get(OrderBuyer, command.order_id)
    hold = state.get(Reservation, command.order_id)
    has_buyer = buyer is not None and buyer.erased_at is None
    has_route = hold is not None and hold.route is not None
    if buyer is not None and has_buyer:
        state.put(OrderBuyer(buyer.order_id, buyer.stored_at, erased_at=state.now))
    if hold is not None and has_route:
        state.put(replace(hold, route=None))
    if has_buyer or has_route:
        order = record_step(state, order, "erased", "personal data erased", command)
    return answer_of(order, state)
