"""The end of a hold, row by row: Release, Capture, expiry."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from fancymonkey.core.catalogue.products import RemoveProduct
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Expire, Release
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Line, Reservation, Status
from fancymonkey.core.outcomes import Accepted, Code
from fancymonkey.core.route_option import RouteOption
from fancymonkey.core.stock.adjust import Adjust, Count
from tests.core.builders import CoreShop, Row, entry_text, named, take

HELD = take("s1", a_M=2, b_S=1)
PAY = Capture(ref="s1", payment_id="pay_1")


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "a live hold",
                [HELD],
                Release(ref="s1"),
                {
                    "reservation_id": "h-s1",
                    "session_id": "s1",
                    "status": "released",
                    "lines": [("a/M", 2, 5, 0, 5), ("b/S", 1, 5, 0, 5)],
                },
                ["released a/M reserved-2", "released b/S reserved-1"],
            ),
            Row(
                "by its own id",
                [take("s1", a_M=1)],
                Release(ref="h-s1"),
                {},
                ["released a/M reserved-1"],
            ),
            Row(
                "twice",
                [HELD, Release(ref="s1")],
                Release(ref="s1"),
                {"status": "released", "lines": []},
            ),
            Row(
                "after a sale", [HELD, PAY], Release(ref="s1"), {"status": "captured", "lines": []}
            ),
            Row("unknown", [HELD], Release(ref="s2"), Code.UNKNOWN_SESSION),
            Row(
                "at its deadline it has expired",
                [take("s1", a_M=2)],
                Release(ref="s1"),
                {"status": "expired", "lines": []},
                ["expired a/M reserved-2"],
                at=1000,
            ),
            Row(
                "one that was short",
                [take("s1", a_M=5), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2)],
                Release(ref="s1"),
                {},
                ["released a/M reserved-5 short-3"],
            ),
        ]
    )
)
def test_release(row: Row) -> None:
    row.check()


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "a live hold",
                [HELD],
                PAY,
                {"status": "captured", "late": False, "backordered": []},
                ["captured a/M on_hand-2 reserved-2", "captured b/S on_hand-1 reserved-1"],
            ),
            Row(
                "by an attached id",
                [HELD, Attach(ref="s1", session_id="cs_1")],
                Capture(ref="cs_1"),
                {"status": "captured"},
                ["captured a/M on_hand-2 reserved-2", "captured b/S on_hand-1 reserved-1"],
            ),
            Row("twice", [HELD, PAY], PAY, {"status": "captured", "lines": []}),
            Row(
                "twice, by another id of the payment",
                [HELD, PAY],
                Capture(ref="h-s1", payment_id="pay_2"),
                {"status": "captured", "lines": []},
            ),
            Row(
                "a known payment by an unknown id",
                [HELD, PAY],
                Capture(ref="nobody", payment_id="pay_1"),
                {"reservation_id": "h-s1", "lines": []},
            ),
            Row(
                "an old payment again does not take the session's next hold",
                [HELD, PAY, take("s1", id_="next", a_M=1)],
                PAY,
                {"reservation_id": "h-s1", "lines": []},
            ),
            Row("unknown", [HELD], Capture(ref="s2", payment_id="pay_1"), Code.UNKNOWN_SESSION),
            Row(
                "fewer are there than were held: the rest is backordered",
                [take("s1", a_M=4), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1)],
                PAY,
                {"backordered": [{"sku": "a/M", "quantity": 3}]},
                ["captured a/M on_hand-1 reserved-4 backordered+3 short-3"],
            ),
            Row(
                "none is there",
                [take("s1", a_M=4), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0)],
                PAY,
                {"backordered": [{"sku": "a/M", "quantity": 4}]},
                ["captured a/M reserved-4 backordered+4 short-4"],
            ),
            Row(
                "late, and enough is free",
                [take("s1", a_M=2)],
                PAY,
                {"late": True, "backordered": []},
                ["expired a/M reserved-2", "sold a/M on_hand-2"],
                at=1000,
            ),
            Row(
                "late, and others hold the rest",
                [take("s1", a_M=3), Release(ref="s1"), take("s2", a_M=4)],
                PAY,
                {"late": True, "backordered": [{"sku": "a/M", "quantity": 2}]},
                ["sold a/M on_hand-1 backordered+2"],
            ),
            Row(
                "late, and all is gone",
                [
                    take("s1", a_M=3),
                    Release(ref="s1"),
                    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
                ],
                PAY,
                {"backordered": [{"sku": "a/M", "quantity": 3}]},
                ["sold a/M backordered+3"],
            ),
            Row(
                "late, and less than nothing is available",
                [
                    take("s1", a_M=3),
                    Release(ref="s1"),
                    take("s2", a_M=5),
                    Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1),
                ],
                PAY,
                {"backordered": [{"sku": "a/M", "quantity": 3}]},
                ["sold a/M backordered+3"],
            ),
            Row(
                "late twice",
                [take("s1", a_M=2), Release(ref="s1"), PAY],
                PAY,
                {"late": True, "lines": []},
            ),
            Row(
                "late, of a product that was removed",
                [
                    take("s1", a_M=2),
                    Release(ref="s1"),
                    RemoveProduct(product_id="a", location=DEFAULT_LOCATION, before=("a/M",)),
                ],
                PAY,
                {"late": True, "backordered": []},
                ["sold a/M on_hand-2"],
            ),
        ]
    )
)
def test_capture(row: Row) -> None:
    row.check()


def test_a_payment_names_its_hold_for_good() -> None:
    shop = CoreShop()
    shop.do(HELD, PAY)
    assert shop.hold("pay_1").payment_id == "pay_1"
    assert shop.hold("pay_1") == shop.hold("h-s1")


def test_a_payment_keeps_its_name_off_another_live_hold() -> None:
    """A payment with the id of another hold's session must not remove the link of that session."""
    shop = CoreShop()
    shop.do(HELD, take("s2", a_M=1), Capture(ref="s1", payment_id="s2"))
    assert shop.hold("s2").reservation_id == "h-s2"
    assert shop.hold("s2").status is Status.HELD
    shop.do(Capture(ref="s1", payment_id="s2"))
    assert shop.hold("s2").status is Status.HELD
    assert shop.numbers("a/M") == (3, 1, 0)


