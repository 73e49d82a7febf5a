"""Makes webhook events from shipments and returns of orders. They have no personal data."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from fancymonkey.alerts.events import AlertEvent, event_type
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.core.model import Entry, Kind, split_sku
from fancymonkey.core.orders.rows import Order, OrderStep
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.event_names import EventName
from fancymonkey.text import counted

SHIPPED = EventName.ORDER_SHIPPED
RETURNED = EventName.ORDER_RETURNED
ABOUT_ORDERS = {SHIPPED, RETURNED}
TYPES = {Kind.SHIPPED: SHIPPED, Kind.RETURNED: RETURNED}
ACTIONS = {SHIPPED: "shipped", RETURNED: "returned"}


async def order_events(
    engine: Engine, entries: Iterable[Entry], wanted: set[str]
) -> AsyncIterator[AlertEvent]:
    """Yields an event for each step of an order that shipped units or took them back.

    Raises StoreError.
    """
    if not wanted & ABOUT_ORDERS:
        return
    orders: dict[str, Order | None] = {}
    steps: dict[tuple[str, int, EventName], list[Entry]] = {}
    for entry in entries:
        id_, type_ = entry.reservation_id, TYPES.get(entry.kind)
        if id_ is None or type_ is None:
            continue
        if id_ not in orders:
            orders[id_] = await engine.store.find(Order, id_)
        order = orders[id_]
        step = None if order is None else _step_of(order, entry)
        if step is not None and step.action == ACTIONS[type_] and _moves(entry):
            steps.setdefault((id_, step.revision, type_), []).append(entry)
    for (name, revision, of_type), some in steps.items():
        changed = orders[name]
        if changed is not None:
            yield _event(changed, of_type, some, revision)


def _step_of(order: Order, entry: Entry) -> OrderStep | None:
    """The step of the order's history that made an entry."""
    return next((step for step in order.history if step.revision >= entry.revision), None)


def _moves(entry: Entry) -> bool:
    """Whether units have left or come back: a cancelled backorder is neither."""
    return entry.kind is Kind.SHIPPED or entry.on_hand > 0


def _event(order: Order, type_: EventName, entries: list[Entry], revision: int) -> AlertEvent:
    at = entries[0].at
    data: dict[str, Any] = {
        "orderId": order.order_id,
        "number": order.number,
        "status": str(order.status),
        "paymentId": order.payment_id,
    }
    if type_ == SHIPPED:
        parcels = [row for row in order.shipments if row.at == at]
        lines = [_line(row.sku, row.quantity, row.location) for row in parcels]
        data["carrier"] = parcels[0].carrier if parcels else ""
        data["trackingNumber"] = parcels[0].tracking_number if parcels else ""
        title = "Shipped"
    else:
        lines = [_line(entry.sku, entry.on_hand, entry.location) for entry in entries]
        title = "Returned"
    data["lines"] = lines
    count = counted(sum(line["quantity"] for line in lines), "unit")
    key = f"{order.order_id}@{revision}"
    return event_type(type_, at, key, f"{title}: {count} of order #{order.number}", **data)


def _line(sku: str, quantity: int, account: str) -> dict[str, Any]:
    product_id, size = split_sku(sku)
    location, state = split_account(account)
    return {
        "productId": product_id,
        "size": size,
        "sku": sku,
        "quantity": quantity,
        "location": location,
        "state": "for_sale" if state is None else str(state),
    }
