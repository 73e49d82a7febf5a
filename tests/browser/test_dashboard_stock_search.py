"""Search, filters, views, order and columns of the stock page."""

import asyncio
import re
import time
from decimal import Decimal
from typing import Any

from playwright.async_api import Browser, Locator, Route, expect

from fancymonkey.core.catalogue.products import NewItem, RemoveProduct, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product
from tests.browser.stock_page import (
    HOODIE,
    TEE,
    XL,
    L,
    M,
    S,
    cell,
    drawn,
    expect_shown,
    log_in,
    many,
    number,
    person,
    row,
    shown,
    stock_shop,
)
from tests.support.visitors import visitor
from tests.web.shops import catalogue

READ = "**/api/admin/inventory"
SEARCH = """words => new Promise(done => {
    const field = document.querySelector('input[type=search]');
    const began = performance.now();
    field.value = words;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    const look = () => document.querySelectorAll('tr[data-sku]').length === 10
        && document.querySelector('tr[data-sku] .what').textContent.toLowerCase() === words
        ? done(performance.now() - began) : requestAnimationFrame(look);
    look();
})"""
"""The time from the typed words to the matching rows, in ms."""


async def test_a_skeleton_is_shown_before_the_rows(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        may_answer = asyncio.Event()

        async def delayed(route: Route) -> None:
            await may_answer.wait()
            await route.continue_()

        await page.route(READ, delayed)
        await page.reload(wait_until="domcontentloaded")
        await expect(page.locator("table[aria-busy=true] tr.skeleton").first).to_be_visible()
        await expect(page.locator("tr[data-sku]")).to_have_count(0)
        may_answer.set()
        await expect(row(page)).to_be_visible()
        await expect(page.locator("tr.skeleton")).to_have_count(0)
        await expect(page.get_by_role("heading", name="Stock")).to_have_count(1)
        watched.assert_clean()


async def test_five_thousand_rows_are_few_in_the_page(browser: Browser) -> None:
    async with stock_shop(many(5000)) as room, person(browser, room) as watched:
        page = watched.page
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        await page.reload()
        await expect(row(page, "p0000/0")).to_be_visible()
        metrics = (await session.send("Performance.getMetrics"))["metrics"]
        seconds = {metric["name"]: metric["value"] for metric in metrics}["TaskDuration"]
        assert seconds < 1.5, (
            seconds
        )  # CPU time of the page's main thread, independent of other work of the machine
        assert await page.locator("tr").count() < 100
        await expect(page.get_by_role("table", name="Stock")).to_have_attribute(
            "aria-rowcount", "5001"
        )
        await page.locator("fm-stock .scroll").evaluate("box => box.scrollTo(0, 1e9)")
        await expect(row(page, "p0499/9")).to_be_visible()
        await expect(row(page, "p0499/9")).to_have_attribute("aria-rowindex", "5001")
        assert await page.locator("tr").count() < 100


async def test_badges_have_a_word_a_shape_and_a_colour(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await room.update(page, TEE, soldOut=True, restockDate="2027-01-05")
        words = {M: "In stock", S: "Low", XL: "Out", TEE: "Sold out by owner"}
        looks = set()
        for sku, word in words.items():
            badge = row(page, sku).locator(".badge")
            await expect(badge).to_have_text(word)
            space = "(td => td.clientWidth - td.scrollWidth)(badge.closest('td'))"
            assert await badge.evaluate(f"badge => {space}") >= 0, f"{word} does not fit"
            looks.add(
                await badge.evaluate(
                    """badge => { const s = getComputedStyle(badge, '::before');
                    return [s.borderRadius, s.clipPath, s.height].join() }"""
                )
            )
        assert len(looks) == 4, looks
        await expect(cell(page, TEE, "restockDate")).to_have_text("Jan 5, 2027")


async def test_numbers_add_up_and_show_the_holds(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await room.reserve(page, quantity=3)
        reserved = cell(page, M, "reserved").get_by_role("link")
        await expect(reserved).to_have_text("3")
        await expect(cell(page, M, "available")).to_have_text("17")
        await reserved.focus()
        message = page.get_by_role("tooltip")
        await expect(message).to_contain_text("1 hold of 3 units")
        await expect(message).to_contain_text(re.compile(r"3 in a basket\s*(29:|30:)"))
        await page.keyboard.press("Escape")
        await expect(message).to_have_count(0)
        await reserved.hover()
        await expect(message).to_be_visible()
        await reserved.click()
        await page.wait_for_url(f"**/admin/holds.html?sku={HOODIE}%2FM")
        watched.assert_clean()


async def test_slash_finds_by_every_name_and_marks_it(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        message = page.locator(".found [role=status]")
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        for text, count in (("emerald", 4), (M, 1), ("hoodie xl", 1), ("price_prod_tee", 1)):
            await page.get_by_role("searchbox").fill(text)
            await expect(message).to_have_text(f"{count} size{'' if count == 1 else 's'}")
        await page.get_by_role("searchbox").fill("hoodie m")
        await expect(row(page).locator("mark").first).to_have_text("M", ignore_case=True)
        await expect(page).to_have_url(re.compile(r"\?q=hoodie\+m$"))
        watched.assert_clean()


async def test_the_search_answers_at_once_among_five_thousand(browser: Browser) -> None:
    async with stock_shop(many(5000)) as room, person(browser, room) as watched:
        page = watched.page
        times = [await page.evaluate(SEARCH, f"garment 004{digit}") for digit in range(3)]
        assert min(times) < 100, times  # other work on the machine can only make it slower


async def test_filters_are_taken_off_one_by_one_or_all(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        filters = page.get_by_role("group", name="Filters")
        await filters.get_by_role("button", name="Low", exact=True).click()
        await filters.get_by_role("button", name="Out", exact=True).click()
        await filters.get_by_role("button", name="hoodies").click()
        await expect_shown(page, [S, XL, "prod_hoodie_002/S/M"])
        await filters.get_by_role("button", name="Out", exact=True).click()
        await expect_shown(page, [S, "prod_hoodie_002/S/M"])
        await page.get_by_role("button", name="Clear all").click()
        await expect(drawn(page)).to_have_count(7)
        await expect(page).to_have_url(f"{room.url}/admin/")


async def test_the_address_is_the_state(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        filters = page.get_by_role("group", name="Filters")
        await filters.get_by_role("button", name="hoodies").click()
        await page.get_by_role("button", name="On hand").click()
        await expect(page).to_have_url(re.compile(r"category=hoodies&sort=stock$"))
        await expect(drawn(page).first).to_have_attribute("data-sku", XL)
        there = await shown(page)
        await page.reload()
        await expect(row(page)).to_be_visible()
        await expect_shown(page, there)
        await page.go_back()
        await expect(page).to_have_url(re.compile(r"\?category=hoodies$"))
        await expect(drawn(page).first).to_have_attribute("data-sku", S)
        await page.go_back()
        await expect(row(page, TEE)).to_be_visible()
        async with person(browser, room, "ana", query="?q=ash&sort=-size") as other:
            await expect(row(other.page, "prod_hoodie_002/M")).to_be_visible()
            await expect_shown(other.page, ["prod_hoodie_002/S/M", "prod_hoodie_002/M"])


async def test_views_are_there_and_own_ones_are_kept(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        views = page.get_by_role("navigation", name="Views")
        await room.reserve(page, "L")
        await expect(cell(page, L, "reserved")).to_have_text("1")
        meant = {
            "Low stock": [S, "prod_hoodie_002/S/M"],
            "Sold out": [XL],
            "Reserved now": [L],
        }
        for name, rows in meant.items():
            await views.get_by_role("link", name=name).click()
            await expect_shown(page, rows)
            await expect(views.locator("[aria-current]")).to_have_text(name)
        await views.get_by_role("link", name="Recently changed").click()
        await expect(drawn(page).first).to_have_attribute("data-sku", L)
        await views.get_by_role("link", name="All").click()
        await page.get_by_role("searchbox").fill("ash")
        await views.get_by_role("button", name="Save view").click()
        await page.get_by_role("dialog").get_by_label("Name").fill("Ashes")
        await page.keyboard.press("Enter")
        await expect(views.locator("[aria-current]")).to_have_text("Ashes")
        await page.goto(f"{room.url}/admin/")
        await views.get_by_role("link", name="Ashes").click()
        await expect(drawn(page)).to_have_count(2)
        await views.get_by_role("button", name=re.compile("^Delete")).click()
        await expect(views.get_by_role("link", name="Ashes")).to_have_count(0)
        watched.assert_clean()


async def test_an_export_has_the_rows_of_the_view(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room, query="?reserved=true") as watched:
        page = watched.page
        await room.reserve(page, "L")
        await expect(row(page, L)).to_be_visible()
        link = await page.get_by_role("link", name="CSV").get_attribute("href")
        assert link == "/api/admin/export?format=csv&reserved=true"
        answer = await page.request.get(f"{room.url}/api/admin/inventory?reserved=true")
        assert [row["sku"] for row in (await answer.json())["rows"]] == [L]
        await expect_shown(page, [L])


async def test_sorting_flips_and_never_moves_rows_by_itself(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        head = page.get_by_role("columnheader", name="On hand")
        for way in ("ascending", "descending", "none", "ascending"):
            await head.get_by_role("button").click()
            await expect(head).to_have_attribute("aria-sort", way)
        before = await shown(page)
        assert before[:2] == [XL, S]
        await room.update(page, XL, stock=500)
        await expect(number(page, XL)).to_have_value("500")
        assert await shown(page) == before
        await page.get_by_role("button", name="Order changed: refresh").click()
        await expect(drawn(page).last).to_have_attribute("data-sku", XL)
        await room.update(page, XL, stock=501)
        await expect(number(page, XL)).to_have_value("501")
        await expect(page.locator("#reorder")).to_have_count(0)


async def expect_first(heads: Locator, names: list[str]) -> None:
    """Waits until the table begins with these columns."""
    for place, name in enumerate(names):
        await expect(heads.nth(place)).to_have_text(name)


async def test_columns_are_chosen_ordered_and_kept(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        heads = page.get_by_role("columnheader").locator("button")
        first = ["Product", "On hand", "Reserved", "Available", "Threshold", "Status"]
        await expect_first(heads, first)
        await page.get_by_role("button", name="Columns").click()
        dialog = page.get_by_role("dialog", name="Columns")
        await dialog.get_by_label("Category").check()
        await dialog.get_by_label("Threshold").first.uncheck()
        await dialog.get_by_role("button", name="Status to the left").click()
        await dialog.get_by_role("button", name="Done").click()
        now = ["Product", "On hand", "Reserved", "Status", "Available"]
        await expect_first(heads, now)
        await page.reload()
        await expect(row(page)).to_be_visible()
        await expect_first(heads, now)
        await expect(heads.filter(has_text="Threshold")).to_have_count(0)
        await page.get_by_role("button", name="Columns").click()
        await dialog.get_by_role("button", name="Reset to default").click()
        await dialog.get_by_role("button", name="Done").click()
        await expect_first(heads, first)
        await page.goto(f"{room.url}/admin/?columns=status,nonsense,stock")
        await expect(row(page)).to_be_visible()
        await expect(heads).to_have_text(["Product", "Status", "On hand"])
        watched.assert_clean()


async def test_empty_lists_show_the_next_step(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room, query="?q=unheard+of") as watched:
        page = watched.page
        await expect(page.locator(".empty")).to_contain_text("No sizes match.")
        await page.get_by_role("button", name="Clear filters").click()
        await expect(drawn(page)).to_have_count(7)
        for product in (HOODIE, "prod_hoodie_002", "prod_tee_001"):
            await room.engine.submit(RemoveProduct(product_id=product, location=DEFAULT_LOCATION))
        await expect(page.locator(".empty")).to_contain_text("There are no products yet.")
        await expect(page.get_by_role("link", name="Import a file")).to_be_visible()
        watched.assert_clean()


async def test_a_failure_is_shown_with_a_remedy(browser: Browser) -> None:
    async with stock_shop() as room, visitor(browser) as watched:
        page = watched.page
        await log_in(page, room.url)
        await page.route(READ, lambda route: route.fulfill(status=500, body="Traceback!"))
        await page.goto(f"{room.url}/admin/")
        message = page.locator(".empty[role=alert]")
        await expect(message).to_contain_text("The stock could not be loaded.")
        await expect(message).not_to_contain_text("Traceback")
        await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
        await page.unroute(READ)
        await message.get_by_role("button", name="Retry").click()
        await expect(row(page)).to_be_visible()


async def test_times_are_near_and_exact_in_the_viewers_zone(browser: Browser) -> None:
    zone: Any = {"timezone_id": "Asia/Tokyo", "locale": "de-DE"}
    async with stock_shop() as room, person(browser, room, **zone) as watched:
        page = watched.page
        await room.update(page, stock=1234)
        changed = cell(page, M, "lastChanged").locator("time")
        await expect(changed).to_have_text(re.compile("just now|vor"))
        exact = time.strftime("%d.%m.%Y", time.gmtime(time.time() + 9 * 3600))
        await expect(changed).to_have_attribute("title", re.compile(re.escape(exact)))
        await expect(changed).to_have_attribute("datetime", re.compile(r"Z$"))
        await expect(page.locator(".found")).to_contain_text("1.")
        await expect(number(page)).to_have_value("1.234")


async def test_words_in_the_place_of_a_date_are_shown_and_kept(browser: Browser) -> None:
    words = "when spring comes"
    product = Product("odd", "ODD CAP", "caps", Decimal(9), 9, restock_date=words)
    item = NewItem(Item("odd/M", "odd", "M", 0), 3)
    fill = [*catalogue(), UpsertProduct(product=product, location=DEFAULT_LOCATION, items=(item,))]
    async with stock_shop(fill) as room, person(browser, room) as watched:
        page = watched.page
        await expect(cell(page, "odd/M", "restockDate")).to_have_text(words)
        await row(page, "odd/M").get_by_role("button", name="More about").click()
        await page.get_by_role("dialog").get_by_role("checkbox").check()
        await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await expect(row(page, "odd/M").locator(".badge")).to_have_text("Sold out by owner")
        assert room.engine.view.products["odd"].restock_date == words
        watched.assert_clean()
