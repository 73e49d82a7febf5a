"""The longest and most numerous names, numbers and categories break no page."""

import os
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY, Item, Kind, Product, sku_of
from fancymonkey.core.stock.adjust import Adjust
from tests.browser.admin_page import AdminShop, admin_shop, member
from tests.browser.admin_page import visit as visit_page
from tests.browser.shop_page import NARROW, WIDE, buyer
from tests.browser.test_dashboard_stock_accessibility import sideways
from tests.support.axe import SCHEMES

LONG = "EMERALDHOODIE" * 15 + "EMERA"
WORDS = "THE VERY LONG NAME OF A GARMENT " * 6
CATEGORY = "C" * 120
SIZE = "ONESIZEFITSALL" * 4
PICTURES = os.environ.get("PICTURES")
"""A folder for a picture of each page, for a manual check."""

PAGES = [
    "index.html",
    "products.html",
    "history.html",
    "history.html?sku=long/M",
    "holds.html",
    "orders.html?status=all",
    "overview.html",
    "payments.html",
]
SCREENS = pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["1280", "390"])


def size_of(product: str, size: str, on_hand: int, place: int = 0) -> NewItem:
    return NewItem(Item(sku_of(product, size), product, size, place), on_hand)


def hostile() -> list[Command]:
    """Forty categories, very long names, and the largest allowed numbers."""
    most = MAX_QUANTITY
    made: list[Command] = [
        UpsertProduct(
            product=Product("long", LONG, CATEGORY, Decimal("123456789.99"), 0),
            location=DEFAULT_LOCATION,
            items=(size_of("long", "M", most), size_of("long", SIZE, 123_456, 1)),
        ),
        UpsertProduct(
            product=Product("words", WORDS.strip(), "words", Decimal(20), 1),
            location=DEFAULT_LOCATION,
            items=(size_of("words", "M", most - 1), size_of("words", "L", 12_345, 1)),
        ),
    ]
    for place in range(40):
        product = Product(f"p{place:02}", f"GARMENT {place}", f"category {place:02}", Decimal(9))
        made.append(
            UpsertProduct(
                product=product, location=DEFAULT_LOCATION, items=(size_of(f"p{place:02}", "M", 3),)
            )
        )
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop(hostile()) as running:
        await running.reserve("M", 900_000_000, "long")
        await running.pay_late("L", taken=12_344, quantity=2, product="words")
        paid = await running.checkout(SIZE, 1, "long")
        await running.at_stripe(paid, "pay")
        await running.at_stripe(paid, "refund")
        yield running


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=f"{PICTURES}/{name}.png")


async def clipped(page: Page, places: str) -> list[str]:
    """The texts of elements that cut their text off."""
    texts: list[str] = await page.eval_on_selector_all(
        places,
        """all => all.filter(one => one.getClientRects().length)
          .filter(one => one.scrollWidth > one.clientWidth + 1)
          .map(one => one.value ?? one.textContent)""",
    )
    return texts


