"""Counts and corrections of the owner, row by row: Adjust, Count, Return, SetItem."""

import pytest

from fancymonkey.core.catalogue.products import RemoveProduct
from fancymonkey.core.command import Command
from fancymonkey.core.execute import needs
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY, Item, Kind, Level, Product
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.state import AllLevels
from fancymonkey.core.stock.adjust import Adjust, Count, Return, SetItem
from tests.core.builders import CoreShop, Row, named, take

GONE = RemoveProduct(product_id="a", location=DEFAULT_LOCATION, before=("a/S", "a/M"))
BACKORDERED = (  # two missing units were sold
    take("s9", a_M=2),
    Release(ref="s9"),
    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
    Capture(ref="s9", payment_id="p9"),
)


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "up",
                [],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=3),
                {"onHand": 8, "available": 8},
                ["adjusted a/M on_hand+3"],
            ),
            Row(
                "down",
                [],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-5),
                {"onHand": 0},
                ["adjusted a/M on_hand-5"],
            ),
            Row(
                "not at all",
                [],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=0),
                {"onHand": 5},
            ),
            Row(
                "below zero",
                [],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-6),
                Code.BELOW_ZERO,
            ),
            Row(
                "to the maximum",
                [],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=MAX_QUANTITY - 5),
                {"onHand": MAX_QUANTITY},
                [f"adjusted a/M on_hand+{MAX_QUANTITY - 5}"],
            ),
            Row(
                "beyond that",
                [],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=MAX_QUANTITY - 4),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "unknown",
                [],
                Adjust(sku="a/XL", location=DEFAULT_LOCATION, delta=1),
                Code.UNKNOWN_ITEM,
            ),
            Row(
                "removed",
                [GONE],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1),
                Code.UNKNOWN_ITEM,
            ),
            Row(
                "below what is promised: short",
                [take("s1", a_M=4)],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-3),
                {"onHand": 2, "reserved": 4, "available": -2, "short": 2},
                ["adjusted a/M on_hand-3 short+2"],
            ),
            Row(
                "a receipt ends the shortage",
                [take("s1", a_M=4), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2)],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=6, kind=Kind.RECEIVED),
                {"available": 4, "short": 0},
                ["received a/M on_hand+6 short-2"],
            ),
            Row(
                "a receipt fills backorders first",
                [*BACKORDERED],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=5, kind=Kind.RECEIVED),
                {"onHand": 3, "backordered": 0},
                ["received a/M on_hand+5", "sold a/M on_hand-2 backordered-2"],
            ),
            Row(
                "a receipt fills what it can",
                [*BACKORDERED],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1, kind=Kind.RECEIVED),
                {"onHand": 0, "backordered": 1},
                ["received a/M on_hand+1", "sold a/M on_hand-1 backordered-1"],
            ),
            Row(
                "live holds come before backorders",
                [
                    *BACKORDERED,
                    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3),
                    take("s1", a_M=3),
                    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1),
                ],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=3, kind=Kind.RECEIVED),
                {"onHand": 3, "reserved": 3, "backordered": 1},
                ["received a/M on_hand+3 short-2", "sold a/M on_hand-1 backordered-1"],
            ),
            Row(
                "units that go fill nothing",
                [*BACKORDERED, Count(sku="a/M", location=DEFAULT_LOCATION, quantity=5)],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-1),
                {"onHand": 4, "backordered": 2},
                ["adjusted a/M on_hand-1"],
            ),
            Row(
                "a receipt of fewer than none",
                [take("s1", a_M=5)],
                Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-1, kind=Kind.RECEIVED),
                Code.OUT_OF_RANGE,
            ),
        ]
    )
)
def test_adjust(row: Row) -> None:
    row.check()


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "more",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=9),
                {"onHand": 9},
                ["counted a/M on_hand+4"],
            ),
            Row(
                "none",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
                {"onHand": 0},
                ["counted a/M on_hand-5"],
            ),
            Row(
                "as many",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=5),
                {"onHand": 5},
            ),
            Row(
                "as expected",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=9, expected=5),
                {"onHand": 9},
                ["counted a/M on_hand+4"],
            ),
            Row(
                "expected otherwise",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=9, expected=4),
                Code.STALE,
            ),
            Row(
                "expected otherwise, though it is right",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=5, expected=4),
                Code.STALE,
            ),
            Row(
                "expected none",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=9, expected=0),
                Code.STALE,
            ),
            Row(
                "below zero",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=-1),
                Code.BELOW_ZERO,
            ),
            Row(
                "the maximum",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=MAX_QUANTITY),
                {"onHand": MAX_QUANTITY},
                [f"counted a/M on_hand+{MAX_QUANTITY - 5}"],
            ),
            Row(
                "beyond that",
                [],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=MAX_QUANTITY + 1),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "unknown",
                [],
                Count(sku="nothing/M", location=DEFAULT_LOCATION, quantity=1),
                Code.UNKNOWN_ITEM,
            ),
            Row(
                "below what is promised ends no hold",
                [take("s1", a_M=4)],
                Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1),
                {"onHand": 1, "reserved": 4, "available": -3, "short": 3},
                ["counted a/M on_hand-4 short+3"],
            ),
        ]
    )
)
def test_count(row: Row) -> None:
    row.check()


def test_a_stale_count_has_the_present_value() -> None:
    answer = CoreShop().do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=9, expected=4))
    assert isinstance(answer, Refused)
    assert answer.detail == {"sku": "a/M", "expected": 4, "onHand": 5}


