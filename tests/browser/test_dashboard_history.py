"""The history page, which explains a stock number."""

import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind
from fancymonkey.core.stock.adjust import Adjust, Count
from tests.browser.admin_page import DAY, AdminShop, admin_shop, member, sku, visit
from tests.web.shops import HOODIE

OWNER = {"Authorization": "Bearer correct horse"}
SKU = f"{HOODIE}/M"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def shop() -> AsyncIterator[AdminShop]:
    """A hoodie with a history of five days; only the last test adds to it."""
    async with admin_shop(began=6) as running:
        clock = running.clock
        clock.behind = 5 * DAY
        received = Adjust(
            sku=SKU,
            location=DEFAULT_LOCATION,
            delta=12,
            kind=Kind.RECEIVED,
            actor="ana",
            reason="Delivery 7, =1+1",
        )
        await running.run(received)
        clock.behind = 3 * DAY
        await running.run(
            Count(sku=SKU, location=DEFAULT_LOCATION, quantity=30, actor="sam", reason="Count")
        )
        clock.behind = 0
        paid = await running.checkout("M", 3)
        await running.at_stripe(paid, "pay")
        await running.reserve("M", 2)
        update = {"productId": HOODIE, "size": "M", "adjustStock": -1, "reason": "Damaged"}
        both = [update, {**update, "size": "L"}]
        body = {"updates": both}
        await running.http.post("/api/inventory/update", headers=OWNER, json=body)
        yield running


def rows(page: Page) -> Locator:
    return page.locator("table.cards tbody tr")


async def admin_get(shop: AdminShop, path: str) -> Any:
    answer = await shop.http.get(f"/api/admin/{path}", headers=OWNER)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def steps(page: Page) -> list[list[str]]:
    """The drawn waterfall: the label and the number of each bar."""
    texts = []
    for step in await page.locator(".waterfall li").all():
        words = (await step.locator(".what").inner_text()).split("\n")[0]
        texts.append([words, await step.locator("b").inner_text()])
    return texts


async def test_the_explanation_of_a_number(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop, "vi") as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}")
        explanation = await admin_get(shop, f"explain?sku={SKU}")
        assert explanation["closing"]["available"] == 24
        await expect(page.get_by_role("heading", name="Why is it 24?")).to_be_visible()
        because = page.locator(".because")
        await expect(because).to_contain_text("24 available now: 26 on hand less 2 reserved.")
        await expect(because).to_contain_text(
            "In all: 20 added, 12 received, 2 counted away, 3 sold, 1 adjusted away."
        )
        assert await steps(page) == [
            ["Added", "+20"],
            ["Received", "+12"],
            ["Counted", "−2"],
            ["Sold", "−3"],
            ["Adjusted", "−1"],
            ["On hand", "26"],
            ["Reserved", "−2"],
            ["Available", "24"],
        ]
        await page.get_by_text("Show as a table").click()
        cells = page.locator("details table tbody td:nth-child(3)")
        await expect(cells).to_have_text(["20", "32", "30", "27", "26", "26", "24", "24"])
        watched.assert_clean()


async def test_the_bars_of_the_waterfall_are_as_long_as_their_numbers(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        await visit(watched.page, shop, f"history.html?sku={SKU}")
        widths = [
            float(await bar.get_attribute("width") or 0)
            for bar in await watched.page.locator(".waterfall rect").all()
        ]
        width = 100 / 32
        wanted = [
            20 * width,
            12 * width,
            2 * width,
            3 * width,
            width,
            26 * width,
            2 * width,
            24 * width,
        ]
        assert all(abs(a - b) < 0.01 for a, b in zip(widths, wanted, strict=True))


async def test_stock_as_of_any_day_and_what_moved_between_two(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, timezone_id="Asia/Tokyo") as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}")
        day = await page.evaluate(
            """() => { const at = new Date(Date.now() - 3 * 86400000);
            return [at.getFullYear(), at.getMonth() + 1, at.getDate()]
                .map(part => String(part).padStart(2, '0')).join('-'); }"""
        )
        await page.get_by_label("Up to").fill(day)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Why was it 30?")).to_be_visible()
        await expect(rows(page)).to_have_count(3)
        await page.get_by_label("From").fill(day)
        await page.keyboard.press("Enter")
        await expect(rows(page)).to_have_count(1)
        assert (await steps(page))[-2:] == [["Counted", "−2"], ["On hand", "30"]]
        await expect(page).to_have_url(re.compile(f"from={day}"))
        await expect(page).to_have_url(re.compile(f"to={day}"))
        await page.reload()
        await expect(page.get_by_label("From")).to_have_value(day)
        await page.get_by_role("button", name="Clear all").click()
        await expect(page.get_by_label("From")).to_have_value("")
        watched.assert_clean()


async def test_every_entry_has_actor_time_reason_and_the_numbers_after_it(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}")
        history = await admin_get(shop, f"history?sku={SKU}")
        await expect(rows(page)).to_have_count(len(history["entries"]))
        for row, entry in zip(await rows(page).all(), history["entries"], strict=True):
            text = re.sub(r"\s+", " ", await row.inner_text())
            assert f"No. {entry['revision']}" in text
            assert f" {entry['stock']} {entry['reserved']} {entry['available']} " in text
            assert entry["actor"] in text
            assert entry["reason"] in text
            at = await row.locator("time").get_attribute("datetime")
            assert at == entry["at"]
        numbers = [entry["revision"] for entry in history["entries"]]
        assert numbers == sorted(numbers, reverse=True)