def test_a_paid_hold_stays_paid_when_its_time_is_up() -> None:
    shop = CoreShop()
    shop.do(HELD, PAY)
    shop.do(Expire(), at=5000)
    assert shop.new == []
    assert shop.hold("s1").status is Status.CAPTURED


def test_a_receipt_fills_a_late_payment() -> None:
    shop = CoreShop()
    shop.do(
        take("s1", a_M=3),
        Release(ref="s1"),
        Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
        PAY,
    )
    shop.do(Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=10, kind=Kind.RECEIVED))
    assert [entry_text(entry) for entry in shop.new] == [
        "received a/M on_hand+10",
        "sold a/M on_hand-3 backordered-3",
    ]
    assert shop.numbers("a/M") == (7, 0, 0)


def test_holds_expire_the_oldest_deadline_first() -> None:
    shop = CoreShop()
    shop.do(take("s1", ttl=300, a_M=1), take("s2", ttl=100, a_M=1), take("s3", ttl=200, a_M=1))
    answer = shop.do(Expire(), at=250)
    assert isinstance(answer, Accepted)
    assert [hold.session_id for hold in answer.data.released] == ["s2", "s3"]
    assert shop.hold("s1").status is Status.HELD
    shop.do(Expire(), at=250)
    assert shop.new == []


def test_expiry_is_booked_as_the_clocks_deed() -> None:
    shop = CoreShop()
    shop.do(HELD)
    shop.do(Expire(actor="owner"), at=1000)
    assert {(entry.kind, entry.actor, entry.reservation_id) for entry in shop.new} == {
        (Kind.EXPIRED, "clock", "h-s1")
    }
    ended = shop.hold("s1")
    assert (ended.status, ended.ended_at) == (Status.EXPIRED, 1000)


def test_expired_units_are_free_in_the_same_batch() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=5))
    shop.now = 1000
    first, second = shop.batch([take("s2", a_M=5), Release(ref="s1")])
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert second.data.status == "expired"
    shop.audit()


def test_a_capture_keeps_every_other_field_of_the_hold() -> None:
    """Nothing is lost, also of fields that a later version adds."""
    shop = CoreShop()
    shop.do(take("s1", a_M=2), at=7)
    held = replace(
        shop.hold("s1"),
        sold_lines=(Line("a/M", 2, Decimal("9.50")),),
        parts=(SoldPart("kit/M", 3, "a/M", 1),),
        route=(RouteOption("main", 5, "because"),),
    )
    changed = {"status", "ended_at", "payment_id", "late"}
    defaults = {field.name: field.default for field in fields(Reservation)}
    other_names = [name for name in defaults if name not in changed]
    assert all(getattr(held, name) != defaults[name] for name in other_names)
    shop.image.rows[Reservation][held.key] = held
    shop.do(Capture(ref="s1", payment_id="cs_1"), at=8)
    paid = shop.hold("s1")
    assert paid == replace(held, status=Status.CAPTURED, ended_at=8, payment_id="cs_1")
