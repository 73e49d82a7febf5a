"""The dashboard of a user who is limited to Berlin, and the owner who sets the limit."""

import re

import pytest
from playwright.async_api import Browser, expect

from fancymonkey.accounts.model import Role
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.routing import Routing
from fancymonkey.core.model import Line
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide, visit
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible_in_both_schemes
from tests.web.shops import PASSWORD

STOCKED_LOCATIONS = tuple(
    AddLocation(location=Location(id_, name, priority=number))
    for number, (id_, name) in enumerate((("berlin", "Berlin"), ("hamburg", "Hamburg")), 2)
)


async def with_locations(shop: AdminShop) -> None:
    await shop.run(
        *STOCKED_LOCATIONS,
        Adjust(sku=sku(), location="berlin", delta=5),
        Adjust(sku=sku(), location="hamburg", delta=7),
    )


async def limited(shop: AdminShop, *locations: str) -> str:
    users = shop.app._shop.accounts.users
    await users.add("bea", Role.STAFF, PASSWORD, locations)
    return "bea"


async def test_a_limited_user_sees_and_changes_one_location(browser: Browser) -> None:
    async with admin_shop() as shop:
        await with_locations(shop)
        name = await limited(shop, "berlin")
        async with member(browser, shop, name) as watched:
            page = watched.page
            await page.goto(f"{shop.url}/admin/")
            await expect(page.locator("#connection")).to_have_text("Live")
            cell = page.locator(f'tr[data-sku="{sku()}"] td.stock input')
            await expect(cell).to_have_value("5")
            pages = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
            await expect(pages).to_have_text(
                ["Stock", "Overview", "Holds", "Orders", "History", "Transfers", "Import", "Users"]
            )
            await expect(page.get_by_role("link", name="CSV")).to_be_visible()
            await cell.fill("+2")
            await cell.press("Enter")
            await expect(cell).to_have_value("7")
            await expect(page.get_by_text("on hand 5 → 7 (+2)")).to_be_visible()
            await shop.run(Adjust(sku=sku(), location="berlin", delta=1))
            await expect(cell).to_have_value("8")
            assert shop.engine.view.level(sku(), "hamburg").on_hand == 7
            watched.assert_clean()


async def test_two_locations_are_chosen_one_after_the_other(browser: Browser) -> None:
    async with admin_shop() as shop:
        await with_locations(shop)
        name = await limited(shop, "berlin", "hamburg")
        async with member(browser, shop, name) as watched:
            page = watched.page
            await page.goto(f"{shop.url}/admin/")
            cell = page.locator(f'tr[data-sku="{sku()}"] td.stock input')
            await expect(cell).to_have_value("5")
            choice = page.get_by_label("Location")
            await expect(choice.get_by_role("option")).to_have_text(["Berlin", "Hamburg"])
            await choice.select_option(label="Hamburg")
            await expect(cell).to_have_value("7")
            watched.assert_clean()


async def test_pages_of_a_limited_user_show_own_units(browser: Browser) -> None:
    async with admin_shop() as shop:
        await with_locations(shop)
        await shop.run(
            Reserve(
                reservation_id="res_1",
                session_id="s1",
                lines=(Line(sku(), 9),),
                location="main",
                ttl=10**7,
                routing=Routing(only_from="main"),
            ),
            Reserve(
                reservation_id="res_2",
                session_id="s2",
                lines=(Line(sku(), 2),),
                location="main",
                ttl=10**7,
                routing=Routing(only_from="berlin"),
            ),
        )
        name = await limited(shop, "berlin")
        async with member(browser, shop, name) as watched:
            page = watched.page
            await visit(page, shop, "holds.html")
            await expect(page.locator("tbody tr")).to_have_count(1)
            await expect(page.locator("tbody tr").first).to_contain_text("at berlin")
            await visit(page, shop, "history.html")
            await expect(page.locator("tbody tr").first).to_contain_text("at berlin")
            await expect(page.get_by_text("at hamburg")).to_have_count(0)
            for path in ("orders.html", "transfers.html", "users.html"):
                await visit(page, shop, path)
                await expect(page.get_by_role("alert").filter(has_text="limited")).to_have_count(0)
            watched.assert_clean()


