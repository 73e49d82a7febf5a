"""SetReserved, row by row: reserved is the sum of live holds, so holds end or one is added."""

import pytest

from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Status
from fancymonkey.core.outcomes import Code
from fancymonkey.core.stock.adjust import Count
from tests.core.builders import CoreShop, Row, named, take


def manual(revision: int) -> str:
    return f"manual/a/M/{revision}"


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "the owner holds some",
                [],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                {"reserved": 2, "available": 3, "ended": []},
                ["reserved a/M reserved+2"],
            ),
            Row(
                "as many as are held",
                [take("s1", a_M=2)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                {"ended": []},
            ),
            Row(
                "none: every hold ends",
                [take("s1", a_M=2), take("s2", a_M=1)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
                {
                    "reserved": 0,
                    "ended": [
                        {"reservationId": "h-s1", "sessionId": "s1"},
                        {"reservationId": "h-s2", "sessionId": "s2"},
                    ],
                },
                ["released a/M reserved-2", "released a/M reserved-1"],
            ),
            Row(
                "fewer: the one that would end first goes",
                [take("s1", ttl=900, a_M=2), take("s2", ttl=500, a_M=1)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                {"reserved": 2, "ended": [{"reservationId": "h-s2", "sessionId": "s2"}]},
                ["released a/M reserved-1"],
            ),
            Row(
                "fewer than whole holds: the owner keeps the rest",
                [take("s1", a_M=3)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                {"reserved": 2, "available": 3},
                ["released a/M reserved-3", "reserved a/M reserved+2"],
            ),
            Row(
                "a hold of many lines ends whole",
                [take("s1", a_M=1, b_S=4)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
                {"reserved": 0},
                ["released a/M reserved-1", "released b/S reserved-4"],
            ),
            Row(
                "more than there is",
                [take("s1", a_M=4)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=6),
                Code.INSUFFICIENT_STOCK,
            ),
            Row(
                "below zero",
                [take("s1", a_M=4)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=-1),
                Code.BELOW_ZERO,
            ),
            Row(
                "unknown",
                [],
                SetReserved(sku="a/XL", location=DEFAULT_LOCATION, quantity=1),
                Code.UNKNOWN_ITEM,
            ),
            Row(
                "short: what no hold can keep is not there to keep",
                [
                    take("s1", a_M=3),
                    take("s2", a_M=2),
                    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                ],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=3),
                Code.INSUFFICIENT_STOCK,
            ),
            Row(
                "short: down to what is there",
                [
                    take("s1", a_M=3),
                    take("s2", a_M=2),
                    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                ],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2),
                {"reserved": 2, "short": 0},
                ["released a/M reserved-3 short-3"],
            ),
            Row(
                "short: more",
                [take("s1", a_M=3), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2)],
                SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=4),
                Code.INSUFFICIENT_STOCK,
            ),
        ]
    )
)
def test_set_reserved(row: Row) -> None:
    row.check()


def test_the_owners_hold_has_no_deadline_and_can_be_released() -> None:
    shop = CoreShop()
    shop.do(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2))
    hold = shop.hold(manual(shop.new[0].revision))
    assert (hold.status, hold.expires_at) == (Status.HELD, None)
    shop.do(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=1), at=10**15)
    assert shop.numbers("a/M") == (5, 2, 0)
    shop.do(Release(ref=hold.session_id))
    assert shop.numbers("a/M") == (5, 0, 0)


def test_the_owners_hold_goes_last() -> None:
    shop = CoreShop()
    shop.do(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2), take("s1", a_M=2))
    shop.do(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2))
    assert shop.hold("s1").status is Status.RELEASED
    shop.audit()
