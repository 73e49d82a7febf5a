"""Every paid hold becomes an order, in the transaction of its payment."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fancymonkey.core.catalogue.renames import renamed
from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.ledger import Author
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import location_of
from fancymonkey.core.model import Entry, Item, Line, Product, Reservation, Status
from fancymonkey.core.orders.answers import OrderChanged, PastOrdersAdded
from fancymonkey.core.orders.money import keep_prices, needs_prices
from fancymonkey.core.orders.rows import (
    Buyer,
    LocationSnapshot,
    Order,
    OrderBuyer,
    OrderStep,
    OrderUnits,
)
from fancymonkey.core.orders.waiting import queue_key, wait_for
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.payments.issues import issue_of, needs_issues
from fancymonkey.core.payments.rows import IssueKind
from fancymonkey.core.state import Key, State

COUNTER = ("orders", "number")
"""The document with the number of the latest order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPastOrders(Command):
    """Adds orders for holds that were paid before orders were recorded.

    Their units count as shipped: no version recorded when they left. A hold with an order, or one
    that was not paid, stays as it is.
    """

    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sale:
    """The facts that a payment adds to its order: ids, amount in the smallest unit, the buyer."""

    payment_id: str | None
    intent: str | None
    total: int | None
    currency: str
    on_shipment: bool
    buyer: Buyer | None


def needs_open(hold: Reservation, state: State) -> Iterator[Key]:
    """The rows that `open_order` reads."""
    yield Document, COUNTER
    yield Order, hold.reservation_id
    yield OrderBuyer, hold.reservation_id
    yield from needs_prices(hold, state)
    names = (hold,) if hold.status is Status.HELD else (hold, renamed(state, hold))
    for sold in names:  # a late payment sells the sizes under their present names
        for allocation in sold.allocations:
            yield queue_key(allocation.key)
            yield Location, allocation.location
        for line in sold.lines:
            yield Item, line.sku
            item = state.get(Item, line.sku)
            if item is not None:
                yield Product, item.product_id


def open_order(
    state: State, hold: Reservation, sale: Sale, entries: Iterable[Entry], by: Author
) -> Order:
    """Writes the order of a hold that was just paid. `entries` are those of its sale."""
    quantities: dict[tuple[str, str], int] = {}
    for allocation in hold.allocations:
        quantities[allocation.key] = quantities.get(allocation.key, 0) + allocation.quantity
    waiting: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry.backordered and entry.reservation_id == hold.reservation_id:
            key = (entry.sku, entry.location)
            waiting[key] = waiting.get(key, 0) + entry.backordered
    for key in waiting:
        wait_for(state, key, hold.reservation_id)
    units = tuple(
        [
            OrderUnits(*key, quantity, 0, 0, 0, waiting.get(key, 0))
            for key, quantity in quantities.items()
        ]
    )
    text = "paid late" if hold.late else "paid"
    order = Order(  # in one step: every sale runs this
        hold.reservation_id,
        _next_number(state),
        state.now,
        sale.payment_id,
        sale.intent,
        sale.total,
        sale.currency,
        sale.on_shipment,
        hold.late,
        tuple([_priced(state, line) for line in hold.lines]),
        hold.parts or (),
        units,
        (),
        (OrderStep(state.now, "paid", text, by.actor, state.revision),),
        _snapshots(state, units, ()),
        state.revision,
    )
    state.put(order)
    if order.parts:
        keep_prices(state, order)
    if sale.buyer is not None and sale.buyer != Buyer():
        state.put(buyer_row(hold.reservation_id, state.now, sale.buyer))
    return order


def buyer_row(order_id: str, at: int, buyer: Buyer) -> OrderBuyer:
    """The row with the personal data of an order."""
    return OrderBuyer(
        order_id,
        at,
        buyer.name,
        buyer.email,
        buyer.phone,
        buyer.line1,
        buyer.line2,
        buyer.city,
        buyer.state,
        buyer.postal_code,
        buyer.country,
    )


def with_locations(state: State, order: Order) -> Order:
    """The order with a snapshot of each location that it uses for the first time."""
    return replace(order, locations=_snapshots(state, order.units, order.locations))


def _snapshots(
    state: State, units: Iterable[OrderUnits], known: tuple[LocationSnapshot, ...]
) -> tuple[LocationSnapshot, ...]:
    """The known snapshots, and one of each further location of these units."""
    snapshots = {row.location_id: row for row in known}
    for row in units:
        location = None if row.location in snapshots else location_of(state, row.location)
        if location is not None:
            snapshots[row.location] = LocationSnapshot(
                location.location_id,
                location.name,
                location.address,
                location.country,
                location.postal_code,
            )
    return tuple(snapshots.values())


def needs_past(command: AddPastOrders, state: State) -> Iterator[Key]:
    """The rows that `add_past_orders` reads."""
    for id_ in command.holds:
        yield Reservation, id_
        yield from needs_issues(id_, IssueKind.REFUNDED)
        hold = state.get(Reservation, id_)
        if hold is not None:
            yield from needs_open(hold, state)


def add_past_orders(state: State, command: AddPastOrders) -> Answer:
    """Applies an `AddPastOrders`."""
    added = 0
    for id_ in command.holds:
        hold = state.get(Reservation, id_)
        if hold is None or hold.status is not Status.CAPTURED or state.get(Order, id_) is not None:
            continue
        sale = Sale(hold.payment_id, None, None, "", on_shipment=False, buyer=None)
        order = open_order(state, hold, sale, (), command)
        asked = issue_of(state, IssueKind.REFUNDED, id_)
        left = {row.key: row.quantity for row in asked.allocations} if asked is not None else None
        units = tuple(
            replace(
                row,
                shipped=row.quantity,
                returned=0 if left is None else max(0, row.quantity - left.get(row.key, 0)),
            )
            for row in order.units
        )
        paid_at = hold.ended_at if hold.ended_at is not None else hold.created_at
        history = (replace(order.history[0], at=paid_at, text="paid before orders were recorded"),)
        state.put(replace(order, ordered_at=paid_at, units=units, history=history))
        added += 1
    return Accepted(PastOrdersAdded(added, state.revision))


def _next_number(state: State) -> int:
    counter = state.get(Document, COUNTER)
    number = 1 if counter is None or not counter.body else int(counter.body) + 1
    version = 1 if counter is None else counter.version + 1
    state.put(Document(*COUNTER, version, state.now, str(number)))
    return number


def _priced(state: State, line: Line) -> Line:
    """The line with the price of its product at this moment, where it has none of its own."""
    if line.price is not None:
        return line
    item = state.get(Item, line.sku)
    product = None if item is None else state.get(Product, item.product_id)
    return line if product is None else Line(line.sku, line.quantity, product.price)


def answer_of(order: Order, state: State) -> Answer:
    """The answer of a command about an order."""
    return Accepted(OrderChanged(order.order_id, state.revision))
