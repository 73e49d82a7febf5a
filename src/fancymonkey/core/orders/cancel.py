"""Cancels units of an order before they leave, and takes back units that have left."""

from collections.abc import Iterator

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.accounts import StockState, account_of
from fancymonkey.core.model import MAX_QUANTITY, Allocation, Line
from fancymonkey.core.orders.choose import (
    choose,
    known_location,
    needs_order,
    order_of,
)
from fancymonkey.core.orders.open import answer_of
from fancymonkey.core.orders.returns import (
    cancel_units,
    close_refund_issue,
    needs_returns,
    return_units,
)
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.units import in_words, record_step
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.backorders import cancel_backorders


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrderLine(Command):
    """Cancels units that have not left. Others can buy those that are there.

    Units that are not there yet are cancelled first. `location` limits it to the units there. The
    payment is not refunded by this.
    """

    order_id: str
    lines: tuple[Line, ...] = ()
    location: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOrder(Command):
    """Takes units back that have left, each at most once, into a location and a state.

    Without a `location` each unit goes back to the one that it left. `state` None: for sale.
    Refused as `no_returns` at a location that accepts none.
    """

    order_id: str
    lines: tuple[Line, ...] = ()
    location: str | None
    state: StockState | None = None
    reason: str = ""


def needs_cancel(command: CancelOrderLine, state: State) -> Iterator[Key]:
    """The rows that `cancel_order` reads."""
    yield from needs_order(command, state, command.location)


def needs_return(command: ReturnOrder, state: State) -> Iterator[Key]:
    """The rows that `return_order` reads."""
    yield from needs_order(command, state, command.location)
    order = state.get(Order, command.order_id)
    for units in () if order is None else order.units:
        account = account_of(command.location or units.location, command.state)
        yield from needs_returns(units.sku, account, state)


def cancel_order(state: State, command: CancelOrderLine) -> Answer:
    """Applies a `CancelOrderLine`."""
    order = order_of(state, command)
    if isinstance(order, Refused):
        return order
    limit = command.location
    chosen = choose(
        order,
        command.lines,
        lambda units: units.open if limit in (None, units.location) else 0,
        limit,
        "cancelled",
    )
    if isinstance(chosen, Refused):
        return chosen
    reason = command.reason or f"order {order.number} cancelled"
    for units, count in chosen:
        waiting = min(count, units.backordered)
        if waiting:
            gone = Allocation(units.sku, waiting, units.location)
            cancel_backorders(state, gone, command, reason, order.order_id)
            order = state.get(Order, order.order_id) or order
        if count > waiting:
            order = cancel_units(state, order, units.key, count - waiting, command, reason)
    words = in_words((units.sku, f"at {units.location}", count) for units, count in chosen)
    note = f"{words}: {command.reason}" if command.reason else words
    order = record_step(state, order, "cancelled", note, command)
    close_refund_issue(state, order)
    return answer_of(order, state)


def return_order(state: State, command: ReturnOrder) -> Answer:
    """Applies a `ReturnOrder`."""
    order = order_of(state, command)
    if isinstance(order, Refused):
        return order
    chosen = choose(
        order,
        command.lines,
        lambda units: units.shipped - units.returned,
        command.location,
        "returned",
    )
    if isinstance(chosen, Refused):
        return chosen
    for units, count in chosen:
        refused = _no_room(state, command, command.location or units.location, units.sku, count)
        if refused is not None:
            return refused
    reason = command.reason or f"order {order.number} returned"
    for units, count in chosen:
        account = account_of(command.location or units.location, command.state)
        order = return_units(state, order, units.key, count, account, command, reason)
    words = in_words(
        (units.sku, f"to {account_of(command.location or units.location, command.state)}", count)
        for units, count in chosen
    )
    note = f"{words}: {command.reason}" if command.reason else words
    order = record_step(state, order, "returned", note, command)
    close_refund_issue(state, order)
    return answer_of(order, state)


def _no_room(
    state: State, command: ReturnOrder, location: str, sku: str, count: int
) -> Refused | None:
    """The refusal of a return to a location that cannot take it, or None."""
    returned_to = known_location(state, location)
    if isinstance(returned_to, Refused):
        return returned_to
    if not (returned_to.accepts_returns and returned_to.active):
        return Refused(
            Code.NO_RETURNS,
            f"{returned_to.name} does not accept returns. Choose another location.",
            {"location": location},
        )
    level = state.level(sku, account_of(location, command.state))
    if level.on_hand + count > MAX_QUANTITY:
        return Refused(Code.OUT_OF_RANGE, f"The stock would exceed {MAX_QUANTITY}.", {"sku": sku})
    return None
