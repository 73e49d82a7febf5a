"""The buyer and the amount of a Checkout Session, as Stripe sends them."""

from typing import Any

from fancymonkey.core.orders.rows import Buyer

FIELDS = ("customer_details", "customer_email", "shipping_details", "collected_information")
"""The fields of a session about its buyer. Stripe's versions differ in where they are."""

TEXT_MAX = 300
"""A longer text is cut off."""


def buyer_of(session: dict[str, Any]) -> Buyer | None:
    """The buyer of a session: the address for the parcel, else that of the invoice, or None."""
    customer = _object(session.get("customer_details"))
    collected = _object(session.get("collected_information"))
    shipping = _object(collected.get("shipping_details")) or _object(
        session.get("shipping_details")
    )
    address = _object(shipping.get("address")) or _object(customer.get("address"))
    buyer = Buyer(
        name=_text(shipping.get("name")) or _text(customer.get("name")),
        email=_text(customer.get("email")) or _text(session.get("customer_email")),
        phone=_text(customer.get("phone")),
        line1=_text(address.get("line1")),
        line2=_text(address.get("line2")),
        city=_text(address.get("city")),
        state=_text(address.get("state")),
        postal_code=_text(address.get("postal_code")),
        country=_text(address.get("country")),
    )
    return None if buyer == Buyer() else buyer


def total_of(session: dict[str, Any]) -> int | None:
    """The paid amount of a session in the smallest unit of its currency, or None."""
    total = session.get("amount_total")
    return total if type(total) is int and 0 <= total < 1 << 53 else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(printable.split())[:TEXT_MAX]
