"""The work of a warehouse with orders: on a phone, with a scanner, from two locations, on paper."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from fancymonkey.accounts.model import Role
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Line
from fancymonkey.core.orders.ship import MoveOrderAllocation
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide, visit
from tests.browser.test_dashboard_orders import PHONE, buy, orders, rows, state
from tests.support.axe import assert_accessible, assert_accessible_in_both_schemes
from tests.support.pdf_text import pdf_pages
from tests.web.shops import PASSWORD

CAMERA = """
window.BarcodeDetector = class { async detect() { return [{ rawValue: window.code ?? "JD77" }]; } };
const canvas = document.createElement("canvas");
canvas.getContext("2d");
navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
"""


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


async def at_two_locations(shop: AdminShop) -> None:
    """Order 1 has 2 × M: one at the first location, one in Berlin, which has others."""
    await shop.run(
        AddLocation(location=Location("berlin", "Berlin", priority=2)),
        Adjust(sku=sku(), location="berlin", delta=5),
    )
    await buy(shop)
    (order,) = await orders(shop)
    await shop.run(
        MoveOrderAllocation(
            order_id=order.order_id,
            lines=(Line(sku(), 1),),
            location=None,
            to="berlin",
            reason="",
            actor="test",
        )
    )


async def search(page: Page, words: str) -> None:
    box = page.get_by_role("searchbox")
    await box.fill(words)
    await box.press("Enter")


async def test_a_phone_picks_and_ships_with_a_scanner(browser: Browser, shop: AdminShop) -> None:
    await buy(shop)
    await buy(shop, "S", 1)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await expect(rows(page).first).to_contain_text("#1")
        await page.get_by_role("button", name="Pick list", exact=True).click()
        picks = page.get_by_role("list", name="Pick list").get_by_role("checkbox")
        await expect(picks).to_have_count(2)
        await picks.first.check()
        await expect(page.get_by_text("1 of 2 rows picked.")).to_be_visible()
        assert await too_wide(page) == []
        await assert_accessible(page)
        await page.reload()
        await expect(page.get_by_text("1 of 2 rows picked.")).to_be_visible()
        await page.get_by_role("button", name="Clear ticks").click()
        await expect(page.get_by_text("0 of 2 rows picked.")).to_be_visible()
        await search(page, "2")  # as a scanner types the bar code of a packing slip
        await expect(state(page)).to_have_text("Order #2: to ship.")
        await page.get_by_role("button", name="Ship order #2").click()
        asked = page.get_by_role("dialog", name="Ship order #2")
        await asked.get_by_label("Tracking number").fill("JD014600003SE")
        assert await too_wide(page) == []
        await assert_accessible(page)
        await page.keyboard.press("Enter")
        await expect(state(page)).to_have_text("Order #2: shipped.")
        await expect(page.get_by_text("JD014600003SE")).to_be_visible()
        watched.assert_clean()


async def test_a_search_finds_orders_of_every_status(browser: Browser, shop: AdminShop) -> None:
    await buy(shop)
    await buy(shop, "S", 1)
    (first, _) = await orders(shop)
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"orders.html?id={first.order_id}")
        await page.get_by_role("button", name="Ship order #1").click()
        asked = page.get_by_role("dialog", name="Ship order #1")
        await expect(asked.get_by_label("Tracking number")).to_be_focused()
        await page.keyboard.type("340434161094042557")
        await page.keyboard.press("Enter")
        await expect(state(page)).to_have_text("Order #1: shipped.")
        await page.get_by_role("button", name="All orders").click()
        await expect(rows(page)).to_have_count(1)
        buyer = await page.evaluate("fetch('/api/admin/orders').then(a => a.json())")
        email, name = (buyer["orders"][0]["buyer"][field] for field in ("email", "name"))
        for words, count in ((email, 2), (name, 2), ("340434161094042557", 1), ("nothing", 0)):
            await search(page, words)
            await expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute(
                "aria-pressed", "true"
            )
            await expect(rows(page)).to_have_count(count)
        await page.get_by_role("button", name="Clear filters").click()
        await search(page, "#1")
        await expect(state(page)).to_have_text("Order #1: shipped.")
        watched.assert_clean()


async def test_units_at_two_locations_are_shipped_one_after_the_other(
    browser: Browser, shop: AdminShop
) -> None:
    await at_two_locations(shop)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await page.get_by_role("link", name="#1").click()
        await page.get_by_role("button", name="Ship order #1").click()
        asked = page.get_by_role("dialog", name="Ship order #1")
        await asked.get_by_label("Leaves from").select_option("berlin")
        await expect(asked.get_by_label("MIDNIGHT EMERALD HOODIE M, of 1")).to_have_value("1")
        await asked.get_by_role("button", name="Ship", exact=True).click()
        await expect(state(page)).to_have_text("Order #1: partly shipped.")
        await page.get_by_role("button", name="Ship order #1").click()
        await asked.get_by_label("Leaves from").select_option("berlin")
        await expect(asked.get_by_text("Main had them and gets its units back.")).to_be_visible()
        await asked.get_by_label("Leaves from").select_option("main")
        await asked.get_by_role("button", name="Ship", exact=True).click()
        await expect(state(page)).to_have_text("Order #1: shipped.")
        watched.assert_clean()
    (order,) = await orders(shop)
    assert {(row.location, row.shipped) for row in order.units} == {("main", 1), ("berlin", 1)}


async def test_units_of_either_location_are_moved_and_cancelled(
    browser: Browser, shop: AdminShop
) -> None:
    await at_two_locations(shop)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await page.get_by_role("link", name="#1").click()
        await page.get_by_role("button", name="Move order #1").click()
        asked = page.get_by_role("dialog", name="Move units of order #1")
        await asked.get_by_label("Units at").select_option("berlin")
        await expect(asked.get_by_label("Ships from").get_by_role("option")).to_have_text(["Main"])
        await asked.get_by_label("Units at").select_option("main")
        await asked.get_by_role("button", name="Move").click()
        await expect(page.locator(".toast")).to_contain_text("1 unit moved to Berlin.")
        await page.get_by_role("button", name="Cancel order #1").click()
        asked = page.get_by_role("dialog", name="Cancel units of order #1?")
        await asked.get_by_label("MIDNIGHT EMERALD HOODIE M, of 2").fill("1")
        await asked.get_by_role("button", name="Cancel units").click()
        await expect(page.locator(".order-steps")).to_contain_text("cancelled")
        assert await too_wide(page) == []
        watched.assert_clean()
    levels = {place: shop.engine.view.level(sku(), place) for place in ("main", "berlin")}
    assert [level.available for level in levels.values()] == [20, 4]


async def test_a_change_is_reported_once_the_page_shows_it(
    browser: Browser, shop: AdminShop
) -> None:
    await at_two_locations(shop)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html?id=" + (await orders(shop))[0].order_id)
        await expect(state(page)).to_have_text("Order #1: to ship.")
        may_answer = asyncio.Event()

        async def delayed(route: Route) -> None:
            await may_answer.wait()
            await route.continue_()

        await page.route("**/api/admin/orders?**", delayed)
        async with page.expect_request("**/api/admin/orders?**"):
            await page.get_by_role("button", name="Move order #1").click()
            asked = page.get_by_role("dialog", name="Move units of order #1")
            await asked.get_by_label("Units at").select_option("main")
            await asked.get_by_role("button", name="Move").click()
        assert await page.locator(".toast").count() == 0
        may_answer.set()
        await expect(page.locator(".toast")).to_contain_text("1 unit moved to Berlin.")
        assert await page.get_by_role("cell", name="Main", exact=True).count() == 0
        await page.unroute("**/api/admin/orders?**")
        watched.assert_clean()


async def test_the_camera_scans_a_tracking_number_and_a_slip(
    browser: Browser, shop: AdminShop
) -> None:
    await buy(shop)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        await page.add_init_script(CAMERA)
        await visit(page, shop, "orders.html")
        await page.evaluate("window.code = '1'")
        await page.get_by_role("button", name="Scan a packing slip").click()
        await expect(state(page)).to_have_text("Order #1: to ship.")
        await page.evaluate("window.code = 'JD77'")
        await page.get_by_role("button", name="Ship order #1").click()
        asked = page.get_by_role("dialog", name="Ship order #1")
        await asked.get_by_role("button", name="Scan the tracking number").click()
        await expect(asked.get_by_role("textbox", name="Tracking number")).to_have_value("JD77")
        await asked.get_by_role("button", name="Ship", exact=True).click()
        await expect(page.get_by_text("JD77")).to_be_visible()
        watched.assert_clean()


async def test_without_a_camera_nothing_is_lost(browser: Browser, shop: AdminShop) -> None:
    await buy(shop)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        broken = "navigator.mediaDevices.getUserMedia = async () => { throw new Error('no'); };"
        await page.add_init_script(CAMERA + broken)
        await visit(page, shop, "orders.html")
        await page.get_by_role("button", name="Ship order #1").click()
        asked = page.get_by_role("dialog", name="Ship order #1")
        await asked.get_by_label("Carrier").fill("DHL")
        await asked.get_by_role("button", name="Scan the tracking number").click()
        await expect(page.get_by_text("The camera cannot be used.")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        await expect(asked.get_by_label("Carrier")).to_have_value("DHL")
        watched.assert_clean()


async def test_papers_are_downloaded_as_pdf(
    browser: Browser, shop: AdminShop, tmp_path: Path
) -> None:
    await buy(shop)
    await buy(shop, "S", 1)
    async with member(browser, shop, "sam", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        for link, texts in (
            ("Pick list PDF", ["Pick list, Main: 3 units"]),
            ("Packing slips PDF", ["Packing slip, order #1", "Packing slip, order #2"]),
        ):
            async with page.expect_download() as downloading:
                await page.get_by_role("link", name=link).click()
            file = tmp_path / "paper.pdf"
            await (await downloading.value).save_as(file)
            pages = pdf_pages(file.read_bytes())
            assert [page_.lines[0] for page_ in pages] == texts
        watched.assert_clean()
    async with member(browser, shop, "vi", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "orders.html")
        await expect(page.get_by_role("link", name="Pick list PDF")).to_be_visible()
        await expect(page.get_by_role("link", name="Packing slips PDF")).to_have_count(0)
        watched.assert_clean()


async def test_a_limited_user_has_overview_export_and_import(
    browser: Browser, shop: AdminShop, tmp_path: Path
) -> None:
    await at_two_locations(shop)
    await shop.app._shop.accounts.users.add("bea", Role.STAFF, PASSWORD, ("berlin",))
    async with member(browser, shop, "bea", PHONE) as watched:
        page = watched.page
        await visit(page, shop, "overview.html")
        await expect(page.get_by_text("units on hand in")).to_be_visible()
        await expect(
            page.get_by_role("table", name="By location").locator("tbody tr")
        ).to_have_count(1)
        for heading in ("To decide", "Health"):
            await expect(page.get_by_role("heading", name=heading)).to_have_count(0)
        assert await too_wide(page) == []
        await assert_accessible(page)
        await visit(page, shop, "import.html")
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="CSV by location").click()
        file = tmp_path / "stock.csv"
        await (await downloading.value).save_as(file)
        text = file.read_text("utf-8-sig")
        assert "berlin" in text
        assert "main" not in text
        body = f"productId,size,location,stock\r\n{sku().replace('/', ',')},berlin,9\r\n"
        file.write_text(body + f"{sku().replace('/', ',')},main,9\r\n")
        await page.locator("input[type=file]").set_input_files(file)
        await expect(
            page.get_by_text("it is for 'main': you are limited to berlin")
        ).to_be_visible()
        await page.get_by_role("button", name="Skip rows with errors").click()
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible()
        assert await too_wide(page) == []
        watched.assert_clean()
    assert shop.engine.view.level(sku(), "berlin").on_hand == 9


async def test_the_dialogs_fit_a_phone(
    browser: Browser, shop: AdminShop, subtests: pytest.Subtests
) -> None:
    await at_two_locations(shop)
    async with member(browser, shop, "ana", PHONE) as watched:
        page = watched.page
        await page.add_init_script(CAMERA)
        await visit(page, shop, "orders.html")
        await page.get_by_role("link", name="#1").click()
        for action in ("Ship", "Move", "Cancel", "Refund", "Erase personal data"):
            await page.get_by_role("button", name=f"{action} order #1").click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            assert await too_wide(page) == []
            await assert_accessible_in_both_schemes(page, subtests)
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("dialog")).to_have_count(0)
        watched.assert_clean()