@SCREENS
async def test_no_page_of_the_dashboard_moves_sideways(
    browser: Browser, shop: AdminShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        for name in PAGES:
            await page.goto(f"{shop.url}/admin/{name}")
            await expect(page.locator("#main")).to_contain_text(LONG[:12])
            for scheme in SCHEMES:
                with subtests.test(f"{name}, {scheme}"):
                    await page.emulate_media(color_scheme=scheme)
                    await picture(page, f"{name.split('.')[0]}-{screen[0]}-{scheme}-{len(name)}")
                    assert await sideways(page) <= 0
        watched.assert_clean()


@SCREENS
async def test_numbers_are_shown_whole_and_alike(
    browser: Browser, shop: AdminShop, screen: tuple[int, int]
) -> None:
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        await page.goto(f"{shop.url}/admin/")
        row = page.locator('tr[data-sku="long/M"]')
        on_hand = row.locator('input[data-field="stock"]')
        await expect(on_hand).to_have_value("1,000,000,000")
        await expect(row.locator("td.available")).to_have_text("100,000,000")
        await expect(row.locator("td.reserved")).to_contain_text("900,000,000")
        numbers = "td:is(.stock, .available, .reserved, .lowStockThreshold)"
        assert await clipped(page, f"fm-stock {numbers}, fm-stock {numbers} input") == []
        await on_hand.focus()
        await expect(on_hand).to_have_value("1000000000")
        selected = await on_hand.evaluate("one => one.selectionEnd - one.selectionStart")
        assert selected == 10
        await page.keyboard.type("999999999")
        assert await clipped(page, "fm-stock input:focus") == []
        await page.keyboard.press("Escape")
        await on_hand.blur()
        await expect(on_hand).to_have_value("1,000,000,000")
        watched.assert_clean()


async def broken(page: Page, places: str) -> list[str]:
    """The words and groups of digits that are broken over two lines."""
    texts: list[str] = await page.eval_on_selector_all(
        places,
        """all => all.flatMap(one => {
          const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
          const cut = [];
          while (walk.nextNode()) {
            for (const word of walk.currentNode.data.matchAll(/\\S+/g)) {
              const range = document.createRange();
              range.setStart(walk.currentNode, word.index);
              range.setEnd(walk.currentNode, word.index + word[0].length);
              if (range.getClientRects().length > 1) cut.push(word[0]);
            }
          }
          return cut;
        })""",
    )
    return texts


@SCREENS
async def test_no_number_of_the_overview_is_broken(
    browser: Browser, shop: AdminShop, screen: tuple[int, int]
) -> None:
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        await visit_page(page, shop, "overview.html")
        number = page.locator(".tile b").get_by_text("900,012,344", exact=True)
        await expect(number).to_be_visible()
        assert await broken(page, ".tile b") == []
        watched.assert_clean()


async def test_a_price_with_cents_stays_on_its_line(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        half = sku_of("prod_hoodie_002", "M")  # it costs 62.50
        await shop.run(
            Adjust(sku=half, location=DEFAULT_LOCATION, delta=1, kind=Kind.RECEIVED, actor="ana")
        )
        await visit_page(watched.page, shop, "overview.html")
        worth = watched.page.locator(".tile b").nth(1)
        await expect(worth).to_have_text(re.compile(r"^\$\d,\d{3}\.\d0$"))
        lines = await worth.evaluate(
            "one => one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)"
        )
        assert round(lines) == 1


@SCREENS
async def test_no_entry_of_the_history_is_broken_or_cut(
    browser: Browser, shop: AdminShop, screen: tuple[int, int]
) -> None:
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        await visit_page(page, shop, "history.html")
        await expect(page.get_by_text("+900,000,000")).to_be_visible()
        assert await broken(page, "table.cards .title b, table.cards .move") == []
        entries = page.get_by_role("region", name="Entries")
        assert await entries.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
        watched.assert_clean()


@pytest.mark.parametrize("count", [7, 123_456, 1_000_000, 999_999_999, 1_000_000_000])
@SCREENS
async def test_a_number_that_grows_gets_room(
    browser: Browser, screen: tuple[int, int], count: int
) -> None:
    async with admin_shop() as shop, member(browser, shop, screen=screen) as watched:
        page = watched.page
        await page.goto(f"{shop.url}/admin/")
        place = page.locator('tr[data-sku="prod_tee_001/M"] input[data-field="stock"]')
        await place.fill(f"+{count - 100}" if count == 123_456 else str(count))
        await place.press("Enter")
        if count < 100:
            await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await place.blur()
        await expect(place).to_have_value(f"{count:,}")
        row = page.locator('tr[data-sku="prod_tee_001/M"]')
        await expect(row.locator("td.available")).to_have_text(f"{count:,}")
        assert await clipped(page, "fm-stock td.available, fm-stock td.stock input") == []
        assert await sideways(page) <= 0
        watched.assert_clean()


async def test_a_number_may_be_typed_with_its_separators(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        await page.goto(f"{shop.url}/admin/")
        place = page.locator('tr[data-sku="prod_tee_001/M"] input[data-field="stock"]')
        await place.fill("1,234,567")
        await place.press("Enter")
        await place.blur()
        await expect(place).to_have_value("1,234,567")
        assert shop.engine.view.stock("prod_tee_001/M").on_hand == 1_234_567
        await place.fill("1,23")
        await place.press("Enter")
        await expect(
            page.get_by_text("Enter a whole number, or a change such as +5 or -3.")
        ).to_be_visible()


@pytest.mark.parametrize("name", ["index.html", "products.html"])
async def test_forty_categories_are_a_few_chips_and_a_list(
    browser: Browser, shop: AdminShop, name: str
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await page.goto(f"{shop.url}/admin/{name}")
        chips = page.get_by_role("group", name="Filters")
        more = chips.get_by_role("button", name="More …")
        await expect(more).to_be_visible()
        box = await chips.bounding_box()
        assert box is not None
        assert box["height"] < 90  # two rows at most
        await more.click()
        asked = page.get_by_role("dialog", name="Categories")
        await asked.get_by_role("searchbox").fill("31")
        await expect(asked.get_by_role("checkbox")).to_have_count(1)
        await asked.get_by_label("category 31").check()
        await asked.get_by_role("button", name="Done").click()
        chip = chips.get_by_role("button", name="category 31")
        await expect(chip).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#main")).to_contain_text("GARMENT 31")
        await expect(page.locator("#main")).not_to_contain_text("GARMENT 30")
        await chip.click()
        await expect(chip).to_have_count(0)
        watched.assert_clean()


@SCREENS
async def test_the_shop_and_its_basket_do_not_move_sideways(
    browser: Browser, shop: AdminShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with buyer(browser, screen) as watched:
        page = watched.page

        async def look(name: str) -> None:
            for scheme in SCHEMES:
                with subtests.test(f"{name}, {scheme}"):
                    await page.emulate_media(color_scheme=scheme)
                    await picture(page, f"{name}-{screen[0]}-{scheme}")
                    assert await sideways(page) <= 0

        await page.goto(shop.url)
        size = page.locator('[data-fm-product="long"] [data-fm-size="M"]')
        await expect(size).to_be_visible()
        chips = page.get_by_role("navigation", name="Categories").get_by_role("button")
        await expect(chips).to_have_count(8)
        names = await chips.all_inner_texts()
        assert [name.lower() for name in names[1:7]] == [f"category {n:02}" for n in range(6)]
        await look("shop")
        await page.get_by_role("button", name="More …").click()
        await page.get_by_role("searchbox", name="Search categories").fill("category 3")
        more = page.get_by_role("group", name="More categories").get_by_role("button")
        await expect(more).to_have_count(13)
        await look("shop-more")
        await more.filter(has_text="31").click()
        await expect(page.locator(".card:visible")).to_have_count(1)
        await page.get_by_role("button", name="Everything").click()
        await size.click()
        await page.get_by_role("button", name="Basket").first.click()
        await expect(page.get_by_role("dialog")).to_contain_text(LONG[:12])
        await look("basket")
        inner = await page.get_by_role("dialog").evaluate(
            "one => one.scrollWidth - one.clientWidth"
        )
        assert inner <= 0
        row = await page.get_by_role("dialog").locator(".lines li").first.bounding_box()
        assert row is not None
        assert row["height"] < 250  # the whole basket is visible
        watched.assert_clean()


async def test_products_show_their_prices_beside_a_long_name(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit_page(page, shop, "products.html")
        row = page.locator(".products tbody tr").first
        for column in ("td.price", "td.on-hand"):
            await expect(row.locator(column)).to_be_in_viewport(ratio=1)
        box = await row.bounding_box()
        assert box is not None
        assert box["height"] < 200
