"""A hold has lines, which were sold, and allocations, which are reserved in levels."""

from dataclasses import replace
from decimal import Decimal

from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Allocation, Level, Line, Product, Reservation, Status, lines_of
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.payments.amounts import Money, difference
from fancymonkey.core.payments.refunds import RecordRefund, ResolveIssue
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.core.stock.adjust import Adjust
from tests.core.builders import CoreShop, lines

M, S = "a/M", "a/S"
SHED = "shed"


def reserve(location: str = DEFAULT_LOCATION, *wanted: Line, only: bool = False) -> Reserve:
    return Reserve(
        reservation_id="h", session_id="s", lines=wanted, location=location, ttl=1000, only=only
    )


def two_locations() -> CoreShop:
    """Five of a/M at the default location and four in the shed."""
    shop = CoreShop()
    shop.do(AddLocation(location=Location(SHED, "Shed")))
    shop.do(Adjust(sku=M, delta=4, location=SHED))
    return shop


def level(shop: CoreShop, sku: str, location: str) -> Level:
    level = shop.image.rows[Level][sku, location]
    assert isinstance(level, Level)
    return level


def test_lines_follow_from_allocations_one_for_each_sku() -> None:
    allocations = (Allocation(M, 2, "main"), Allocation(S, 1, "main"), Allocation(M, 3, SHED))
    assert lines_of(allocations) == (Line(M, 5), Line(S, 1))
    hold = Reservation("h", "s", Status.HELD, allocations, 0, 9)
    assert hold.lines == (Line(M, 5), Line(S, 1))
    assert replace(hold, sold_lines=(Line("set/1", 1),)).lines == (Line("set/1", 1),)


def test_a_simple_hold_keeps_no_lines_beside_its_allocations() -> None:
    shop = CoreShop()
    shop.do(reserve(DEFAULT_LOCATION, *lines(a_M=2, a_S=1)))
    hold = shop.hold("s")
    assert hold.sold_lines is None
    assert hold.allocations == (
        Allocation(M, 2, DEFAULT_LOCATION),
        Allocation(S, 1, DEFAULT_LOCATION),
    )
    assert hold.lines == lines(a_M=2, a_S=1)


def test_a_hold_keeps_the_prices_of_its_lines_until_they_change() -> None:
    shop = CoreShop()
    price = Decimal("12.50")
    shop.do(reserve(DEFAULT_LOCATION, Line(M, 2, price)))
    assert shop.hold("s").lines == (Line(M, 2, price),)
    shop.do(reserve(DEFAULT_LOCATION, Line(S, 1)))
    assert shop.hold("s").lines == (Line(M, 2, price), Line(S, 1))
    shop.do(reserve(DEFAULT_LOCATION, Line(M, 3), only=True))
    assert shop.hold("s").sold_lines is None
    shop.audit()


def test_a_payment_is_compared_with_the_price_at_which_a_line_was_sold() -> None:
    shop = CoreShop()
    shop.image.rows[Product]["a"] = replace(shop.image.rows[Product]["a"], price=Decimal(20))
    shop.do(reserve(DEFAULT_LOCATION, Line(M, 2, Decimal("12.50"))))
    state, hold = shop.image.begin(1), shop.hold("s")
    paid = Money(2500, "eur", None, "eur", 2, 1)
    assert difference(state, hold, None, paid) is None
    words = difference(state, replace(hold, sold_lines=None), None, replace(paid, goods=1000))
    assert words is not None
    assert "the held units cost 40.00 EUR" in words


def test_units_come_from_the_location_that_the_caller_names() -> None:
    shop = two_locations()
    answer = shop.do(reserve(SHED, Line(M, 3)))
    assert isinstance(answer, Accepted)
    assert shop.hold("s").allocations == (Allocation(M, 3, SHED),)
    assert (level(shop, M, SHED).reserved, level(shop, M, DEFAULT_LOCATION).reserved) == (3, 0)
    refused = shop.do(reserve(SHED, Line(M, 5)))
    assert isinstance(refused, Refused)
    assert refused.code is Code.INSUFFICIENT_STOCK
    assert refused.detail == [{"sku": M, "requested": 5, "available": 4}]


def test_a_line_that_another_location_serves_gives_its_first_units_back() -> None:
    shop = two_locations()
    shop.do(reserve(DEFAULT_LOCATION, Line(M, 2), Line(S, 1)))
    shop.do(reserve(SHED, Line(M, 4)))
    hold = shop.hold("s")
    assert hold.allocations == (Allocation(S, 1, DEFAULT_LOCATION), Allocation(M, 4, SHED))
    assert (level(shop, M, SHED).reserved, level(shop, M, DEFAULT_LOCATION).reserved) == (4, 0)
    assert hold.lines == (Line(M, 4), Line(S, 1))  # in the buyer's order of the lines


def spread() -> CoreShop:
    """A hold of a/M with two units at the default location and three in the shed."""
    shop = two_locations()
    for location, units in ((DEFAULT_LOCATION, 2), (SHED, 3)):
        hold = Reserve(
            reservation_id=location,
            session_id=location,
            lines=(Line(M, units),),
            location=location,
            ttl=1000,
        )
        shop.do(hold)
    rows = shop.image.rows[Reservation]
    joined = (*rows[DEFAULT_LOCATION].allocations, *rows[SHED].allocations)
    rows[DEFAULT_LOCATION] = replace(rows[DEFAULT_LOCATION], allocations=joined)
    rows[SHED] = replace(rows[SHED], status=Status.RELEASED, ended_at=0)
    return shop


def test_a_release_gives_back_at_each_location_and_answers_one_line() -> None:
    shop = spread()
    answer = shop.do(Release(ref=DEFAULT_LOCATION))
    assert isinstance(answer, Accepted)
    assert answer.data.lines == ((M, 5, 9, 0, 9),)
    assert [(entry.location, entry.reserved) for entry in shop.new] == [
        (DEFAULT_LOCATION, -2),
        (SHED, -3),
    ]


def test_a_buyer_sees_one_line_for_a_sku_of_two_locations() -> None:
    assert spread().hold(DEFAULT_LOCATION).lines == (Line(M, 5),)


def test_returned_units_go_back_to_the_locations_that_sold_them() -> None:
    shop = spread()
    shop.do(Capture(ref=DEFAULT_LOCATION, payment_id="cs_1", intent="pi_1"))
    shop.do(RecordRefund(ref="pi_1", whole=True))
    (issue,) = shop.image.rows[PaymentIssue].values()
    assert issue.lines == (Line(M, 5),)
    shop.do(ResolveIssue(issue_id=issue.issue_id, returned=(Line(M, 4),)))
    assert [(entry.location, entry.on_hand) for entry in shop.new] == [
        (DEFAULT_LOCATION, 2),
        (SHED, 2),
    ]
    left = shop.image.rows[PaymentIssue][issue.issue_id]
    assert left.allocations == (Allocation(M, 1, SHED),)
    refused = shop.do(ResolveIssue(issue_id=issue.issue_id, returned=(Line(M, 2),)))
    assert isinstance(refused, Refused)
    assert refused.code is Code.OUT_OF_RANGE
