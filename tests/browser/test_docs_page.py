"""The API page in a real browser: no errors under the strict policy, and its calls work."""

from collections.abc import AsyncIterator
from itertools import product
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from fancymonkey.store.in_memory.store import MemoryStore
from tests.support.browser import BrowserPage
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.support.visitors import visitor
from tests.web.shops import HOODIE, Shop, running

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FIVE = {
    "GET /api/inventory/get",
    "POST /api/inventory/update",
    "POST /api/inventory/reserve",
    "POST /api/inventory/release",
    "POST /api/inventory/bulk-update",
}


async def operations(page: Page, site: str) -> int:
    """The number of operations in the document of the API."""
    answer = await page.request.get(f"{site}/openapi.json")
    return sum(len(methods) for methods in (await answer.json())["paths"].values())


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[tuple[str, Shop]]:
    async with running(MemoryStore()) as shop, serving(shop.client.app, steady_port()) as url:
        yield url, shop


async def test_it_lists_every_call_and_is_clean(
    browser_page: BrowserPage, site: tuple[str, Shop]
) -> None:
    page = browser_page.page
    await page.goto(f"{site[0]}/docs")
    count = await operations(page, site[0])
    await expect(page.locator(".opblock")).to_have_count(count)
    listed = set()
    for row in await page.locator(".opblock-summary").all():
        method = await row.locator(".opblock-summary-method").inner_text()
        path = await row.locator(".opblock-summary-path").inner_text()
        listed.add(f"{method} {path}".replace("\u200b", ""))
    assert listed >= FIVE
    assert await page.title() == "API – Fancy Monkey Inventory"
    browser_page.assert_clean()


async def test_stock_can_be_asked_for_from_the_page(
    browser_page: BrowserPage, site: tuple[str, Shop]
) -> None:
    page = browser_page.page
    await page.goto(f"{site[0]}/docs")
    call = page.locator("#operations-inventory-get_inventory")
    await call.locator("button.opblock-summary-control").click()
    await call.get_by_placeholder("productId").fill("prod_tee_001")
    await call.get_by_role("button", name="Execute").click()
    message = call.locator(".live-responses-table .response .response-col_description")
    await expect(message).to_contain_text('"BANANA TEE"')
    await expect(message).not_to_contain_text("HOODIE")
    browser_page.assert_clean()


async def test_units_can_be_set_aside_from_the_page(
    browser_page: BrowserPage, site: tuple[str, Shop]
) -> None:
    """The sample in the form is a request that works."""
    page, (url, shop) = browser_page.page, site
    await page.goto(f"{url}/docs")
    call = page.locator("#operations-inventory-reserve")
    await call.locator("button.opblock-summary-control").click()
    await call.get_by_role("button", name="Execute").click()
    message = call.locator(".live-responses-table .response .response-col_description")
    await expect(message).to_contain_text('"expiresInMinutes": 30')
    assert (await shop.size("M", HOODIE))["reserved"] == 1
    browser_page.assert_clean()


async def test_it_fits_every_screen_in_both_schemes(
    browser: Browser, site: tuple[str, Shop], subtests: pytest.Subtests
) -> None:
    async with visitor(browser) as watched:
        page = watched.page
        await page.goto(f"{site[0]}/docs")
        await expect(page.locator(".opblock")).to_have_count(await operations(page, site[0]))
        for name in ("inventory-get_inventory", "admin-bulk_update"):
            await page.locator(f"#operations-{name} .opblock-summary-control").click()
        await expect(page.locator(".opblock.is-open")).to_have_count(2)
        for width, scheme in product((390, 1280), SCHEMES):
            with subtests.test(f"{width} {scheme}"):
                await page.set_viewport_size({"width": width, "height": 800})
                await page.emulate_media(color_scheme=scheme)
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, "something sticks out"
                background = await page.evaluate(
                    "getComputedStyle(document.querySelector('.swagger-ui')).backgroundColor"
                )
                assert background in (
                    ("rgb(14, 21, 18)",)
                    if scheme == "dark"
                    else ("rgba(0, 0, 0, 0)", "rgb(247, 248, 247)")
                )
        watched.assert_clean()


async def test_a_call_that_is_refused_is_shown(
    browser_page: BrowserPage, site: tuple[str, Shop]
) -> None:
    page, (url, shop) = browser_page.page, site
    await shop.reserve("somebody", quantity=20)
    await page.goto(f"{url}/docs")
    call = page.locator("#operations-inventory-reserve")
    await call.locator("button.opblock-summary-control").click()
    await call.get_by_role("button", name="Execute").click()
    message = call.locator(".live-responses-table .response .response-col_description")
    await expect(message).to_contain_text("insufficient_stock")
    browser_page.forget()  # the browser logs every 409
