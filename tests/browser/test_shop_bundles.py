"""Bundles on the shop's page: bought as one, with chosen parts."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from tests.browser.shop_page import (
    NARROW,
    WIDE,
    DemoShop,
    buyer,
    demo_shop,
    go_to_the_till,
    size_button,
    visit,
)
from tests.support.axe import assert_accessible_in_both_schemes

TOGETHER = Bundle(0, BundlePolicy.TOGETHER)
FIXED = Definition(TOGETHER, (Component("prod_hoodie_001/M", 1), Component("prod_tee_001/M", 2)))
PICK = Definition(
    TOGETHER,
    (
        Component("prod_hoodie_001/S", 2, "hoodies"),
        Component("prod_hoodie_001/M", 2, "hoodies"),
        Component("prod_hoodie_001/XL", 3, "hoodies"),
    ),
    (ChoiceGroup("hoodies", 3),),
)


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[DemoShop]:
    async with demo_shop() as running:
        await running.add_product("THE SET", "PAIR", "PICK")
        await running.count(0, "PAIR", "odd")
        await running.count(0, "PICK", "odd")
        for size, definition in (("PAIR", FIXED), ("PICK", PICK)):
            command = SetBundle(sku=f"odd/{size}", location=DEFAULT_LOCATION, definition=definition)
            await running.engine.submit(command)
        yield running


async def open_choices(page: Page) -> None:
    await size_button(page, "PICK", "odd").click()
    await expect(page.locator("#choices")).to_be_visible()


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_a_bundle_is_bought_as_one_and_its_parts_are_sold(
    browser: Browser, shop: DemoShop, screen: tuple[int, int]
) -> None:
    async with buyer(browser, screen) as watched:
        page = watched.page
        await visit(page, shop)
        await size_button(page, "PAIR", "odd").click()
        await go_to_the_till(page)
        assert shop.reserved("M") == 1
        assert shop.reserved("M", "prod_tee_001") == 2
        await page.get_by_role("button", name="Pay 9.00 USD").click()
        await expect(page.locator("#lines")).to_contain_text("1 × THE SET, PAIR")
        assert (shop.on_hand("M"), shop.on_hand("M", "prod_tee_001")) == (19, 98)
        watched.assert_clean()


async def test_pieces_left_counts_the_units_of_a_bundle_once(
    browser: Browser, shop: DemoShop
) -> None:
    view = shop.engine.view
    sizes = [sku for sku, item in view.items.items() if item.bundle is None]
    left = sum(max(0, view.online_stock(sku).available) for sku in sizes)
    async with buyer(browser) as watched:
        await visit(watched.page, shop)
        await expect(watched.page.locator("#left")).to_have_text(f"{left:,} pieces left")


async def test_the_parts_of_a_set_are_chosen_and_only_what_can_be_had(
    browser: Browser, shop: DemoShop, subtests: pytest.Subtests
) -> None:
    async with buyer(browser, NARROW) as watched:
        page = watched.page
        await visit(page, shop)
        await open_choices(page)
        dialog = page.locator("#choices")
        more = dialog.get_by_role("button", name="One more of MIDNIGHT EMERALD HOODIE, S")
        medium = dialog.get_by_role("button", name="One more of MIDNIGHT EMERALD HOODIE, M")
        none_left = dialog.get_by_role("button", name="One more of MIDNIGHT EMERALD HOODIE, XL")
        await expect(none_left).to_be_disabled()
        await expect(dialog).to_contain_text("Sold out")
        add = page.locator("#choose")
        await expect(add).to_have_text("Choose 3 more")
        await expect(add).to_be_disabled()
        await assert_accessible_in_both_schemes(page, subtests)
        await more.click()
        await more.click()
        await expect(more).to_be_disabled()
        await medium.press("Enter")
        await expect(medium).to_be_disabled()
        await expect(add).to_have_text("Add to basket")
        await add.click()
        await go_to_the_till(page)
        assert (shop.reserved("S"), shop.reserved("M")) == (2, 1)
        watched.assert_clean()


async def test_a_part_that_sells_out_is_removed_with_a_message(
    browser: Browser, shop: DemoShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await open_choices(page)
        dialog = page.locator("#choices")
        more = dialog.get_by_role("button", name="One more of MIDNIGHT EMERALD HOODIE, S")
        await more.click()
        await more.click()
        await shop.count(1, "S")
        await expect(dialog.get_by_role("status")).to_contain_text("Someone was faster")
        await expect(dialog).to_contain_text("1 of 3 chosen")
        await expect(page.locator("#choose")).to_be_disabled()
        watched.assert_clean()


async def test_a_basket_with_a_set_whose_part_is_gone_names_the_part(
    browser: Browser, shop: DemoShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await open_choices(page)
        dialog = page.locator("#choices")
        for size, times in (("S", 2), ("M", 1)):
            for _ in range(times):
                await dialog.get_by_role(
                    "button", name=f"One more of MIDNIGHT EMERALD HOODIE, {size}", exact=True
                ).click()
        await page.locator("#choose").click()
        await page.locator("#open-basket").click()
        await expect(page.locator("#basket")).to_contain_text("2 × MIDNIGHT EMERALD HOODIE, S")
        await shop.count(0, "S")
        await expect(page.locator("#basket")).to_contain_text("Choose again")
        watched.assert_clean()
