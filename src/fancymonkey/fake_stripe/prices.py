"""The lines of a session and their prices."""

from collections.abc import Callable
from typing import Any

from fancymonkey.fake_stripe.objects import Invalid, StripeObject, whole

Price = tuple[int, str, str]
"""An amount in the currency's smallest unit, the currency, and the name of the product."""


def line_items(
    new: Callable[..., StripeObject], prices: Callable[[str], Price | None], items: Any, now: int
) -> list[StripeObject]:
    """The lines of a session in Stripe's form. Raises Invalid."""
    if not isinstance(items, list) or not 1 <= len(items) <= 100:
        raise Invalid("line_items is a list of 1 to 100.", param="line_items")
    lines = []
    for number, item in enumerate(items):
        where = f"line_items[{number}]"
        if not isinstance(item, dict):
            raise Invalid(f"{where} is not an object.", param=where)
        quantity = whole(item.get("quantity"), f"{where}[quantity]", 1)
        amount, currency, name = _price(prices, item, where)
        line = new("item", "li", now)
        del line["created"], line["livemode"]
        line |= {
            "amount_subtotal": amount * quantity,
            "amount_total": amount * quantity,
            "currency": currency,
            "description": name,
            "quantity": quantity,
            "price": new(
                "price",
                "price",
                now,
                currency=currency,
                unit_amount=amount,
                unit_amount_decimal=str(amount),
                recurring=None,
                **({"id": item["price"]} if item.get("price") else {}),
            ),
        }
        lines.append(line)
    return lines


def _price(prices: Callable[[str], Price | None], item: StripeObject, where: str) -> Price:
    if item.get("price"):
        price = prices(str(item["price"]))
        if price is None:
            raise Invalid(
                f"No such price: '{item['price']}'",
                param=f"{where}[price]",
                code="resource_missing",
            )
        return price
    data = item.get("price_data")
    if not isinstance(data, dict):
        raise Invalid("Send a price or price_data.", param=where)
    name = data.get("product_data")
    title = name.get("name") if isinstance(name, dict) else None
    amount = whole(data.get("unit_amount"), f"{where}[price_data][unit_amount]", None)
    return amount, str(data.get("currency", "")).lower(), str(title or "Item")
