"""An order as JSON: for HTTP, the command line and webhooks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fancymonkey.core.model import split_sku
from fancymonkey.core.orders.money import NO_MONEY, OrderMoney, money_key, read_money
from fancymonkey.core.orders.rows import Order, OrderBuyer, OrderUnits
from fancymonkey.core.orders.shares import units_gone
from fancymonkey.core.orders.units import STEPS_MAX, shipped_lines
from fancymonkey.core.payments.currencies import major_units, step_of
from fancymonkey.engine.engine import Engine
from fancymonkey.timestamps import iso

Name = Callable[[str], str | None]
"""Returns the present name of a product by its id."""


def part_of_order(order: Order, locations: tuple[str, ...]) -> Order:
    """The order with its units at these locations only; with all of them if there are none.

    The part has no amount and no history: both are about the whole order. Its lines and parts are
    those of its units.
    """
    if not locations:
        return order
    own = tuple(units for units in order.units if units.location in locations)
    counts: dict[str, int] = {}
    for units in own:
        counts[units.sku] = counts.get(units.sku, 0) + units.quantity
    parts = tuple(part for part in order.parts if part.sku in counts)
    bundles = {part.bundle for part in parts}
    return replace(
        order,
        total=None,
        units=own,
        lines=tuple(
            line
            if line.sku in bundles
            else replace(line, quantity=min(line.quantity, counts[line.sku]))
            for line in order.lines
            if line.sku in bundles or line.sku in counts
        ),
        parts=parts,
        shipments=tuple(row for row in order.shipments if row.location in locations),
        locations=tuple(row for row in order.locations if row.location_id in locations),
        history=(),
    )


def order_out(
    order: Order, buyer: OrderBuyer | None, money: OrderMoney, name: Name
) -> dict[str, Any]:
    """An order. `buyer` None: without personal data."""
    counted, _ = shipped_lines(order)
    return {
        "id": order.order_id,
        "number": order.number,
        "status": str(order.status),
        "orderedAt": iso(order.ordered_at),
        "paymentId": order.payment_id,
        "intent": order.intent,
        "amount": None if order.total is None else major_units(order.total, order.currency),
        "currency": order.currency,
        "refund": _refund_out(order, money, name),
        "late": order.late,
        "fulfilment": "on_shipment" if order.on_shipment else "at_payment",
        "lines": [
            {
                **_which(line.sku, name),
                "quantity": line.quantity,
                "price": line.price,
                "shipped": shipped,
            }
            for line, shipped in counted
        ],
        "parts": [
            {"bundle": part.bundle, **_which(part.sku, name), "quantity": part.quantity}
            for part in order.parts
        ],
        "allocations": [_units_out(units, name) for units in order.units],
        "shipments": shipments_out(order, name),
        "locations": [
            {
                "id": location.location_id,
                "name": location.name,
                "address": location.address,
                "country": location.country,
                "postalCode": location.postal_code,
            }
            for location in order.locations
        ],
        "history": [
            {"at": iso(step.at), "action": step.action, "text": step.text, "actor": step.actor}
            for step in order.history
        ],
        "buyer": _buyer_out(buyer),
        "erasedAt": None if buyer is None or buyer.erased_at is None else iso(buyer.erased_at),
        "revision": order.revision,
    }


def _units_out(units: OrderUnits, name: Name) -> dict[str, Any]:
    return {
        **_which(units.sku, name),
        "location": units.location,
        "quantity": units.quantity,
        "open": units.open,
        "shipped": units.shipped,
        "cancelled": units.cancelled,
        "returned": units.returned,
        "backordered": units.backordered,
    }


async def money_of_order(engine: Engine, order: Order) -> OrderMoney:
    """The money of an order: prices of parts and refunds.

    It is read where there may be some: lists of ordinary orders cost no more than before.
    """
    refunds = any(step.action == "refunded" for step in order.history)
    if not (order.parts or refunds or len(order.history) >= STEPS_MAX):
        return NO_MONEY
    kind, key = money_key(order.order_id)
    return read_money(await engine.store.find(kind, key))


def _refund_out(order: Order, money: OrderMoney, name: Name) -> dict[str, Any] | None:
    """The refunded amount, the price of cancelled and returned units, and the shares of all."""
    if order.total is None:
        return None
    step, currency = step_of(order.currency), order.currency
    gone = units_gone(order)
    shares: dict[str, tuple[int, int]] = {}
    for share in money.shares(order):
        quantity, amount = shares.get(share.sku, (0, 0))
        shares[share.sku] = (quantity + share.quantity, amount + share.amount * step)
    return {
        "refunded": major_units(money.refunded, currency),
        "due": major_units(money.due(order), currency),
        "left": major_units(max(0, order.total - money.refunded), currency),
        "shares": [
            {
                **_which(sku, name),
                "quantity": quantity,
                "amount": major_units(amount, currency),
                "back": gone.get(sku, 0),
                "backAmount": major_units(
                    money.value(order, {sku: gone[sku]}) if sku in gone else 0, currency
                ),
            }
            for sku, (quantity, amount) in shares.items()
        ],
    }


def shipments_out(order: Order, name: Name) -> list[dict[str, Any]]:
    """The shipments of an order, each with its lines."""
    shipments: dict[int, dict[str, Any]] = {}
    for row in order.shipments:
        shipment = shipments.setdefault(
            row.shipment,
            {
                "number": row.shipment,
                "shippedAt": iso(row.at),
                "location": row.location,
                "carrier": row.carrier,
                "trackingNumber": row.tracking_number,
                "lines": [],
            },
        )
        shipment["lines"].append({**_which(row.sku, name), "quantity": row.quantity})
    return list(shipments.values())


def _which(sku: str, name: Name) -> dict[str, Any]:
    product_id, size = split_sku(sku)
    return {"productId": product_id, "size": size, "name": name(product_id)}


def _buyer_out(buyer: OrderBuyer | None) -> dict[str, str] | None:
    if buyer is None or buyer.erased_at is not None:
        return None
    return {
        "name": buyer.name,
        "email": buyer.email,
        "phone": buyer.phone,
        "line1": buyer.line1,
        "line2": buyer.line2,
        "city": buyer.city,
        "state": buyer.state,
        "postalCode": buyer.postal_code,
        "country": buyer.country,
    }
