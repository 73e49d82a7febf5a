"""Low stock at one location, with `LOW_STOCK_BY=location`."""

import pytest

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from tests.alerts.alert_shop import SKU, AlertShop, alert_shop


async def with_berlin(shop: AlertShop, units: int = 20) -> None:
    await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
    await at_berlin(shop, units)
    await shop.look()


async def at_berlin(shop: AlertShop, units: int) -> None:
    await shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=units))


def lows(shop: AlertShop) -> list[tuple[str, int]]:
    """The locations where a size was reported low, with the available units."""
    return [
        (event.data["location"], event.data["available"])
        for message in shop.channel.messages
        for event in message.events
        if event.type == "stock.low"
    ]


async def test_a_location_is_reported_low_although_the_shop_has_enough() -> None:
    async with alert_shop(low_by_location=True) as shop:
        await with_berlin(shop)
        await at_berlin(shop, -16)
        await shop.look()
        assert lows(shop) == [("berlin", 4)]
        (message,) = [row for row in shop.channel.messages if row.events]
        assert message.events[0].title == "Low in Berlin: MIDNIGHT EMERALD HOODIE, M, 4 left"


async def test_it_is_reported_once_until_it_has_risen_well_above_the_threshold() -> None:
    async with alert_shop(low_by_location=True) as shop:
        await with_berlin(shop)
        for change in (-15, +1, -1, +2, -2):
            await at_berlin(shop, change)
            await shop.look()
        assert lows(shop) == [("berlin", 5)]
        await at_berlin(shop, +10)
        await shop.look()
        await at_berlin(shop, -10)
        await shop.look()
        assert lows(shop) == [("berlin", 5), ("berlin", 5)]


async def test_a_restart_reports_nothing_again() -> None:
    async with alert_shop(low_by_location=True) as shop:
        await with_berlin(shop)
        await at_berlin(shop, -16)
        await shop.look()
        again = shop.again(low_by_location=True)
        await at_berlin(shop, -1)
        await again.look()
        assert lows(again) == []


async def test_the_first_change_after_the_switch_is_judged_by_the_units_before_it() -> None:
    async with alert_shop() as shop:
        await with_berlin(shop)
        shop.clock.forward(3600)
        await shop.move(1)
        await shop.look()  # the position in the ledger is stored
        switched = shop.again(low_by_location=True)
        await at_berlin(shop, -17)
        await switched.look()
        assert lows(switched) == [("berlin", 3)]


async def test_an_empty_location_is_low_and_the_shop_is_not_out() -> None:
    async with alert_shop(low_by_location=True) as shop:
        await with_berlin(shop)
        await at_berlin(shop, -20)
        await shop.look()
        assert lows(shop) == [("berlin", 0)]
        types = [event.type for row in shop.channel.messages for event in row.events]
        assert types == ["stock.low"]


@pytest.mark.parametrize("by_location", [False, True])
async def test_out_and_back_concern_the_whole_shop(by_location: bool) -> None:
    async with alert_shop(low_by_location=by_location) as shop:
        await with_berlin(shop)
        await at_berlin(shop, -20)
        await shop.move(-20)
        await shop.look()
        await at_berlin(shop, 30)
        await shop.look()
        types = [event.type for row in shop.channel.messages for event in row.events]
        assert [name for name in types if name != "stock.low"] == ["stock.out", "stock.restocked"]


async def test_in_total_no_location_is_reported() -> None:
    async with alert_shop() as shop:
        await with_berlin(shop)
        await at_berlin(shop, -18)
        await shop.look()
        assert [row for row in shop.channel.messages if row.events] == []
