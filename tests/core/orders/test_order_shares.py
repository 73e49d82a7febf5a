"""Shares of the paid amount: they add up to the paid amount, in any sequence."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import Line
from fancymonkey.core.orders.money import NO_MONEY, OrderMoney
from fancymonkey.core.orders.rows import Order, OrderUnits
from fancymonkey.core.orders.shares import shares_of, value_of
from fancymonkey.core.payments.currencies import step_of

SET = "set/OS"
PRICES = {"a/M": Decimal(58), "b/M": Decimal("24.50"), "c/M": Decimal(9)}


def an_order(
    total: int | None,
    lines: tuple[Line, ...],
    parts: tuple[SoldPart, ...] = (),
    currency: str = "eur",
    built: int = 0,
) -> Order:
    """An order whose units follow from its lines; `built` bundles were built in advance."""
    units: Counter[str] = Counter()
    for line in lines:
        own = [part for part in parts if part.bundle == line.sku]
        whole = min(built, line.quantity) if own else line.quantity
        units[line.sku] += whole
        for part in own:
            units[part.sku] += part.quantity * (line.quantity - whole)
    rows = tuple(OrderUnits(sku, "main", count) for sku, count in units.items() if count)
    fields = (None, None, total, currency, False, False)
    return Order("o", 1, 1, *fields, lines, parts, rows)


def part(sku: str, quantity: int = 1) -> SoldPart:
    return SoldPart(SET, 1, sku, quantity)


def test_a_part_costs_its_share_of_the_bundle_and_not_its_own_price() -> None:
    order = an_order(6900, (Line(SET, 1, Decimal(69)),), (part("a/M"), part("b/M", 2)))
    shares = {share.sku: share.amount for share in shares_of(order, PRICES, 1)}
    assert shares == {"a/M": 3740, "b/M": 3160}
    assert value_of(order, shares_of(order, PRICES, 1), {"b/M": 1}, 1) == 1580


def test_a_unit_sold_alone_comes_back_before_the_same_part_of_a_bundle() -> None:
    lines = (Line(SET, 1, Decimal(60)), Line("a/M", 1, Decimal(58)))
    order = an_order(11800, lines, (part("a/M"), part("b/M")))
    shares = shares_of(order, PRICES, 1)
    assert value_of(order, shares, {"a/M": 1}, 1) == 5800
    assert value_of(order, shares, {"a/M": 2, "b/M": 1}, 1) == 11800


def test_a_bundle_that_was_built_in_advance_costs_its_price() -> None:
    order = an_order(10001, (Line(SET, 2, Decimal(50)),), (part("a/M"), part("c/M")), built=1)
    shares = shares_of(order, PRICES, 1)
    assert value_of(order, shares, {SET: 1}, 1) == 5001
    assert value_of(order, shares, {SET: 1, "a/M": 1, "c/M": 1}, 1) == 10001


@pytest.mark.parametrize(
    ("currency", "total", "shares"),
    [
        ("jpy", 333, [("a/M", 111), ("b/M", 222)]),  # no smaller unit
        ("kwd", 10_000, [("a/M", 3330), ("b/M", 6670)]),  # thousandths, the last digit is 0
        ("isk", 10_000, [("a/M", 3300), ("b/M", 6700)]),  # whole units only
        ("eur", 1000, [("a/M", 333), ("b/M", 667)]),
    ],
)
def test_shares_are_whole_steps_of_their_currency(
    currency: str, total: int, shares: list[tuple[str, int]]
) -> None:
    order = an_order(total, (Line(SET, 1),), (part("a/M"), part("b/M", 2)), currency)
    step = step_of(currency)
    assert [(row.sku, row.amount * step) for row in shares_of(order, {}, step)] == shares


def test_an_amount_between_two_steps_is_refunded_with_the_last_unit() -> None:
    order = an_order(10_005, (Line("a/M", 2, Decimal(5)),), currency="kwd")
    shares = shares_of(order, {}, 10)
    assert value_of(order, shares, {"a/M": 1}, 10) == 5000
    assert value_of(order, shares, {"a/M": 2}, 10) == 10_005


def test_the_first_units_bear_the_cents_that_cannot_be_divided() -> None:
    order = an_order(1001, (Line("a/M", 3, Decimal(5)),))
    shares = shares_of(order, {}, 1)
    assert [value_of(order, shares, {"a/M": count}, 1) for count in range(4)] == [0, 334, 668, 1001]


def test_a_refunded_amount_is_not_due_again() -> None:
    order = an_order(1000, (Line("a/M", 4, Decimal(5)),))
    units = replace(order.units[0], cancelled=3)
    order = replace(order, units=(units,))
    assert NO_MONEY.due(order) == 750
    assert OrderMoney({}, {"re_1": 500}, {}).due(order) == 250
    assert OrderMoney({}, {"re_1": 500}, {"re_2": 100}, charged=600).due(order) == 250
    assert OrderMoney({}, {"re_1": 500}, {}, charged=900).due(order) == 0


def test_an_order_whose_amount_is_not_known_has_no_shares() -> None:
    order = an_order(None, (Line("a/M", 2, Decimal(5)),))
    assert shares_of(order, {}, 1) == []
    assert NO_MONEY.due(order) == 0


SKUS = ("a/M", "b/M", "c/M")
PRICE = st.none() | st.decimals(0, 1000, places=2)
QUANTITIES = st.integers(1, 5)


@st.composite
def orders(draw: st.DrawFn) -> tuple[Order, dict[str, Decimal]]:
    parts = draw(st.dictionaries(st.sampled_from(SKUS), QUANTITIES, min_size=1))
    alone = draw(st.dictionaries(st.sampled_from(SKUS), QUANTITIES))
    lines = [Line(sku, count, draw(PRICE)) for sku, count in alone.items()]
    count = draw(QUANTITIES)
    lines.insert(draw(st.integers(0, len(lines))), Line(SET, count, draw(PRICE)))
    order = an_order(
        draw(st.integers(0, 10**7)),
        tuple(lines),
        tuple(part(sku, quantity) for sku, quantity in parts.items()),
        draw(st.sampled_from(("eur", "jpy", "kwd", "isk"))),
        draw(st.integers(0, count)),
    )
    return order, draw(st.dictionaries(st.sampled_from(SKUS), st.decimals(0, 500, places=2)))


@settings(max_examples=150, deadline=None)
@given(made=orders(), seed=st.integers(0, 999))
def test_refunds_in_any_sequence_add_up_to_the_paid_amount(
    made: tuple[Order, dict[str, Decimal]], seed: int
) -> None:
    order, prices = made
    chance = Random(seed)
    step = step_of(order.currency)
    assert order.total is not None
    assert sum(share.amount for share in shares_of(order, prices, step)) == order.total // step
    pieces = [units.sku for units in order.units for _ in range(units.quantity)]
    values: dict[tuple[tuple[str, int], ...], int] = {}
    for _ in range(2):
        chance.shuffle(pieces)
        money, gone = OrderMoney(prices, {}, {}), Counter[str]()
        for number, sku in enumerate(pieces):
            gone[sku] += 1
            value = money.value(order, gone)
            assert value >= money.refunded
            key = tuple(sorted(gone.items()))
            assert values.setdefault(key, value) == value
            if chance.random() < 0.7:
                refunds = {**money.refunds, f"re_{number}": value - money.refunded}
                money = OrderMoney(prices, refunds, {})
        assert money.value(order, gone) == order.total
