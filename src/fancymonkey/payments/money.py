"""What Stripe says of money: amounts to compare, and amounts and times for people."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fancymonkey.core.payments.amounts import Money
from fancymonkey.payments.basket import CENTS, UNITS

WORD_MAX = 80


def money_of(session: dict[str, Any], expected: str) -> Money | None:
    """What a Checkout Session says was paid, or None where it says nothing of it.

    `amount_subtotal` is before discounts, and without taxes and shipping that come on top. Where it
    is missing, it is what is left of the total. Under adaptive pricing the buyer pays in another
    currency; what the shop asked for is in `currency_conversion`.
    """
    conversion = _object(session.get("currency_conversion"))
    currency, asked_in = word(session.get("currency")), word(conversion.get("source_currency"))
    amounts = session
    if asked_in.lower() == expected != currency.lower():
        currency, amounts = asked_in, conversion
    total, goods = _whole(amounts.get("amount_total")), _whole(amounts.get("amount_subtotal"))
    if goods is None and total is not None:
        goods = total + _on_top(session)
    units = units_of(session.get("line_items"))
    if goods is None and units is None and not currency:
        return None
    decimals, step = UNITS.get(expected, CENTS)
    return Money(goods, currency.lower(), units, expected, decimals, step)


def _on_top(session: dict[str, Any]) -> int:
    """What the total lacks of the price of the lines: discounts, less taxes and shipping."""
    details = _object(session.get("total_details"))
    discount, tax, shipping = (
        _whole(details.get(f"amount_{name}")) or 0 for name in ("discount", "tax", "shipping")
    )
    return discount - tax - shipping


def units_of(line_items: Any) -> int | None:
    """How many units the lines of a session are, or None where they are not all here."""
    listed = _object(line_items)
    rows = listed.get("data")
    if not isinstance(rows, list) or not rows or listed.get("has_more") not in (False, None):
        return None
    found = [_whole(_object(row).get("quantity")) for row in rows]
    return None if None in found else sum(count for count in found if count is not None)


def amount_shown(amount: Any, currency: Any) -> str:
    """An amount of Stripe's for people: `25.00 USD`; nothing where it makes no sense."""
    number, name = _whole(amount), word(currency)
    if number is None or not name:
        return ""
    decimals, _ = UNITS.get(name.lower(), CENTS)
    return f"{Decimal(number).scaleb(-decimals)} {name.upper()}"


def minute_shown(seconds: Any) -> str:
    """A time of Stripe's for people; nothing where it makes no sense."""
    number = _whole(seconds)
    if number is None or not 0 < number < 1 << 36:
        return ""
    return f"{datetime.fromtimestamp(number, UTC):%Y-%m-%d %H:%M} UTC"


def word(value: Any) -> str:
    """A short text of Stripe's, as it is; nothing where it is none."""
    return value[:WORD_MAX] if isinstance(value, str) and value.isprintable() else ""


def _whole(value: Any) -> int | None:
    """A whole number that may be an amount; JSON has no limit of its own."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53
    return value if fits else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
