"""Orders of kits on every store: built in advance, shipped, cancelled and returned."""

from dataclasses import replace

import pytest

from fancymonkey.core.bundles.assemble import Assemble
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition, definition_of
from fancymonkey.core.holds.end import Release
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.model import Item, Level, Line, Status
from fancymonkey.core.orders.rows import OrderStatus
from fancymonkey.core.orders.ship import MoveOrderAllocation, ShipOrder
from fancymonkey.core.orders.units import shipped_lines
from fancymonkey.core.orders.unship import CancelShipment
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.transfers.edit import CreateTransfer
from fancymonkey.core.transfers.transfer import Transfer
from tests.store.kit_shop import KIT, KitShop, shop
from tests.store.scenarios.test_routed_holds import product

__all__ = ["shop"]

ONE = Bundle(1, BundlePolicy.TOGETHER)


def replace_components(item: Item, *parts: Component) -> Definition:
    """The definition of a bundle with other parts."""
    definition = definition_of(item)
    assert definition is not None
    return replace(definition, components=parts)


@pytest.mark.parametrize("on_shipment", [False, True])
async def test_kits_built_in_advance_are_part_of_their_order(
    shop: KitShop, *, on_shipment: bool
) -> None:
    """Two of three kits were built in advance; the third one leaves as its parts."""
    await shop.kit(x=1, y=2)
    await shop.stock(x={"main": 5}, y={"main": 9})
    await shop.accepted(Assemble(sku=KIT, location="main", quantity=2))
    order = await shop.buy(on_shipment=on_shipment, set=3)
    assert {units.sku: units.quantity for units in order.units} == {KIT: 2, "x/M": 1, "y/M": 2}
    await shop.check()
    assert isinstance(await shop.ship(set=1), Accepted)
    order = await shop.order()
    assert shipped_lines(order) == ([(order.lines[0], 1)], {})
    assert isinstance(await shop.ship(set=2), Accepted)
    order = await shop.order()
    assert (shipped_lines(order), order.status) == (
        ([(order.lines[0], 3)], {}),
        OrderStatus.SHIPPED,
    )
    too_many = await shop.back(set=4)
    assert isinstance(too_many, Refused)
    assert too_many.code is Code.TOO_MANY_UNITS
    assert isinstance(await shop.back(set=3), Accepted)
    assert (await shop.order()).status is OrderStatus.RETURNED
    rows = [await shop.level(name, "main") for name in ("set", "x", "y")]
    assert rows == [(2, 0), (3, 0), (5, 0)]


async def test_a_kit_built_in_advance_is_cancelled_as_a_kit(shop: KitShop) -> None:
    await shop.kit(x=1)
    await shop.stock(x={"main": 5})
    await shop.accepted(Assemble(sku=KIT, location="main", quantity=1))
    await shop.buy(set=2)
    assert isinstance(await shop.cancel(set=1), Accepted)
    assert [await shop.level(name, "main") for name in ("set", "x")] == [(1, 0), (3, 0)]
    assert isinstance(await shop.cancel(set=1), Accepted)
    assert [await shop.level(name, "main") for name in ("set", "x")] == [(1, 0), (4, 0)]
    assert (await shop.order()).status is OrderStatus.CANCELLED


