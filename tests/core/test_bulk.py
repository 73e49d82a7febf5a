"""A bulk change: the rows that it selects, and its commands."""

import pytest

from fancymonkey.core.changes.bulk import PORTION, Change, Filter, chain, part_id, portions, select
from fancymonkey.core.command import Command
from fancymonkey.core.execute import SkuCommands
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow, is_low
from fancymonkey.services.changes.request_key import RequestKey


def stocked(
    product_id: str, category: str, on_hand: int, reserved: int = 0, threshold: int = 5
) -> StockRow:
    sku = f"{product_id}/M"
    return StockRow(
        Product(product_id, product_id, category),
        Item(sku, product_id, "M", low_stock_threshold=threshold),
        SkuStock(sku, on_hand=on_hand, reserved=reserved),
    )


ROWS = [
    stocked("a", "hoodies", 20),
    stocked("b", "hoodies", 20, reserved=15),
    stocked("c", "caps", 0),
    stocked("d", "caps", 1),
    stocked("e", "caps", 6),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), "abcde"),
        (Filter(categories=frozenset({"caps"})), "cde"),
        (Filter(categories=frozenset({"hats"})), ""),
        (Filter(product_ids=frozenset("ea")), "ae"),
        (Filter(product_ids=frozenset()), ""),
        (Filter(low_stock_only=True), "bd"),
        (Filter(reserved_only=True), "b"),
        (Filter(categories=frozenset({"caps"}), low_stock_only=True), "d"),
        (Filter(categories=frozenset({"caps"}), product_ids=frozenset("ad")), "d"),
    ],
)
def test_a_filter_means_these_rows_in_their_order(wanted: Filter, expected: str) -> None:
    assert "".join(row.product.product_id for row in select(ROWS, wanted)) == expected


@pytest.mark.parametrize(
    ("available", "threshold", "low"),
    [(0, 5, False), (-1, 5, False), (1, 5, True), (5, 5, True), (6, 5, False), (1, 0, False)],
)
def test_low_is_something_and_no_more_than_the_threshold(
    available: int, threshold: int, low: bool
) -> None:
    row = stocked("a", "caps", 10, reserved=10 - available, threshold=threshold)
    assert is_low(row.item, row.stock) is low


@pytest.mark.parametrize(
    ("change", "commands"),
    [
        (Change(), []),
        (Change(count=3), [Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3)]),
        (
            Change(count=0, expected=4),
            [Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0, expected=4)],
        ),
        (
            Change(adjust=-2, reason="x"),
            [Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-2, reason="x")],
        ),
        (Change(reserved=0), [SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0)]),
        (Change(sold_out=False), [SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=False)]),
        (
            Change(low_stock_threshold=0),
            [SetItem(sku="a/M", location=DEFAULT_LOCATION, low_stock_threshold=0)],
        ),
        (
            Change(restock_date=None),
            [SetItem(sku="a/M", location=DEFAULT_LOCATION, restock_date=None)],
        ),
        (
            Change(count=3, reserved=1, sold_out=True, reason="r"),
            [
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3, reason="r"),
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=1, reason="r"),
                SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True, reason="r"),
            ],
        ),
    ],
)
def test_a_change_becomes_these_commands(change: Change, commands: list[Command]) -> None:
    assert chain("a/M", change, location=DEFAULT_LOCATION) == SkuCommands(
        sku="a/M", commands=tuple(commands)
    )


def test_every_part_has_actor_and_reason() -> None:
    commands = chain(
        "a/M",
        Change(count=3, adjust=1, sold_out=True),
        location=DEFAULT_LOCATION,
        actor="ann",
        cause="bulk 7",
    )
    assert {(part.actor, part.cause) for part in (commands, *commands.commands)} == {
        ("ann", "bulk 7")
    }


def test_portions_hold_everything_once_in_order() -> None:
    rows = list(range(2 * PORTION + 1))
    parts = list(portions(rows))
    assert [len(part) for part in parts] == [PORTION, PORTION, 1]
    assert [row for part in parts for row in part] == rows
    assert list(portions([])) == []


def test_ids_of_portions() -> None:
    assert [part_id("key", part) for part in range(3)] == ["key", "key 1", "key 2"]
    key = RequestKey("request:key", "key:key")
    assert [key.part(number) for number in (0, 2)] == [
        key,
        RequestKey("request:key 2", "key:key 2"),
    ]
