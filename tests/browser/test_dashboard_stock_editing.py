"""Typing numbers into the stock page. The numbers in the names are those of the habits."""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.stock.adjust import Count
from tests.browser.stock_page import (
    TEE,
    XL,
    L,
    M,
    S,
    cell,
    changed,
    many,
    number,
    person,
    row,
    stock_shop,
    toast,
    typed,
)

UPDATE = "**/api/inventory/update"


def sent(page: Page) -> list[dict[str, Any]]:
    """The rows of every update that the page sends from now on."""
    rows: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if request.url.endswith("/api/inventory/update"):
            rows.extend(json.loads(request.post_data)["updates"])

    page.on("request", note)
    return rows


async def paint(place: Locator) -> str:
    """The colour behind it."""
    color: str = await place.evaluate("cell => getComputedStyle(cell).backgroundColor")
    return color


async def test_a_live_change_is_seen_within_a_second_and_glows(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await room.reserve(page, quantity=3)
        await expect(cell(page, M, "reserved")).to_have_text("3", timeout=1000)
        await expect(cell(page, M, "available")).to_have_text("17", timeout=100)
        await room.update(page, stock=40)
        await expect(number(page)).to_have_value("40", timeout=1000)
        glowing = cell(page, M, "stock")
        await expect(glowing).to_have_class(re.compile("glow"))
        assert await paint(glowing) != await paint(cell(page, L, "stock"))
        await expect(glowing).not_to_have_class(re.compile("glow"))
        watched.assert_clean()


async def test_nothing_moves_with_reduced_motion(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room, reduced_motion="reduce") as watched:
        await room.update(watched.page, stock=40)
        glowing = cell(watched.page, M, "stock")
        await expect(glowing).to_have_class(re.compile("glow"))
        assert await paint(glowing) == await paint(cell(watched.page, L, "stock"))


async def test_live_changes_move_neither_focus_nor_scroll(browser: Browser) -> None:
    async with stock_shop(many(300)) as room, person(browser, room) as watched:
        page = watched.page
        scroll = page.locator("fm-stock .scroll")
        await scroll.evaluate("box => box.scrollTo(0, 2000)")
        place = number(page, "p0005/3")
        await place.focus()
        before = await scroll.evaluate("box => box.scrollTop")
        for at in range(100):
            await room.count(at, str(at % 10), f"p{at % 12:04}")
        await expect(number(page, "p0005/5")).not_to_have_value("40")
        await expect(place).to_be_focused()
        box = await scroll.element_handle()
        await page.wait_for_function("([box, top]) => box.scrollTop === top", arg=[box, before])


async def test_typing_survives_a_live_change(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        place = await typed(page, "43")
        await room.update(page, stock=12)
        await expect(row(page).locator(".hint")).to_have_text("now 12")
        await expect(place).to_have_value("43")
        await expect(place).to_be_focused()
        await expect(place).to_have_attribute("aria-describedby", f"stock-{M}")


async def test_a_number_about_to_be_typed_over_stays_selected(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await number(page).focus()
        await room.update(page, stock=18)
        await expect(row(page).locator(".hint")).to_have_text("now 18")
        await page.keyboard.type("25")  # not 1825
        await expect(number(page)).to_have_value("25")
        await page.keyboard.press("Escape")
        await expect(number(page)).to_have_value("18")


async def test_typing_survives_scrolling_and_goes_to_the_right_sku(browser: Browser) -> None:
    async with stock_shop(many(2000)) as room, person(browser, room) as watched:
        page = watched.page
        updates = sent(page)
        place = await typed(page, "43", "p0001/3")
        scroll = page.locator("fm-stock .scroll")
        for top in (400, 3000, 20_000, 60_000):
            await scroll.evaluate("(box, top) => box.scrollTo(0, top)", top)
            await expect(page.locator("tr[data-sku]").nth(5)).to_be_attached()
        await expect(place).to_be_focused()
        await expect(place).to_have_value("43")
        await page.keyboard.press("Tab")
        await expect(toast(page, "GARMENT 0001 3: on hand 40 → 43 (+3).")).to_be_visible()
        assert updates == [{"productId": "p0001", "size": "3", "stock": 43, "was": {"stock": 40}}]
        assert room.stock("p0001/3") == 43
        watched.assert_clean()


async def test_enter_goes_down_shift_enter_up_esc_restores_tab_right(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "21", M)
        await expect(number(page, L)).to_be_focused()
        await page.keyboard.type("59")
        await page.keyboard.press("Shift+Enter")
        await expect(number(page, M)).to_be_focused()
        await page.keyboard.type("77")
        await page.keyboard.press("Escape")
        await expect(number(page, M)).to_have_value("21")
        await page.keyboard.type("22")
        await page.keyboard.press("Tab")
        await expect(number(page, M, "lowStockThreshold")).to_be_focused()
        await expect(toast(page, "→ 22")).to_be_visible()
        assert (room.stock(M), room.stock(L)) == (22, 59)


async def test_a_change_is_shown_before_it_is_confirmed(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        answering = asyncio.Event()

        async def late(route: Route) -> None:
            await answering.wait()
            await route.continue_()

        await page.route(UPDATE, late)
        await typed(page, "30", S)
        announced = await page.evaluate(
            """sku => new Promise(done => {
                const row = () => document.querySelector(`tr[data-sku="${sku}"]`);
                const began = performance.now();
                row().querySelector('input[data-field=stock]').dispatchEvent(
                    new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
                const look = () => row().querySelector('.badge').textContent === 'In stock'
                    ? done(performance.now() - began) : requestAnimationFrame(look);
                look();
            })""",
            S,
        )
        assert announced < 100, announced
        await expect(number(page, S)).to_have_value("30")
        await expect(cell(page, S, "available")).to_have_text("30")
        await expect(cell(page, S, "stock")).to_have_attribute("aria-busy", "true")
        assert room.stock(S) == 3
        answering.set()
        await expect(cell(page, S, "stock")).not_to_have_attribute("aria-busy", "true")
        assert room.stock(S) == 30


@pytest.mark.parametrize("status", [409, 422, 500])
async def test_a_refusal_takes_it_back_and_offers_to_retry(browser: Browser, status: int) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        problem = {"code": "odd", "detail": "It could not be.", "status": status}

        async def refuse(route: Route) -> None:
            await route.fulfill(
                status=status, content_type="application/problem+json", body=json.dumps(problem)
            )

        await page.route(UPDATE, refuse)
        await changed(page, "25")
        message = page.get_by_role("alert").filter(has_text="MIDNIGHT EMERALD HOODIE M was not")
        await expect(message).to_contain_text("It could not be.")
        await expect(number(page)).to_have_value("20")
        await expect(number(page)).to_be_focused()
        await page.unroute(UPDATE)
        await message.get_by_role("button", name="Retry").click()
        await expect(number(page)).to_have_value("25")
        await expect(toast(page, "20 → 25")).to_be_visible()
        assert room.stock() == 25


async def test_a_real_refusal_has_its_reason(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await page.get_by_label("Reason for your changes").select_option("Loss")
        await typed(page, "-15")
        await room.engine.submit(Count(sku=M, location=DEFAULT_LOCATION, quantity=4))
        await expect(row(page).locator(".hint")).to_have_text("now 4")
        await page.keyboard.press("Enter")
        await expect(row(page).get_by_role("alert")).to_contain_text("Only")
        await expect(number(page)).to_have_value("-15")
        assert room.stock() == 4


async def test_an_undo_is_an_entry_that_balances(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "25")
        message = toast(page, "MIDNIGHT EMERALD HOODIE M: on hand 20 → 25 (+5).")
        await message.get_by_role(
            "button", name="Undo"
        ).focus()  # by keyboard; the page waits during this
        await page.keyboard.press("Enter")
        await expect(number(page)).to_have_value("20")
        latest, before, *_ = await room.history(page)
        assert (before["change"], before["stock"]) == ({"stock": 5}, 25)
        assert (latest["change"], latest["stock"], latest["actor"]) == ({"stock": -5}, 20, "owner")
        await toast(page, "Undone").get_by_role("button", name="Redo").click()
        await expect(number(page)).to_have_value("25")


async def test_an_undo_keeps_what_was_sold_since(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "+5")
        undo = toast(page, "20 → 25").get_by_role("button", name="Undo")
        await undo.focus()  # the message stays during this
        await room.update(page, adjustStock=-3)
        await expect(number(page)).to_have_value("22")
        await undo.click()
        await expect(number(page)).to_have_value("17")


async def test_a_message_stays_ten_seconds_and_longer_under_the_pointer(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await page.clock.install()
        await page.reload()
        await expect(number(page)).to_have_value("20")
        await changed(page, "25")
        message = toast(page, "20 → 25")
        await expect(message).to_be_visible()
        await page.clock.run_for(10_500)
        await expect(message).to_be_visible()
        await message.hover()
        await page.clock.run_for(60_000)
        await expect(message).to_be_visible()
        await page.mouse.move(5, 5)
        await page.clock.run_for(3_000)
        await expect(message).not_to_be_visible()


async def test_ctrl_z_undoes_but_not_while_something_is_typed(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "25")
        await expect(toast(page, "20 → 25")).to_be_visible()
        await page.keyboard.type("7")  # in the row below
        await page.keyboard.press("Control+z")
        assert room.stock() == 25
        await page.keyboard.press("Escape")
        await page.get_by_role("searchbox").fill("hoodie")
        await page.keyboard.press("Control+z")
        assert room.stock() == 25
        await page.get_by_role("searchbox").fill("")
        await number(page, L).focus()
        await page.keyboard.press("Control+z")
        await expect(number(page)).to_have_value("20")
        assert room.stock() == 20


async def test_ctrl_z_undoes_the_last_change_also_before_its_answer_is_there(
    browser: Browser,
) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "25")
        await expect(toast(page, "20 → 25")).to_be_visible()
        answering = asyncio.Event()

        async def late(route: Route) -> None:
            response = await route.fetch()
            await answering.wait()
            await route.fulfill(response=response)

        await page.route(UPDATE, late)
        await changed(page, "60", L)
        await expect(number(page, L)).to_have_value("60")
        await page.get_by_role("heading", name="Stock").click()
        await page.keyboard.press("Control+z")
        await page.keyboard.press("Control+z")
        answering.set()
        await expect(number(page)).to_have_value("20")
        await expect(number(page, L)).to_have_value("58")
        assert (room.stock(M), room.stock(L)) == (20, 58)


async def test_plus_and_minus_adjust_and_a_plain_number_sets(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        updates = sent(page)
        await page.get_by_label("Reason for your changes").select_option("Count")
        for text in ("+5", "-3", "30"):
            await changed(page, text)
            await expect(toast(page, "→").last).to_be_visible()
        await expect(number(page)).to_have_value("30")
        await expect(page.locator("td[aria-busy=true]")).to_have_count(0)
        same = {"productId": "prod_hoodie_001", "size": "M", "reason": "Count"}
        assert updates == [
            {**same, "adjustStock": 5},
            {**same, "adjustStock": -3},
            {**same, "stock": 30, "was": {"stock": 22}},
        ]


@pytest.mark.parametrize(
    ("text", "sku", "field"),
    [
        *(("-1", XL, "stock"), ("1.5", M, "stock"), ("abc", M, "stock"), ("1e9", M, "stock")),
        *(("1000000001", M, "stock"), ("", M, "stock"), ("-1", M, "lowStockThreshold")),
    ],
)
async def test_an_invalid_quantity_is_reported_at_the_cell(
    browser: Browser, text: str, sku: str, field: str
) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        updates = sent(page)
        place = await typed(page, text or "x", sku, field)
        if not text:
            await place.press("Backspace")
        await place.press("Enter")
        await expect(place).to_have_attribute("aria-invalid", "true")
        await expect(place).to_be_focused()
        described_by = await place.get_attribute("aria-describedby")
        await expect(page.locator(f'[id="{described_by}"]')).to_be_visible()
        assert updates == []
        await place.press("Escape")
        await expect(place).not_to_have_attribute("aria-invalid", "true")


async def test_a_lower_number_asks_for_the_reason_which_the_history_shows(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "18")
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("radio", name="Correction")).to_be_checked()
        for reason in ("Count", "Received", "Return", "Loss", "Promotion", "Other"):
            await expect(dialog.get_by_role("radio", name=reason)).to_be_visible()
        await dialog.get_by_role("radio", name="Damaged").check()
        await page.keyboard.press("Enter")
        await expect(number(page)).to_have_value("18")
        await expect(number(page, L)).to_be_focused()
        await expect(toast(page, "20 → 18")).to_be_visible()
        assert (await room.history(page))[0]["reason"] == "Damaged"
        await changed(page, "17")
        await dialog.get_by_role("radio", name="Other").check()
        await dialog.get_by_label("What happened").fill("The monkey took it")
        await dialog.get_by_role("button", name="Save").click()
        await expect(toast(page, "18 → 17")).to_be_visible()
        assert (await room.history(page))[0]["reason"] == "The monkey took it"
        await changed(page, "3")
        await page.keyboard.press("Escape")  # discarded again
        await expect(number(page)).to_have_value("17")
        assert room.stock() == 17


@pytest.mark.parametrize(("choice", "after"), [("Keep 18", 18), ("Set 25", 25), ("Add 5: 23", 23)])
async def test_two_admins_edit_the_same_cell(browser: Browser, choice: str, after: int) -> None:
    async with (
        stock_shop() as room,
        person(browser, room) as owner,
        person(browser, room, "ana") as ana,
    ):
        await typed(owner.page, "25")
        await ana.page.get_by_label("Reason for your changes").select_option("Count")
        await changed(ana.page, "18")
        await expect(row(owner.page).locator(".hint")).to_have_text("now 18")
        await owner.page.keyboard.press("Enter")
        dialog = owner.page.get_by_role("dialog", name="MIDNIGHT EMERALD HOODIE M has changed")
        await expect(dialog).to_contain_text("Changed to 18 by ana, just now (Count).")
        await expect(dialog).to_contain_text("You saw 20 and entered 25.")
        await dialog.get_by_role("button", name=choice).click()
        for page in (owner.page, ana.page):
            await expect(number(page)).to_have_value(str(after))
        assert room.stock() == after
        owner.assert_clean()


async def test_enter_twice_is_one_change(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        updates = sent(page)
        place = await typed(page, "+5", TEE)
        await place.evaluate(
            """field => { for (const at of [1, 2]) field.dispatchEvent(
                new KeyboardEvent('keydown', {key: 'Enter', bubbles: true})) }"""
        )
        await expect(toast(page, "100 → 105")).to_be_visible()
        await toast(page, "100 → 105").get_by_role("button", name="Undo").dblclick()
        await expect(number(page, TEE)).to_have_value("100")
        assert len(updates) == 1
        assert len(await room.history(page, TEE)) == 3
        watched.assert_clean()


@pytest.mark.parametrize(("choice", "after"), [("Keep 14", 14), ("Set 12", 12)])
async def test_a_count_that_equals_the_old_number_is_a_count(
    browser: Browser, choice: str, after: int
) -> None:
    """A colleague sets 14 while the user types over the 12 that was there."""
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "12")
        await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await expect(number(page)).to_have_value("12")
        place = await typed(page, "12")
        await room.update(page, M, stock=14)
        await expect(row(page).locator(".hint")).to_have_text("now 14")
        await place.press("Enter")
        asked = page.get_by_role("dialog")
        await expect(asked).to_contain_text("Changed to 14")
        await expect(asked.get_by_role("button", name="Add 0")).to_have_count(0)
        await asked.get_by_role("button", name=choice).click()
        if after < 14:
            await asked.get_by_role("button", name="Save").click()
        await expect(asked).to_have_count(0)
        await number(page).blur()
        await expect(number(page)).to_have_value(str(after))
        assert room.stock() == after


@pytest.mark.parametrize("way", ["blur", "threshold", "unchanged"])
async def test_the_old_number_is_compared_with_the_present_one(browser: Browser, way: str) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        rows = sent(page)
        field = "lowStockThreshold" if way == "threshold" else "stock"
        old = "5" if way == "threshold" else "20"
        place = await typed(page, old, field=field)
        if way != "unchanged":
            await room.update(page, M, **{field: 9 if way == "threshold" else 22})
            await expect(row(page).locator(".hint")).to_contain_text("now")
        if way == "blur":
            await page.get_by_role("heading", name="Stock").click()
        else:
            await place.press("Enter")
        if way == "unchanged":  # it is unchanged: there is nothing to send
            await changed(page, "21", S)  # after this time the other message would have closed
            await expect(toast(page, "→ 21")).to_have_count(1)
            assert [row["size"] for row in rows] == ["S"]
            return
        await expect(page.get_by_role("dialog")).to_contain_text("has changed")


async def test_ctrl_z_goes_back_step_by_step(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        for text in ("25", "30", "1000000"):
            await changed(page, text)
            await expect(toast(page, f"→ {int(text):,}")).to_have_count(1)
        await page.get_by_role("heading", name="Stock").click()
        for before in (30, 25, 20):
            await page.keyboard.press("Control+z")
            await expect(number(page)).to_have_value(str(before))
            done = toast(page, "Undone. MIDNIGHT EMERALD HOODIE M: on hand")
            await expect(done.filter(has_text=f"→ {before}.")).to_have_count(1)
        # The messages of undone changes are closed: their Undo would have no effect.
        await expect(page.get_by_role("button", name="Undo", exact=True)).to_have_count(0)
        assert room.stock() == 20
        watched.assert_clean()


async def test_the_reason_of_an_impossible_undo_is_shown(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await changed(page, "25")
        await expect(toast(page, "→ 25")).to_have_count(1)
        await room.update(page, M, stock=22)
        await page.get_by_role("heading", name="Stock").click()
        await page.keyboard.press("Control+z")
        refused = toast(page, "This change cannot be undone. MIDNIGHT EMERALD HOODIE M")
        await expect(refused).to_contain_text("The stock was counted since: 22 on hand.")
        await expect(refused).not_to_contain_text("failed")
        await expect(refused).not_to_contain_text("prod_")
        await expect(refused.get_by_role("button", name="Undo")).to_have_count(0)
        assert room.stock() == 22
