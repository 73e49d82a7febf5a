"""`make run` leads a newcomer from the shop's page to a paid order in a minute."""

import time
from pathlib import Path

import httpx
from playwright.async_api import Browser, expect

from tests.browser.shop_page import buyer
from tests.support.server import Server


async def test_to_a_paid_order_and_fallen_stock_in_a_minute(
    browser: Browser, tmp_path: Path
) -> None:
    began = time.monotonic()
    with Server(data=tmp_path / "data", arguments=["--init", "--demo"]) as server:

        def stock() -> int:
            inventory = httpx.get(f"{server.url}/api/inventory/get").json()["inventory"]
            stock: int = inventory[0]["sizes"][0]["stock"]
            return stock

        before = stock()
        async with buyer(browser) as watched:
            page = watched.page
            await page.goto(server.url)
            await page.locator("button.size:not([disabled])").first.click()
            await page.locator("#open-basket").click()
            await page.locator("#buy").click()
            await page.get_by_role("button", name="Pay ").first.click()
            await expect(page.locator("body[data-done=paid]")).to_be_attached()
            await page.get_by_role("link", name="Back to the drop").click()
            assert stock() == before - 1
            watched.assert_clean()
    assert time.monotonic() - began < 60
