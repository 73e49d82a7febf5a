"""The stock page of a shop with several locations: choosing one, and changing its numbers."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible

BERLIN = AddLocation(location=Location("berlin", "Studio Berlin", priority=2))


async def opened(page: Page, shop: AdminShop, query: str = "") -> None:
    await page.goto(f"{shop.url}/admin/{query}")
    await expect(page.locator("#connection")).to_have_text("Live")


def stock_of(page: Page, size: str = "M") -> str:
    return f'tr[data-sku="{sku(size)}"] td.stock'


async def test_numbers_change_at_the_chosen_location(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await shop.run(BERLIN, Adjust(sku=sku(), location="berlin", delta=5))
        page = watched.page
        await opened(page, shop)
        cell = page.locator(stock_of(page))
        await expect(cell).to_have_text("25")  # a sum, which cannot be counted
        await expect(cell.locator("input")).to_have_count(0)
        await page.get_by_label("Location").select_option(label="Studio Berlin")
        await expect(cell.locator("input")).to_have_value("5")
        await expect(page).to_have_url(re.compile("location=berlin$"))
        await cell.locator("input").fill("+2")
        await cell.locator("input").press("Enter")
        await expect(page.get_by_text("on hand 5 → 7 (+2)")).to_be_visible()
        await expect(cell.locator("input")).to_have_value("7")
        assert shop.engine.view.level(sku(), "berlin").on_hand == 7
        assert shop.engine.view.level(sku(), "main").on_hand == 20
        await shop.run(Adjust(sku=sku(), location="main", delta=1))
        await shop.run(Adjust(sku=sku(), location="berlin", delta=1))
        await expect(cell.locator("input")).to_have_value("8")
        await page.get_by_label("Location").select_option(label="All locations")
        await expect(cell).to_have_text("29")
        await page.go_back()
        await expect(cell.locator("input")).to_have_value("8")
        watched.assert_clean()


async def test_many_sizes_change_at_the_chosen_location(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await shop.run(BERLIN)
        page = watched.page
        await opened(page, shop, "?location=berlin")
        await page.get_by_label("Select MIDNIGHT EMERALD HOODIE M").check()
        await page.get_by_role("button", name="Set on hand").click()
        dialog = page.get_by_role("dialog")
        await dialog.locator("input").first.fill("4")
        await dialog.get_by_role("button", name="Preview").click()
        await dialog.locator("[data-next]").click()
        await expect(page.locator(stock_of(page)).locator("input")).to_have_value("4")
        assert shop.engine.view.level(sku(), "berlin").on_hand == 4
        assert shop.engine.view.level(sku(), "main").on_hand == 20
        watched.assert_clean()


async def test_a_shop_with_one_location_sees_no_choice(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await opened(watched.page, shop)
        await expect(watched.page.get_by_label("Location")).to_have_count(0)
        await expect(watched.page.locator(stock_of(watched.page)).locator("input")).to_have_value(
            "20"
        )
        watched.assert_clean()


@pytest.mark.parametrize("screen", [NARROW, WIDE])
async def test_the_choice_fits_and_is_accessible(browser: Browser, screen: tuple[int, int]) -> None:
    async with admin_shop() as shop, member(browser, shop, "ana", screen, "dark") as watched:
        await shop.run(BERLIN)
        await opened(watched.page, shop, "?location=berlin")
        assert await too_wide(watched.page) == []
        await assert_accessible(watched.page)
        watched.assert_clean()
