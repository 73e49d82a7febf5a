"""Units of an order that stay with the shop: cancelled before they leave, or returned after it."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.catalogue.renames import needs_renames, on_sale
from fancymonkey.core.command import Command, needs_item
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.model import Allocation, Kind, Reservation
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.units import units_at, with_units
from fancymonkey.core.orders.waiting import needs_waiting
from fancymonkey.core.payments.issues import issue_of
from fancymonkey.core.payments.rows import IssueKind, IssueStatus
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.backorders import fill_backorders


def needs_returns(sku: str, account: str, state: State) -> Iterator[Key]:
    """The rows that units of a SKU need to come back to an account."""
    yield from needs_item(sku, account)
    yield from needs_waiting((sku, account), state)
    yield from needs_renames(Allocation(sku, 0, account), state)
    present = on_sale(state, sku)
    if present is not None:
        yield from needs_waiting((present, account), state)


def cancel_units(
    state: State, order: Order, key: tuple[str, str], count: int, command: Command, reason: str
) -> Order:
    """Cancels units that are there and have not left: others can buy them. Returns the order."""
    if order.on_shipment:
        state.book_movement(
            Kind.RELEASED,
            *key,
            command,
            allocated=-count,
            reservation=state.get(Reservation, order.order_id),
            reason=reason,
        )
        fill_backorders(state, *key, command)
    else:
        _put_into(state, order, key, key[1], count, command, reason)
    return _written(state, order, key, cancelled=count)


def return_units(
    state: State,
    order: Order,
    key: tuple[str, str],
    count: int,
    account: str,
    command: Command,
    reason: str,
) -> Order:
    """Takes shipped units back into an account. Returns the order."""
    _put_into(state, order, key, account, count, command, reason)
    return _written(state, order, key, returned=count)


def _put_into(
    state: State,
    order: Order,
    key: tuple[str, str],
    account: str,
    count: int,
    command: Command,
    reason: str,
) -> None:
    sku = on_sale(state, key[0]) or key[0]
    state.book_movement(
        Kind.RETURNED,
        sku,
        account,
        command,
        on_hand=count,
        reservation=state.get(Reservation, order.order_id),
        reason=reason if sku == key[0] else f"{reason}, sold as {key[0]}",
        cause=command.cause or order.intent or order.payment_id or "",
    )
    if is_for_sale(account):
        fill_backorders(state, sku, account, command)


def _written(
    state: State, order: Order, key: tuple[str, str], *, cancelled: int = 0, returned: int = 0
) -> Order:
    """Counts units in the order as it is now: backorders that were filled may be its own."""
    present = state.get(Order, order.order_id) or order
    units = units_at(present, key)
    changed = replace(
        units, cancelled=units.cancelled + cancelled, returned=units.returned + returned
    )
    after = with_units(present, changed)
    state.put(after)
    return after


def close_refund_issue(state: State, order: Order) -> None:
    """Removes units that have come back from the question what to do after a refund."""
    issue = issue_of(state, IssueKind.REFUNDED, order.order_id)
    if issue is None or issue.closed_at is not None or not issue.allocations:
        return
    asked: dict[str, int] = {}
    for row in issue.allocations:
        asked[row.sku] = asked.get(row.sku, 0) + row.quantity
    left = []
    for units in order.units:
        count = min(units.left, asked.get(units.sku, 0))
        if count:
            asked[units.sku] -= count
            left.append(Allocation(units.sku, count, units.location))
    after = replace(issue, allocations=tuple(left))
    if not left:
        after = replace(after, progress=IssueStatus.DONE, closed_at=state.now)
    if after != issue:
        state.put(after)
