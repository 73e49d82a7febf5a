"""The smallest units of currencies at Stripe: https://docs.stripe.com/currencies."""

from decimal import Decimal

import pytest

from fancymonkey.fake_stripe.pages import money
from fancymonkey.payments.basket import minor_units


@pytest.mark.parametrize(
    ("price", "currency", "units", "shown"),
    [
        ("25", "usd", 2500, "25.00 USD"),
        ("19.99", "eur", 1999, "19.99 EUR"),
        ("0.07", "huf", 7, "0.07 HUF"),
        ("500", "jpy", 500, "500 JPY"),
        ("500", "xof", 500, "500 XOF"),
        ("5.000", "kwd", 5000, "5.000 KWD"),
        ("12.344", "bhd", 12340, "12.340 BHD"),
        ("12.346", "jod", 12350, "12.350 JOD"),
        ("10", "omr", 10000, "10.000 OMR"),
        ("0.5", "tnd", 500, "0.500 TND"),
        ("5000", "ugx", 500000, "5000.00 UGX"),
        ("40.10", "isk", 4000, "40.00 ISK"),
        ("40.9", "isk", 4100, "41.00 ISK"),
    ],
)
def test_a_price_as_stripe_counts_it(price: str, currency: str, units: int, shown: str) -> None:
    assert minor_units(Decimal(price), currency) == units
    assert money(units, currency) == shown