@pytest.mark.parametrize("on_shipment", [False, True])
async def test_b10_a_cancelled_shipment_allocates_its_parts_once(
    shop: KitShop, *, on_shipment: bool
) -> None:
    """Three kits of two x each are shipped by mistake: six x are promised again, once."""
    await shop.kit(x=2)
    await shop.stock(x={"main": 9})
    await shop.buy(on_shipment=on_shipment, set=3)
    before = await shop.row("x")
    await shop.ship(set=2)
    await shop.ship(set=1)
    wrong = CancelShipment(order_id="res_a", shipment=1, reason="still here")
    await shop.accepted(wrong)
    assert isinstance(await shop.do(wrong), Refused)
    order = await shop.order()
    assert [(row.shipped, row.open) for row in order.units] == [(2, 4)]
    assert order.status is OrderStatus.PARTLY_SHIPPED
    await shop.accepted(CancelShipment(order_id="res_a", shipment=2))
    after = await shop.row("x")
    assert (after.on_hand, after.allocated) == (before.on_hand, before.allocated)
    assert (after.available, (await shop.order()).status) == (3, OrderStatus.TO_SHIP)
    assert (await shop.order()).shipments == ()
    await shop.ship()
    await shop.back(x=1)
    refused = await shop.do(CancelShipment(order_id="res_a", shipment=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.TOO_MANY_UNITS
    assert (await shop.row("x")).available == 4


async def test_b10_kits_shipped_by_mistake_from_another_location_are_allocated_once(
    shop: KitShop,
) -> None:
    """Three kits of two x each: moved to berlin and back, six x are allocated, once."""
    await shop.kit(x=2)
    await shop.stock(x={"main": 9, "berlin": 6})
    await shop.buy(on_shipment=True, set=3)
    assert (await shop.row("x")).allocated == 6
    for there, left in (("berlin", 0), ("main", 6)):
        move = MoveOrderAllocation(order_id="res_a", location=None, to=there)
        await shop.accepted(move)
        assert (await shop.row("x")).allocated == left
    berlin = await shop.store.find(Level, ("x/M", "berlin"))
    assert berlin is not None
    assert (berlin.on_hand, berlin.allocated) == (6, 0)
    order = await shop.order()
    assert [(row.key, row.open) for row in order.units] == [(("x/M", "main"), 6)]
    await shop.accepted(ShipOrder(order_id="res_a", location=None))
    assert (await shop.row("x")).on_hand == 3


@pytest.mark.parametrize("paid", [False, True])
async def test_b10_kits_whose_payment_failed_are_reserved_again_once(
    shop: KitShop, *, paid: bool
) -> None:
    await shop.kit(x=2)
    await shop.stock(x={"main": 7})
    await shop.reserve("a", None, set=3)
    await shop.do(Release(ref="a"))
    assert await shop.level("x", "main") == (7, 0)
    await shop.reserve("b", None, set=3)
    if paid:
        await shop.pay("b")
    assert await shop.level("x", "main") == ((1, 0) if paid else (7, 6))
    live = [row for row in await shop.reserved_rows() if row.status is Status.HELD]
    assert len(live) == (0 if paid else 1)


async def test_b11_one_kit_more_takes_the_parts_of_one_kit_more(shop: KitShop) -> None:
    await shop.kit(x=2)
    await shop.stock(x={"main": 10})
    for kits, reserved in ((3, 6), (4, 8), (5, 10), (1, 2)):
        assert isinstance(await shop.reserve("a", None, set=kits), Accepted)
        assert await shop.level("x", "main") == (10, reserved)
    refused = await shop.reserve("a", None, set=6)
    assert isinstance(refused, Refused)
    assert refused.detail[0]["available"] == 5
    assert await shop.level("x", "main") == (10, 2)


async def test_b20_a_bundle_shows_its_quantity_per_bundle_and_saved_as_it_is_changes_nothing(
    shop: KitShop,
) -> None:
    await shop.kit(x=2)
    await shop.stock(x={"main": 9})
    order = await shop.buy(set=3)
    assert [(part.sku, part.quantity) for part in order.parts] == [("x/M", 2)]
    hold = await shop.hold("a")
    assert hold.parts == order.parts
    item = await shop.store.find(Item, KIT)
    assert item is not None
    entries = len(await shop.store.entries_after(0))
    for _ in range(2):
        await shop.accepted(
            SetBundle(sku=KIT, location="main", definition=definition_of(item), actor="owner")
        )
    assert len(await shop.store.entries_after(0)) == entries
    assert await shop.store.find(Item, KIT) == item


async def test_b23_the_needs_of_a_kit_are_counted_once(shop: KitShop) -> None:
    """Two kits are paid late and four x are missing: the same report again misses none more."""
    await shop.kit(x=2, y=1)
    await shop.stock(x={"main": 4}, y={"main": 4})
    await shop.reserve("late", None, set=2)
    await shop.do(Release(ref="late"))
    await shop.buy("quick", set=2)
    for _ in range(3):
        await shop.pay("late")
        assert ((await shop.row("x")).backordered, (await shop.row("y")).backordered) == (4, 0)
    order = await shop.order("late")
    assert {row.sku: row.backordered for row in order.units} == {"x/M": 4, "y/M": 0}
    draft = CreateTransfer(
        transfer_id="t1",
        from_location="berlin",
        to_location="main",
        lines=(Line("x/M", 4),),
        command_id="press",
        digest="d",
    )
    await shop.accepted(draft)
    await shop.accepted(draft)
    assert len([row async for row in shop.store.scan(Transfer)]) == 1
    await shop.stock(x={"main": 4})
    assert {row.backordered for row in (await shop.order("late")).units} == {0}


async def test_t4_a_part_that_two_lines_share_is_held_for_both(shop: KitShop) -> None:
    await shop.kit(x=1, y=1)
    await shop.do(product("box", bundle=ONE, components=(Component("x/M", 2),)))
    await shop.stock(x={"main": 4}, y={"main": 4})
    assert isinstance(await shop.reserve("a", None, set=1, box=1, x=1), Accepted)
    assert await shop.level("x", "main") == (4, 4)
    assert isinstance(await shop.reserve("b", None, x=1), Refused)


async def test_t20_a_bundle_and_its_part_compete_in_both_directions(shop: KitShop) -> None:
    await shop.kit(x=2, y=1)
    await shop.stock(x={"main": 3}, y={"main": 9})
    assert isinstance(await shop.reserve("a", None, x=2, set=1), Refused)
    assert await shop.level("x", "main") == (3, 0)
    assert isinstance(await shop.reserve("a", None, x=2), Accepted)
    assert isinstance(await shop.reserve("b", None, set=1), Refused)
    await shop.do(Release(ref="a"))
    assert isinstance(await shop.reserve("b", None, set=1), Accepted)
    assert isinstance(await shop.reserve("a", None, x=2), Refused)
    assert isinstance(await shop.reserve("a", None, x=1), Accepted)


async def test_b13_b16_what_left_counts_in_whole_kits(shop: KitShop) -> None:
    await shop.kit(x=1, y=1)
    await shop.stock(x={"main": 7}, y={"main": 7})
    await shop.buy(on_shipment=True, set=7)
    await shop.ship(set=5)
    order = await shop.order()
    assert (shipped_lines(order)[0][0][1], order.status) == (5, OrderStatus.PARTLY_SHIPPED)
    await shop.ship(x=1)
    assert shipped_lines(await shop.order()) == ([(order.lines[0], 5)], {"x/M": 1})
    await shop.cancel()
    assert [await shop.level(name, "main") for name in ("x", "y")] == [(1, 0), (2, 0)]
    order = await shop.order()
    assert (shipped_lines(order)[0][0][1], order.status) == (5, OrderStatus.SHIPPED)


async def test_b14_a_returned_part_does_not_come_back_again(shop: KitShop) -> None:
    await shop.kit(x=1, y=1)
    await shop.stock(x={"main": 4}, y={"main": 4})
    await shop.buy(set=4)
    await shop.ship()
    await shop.back(x=1)
    assert isinstance(await shop.back(set=4), Refused)
    assert await shop.level("x", "main") == (1, 0)


async def test_b17_an_order_ships_and_returns_the_parts_of_its_version(shop: KitShop) -> None:
    await shop.kit(x=1, y=1)
    await shop.stock(x={"main": 5}, y={"main": 5}, z={"main": 5})
    await shop.buy(set=1)
    item = await shop.store.find(Item, KIT)
    assert item is not None
    other = replace_components(item, Component("x/M", 1), Component("z/M", 1))
    await shop.accepted(SetBundle(sku=KIT, location="main", definition=other))
    await shop.ship()
    await shop.back(set=1)
    assert [await shop.level(name, "main") for name in "xyz"] == [(5, 0), (5, 0), (5, 0)]
    newer = await shop.buy("b", set=1)
    assert {row.sku for row in newer.units} == {"x/M", "z/M"}


async def test_b19_the_cancelled_rest_comes_back_once(shop: KitShop) -> None:
    await shop.kit(x=1)
    await shop.stock(x={"main": 100})
    await shop.buy(set=5)
    await shop.ship(set=3)
    await shop.cancel()
    assert isinstance(await shop.cancel(), Refused)
    assert await shop.level("x", "main") == (97, 0)
