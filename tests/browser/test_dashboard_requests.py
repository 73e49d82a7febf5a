"""A page of the dashboard requests its files once, and the current user once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.admin_page import AdminShop, admin_shop, member

LOADED = """() => performance.getEntriesByType('resource').map(
    ({name, transferSize}) => [new URL(name).pathname, transferSize])"""
ME_REQUESTED = """() => performance.getEntriesByType('resource').some(
    ({name}) => new URL(name).pathname === '/api/admin/me')"""
ROWS_SHOWN = ".found [role=status]:has-text('size')"
PAGES = {"": ROWS_SHOWN, "overview.html": "main[data-ready]", "holds.html": "main[data-ready]"}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


async def loaded(page: Page, shop: AdminShop, path: str) -> list[tuple[str, int]]:
    """The files and data that a page loads, and the bytes that came from the server."""
    await page.goto(f"{shop.url}/admin/{path}")
    await expect(page.locator(PAGES[path])).to_be_attached()
    return [(name, size) for name, size in await page.evaluate(LOADED)]


@pytest.mark.parametrize("path", PAGES)
async def test_a_second_visit_requests_no_script_and_no_style(
    browser: Browser, shop: AdminShop, path: str
) -> None:
    async with member(browser, shop) as watched:
        await loaded(watched.page, shop, path)
        again = await loaded(watched.page, shop, path)
        files = {name: size for name, size in again if name.endswith((".js", ".css"))}
        assert len(files) > 12
        assert {name: size for name, size in files.items() if size} == {}
        watched.assert_clean()


@pytest.mark.parametrize("path", PAGES)
async def test_the_current_user_is_requested_once(
    browser: Browser, shop: AdminShop, path: str
) -> None:
    async with member(browser, shop) as watched:
        await loaded(watched.page, shop, path)
        await watched.page.wait_for_function(ME_REQUESTED)  # an entry follows the answer
        names = [name for name, _ in await watched.page.evaluate(LOADED)]
        assert names.count("/api/admin/me") == 1
        assert len(names) == len(set(names)), "a module was loaded under two URLs"
        watched.assert_clean()
