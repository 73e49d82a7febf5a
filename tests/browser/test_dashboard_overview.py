"""The overview page."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.admin_page import AdminShop, admin_shop, member, sku, visit

OWNER = {"Authorization": "Bearer correct horse"}
PAGE = "overview.html"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def shop() -> AsyncIterator[AdminShop]:
    """A shop that has sold for ten days, with something to act on. Nothing here changes it."""
    async with admin_shop(past=10) as running:
        await running.reserve("M", 2)
        await running.reserve("XL", 4)
        await running.engine._flush_demand()
        await running.pay_late("S", running.engine.view.stock(sku("S")).available - 1, 2)
        yield running


async def overview_of(shop: AdminShop, days: int = 30) -> Any:
    answer = await shop.http.get(f"/api/admin/overview?days={days}", headers=OWNER)
    return answer.json()


async def expect_ink(page: Page, colour: list[int]) -> None:
    """Waits until the first plot is drawn in a colour: it is drawn again after the page changed."""
    for _ in range(100):
        drawn = await ink(page)
        if drawn == colour:
            return
        await page.wait_for_timeout(50)
    assert drawn == colour


async def ink(page: Page, place: int = 0) -> list[int]:
    """The colour of the line of a plot: the darkest red, green and blue that is drawn opaque."""
    message: list[int] = (
        await page.locator("fm-plot canvas")
        .nth(place)
        .evaluate(
            """canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Map();
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] < 255) continue;
            const key = [data[at], data[at + 1], data[at + 2]].join();
            seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        const spread = key => {
            const part = key.split(',').map(Number);
            return Math.max(...part) - Math.min(...part);
        };
        const [most] = [...seen].sort((a, b) => spread(b[0]) * b[1] - spread(a[0]) * a[1]);
        return most ? most[0].split(',').map(Number) : [];
        }"""
        )
    )
    return message


async def test_the_numbers_are_those_of_the_shop_and_link_to_their_rows(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, "vi") as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        overview = await overview_of(shop)
        stock, holds = overview["stock"], overview["holds"]
        await expect(page.locator(".tile b").first).to_be_visible()
        texts = await page.locator(".tile b").all_inner_texts()
        numbers = [re.sub(r"[$,]", "", text) for text in texts]
        assert [int(number) for number in (numbers[0], *numbers[2:])] == [
            stock["units"], stock["low"], stock["out"], holds["units"], stock["backordered"],
        ]  # fmt: skip
        assert float(numbers[1]) == stock["value"]
        links = [await tile.get_attribute("href") for tile in await page.locator(".tile").all()]
        assert links[2:4] == ["/admin/?status=low", "/admin/?status=out&status=sold_out"]
        assert links[4] == "/admin/holds.html"
        state = page.locator(".state")
        await expect(state).to_contain_text(f"{holds['units']} held now")
        await expect(state).to_contain_text("1 payment to decide.")
        watched.assert_clean()


async def test_open_tasks_link_to_their_pages(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        todo = page.get_by_role("region", name="To decide")
        await expect(todo.get_by_role("listitem")).to_have_count(1)
        await expect(todo).to_contain_text("1 × MIDNIGHT EMERALD HOODIE S")
        await todo.get_by_role("link", name="Late payment").click()
        await expect(page.get_by_role("heading", level=1, name="Payments")).to_be_visible()
        await expect(page.get_by_role("button", name=re.compile("not only pi_"))).to_be_visible()
        watched.assert_clean()


async def test_a_plot_has_a_line_a_conclusion_and_a_table(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, timezone_id="UTC") as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        overview = await overview_of(shop)
        sold = sum(day["sold"] for day in overview["days"])
        assert sold > 20
        figure = page.get_by_role("figure").first
        await expect(figure.locator("figcaption")).to_contain_text(f"{sold} units sold, ")
        await expect(figure.get_by_role("img")).to_have_attribute(
            "aria-label", re.compile("Sold per day: a line over 30 days")
        )
        await expect_ink(page, [11, 107, 75])
        await figure.get_by_text("Show as a table").click()
        cells = figure.locator("tbody td.number")
        await expect(cells).to_have_count(len(overview["days"]))
        shown = [int(text) for text in await cells.all_inner_texts()]
        assert shown == [day["sold"] for day in reversed(overview["days"])]
        away = page.get_by_role("figure").nth(1)
        wanted = sum(day["turnedAway"] for day in overview["days"])
        assert wanted >= 4
        await expect(away.locator("figcaption")).to_contain_text(f"{wanted} units turned away")
        await page.locator("fm-plot .u-over").first.hover()
        await expect(figure.locator(".pointed")).to_have_text(re.compile(r": \d+$"))
        watched.assert_clean()


async def test_the_plots_follow_light_and_dark(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        await expect_ink(page, [11, 107, 75])
        await page.get_by_role("button", name="Dark", exact=True).click()
        await expect_ink(page, [67, 199, 151])
        await page.get_by_role("button", name="Auto", exact=True).click()
        await expect_ink(page, [11, 107, 75])
        await page.emulate_media(color_scheme="dark")
        await expect(page.locator("body")).to_have_css("background-color", "rgb(14, 21, 18)")
        await expect_ink(page, [67, 199, 151])
        watched.assert_clean()


async def test_the_days_are_in_the_address(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        await page.get_by_role("button", name="7 days", exact=True).click()
        figure = page.get_by_role("figure").first
        await figure.get_by_text("Show as a table").click()
        await expect(figure.locator("tbody tr")).to_have_count(7)
        await expect(page).to_have_url(re.compile(r"\?days=7$"))
        await page.reload()
        await expect(page.get_by_role("button", name="7 days", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        watched.assert_clean()


async def test_health_shows_the_real_state(browser: Browser, shop: AdminShop) -> None:
    async with member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        health = page.get_by_role("region", name="Health")
        row = health.locator("dl > div")
        await expect(row.nth(0)).to_contain_text(re.compile("Store.*Fine", re.DOTALL))
        await expect(row.nth(1)).to_contain_text(re.compile("Catalogue.*Fine", re.DOTALL))
        await expect(row.nth(2)).to_contain_text("Last event")
        await expect(row.nth(3)).to_contain_text("No comparison yet.")
        await expect(row.nth(4)).to_contain_text(re.compile("Check this.*no backup yet", re.DOTALL))
        watched.assert_clean()


async def test_health_names_a_misspelt_setting(browser: Browser, shop: AdminShop) -> None:
    sentence = "FULFILLMENT is not a setting and has no effect. Did you mean FULFILMENT?"

    async def misspelt(route: Route) -> None:
        answer = await (await route.fetch()).json()
        answer["health"]["settings"] = {"ok": False, "problems": [sentence]}
        await route.fulfill(json=answer)

    async with member(browser, shop) as watched:
        await watched.page.route("**/api/admin/overview*", misspelt)
        await visit(watched.page, shop, PAGE)
        health = watched.page.get_by_role("region", name="Health")
        row = health.locator("dl > div", has_text="Settings")
        await expect(row).to_contain_text("Check this")
        await expect(row).to_contain_text(sentence)
        watched.assert_clean()


async def test_a_sale_is_seen_without_a_reload(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        await visit(page, shop, PAGE)
        sold = page.get_by_role("figure").first.locator("figcaption")
        await expect(sold).to_have_text("Nothing was sold in the last 30 days.")
        held = page.locator(".tile b").nth(4)
        await shop.reserve("M", 3)
        await expect(held).to_have_text("3")
        paid = await shop.checkout("L", 2)
        await shop.at_stripe(paid, "pay")
        await expect(sold).to_contain_text("2 units sold")
        watched.assert_clean()


async def test_an_empty_shop_shows_the_first_steps(browser: Browser) -> None:
    async with admin_shop() as shop, member(browser, shop) as watched:
        page = watched.page
        body = {"success": True, "revision": 0, "currency": "usd", "stock": {"sizes": 0}}
        await page.route("**/api/admin/overview*", lambda route: route.fulfill(json=body))
        await visit(page, shop, PAGE)
        await expect(page.locator(".state")).to_have_text("There are no products yet.")
        await expect(page.get_by_role("link", name="Import a file")).to_be_visible()
