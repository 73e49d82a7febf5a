"""The units of a size by location and state: moves, their undo, safety stock."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible_in_both_schemes

NAME = "MIDNIGHT EMERALD HOODIE M"


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


async def open_stock_by_location(page: Page, shop: AdminShop) -> None:
    await page.goto(f"{shop.url}/admin/")
    await page.get_by_role("button", name=f"More about {NAME}", exact=True).click()
    await page.get_by_role("button", name="Units by location and state").click()
    await expect(page.get_by_role("dialog")).to_contain_text("by location")


def on_hand(shop: AdminShop, account: str) -> int:
    return shop.engine.view.level(sku(), account).on_hand


async def test_a28_units_become_damaged_and_the_move_is_undone(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, "sam") as watched:
        page = watched.page
        await open_stock_by_location(page, shop)
        asked = page.get_by_role("dialog")
        await asked.get_by_label("Units", exact=True).fill("2")
        await asked.get_by_label("Reason").fill("torn seam")
        await asked.get_by_role("button", name="Move").click()
        await expect(asked).to_have_count(0)
        assert (on_hand(shop, "main"), on_hand(shop, "main:damaged")) == (18, 2)
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Undone.")).to_be_visible()
        assert (on_hand(shop, "main"), on_hand(shop, "main:damaged")) == (20, 0)
        watched.assert_clean()


async def test_safety_stock_is_set_and_a_refusal_is_shown(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, "sam", screen=NARROW) as watched:
        page = watched.page
        await open_stock_by_location(page, shop)
        asked = page.get_by_role("dialog")
        await asked.get_by_label("Safety stock at Main").fill("5")
        await asked.get_by_role("button", name="Save").click()
        await expect(asked).to_have_count(0)
        assert shop.engine.view.stock(sku()).available == 15
        await open_stock_by_location(page, shop)
        await asked.get_by_label("Units", exact=True).fill("21")
        await asked.get_by_label("Reason").fill("too many")
        await asked.get_by_role("button", name="Move").click()
        await expect(asked.get_by_role("alert")).to_contain_text("Only 20 of 21 units can be moved")


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_dialog_is_accessible_and_fits(
    browser: Browser, shop: AdminShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        await open_stock_by_location(page, shop)
        await assert_accessible_in_both_schemes(page, subtests)
        assert not await too_wide(page)
        watched.assert_clean()
