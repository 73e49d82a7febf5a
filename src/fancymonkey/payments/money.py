"""Reads Stripe's amounts for comparison, and formats amounts and times for people."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fancymonkey.core.payments.amounts import Money
from fancymonkey.core.payments.currencies import CENTS, UNITS

WORD_MAX = 80


def money_of(session: dict[str, Any], expected: str) -> Money | None:
    """The amount paid by a Checkout Session, or None if it has no such fields.

    `amount_subtotal` is before discounts, and without the taxes and shipping that are added. If it
    is missing, it is computed from the total. Under adaptive pricing the buyer pays in another
    currency; the shop's own amount is in `currency_conversion`.
    """
    conversion = _object(session.get("currency_conversion"))
    currency, asked_in = word(session.get("currency")), word(conversion.get("source_currency"))
    amounts = session
    if asked_in.lower() == expected != currency.lower():
        currency, amounts = asked_in, conversion
    total, goods = whole(amounts.get("amount_total")), whole(amounts.get("amount_subtotal"))
    if goods is None and total is not None:
        goods = total + _total_to_goods(session)
    if session.get("mode") == "setup":
        goods, currency = 0, expected
    units = units_of(session.get("line_items"))
    if goods is None and units is None and not currency:
        return None
    decimals, step = UNITS.get(expected, CENTS)
    return Money(goods, currency.lower(), units, expected, decimals, step)


def _total_to_goods(session: dict[str, Any]) -> int:
    """The difference from the total to the price of the lines: discounts less tax and shipping."""
    details = _object(session.get("total_details"))
    discount, tax, shipping = (
        whole(details.get(f"amount_{name}")) or 0 for name in ("discount", "tax", "shipping")
    )
    return discount - tax - shipping


def units_of(line_items: Any) -> int | None:
    """The units in the lines of a session, or None if some lines are missing."""
    listed = _object(line_items)
    rows = listed.get("data")
    if not isinstance(rows, list) or not rows or listed.get("has_more") not in (False, None):
        return None
    counts = [whole(_object(row).get("quantity")) for row in rows]
    return None if None in counts else sum(count for count in counts if count is not None)


def amount_shown(amount: Any, currency: Any) -> str:
    """An amount of Stripe for people: `25.00 USD`; empty if it is malformed."""
    number, name = whole(amount), word(currency)
    if number is None or not name:
        return ""
    decimals, _ = UNITS.get(name.lower(), CENTS)
    return f"{Decimal(number).scaleb(-decimals)} {name.upper()}"


def minute_shown(seconds: Any) -> str:
    """A time of Stripe for people; empty if it is malformed."""
    number = whole(seconds)
    if number is None or not 0 < number < 1 << 36:
        return ""
    return f"{datetime.fromtimestamp(number, UTC):%Y-%m-%d %H:%M} UTC"


def word(value: Any) -> str:
    """A text of Stripe, cut to a short length; empty if it is not a printable text."""
    return value[:WORD_MAX] if isinstance(value, str) and value.isprintable() else ""


def whole(value: Any) -> int | None:
    """The value if it is a whole number of a plausible size; JSON itself has no limit."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53
    return value if fits else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
