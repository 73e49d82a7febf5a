"""Bulk changes on the stock page: selection, preview, one change and one undo."""

import json
import re
from typing import Any

from playwright.async_api import Browser, Locator, Page, Route, expect

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.stock.adjust import Count
from tests.browser.stock_page import (
    HOODIE,
    TEE,
    XL,
    L,
    M,
    S,
    cell,
    many,
    number,
    person,
    row,
    stock_shop,
    toast,
)

HOODIES = [S, M, L, XL, "prod_hoodie_002/M", "prod_hoodie_002/S/M"]


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Selected")


async def pick(page: Page, *skus: str) -> None:
    for sku in skus:
        await row(page, sku).get_by_role("checkbox").check()


async def pick_matching(page: Page) -> None:
    await page.get_by_label("Select the visible rows").check()


async def ask(page: Page, kind: str, label: str = "", value: str = "") -> Locator:
    """Opens a bulk change and leads to its preview."""
    await bar(page).get_by_role("button", name=kind).click()
    dialog = page.get_by_role("dialog")
    if label:
        await dialog.get_by_label(label).fill(value)
        await page.keyboard.press("Enter")
    return dialog


async def test_shift_selects_a_range_and_the_bar_counts(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await row(page, M).get_by_role("checkbox").click()
        await row(page, "prod_hoodie_002/M").get_by_role("checkbox").click(modifiers=["Shift"])
        await expect(bar(page).get_by_role("status")).to_have_text("4 sizes selected")
        await row(page, L).get_by_role("checkbox").click()
        await expect(bar(page).get_by_role("status")).to_have_text("3 sizes selected")
        await page.get_by_role("searchbox").fill("tee")
        await expect(bar(page).get_by_role("status")).to_have_text("3 sizes selected, 3 not shown")
        await bar(page).get_by_role("button", name="Clear").click()
        await expect(bar(page)).to_have_count(0)
        watched.assert_clean()


async def test_the_head_selects_the_visible_rows_then_all_matching(browser: Browser) -> None:
    async with stock_shop(many(400)) as room, person(browser, room) as watched:
        page = watched.page
        await page.get_by_role("searchbox").fill("p002")
        await expect(page.locator(".found [role=status]")).to_have_text("100 sizes")
        await pick_matching(page)
        message = bar(page).get_by_role("status")
        await expect(message).to_have_text(re.compile(r"^\d+ sizes selected"))
        assert 5 < int((await message.inner_text()).split()[0]) < 30
        await bar(page).get_by_role("button", name="Select all 100 matching").click()
        await expect(message).to_have_text("100 sizes selected")
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_the_preview_shows_each_row_and_who_cannot(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await pick(page, S, M, XL)
        dialog = await ask(page, "Adjust on hand", "Change by", "-4")
        await expect(dialog).to_contain_text("1 size will change, 2 sizes cannot be changed.")
        first = dialog.get_by_role("row").nth(1)
        await expect(first).to_contain_text("MIDNIGHT EMERALD HOODIE M")
        assert await first.get_by_role("cell").all_inner_texts() == [
            "MIDNIGHT EMERALD HOODIE M", "20", "16", "",
        ]  # fmt: skip
        assert room.stock() == 20
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        assert room.stock() == 20
        watched.assert_clean()


async def test_thresholds_sold_out_and_restock_dates(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await pick(page, M, TEE)
        dialog = await ask(page, "Set threshold", "New value", "30")
        await dialog.get_by_role("button", name="Change 2 sizes").click()
        await expect(row(page).locator(".badge")).to_have_text("Low")
        await expect(number(page, TEE, "lowStockThreshold")).to_have_value("30")
        await pick(page, M, TEE)
        await bar(page).get_by_role("button", name="Sold out").click()
        await dialog.get_by_role("button", name="Preview").click()
        await expect(dialog.get_by_role("row").nth(1)).to_contain_text("on sale")
        await dialog.get_by_role("button", name="Change 2 sizes").click()
        await expect(row(page, TEE).locator(".badge")).to_have_text("Sold out by owner")
        await pick(page, TEE)
        dialog = await ask(page, "Restock date", "Restock date (empty: none)", "2027-02-03")
        await expect(dialog.get_by_role("row").nth(1)).to_contain_text("Feb 3, 2027")
        await dialog.get_by_role("button", name="Change 1 size").click()
        await expect(cell(page, TEE, "restockDate")).to_have_text("Feb 3, 2027")
        watched.assert_clean()


async def test_rows_that_fail_stay_selected_and_one_undo_is_for_all(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await pick(page, M, L)
        dialog = await ask(page, "Set on hand", "New value", "44")
        await expect(dialog).to_contain_text("2 sizes will change.")
        await room.engine.submit(
            Count(sku=M, location=DEFAULT_LOCATION, quantity=19)
        )  # a buyer reserves in between
        await dialog.get_by_role("button", name="Change 2 sizes").click()
        message = toast(page, "Set on hand: 1 size. 1 size could not be changed and stays selected")
        await expect(message).to_contain_text("You saw 20 on hand; it is now 19.")
        await expect(bar(page).get_by_role("status")).to_have_text("1 size selected")
        await expect(row(page).get_by_role("checkbox")).to_be_checked()
        assert (room.stock(M), room.stock(L)) == (19, 44)
        await message.get_by_role("button", name="Undo").click()
        await expect(number(page, L)).to_have_value("58")
        assert (await room.history(page, L))[0]["change"] == {"stock": 14}
        watched.assert_clean()


async def test_a_large_change_needs_the_typed_number(browser: Browser) -> None:
    async with stock_shop(many(150)) as room, person(browser, room) as watched:
        page = watched.page
        await pick_matching(page)
        await bar(page).get_by_role("button", name="Select all 150 matching").click()
        dialog = await ask(page, "Set on hand", "New value", "7")
        apply = dialog.get_by_role("button", name="Change 150 sizes")
        await expect(apply).to_be_disabled()
        await dialog.get_by_label("Type 150 to continue").fill("15")
        await expect(apply).to_be_disabled()
        await page.keyboard.press("Enter")
        assert room.stock("p0000/0") == 40
        await dialog.get_by_label("Type 150 to continue").fill("150")
        await apply.click()
        await expect(toast(page, "Set on hand: 150 sizes.")).to_be_visible()
        assert room.stock("p0014/9") == 7
        await page.keyboard.press("Control+z")
        await expect(number(page, "p0000/0")).to_have_value("40")
        assert room.stock("p0014/9") == 40
        watched.assert_clean()


async def test_a_double_click_on_a_bulk_change_sends_one(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        sent: list[Any] = []

        async def count(route: Route) -> None:
            sent.append(json.loads(route.request.post_data or "{}"))
            await route.continue_()

        await page.route("**/api/inventory/bulk-update", count)
        await pick(page, M, L)
        dialog = await ask(page, "Adjust on hand", "Change by", "+10")
        await dialog.get_by_role("button", name="Change 2 sizes").dblclick()
        await expect(number(page)).to_have_value("30")
        assert [body["dryRun"] for body in sent] == [True, False]
        assert (room.stock(M), room.stock(L)) == (30, 68)


async def test_seed_set_all_hoodies_to_25(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await (
            page.get_by_role("group", name="Filters").get_by_role("button", name="hoodies").click()
        )
        await pick_matching(page)
        dialog = await ask(page, "Set on hand", "New value", "25")
        await expect(dialog.get_by_role("row")).to_have_count(7)
        await dialog.get_by_role("button", name="Change 6 sizes").click()
        for sku in HOODIES:
            await expect(number(page, sku)).to_have_value("25")
        assert [room.stock(sku) for sku in HOODIES] == [25] * 6
        assert room.stock(TEE) == 100
        await page.keyboard.press("Control+z")
        await expect(number(page, S)).to_have_value("3")
        assert [room.stock(sku) for sku in HOODIES] == [3, 20, 58, 0, 10, 4]


async def test_seed_adjust_all_low_stock_by_10(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await page.get_by_role("navigation", name="Views").get_by_text("Low stock").click()
        await pick_matching(page)
        await expect(bar(page).get_by_role("status")).to_have_text("2 sizes selected")
        dialog = await ask(page, "Adjust on hand", "Change by", "+10")
        await dialog.get_by_role("button", name="Change 2 sizes").click()
        await expect(toast(page, "Adjust on hand: 2 sizes.")).to_be_visible()
        assert [room.stock(sku) for sku in HOODIES] == [13, 20, 58, 0, 10, 14]


async def test_seed_reset_reservations(browser: Browser) -> None:
    async with stock_shop() as room, person(browser, room) as watched:
        page = watched.page
        await room.reserve(page, "M", 2)
        await room.reserve(page, "L", 1)
        await expect(cell(page, L, "reserved")).to_have_text("1")
        await pick_matching(page)
        dialog = await ask(page, "Release all holds")
        await expect(dialog).to_contain_text(
            "2 sizes will change; 2 holds of buyers will be released."
        )
        await expect(dialog.get_by_role("row").nth(1)).to_contain_text("releases 1 hold: b-M")
        await expect(dialog.get_by_role("link", name="b-L")).to_be_visible()
        apply = dialog.get_by_role("button", name="Change 2 sizes")
        await expect(apply).to_be_disabled()
        await dialog.get_by_label("Type 7 to continue").fill("7")
        await apply.click()
        await expect(cell(page, M, "reserved")).to_have_text("0")
        assert room.reserved("M") == room.reserved("L", HOODIE) == 0
        assert room.stock(M) == 20
        watched.assert_clean()