async def test_filters_by_kind_and_by_who(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}")
        await page.get_by_label("Kind").select_option("received")
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("Delivery 7, =1+1")
        await expect(page.locator(".waterfall")).to_have_count(0)
        await page.get_by_label("Kind").select_option("")
        await page.get_by_role("button", name="sam").click()
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("Counted")
        await page.go_back()
        await page.go_back()
        await expect(page.get_by_label("Kind")).to_have_value("received")
        await page.get_by_label("Actor").fill("nobody")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Show everything").click()
        await expect(page).to_have_url(re.compile(r"history\.html$"))
        await expect(rows(page).nth(1)).to_be_visible()
        watched.assert_clean()


async def test_links_lead_to_the_act_the_event_and_the_hold(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}")
        await (
            rows(page)
            .filter(has_text="Adjusted")
            .get_by_role("button", name="whole change")
            .click()
        )
        await expect(rows(page)).to_have_count(2)
        await expect(page.get_by_role("button", name=re.compile("not only act_"))).to_be_visible()
        await page.go_back()
        await rows(page).filter(has_text="Sold").get_by_role("link", name="event").click()
        await expect(page.get_by_role("heading", level=1, name="Payments")).to_be_visible()
        events = page.get_by_role("region", name="Events")
        await expect(events.locator("tbody tr")).to_have_count(1)
        await events.get_by_role("link", name="entries").click()
        await expect(rows(page)).to_have_count(1)
        await expect(rows(page)).to_contain_text("Sold")
        await rows(page).get_by_role("link", name="hold").click()
        await expect(page.get_by_role("heading", level=1, name="Holds")).to_be_visible()
        await expect(rows(page).locator(".badge")).to_have_text("Paid")
        await rows(page).get_by_role("link", name=re.compile("HOODIE M")).click()
        await expect(page.get_by_role("heading", name="Why is it 24?")).to_be_visible()
        watched.assert_clean()


async def test_the_file_has_the_shown_entries(
    browser: Browser, shop: AdminShop, tmp_path: Path
) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}&actor=ana")
        shown = len(await rows(page).all())
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export CSV").click()
        file = tmp_path / "history.csv"
        await (await download.value).save_as(file)
        lines = list(csv.DictReader(io.StringIO(file.read_text())))
        assert len(lines) == shown == 1
        assert lines[0]["stock"] == "12"
        assert lines[0]["reason"] == "Delivery 7, =1+1"


async def test_the_whole_shop_goes_back_page_by_page(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        for number in range(120):
            await shop.run(
                Count(sku=sku("L"), location=DEFAULT_LOCATION, quantity=number, actor="ana")
            )
        page = watched.page
        await visit(page, shop, "history.html")
        await expect(page.locator(".state")).to_have_text("The whole shop, the latest entry first.")
        await expect(rows(page)).to_have_count(100)
        await page.get_by_role("button", name="Older entries").click()
        everything = len(await shop.engine.store.entries_after(0))
        await expect(rows(page)).to_have_count(everything)
        await expect(page.get_by_text(f"All {everything} entries shown.")).to_be_visible()
        watched.assert_clean()


async def test_empty_lists_have_a_text(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"history.html?cause={quote('act_nothing')}")
        await expect(page.get_by_text("No entries match.")).to_be_visible()
        watched.assert_clean()


async def test_new_entries_are_offered_and_move_nothing(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, f"history.html?sku={SKU}")
        await expect(rows(page).first).to_be_visible()
        before = await rows(page).count()
        await shop.reserve("M")
        offer = page.get_by_role("button", name="Show new entries")
        await expect(offer).to_be_visible()
        assert await rows(page).count() == before
        await offer.click()
        await expect(rows(page)).to_have_count(before + 1)
        await expect(page.get_by_role("heading", name="Why is it 23?")).to_be_visible()
        await expect(offer).to_have_count(0)
        watched.assert_clean()


async def test_history_is_found_by_the_name_of_a_product(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, "history.html")
        field = page.get_by_label("Product or size")
        await field.fill("banana")
        await expect(page.locator("#sizes option")).to_have_count(1)
        await field.press("Enter")
        await expect(page.locator(".state")).to_contain_text("Products matching “banana”")
        await expect(rows(page).first).to_contain_text("BANANA TEE")
        assert "EMERALD" not in " ".join(await rows(page).all_inner_texts())
        # A suggestion is one size, and its page explains the number.
        await field.fill("MIDNIGHT EMERALD HOODIE M")
        await field.press("Enter")
        await expect(page.get_by_role("heading", name="Why is it")).to_be_visible()
        await field.fill("no such thing")
        await field.press("Enter")
        empty = page.get_by_text("No products or sizes match “no such thing”.")
        await expect(empty).to_be_visible()
        watched.assert_clean()
