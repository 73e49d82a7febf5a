"""Pick-up locations on the shop's page."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.timestamps import local_day
from tests.browser.shop_page import HOODIE, NARROW, WIDE, buyer, demo_shop, visit

SKU = f"{HOODIE}/M"


@pytest.mark.parametrize("screen", [NARROW, WIDE], ids=["phone", "desktop"])
async def test_units_of_other_locations_are_shown_with_their_date(
    browser: Browser, screen: tuple[int, int]
) -> None:
    berlin = Location("berlin", "Berlin", priority=2, pickup=True, pickup_lead_days=2)
    hamburg = Location("hamburg", "Hamburg", priority=3, pickup=True)
    async with demo_shop() as shop, buyer(browser, screen) as watched:
        page = watched.page
        for command in (
            AddLocation(location=berlin),
            AddLocation(location=hamburg),
            Adjust(sku=SKU, location="berlin", delta=7),
            Adjust(sku=SKU, location="hamburg", delta=2),
        ):
            await shop.engine.submit(command)
        day = local_day(shop.engine.clock(), ZoneInfo("UTC")) + timedelta(days=2)
        await visit(page, shop)
        place = page.locator(f'[data-fm-product="{HOODIE}"] .pickup')
        await expect(place).to_have_text(
            "Pick up in Berlin today: M. "
            f"Pick up in Berlin from {day:%a, %b} {day.day}: S (3 left), L. "
            "Pick up in Hamburg today: M (2 left)"
        )
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        watched.assert_clean()


async def test_a_shop_with_pick_up_names_the_locations(browser: Browser) -> None:
    async with demo_shop() as shop, buyer(browser) as watched:
        page = watched.page
        place = page.locator(f'[data-fm-product="{HOODIE}"] .pickup')
        await visit(page, shop)
        await expect(place).to_be_hidden()
        for command in (
            AddLocation(location=Location("berlin", "Berlin", priority=2, pickup=True)),
            Adjust(sku=SKU, location="berlin", delta=2),
        ):
            await shop.engine.submit(command)
        await visit(page, shop)
        await expect(place).to_have_text("Pick up in Berlin today: M (2 left)")
        await shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=7))
        await expect(place).to_have_text("Pick up in Berlin today: M")
        watched.assert_clean()
