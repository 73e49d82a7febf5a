"""The payments page with its open issues."""

import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser.admin_page import AdminShop, admin_shop, member, sku, visit

PAGE = "payments.html"
CALM = "No issues to decide."


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


def issues(page: Page) -> Locator:
    return page.get_by_role("table", name="To decide").locator("tbody tr")


def settled(page: Page) -> Locator:
    return page.get_by_role("table", name="Resolved").locator("tbody tr")


async def answer(page: Page, words: str, note: str = "") -> None:
    asked = page.get_by_role("dialog")
    await asked.get_by_label("Internal note").fill(note)
    await asked.get_by_role("button", name=words, exact=True).click()
    await expect(asked).to_have_count(0)


async def test_a_late_payment_appears_by_itself_and_is_kept_as_a_backorder(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, "sam") as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        await expect(page.get_by_text(CALM)).to_be_visible()  # 42
        await shop.pay_late("S", taken=2, quantity=2)
        row = issues(page)
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("these units are owed")
        await expect(row).to_contain_text("1 × MIDNIGHT EMERALD HOODIE S")
        assert await row.get_by_role("button", name=re.compile("Refund")).count() == 0  # staff
        await row.get_by_role("button", name=re.compile("Keep as backorder")).click()
        await answer(page, "Keep as backorder", "They wait")
        await expect(page.get_by_text(CALM)).to_be_visible()
        await page.get_by_text("1 resolved issue").click()
        await expect(settled(page)).to_contain_text("“They wait”")
        watched.assert_clean()
    assert shop.engine.view.stock(sku("S")).backordered == 1


async def test_the_owner_refunds_a_late_payment_once(browser: Browser, shop: AdminShop) -> None:
    await shop.pay_late("S", taken=2, quantity=2)
    async with member(browser, shop) as watched:
        page = watched.page
        sent: list[str] = []
        page.on(
            "request", lambda request: sent.append(request.url) if "settle" in request.url else None
        )
        await visit(page, shop, PAGE)
        await issues(page).get_by_role("button", name=re.compile("Refund")).click()
        asked = page.get_by_role("dialog", name="Refund this payment?")
        await expect(asked).to_contain_text("This cannot be undone.")
        await expect(asked).to_contain_text("$116.00 to buyer@example.com: the whole payment")
        await expect(asked).to_contain_text("1 × MIDNIGHT EMERALD HOODIE S")
        await page.keyboard.press("Escape")
        await expect(issues(page)).to_have_count(1)
        await expect(issues(page)).to_contain_text("$116.00")
        await expect(issues(page)).to_contain_text("buyer@example.com")
        await issues(page).get_by_role("button", name=re.compile("Refund")).click()
        button = asked.get_by_role("button", name="Refund $116.00", exact=True)
        await expect(button).to_have_class(re.compile("danger"))
        await button.dblclick()  # 48
        await expect(page.locator(".toast")).to_contain_text("The refund is in progress.")
        await expect(page.get_by_text("1 resolved issue")).to_be_visible()
        assert len(sent) == 1
        watched.assert_clean()


async def test_units_of_a_refund_return_to_stock(browser: Browser, shop: AdminShop) -> None:
    paid = await shop.checkout("M", 3)
    await shop.at_stripe(paid, "pay")
    await shop.at_stripe(paid, "refund")
    before = shop.engine.view.stock(sku()).on_hand
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        await issues(page).get_by_role("button", name=re.compile("Return to stock")).click()
        units = page.get_by_label(re.compile("HOODIE M, of 3"))
        await units.fill("4")
        await page.get_by_role("button", name="Return to stock", exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_visible()  # 14: more than was sold
        await units.fill("2")
        await answer(page, "Return to stock", "One is lost")
        await expect(page.locator(".toast")).to_contain_text("2 units returned to stock.")
        await expect(page.get_by_text(CALM)).to_be_visible()
        watched.assert_clean()
    assert shop.engine.view.stock(sku()).on_hand == before + 2


async def test_a_failed_resolution_shows_its_reason_and_can_be_repeated(
    browser: Browser, shop: AdminShop
) -> None:
    await shop.pay_late("S", taken=2, quantity=2)
    async with member(browser, shop) as watched:
        page = watched.page
        failing = True

        async def reply(route: Route) -> None:
            if failing:
                await route.fulfill(
                    status=503, json={"detail": "The comparison with Stripe failed."}
                )
            else:
                await route.continue_()

        await page.route("**/issues/settle", reply)
        await visit(page, shop, PAGE)
        await issues(page).get_by_role("button", name=re.compile("Dismiss")).click()
        await answer(page, "Dismiss")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text(
            "The issue was not resolved. The comparison with Stripe failed."
        )
        await expect(issues(page)).to_have_count(1)
        failing = False
        await alert.get_by_role("button", name="Retry").click()
        await expect(page.get_by_text(CALM)).to_be_visible()


async def test_the_books_are_compared_now(browser: Browser, shop: AdminShop) -> None:
    paid = await shop.checkout("M")
    await shop.at_stripe(paid, "pay")
    async with member(browser, shop, "sam") as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        await expect(page.get_by_text("No comparison has run yet.")).to_be_visible()
        await shop.run_job("release-expired")  # other jobs report nothing about payments
        await page.get_by_role("button", name="Compare with Stripe now").click()
        runs = page.get_by_role("table", name="Runs").locator("tbody tr")
        await expect(runs).to_have_count(1)
        await expect(runs).to_contain_text("No differences")
        await expect(page.locator(".toast")).to_contain_text("No differences.")
        await expect(page.get_by_role("button", name="Compare with Stripe now")).to_be_enabled()
        watched.assert_clean()


async def test_events_of_stripe_link_to_their_entries(browser: Browser, shop: AdminShop) -> None:
    paid = await shop.checkout("M", 2)
    await shop.at_stripe(paid, "pay")
    async with member(browser, shop, "vi") as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        events = page.get_by_role("table", name="Events").locator("tbody tr")
        row = events.filter(has_text="checkout.session.completed")
        await expect(row.locator(".badge")).to_have_text("Done")
        await expect(events.nth(1)).to_be_visible()
        await row.get_by_role("link", name="entries").click()
        entry = page.locator("table.cards tbody tr")
        await expect(entry).to_have_count(1)
        await expect(entry).to_contain_text("−2 on hand")
        await entry.get_by_role("link", name="event").click()
        await expect(events).to_have_count(1)
        await page.get_by_role("button", name=re.compile("not only evt_")).click()
        await expect(events.nth(1)).to_be_visible()
        watched.assert_clean()


async def test_a_payment_is_found_from_elsewhere(browser: Browser, shop: AdminShop) -> None:
    await shop.pay_late("S", taken=2, quantity=2)
    paid = await shop.checkout("M")
    await shop.at_stripe(paid, "pay")
    await shop.at_stripe(paid, "refund")
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        await expect(issues(page)).to_have_count(2)
        late = issues(page).filter(has_text="Late payment")
        payment = await late.locator(".id").get_attribute("title")
        await visit(page, shop, f"{PAGE}?payment={payment}")
        await expect(issues(page)).to_have_count(1)
        await late.get_by_role("link", name="hold").click()
        await expect(page.get_by_role("heading", level=1, name="Holds")).to_be_visible()
        await expect(page.locator("table.cards tbody tr .badge")).to_have_text("Paid, late")
        watched.assert_clean()
