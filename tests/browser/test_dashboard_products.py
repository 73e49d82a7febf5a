"""The products page: search, add, change, archive and restore; attacks."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.core.catalogue.products import EditFields, NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.store.products_file.fields.extra_fields import image_of, with_image
from tests.browser.products_page import ProductsShop, at_work, products_shop
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible_in_both_schemes
from tests.web.shops import HOODIE

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15"
    b"\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00\x00\x00"
    b"IEND\xaeB`\x82"
)


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[ProductsShop]:
    async with products_shop() as running:
        yield running


def product(shop: ProductsShop, id_: str = HOODIE) -> Product:
    return shop.engine.view.products[id_]


def form(page: Page) -> Locator:
    return page.locator("dialog.product-box[open]")


async def open_form(page: Page, name: str = "MIDNIGHT EMERALD HOODIE") -> Locator:
    await page.get_by_role("link", name=name).click()
    fields = form(page)
    await expect(fields).to_be_visible()
    return fields


async def test_search_and_filters_are_in_the_address(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        rows = page.locator(".products tbody tr")
        await expect(rows).to_have_count(3)
        await page.keyboard.press("/")
        await page.keyboard.type("emer hood")
        await expect(rows).to_have_count(1)
        await page.reload()
        await expect(rows).to_have_count(1)
        await page.get_by_label("Search products").fill("nothing like it")
        await page.get_by_role("button", name="Clear filters").click()
        await page.get_by_role("button", name="tees").click()
        await expect(rows).to_have_text([lambda_text("BANANA TEE")])
        watched.assert_clean()


def lambda_text(words: str) -> Any:
    import re

    return re.compile(words)


async def test_a_product_is_added_by_keyboard_only_and_undone(
    browser: Browser, shop: ProductsShop
) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        await page.get_by_role("button", name="Add a product").focus()
        await page.keyboard.press("Enter")
        for text in ("prod_cap_009", "CANOPY CAP", "caps", "24,90"):
            await page.keyboard.type(text)
            await page.keyboard.press("Tab")
        sizes = form(page).locator("tbody")
        await sizes.get_by_label("Name of the new size").fill("OS")
        await sizes.get_by_label("Units on hand").fill("40")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("CANOPY CAP is on sale.")).to_be_visible()
        assert product(shop, "prod_cap_009").price == Decimal("24.90")
        assert shop.on_hand("OS", "prod_cap_009") == 40
        await page.keyboard.press("Control+z")
        await expect(page.locator(".products tbody tr")).to_have_count(3)
        watched.assert_clean()


async def test_fields_and_sizes_are_changed_and_nothing_else(
    browser: Browser, shop: ProductsShop
) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        box = await open_form(page)
        await expect(box.get_by_role("button", name="Save")).to_be_disabled()
        await box.get_by_label("Price", exact=True).fill("61.90")
        await box.get_by_label("Threshold of M").fill("9")
        await box.get_by_label("Sold out: L").check()
        await box.get_by_role("button", name="Add a size").click()
        await box.get_by_label("Name of the new size").fill("3XL")
        await box.get_by_label("Units on hand of 3XL").fill("7")
        async with page.expect_request("**/api/admin/products") as sent:
            await box.get_by_role("button", name="Save").click()
        body = (await sent.value).post_data_json
        assert body["price"] == "61.90"
        assert body["was"] == {"price": "58"}
        assert [size["size"] for size in body["sizes"]] == ["M", "L", "3XL"]
        await expect(page.get_by_text("MIDNIGHT EMERALD HOODIE was changed.")).to_be_visible()
        items = shop.engine.view.items
        assert product(shop).price == Decimal("61.90")
        assert items[sku_of(HOODIE, "M")].low_stock_threshold == 9
        assert items[sku_of(HOODIE, "L")].sold_out
        assert shop.on_hand("3XL") == 7
        assert shop.on_hand("M") == 20
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Undone")).to_be_visible()
        assert product(shop).price == Decimal(58)
        watched.assert_clean()


async def test_unsaved_edits_ask_before_leaving(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        box = await open_form(page)
        await page.keyboard.press("Escape")
        await expect(box).to_be_hidden()  # nothing was typed
        await expect(page.get_by_role("link", name="MIDNIGHT")).to_be_focused()
        box = await open_form(page)
        await box.get_by_label("Name", exact=True).fill("HALF")
        for _ in range(2):
            await page.keyboard.press("Escape")
            await page.get_by_role("button", name="Keep editing").click()
        await expect(box.get_by_label("Name", exact=True)).to_have_value("HALF")
        asked = []
        page.once("dialog", lambda dialog: asked.append(dialog.type) or dialog.dismiss())
        await page.evaluate("setTimeout(() => location.reload(), 0)")
        for _ in range(200):
            if asked:
                break
            await page.wait_for_timeout(50)
        assert asked == ["beforeunload"]
        await expect(box.get_by_label("Name", exact=True)).to_have_value("HALF")
        await box.get_by_role("button", name="Cancel").click()
        await page.get_by_role("button", name="Discard", exact=True).click()
        await expect(box).to_be_hidden()
        assert product(shop).name == "MIDNIGHT EMERALD HOODIE"


async def test_two_people_edit_the_same_field(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        box = await open_form(page)
        await shop.engine.submit(
            EditFields(key=HOODIE, location=DEFAULT_LOCATION, fields=(("price", Decimal(49)),))
        )
        await box.get_by_label("Price", exact=True).fill("60")
        await box.get_by_role("button", name="Save").click()
        await expect(box.get_by_role("alert")).to_contain_text(
            "Price has been changed from 58 to 49. You entered 60."
        )
        assert product(shop).price == Decimal(49)
        await box.get_by_role("button", name="Save mine").click()
        await expect(box).to_be_hidden()
        assert product(shop).price == Decimal(60)


async def test_unsaved_edits_outlive_the_session(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        box = await open_form(page)
        await box.get_by_label("Name", exact=True).fill("TYPED FOR AN HOUR")
        await page.context.clear_cookies()
        await box.get_by_role("button", name="Save").click()
        await page.wait_for_url("**/admin/admin-login.html**")
        await page.get_by_label("Email or name").fill("ana")
        await page.get_by_label("Password", exact=True).fill("correct horse")
        await page.get_by_role("button", name="Log in").click()
        await expect(form(page).get_by_label("Name", exact=True)).to_have_value("TYPED FOR AN HOUR")
        await form(page).get_by_role("button", name="Save").click()
        await expect(form(page)).to_be_hidden()
        assert product(shop).name == "TYPED FOR AN HOUR"


async def test_off_sale_over_live_holds_and_back(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        body = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "buyer"}
        await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)
        box = await open_form(page)
        await box.get_by_role("button", name="Take off sale", exact=True).click()
        await expect(page.get_by_text("Buyers hold 2 units of MIDNIGHT")).to_be_visible()
        await page.get_by_role("button", name="Cancel").last.click()
        assert not product(shop).archived
        await box.get_by_role("button", name="Take off sale M").click()
        await page.get_by_role("button", name="Release holds").click()
        await expect(box.get_by_role("button", name="Put back on sale M")).to_be_visible()
        assert shop.reserved("M") == 0
        await box.get_by_role("button", name="Take off sale", exact=True).click()
        await expect(box.get_by_role("button", name="Put back on sale", exact=True)).to_be_visible()
        assert product(shop).archived
        await box.get_by_role("button", name="Put back on sale", exact=True).click()
        await expect(box.get_by_role("button", name="Take off sale", exact=True)).to_be_visible()
        items = shop.engine.view.items
        assert not items[sku_of(HOODIE, "L")].archived
        assert items[sku_of(HOODIE, "M")].archived


async def test_every_field_is_shown_as_text(browser: Browser, shop: ProductsShop) -> None:
    item = Item(sku_of("bad", ATTACK), "bad", ATTACK, sku_id=ATTACK, price_id=ATTACK)
    extra = with_image('{"note": "<b onclick=alert(1)>x</b>", "<i>": 1}', f"https://a/{ATTACK}")
    bad = Product("bad", ATTACK, ATTACK, Decimal(1), 9, ATTACK, extra=extra)
    await shop.engine.submit(
        UpsertProduct(product=bad, location=DEFAULT_LOCATION, items=(NewItem(item, 5),))
    )
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page
        ran = []
        page.on("dialog", lambda dialog: ran.append(dialog.message) or dialog.dismiss())
        box = await open_form(page, ATTACK)
        await box.get_by_text("other fields of products.json").click()
        await expect(box.get_by_label("Name", exact=True)).to_have_value(ATTACK)
        await expect(box.locator("dd").first).to_have_text("<b onclick=alert(1)>x</b>")
        assert await page.locator("main script, main img[src=x], dialog script").count() == 0
        await page.keyboard.press("Escape")
        await page.goto(f"{shop.url}/")
        await expect(page.locator('[data-fm-product="bad"] h3')).to_have_text(ATTACK)
        assert not ran


async def test_both_pages_show_a_picture(browser: Browser, shop: ProductsShop) -> None:
    address = "https://cdn.example/hoodie.png"
    async with at_work(browser, shop, "products.html") as watched:
        page = watched.page

        async def answer(route: Any) -> None:
            assert "referer" not in route.request.headers
            await route.fulfill(body=PIXEL, content_type="image/png")

        await page.context.route("https://cdn.example/**", answer)
        box = await open_form(page)
        await box.get_by_label("Picture").fill("http://a.example/x.png")
        await expect(box.get_by_text("The URL must begin with https://")).to_be_visible()
        await box.get_by_label("Picture").fill(address)
        await expect(box.locator(".thumb img")).to_have_js_property("naturalWidth", 1)
        await box.get_by_role("button", name="Save").click()
        await expect(page.locator(".products img")).to_have_js_property("naturalWidth", 1)
        assert image_of(product(shop).extra) == address
        await page.goto(f"{shop.url}/")
        picture = page.locator(f'[data-fm-product="{HOODIE}"] .picture img')
        await expect(picture).to_have_js_property("naturalWidth", 1)
        watched.assert_clean()


async def test_a_viewer_changes_nothing(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "products.html", name="vi") as watched:
        page = watched.page
        box = await open_form(page)
        await expect(page.get_by_role("button", name="Add a product")).to_have_count(0)
        await expect(box.get_by_role("button", name="Save")).to_have_count(0)
        await expect(box.get_by_label("Name", exact=True)).to_have_attribute("readonly", "")
        watched.assert_clean()


async def test_an_empty_shop_and_one_that_cannot_be_read(browser: Browser) -> None:
    async with products_shop(fill=()) as shop, at_work(browser, shop, "products.html") as watched:
        page = watched.page
        await expect(page.get_by_text("There are no products yet.")).to_be_visible()
        await page.route("**/api/admin/products**", lambda route: route.abort())
        await page.reload()
        await expect(page.get_by_text("The page could not be loaded.")).to_be_visible()
        await page.unroute("**/api/admin/products**")
        await page.get_by_role("button", name=lambda_text("Try again|Retry")).click()
        await expect(page.get_by_text("There are no products yet.")).to_be_visible()


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_import_page_is_accessible(
    browser: Browser, shop: ProductsShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with at_work(browser, shop, "products.html", screen=screen) as watched:
        page = watched.page
        await expect(page.locator(".products tbody tr")).to_have_count(3)
        await assert_accessible_in_both_schemes(page, subtests)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await open_form(page)
        await assert_accessible_in_both_schemes(page, subtests)
        watched.assert_clean()
