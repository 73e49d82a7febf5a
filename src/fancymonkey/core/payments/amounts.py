"""Compares the paid amount with the held units.

The requested amount is known for a session that the service opened. A session that the shop has
made itself may sell at other prices than the catalogue's, so small differences are ignored there:
only a difference that cannot be another price is reported.
"""

from collections.abc import Iterator
from decimal import Decimal

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Item, Product, Reservation, split_sku
from fancymonkey.core.plural import units_were
from fancymonkey.core.state import Key, State

ASKED = "asked_amounts"
"""The folder of the requested amounts, by the payment provider's session."""

KEPT = 60 * DAY_MS
"""The time (ms) for which a requested amount is stored."""


@dataclass(frozen=True, slots=True)
class Money:
    """The money of a session, in the smallest unit of its `currency`.

    `goods` is the price of the lines, before discounts, and without taxes and shipping that come on
    top; `units` the sold units, if the session has their number. `expected` is the shop's currency,
    which has `decimals` and is charged in steps of `step`.
    """

    goods: int | None
    currency: str
    units: int | None
    expected: str
    decimals: int
    step: int


def keep_asked(state: State, session: str, amount: int, currency: str) -> None:
    """Stores the requested amount of a session."""
    body = f"{amount} {currency}"
    state.put(Document(ASKED, session, 1, state.now, body, state.now + KEPT))


def needs_tally(state: State, hold: Reservation, session: str | None) -> Iterator[Key]:
    """The rows that `difference` reads."""
    if session is not None:
        yield Document, (ASKED, session)
    for line in hold.lines:
        item = state.get(Item, line.sku)
        if item is not None:
            yield Product, item.product_id


def difference(state: State, hold: Reservation, session: str | None, money: Money) -> str | None:
    """The difference between paid and held, as text, or None if there is none."""
    held = sum(line.quantity for line in hold.lines)
    if money.units is not None and money.units != held:
        return f"{units_were(money.units)} paid, {held} held: {_lines(hold)}."
    document = None if session is None else state.get(Document, (ASKED, session))
    if document is not None and document.body:
        amount, _, currency = document.body.partition(" ")
        return _other_than_asked(money, int(amount), currency)
    if money.currency and money.expected and money.currency != money.expected:
        return (
            f"Paid in {_shown(money.currency)}, but the shop sells in {money.expected.upper()} "
            f"(CURRENCY)."
        )
    prices = _prices(state, hold, money)
    if money.goods is None or prices is None or money.units is not None:
        return None
    asked = sum(price * line.quantity for price, line in zip(prices, hold.lines, strict=True))
    if money.goods == asked or _may_be_another_price(money.goods, asked, prices):
        return None
    paid, usual = _amount(money, money.goods), _amount(money, asked)
    return f"The buyer paid {paid} for the goods; the held units cost {usual}: {_lines(hold)}."


def _other_than_asked(money: Money, amount: int, currency: str) -> str | None:
    if money.currency and money.currency != currency:
        return f"Paid in {_shown(money.currency)}, but the checkout was in {_shown(currency)}."
    if money.goods is None or money.goods == amount:
        return None
    return (
        f"{_amount(money, money.goods)} were paid for the goods, {_amount(money, amount)} were due."
    )


def _may_be_another_price(goods: int, asked: int, prices: list[int]) -> bool:
    """Whether the price of the same units may have been another one.

    A promotion takes no more than half, a price with tax adds less than a quarter, and neither
    makes the difference exactly the price of a number of units.
    """
    if not asked // 2 <= goods or goods * 4 >= asked * 5:
        return False
    return not any(price and (goods - asked) % price == 0 for price in prices)


def _prices(state: State, hold: Reservation, money: Money) -> list[int] | None:
    """The price of each line as it was sold, or else of the catalogue; None if one has none."""
    prices = []
    for line in hold.lines:
        item = state.get(Item, line.sku)
        product = None if item is None else state.get(Product, item.product_id)
        price = line.price
        if price is None and product is not None:
            price = product.price
        if price is None:
            return None
        steps = (price.scaleb(money.decimals) / money.step).to_integral_value()
        prices.append(int(steps) * money.step)
    return prices


def _amount(money: Money, amount: int) -> str:
    if money.currency not in ("", money.expected):  # its decimals are not known here
        return f"{amount} of the smallest unit of {_shown(money.currency)}"
    return f"{Decimal(amount).scaleb(-money.decimals)} {_shown(money.expected)}".rstrip()


def _shown(currency: str) -> str:
    return currency.upper() if currency else "no currency"


def _lines(hold: Reservation) -> str:
    shown = []
    for line in hold.lines[:10]:
        product_id, size = split_sku(line.sku)
        shown.append(f"{line.quantity} × {product_id} {size}")
    return ", ".join(shown) + (" …" if len(hold.lines) > len(shown) else "")
