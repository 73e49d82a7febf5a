"""The compact index of orders against a plain one, and its size."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.orders.rows import OrderStatus
from fancymonkey.services.sales.order_table import OrderSummary, OrderTable

PLACES = ("", "berlin", "paris", "berlin paris")
rows = st.builds(
    lambda number, status, places: OrderSummary(
        number, f"res_ü{number * 7919}", status, tuple(places.split())
    ),
    st.integers(1, 60),
    st.sampled_from(OrderStatus),
    st.sampled_from(PLACES),
)


@given(st.lists(rows), st.lists(rows))
def test_every_answer_is_that_of_a_plain_index(
    first: list[OrderSummary], later: list[OrderSummary]
) -> None:
    """Rows come in any order, also twice, and change afterwards."""
    table = OrderTable()
    for row in first:
        table.add(row)
    table.sort()
    for row in later:
        table.put(row)
    plain = {row.number: row for row in (*first, *later)}
    assert len(table) == len(plain)
    for number in range(62):
        assert table.id_of(number) == (plain[number].order_id if number in plain else None)
    for status in (None, *OrderStatus):
        for location in (None, "berlin", "paris", "rome"):
            fitting = [
                row
                for row in sorted(plain.values(), key=lambda row: -row.number)
                if status in (None, row.status) and location in (None, *row.locations)
            ]
            listed: list[OrderSummary] = []
            while row := table.below(listed[-1].number if listed else None, status, location):
                listed.append(row)
            assert listed == fitting
    for within in ((), ("berlin",), ("paris", "rome")):
        assert table.counts(within) == {
            status: sum(
                row.status is status and (not within or not set(within).isdisjoint(row.locations))
                for row in plain.values()
            )
            for status in OrderStatus
        }
    for location in ("berlin", "rome"):
        at = sorted(row.number for row in plain.values() if location in row.locations)
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
