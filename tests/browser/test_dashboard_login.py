"""The login page."""

import re
from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.login import ADDRESS_MOST
from tests.browser.admin_page import SHIFTS, AdminShop, admin_shop, moved, too_wide
from tests.browser.shop_page import NARROW, WIDE, buyer
from tests.support.axe import assert_accessible, assert_accessible_in_both_schemes
from tests.web.shops import PASSWORD

LOGIN = "/admin/admin-login.html"


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        yield running


async def fill(page: Page, name: str, password: str) -> None:
    await page.get_by_label("Email or name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def test_a_login_by_keyboard_leads_to_the_wanted_page(
    browser: Browser, shop: AdminShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}/admin/holds.html?sku=prod_hoodie_001/M")
        await page.wait_for_url(re.compile(LOGIN))
        await expect(page.get_by_role("status").first).to_have_text(
            "Log in to continue where you left off."
        )
        name = page.get_by_label("Email or name")
        await expect(name).to_be_focused()
        await expect(name).to_have_attribute("autocomplete", "username")
        await expect(page.get_by_label("Password")).to_have_attribute(
            "autocomplete", "current-password"
        )
        await page.keyboard.type("ana")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{shop.url}/admin/holds.html?sku=prod_hoodie_001/M")
        watched.assert_clean()


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example/admin/", "/admin/../", "javascript:alert(1)"]
)
async def test_it_never_leads_to_another_site(browser: Browser, shop: AdminShop, path: str) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}{LOGIN}?next={path}")
        await fill(page, "vi", PASSWORD)
        await page.wait_for_url(f"{shop.url}/admin/")


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    browser: Browser, shop: AdminShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}{LOGIN}")
        await page.get_by_role("button", name="Log in").click()
        error = page.get_by_role("alert")
        await expect(error).to_have_text("Enter your email or name.")
        await expect(page.get_by_label("Email or name")).to_be_focused()
        texts = []
        for name in ("ana", "nobody"):
            await fill(page, name, "wrong horse")
            await expect(error).to_have_text(re.compile("incorrect"))
            texts.append(await error.inner_text())
            await expect(page.get_by_label("Password")).to_be_focused()
            await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
            await expect(page.get_by_label("Password")).to_have_attribute(
                "aria-describedby", "error"
            )
        assert texts[0] == texts[1]


async def test_after_too_many_tries_the_page_shows_the_wait(
    browser: Browser, shop: AdminShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}{LOGIN}")
        for _ in range(ADDRESS_MOST):
            await page.request.post(
                f"{shop.url}/api/admin/login", data={"name": "ana", "password": "wrong horse"}
            )
        await fill(page, "ana", PASSWORD)
        error = page.get_by_role("alert")
        await expect(error).to_have_text(
            re.compile(r"^Too many wrong attempts\. Try again in \d+ seconds\.$")
        )
        button = page.get_by_role("button", name="Log in")
        await expect(button).to_have_text(re.compile(r"^Log in \(in \d+ seconds\)$"))
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        await page.get_by_label("Password").press("Enter")
        await expect(button).to_have_attribute("aria-disabled", "true")
        assert sent == []


async def test_the_password_can_be_shown_and_caps_lock_is_indicated(
    browser: Browser, shop: AdminShop
) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}{LOGIN}")
        password = page.get_by_label("Password")
        await password.fill("secret")
        await page.get_by_role("button", name="Show").click()
        await expect(password).to_have_attribute("type", "text")
        await page.get_by_role("button", name="Hide").click()
        await expect(password).to_have_attribute("type", "password")
        hint = page.get_by_text("Caps Lock is on.")
        await expect(hint).to_be_hidden()
        press = (
            "(one, on) => one.dispatchEvent(new KeyboardEvent('keydown', {modifierCapsLock: on}))"
        )
        await password.evaluate(press, True)
        await expect(hint).to_be_visible()
        await assert_accessible(page)
        await password.evaluate(press, False)
        await expect(hint).to_be_hidden()
        watched.assert_clean()


async def test_a_second_factor_is_asked_for(browser: Browser, shop: AdminShop) -> None:
    users = shop.app._shop.accounts.users
    secret, _, _ = await two_factor.start_setup(users, await users.get("sam"))
    await users.change(await users.get("sam"), factor=secret, asked=None)
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}{LOGIN}")
        code = page.get_by_label("Code from your authenticator app")
        await expect(code).to_be_hidden()
        await fill(page, "sam", PASSWORD)
        await expect(code).to_be_focused()
        await expect(code).to_have_attribute("autocomplete", "one-time-code")
        await assert_accessible(page)
        await code.fill("000000")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text(re.compile("incorrect"))
        await expect(code).to_be_focused()
        await code.fill(pyotp.TOTP(secret).now())
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{shop.url}/admin/")


async def test_two_clicks_log_in_once(browser: Browser, shop: AdminShop) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        sent: list[str] = []
        page.on(
            "request",
            lambda request: sent.append(request.url) if "api/admin/login" in request.url else 0,
        )
        await page.goto(f"{shop.url}{LOGIN}")
        await page.get_by_label("Email or name").fill("ana")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").dblclick()
        await page.wait_for_url(f"{shop.url}/admin/")
        assert len(sent) == 1


async def test_logout_ends_the_session(browser: Browser, shop: AdminShop) -> None:
    async with buyer(browser) as watched:
        page = watched.page
        await page.goto(f"{shop.url}{LOGIN}?next=/admin/holds.html")
        await fill(page, "ana", PASSWORD)
        await expect(page.locator("main[data-ready]")).to_be_attached()
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url(re.compile(LOGIN))
        await page.goto(f"{shop.url}/admin/holds.html")
        await page.wait_for_url(re.compile(LOGIN))


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_login_page_is_accessible_and_fits(
    browser: Browser, shop: AdminShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with buyer(browser, screen) as watched:
        page = watched.page
        await page.add_init_script(SHIFTS)
        await page.goto(f"{shop.url}{LOGIN}?expired=1")
        await assert_accessible_in_both_schemes(page, subtests)
        assert not await too_wide(page)
        assert await moved(page) < 0.02
        watched.assert_clean()
