"""Orders on every store: units shipped, moved, cancelled and returned, scenario by scenario."""

from dataclasses import replace
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.locations.accounts import StockState, account_of
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Kind, Level, Product, Reservation, Status
from fancymonkey.core.orders.cancel import CancelOrderLine, ReturnOrder
from fancymonkey.core.orders.erase import EraseBuyer
from fancymonkey.core.orders.open import AddPastOrders
from fancymonkey.core.orders.rows import Order, OrderBuyer, OrderStatus
from fancymonkey.core.orders.ship import MoveOrderAllocation, ShipOrder
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.refunds import RecordRefund, ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, PaymentIssue
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.store.contract import Store
from tests.store.order_shop import ADA, OrderShop, lines


@pytest.fixture(params=[False, True], ids=["at_payment", "on_shipment"])
def on_shipment(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def shop(store: Store, on_shipment: bool) -> OrderShop:
    return await OrderShop(store, on_shipment).open(x=10, y=10)


def ship(ref: str, location: str | None = None, **wanted: int) -> ShipOrder:
    return ShipOrder(
        order_id=f"h-{ref}",
        lines=lines(**wanted),
        location=location,
        carrier="DHL",
        tracking_number="JD1",
    )


def cancel(ref: str, **wanted: int) -> CancelOrderLine:
    return CancelOrderLine(order_id=f"h-{ref}", lines=lines(**wanted), location=None)


def back(
    ref: str, location: str | None = None, state: StockState | None = None, **wanted: int
) -> ReturnOrder:
    return ReturnOrder(
        order_id=f"h-{ref}", lines=lines(**wanted), location=location, state=state, reason="unworn"
    )


def move(ref: str, to: str, **wanted: int) -> MoveOrderAllocation:
    return MoveOrderAllocation(order_id=f"h-{ref}", lines=lines(**wanted), location=None, to=to)


def code(answer: Answer) -> Any:
    return answer.code if isinstance(answer, Refused) else "accepted"


async def test_a_paid_hold_is_an_order(shop: OrderShop, on_shipment: bool) -> None:
    order = await shop.sell("s1", x=2, y=1)
    assert (order.number, order.total, order.currency) == (1, 4200, "eur")
    assert (order.payment_id, order.intent) == ("cs_s1", "pi_s1")
    assert order.status is OrderStatus.TO_SHIP
    assert [(row.key, row.open) for row in order.units] == [
        (("p/X", DEFAULT_LOCATION), 2),
        (("p/Y", DEFAULT_LOCATION), 1),
    ]
    level = await shop.level("x")
    assert (level.on_hand, level.allocated) == ((10, 2) if on_shipment else (8, 0))
    assert level.available == 8
    assert (await shop.sell("s2", x=1)).number == 2
    await shop.check()


async def test_a_sale_books_what_it_always_booked(store: Store) -> None:
    shop = await OrderShop(store).open(x=10)
    await shop.hold("s1", x=2)
    await shop.do(shop.paid("s1"))
    assert [(entry.kind, entry.on_hand, entry.reserved) for entry in shop.new] == [
        (Kind.CAPTURED, -2, -2)
    ]


async def test_a_payment_without_a_name_opens_an_order_once(shop: OrderShop) -> None:
    await shop.hold("s1", x=1)
    await shop.do(Capture(ref="s1"))
    before = await shop.order("s1")
    await shop.do(Capture(ref="s1"))
    assert await shop.order("s1") == before
    assert await shop.store.find(OrderBuyer, "h-s1") is None


async def test_the_buyer_is_in_a_row_of_its_own_and_can_be_erased(shop: OrderShop) -> None:
    order = await shop.sell("s1", x=1)
    buyer = await shop.store.find(OrderBuyer, "h-s1")
    assert buyer is not None
    assert (buyer.name, buyer.email, buyer.city) == (ADA.name, ADA.email, "London")
    for text in (repr(order), repr(shop.entries), repr(shop.paid("s1")), repr(buyer)):
        assert "Ada" not in text
        assert "ada@" not in text
    await shop.do(EraseBuyer(order_id="h-s1", actor="sam"))
    erased = await shop.store.find(OrderBuyer, "h-s1")
    assert erased == OrderBuyer("h-s1", buyer.stored_at, erased_at=shop.now)
    assert (await shop.order("s1")).history[-1].action == "erased"
    assert code(await shop.do(EraseBuyer(order_id="nobody"))) is Code.UNKNOWN_ORDER


async def test_an_order_ships_in_parts(shop: OrderShop, on_shipment: bool) -> None:
    await shop.sell("s1", x=2, y=1)
    await shop.do(ship("s1", x=1))
    order = await shop.order("s1")
    assert order.status is OrderStatus.PARTLY_SHIPPED
    (parcel,) = order.shipments
    assert (parcel.sku, parcel.quantity, parcel.carrier) == ("p/X", 1, "DHL")
    assert (parcel.tracking_number, parcel.location) == ("JD1", DEFAULT_LOCATION)
    assert [entry.kind for entry in shop.new] == [Kind.SHIPPED]
    level = await shop.level("x")
    assert (level.on_hand, level.allocated) == ((9, 1) if on_shipment else (8, 0))
    answer = await shop.do(ship("s1", x=2))
    assert code(answer) is Code.TOO_MANY_UNITS
    await shop.do(ship("s1"))
    order = await shop.order("s1")
    assert order.status is OrderStatus.SHIPPED
    assert {row.shipment for row in order.shipments} == {1, 2}
    assert code(await shop.do(ship("s1"))) is Code.TOO_MANY_UNITS
    await shop.check()


async def test_a10_staff_ship_from_another_location(shop: OrderShop, on_shipment: bool) -> None:
    await shop.add("l2", x=5)
    await shop.add("l3", x=5)
    await shop.sell("s1", "l2", x=1)
    assert await shop.free("x", "l2") == 4
    await shop.do(ship("s1", "l3"))
    assert await shop.free("x", "l2") == 5
    assert (await shop.level("x", "l3")).on_hand == 4
    assert (await shop.level("x", "l2")).on_hand == 5
    assert {entry.location for entry in shop.new} == {"l2", "l3"}
    (parcel,) = (await shop.order("s1")).shipments
    assert parcel.location == "l3"
    assert [row.location_id for row in (await shop.order("s1")).locations] == ["l2", "l3"]
    await shop.check()


async def test_a10_a_location_without_free_units_ships_nothing(shop: OrderShop) -> None:
    await shop.add("l2", x=5)
    await shop.add("l3", x=1)
    await shop.sell("s1", "l2", x=1)
    await shop.hold("s2", "l3", x=1)
    answer = await shop.do(ship("s1", "l3"))
    assert code(answer) is Code.INSUFFICIENT_STOCK
    assert shop.new == []
    assert code(await shop.do(ship("s1", "nowhere"))) is Code.UNKNOWN_LOCATION


async def test_a11_moved_then_cancelled_leaves_ten_at_each(shop: OrderShop) -> None:
    await shop.add("l2", x=10)
    await shop.sell("s1", x=5)
    await shop.do(move("s1", "l2"))
    assert (await shop.free("x"), await shop.free("x", "l2")) == (10, 5)
    await shop.check()
    await shop.do(cancel("s1"))
    assert (await shop.free("x"), await shop.free("x", "l2")) == (10, 10)
    assert (await shop.level("x", "l2")).on_hand == 10
    assert (await shop.order("s1")).status is OrderStatus.CANCELLED
    await shop.check()


async def test_a13_a_cancelled_line_is_back_at_its_location(shop: OrderShop) -> None:
    await shop.sell("s1", x=1, y=1)
    await shop.do(cancel("s1", x=1))
    level = await shop.level("x")
    assert (level.on_hand, level.available, level.allocated) == (10, 10, 0)
    assert (await shop.order("s1")).status is OrderStatus.TO_SHIP
    assert code(await shop.do(cancel("s1", x=1))) is Code.TOO_MANY_UNITS
    await shop.check()


async def test_a14_a_refund_restocks_only_what_is_ticked(shop: OrderShop) -> None:
    await shop.sell("s1", x=1, y=1)
    await shop.do(ship("s1"))
    await shop.do(RecordRefund(ref="pi_s1", whole=True, note="ch_1"))
    await shop.do(
        ResolveIssue(issue_id="refunded:h-s1", returned=lines(x=1), then=IssueStatus.DONE)
    )
    assert (await shop.free("x"), await shop.free("y")) == (10, 9)
    order = await shop.order("s1")
    assert [(row.sku, row.returned) for row in order.units] == [("p/X", 1), ("p/Y", 0)]
    await shop.check()


async def test_a14_a_refund_of_unsent_units_cancels_them(
    shop: OrderShop, on_shipment: bool
) -> None:
    await shop.sell("s1", x=2)
    await shop.do(RecordRefund(ref="pi_s1", whole=True, note="ch_1", take_back=True))
    level = await shop.level("x")
    assert (level.on_hand, level.allocated) == (10, 0)
    order = await shop.order("s1")
    assert order.status is OrderStatus.CANCELLED
    assert code(await shop.do(ship("s1"))) is Code.TOO_MANY_UNITS
    await shop.check()


async def test_a16_the_renamed_size_gets_the_unit(shop: OrderShop) -> None:
    item = Item("p/X", "p", "X", 0, sku_id="sku-1")
    product = Product("p", "Print", "art")
    await shop.do(
        UpsertProduct(product=product, location=DEFAULT_LOCATION, items=(NewItem(item, 0),))
    )
    await shop.sell("s1", x=1)
    await shop.do(ship("s1"))
    renamed = Item("p/XL", "p", "XL", 0, sku_id="sku-1")
    await shop.do(
        UpsertProduct(
            product=product,
            location=DEFAULT_LOCATION,
            items=(NewItem(renamed, 9),),
            before=("p/X", "p/Y", "p/Z"),
        )
    )
    await shop.do(back("s1", x=1))
    level = await shop.store.find(Level, ("p/XL", DEFAULT_LOCATION))
    assert level is not None
    assert (level.on_hand, level.available) == (10, 10)
    await shop.check()


async def test_a17_a_return_to_repair_is_not_for_sale(shop: OrderShop) -> None:
    repair = Location("repair", "Repair", sells_online=False, accepts_returns=True)
    await shop.do(AddLocation(location=repair))
    await shop.do(AddLocation(location=Location("popup", "Pop-up", accepts_returns=False)))
    await shop.sell("s1", x=2)
    await shop.do(ship("s1"))
    assert code(await shop.do(back("s1", "popup"))) is Code.NO_RETURNS
    await shop.do(back("s1", "repair", StockState.RETURNED, x=1))
    account = account_of("repair", StockState.RETURNED)
    assert (await shop.level("x", account)).on_hand == 1
    assert await shop.free("x") == 8
    assert (await shop.order("s1")).status is OrderStatus.SHIPPED
    await shop.do(back("s1", "repair", StockState.DAMAGED, x=1))
    assert (await shop.order("s1")).status is OrderStatus.RETURNED
    assert code(await shop.do(back("s1"))) is Code.TOO_MANY_UNITS
    await shop.check()


async def test_a_unit_comes_back_once_by_the_order_or_by_the_refund(shop: OrderShop) -> None:
    await shop.sell("s1", x=2)
    await shop.do(ship("s1"))
    await shop.do(RecordRefund(ref="pi_s1", whole=True, note="ch_1"))
    await shop.do(back("s1", x=1))
    issue = await shop.store.find(PaymentIssue, "refunded:h-s1")
    assert issue is not None
    assert [(line.sku, line.quantity) for line in issue.lines] == [("p/X", 1)]
    await shop.do(ResolveIssue(issue_id=issue.issue_id, returned=lines(x=1)))
    assert code(await shop.do(back("s1", x=1))) is Code.TOO_MANY_UNITS
    assert await shop.free("x") == 10
    await shop.check()


async def test_a_refund_after_the_return_asks_about_nothing(shop: OrderShop) -> None:
    await shop.sell("s1", x=1)
    await shop.do(ship("s1"))
    await shop.do(back("s1"))
    answer = await shop.do(RecordRefund(ref="pi_s1", whole=True, note="ch_1", take_back=True))
    assert isinstance(answer, Accepted)
    assert await shop.free("x") == 10
    await shop.check()


async def test_backorders_go_to_the_earliest_payment(shop: OrderShop, on_shipment: bool) -> None:
    await shop.do(Adjust(sku="p/Z", location=DEFAULT_LOCATION, delta=3))
    await shop.hold("s1", z=2)
    await shop.hold("s2", z=1)
    await shop.do(Count(sku="p/Z", location=DEFAULT_LOCATION, quantity=0))
    await shop.do(shop.paid("s1"))
    await shop.do(shop.paid("s2"))
    first, second = await shop.order("s1"), await shop.order("s2")
    assert [row.backordered for row in (*first.units, *second.units)] == [2, 1]
    refused = await shop.do(ship("s1"))
    assert code(refused) is Code.TOO_MANY_UNITS
    assert isinstance(refused, Refused)
    assert "2 units are backordered and can be shipped after arrival" in refused.message
    moved = MoveOrderAllocation(
        order_id="h-s2", location=None, to=DEFAULT_LOCATION, lines=lines(z=1)
    )
    refused = await shop.do(moved)
    assert isinstance(refused, Refused)
    assert "1 unit is backordered and can be moved after arrival" in refused.message
    await shop.check()
    await shop.do(Adjust(sku="p/Z", location=DEFAULT_LOCATION, delta=2, kind=Kind.RECEIVED))
    first, second = await shop.order("s1"), await shop.order("s2")
    assert [row.backordered for row in (*first.units, *second.units)] == [0, 1]
    assert (await shop.level("z")).allocated == (2 if on_shipment else 0)
    await shop.check()
    await shop.do(ship("s1"))
    await shop.do(cancel("s2"))
    assert (await shop.level("z")).backordered == 0
    assert (await shop.order("s2")).status is OrderStatus.CANCELLED
    await shop.check()


async def test_units_that_a_count_has_lost_do_not_ship(store: Store) -> None:
    shop = await OrderShop(store, on_shipment=True).open(x=2)
    await shop.sell("s1", x=2)
    await shop.do(Count(sku="p/X", location=DEFAULT_LOCATION, quantity=1))
    assert code(await shop.do(ship("s1"))) is Code.INSUFFICIENT_STOCK
    await shop.do(ship("s1", x=1))
    assert (await shop.level("x")).short == 1
    await shop.check()


async def test_a_late_payment_allocates_only_free_units(shop: OrderShop) -> None:
    await shop.hold("s1", x=10)
    shop.now += 100_000
    await shop.hold("s2", x=7)
    await shop.do(shop.paid("s1"))
    order = await shop.order("s1")
    assert (order.late, order.units[0].backordered) == (True, 7)
    await shop.do(shop.paid("s2"))
    await shop.check()


async def test_the_same_key_has_one_effect(shop: OrderShop) -> None:
    await shop.sell("s1", x=2)
    once = replace(ship("s1", x=1), command_id="k1", digest="d")
    first = await shop.do(once)
    again = await shop.do(once)
    assert isinstance(again, Accepted)
    assert again.replayed
    assert isinstance(first, Accepted)
    assert first.data == again.data
    assert (await shop.order("s1")).units[0].shipped == 1


async def test_holds_paid_before_orders_were_recorded_get_one(store: Store) -> None:
    shop = await OrderShop(store).open(x=5)
    await shop.hold("s1", x=2)
    await shop.hold("s2", x=1)
    await shop.do(shop.paid("s1"))
    order = await shop.order("s1")
    hold = await shop.store.find(Reservation, "h-s1")
    assert hold is not None
    assert hold.status is Status.CAPTURED
    past = replace(hold, reservation_id="h-old")
    await shop.store.apply_commits({Reservation: {past.key: past}}, [], len(shop.entries))
    answer = await shop.do(AddPastOrders(holds=("h-old", "h-s1", "h-s2", "nobody")))
    assert isinstance(answer, Accepted)
    assert answer.data.added == 1
    old = await store.find(Order, "h-old")
    assert old is not None
    assert (old.status, old.ordered_at, old.number) == (OrderStatus.SHIPPED, hold.ended_at, 2)
    assert await shop.order("s1") == order
    assert code(await shop.do(ship("s2"))) is Code.UNKNOWN_ORDER
