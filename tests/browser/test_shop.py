"""The shop's pages in a real browser, with a fake Stripe."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from fancymonkey import storefront
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Release
from fancymonkey.core.model import Kind
from fancymonkey.web.http.clients import client_source
from tests.browser.shop_page import (
    NARROW,
    WIDE,
    DemoShop,
    buyer,
    demo_shop,
    go_to_the_till,
    put_in_basket,
    size_button,
    visit,
)
from tests.support.axe import assert_accessible_in_both_schemes
from tests.web.shops import HOODIE

SECONDS_2 = 2000
DAY = 24 * 3600 * 1000


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[DemoShop]:
    async with demo_shop() as running:
        yield running


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_from_the_page_to_a_paid_order_and_fallen_stock(
    browser: Browser, shop: DemoShop, screen: tuple[int, int]
) -> None:
    async with buyer(browser, screen) as watched:
        page = watched.page
        await visit(page, shop)
        await expect(page.get_by_text("Demo shop: no money moves")).to_be_visible()
        await put_in_basket(page, "M")
        await put_in_basket(page, "L")
        await expect(page.locator("#count")).to_have_text("2")
        await go_to_the_till(page)
        assert (shop.reserved("M"), shop.reserved("L")) == (1, 1)
        await page.get_by_role("button", name="Pay 116.00 USD").click()
        await expect(page.locator("body[data-done=paid]")).to_be_attached()
        await expect(page.get_by_role("heading")).to_have_text("Thank you")
        await expect(page.locator("#lines")).to_contain_text("1 × MIDNIGHT EMERALD HOODIE, M")
        assert (shop.on_hand("M"), shop.reserved("M")) == (19, 0)
        captured = [e for e in await shop.engine.store.entries_after(0) if e.kind is Kind.CAPTURED]
        assert len(captured) == 2
        await page.get_by_role("link", name="Back to the drop").click()
        await expect(page.locator("#count")).to_have_text("0")
        watched.assert_clean()


async def test_the_last_unit_goes_to_one_and_the_other_sees_it_without_a_reload(
    browser: Browser, shop: DemoShop
) -> None:
    await shop.count(1)
    async with buyer(browser) as first, buyer(browser) as other:
        await visit(first.page, shop)
        await visit(other.page, shop)
        await put_in_basket(first.page)
        await go_to_the_till(first.page)
        button = size_button(other.page)
        await expect(button).to_be_disabled(timeout=SECONDS_2)
        await expect(button).to_have_class("size sold-out")
        await expect(button).to_have_attribute("data-fm-state", "held")
        news = other.page.locator(f'[data-fm-product="{HOODIE}"] .news')
        await expect(news).to_contain_text("M: in other baskets, may be back by ")
        await first.page.get_by_role("button", name="Pay 58.00 USD").click()
        await expect(button.locator("small")).to_have_text("Sold out", timeout=SECONDS_2)
        await expect(button).to_have_attribute("data-fm-state", "sold-out")
        await expect(news).to_have_text("")
        first.assert_clean()
        other.assert_clean()


async def test_a_hold_that_ends_frees_the_unit_on_the_page(browser: Browser) -> None:
    async with demo_shop(reservation_ttl_seconds=2) as shop, buyer(browser) as watched:
        await shop.count(1)
        page = watched.page
        await visit(page, shop)
        body = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "somebody-else"}
        answer = await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)
        assert answer.ok
        await expect(size_button(page)).to_be_disabled(timeout=SECONDS_2)
        await expect(size_button(page)).to_be_enabled(timeout=2000 + SECONDS_2)
        watched.assert_clean()


async def test_the_slower_buyer_gets_a_message_and_the_remaining_basket(
    browser: Browser, shop: DemoShop
) -> None:
    await shop.count(3)
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        for _ in range(3):
            await put_in_basket(page)
        await put_in_basket(page)
        await expect(page.locator("#toast")).to_contain_text("No more pieces available")
        await put_in_basket(page, "L")
        await page.locator("#open-basket").click()
        body = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "faster"}
        await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)
        await page.locator("#buy").click()
        message = page.locator(".message")
        await expect(message).to_contain_text("Someone was faster.")
        await expect(message).to_contain_text("MIDNIGHT EMERALD HOODIE, M: only 1 left")
        await expect(page.locator("#basket .quantity").first).to_have_text("1")
        await expect(page.locator("#buy")).to_be_enabled()
        assert shop.reserved("L") == 0, "all or nothing"
        watched.forget()  # the 409 is in the console
        await page.locator("#buy").click()
        await page.wait_for_url("**/demo/stripe/pay/**")
        assert (shop.reserved("M"), shop.reserved("L")) == (3, 1)


async def test_under_contention_the_page_shows_the_limit(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        client_source, "public_address", ip_address
    )  # this machine counts as a foreign network
    async with demo_shop(rate_limit=True) as shop, buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        for _ in range(5):
            await put_in_basket(page)
        await page.locator("#open-basket").click()
        await page.locator("#buy").click()
        message = page.locator(".message")
        await expect(message).to_contain_text("This item is in high demand.")
        await expect(message).to_contain_text("MIDNIGHT EMERALD HOODIE, M: limited to 3")
        await expect(page.locator("#basket .quantity").first).to_have_text("3")
        watched.forget()  # the 409 is in the console
        await page.locator("#buy").click()
        await page.wait_for_url("**/demo/stripe/pay/**")
        assert shop.reserved("M") == 3


async def test_a_returning_buyer_is_not_limited_by_the_own_ended_hold(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_source, "public_address", ip_address)
    settings = {"rate_limit": True, "holds_per_address": 1}
    async with demo_shop(**settings) as shop, buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        await visit(page, shop)
        await page.evaluate("import('/v1/fancymonkey.js').then((fm) => fm.forget())")
        names = await page.evaluate("Object.keys(localStorage)")
        assert not [name for name in names if name.endswith((":session", ":hold"))]
        await page.reload()
        await page.locator("#open-basket").click()
        await page.locator("#buy").click()
        await page.wait_for_url("**/demo/stripe/pay/**")
        assert shop.reserved("M") == 1
        watched.assert_clean()


async def test_low_stock_is_shown_in_words(browser: Browser, shop: DemoShop) -> None:
    await shop.count(3)
    async with buyer(browser) as watched:
        await visit(watched.page, shop)
        label = size_button(watched.page).locator("small")
        await expect(label).to_have_text("Only 3 left!")
        await expect(label).to_have_class("stock-warning")
        await shop.count(50)
        await expect(label).to_have_text("")
        gone = size_button(watched.page, "XL")
        await expect(gone).to_be_disabled()
        await expect(gone).to_have_class("size sold-out")
        watched.assert_clean()


async def test_the_basket_and_the_hold_outlive_a_reload_and_the_back_button(
    browser: Browser, shop: DemoShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await page.reload()
        await expect(page.locator("#count")).to_have_text("1")
        await go_to_the_till(page)
        till = page.url
        await page.go_back()
        await expect(page.locator("#tray")).to_contain_text("Held for you: 3")
        await page.reload()
        await page.locator("#open-basket").click()
        await expect(page.locator(".hold")).to_contain_text("Held for you until")
        link = page.get_by_role("link", name="Continue to payment")
        await expect(link).to_have_attribute("href", till)
        await page.get_by_role("button", name="Release").click()
        await expect(page.locator(".message")).to_contain_text("Released")
        await expect(page.locator("#buy")).to_be_enabled()
        assert shop.reserved() == 0
        watched.assert_clean()


async def test_leaving_the_checkout_releases_the_unit_at_once(
    browser: Browser, shop: DemoShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        await page.get_by_role("button", name="Back to the shop").click()
        await page.wait_for_url("**/cancel.html?hold=res_*")
        await expect(page.locator("body[data-done=released]")).to_be_attached()
        await expect(page.locator("#words")).to_contain_text("Your pieces are no longer held.")
        assert shop.reserved() == 0
        await page.reload()
        await expect(page.locator("#words")).to_contain_text("Your pieces are no longer held")
        watched.assert_clean()


async def test_a_hold_outlives_an_incomplete_answer(browser: Browser, shop: DemoShop) -> None:
    """The connection ends within the status, or the buyer leaves the page at that moment."""
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        torn = {"status": 200, "content_type": "application/json", "body": '{"success": tru'}
        await page.route("**/api/checkout/status?**", lambda route: route.fulfill(**torn))
        async with page.expect_response("**/api/checkout/status?**"):
            await visit(page, shop)
        await expect(page.locator("#tray")).to_contain_text("Held for you")
        await page.reload()
        await page.locator("#open-basket").click()
        await expect(page.locator(".hold")).to_contain_text("Held for you until")
        watched.assert_clean()


@pytest.mark.parametrize(("status", "code"), [(503, "store_unavailable"), (429, "rate_limited")])
async def test_a_hold_that_could_not_be_released_is_not_called_released(
    browser: Browser, shop: DemoShop, status: int, code: str
) -> None:
    problem = {"success": False, "status": status, "code": code, "detail": "Try again."}
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        await page.route(
            "**/api/inventory/release", lambda route: route.fulfill(status=status, json=problem)
        )
        await page.get_by_role("button", name="Back to the shop").click()
        await expect(page.locator("#words")).to_contain_text("Your hold ends automatically.")
        watched.forget()  # the browser logs each refusal
        await visit(page, shop)
        await expect(page.locator("#tray")).to_contain_text("Held for you")
    assert shop.reserved() == 1


async def test_a_late_payer_reads_about_the_refund(browser: Browser) -> None:
    async with demo_shop(late_payment="refund") as shop, buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        (hold,) = shop.engine.view.holds
        await shop.engine.submit(Release(ref=hold))
        await shop.count(0)
        await page.get_by_role("button", name="Pay 58.00 USD").click()
        await expect(page.locator("body[data-done=refunded]")).to_be_attached()
        await expect(page.get_by_role("heading")).to_have_text("Your payment is being refunded")
        await page.get_by_role("link", name="Back to the drop").click()
        await expect(page.locator("#count")).to_have_text("0")
        watched.assert_clean()


async def test_a_payment_that_arrives_later_empties_the_basket_of_an_open_page(
    browser: Browser, shop: DemoShop
) -> None:
    """The buyer returns to the shop before Stripe's webhook has arrived."""
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        await page.get_by_role("button", name="Pay with a late webhook").click()
        await expect(page.get_by_role("button", name="Send the webhook")).to_be_visible()
        till = page.url
        await visit(page, shop)
        await page.locator("#open-basket").click()
        await expect(page.locator(".hold")).to_contain_text("Held for you until")
        other = await page.context.new_page()
        await other.goto(till)
        await other.get_by_role("button", name="Send the webhook").click()
        await expect(page.locator(".message")).to_have_text("Your order is paid. Thank you!")
        await expect(page.locator("#count")).to_have_text("0")
        watched.assert_clean()


