"""The page of alerts and webhooks."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.alerts.receivers import HttpReceiver
from tests.browser.shop_page import NARROW, WIDE, DemoShop, buyer, demo_shop
from tests.support.axe import assert_accessible_in_both_schemes
from tests.support.browser import BrowserPage

PASSWORD = "correct horse battery"


@asynccontextmanager
async def admin_shop(*urls: str) -> AsyncIterator[DemoShop]:
    """A shop with these channels."""
    settings: dict[str, Any] = {
        "admin_password": PASSWORD,
        "alert_urls": urls,
        "webhook_allow_private": True,
    }
    async with demo_shop(**settings) as shop:
        yield shop


async def enter(page: Page, shop: DemoShop) -> None:
    """Logs in and opens the page of alerts."""
    await page.goto(f"{shop.url}/admin/alerts.html")
    await page.locator("input[name=name], #name").first.fill("owner")
    await page.locator("input[type=password]").first.fill(PASSWORD)
    await page.locator("button[type=submit], form button").last.click()
    # A password is slow to check. The login's own URL ends with the same path, after `next=`.
    await page.wait_for_url(f"{shop.url}/admin/alerts.html", timeout=30_000)
    await expect(page.get_by_role("heading", name="Deliveries")).to_be_visible()


async def add(page: Page, url: str) -> str:
    """Adds a webhook by the dialog; its secret."""
    await page.get_by_role("button", name="Add a webhook …").click()
    await page.get_by_label("URL").fill(url)
    await page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    secret = page.locator(".secret code")
    await expect(secret).to_be_visible()
    text = await secret.inner_text()
    await page.get_by_role("button", name="I have saved it").click()
    return text


async def test_a_webhook_from_adding_it_to_sending_again(browser_page: BrowserPage) -> None:
    page = browser_page.page
    async with HttpReceiver() as receiver, admin_shop(f"json://127.0.0.1:{receiver.port}/") as shop:
        await enter(page, shop)
        secret = await add(page, receiver.url)
        assert secret.startswith("whsec_")
        entry = page.locator(".entry", has_text=receiver.url).first
        await expect(entry).to_contain_text(f"…{secret[-4:]}")
        assert secret not in await page.content()
        await entry.get_by_role("button", name="Test", exact=True).click()
        done = page.locator(".entry", has_text="ping").filter(has_text="Delivered")
        await expect(done).to_have_count(1)
        await done.get_by_role("button", name="Send again").click()
        await expect(done).to_have_count(2)
        bodies = [json.loads(request.body) for request in receiver.requests]
        assert [body["type"] for body in bodies] == ["ping", "ping"]
        assert bodies[0]["id"] == bodies[1]["id"]
        await entry.get_by_role("button", name="Switch off").click()
        await expect(entry).to_contain_text("Off")
        await entry.get_by_role("button", name="Remove …").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        await expect(page.get_by_text("No webhooks yet.")).to_be_visible()
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_text("Test sent")).to_be_visible()
    browser_page.assert_clean()


async def test_an_alert_is_listed(browser_page: BrowserPage) -> None:
    page = browser_page.page
    async with HttpReceiver() as receiver, admin_shop(f"json://127.0.0.1:{receiver.port}/") as shop:
        await enter(page, shop)
        await shop.count(4)
        # It is detected in seconds; the page reads its alerts every 10 seconds.
        await expect(page.get_by_text("Low: MIDNIGHT EMERALD HOODIE, M, 4 left")).to_be_visible(
            timeout=60_000
        )
    browser_page.assert_clean()


@pytest.mark.parametrize("screen", [WIDE, NARROW])
async def test_no_user_is_kept_out(
    browser: Browser, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with (
        HttpReceiver() as receiver,
        admin_shop(f"json://127.0.0.1:{receiver.port}/") as shop,
        buyer(browser, screen) as visitor,
    ):
        page = visitor.page
        await enter(page, shop)
        await add(page, receiver.url)
        await expect(page.locator(".entry", has_text=receiver.url).first).to_be_visible()
        await assert_accessible_in_both_schemes(page, subtests)
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
        await page.get_by_role("button", name="Add a webhook …").click()
        await assert_accessible_in_both_schemes(page, subtests)
        visitor.assert_clean()
