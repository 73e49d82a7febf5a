"""The shares of the parts in the price of a bundle add up exactly to the price."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.bundles.shares import largest_remainder, price_shares, units_share


def test_the_cents_that_are_left_go_to_the_largest_remainders() -> None:
    assert largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert largest_remainder(333, [666, 133, 131, 525]) == [152, 31, 30, 120]
    assert largest_remainder(5, [0, 0]) == [3, 2]
    assert largest_remainder(5, []) == []


def test_parts_weigh_as_much_as_they_cost_alone() -> None:
    prices = {"hoodie": Decimal("58"), "cap": Decimal("24.50")}
    assert price_shares(6900, {"hoodie": 1, "cap": 2}, prices) == {"hoodie": 3740, "cap": 3160}
    assert price_shares(6900, {"hoodie": 1, "cap": 2}, {}) == {"hoodie": 2300, "cap": 4600}


WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=8)


@given(total=st.integers(0, 10**9), weights=WEIGHTS)
def test_shares_add_up_and_are_less_than_a_cent_from_the_exact_ones(
    total: int, weights: list[int]
) -> None:
    shares = largest_remainder(total, weights)
    assert sum(shares) == total
    if sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share * sum(weights) - total * weight) < sum(weights)


@given(
    price=st.integers(0, 10**7),
    parts=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), min_size=1),
    single=st.dictionaries(
        st.sampled_from("abcdef"), st.decimals(0, 1000, places=2) | st.none(), max_size=6
    ),
)
def test_the_parts_of_a_bundle_add_up_to_its_price(
    price: int, parts: dict[str, int], single: dict[str, Decimal | None]
) -> None:
    shares = price_shares(price, parts, single)
    assert sum(shares.values()) == price
    assert min(shares.values()) >= 0


@given(
    share=st.integers(0, 10**6),
    quantity=st.integers(1, 40),
    cuts=st.lists(st.integers(0, 40), max_size=5),
)
def test_units_returned_one_after_the_other_add_up_to_their_share(
    share: int, quantity: int, cuts: list[int]
) -> None:
    stops = sorted(min(cut, quantity) for cut in cuts)
    pairs = zip([0, *stops], [*stops, quantity], strict=True)
    amounts = [units_share(share, quantity, first, last - first) for first, last in pairs]
    assert sum(amounts) == share
