"""Divides the price of a bundle among its parts, exact to the cent."""

from collections.abc import Mapping, Sequence
from decimal import Decimal


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Whole shares of `total` in proportion to the weights, whose sum is exactly `total`.

    The remainder after rounding down goes to the largest fractions, the first of equal ones. With
    weights of zero only, the shares are as equal as possible.
    """
    if not weights:
        return []
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return shares


def price_shares(
    price: int, parts: Mapping[str, int], single_prices: Mapping[str, Decimal | None]
) -> dict[str, int]:
    """The share of the price of one bundle that falls to all its units of each SKU.

    `price` is in the smallest unit of money, `parts` are the units of one bundle by SKU. Units
    weigh as much as they cost alone; if one has no price, all weigh the same.
    """
    prices = [single_prices.get(sku) for sku in parts]
    weights = list(parts.values())
    if all(single is not None for single in prices):
        singles = whole_prices([single for single in prices if single is not None])
        weights = [single * units for single, units in zip(singles, weights, strict=True)]
    return dict(zip(parts, largest_remainder(price, weights), strict=True))


def units_share(share: int, quantity: int, first: int, count: int) -> int:
    """The part of a share that falls to `count` of `quantity` units, after the `first` ones.

    The first units bear the cents that cannot be divided, so that parts returned one after the
    other add up to the share.
    """
    each, more = divmod(share, quantity)
    return count * each + max(0, min(first + count, more) - min(first, more))


def whole_prices(prices: Sequence[Decimal]) -> list[int]:
    """The prices as whole numbers in the same proportion."""
    digits = max((-int(price.as_tuple().exponent) for price in prices), default=0)
    return [int(price.scaleb(max(0, digits))) for price in prices]
