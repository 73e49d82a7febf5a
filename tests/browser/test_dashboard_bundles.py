"""The bundle form on the products page, and the marks of bundles on other pages."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from tests.browser.products_page import ProductsShop, at_work, products_shop
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible
from tests.web.shops import HOODIE

SKU = "prod_tee_001/M"


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[ProductsShop]:
    async with products_shop() as running:
        await running.count(0, "M", "prod_tee_001")
        yield running


async def open_bundle(page: Page, button: str = "Make a bundle of M") -> Locator:
    await page.get_by_role("link", name="BANANA TEE").click()
    await page.get_by_role("button", name=button).click()
    dialog = page.locator("dialog.bundle-box[open]")
    await expect(dialog).to_be_visible()
    return dialog


def counted(units: int, scarce: str) -> str:
    return f"{units} could be sold now. Scarce: {scarce}."


async def bundle_of(shop: ProductsShop, *parts: Component, choose: int = 0) -> None:
    groups = (ChoiceGroup("hoodies", choose),) if choose else ()
    definition = Definition(Bundle(0, BundlePolicy.TOGETHER), parts, groups)
    command = SetBundle(sku=SKU, location=DEFAULT_LOCATION, definition=definition)
    await shop.engine.submit(command)


@pytest.mark.parametrize(("screen", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
async def test_a_bundle_is_built_with_a_preview_and_undone(
    browser: Browser, shop: ProductsShop, screen: tuple[int, int], scheme: str
) -> None:
    async with at_work(browser, shop, "products.html", screen=screen, scheme=scheme) as watched:
        page = watched.page
        dialog = await open_bundle(page)
        search = dialog.get_by_label("Search a part")
        await search.fill("emerald s")
        await search.press("Enter")
        await dialog.get_by_label("Quantity of MIDNIGHT EMERALD HOODIE S").fill("2")
        await search.fill("ash")
        await dialog.get_by_role("button", name="Add ASH HOODIE M").click()
        preview = dialog.get_by_role("status")
        await expect(preview).to_have_text(counted(1, "MIDNIGHT EMERALD HOODIE S"))
        await assert_accessible(page)
        await dialog.get_by_role("button", name="Save bundle").click()
        await expect(dialog).to_be_hidden()
        item = shop.engine.view.items[SKU]
        assert item.components == (Component(f"{HOODIE}/S", 2), Component("prod_hoodie_002/M", 1))
        await expect(page.get_by_role("button", name="3 parts of M")).to_be_visible()
        watched.assert_clean()


async def test_choices_are_built_and_a_mistake_is_explained(
    browser: Browser, shop: ProductsShop
) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        dialog = await open_bundle(page)
        await dialog.get_by_role("button", name="Add a choice").click()
        await dialog.get_by_label("Name").fill("hoodies")
        await dialog.get_by_label("How many to choose").fill("3")
        search = dialog.get_by_label("Search an option of choice 1")
        for words in ("emerald m", "emerald l"):
            await search.fill(words)
            await search.press("Enter")
        preview = dialog.get_by_role("status")
        await expect(preview).to_contain_text("fewer than the 3 to choose")
        await dialog.get_by_label("Most of MIDNIGHT EMERALD HOODIE L").fill("2")
        await expect(preview).to_have_text(counted(20, "MIDNIGHT EMERALD HOODIE M"))
        await dialog.get_by_role("button", name="Save bundle").press("Enter")
        await expect(dialog).to_be_hidden()
        assert shop.engine.view.items[SKU].groups == (ChoiceGroup("hoodies", 3),)
        assert not watched.page_errors
        assert not watched.policy_violations


async def test_a_bundle_becomes_an_ordinary_size_again(
    browser: Browser, shop: ProductsShop
) -> None:
    await bundle_of(shop, Component(f"{HOODIE}/M", 1))
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        dialog = await open_bundle(page, "1 part of M")
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(page.locator("dialog.product-box[open]")).to_be_visible()
        await page.get_by_role("button", name="1 part of M").click()
        await dialog.get_by_role("button", name="Make it an ordinary size").click()
        await expect(page.get_by_role("button", name="Make a bundle of M")).to_be_visible()
        assert shop.engine.view.items[SKU].bundle is None
        watched.assert_clean()


async def test_stock_holds_and_history_mark_bundles(browser: Browser, shop: ProductsShop) -> None:
    await bundle_of(shop, Component(f"{HOODIE}/M", 2))
    await shop.engine.submit(
        Reserve(
            reservation_id="res_1",
            session_id="s",
            lines=(Line(SKU, 2),),
            location=DEFAULT_LOCATION,
            ttl=600_000,
        )
    )
    async with at_work(browser, shop) as watched:
        page = watched.page
        row = page.locator(f'tr[data-sku="{SKU}"]')
        await expect(row).to_contain_text("Bundle")
        await expect(row.locator("td.available")).to_have_text("8")
        await expect(page.locator("main")).to_contain_text("4 held now")
        await expect(page.locator("main")).to_contain_text(re.compile(r"· 4 reserved ·"))
        await page.goto(f"{shop.url}/admin/holds.html")
        await expect(page.locator("main")).to_contain_text("BANANA TEE")
        await page.goto(f"{shop.url}/admin/history.html?sku={HOODIE}/M")
        await expect(page.locator("main")).to_contain_text("2 × BANANA TEE M")
        watched.assert_clean()
