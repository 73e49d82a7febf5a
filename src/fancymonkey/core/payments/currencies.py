"""The payment provider's amounts: the smallest unit of a currency, and its steps."""

from decimal import Decimal

CENTS = (2, 1)
UNITS = {
    # Currencies without a smaller unit (Stripe: "Zero-decimal currencies").
    **dict.fromkeys(
        ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv"), (0, 1)
    ),
    **dict.fromkeys(("xaf", "xof", "xpf"), (0, 1)),
    # "Three-decimal currencies", whose last digit has to be 0.
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), (3, 10)),
    # "Special cases": counted in hundredths, but Stripe takes only multiples of 100.
    **dict.fromkeys(("isk", "ugx"), (2, 100)),
}
"""The decimals of a currency, and the step of its amounts."""


def step_of(currency: str) -> int:
    """The step of amounts in the smallest unit of a currency."""
    return UNITS.get(currency, CENTS)[1]


def major_units(amount: int, currency: str) -> Decimal:
    """An amount in the smallest unit as a price."""
    return Decimal(amount).scaleb(-UNITS.get(currency, CENTS)[0])


def amount_in_words(amount: int, currency: str) -> str:
    """An amount for people: `25.00 USD`."""
    return f"{major_units(amount, currency):f} {currency.upper()}".rstrip()
