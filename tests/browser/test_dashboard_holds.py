"""The holds page."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Line, Status
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, visit
from tests.web.shops import HOODIE

SECOND = 1000
NOBODY = "No active holds."


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


def rows(page: Page) -> Locator:
    return page.locator("table.cards tbody tr")


def state(page: Page) -> Locator:
    return page.locator(".state")


async def confirm(page: Page, reason: str = "") -> None:
    asked = page.get_by_role("dialog")
    await asked.get_by_label("Reason, shown in the history").fill(reason)
    await asked.get_by_role("button", name="Release").click()


async def test_a_hold_appears_and_disappears_within_a_second(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, "vi") as watched:
        page = watched.page
        await visit(page, shop, "holds.html")
        await expect(page.get_by_text(NOBODY)).to_be_visible()  # 42
        await expect(page.get_by_role("link", name="Open the shop")).to_be_visible()
        await shop.reserve("M", 2, session="somebody")
        await expect(rows(page)).to_have_count(1, timeout=SECOND)
        await expect(rows(page)).to_contain_text("2 × MIDNIGHT EMERALD HOODIE M")
        await expect(rows(page)).to_contain_text("Buyer somebody")
        await expect(state(page)).to_have_text("1 active hold of 2 units.")
        await shop.reserve("M", 3, session="somebody")
        await expect(rows(page)).to_contain_text("3 ×", timeout=SECOND)
        await shop.release("somebody")
        await expect(page.get_by_text(NOBODY)).to_be_visible(timeout=SECOND)
        watched.assert_clean()


async def test_the_time_left_runs_and_at_its_end_the_hold_is_gone(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "holds.html")
        line = Line(sku(), 1)
        await shop.run(
            Reserve(
                reservation_id="res_1",
                location=DEFAULT_LOCATION,
                session_id="s",
                lines=(line,),
                ttl=4000,
            )
        )
        timers = rows(page).get_by_role("timer")
        await expect(timers).to_have_text(re.compile(r"0:0[1-4]"))
        await expect(timers).to_have_class(re.compile("soon"))
        await expect(page.get_by_text(NOBODY)).to_be_visible()
        watched.assert_clean()


async def test_one_is_given_back_by_keyboard_after_a_question(
    browser: Browser, shop: AdminShop
) -> None:
    await shop.reserve("M", session="first")
    await shop.reserve("L", session="second")
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "holds.html")
        button = page.get_by_role("button", name="Release 1 × MIDNIGHT EMERALD HOODIE M")
        await button.focus()
        await page.keyboard.press("Enter")
        asked = page.get_by_role("dialog", name="Release 1 hold?")
        await expect(asked).to_contain_text("This cannot be undone.")
        await page.keyboard.press("Escape")
        await expect(asked).to_have_count(0)
        await expect(button).to_be_focused()
        await expect(rows(page)).to_have_count(2)
        await page.keyboard.press("Enter")
        await asked.get_by_label("Reason, shown in the history").fill("Asked by phone")
        await page.keyboard.press("Enter")
        await expect(rows(page)).to_have_count(1)
        await expect(page.locator(".toast")).to_contain_text("1 hold released.")
        await expect(rows(page)).to_contain_text("second")
        await expect(page.get_by_role("searchbox").first).to_be_focused()  # its button was removed
        watched.assert_clean()
    (entry,) = [
        entry for entry in await shop.engine.store.entries_after(0) if entry.kind is Kind.RELEASED
    ]
    assert (entry.actor, entry.reason) == ("ana", "Asked by phone")


async def test_many_are_given_back_at_once(browser: Browser, shop: AdminShop) -> None:
    for size in ("S", "M", "L"):
        await shop.reserve(size)
    await shop.reserve("M", product="prod_tee_001")
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "holds.html")
        await page.get_by_role("checkbox", name=re.compile("HOODIE S")).check()
        bar = page.get_by_role("region", name="Selected")
        await expect(bar).to_contain_text("1 hold selected")
        await bar.get_by_role("button", name="Select all 4").click()
        await page.get_by_role("checkbox", name=re.compile("BANANA")).uncheck()
        await expect(bar).to_contain_text("3 holds selected")
        await bar.get_by_role("button", name="Release").click()
        await expect(page.get_by_role("dialog", name="Release 3 holds?")).to_be_visible()
        await confirm(page)
        await expect(rows(page)).to_have_count(1)
        await expect(bar).to_have_count(0)
        assert shop.engine.view.stock(sku("M", "prod_tee_001")).reserved == 1
        assert shop.engine.view.stock(sku("M")).reserved == 0
        watched.assert_clean()


async def test_two_clicks_send_one_request(browser: Browser, shop: AdminShop) -> None:
    await shop.reserve()
    async with member(browser, shop) as watched:
        page = watched.page
        sent: list[str] = []
        page.on(
            "request",
            lambda request: sent.append(request.url) if "release" in request.url else None,
        )
        await visit(page, shop, "holds.html")
        await page.get_by_role("button", name=re.compile("^Release 1")).click()
        await page.get_by_role("dialog").get_by_role("button", name="Release").dblclick()
        await expect(page.get_by_text(NOBODY)).to_be_visible()
        assert len(sent) == 1


async def test_a_failed_release_can_be_repeated(browser: Browser, shop: AdminShop) -> None:
    await shop.reserve()
    async with member(browser, shop) as watched:
        page = watched.page
        failing = True

        async def answer(route: Route) -> None:
            if failing:
                await route.fulfill(status=503, json={"detail": "The store is not responding."})
            else:
                await route.continue_()

        await page.route("**/holds/release", answer)
        await visit(page, shop, "holds.html")
        await page.get_by_role("button", name=re.compile("^Release 1")).click()
        await confirm(page)
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Nothing was released. The store is not responding.")
        await expect(rows(page)).to_have_count(1)
        failing = False
        await alert.get_by_role("button", name="Retry").click()
        await confirm(page)
        await expect(page.get_by_text(NOBODY)).to_be_visible()


async def test_search_and_filters_live_in_the_address(browser: Browser, shop: AdminShop) -> None:
    await shop.reserve("M", session="one")
    await shop.reserve("L", session="two")
    await shop.reserve("M", product="prod_tee_001", session="three")
    await shop.reserve("S", session="four")
    await shop.release("four")
    paid = await shop.checkout("L")
    await shop.at_stripe(paid, "pay")
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"holds.html?sku={HOODIE}/M")
        await expect(rows(page)).to_have_count(1)
        await page.get_by_role("button", name="Show all sizes").click()
        await expect(rows(page)).to_have_count(3)
        await page.keyboard.press("/")
        await page.keyboard.type("emerald")
        await page.keyboard.press("Enter")
        await expect(rows(page)).to_have_count(2)
        await expect(page).to_have_url(re.compile(r"\?q=emerald$"))
        await page.get_by_role("button", name="Released", exact=True).click()
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("HOODIE S")
        await page.get_by_role("button", name="Paid", exact=True).click()
        await expect(rows(page)).to_contain_text("HOODIE L")
        await expect(rows(page).locator(".badge")).to_have_text("Paid")
        await page.reload()
        await expect(rows(page).locator(".badge")).to_have_text("Paid")
        await page.go_back()
        await expect(rows(page)).to_contain_text("HOODIE S")
        await page.go_back()
        await expect(rows(page)).to_have_count(2)
        await expect(page.locator("main .body")).to_have_attribute("aria-busy", "false")
        await page.get_by_role("searchbox").fill("three")
        await page.get_by_role("searchbox").press("Enter")
        await expect(page).to_have_url(re.compile(r"\?q=three$"))
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("BANANA TEE M")
        await page.get_by_role("searchbox").fill("nothing like it")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Clear filters").click()
        await expect(rows(page)).to_have_count(3)
        watched.assert_clean()


async def test_a_payment_during_a_release_loses_nothing(browser: Browser, shop: AdminShop) -> None:
    session = await shop.checkout("M", 2)
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "holds.html")
        await expect(rows(page)).to_contain_text("paying")
        await page.get_by_role("button", name=re.compile("^Release 2")).click()
        await expect(page.get_by_role("dialog")).to_contain_text("becomes a late payment")
        await shop.at_stripe(session, "pay")
        await confirm(page)
        await expect(page.locator(".toast")).to_contain_text("1 hold had already ended.")
        watched.assert_clean()
    hold = await shop.engine.store.reservation(session)
    assert hold is not None
    assert hold.status is Status.CAPTURED


async def test_fifty_changes_move_neither_the_focus_nor_the_scroll(
    browser: Browser, shop: AdminShop
) -> None:
    for number in range(40):
        await shop.reserve("L", session=f"early-{number}")
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "holds.html")
        await expect(rows(page)).to_have_count(40)
        button = rows(page).nth(20).get_by_role("button")
        await button.focus()
        before = await page.evaluate("scrollY")
        await asyncio.gather(
            *(shop.reserve("M", product="prod_tee_001", session=f"b{n}") for n in range(50))
        )
        await expect(rows(page)).to_have_count(90)
        await expect(button).to_be_focused()
        await page.wait_for_function("before => scrollY === before", arg=before)
        watched.assert_clean()
