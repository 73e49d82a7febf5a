"""Attach, row by row: further ids of a hold, and its deadline."""

import pytest

from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Status
from fancymonkey.core.outcomes import Code
from fancymonkey.core.stock.adjust import Count
from tests.core.builders import CoreShop, Row, entry_text, named, take

PAID = (take("cs_1", a_M=1), Capture(ref="cs_1", payment_id="cs_1"))
HELD = take("s1", a_M=2, b_S=1)


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "a further id",
                [HELD],
                Attach(ref="s1", session_id="cs_1"),
                {"reservation_id": "h-s1", "expires_at": 1000},
            ),
            Row(
                "a later deadline, known to every reader",
                [HELD],
                Attach(ref="h-s1", session_id="cs_1", expires_at=5000),
                {"expires_at": 5000},
                ["extended a/M", "extended b/S"],
            ),
            Row(
                "a nearer deadline",
                [HELD],
                Attach(ref="s1", session_id="cs_1", expires_at=500),
                {"expires_at": 500},
                ["extended a/M", "extended b/S"],
            ),
            Row(
                "the same again",
                [HELD, Attach(ref="s1", session_id="cs_1", expires_at=5000)],
                Attach(ref="s1", session_id="cs_1", expires_at=5000),
                {"expires_at": 5000},
            ),
            Row("unknown", [], Attach(ref="s1", session_id="cs_1"), Code.UNKNOWN_SESSION),
            Row(
                "ended",
                [HELD],
                Attach(ref="s1", session_id="cs_1"),
                Code.HOLD_ENDED,
                ["expired a/M reserved-2", "expired b/S reserved-1"],
                at=1000,
            ),
            Row(
                "an id of another live hold",
                [HELD, take("s2", a_M=1)],
                Attach(ref="s1", session_id="s2"),
                Code.SESSION_IN_USE,
            ),
            Row(
                "an id that was paid with",
                [*PAID, HELD],
                Attach(ref="s1", session_id="cs_1"),
                Code.SESSION_IN_USE,
            ),
            Row(
                "the id of a hold that has ended",
                [take("s2", a_M=1), Release(ref="s2"), HELD],
                Attach(ref="s1", session_id="h-s2"),
                Code.SESSION_IN_USE,
            ),
            Row(
                "in use comes before ended",
                [take("s1", a_M=1), Release(ref="s1"), take("s2", a_M=1)],
                Attach(ref="s1", session_id="s2", expires_at=0),
                Code.SESSION_IN_USE,
            ),
            Row(
                "ended comes before a deadline that has come",
                [take("s1", a_M=1), Release(ref="s1")],
                Attach(ref="s1", session_id="cs_1", expires_at=0),
                Code.HOLD_ENDED,
            ),
            Row(
                "a session whose hold has ended may move on",
                [take("s2", a_M=1), Release(ref="s2"), HELD],
                Attach(ref="s1", session_id="s2"),
                {"reservation_id": "h-s1"},
            ),
            Row(
                "a deadline that has come",
                [HELD],
                Attach(ref="s1", session_id="cs_1", expires_at=10),
                Code.OUT_OF_RANGE,
                at=10,
            ),
        ]
    )
)
def test_attach(row: Row) -> None:
    row.check()


def test_every_attached_id_means_the_hold() -> None:
    shop = CoreShop()
    shop.do(HELD, Attach(ref="s1", session_id="cs_1"), Attach(ref="cs_1", session_id="cs_2"))
    assert shop.hold("s1") == shop.hold("cs_1") == shop.hold("cs_2") == shop.hold("h-s1")
    shop.do(Release(ref="cs_2"))
    assert shop.hold("s1").status is Status.RELEASED


def test_a_hold_that_was_extended_ends_at_its_new_deadline() -> None:
    shop = CoreShop()
    shop.do(HELD, Attach(ref="s1", session_id="cs_1", expires_at=5000))
    shop.do(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=1), at=4999)
    assert shop.hold("s1").status is Status.HELD
    shop.do(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=2), at=5000)
    assert shop.hold("s1").status is Status.EXPIRED
    assert [entry_text(entry) for entry in shop.new][:2] == [
        "expired a/M reserved-2",
        "expired b/S reserved-1",
    ]
