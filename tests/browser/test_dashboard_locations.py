"""The locations page: add, change, close and reopen a location, also on a phone."""

import pytest
from playwright.async_api import Browser, Page, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide, visit
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible_in_both_schemes

BERLIN = Location("berlin", "Studio Berlin", country="DE", priority=2, pickup=True)


async def add(page: Page) -> None:
    """Adds a location by the dialog, with the keyboard alone."""
    await page.get_by_role("button", name="Add a location …").press("Enter")
    dialog = page.get_by_role("dialog", name="Add a location")
    await expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("Studio Berlin")
    await page.keyboard.press("Tab")
    await page.keyboard.type("berlin")
    await dialog.get_by_label("Country (two letters)").fill("de")
    await dialog.get_by_label("Latitude").fill("52,53")
    await dialog.get_by_label("Longitude").fill("13.4")
    await dialog.get_by_label("Pick-up by buyers").press("Space")
    await dialog.get_by_label("Longitude").press("Enter")
    await expect(page.locator(".entry", has_text="Studio Berlin")).to_be_visible()


async def test_a_location_from_adding_it_to_closing_it(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "locations.html")
        await add(page)
        added = shop.engine.view.locations["berlin"]
        assert (added.country, str(added.latitude), added.pickup) == ("DE", "52.53", True)
        await page.get_by_role("button", name="Change Studio Berlin …").click()
        dialog = page.get_by_role("dialog", name="Change Studio Berlin")
        await dialog.get_by_label("Name", exact=True).fill("Shop Berlin")
        await dialog.get_by_label("Latitude").fill("")
        await dialog.get_by_label("Longitude").fill("")
        await dialog.get_by_label("Pick-up of units from other locations").fill("2")
        await dialog.get_by_role("button", name="Save").click()
        entry = page.locator(".entry", has_text="Shop Berlin")
        await expect(entry).to_contain_text("Sells online, pick-up by buyers")
        changed = shop.engine.view.locations["berlin"]
        assert (changed.latitude, changed.pickup_lead_days) == (None, 2)
        await shop.run(Adjust(sku=sku(), location="berlin", delta=3))
        await page.get_by_role("button", name="Close Shop Berlin …").click()
        await page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
        full = page.get_by_role("dialog", name="It is not empty")
        await expect(full).to_contain_text("prod_hoodie_001 M")
        await full.get_by_role("button", name="OK").click()
        await shop.run(Adjust(sku=sku(), location="berlin", delta=-3))
        await page.get_by_role("button", name="Close Shop Berlin …").click()
        await page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
        await expect(entry).to_contain_text("Closed")
        await page.get_by_role("button", name="Reopen Shop Berlin").click()
        await expect(entry).to_contain_text("Open")
        await expect(page.get_by_role("button", name="Close Main …")).to_have_count(0)


async def test_the_owner_changes_the_order_of_the_routing_rules(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "locations.html")
        await expect(page.get_by_role("heading", name="Which location serves")).to_have_count(0)
        await with_berlin(shop)
        await visit(page, shop, "locations.html")
        rules = page.locator("ol .entry b")
        await expect(rules.nth(2)).to_have_text("3. Nearest")
        await page.get_by_role("button", name="Nearest: move up").press("Enter")
        await expect(rules.nth(1)).to_have_text("2. Nearest")
        order = [str(rule) for rule in await shop.app._shop.routing.rules()]
        assert order[:3] == ["same_country", "nearest", "fewest_parcels"]
        watched.assert_clean()


async def test_a_viewer_changes_nothing(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop, "vi") as watched:
        await visit(watched.page, shop, "locations.html")
        await expect(watched.page.locator(".entry")).to_have_count(1)
        await expect(watched.page.locator("main").get_by_role("button")).to_have_count(0)
        watched.assert_clean()


@pytest.mark.parametrize("screen", [NARROW, WIDE])
async def test_it_fits_and_is_accessible(
    browser: Browser, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with admin_shop() as shop, member(browser, shop, "ana", screen) as watched:
        await with_berlin(shop)
        await visit(watched.page, shop, "locations.html")
        assert await too_wide(watched.page) == []
        await assert_accessible_in_both_schemes(watched.page, subtests)
        await watched.page.get_by_role("button", name="Change Studio Berlin …").click()
        assert await too_wide(watched.page) == []
        await assert_accessible_in_both_schemes(watched.page, subtests)
        watched.assert_clean()


async def with_berlin(shop: AdminShop) -> None:
    await shop.run(AddLocation(location=BERLIN))
