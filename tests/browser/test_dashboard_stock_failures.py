"""The stock page without network, server, session or user."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Dialog, Page, Route, expect

from fancymonkey.web.admin_api.stock import stock_live
from tests.browser.stock_page import (
    HEADERS,
    HOODIE,
    NARROW,
    L,
    M,
    cell,
    changed,
    log_in,
    number,
    person,
    row,
    stock_shop,
    toast,
    typed,
)
from tests.support.server import Server
from tests.support.visitors import visitor
from tests.web.shops import PASSWORD


async def log_out(page: Page) -> None:
    """Ends the session, as another window of the same browser would."""
    ended = await page.evaluate("fetch('/api/admin/logout', {method: 'POST'}).then(a => a.status)")
    assert ended == 200, ended


async def test_offline_is_shown_typed_text_is_kept_and_updates_resume(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        place = await typed(page, "33")
        await page.context.set_offline(True)
        banner = page.locator(".banner[role=alert]")
        await expect(banner).to_contain_text("Connection lost. Showing data from")
        await expect(page.locator("#connection")).to_have_text("No connection")
        await expect(place).to_have_value("33")
        await page.keyboard.press("Enter")
        await expect(row(page).get_by_role("alert")).to_contain_text("Not saved")
        await room.count(50, "L")
        assert room.stock() == 20
        await page.context.set_offline(False)
        await expect(banner).to_have_count(0)
        await expect(number(page, L)).to_have_value("50")
        await expect(place).to_have_value("33")
        await place.press("Enter")
        await expect(toast(page, "20 → 33")).to_be_visible()
        assert room.stock() == 33


async def test_a_killed_server_is_resumed_without_a_gap(browser: Browser, tmp_path: Path) -> None:
    env = {"ADMIN_PASSWORD": PASSWORD}
    with Server(data=tmp_path, env=env, arguments=["--init"]) as server:
        async with person(browser, server) as watched:
            page = watched.page
            await expect(number(page)).to_have_value("20")
            server.kill()
            await expect(page.locator("#connection")).to_have_text("No connection")
            server.start()
            update = {"productId": HOODIE, "size": "M", "stock": 77}
            async with httpx.AsyncClient(base_url=server.url, headers=HEADERS) as elsewhere:
                await elsewhere.post("/api/inventory/update", json={"updates": [update]})
            await expect(page.locator("#connection")).to_have_text("Live")
            await expect(number(page)).to_have_value("77")
            await changed(page, "78")
            await expect(toast(page, "77 → 78")).to_be_visible()


async def test_missed_changes_come_by_since(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url) if "live" in sent.url else None)
        await page.context.set_offline(True)
        await expect(page.locator("#connection")).to_have_text("No connection")
        known = room.engine.view.revision
        await room.count(11, "M")
        await room.count(12, "M")
        await page.context.set_offline(False)
        await expect(number(page)).to_have_value("12")
        assert asked[-1].endswith(f"/api/admin/inventory/live?since={known}")


async def test_numbers_are_saved_before_the_first_live_update(browser: Browser) -> None:
    async with stock_shop() as room, visitor(browser, NARROW) as watched:
        page = watched.page
        may_connect = asyncio.Event()

        async def delayed(route: Route) -> None:
            await may_connect.wait()
            await route.continue_()

        await page.route("**/api/admin/inventory/live?**", delayed)
        await log_in(page, room.url)
        await page.goto(f"{room.url}/admin/")
        await changed(page, "25")
        await expect(toast(page, "20 → 25")).to_be_visible()
        await row(page, L).get_by_role("button", name="One more").click()
        await expect(toast(page, "58 → 59 (+1)")).to_be_visible()
        await expect(page.locator("#connection")).to_have_text("Connecting")
        may_connect.set()
        await expect(page.locator("#connection")).to_have_text("Live")
        await expect(number(page)).to_have_value("25")
        await expect(number(page, L)).to_have_value("59")
        watched.assert_clean()
    assert [room.stock(sku) for sku in (M, L)] == [25, 59]


async def test_an_expired_token_is_renewed_and_live_updates_continue(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_live, "CHECK_SECONDS", 0.1)
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        renewed: list[int] = []
        page.on(
            "response",
            lambda request: renewed.append(request.status) if "refresh" in request.url else None,
        )
        clock = room.engine.clock
        monkeypatch.setattr(room.accounts.sessions._tokens, "_clock", lambda: clock() + 601_000)
        await expect(page.locator("#connection")).not_to_have_text("Live")
        await expect(page.locator("#connection")).to_have_text("Live")
        assert renewed == [200]
        await room.count(33, "M")
        await expect(number(page)).to_have_value("33")


async def test_a_session_that_ends_while_typing_loses_nothing(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room, query="?q=hoodie") as watched:
        page = watched.page
        await changed(page, "1x", L)  # no number: it stays as typed
        await typed(page, "41")
        await log_out(page)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/admin/admin-login.html?expired=1&next=*")
        await expect(page.locator("#note")).to_be_visible()
        await page.get_by_label("Email or name").fill("owner")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/admin/?q=hoodie")
        await expect(number(page)).to_have_value("41")
        await expect(number(page, L)).to_have_value("1x")
        await expect(number(page)).to_be_focused()
        await expect(toast(page, "2 unsaved changes were restored.")).to_be_visible()
        assert room.stock() == 20
        await page.keyboard.press("Enter")
        await expect(toast(page, "20 → 41")).to_be_visible()
        assert room.stock() == 41


async def test_unsaved_edits_are_not_shown_to_another_user(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await typed(page, "41")
        await log_out(page)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/admin/admin-login.html?expired=1&next=*")
        await log_in(page, room.url, "ana")
        await page.goto(f"{room.url}/admin/")
        await expect(number(page)).to_have_value("20")
        await log_in(page, room.url)
        await page.reload()
        await expect(number(page)).to_have_value("20")


async def test_leaving_with_something_typed_asks(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        asked: list[str] = []

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        page.on("dialog", stay)
        await typed(page, "abc")
        await page.keyboard.press("Enter")
        await page.close(run_before_unload=True)
        await expect(number(page)).to_have_value("abc")
        assert asked == ["beforeunload"]
        await number(page).press("Escape")
        await page.get_by_role("link", name="Holds").first.click()
        await page.wait_for_url("**/admin/holds.html")
        assert asked == ["beforeunload"]


async def test_live_changes_are_announced_in_one_sentence(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await page.evaluate(
            """() => {
                window.announced = [];
                for (const place of document.querySelectorAll('[role=status], [role=alert]'))
                    new MutationObserver(() => announced.push(place.textContent.trim()))
                        .observe(place, {childList: true, characterData: true, subtree: true});
            }"""
        )
        for at in range(10):
            await room.count(at, ("S", "M", "L")[at % 3])
        await expect(page.locator("#heard")).to_have_text("3 sizes changed.")
        announced: Any = await page.evaluate("announced")
        assert set(announced) == {"3 sizes changed."}, announced
        assert await page.locator("tbody [role=status], tbody [aria-live]").count() == 0


async def test_roles_a_viewer_sees_everything_and_changes_nothing(browser: Browser) -> None:
    async with stock_shop() as room:
        from fancymonkey.accounts.model import Role

        await room.accounts.users.add("vera", Role.VIEWER, PASSWORD)
        async with person(browser, room, "vera") as watched:
            page = watched.page
            await expect(cell(page, M, "stock")).to_have_text("20")
            await expect(page.locator("tbody input:not([type=checkbox])")).to_have_count(0)
            await row(page).get_by_role("checkbox").check()
            await expect(page.get_by_role("region", name="Selected")).to_have_count(0)
            await expect(page.locator(".head-actions").get_by_role("link")).to_have_text(
                ["CSV", "XLSX"]
            )
            watched.assert_clean()


async def test_names_are_shown_as_text(browser: Browser) -> None:
    async with stock_shop() as room:
        evil = '<img src=x onerror="window.pwned=1">'
        await room.add_product(evil, "M", "</b><script>1</script>")
        async with person(browser, room) as watched:
            page: Any = watched.page
            await page.get_by_role("searchbox").fill("img src")
            await expect(cell(page, "odd/M", "name")).to_contain_text(evil)
            await changed(page, "9", "odd/M")
            await expect(toast(page, evil)).to_be_visible()
            await row(page, "odd/M").get_by_role("button", name="More about").click()
            await expect(page.get_by_role("heading", name=evil)).to_be_visible()
            assert await page.evaluate("window.pwned") is None
            watched.assert_clean()
