"""The API page in a real browser: no errors under the strict policy, and its calls work."""

from collections.abc import AsyncIterator
from itertools import product

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.store.in_memory.store import MemoryStore
from tests.support.axe import SCHEMES
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.support.visitors import visitor
from tests.web.shops import HOODIE, Shop, running

FIVE = {
    "GET /api/inventory/get",
    "POST /api/inventory/update",
    "POST /api/inventory/reserve",
    "POST /api/inventory/release",
    "POST /api/inventory/bulk-update",
}

SLOWEST = 90_000
"""Milliseconds. Swagger resolves the document in seconds of CPU time, for each call it opens."""


async def operations(page: Page, site: str) -> int:
    """The number of operations in the document of the API."""
    answer = await page.request.get(f"{site}/openapi.json")
    return sum(len(methods) for methods in (await answer.json())["paths"].values())


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[tuple[str, Shop]]:
    async with running(MemoryStore()) as shop, serving(shop.client.app, steady_port()) as url:
        yield url, shop


async def opened(page: Page, name: str) -> Locator:
    """The form of a call, open."""
    call = page.locator(f"#operations-inventory-{name}")
    if not await call.locator(".opblock-body").count():
        await call.locator("button.opblock-summary-control").click(timeout=SLOWEST)
    await expect(call.get_by_role("button", name="Execute")).to_be_visible(timeout=SLOWEST)
    return call


async def execute(call: Locator) -> Locator:
    """Sends the call. Returns the place of its answer."""
    await call.get_by_role("button", name="Execute").click(timeout=SLOWEST)
    return call.locator(".live-responses-table .response .response-col_description")


async def test_the_page_lists_and_makes_calls(
    browser: Browser, site: tuple[str, Shop], subtests: pytest.Subtests
) -> None:
    """One visit for all cases: Swagger needs seconds to read the document."""
    url, shop = site
    async with visitor(browser) as watched:
        page = watched.page
        await page.goto(f"{url}/docs")
        with subtests.test("it lists every call and is clean"):
            await assert_lists_every_call(page, url)
            watched.assert_clean()
        with subtests.test("stock can be asked for from the page"):
            call = await opened(page, "get_inventory")
            await call.get_by_placeholder("productId").fill("prod_tee_001")
            message = await execute(call)
            await expect(message).to_contain_text('"BANANA TEE"', timeout=SLOWEST)
            await expect(message).not_to_contain_text("HOODIE")
            watched.assert_clean()
        with subtests.test("units can be set aside from the page: the sample is a valid request"):
            message = await execute(await opened(page, "reserve"))
            await expect(message).to_contain_text('"expiresInMinutes": 30', timeout=SLOWEST)
            assert (await shop.size("M", HOODIE))["reserved"] == 1
            watched.assert_clean()
        with subtests.test("a call that is refused is shown"):
            await shop.release("cs_test_abc123")
            await shop.reserve("somebody", quantity=20)
            message = await execute(await opened(page, "reserve"))
            await expect(message).to_contain_text("insufficient_stock", timeout=SLOWEST)
            watched.forget()  # the browser logs every 409
        await assert_fits_every_screen(page, subtests)
        watched.assert_clean()


async def assert_lists_every_call(page: Page, url: str) -> None:
    await expect(page.locator(".opblock")).to_have_count(
        await operations(page, url), timeout=SLOWEST
    )
    rows = await page.locator(".opblock-summary").evaluate_all(
        """rows => rows.map(row => ["method", "path"].map(
            name => row.querySelector(`.opblock-summary-${name}`).innerText).join(" "))"""
    )
    assert {row.replace("\u200b", "") for row in rows} >= FIVE
    assert await page.title() == "API – Fancy Monkey Inventory"


async def assert_fits_every_screen(page: Page, subtests: pytest.Subtests) -> None:
    """With three calls open, two of them answered, at two widths and in both schemes."""
    await page.locator("#operations-admin-bulk_update .opblock-summary-control").click(
        timeout=SLOWEST
    )
    await expect(page.locator(".opblock.is-open")).to_have_count(3, timeout=SLOWEST)
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
