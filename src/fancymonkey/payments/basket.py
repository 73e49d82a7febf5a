"""The request for a Stripe Checkout Session: its lines, prices and return pages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fancymonkey.core.model import Line
from fancymonkey.core.payments.currencies import CENTS, UNITS
from fancymonkey.engine.view.view import View


@dataclass(frozen=True, slots=True)
class CheckoutTerms:
    """Currency and limits of a checkout. Times in ms; `success_url` and `cancel_url` are pages.

    `most` is the number of checkouts of one hold.
    """

    ttl: int
    session_life: int
    grace: int
    most: int
    currency: str
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class NoPrice:
    """A size that has neither a price id of Stripe nor a price in the catalogue."""

    sku: str


def line_items(view: View, currency: str, lines: Sequence[Line]) -> list[dict[str, Any]] | NoPrice:
    """The lines in Stripe's form: with its price id, or else with the catalogue's price."""
    items = []
    for line in lines:
        item = view.items.get(line.sku)
        product = None if item is None else view.products.get(item.product_id)
        if item is None or product is None:
            continue  # the core refuses an unknown size
        entry: dict[str, Any] = {"quantity": line.quantity}
        if item.price_id:
            entry["price"] = item.price_id
        elif product.price is None:
            return NoPrice(line.sku)
        else:
            entry["price_data"] = {
                "currency": currency,
                "unit_amount": minor_units(product.price, currency),
                "product_data": {"name": f"{product.name} ({item.size})"},
            }
        items.append(entry)
    return items


def session_request(
    terms: CheckoutTerms,
    id_: str,
    session_id: str,
    number: int,
    ends_at: int,
    items: list[dict[str, Any]],
) -> str:
    """The exact text of the request to Stripe, as JSON."""
    metadata = {"reservationId": id_, "sessionId": session_id, "checkout": str(number)}
    return json.dumps(
        {
            "mode": "payment",
            "client_reference_id": id_,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "expires_at": ends_at // 1000,
            "line_items": items,
            "success_url": with_query(terms.success_url, "session_id={CHECKOUT_SESSION_ID}"),
            "cancel_url": with_query(terms.cancel_url, f"hold={id_}"),
        }
    )


def minor_units(price: Decimal, currency: str) -> int:
    """A price in the smallest unit of its currency, rounded to Stripe's step.

    See https://docs.stripe.com/currencies.
    """
    decimals, step = UNITS.get(currency, CENTS)
    return int((price.scaleb(decimals) / step).to_integral_value()) * step


def with_query(url: str, more: str) -> str:
    """The URL with one more parameter in its query."""
    address, mark, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{more}{mark}{fragment}"
