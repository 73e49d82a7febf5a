"""The compact index of orders against a plain one, and its size."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.orders.rows import OrderStatus, OrderUnits, status_of
from fancymonkey.services.sales.order_table import OrderSummary, OrderTable


@st.composite
def units(draw: st.DrawFn) -> OrderUnits:
    """Units of one size at one location, some of them shipped, returned or cancelled."""
    quantity = draw(st.integers(1, 2))
    shipped = draw(st.integers(0, quantity))
    cancelled = draw(st.integers(0, quantity - shipped))
    returned = draw(st.integers(0, shipped))
    place = draw(st.sampled_from(("berlin", "paris", "rome")))
    return OrderUnits("p/M", place, quantity, shipped, cancelled, returned)


Row = tuple[int, tuple[OrderUnits, ...]]
rows = st.tuples(st.integers(1, 60), st.lists(units(), max_size=3).map(tuple))


def summary(row: Row) -> OrderSummary:
    number, of_order = row
    return OrderSummary.of(number, f"res_ü{number * 7919}", of_order)


def seen(of_order: tuple[OrderUnits, ...], within: tuple[str, ...]) -> OrderStatus | None:
    """The status that a caller limited to these locations sees."""
    own = tuple(row for row in of_order if not within or row.location in within)
    return status_of(own) if own or not within else None


@given(st.lists(rows), st.lists(rows))
def test_every_answer_is_that_of_a_plain_index(first: list[Row], later: list[Row]) -> None:
    """Rows come in any order, also twice, and change afterwards."""
    table = OrderTable()
    for row in first:
        table.add(summary(row))
    table.sort()
    for row in later:
        table.put(summary(row))
    plain = dict((*first, *later))
    assert len(table) == len(plain)
    for number in range(62):
        known = summary((number, plain[number])).order_id if number in plain else None
        assert table.id_of(number) == known
    for within in ((), ("berlin",), ("paris", "rome"), ("oslo",)):
        for status in (None, *OrderStatus):
            for location in (None, "berlin", "paris", "oslo"):
                fitting = [
                    number
                    for number, of_order in sorted(plain.items())
                    if (own := seen(of_order, within)) is not None
                    and status in (None, own)
                    and location in (None, *[row.location for row in of_order if row.open])
                ]
                listed: list[int] = []
                while fitting_row := table.below(
                    listed[-1] if listed else None, status, location, within
                ):
                    listed.append(fitting_row.number)
                assert listed == fitting[::-1]
                listed = []
                while fitting_row := table.from_number(
                    listed[-1] + 1 if listed else 0, status, location, within
                ):
                    listed.append(fitting_row.number)
                assert listed == fitting
        assert table.counts(within) == {
            status: sum(seen(of_order, within) is status for of_order in plain.values())
            for status in OrderStatus
        }
    for location in ("berlin", "oslo"):
        at = [
            number
            for number, of_order in sorted(plain.items())
            if any(row.open and row.location == location for row in of_order)
        ]
        assert table.open_at(location) == at


def test_a_number_beyond_any_order_is_unknown() -> None:
    table = OrderTable()
    table.put(OrderSummary(1, "a", OrderStatus.SHIPPED, ()))
    assert [table.id_of(number) for number in (0, 2, 1 << 62, 1 << 63, 1 << 80)] == [None] * 5
    assert table.below(1 << 53, None, None) is not None


def test_an_order_costs_less_than_a_hundred_bytes() -> None:
    """Orders of years fit: 300,000 need 30 MB at most."""
    count = 20_000
    tracemalloc.start()
    table = OrderTable()
    for number in range(count):
        order_id = f"res_{number:032x}"
        table.put(OrderSummary(number, order_id, OrderStatus.SHIPPED, ()))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == count
    assert size < 100 * count
