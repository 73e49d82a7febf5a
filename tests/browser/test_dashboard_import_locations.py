"""The import page of a shop with several locations: a file by location, and one of Shopify."""

import csv
import io

from playwright.async_api import Browser, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide
from tests.browser.shop_page import NARROW, WIDE
from tests.browser.test_dashboard_import import WHILE_READING, choose
from tests.support.axe import assert_accessible
from tests.web.shops import HOODIE

BERLIN = AddLocation(location=Location("berlin", "Studio Berlin", priority=2))


def units(shop: AdminShop) -> dict[str, int]:
    view = shop.engine.view
    return {id_: view.level(sku(), id_).on_hand for id_ in view.locations}


async def test_a_file_by_location_is_exported_edited_imported_and_undone(
    browser: Browser,
) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await shop.run(BERLIN, Adjust(sku=sku(), location="berlin", delta=5))
        page = watched.page
        await page.goto(f"{shop.url}/admin/import.html")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV by location").click()
        path = await (await download.value).path()
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
        mine = [row for row in rows if (row["productId"], row["size"]) == (HOODIE, "M")]
        assert [(row["location"], row["stock"]) for row in mine] == [
            ("main", "20"),
            ("berlin", "5"),
        ]
        next(row for row in mine if row["location"] == "berlin")["stock"] = "9"
        made = io.StringIO()
        writer = csv.DictWriter(made, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        await choose(page, made.getvalue())
        changes = page.get_by_role("region", name="Changes")
        await expect(changes).to_contain_text(f"{HOODIE} M · berlin", timeout=WHILE_READING)
        for width, height in (NARROW, WIDE):
            await page.set_viewport_size({"width": width, "height": height})
            assert await too_wide(page) == []
        await assert_accessible(page)
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible(timeout=WHILE_READING)
        assert units(shop) == {"main": 20, "berlin": 9}
        await page.get_by_role("button", name="Undo the import").click()
        await expect(page.get_by_role("button", name="Apply 1 row")).to_be_visible(
            timeout=WHILE_READING
        )
        assert units(shop) == {"main": 20, "berlin": 5}
        watched.assert_clean()


async def test_an_unknown_location_is_shown_with_the_likely_one(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await shop.run(BERLIN)
        page = watched.page
        await page.goto(f"{shop.url}/admin/import.html")
        await choose(page, f"productId,size,location,stock\r\n{HOODIE},M,Berlinn,9\r\n")
        faults = page.get_by_role("region", name="Rows with errors")
        await expect(faults).to_contain_text("but 'berlin' exists", timeout=WHILE_READING)
        await expect(faults.get_by_role("cell", name="location", exact=True)).to_be_visible()
        watched.assert_clean()


async def test_a_file_of_shopify_is_read(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        await shop.run(BERLIN, Adjust(sku=sku(), location="berlin", delta=5))
        page = watched.page
        await page.goto(f"{shop.url}/admin/import.html")
        head = (
            "Handle,Title,Option1 Name,Option1 Value,SKU,Location,On hand (current),On hand (new)"
        )
        lines = [
            f"{HOODIE},,Size,M,{HOODIE}-M,Studio Berlin,5,8",
            f"{HOODIE},,Size,M,{HOODIE}-M,main,19,18",
        ]
        await choose(page, "\r\n".join([head, *lines]))
        await expect(page.get_by_text("An inventory file of Shopify")).to_be_visible(
            timeout=WHILE_READING
        )
        faults = page.get_by_role("region", name="Rows with errors")
        await expect(faults).to_contain_text("it has changed since the export, by +1, to 20")
        await page.get_by_role("button", name="Skip rows with errors").click()
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible(timeout=WHILE_READING)
        assert units(shop) == {"main": 20, "berlin": 8}
        watched.assert_clean()


async def test_a_shop_with_one_location_sees_no_choice(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        async with page.expect_response("**/api/admin/locations"):
            await page.goto(f"{shop.url}/admin/import.html")
        await expect(page.get_by_role("link", name="Export CSV")).to_be_visible()
        await expect(page.get_by_text("by location")).to_have_count(0)
        watched.assert_clean()