def back(quantity: int, *, undelivered: bool = False) -> Return:
    return Return(
        sku="a/M",
        location=DEFAULT_LOCATION,
        quantity=quantity,
        reason="too big",
        undelivered=undelivered,
    )


@pytest.mark.parametrize(
    **named(
        [
            Row("comes on hand", [], back(2), {"onHand": 7}, ["returned a/M on_hand+2"]),
            Row("none", [], back(0), Code.OUT_OF_RANGE),
            Row("beyond the most", [], back(MAX_QUANTITY - 4), Code.OUT_OF_RANGE),
            Row(
                "unknown",
                [],
                Return(sku="a/XL", location=DEFAULT_LOCATION, quantity=1, reason=""),
                Code.UNKNOWN_ITEM,
            ),
            Row(
                "fills backorders",
                [*BACKORDERED],
                back(1),
                {"onHand": 0, "backordered": 1},
                ["returned a/M on_hand+1", "sold a/M on_hand-1 backordered-1"],
            ),
            Row(
                "undelivered strikes off a backorder",
                [*BACKORDERED],
                back(2, undelivered=True),
                {"onHand": 0, "backordered": 0},
                ["returned a/M backordered-2"],
            ),
            Row(
                "undelivered, with the maximum on hand",
                [*BACKORDERED, Count(sku="a/M", location=DEFAULT_LOCATION, quantity=MAX_QUANTITY)],
                back(1, undelivered=True),
                {"backordered": 1},
                ["returned a/M backordered-1"],
            ),
            Row(
                "more undelivered than backordered",
                [*BACKORDERED],
                back(3, undelivered=True),
                Code.BELOW_ZERO,
            ),
        ]
    )
)
def test_return(row: Row) -> None:
    row.check()


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "threshold",
                [],
                SetItem(sku="a/M", location=DEFAULT_LOCATION, low_stock_threshold=9),
                {"lowStockThreshold": 9},
                ["edited a/M"],
            ),
            Row(
                "sold out",
                [],
                SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True),
                {"soldOut": True, "onHand": 5},
                ["edited a/M"],
            ),
            Row(
                "restock date",
                [],
                SetItem(sku="a/M", location=DEFAULT_LOCATION, restock_date="2026-12-01"),
                {},
                ["edited a/M"],
            ),
            Row("nothing", [], SetItem(sku="a/M", location=DEFAULT_LOCATION), {}),
            Row(
                "what it is already",
                [],
                SetItem(
                    sku="a/M",
                    location=DEFAULT_LOCATION,
                    sold_out=False,
                    low_stock_threshold=5,
                    restock_date=None,
                ),
                {},
            ),
            Row(
                "unknown",
                [],
                SetItem(sku="a/XL", location=DEFAULT_LOCATION, sold_out=True),
                Code.UNKNOWN_ITEM,
            ),
        ]
    )
)
def test_set_item(row: Row) -> None:
    row.check()


def test_a_restock_date_belongs_to_the_product_and_can_be_removed() -> None:
    shop = CoreShop()
    shop.do(SetItem(sku="a/M", location=DEFAULT_LOCATION, restock_date="2026-12-01"), at=7)
    row = shop.image.rows[Product]["a"]
    assert (row.restock_date, row.updated_at) == ("2026-12-01", 7)
    shop.do(SetItem(sku="a/S", location=DEFAULT_LOCATION, sold_out=True), at=8)
    assert shop.image.rows[Product]["a"].restock_date == "2026-12-01"
    shop.do(SetItem(sku="a/S", location=DEFAULT_LOCATION, restock_date=None), at=9)
    assert shop.image.rows[Product]["a"].restock_date is None


def test_an_edit_has_its_changes_and_reason() -> None:
    shop = CoreShop()
    shop.do(
        SetItem(
            sku="a/M",
            location=DEFAULT_LOCATION,
            low_stock_threshold=9,
            sold_out=True,
            reason="drop",
            actor="ann",
        )
    )
    assert shop.new[0].reason == "drop: lowStockThreshold 5 → 9; soldOut no → yes"
    assert shop.new[0].actor == "ann"
    assert shop.image.rows[Item]["a/M"].sold_out


@pytest.mark.parametrize(
    "command",
    [
        Adjust(sku="a/M", delta=1, location="shop"),
        Count(sku="a/M", quantity=1, location="shop"),
        Return(sku="a/M", quantity=1, reason="", location="shop"),
        SetReserved(sku="a/M", quantity=0, location="shop"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_the_level_that_a_command_changes_is_among_what_it_reads(command: Command) -> None:
    """A store loads only the rows that a command reads; a level that was not loaded looks empty."""
    keys = set(needs(command, CoreShop().image.begin(0)))
    assert (Level, ("a/M", "shop")) in keys
    assert (AllLevels, "a/M") in keys  # its answer has the totals


def test_actor_reason_and_cause_are_kept() -> None:
    shop = CoreShop()
    answer = shop.do(
        Adjust(
            sku="a/M",
            location=DEFAULT_LOCATION,
            delta=-1,
            reason="moths",
            actor="ann",
            cause="ticket 7",
        )
    )
    assert isinstance(answer, Accepted)
    entry = shop.new[0]
    assert (entry.actor, entry.reason, entry.cause) == ("ann", "moths", "ticket 7")
