"""Random sales, shipments, moves, cancellations, returns, refunds and counts: nothing is lost."""

from collections.abc import Iterator
from random import Random

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Kind, Level, Line, Reservation, Status
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.ship import MoveOrderAllocation, ShipOrder
from fancymonkey.core.payments.refunds import RecordRefund, ResolveIssue
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.core.verify import Finding, Verifier
from tests.core.builders import CoreShop

LOCATIONS = (DEFAULT_LOCATION, "berlin", "hamburg")
SKUS = ("a/M", "b/S")
STATES = (None, StockState.DAMAGED, StockState.RETURNED)


def findings(shop: CoreShop) -> Iterator[Finding]:
    verifier = Verifier()
    for entry in shop.entries:
        yield from verifier.entry(entry)
    rows = shop.image.rows
    live = [row for row in rows[Reservation].values() if row.status is Status.HELD]
    yield from verifier.rows(shop.image.revision, rows[Item].values(), rows[Level].values(), live)
    for id_ in verifier.late:
        yield from verifier.late_payment(id_, rows[Reservation].get(id_))
    for order in rows[Order].values():
        yield from verifier.order(order, shop.image.revision)
    yield from verifier.orders_missing()


def conserved(shop: CoreShop) -> None:
    """Units on hand and units that buyers have are all received units."""
    arrived = dict.fromkeys(SKUS, 0)
    for entry in shop.entries:
        if entry.sku in arrived and entry.kind in (Kind.ADDED, Kind.RECEIVED, Kind.COUNTED):
            arrived[entry.sku] += entry.on_hand
    there = dict.fromkeys(SKUS, 0)
    for level in shop.image.rows[Level].values():
        if level.sku in there:
            there[level.sku] += level.on_hand
    for order in shop.image.rows[Order].values():
        ordered: dict[str, int] = {}
        for row in order.units:
            assert row.shipped + row.cancelled + row.open == row.quantity
            ordered[row.sku] = ordered.get(row.sku, 0) + row.quantity
            out = row.shipped if order.on_shipment else row.shipped + row.ready
            there[row.sku] += out - row.returned
        assert ordered == {line.sku: line.quantity for line in order.lines}
    assert there == arrived


class Crowd:
    """Picks the next command."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.count = 0

    def next(self, shop: CoreShop) -> Command:
        pick = self.chance
        orders = sorted(shop.image.rows[Order].values(), key=lambda row: row.number)
        acts = [self.reserve, self.pay, self.pay, self.stock]
        if orders:
            acts += [self.ship, self.ship, self.move, self.cancel, self.back, self.refund]
        return pick.choice(acts)(shop, orders)

    def some(self, order: Order) -> tuple[Line, ...]:
        if self.chance.random() < 0.3:
            return ()
        row = self.chance.choice(order.units)
        return (Line(row.sku, self.chance.randint(1, row.quantity)),)

    def any_location(self) -> str:
        return self.chance.choice(LOCATIONS)

    def reserve(self, shop: CoreShop, orders: list[Order]) -> Command:
        self.count += 1
        skus = self.chance.sample(SKUS, self.chance.randint(1, 2))
        return Reserve(
            reservation_id=f"h{self.count}",
            session_id=f"s{self.count}",
            lines=tuple(Line(sku, self.chance.randint(1, 3)) for sku in skus),
            location=self.any_location(),
            ttl=self.chance.choice((5, 50)),
        )

    def pay(self, shop: CoreShop, orders: list[Order]) -> Command:
        number = self.chance.randint(1, max(1, self.count))
        if self.chance.random() < 0.1:
            return Release(ref=f"s{number}")
        return Capture(
            ref=f"s{number}",
            payment_id=f"cs_{number}",
            intent=f"pi_{number}",
            on_shipment=self.chance.random() < 0.5,
            refund_late=self.chance.random() < 0.2,
        )

    def stock(self, shop: CoreShop, orders: list[Order]) -> Command:
        sku, location = self.chance.choice(SKUS), self.any_location()
        if self.chance.random() < 0.3:
            return Count(sku=sku, location=location, quantity=self.chance.randint(0, 6))
        count = self.chance.randint(1, 5)
        return Adjust(sku=sku, location=location, delta=count, kind=Kind.RECEIVED)

    def ship(self, shop: CoreShop, orders: list[Order]) -> Command:
        order = self.chance.choice(orders)
        location = self.chance.choice((None, None, *LOCATIONS))
        return ShipOrder(order_id=order.order_id, lines=self.some(order), location=location)

    def move(self, shop: CoreShop, orders: list[Order]) -> Command:
        order = self.chance.choice(orders)
        return MoveOrderAllocation(
            order_id=order.order_id,
            lines=self.some(order),
            location=self.chance.choice((None, self.any_location())),
            to=self.any_location(),
        )

    def cancel(self, shop: CoreShop, orders: list[Order]) -> Command:
        order = self.chance.choice(orders)
        return CancelOrderLine(order_id=order.order_id, lines=self.some(order), location=None)

    def back(self, shop: CoreShop, orders: list[Order]) -> Command:
        order = self.chance.choice(orders)
        return ReturnOrder(
            order_id=order.order_id,
            lines=self.some(order),
            location=self.chance.choice((None, self.any_location())),
            state=self.chance.choice(STATES),
        )

    def refund(self, shop: CoreShop, orders: list[Order]) -> Command:
        order = self.chance.choice(orders)
        issue = shop.image.rows[PaymentIssue].get(f"refunded:{order.order_id}")
        if issue is not None and issue.allocations and self.chance.random() < 0.7:
            units = self.chance.choice(issue.allocations)
            count = self.chance.randint(1, units.quantity)
            return ResolveIssue(issue_id=issue.issue_id, returned=(Line(units.sku, count),))
        whole = self.chance.random() < 0.5
        self.count += 1
        return RecordRefund(
            ref=order.intent or "",
            whole=whole,
            refund=f"re_{self.count}",
            take_back=whole and self.chance.random() < 0.5,
        )


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_random_orders_conserve_units(first: int) -> None:
    done: set[str] = set()
    for seed in range(first, first + 10):
        shop, crowd = CoreShop(), Crowd(seed)
        for location_id in LOCATIONS[1:]:
            shop.do(AddLocation(location=Location(location_id, location_id.title())))
        for _ in range(120):
            shop.do(crowd.next(shop), at=shop.now + 1)
            conserved(shop)
        assert list(findings(shop)) == []
        orders = shop.image.rows[Order].values()
        done |= {step.action for row in orders for step in row.history}
    assert done == {"paid", "shipped", "moved", "cancelled", "returned"}
