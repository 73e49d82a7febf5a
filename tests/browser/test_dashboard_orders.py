"""The orders page: pick, ship and return."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.orders.rows import Order, OrderStatus
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide, visit
from tests.support.axe import assert_accessible_in_both_schemes

PHONE = (390, 844)


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Orders").locator("tbody tr")


def state(page: Page) -> Locator:
    return page.locator(".state")


async def buy(shop: AdminShop, size: str = "M", quantity: int = 2) -> None:
    """A buyer pays at the fake Stripe."""
    await shop.at_stripe(await shop.checkout(size, quantity), "pay")


async def orders(shop: AdminShop) -> list[Order]:
    orders = [order async for order in shop.engine.store.scan(Order)]
    return sorted(orders, key=lambda order: order.number)


async def test_an_order_is_picked_shipped_and_returned(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await expect(page.get_by_text("No orders to ship.")).to_be_visible()
        await buy(shop)
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("#1")
        await expect(rows(page)).to_contain_text("2 × MIDNIGHT EMERALD HOODIE M")
        await expect(rows(page)).to_contain_text("$116.00")
        await expect(page.get_by_role("button", name="Print pick list and slips")).to_be_visible()
        await page.emulate_media(media="print")
        await expect(page.get_by_role("heading", name="Pick list, 2 units")).to_be_visible()
        await expect(page.get_by_role("heading", name="Packing slip, order #1")).to_be_visible()
        await expect(page.locator("#rail")).to_be_hidden()
        await page.emulate_media(media="screen")
        await page.get_by_role("button", name="Ship order #1").click()
        asked = page.get_by_role("dialog", name="Ship order #1")
        await asked.get_by_label("MIDNIGHT EMERALD HOODIE M, of 2").fill("1")
        await asked.get_by_label("Carrier").fill("DHL")
        await asked.get_by_label("Tracking number").fill("JD1")
        await page.keyboard.press("Enter")
        await expect(page.locator(".toast")).to_contain_text("1 unit of order #1 shipped.")
        await expect(page.get_by_text("No orders to ship.")).to_be_visible()
        await page.get_by_role("button", name="Partly shipped 1").click()
        await page.get_by_role("link", name="#1").click()
        await expect(state(page)).to_have_text("Order #1: partly shipped.")
        await page.get_by_role("button", name="Ship order #1").click()
        await page.get_by_role("dialog").get_by_role("button", name="Ship").click()
        await expect(state(page)).to_have_text("Order #1: shipped.")
        await expect(page.get_by_text("DHL JD1")).to_be_visible()
        await page.get_by_role("button", name="Shipment 2 of order #1 did not leave").click()
        await page.get_by_role("dialog").get_by_role("button", name="Did not leave").click()
        await expect(state(page)).to_have_text("Order #1: partly shipped.")
        await page.get_by_role("button", name="Ship order #1").click()
        await page.get_by_role("dialog").get_by_role("button", name="Ship").click()
        await expect(state(page)).to_have_text("Order #1: shipped.")
        await page.get_by_role("button", name="Take back order #1").click()
        asked = page.get_by_role("dialog", name="Take back units of order #1")
        await asked.get_by_label("State").select_option("damaged")
        await asked.get_by_label("Reason, shown in the history").fill("torn")
        await asked.get_by_role("button", name="Take back").click()
        await expect(state(page)).to_have_text("Order #1: returned.")
        await expect(page.locator(".order-steps")).to_contain_text("torn")
        watched.assert_clean()
    (order,) = await orders(shop)
    assert order.status is OrderStatus.RETURNED
    assert shop.engine.view.stock(sku()).damaged == 2


async def test_an_order_moves_is_cancelled_and_erased(browser: Browser, shop: AdminShop) -> None:
    await shop.run(
        AddLocation(location=Location("berlin", "Berlin", priority=2)),
        Adjust(sku=sku(), location="berlin", delta=5),
    )
    await buy(shop)
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await page.get_by_role("link", name="#1").click()
        await page.get_by_role("button", name="Move order #1").click()
        asked = page.get_by_role("dialog", name="Move units of order #1")
        await asked.get_by_label("Ships from").select_option("berlin")
        await asked.get_by_role("button", name="Move").click()
        await expect(page.locator(".toast")).to_contain_text("2 units moved to Berlin.")
        await page.get_by_role("button", name="All orders").click()
        await page.get_by_role("button", name="Berlin").click()
        await expect(rows(page)).to_have_count(1)
        await page.get_by_role("button", name="Main").click()
        await expect(page.get_by_text("No orders match.")).to_be_visible()
        await page.get_by_role("button", name="Clear filters").click()
        await page.get_by_role("link", name="#1").click()
        await page.get_by_role("button", name="Cancel order #1").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel units").click()
        await expect(state(page)).to_have_text("Order #1: cancelled.")
        await page.get_by_role("button", name="Erase personal data order #1").click()
        await page.get_by_role("dialog").get_by_role("button", name="Erase").click()
        await expect(page.get_by_text("Erased just now")).to_be_visible()
        watched.assert_clean()
    levels = {place: shop.engine.view.level(sku(), place) for place in (DEFAULT_LOCATION, "berlin")}
    assert [level.available for level in levels.values()] == [20, 5]


async def test_a_refund_shows_amount_and_buyer(browser: Browser, shop: AdminShop) -> None:
    await buy(shop, "L", 1)
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await page.get_by_role("link", name="#1").click()
        await page.get_by_role("button", name="Refund order #1").click()
        asked = page.get_by_role("dialog", name="Refund order #1?")
        await expect(asked).to_contain_text("Stripe refunds $58.00 to")
        await asked.get_by_role("button", name="Refund $58.00").click()
        await expect(page.locator(".toast")).to_contain_text("Order #1 is refunded.")
        await visit(page, shop, "payments.html")
        await expect(page.get_by_role("button", name="Return to stock").first).to_be_visible()
        watched.assert_clean()


async def test_a_cancelled_unit_is_refunded_with_its_share(
    browser: Browser, shop: AdminShop
) -> None:
    await buy(shop)
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await page.get_by_role("link", name="#1").click()
        await page.get_by_role("button", name="Cancel order #1").click()
        asked = page.get_by_role("dialog", name="Cancel units of order #1?")
        await asked.get_by_label("MIDNIGHT EMERALD HOODIE M, of 2").fill("1")
        await asked.get_by_role("button", name="Cancel units").click()
        await expect(page.get_by_text("$58.00 to refund")).to_be_visible()
        await page.get_by_role("button", name="Refund order #1").click()
        asked = page.get_by_role("dialog", name="Refund order #1?")
        await expect(asked).to_contain_text("1 × MIDNIGHT EMERALD HOODIE M: $58.00")
        await asked.get_by_label("All that is left: $116.00").check()
        await expect(asked.get_by_role("button", name="Refund $116.00")).to_be_visible()
        await asked.get_by_label("For these units: $58.00").check()
        await asked.get_by_role("button", name="Refund $58.00").click()
        await expect(page.get_by_text("$58.00 of order #1 is refunded.")).to_be_visible()
        await expect(page.get_by_text("$58.00 refunded", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Refund order #1").click()
        asked = page.get_by_role("dialog", name="Refund order #1?")
        await expect(asked).to_contain_text("Refunded before: $58.00")
        await expect(asked.get_by_role("button", name="Refund $58.00")).to_be_visible()
        await page.keyboard.press("Escape")
        watched.assert_clean()


async def test_it_fits_a_phone_and_has_no_barriers(
    browser: Browser, shop: AdminShop, subtests: pytest.Subtests
) -> None:
    await buy(shop)
    await buy(shop, "S", 1)
    async with member(browser, shop, "vi", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await expect(rows(page)).to_have_count(2)
        assert await too_wide(page) == []
        await assert_accessible_in_both_schemes(page, subtests)
        await page.get_by_role("link", name="#2").click()
        await expect(state(page)).to_have_text("Order #2: to ship.")
        await expect(page.get_by_role("button", name="Ship order #2")).to_have_count(0)
        await expect(page.get_by_text("No personal data")).to_be_visible()
        assert await too_wide(page) == []
        await assert_accessible_in_both_schemes(page, subtests)
        watched.assert_clean()
