"""The Users page: accounts added and removed, secrets shown once."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import accounts, code_of, made
from tests.support.axe import assert_accessible, assert_accessible_in_both_schemes
from tests.support.browser import BrowserPage
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.web.shops import PASSWORD, Shop, running

EVIL = "<img src=x onerror=alert(1)>"
NEW = "nine old clocks tick"


@dataclass
class Site:
    url: str
    shop: Shop


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Site]:
    async with running(MemoryStore()) as shop, serving(shop.client.app, steady_port()) as url:
        yield Site(url, shop)


async def logged_in(
    browser_page: BrowserPage, site: Site, name: str = "owner", password: str = PASSWORD
) -> Page:
    page = browser_page.page
    await page.goto(f"{site.url}/admin/users.html")
    await page.get_by_label("Email or name").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    await expect(page).to_have_url(f"{site.url}/admin/users.html")  # the login leads back
    return page


async def test_a_person_is_added_changed_and_removed_by_keyboard(
    browser_page: BrowserPage, site: Site
) -> None:
    page = await logged_in(browser_page, site)
    await page.get_by_role("button", name="Add a user").press("Enter")
    dialog = page.get_by_role("dialog", name="Add a user")
    await expect(dialog.get_by_label("Email or name")).to_be_focused()
    await page.keyboard.type("Ada@Shop.Example")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(dialog.get_by_role("radio", name="Viewer")).to_be_checked()
    await page.keyboard.press("Tab")
    await page.keyboard.type("short")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("12 to 1024 characters")
    await expect(dialog.get_by_label("Email or name")).to_have_value("Ada@Shop.Example")
    browser_page.forget()  # the refusal was expected
    await dialog.get_by_label("Initial password").fill(NEW)
    await page.keyboard.press("Enter")
    row = page.get_by_role("row", name=re.compile("ada@shop.example"))
    await expect(row.first).to_be_visible()
    await expect(page.locator(".head .state")).to_contain_text("2 users")
    await page.get_by_label("Role of ada@shop.example").select_option("staff")
    await expect(page.get_by_text("ada@shop.example now has the role staff.")).to_be_visible()
    await page.get_by_role("button", name="Remove ada@shop.example").press("Enter")
    asked = page.get_by_role("dialog", name="Remove ada@shop.example?")
    await expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Remove ada@shop.example")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(page.get_by_label("Role of ada@shop.example")).to_have_count(0)
    browser_page.assert_clean()


async def test_the_last_owner_stays_and_the_page_has_the_reason(
    browser_page: BrowserPage, site: Site
) -> None:
    page = await logged_in(browser_page, site)
    await page.get_by_label("Role of owner").select_option("viewer")
    await expect(page.get_by_text("This is the last owner.")).to_be_visible()
    await expect(page.get_by_label("Role of owner")).to_have_value("owner")


async def test_a_second_factor_from_its_picture_to_its_end(
    browser_page: BrowserPage, site: Site
) -> None:
    page = await logged_in(browser_page, site)
    await page.get_by_role("button", name="Set up an authenticator app").click()
    await page.get_by_label("Your password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(
        "The password is incorrect."
    )
    browser_page.forget()
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    picture = page.get_by_alt_text("QR code for an authenticator app")
    await expect(picture).to_be_visible()
    drawn = await picture.element_handle()
    await page.wait_for_function("image => image.naturalWidth > 100", arg=drawn)
    await assert_accessible(page)
    secret = (await page.locator("code.secret").inner_text()).replace(" ", "")
    await page.get_by_label("Six-digit code").fill(code_of(site.shop.client, secret))
    await page.keyboard.press("Enter")
    await expect(page.locator(".codes code")).to_have_count(10)
    codes = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("button", name="I have saved it").click()
    await expect(page.get_by_text("10 recovery codes left.")).to_be_visible()
    await page.get_by_role("button", name="Switch off").click()
    await page.get_by_label("Your password, or a code").fill(codes[0])
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Two-factor authentication is off.")).to_be_visible()
    browser_page.assert_clean()


async def test_a_key_is_shown_once_works_and_is_revoked(
    browser_page: BrowserPage, site: Site
) -> None:
    page = await logged_in(browser_page, site)
    await page.get_by_role("button", name="Create a key").click()
    await page.get_by_label("Purpose").fill(EVIL)
    await page.get_by_role("radio", name="Stock").check()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name=f"API key “{EVIL}”")).to_be_visible()
    secret = await page.locator("code.secret").inner_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await site.shop.client.get("/api/admin/me", bearer)).status == 200
    await page.get_by_role("button", name="I have saved it").click()
    await expect(page.get_by_role("cell", name=EVIL, exact=True)).to_be_visible()
    assert secret not in await page.content()
    await page.get_by_role("button", name=f"Revoke {EVIL}").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("No API keys yet.")).to_be_visible()
    assert (await site.shop.client.get("/api/admin/me", bearer)).status == 401
    browser_page.assert_clean()


async def test_audit_entries_are_shown_as_text(browser_page: BrowserPage, site: Site) -> None:
    dialogs: list[str] = []
    browser_page.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    acts = accounts(site.shop).audit_log
    for part in (EVIL, "javascript:alert(1)", '"><script>alert(1)</script>', "'-alert(1)-'"):
        site.shop.clock.forward(1)
        await acts.record(part, part, part, 200, part)
    await made(site.shop, "a<script>alert(1)</script>", "staff")
    page = await logged_in(browser_page, site)
    await expect(
        page.get_by_role("region", name="Audit log").get_by_text(EVIL).first
    ).to_be_visible()
    await page.get_by_role("button", name=f"Show only entries of {EVIL}").click()
    await expect(page).to_have_url(re.compile("actor=%3Cimg"))
    rows = page.get_by_role("region", name="Audit log").locator("tbody tr")
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(rows).to_have_count(1)
    assert await page.locator("main img, main script").count() == 0
    assert not dialogs
    browser_page.assert_clean()


async def test_logins_are_ended_and_lead_to_the_login_page(
    browser_page: BrowserPage, site: Site
) -> None:
    page = await logged_in(browser_page, site)
    from tests.accounts.client import Visitor

    other = await Visitor(site.shop.client.elsewhere("198.51.100.4")).logged_in()
    await page.reload()
    await page.get_by_role("button", name="End my 1 other session").click()
    await expect(page.get_by_text("Your other sessions have ended.")).to_be_visible()
    assert (await other.get("/api/admin/me")).code == "no_session"
    logins = page.get_by_role("region", name="All sessions").locator("tbody tr")
    await expect(logins).to_have_count(1)
    await page.wait_for_load_state("networkidle")
    for session in await accounts(site.shop).sessions.live():
        await accounts(site.shop).sessions.end(session.session_id)
    await page.get_by_role("button", name="Create a key").click()
    await page.get_by_label("Purpose").fill("Sheet")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(
        re.compile(r"admin-login\.html\?expired=1&next=%2Fadmin%2Fusers\.html")
    )


async def test_staff_see_their_own_account_and_nothing_else(
    browser_page: BrowserPage, site: Site
) -> None:
    password = await made(site.shop, "ada", "staff")
    page = await logged_in(browser_page, site, "ada", password)
    await expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    for name in ("Users", "API keys", "Audit log"):
        await expect(page.get_by_role("heading", name=name, level=2)).to_have_count(0)
    await page.get_by_role("button", name="Change password").click()
    await page.get_by_label("Current password").fill(password)
    await page.get_by_label("New password").fill(NEW)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Your password was changed.")).to_be_visible()
    await assert_accessible(page)
    browser_page.assert_clean()


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_page_is_accessible_on_every_screen(
    browser_page: BrowserPage, site: Site, width: int, subtests: pytest.Subtests
) -> None:
    await made(site.shop, "ada@shop.example", "staff")
    await accounts(site.shop).keys.make("Warehouse sheet", "stock", "owner", 90)
    page = browser_page.page
    await page.set_viewport_size({"width": width, "height": 844})
    await logged_in(browser_page, site)
    await expect(page.get_by_role("region", name="Audit log")).to_be_visible()
    await assert_accessible_in_both_schemes(page, subtests)
    scrolls = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(scrolls), "the page itself never scrolls sideways"
    await page.get_by_role("button", name="Add a user").click()
    await assert_accessible_in_both_schemes(page, subtests)
    browser_page.assert_clean()
