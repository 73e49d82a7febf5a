"""The price of each unit of an order: shares of the paid amount that add up exactly to it.

The amount is shared among the lines by their prices, and the amount of a bundle among its parts by
their single prices. The sum for units that stay with the shop depends on their number and not on
the sequence of the returns, so that partial refunds add up to the paid amount.
"""

from collections.abc import Mapping
from decimal import Decimal

from fancymonkey.core.bundles.shares import (
    largest_remainder,
    price_shares,
    units_share,
    whole_prices,
)
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Line
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.units import pre_built

Prices = Mapping[str, Decimal]
"""Prices of single units by SKU, as of the sale."""


@dataclass(frozen=True, slots=True)
class UnitsShare:
    """The share of the paid amount that `quantity` units of one SKU have, in steps of money."""

    sku: str
    quantity: int
    amount: int


def shares_of(order: Order, prices: Prices, step: int) -> list[UnitsShare]:
    """The shares of all units: those that were sold alone before those of bundles.

    Amounts are multiples of the `step`; a paid amount that is not one leaves a rest. Without a paid
    amount there are no shares.
    """
    if order.total is None:
        return []
    amounts = largest_remainder(order.total // step, _weights(order.lines))
    bundles = {part.bundle for part in order.parts}
    built = pre_built(order)
    alone: list[UnitsShare] = []
    parts: list[UnitsShare] = []
    for line, amount in zip(order.lines, amounts, strict=True):
        if line.sku not in bundles:
            alone.append(UnitsShare(line.sku, line.quantity, amount))
            continue
        whole = min(line.quantity, built.get(line.sku, 0))
        built[line.sku] = built.get(line.sku, 0) - whole
        own = units_share(amount, line.quantity, 0, whole)
        if whole:
            parts.append(UnitsShare(line.sku, whole, own))
        if whole < line.quantity:
            parts += _of_parts(order, line.sku, line.quantity - whole, amount - own, prices)
    return alone + parts


def _of_parts(
    order: Order, bundle: str, count: int, amount: int, prices: Prices
) -> list[UnitsShare]:
    units = {part.sku: part.quantity * count for part in order.parts if part.bundle == bundle}
    known = {sku: prices.get(sku) for sku in units}
    shares = price_shares(amount, units, known)
    return [UnitsShare(sku, quantity, shares[sku]) for sku, quantity in units.items()]


def _weights(lines: tuple[Line, ...]) -> list[int]:
    """Whole numbers in proportion to the prices of these lines, or to their units."""
    prices = [line.price for line in lines]
    if any(price is None for price in prices):
        return [line.quantity for line in lines]
    singles = whole_prices([price for price in prices if price is not None])
    return [single * line.quantity for single, line in zip(singles, lines, strict=True)]


def value_of(order: Order, shares: list[UnitsShare], units: Mapping[str, int], step: int) -> int:
    """The price of these units of the order together, in the smallest unit of its currency.

    All units of the order together have exactly the paid amount.
    """
    left = dict(units)
    value = 0
    for share in shares:
        count = min(share.quantity, left.get(share.sku, 0))
        if count:
            left[share.sku] -= count
            value += units_share(share.amount, share.quantity, 0, count)
    value *= step
    if order.total is not None and sum(units.values()) >= sum(row.quantity for row in order.units):
        return order.total
    return value


def units_gone(order: Order) -> dict[str, int]:
    """The units of each SKU that the buyer does not get or has returned."""
    gone: dict[str, int] = {}
    for units in order.units:
        if units.cancelled or units.returned:
            gone[units.sku] = gone.get(units.sku, 0) + units.cancelled + units.returned
    return gone