async def test_an_owner_limits_a_user_and_a_key(browser: Browser) -> None:
    async with admin_shop() as shop:
        await with_locations(shop)
        await limited(shop)
        async with member(browser, shop) as watched:
            page = watched.page
            await visit(page, shop, "users.html")
            await page.get_by_role("button", name="Locations of bea: All").click()
            dialog = page.get_by_role("dialog", name="Locations of bea")
            await dialog.get_by_label("Berlin").check()
            await dialog.get_by_role("button", name="Save").click()
            await expect(
                page.get_by_role("button", name="Locations of bea: Berlin")
            ).to_be_visible()
            await page.get_by_role("button", name="Create a key").click()
            dialog = page.get_by_role("dialog", name="Create an API key")
            await dialog.get_by_label("Purpose").fill("till")
            await dialog.get_by_label("Hamburg").check()
            await dialog.get_by_role("button", name="Create").click()
            await page.get_by_role("button", name="I have saved it").click()
            await expect(page.get_by_role("cell", name="Reads at Hamburg")).to_be_visible()
            users = shop.app._shop.accounts.users
            assert (await users.get("bea")).value.locations == ("berlin",)
            watched.assert_clean()


@pytest.mark.parametrize("screen", [NARROW, WIDE])
async def test_the_limit_fits_and_is_accessible(
    browser: Browser, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with admin_shop() as shop:
        await with_locations(shop)
        await limited(shop, "berlin")
        async with member(browser, shop, screen=screen) as watched:
            page = watched.page
            for path in ("users.html", "holds.html", "history.html"):
                await visit(page, shop, path)
                assert not await too_wide(page), path
                await assert_accessible_in_both_schemes(page, subtests)
            await visit(page, shop, "users.html")
            await page.get_by_role("button", name="Locations of bea: Berlin").click()
            await expect(page.get_by_role("dialog", name="Locations of bea")).to_be_visible()
            await assert_accessible_in_both_schemes(page, subtests)
            watched.assert_clean()


async def test_the_history_and_the_holds_of_one_location(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await with_locations(shop)
        await shop.run(
            Reserve(
                reservation_id="res_2",
                session_id="s2",
                lines=(Line(sku(), 2),),
                location="main",
                ttl=10**7,
                routing=Routing(only_from="berlin"),
            )
        )
        page = watched.page
        await visit(page, shop, "holds.html")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_text("Why berlin").click()
        await expect(page.get_by_text("Berlin has all of it.")).to_be_visible()
        await page.get_by_role("button", name="Hamburg", exact=True).click()
        await expect(page.get_by_text("No active holds match.")).to_be_visible()
        await expect(page).to_have_url(re.compile("location=hamburg"))
        await visit(page, shop, "history.html")
        await page.locator("select[name=location]").select_option(label="Hamburg")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("tbody tr").first).to_contain_text("at hamburg")
        watched.assert_clean()


async def test_pages_of_several_locations_are_not_in_the_menu_of_one(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "overview.html")
        menu = page.get_by_role("navigation", name="Pages", exact=True)
        await expect(menu.get_by_role("link", name="Users")).to_be_visible()
        for name in ("Transfers", "Locations"):
            await expect(menu.get_by_role("link", name=name)).to_have_count(0)
        await page.get_by_role("link", name="Add a location").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Locations")
        await shop.run(*STOCKED_LOCATIONS)
        await visit(page, shop, "overview.html")
        for name in ("Transfers", "Locations"):
            await expect(menu.get_by_role("link", name=name)).to_be_visible()
        watched.assert_clean()