async def test_a_bank_transfer_leaves_the_buyer_free_to_buy_more(
    browser: Browser, shop: DemoShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        till = page.url
        await page.get_by_role("button", name="Pay by bank transfer").click()
        await expect(page.get_by_role("button", name="The money arrives")).to_be_visible()
        await visit(page, shop)
        await expect(page.locator("#count")).to_have_text("0")
        await page.locator("#open-basket").click()
        await expect(page.locator(".message")).to_contain_text("Your payment is in progress.")
        await page.locator("#close-basket").click()
        await put_in_basket(page, "L")
        await go_to_the_till(page)
        assert (shop.reserved("M"), shop.reserved("L")) == (1, 1)
        success = f"{shop.url}/success.html?session_id={till.rpartition('/')[2]}"
        await page.goto(success)
        await expect(page.locator("#words")).to_contain_text("We are waiting for the confirmation")
        await page.goto(till)
        await page.get_by_role("button", name="The money arrives").click()
        await page.goto(success)
        await expect(page.locator("body[data-done=paid]")).to_be_attached()
        await visit(page, shop)
        await expect(page.locator("#tray")).to_contain_text("Held for you")
        assert (shop.on_hand("M"), shop.reserved("L")) == (19, 1)
        watched.assert_clean()


async def test_two_tabs_have_one_basket(browser: Browser, shop: DemoShop) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        other = await page.context.new_page()
        await visit(page, shop)
        await visit(other, shop)
        await put_in_basket(page)
        await expect(other.locator("#count")).to_have_text("1")
        await put_in_basket(other, "L")
        await expect(page.locator("#count")).to_have_text("2")
        await go_to_the_till(page)
        await expect(other.locator("#tray")).to_contain_text("Held for you")
        await page.get_by_role("button", name="Back to the shop").click()
        await expect(page.locator("body[data-done=released]")).to_be_attached()
        await other.locator("#open-basket").click()
        await expect(other.locator(".message")).to_contain_text("Your basket is saved.")
        await expect(other.locator("#buy")).to_be_enabled()
        watched.assert_clean()


async def test_a_moved_deadline_is_shown(browser: Browser, shop: DemoShop) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        await visit(page, shop)
        (hold,) = shop.engine.view.holds
        later = shop.engine.clock() + DAY
        await shop.engine.submit(Attach(ref=hold, session_id="another", expires_at=later))
        await page.locator("#open-basket").click()
        await expect(page.locator("#time")).to_contain_text("23:59:")
        watched.assert_clean()


async def test_an_old_answer_about_a_hold_keeps_the_next_hold(
    browser: Browser, shop: DemoShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await put_in_basket(page)
        await go_to_the_till(page)
        await visit(page, shop)
        ended = {"success": True, "status": "released", "paid": False}
        answer_now = asyncio.Event()

        async def answer_late(route: Route) -> None:
            await answer_now.wait()
            await route.fulfill(json=ended)

        await page.route("**/api/checkout/status?**", answer_late, times=1)
        await page.locator("#open-basket").click()
        await page.get_by_role("button", name="Release").click()
        await expect(page.locator(".message")).to_contain_text("Released")
        await page.evaluate(
            """async () => {
              const fm = await import('/fancymonkey.js');
              await fm.reserve([{ productId: 'prod_hoodie_001', size: 'M', quantity: 1 }]);
            }"""
        )
        async with page.expect_response("**/api/checkout/status?**"):
            answer_now.set()
        await page.evaluate("1")
        await expect(page.locator("#tray")).to_contain_text("Held for you")
        assert shop.reserved() == 1
        watched.assert_clean()


async def test_a_double_click_buys_once(browser: Browser, shop: DemoShop) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        await visit(page, shop)
        await put_in_basket(page)
        await page.locator("#open-basket").click()
        await page.locator("#buy").dblclick()
        await page.wait_for_url("**/demo/stripe/pay/**")
        assert asked.count(f"POST {shop.url}/api/checkout") == 1
        assert shop.reserved() == 1


async def test_without_the_service_the_page_shows_what_was_last_known(browser: Browser) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        async with demo_shop() as shop:
            port = int(shop.url.rpartition(":")[2])
            await visit(page, shop)
            await put_in_basket(page)
        notice = page.locator("#offline")
        await expect(notice).to_be_visible()
        await expect(notice).to_contain_text("We can’t load the current stock right now.")
        await expect(size_button(page)).to_be_disabled()
        await expect(page.locator(".card")).to_have_count(3)
        await page.locator("#open-basket").click()
        await expect(page.locator("#buy")).to_be_disabled()
        await page.locator("#close-basket").click()
        watched.forget()
        async with demo_shop(port):
            await page.locator("#retry").click()
            await expect(notice).to_be_hidden()
            await expect(size_button(page)).to_be_enabled()
            await expect(page.locator("#count")).to_have_text("1")
        assert not watched.page_errors
        assert not watched.policy_violations


async def test_with_the_keyboard_alone(browser: Browser, shop: DemoShop) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the drop")).to_be_focused()
        await page.keyboard.press("Enter")
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await size_button(page).evaluate("it => it === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await expect(page.locator("#count")).to_have_text("1")
        await page.locator("#open-basket").focus()
        await page.keyboard.press("Enter")
        more = page.get_by_role("button", name="One more of")
        await more.focus()
        await page.keyboard.press("Space")
        await expect(page.locator("#basket .quantity")).to_have_text("2")
        await expect(more).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator("#basket")).to_be_hidden()
        await expect(page.locator("#open-basket")).to_be_focused()
        watched.assert_clean()


async def test_names_with_markup_are_shown_as_text(browser: Browser, shop: DemoShop) -> None:
    name = '<img src=x onerror="window.owned=1"></h3><script>window.owned=1</script>&amp;{{7*7}}'
    await shop.add_product(name, '"><b>', "M")
    async with buyer(browser) as watched:
        page = watched.page
        await visit(page, shop)
        card = page.locator('[data-fm-product="odd"]')
        await expect(card.locator("h3")).to_have_text(name)
        await card.locator("button").first.click()
        await page.locator("#open-basket").click()
        await expect(page.locator("#basket .what")).to_contain_text(name)
        assert await page.evaluate("window.owned") is None
        watched.assert_clean()


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_limit_keeps_no_buyer_out(
    browser: Browser, shop: DemoShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    await shop.count(3)
    async with buyer(browser, screen, reduced_motion="reduce") as watched:
        page = watched.page

        async def look() -> None:
            await assert_accessible_in_both_schemes(page, subtests)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= screen[0], "something sticks out"

        await visit(page, shop)
        await look()
        await put_in_basket(page)
        await page.locator("#open-basket").click()
        await look()
        await page.locator("#buy").click()
        await page.wait_for_url("**/demo/stripe/pay/**")
        await look()
        till = page.url
        await visit(page, shop)
        await page.locator("#open-basket").click()
        await expect(page.locator(".hold")).to_be_visible()
        await look()
        await page.goto(till)
        await page.get_by_role("button", name="Pay 58.00 USD").click()
        await expect(page.locator("body[data-done=paid]")).to_be_attached()
        await look()
        await page.goto(f"{shop.url}/cancel.html?hold=nothing")
        await expect(page.locator("#words")).to_contain_text("Nothing is held")
        await look()
        assert not watched.page_errors
        assert not watched.policy_violations


WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_nothing_moves_on_the_page_and_little_is_sent(
    browser: Browser, shop: DemoShop, screen: tuple[int, int]
) -> None:
    async with buyer(browser, screen, is_first=True) as watched:
        page = watched.page
        sizes: dict[str, int] = {}

        async def weigh(response: object) -> None:
            if not response.url.endswith("/get"):  # type: ignore[attr-defined]
                sizes[response.url] = len(await response.body())  # type: ignore[attr-defined]

        page.on("response", weigh)
        await page.add_init_script(WATCH_SHIFTS)
        await visit(page, shop)
        await page.locator("#drop").scroll_into_view_if_needed()
        await shop.count(2)
        await expect(size_button(page).locator("small")).to_have_text("Only 2 left!")
        await shop.count(0)
        await expect(size_button(page)).to_be_disabled()
        assert await page.evaluate("window.shifted") < 0.02
        assert len(sizes) >= 7
        assert sum(sizes.values()) < 60_000, sizes
        watched.assert_clean()


def test_the_drop_in_script_is_small() -> None:
    assert len(gzip.compress(storefront.MODULE.read_bytes())) < 10_000
