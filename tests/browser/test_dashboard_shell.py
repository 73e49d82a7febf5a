"""The parts that all dashboard pages share. The numbers are those of the owners' habits."""

import asyncio
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product
from tests.browser.admin_page import (
    SHIFTS,
    AdminShop,
    admin_shop,
    member,
    moved,
    sku,
    too_wide,
    visit,
)
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import COLOUR_RULES, assert_accessible
from tests.web.shops import HOODIE

PAGES = {
    "overview": "overview.html",
    "holds": "holds.html",
    "history": "history.html",
    "why": f"history.html?sku={HOODIE}/M",
    "payments": "payments.html",
    "transfers": "transfers.html",
    "orders": "orders.html",
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HOLDS = "holds.html"
DEAD = "<script>alert(1)</script>"
PAYLOADS = (
    DEAD,
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "${alert(1)}{{alert(1)}}",
    "</title></td><svg onload=alert(1)>",
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def shop() -> AsyncIterator[AdminShop]:
    """A shop with a past and all that the pages show. Nothing here changes it."""
    async with admin_shop(past=10) as running:
        await running.reserve("M", 2)
        await running.reserve("L", 1)
        await running.reserve("S", 99)
        await running.checkout("M")
        paid = await running.checkout("L", 2)
        await running.at_stripe(paid, "pay")
        await running.at_stripe(paid, "refund")
        left = running.engine.view.stock(sku("M", "prod_hoodie_002")).available
        await running.pay_late("M", left - 1, 2, "prod_hoodie_002")
        await running.http.post(
            "/api/payments/reconcile", headers={"Authorization": "Bearer correct horse"}
        )
        yield running


def head(page: Page) -> Any:
    return page.get_by_role("heading", level=1)


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_every_page_is_accessible_fits_and_does_not_jump(
    browser: Browser, shop: AdminShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        await page.add_init_script(SHIFTS)
        for path in PAGES.values():
            await visit(page, shop, path)
            await expect(page.locator(".person").first).to_contain_text("ana")
            assert await page.locator("h1").count() == 1
            for scheme in SCHEMES:
                with subtests.test(f"{path} {scheme}"):
                    await page.emulate_media(color_scheme=scheme)
                    await assert_accessible(page, COLOUR_RULES if scheme == "dark" else None)
                    assert not await too_wide(page)
                    assert await moved(page) < 0.02
        watched.assert_clean()


async def test_on_a_phone_a_row_is_a_card_and_nothing_is_cut(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, screen=NARROW) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        row = page.locator("table.cards tbody tr").first
        assert await row.evaluate("one => getComputedStyle(one).display") == "grid"
        name = row.get_by_role("link")
        box = await name.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= NARROW[0] - box["width"]
        button = await row.get_by_role("button").bounding_box()
        assert button is not None
        assert button["height"] >= 44


async def test_a_phone_has_five_places_and_the_rest_under_more(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, screen=NARROW) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        bar = page.get_by_role("navigation", name="Pages", exact=True)
        seen = [part for part in await bar.locator("> *").all() if await part.is_visible()]
        assert [(await box.inner_text()).strip() for box in seen] == [
            "Stock", "Overview", "Holds", "Payments", "More",
        ]  # fmt: skip
        for shown_part in seen:
            box = await shown_part.bounding_box()
            assert box is not None
            assert min(box["height"], box["width"]) >= 44
        await page.get_by_role("button", name="More", exact=True).click()
        more = page.get_by_role("dialog", name="More")
        await expect(more.get_by_role("link")).to_have_text(
            [
                "Orders",
                "History",
                "Products",
                "Import",
                "Alerts",
                "Users",
            ]
        )
        await page.keyboard.press("Escape")
        await expect(more).to_be_hidden()
        await expect(page.get_by_role("button", name="More", exact=True)).to_be_focused()
        await page.get_by_role("button", name="More", exact=True).click()
        await more.get_by_role("link", name="History").click()
        await expect(head(page)).to_have_text("History")
        watched.assert_clean()


async def test_the_first_tab_skips_to_the_content(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        box = await skip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("searchbox")).to_be_focused()


WATCH_FOCUS = """() => {
    window.__steps = []; // for each step null, or the element whose focus is not seen
    addEventListener('focusin', ({target}) => {
        const style = getComputedStyle(target);
        const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
        window.__steps.push(isSeen ? null : target.outerHTML.slice(0, 200));
    });
}"""


async def test_every_step_of_the_tab_key_is_seen(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        for path in PAGES.values():
            await visit(page, shop, path)
            await page.evaluate(WATCH_FOCUS)
            for _ in range(25):
                await page.keyboard.press("Tab")
            steps = await page.evaluate("window.__steps")
            assert len(steps) > 10, path
            assert set(steps) == {None}, path


async def test_a_question_mark_lists_the_keys(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        search = page.get_by_role("searchbox")
        await search.focus()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(search).to_have_value("?")
        await page.locator("#main").focus()
        await page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Keyboard")
        await expect(sheet).to_be_visible()
        await expect(sheet).to_contain_text("Jump to a page or a size")
        assert await page.evaluate("document.activeElement.closest('dialog') !== null")
        await assert_accessible(page)
        await page.keyboard.press("g")
        await page.keyboard.press("o")
        assert HOLDS in page.url
        await page.keyboard.press("Escape")
        await expect(sheet).to_be_hidden()
        await expect(page.locator("#main")).to_be_focused()
        watched.assert_clean()


async def test_two_keys_lead_to_a_page_and_a_slash_to_the_search(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "overview.html")
        for key, name in (("h", "Holds"), ("p", "Payments"), ("y", "History"), ("o", "Overview")):
            await page.keyboard.press("g")
            await page.keyboard.press(key)
            await expect(head(page)).to_have_text(name)
            await expect(page.locator("main[data-ready]")).to_be_attached()
        await visit(page, shop, HOLDS)
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        await page.keyboard.type("go")
        await expect(page.get_by_role("searchbox")).to_have_value("go")
        watched.assert_clean()


@pytest.mark.parametrize("key", ["Control+k", "Meta+k"])
async def test_the_palette_leads_to_a_page_or_a_size(
    browser: Browser, shop: AdminShop, key: str
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        await page.keyboard.press(key)
        palette = page.get_by_role("dialog", name="Jump to")
        box = palette.get_by_role("combobox")
        await expect(box).to_be_focused()
        await page.keyboard.type("ash m")
        options = palette.get_by_role("option")
        await expect(options.first).to_contain_text("ASH HOODIE M")
        await assert_accessible(page)
        await expect(options.first).to_have_attribute("aria-selected", "true")
        await expect(box).to_have_attribute("aria-activedescendant", "jump-0")
        await page.keyboard.press("ArrowDown")
        await expect(box).to_have_attribute("aria-activedescendant", "jump-1")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{shop.url}/admin/?q=prod_hoodie_002%2FM")
        await visit(page, shop, HOLDS)
        await page.keyboard.press(key)
        await page.keyboard.type("ash m")
        await expect(options.first).to_contain_text("ASH HOODIE M")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_url(re.compile("history"))
        await expect(page.get_by_role("heading", name="Why is it")).to_be_visible()
        await page.keyboard.press(key)
        await page.keyboard.type("paym")
        await page.keyboard.press("Enter")
        await expect(head(page)).to_have_text("Payments")
        await expect(page.locator("main[data-ready]")).to_be_attached()
        await page.keyboard.press(key)
        await page.keyboard.type("no such thing")
        await expect(palette.get_by_text("No pages or sizes match.")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(palette).to_be_hidden()
        watched.assert_clean()


async def test_dark_is_remembered_and_never_white_first(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await page.add_init_script(
            """new MutationObserver((_changes, self) => {
            if (!document.body) return;
            window.__first = getComputedStyle(document.body).backgroundColor;
            self.disconnect();
            }).observe(document, {childList: true, subtree: true});"""
        )
        await visit(page, shop, HOLDS)
        assert await page.evaluate("window.__first") == "rgb(247, 248, 247)"
        await page.get_by_role("button", name="Dark").click()
        body = page.locator("body")
        await expect(body).to_have_css("background-color", "rgb(14, 21, 18)")
        for path in ("overview.html", "admin-login.html"):
            await page.goto(f"{shop.url}/admin/{path}")
            assert await page.evaluate("window.__first") == "rgb(14, 21, 18)"
            assert await page.evaluate(
                "getComputedStyle(document.documentElement).colorScheme"
            ) == ("dark")
        await visit(page, shop, HOLDS)
        await page.get_by_role("button", name="Auto").click()
        await expect(body).to_have_css("background-color", "rgb(247, 248, 247)")
        await page.emulate_media(color_scheme="dark")
        await expect(body).to_have_css("background-color", "rgb(14, 21, 18)")
        watched.assert_clean()


async def test_it_can_be_used_at_twice_the_size_and_with_forced_colours(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, screen=(640, 400), reduced_motion="reduce") as watched:
        for path in PAGES.values():
            await visit(watched.page, shop, path)
            assert not await too_wide(watched.page), path
    async with member(browser, shop, forced_colors="active") as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        border = "one => getComputedStyle(one).borderTopStyle"
        assert await page.locator(".chip").first.evaluate(border) == "solid"
        pressed = page.locator(".chip[aria-pressed=true]")
        colours = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]"
        back, ink = await pressed.evaluate(colours)
        assert back != ink
        assert back != (await page.locator(".chip[aria-pressed=false]").first.evaluate(colours))[0]


async def test_a_slow_answer_has_a_skeleton_and_a_failed_one_a_retry(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        failing = True

        async def answer(route: Route) -> None:
            await expect(page.locator(".bones[aria-busy=true]")).to_be_visible()
            if failing:
                await route.fulfill(status=500, json={"detail": "Something went wrong."})
            else:
                await route.continue_()

        await page.route("**/api/admin/holds*", answer)
        await page.goto(f"{shop.url}/admin/{HOLDS}")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("The page could not be loaded. Something went wrong.")
        await expect(alert).to_contain_text("No data was lost")
        await expect(page.get_by_role("navigation", name="Pages", exact=True)).to_be_visible()
        await expect(head(page)).to_have_text("Holds")
        failing = False
        await page.get_by_role("button", name="Retry").click()
        await expect(page.locator("main[data-ready]")).to_be_attached()
        await expect(alert).to_have_count(0)


async def test_a_lost_connection_is_shown_and_restored(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        banner = page.get_by_role("alert")
        for _ in range(2):
            await page.context.set_offline(True)
            await expect(banner).to_contain_text("Connection lost. Showing data from")
            await expect(page.locator("table.cards tbody tr").first).to_be_visible()
            await page.context.set_offline(False)
            await expect(banner).to_have_count(0)
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Paid", exact=True).click()
        await expect(banner).to_contain_text("Connection lost.")
        await page.context.set_offline(False)
        await expect(banner).to_have_count(0)
        await expect(page.locator("table.cards .badge").first).to_contain_text("Paid")


async def test_a_stream_that_opens_late_reports_no_connection(
    browser: Browser, shop: AdminShop
) -> None:
    """The connection is lost before the live stream has answered."""
    async with member(browser, shop) as watched:
        page = watched.page
        streams: asyncio.Queue[Route] = asyncio.Queue()
        await page.route("**/inventory/live?**", streams.put)
        await visit(page, shop, HOLDS)
        first = await streams.get()
        await page.context.set_offline(True)
        banner = page.get_by_role("alert")
        await expect(banner).to_contain_text("Connection lost. Showing data from")
        await first.fulfill(status=200, content_type="text/event-stream", body=": late\n\n")
        await page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
        assert await banner.count() == 1
        await page.unroute_all()
        await page.context.set_offline(False)
        await expect(banner).to_have_count(0)


async def test_after_the_end_of_a_session_the_login_leads_back(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "history.html?kind=captured")
        await page.context.clear_cookies()
        await page.get_by_label("Actor").fill("stripe")
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("admin-login.html"))
        await expect(page.get_by_role("status")).to_have_text(
            "Your session has expired. Log in to continue where you left off."
        )
        await page.get_by_label("Email or name").fill("ana")
        await page.get_by_label("Password").fill("correct horse")
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url(f"{shop.url}/admin/history.html?kind=captured&actor=stripe")
        await expect(page.get_by_label("Actor")).to_have_value("stripe")


async def test_times_and_numbers_are_the_viewers(browser: Browser, shop: AdminShop) -> None:
    away = {"locale": "de-DE", "timezone_id": "Asia/Tokyo"}
    async with member(browser, shop, **away) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        time = page.locator("table.cards time:not(.rest)").first
        at = await time.get_attribute("datetime")
        formatted = await page.evaluate(
            """at => new Intl.DateTimeFormat('de-DE', {dateStyle: 'medium', timeStyle: 'medium',
                timeZone: 'Asia/Tokyo'}).format(new Date(at))""",
            at,
        )
        await expect(time).to_have_attribute("title", formatted)
        assert at is not None
        assert at.endswith("Z")
        await visit(page, shop, "overview.html")
        value = page.locator(".tile b").nth(1)
        await expect(value).to_have_text(re.compile(r"^[\d.]+(,\d\d)?\s\$$"))


async def test_many_changes_are_announced_rarely_and_politely(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, HOLDS)
        await page.evaluate(
            """window.__said = []; new MutationObserver(changes => {
                if (changes.some(({target}) => target.id === 'said'))
                    window.__said.push(performance.now());
            }).observe(document.body, {childList: true, subtree: true, characterData: true})"""
        )
        for _ in range(12):
            await shop.reserve("L")
        await expect(page.locator("#said")).to_have_text("12 active holds of 12 units.")
        for number in range(1, 13):
            await shop.release(f"basket-{number}")
        await expect(page.locator("#said")).to_have_text("0 active holds of 0 units.")
        announced = await page.evaluate("window.__said")
        assert announced
        assert all(later - earlier > 1900 for earlier, later in pairwise(announced))
        assert await page.get_by_role("alert").count() == 0
        for place in await page.locator("[aria-live], [role=status]").all():
            assert await place.get_attribute("aria-live") in (None, "polite")
        watched.assert_clean()


async def test_a_viewer_sees_everything_and_can_change_nothing(
    browser: Browser, shop: AdminShop
) -> None:
    words = re.compile(
        "release|refund|done|dismiss|return to stock|compare|backorder", re.IGNORECASE
    )
    async with member(browser, shop, "vi") as watched:
        for path in PAGES.values():
            await visit(watched.page, shop, path)
            changing = watched.page.locator("main").get_by_role("button", name=words)
            names = [await place.inner_text() for place in await changing.all()]
            assert [name for name in names if name != "Released"] == [], path
            assert await watched.page.locator("main input[type=checkbox]").count() == 0
        watched.assert_clean()


def odd(number: int, text: str) -> UpsertProduct:
    """A product that has the text wherever one fits."""
    id_, size = f"p{number}{text[:20]}", text[:20]
    return UpsertProduct(
        product=Product(id_, text, text, Decimal(9), number),
        location=DEFAULT_LOCATION,
        items=(NewItem(Item(f"{id_}/{size}", id_, size, 0, text, text), 9),),
        actor=text,
        reason=text,
    )


async def test_texts_of_users_are_shown_as_text(browser: Browser) -> None:
    fill = [odd(number, text.replace("/", "")) for number, text in enumerate(PAYLOADS)]
    async with admin_shop(fill) as shop, member(browser, shop) as watched:
        page = watched.page
        dialogs: list[Any] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog))
        for row in list(shop.engine.view.items.values()):
            body = {
                "productId": row.product_id,
                "size": row.size,
                "quantity": 1,
                "sessionId": row.product_id[2:] + DEAD,
            }
            await shop.http.post("/api/inventory/reserve", json=body)
        some = quote(next(iter(shop.engine.view.items)))
        for path in (*PAGES.values(), f"history.html?sku={some}"):
            if HOODIE in path:
                continue
            await visit(page, shop, path)
            assert await page.locator("main img, main script, main svg[onload]").count() == 0
        await visit(page, shop, HOLDS)
        await expect(page.locator("table.cards tbody tr")).to_have_count(len(PAYLOADS))
        await expect(page.locator("main")).to_contain_text(PAYLOADS[1].replace("/", ""))
        await page.get_by_role("button", name=re.compile(r"^Release \d")).first.click()
        await page.get_by_label("Reason, shown in the history").fill(DEAD)
        await page.get_by_role("dialog").get_by_role("button", name="Release").click()
        await expect(page.locator("table.cards tbody tr")).to_have_count(len(PAYLOADS) - 1)
        await page.keyboard.press("Control+k")
        await page.keyboard.type("alert")
        await expect(page.get_by_role("option").first).to_be_visible()
        await page.goto(f"{shop.url}/admin/history.html?actor=%3Cimg%20src=x%20onerror=alert(1)%3E")
        await expect(page.locator("main[data-ready]")).to_be_attached()
        await visit(page, shop, "history.html?kind=released")
        await expect(page.locator("main")).to_contain_text(DEAD)
        assert dialogs == []
        watched.assert_clean()
