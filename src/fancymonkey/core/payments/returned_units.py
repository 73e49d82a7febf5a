"""The units of a refunded sale: which may still come back, and how they do, each once.

Units of an order that have not left are cancelled, units that have left are returned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fancymonkey.core.catalogue.renames import on_sale
from fancymonkey.core.command import Command, needs_allocations
from fancymonkey.core.model import Allocation, Kind, Reservation
from fancymonkey.core.orders.returns import cancel_units, needs_returns, return_units
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.units import in_words, record_step, units_at
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.backorders import cancel_backorders, fill_backorders


def needs_units(hold: Reservation, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield Order, hold.reservation_id
    yield from needs_allocations(hold)
    order = state.get(Order, hold.reservation_id)
    moved = () if order is None else order.units
    level_keys = {row.key for row in hold.allocations} | {row.key for row in moved}
    for sku, location in sorted(level_keys):
        yield from needs_returns(sku, location, state)


def left_of(state: State, hold: Reservation) -> tuple[Allocation, ...]:
    """The units of a paid hold that may come back: those that its buyer has or gets."""
    order = state.get(Order, hold.reservation_id)
    if order is None:
        return hold.allocations
    return tuple(Allocation(row.sku, row.left, row.location) for row in order.units if row.left)


def allocations_of(units: Mapping[tuple[str, str], int]) -> tuple[Allocation, ...]:
    """Allocations from units by SKU and location, without empty ones."""
    return tuple(Allocation(sku, count, at) for (sku, at), count in units.items() if count)


def cancel_undelivered(
    state: State, owed: PaymentIssue, allocations: tuple[Allocation, ...], command: Command
) -> tuple[tuple[Allocation, ...], tuple[Allocation, ...]]:
    """Strikes the undelivered units among these off the backorders.

    Returns the units that are left of these, and those that are owed after it.
    """
    waiting = {units.key: units.quantity for units in owed.allocations}
    delivered, cancelled = [], []
    for units in allocations:
        never = min(units.quantity, state.level(*units.key).backordered, waiting.get(units.key, 0))
        order = None if owed.reservation_id is None else state.get(Order, owed.reservation_id)
        if order is not None:
            never = min(never, units_at(order, units.key).backordered)
        if never:
            id_ = None if order is None else order.order_id
            cancel_backorders(state, replace(units, quantity=never), command, "refunded", id_)
            waiting[units.key] -= never
            cancelled.append((units.sku, "", never))
        if units.quantity > never:
            delivered.append(replace(units, quantity=units.quantity - never))
    order = None if owed.reservation_id is None else state.get(Order, owed.reservation_id)
    if cancelled and order is not None:
        record_step(state, order, "cancelled", f"refunded: {in_words(cancelled)}", command)
    return tuple(delivered), allocations_of(waiting)


def take_back(
    state: State,
    issue: PaymentIssue,
    allocations: tuple[Allocation, ...],
    command: Command,
    *,
    only_on_sale: bool = False,
) -> tuple[Allocation, ...]:
    """Returns units to stock, under the present name of their size.

    Returns the units of sizes that are off sale where `only_on_sale`: the owner takes them back.
    """
    left = []
    order = None if issue.reservation_id is None else state.get(Order, issue.reservation_id)
    before = order
    for units in allocations:
        sku = on_sale(state, units.sku)
        if sku is None and only_on_sale:
            left.append(units)
        elif order is None:
            _take_back_sold(state, issue, units, sku or units.sku, command)
        else:
            order = _take_back_ordered(state, order, units, command)
    if order is not None and before is not None and order != before:
        back = [(units.sku, "", units.quantity) for units in allocations if units not in left]
        record_step(state, order, "returned", f"refunded: {in_words(back)}", command)
    return tuple(left)


def _take_back_sold(
    state: State, issue: PaymentIssue, units: Allocation, sku: str, command: Command
) -> None:
    """Returns units of a sale from before orders were recorded."""
    state.book_movement(
        Kind.RETURNED,
        sku,
        units.location,
        command,
        on_hand=units.quantity,
        reason="refunded" if sku == units.sku else f"refunded, sold as {units.sku}",
        cause=command.cause or issue.payment,
    )
    fill_backorders(state, sku, units.location, command)


def _take_back_ordered(state: State, order: Order, units: Allocation, command: Command) -> Order:
    """Takes back units of an order: first those that have not left, at their location first."""
    missing = units.quantity
    rows = [row for row in order.units if row.sku == units.sku]
    rows.sort(key=lambda row: row.location != units.location)
    for row in rows:
        count = min(missing, row.ready)
        if count:
            order = cancel_units(state, order, row.key, count, command, "refunded")
            missing -= count
    for row in rows:
        count = min(missing, row.shipped - row.returned)
        if count:
            account = row.location
            order = return_units(state, order, row.key, count, account, command, "refunded")
            missing -= count
    return order
