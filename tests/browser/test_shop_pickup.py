"""Pick-up locations on the shop's page."""

from playwright.async_api import Browser, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.shop_page import HOODIE, buyer, demo_shop, visit

SKU = f"{HOODIE}/M"


async def test_a_shop_with_pick_up_says_where(browser: Browser) -> None:
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
        await expect(place).to_have_text("Pick up in Berlin: M (2 left)")
        await shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=7))
        await expect(place).to_have_text("Pick up in Berlin: M")
        watched.assert_clean()
