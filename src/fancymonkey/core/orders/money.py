"""The money of an order beside the paid amount: prices of bundled parts, and refunds by id."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.ledger import Author
from fancymonkey.core.model import Item, Product, Reservation
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.shares import UnitsShare, shares_of, units_gone, value_of
from fancymonkey.core.orders.units import record_step
from fancymonkey.core.payments.currencies import amount_in_words, step_of
from fancymonkey.core.state import Key, State

FOLDER = "order_money"
"""The folder of these documents, by order. An order without bundles and refunds has none."""


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """Single prices of parts as of the sale, and amounts in the smallest unit of the currency.

    `refunds` have reached the buyer or will, `failed` ones did not, both by their ids. `charged` is
    the largest sum of refunds that the charge has reported.
    """

    prices: Mapping[str, Decimal]
    refunds: Mapping[str, int]
    failed: Mapping[str, int]
    charged: int = 0

    @property
    def refunded(self) -> int:
        """The sum that was refunded."""
        known, failed = sum(self.refunds.values()), sum(self.failed.values())
        return max(known, self.charged - failed)

    def shares(self, order: Order) -> list[UnitsShare]:
        """The shares of the order's units, in steps of its currency."""
        return shares_of(order, self.prices, step_of(order.currency))

    def value(self, order: Order, units: Mapping[str, int]) -> int:
        """The price of these units together."""
        return value_of(order, self.shares(order), units, step_of(order.currency))

    def due(self, order: Order) -> int:
        """The price of cancelled and returned units, less the refunded amount; at least 0."""
        return max(0, self.value(order, units_gone(order)) - self.refunded)


NO_MONEY = OrderMoney({}, {}, {})
"""The money of an order without bundles and refunds."""


def money_key(order_id: str) -> Key:
    """The row of an order's money."""
    return Document, (FOLDER, order_id)


def read_money(row: object) -> OrderMoney:
    """The money in a document; none without it."""
    if not isinstance(row, Document) or not row.body:
        return NO_MONEY
    body = json.loads(row.body)
    prices = {sku: Decimal(price) for sku, price in body["prices"].items()}
    return OrderMoney(prices, body["refunds"], body["failed"], body["charged"])


def money_of(state: State, order_id: str) -> OrderMoney:
    """The money of an order. Its `money_key` has to be among the needs."""
    return read_money(state.get(*money_key(order_id)))


def needs_prices(hold: Reservation, state: State) -> Iterator[Key]:
    """The rows that `keep_prices` reads."""
    if not hold.parts:  # the usual case
        return
    yield money_key(hold.reservation_id)
    for part in hold.parts:
        yield Item, part.sku
        item = state.get(Item, part.sku)
        if item is not None:
            yield Product, item.product_id


def keep_prices(state: State, order: Order) -> None:
    """Stores the present single prices of the parts of an order's bundles."""
    prices: dict[str, Decimal] = {}
    for part in order.parts:
        item = state.get(Item, part.sku)
        product = None if item is None else state.get(Product, item.product_id)
        if product is not None and product.price is not None:
            prices[part.sku] = product.price
    if prices:
        _put(state, order.order_id, replace(NO_MONEY, prices=prices))


def book_refund(
    state: State, order: Order, refund: str, amount: int | None, by: Author, *, whole: bool
) -> OrderMoney:
    """Records a refund, or without its id the sum that the charge reports. Returns the money.

    The history of the order has a step if the sum grows. The same report again changes nothing.
    """
    before = money_of(state, order.order_id)
    if amount is None and whole:
        amount, refund = order.total, ""
    if amount is None or refund in before.failed:
        return before
    if refund:
        after = replace(before, refunds={**before.refunds, refund: amount})
    else:
        after = replace(before, charged=max(before.charged, amount))
    if after == before:
        return before
    _put(state, order.order_id, after)
    more = after.refunded - before.refunded
    if more > 0:
        record_step(state, order, "refunded", amount_in_words(more, order.currency), by)
    return after


def book_failed_refund(
    state: State, order: Order, refund: str, amount: int | None, by: Author
) -> None:
    """Records that a refund of this amount, if it is known, has not reached the buyer."""
    before = money_of(state, order.order_id)
    if refund in before.failed:
        return
    reported = before.refunds.get(refund, 0)
    refunds = {id_: each for id_, each in before.refunds.items() if id_ != refund}
    failed = {**before.failed, refund: amount or reported}
    _put(state, order.order_id, replace(before, refunds=refunds, failed=failed))
    if reported:
        words = f"{amount_in_words(reported, order.currency)} did not reach the buyer"
        record_step(state, order, "refund failed", words, by)


def _put(state: State, order_id: str, money: OrderMoney) -> None:
    kind, key = money_key(order_id)
    before = state.get(kind, key)
    version = before.version + 1 if isinstance(before, Document) else 1
    body = {
        "prices": {sku: str(price) for sku, price in money.prices.items()},
        "refunds": dict(money.refunds),
        "failed": dict(money.failed),
        "charged": money.charged,
    }
    state.put(Document(FOLDER, order_id, version, state.now, json.dumps(body)))
