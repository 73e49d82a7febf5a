"""Orders of bundles: shipped, cancelled and returned as the parts that were sold."""

from dataclasses import replace

from fancymonkey.core.holds.end import Capture
from fancymonkey.core.item_parts import SoldPart
from fancymonkey.core.model import Line, Reservation
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.check import unit_faults
from fancymonkey.core.orders.rows import Order, OrderStatus
from fancymonkey.core.orders.ship import ShipOrder
from fancymonkey.core.orders.units import shipped_lines
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.payments.refunds import RecordRefund
from fancymonkey.core.payments.rows import IssueStatus, PaymentIssue
from tests.core.builders import CoreShop, lines, take

KIT = "kit/one"
PARTS = (SoldPart(KIT, 1, "a/M", 1), SoldPart(KIT, 1, "b/S", 1))


def sold(shop: CoreShop, kits: int, parts: tuple[SoldPart, ...] = PARTS, **more: int) -> None:
    """A buyer pays for kits, held as their parts."""
    wanted: dict[str, int] = dict(more)
    for part in parts:
        name = part.sku.replace("/", "_")
        wanted[name] = wanted.get(name, 0) + part.quantity * kits
    shop.do(take("s1", **wanted))
    hold = shop.hold("s1")
    sold_lines = (Line(KIT, kits), *lines(**more))
    row = replace(hold, sold_lines=sold_lines, parts=parts)
    shop.image.apply({Reservation: {row.key: row}}, shop.image.revision)
    shop.do(Capture(ref="s1", payment_id="cs_1", intent="pi_1"))


def order(shop: CoreShop) -> Order:
    order: Order = shop.image.rows[Order]["h-s1"]
    assert list(unit_faults(order)) == []
    return order


def ship(*wanted: Line) -> ShipOrder:
    return ShipOrder(order_id="h-s1", lines=wanted, location=None)


def cancel(*wanted: Line) -> CancelOrderLine:
    return CancelOrderLine(order_id="h-s1", lines=wanted, location=None)


def back(*wanted: Line) -> ReturnOrder:
    return ReturnOrder(order_id="h-s1", lines=wanted, location=None)


def test_b13_two_parts_of_one_and_one_of_the_other_are_one_kit_and_one_loose_part() -> None:
    shop = CoreShop()
    sold(shop, 2)
    shop.do(ship(Line("a/M", 2), Line("b/S", 1)), cancel())
    ((line, whole),), loose = shipped_lines(order(shop))
    assert (line, whole, loose) == (Line(KIT, 2), 1, {"a/M": 1})
    assert shop.numbers("b/S") == (4, 0, 0)
    assert order(shop).status is OrderStatus.SHIPPED


def test_b14_a_part_that_came_back_comes_back_once() -> None:
    shop = CoreShop()
    sold(shop, 4)
    shop.do(ship(Line(KIT, 4)), back(Line("a/M", 1)))
    answer = shop.do(back(Line(KIT, 4)))
    assert isinstance(answer, Refused)
    assert answer.code is Code.TOO_MANY_UNITS
    assert answer.detail == [{"sku": "a/M", "requested": 4, "available": 3}]
    assert (shop.numbers("a/M"), shop.numbers("b/S")) == ((2, 0, 0), (1, 0, 0))


def test_b16_five_of_seven_are_shown() -> None:
    shop = CoreShop(7)
    sold(shop, 7)
    shop.do(ship(Line(KIT, 5)))
    ((_, whole),), loose = shipped_lines(order(shop))
    assert (whole, loose, order(shop).status) == (5, {}, OrderStatus.PARTLY_SHIPPED)


def test_b17_an_order_ships_and_returns_the_parts_that_were_sold() -> None:
    shop = CoreShop()
    sold(shop, 1)
    # The definition has other parts by now: the order does not read it.
    shop.do(ship(Line(KIT, 1)))
    assert {row.sku for row in order(shop).shipments} == {"a/M", "b/S"}
    shop.do(back(Line(KIT, 1)))
    assert (shop.numbers("a/M"), shop.numbers("b/S")) == ((5, 0, 0), (5, 0, 0))
    assert order(shop).status is OrderStatus.RETURNED


def test_b19_the_rest_of_an_order_is_cancelled_once() -> None:
    shop = CoreShop(100)
    sold(shop, 5, (SoldPart(KIT, 1, "a/M", 1),))
    shop.do(ship(Line(KIT, 3)), cancel())
    assert shop.numbers("a/M") == (97, 0, 0)
    assert isinstance(shop.do(cancel()), Refused)
    assert shop.numbers("a/M") == (97, 0, 0)


def test_a_refund_after_the_return_asks_about_nothing() -> None:
    shop = CoreShop()
    sold(shop, 1)
    shop.do(ship(), back(), RecordRefund(ref="pi_1", whole=True, note="re_1"))
    issue = shop.image.rows[PaymentIssue]["refunded:h-s1"]
    assert (issue.allocations, issue.progress) == ((), IssueStatus.DONE)
    assert (shop.numbers("a/M"), shop.numbers("b/S")) == ((5, 0, 0), (5, 0, 0))


def test_a_part_that_is_also_sold_alone_counts_for_both() -> None:
    shop = CoreShop(10)
    sold(shop, 2, (SoldPart(KIT, 1, "a/M", 2),), a_M=1, b_M=1)
    assert {row.sku: row.quantity for row in order(shop).units} == {"a/M": 5, "b/M": 1}
    shop.do(ship(Line("a/M", 5)))
    shown, loose = shipped_lines(order(shop))
    assert [(line.sku, whole) for line, whole in shown] == [(KIT, 2), ("a/M", 1), ("b/M", 0)]
    assert loose == {}
