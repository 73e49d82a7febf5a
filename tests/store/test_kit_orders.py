"""Orders of kits on every store: built in advance, shipped, cancelled and returned."""

import pytest

from fancymonkey.core.bundles.assemble import Assemble
from fancymonkey.core.orders.rows import OrderStatus
from fancymonkey.core.orders.units import shipped_lines
from fancymonkey.core.outcomes import Accepted, Code, Refused
from tests.store.kit_shop import KIT, KitShop, shop

__all__ = ["shop"]


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
