"""Export and import in a real browser; habits 29 to 32 by number."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from python_calamine import load_workbook

from fancymonkey.core.holds.end import Capture
from tests.browser.products_page import ProductsShop, at_work, products_shop
from tests.browser.shop_page import NARROW, WIDE
from tests.spreadsheets.support import book
from tests.support.axe import assert_accessible, assert_accessible_in_both_schemes
from tests.web.imports.test_import import edited
from tests.web.shops import HOODIE

ATTACK = "<img src=x onerror=alert(1)>"
WHILE_READING = 20_000
"""The time (ms) for a preview: a process of its own reads the file, and its start takes part of it.
"""


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[ProductsShop]:
    async with products_shop() as running:
        yield running


async def choose(page: Page, content: str | bytes, name: str = "stock.csv") -> None:
    data = content.encode() if isinstance(content, str) else content
    file: Any = {"name": name, "mimeType": "", "buffer": data}
    await page.locator("input[type=file]").set_input_files(file)


async def drop(page: Page, content: str, name: str = "stock.csv") -> None:
    await page.evaluate(
        """([content, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([content], name));
        document.querySelector('.drop').dispatchEvent(
            new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        [content, name],
    )


async def tiles(page: Page) -> dict[str, str]:
    await expect(page.locator("#seen")).to_be_visible(timeout=WHILE_READING)
    texts = await page.locator(".tile").all_inner_texts()
    return {words: number for number, words in (text.split("\n") for text in texts)}


async def sell(shop: ProductsShop, page: Page, quantity: int) -> None:
    body = {"productId": HOODIE, "size": "M", "quantity": quantity, "sessionId": "buyer"}
    assert (await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)).ok
    await shop.engine.submit(Capture(ref="buyer"))


async def test_habit_29_the_file_is_what_is_on_the_screen(
    browser: Browser, shop: ProductsShop, tmp_path: Path
) -> None:
    async with at_work(browser, shop, "?status=low&status=in_stock&sort=-available") as watched:
        page = watched.page
        await expect(page.locator("fm-stock tbody tr td.name").first).to_be_visible()
        for format_ in ("CSV", "XLSX"):
            link = page.locator(f'a[href*="/api/admin/export?format={format_.lower()}"]').first
            url = await link.get_attribute("href")
            answer = await page.request.get(f"{shop.url}{url}")
            data = await answer.body()
            if format_ == "CSV":
                rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
            else:
                head, *lines = load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python()
                rows = [dict(zip(head, line, strict=True)) for line in lines]
            in_file = [
                (row["name"], row["size"], *(int(row[name]) for name in ("reserved", "available")))
                for row in rows
            ]
            shown = await page.locator("fm-stock tbody tr:has(td.name)").evaluate_all(
                """rows => rows.map(row => ['name', 'reserved', 'available'].map(
                    name => row.querySelector('td.' + name).innerText.trim()))"""
            )
            assert len(shown) == len(in_file) == 6
            for (name, reserved, available), row in zip(shown, in_file, strict=True):
                assert name.startswith(row[0])
                assert row[1] in name
                assert (int(reserved), int(available)) == row[2:]


async def test_habit_30_drop_preview_apply_undo(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        text = edited(await shop.export(page), stock="25", lowStockThreshold="8")
        text = edited(text, "L", stock="many")
        await expect(page.locator(".drop")).to_be_visible()
        await drop(page, text)
        assert await tiles(page) == {
            "changed": "1",
            "new": "0",
            "unchanged": "5",
            "with errors": "1",
        }
        faults = page.get_by_role("region", name="Rows with errors")
        await expect(faults).to_contain_text("'many' is not a whole number")
        await expect(page.get_by_role("button", name="Correct the errors")).to_be_disabled()
        assert shop.on_hand() == 20  # nothing before Apply
        await page.get_by_role("button", name="Skip rows with errors").click()
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible()
        assert (shop.on_hand(), shop.on_hand("L")) == (25, 58)
        await page.get_by_role("button", name="Undo the import").click()
        await expect(page.locator("#seen")).to_be_visible()
        assert shop.on_hand() == 20
        watched.assert_clean()


async def test_habit_30_a_template_and_a_thousand_rows(browser: Browser) -> None:
    async with products_shop(fill=()) as shop, at_work(browser, shop, "import.html") as watched:
        page = watched.page
        async with page.expect_download() as started:
            await page.get_by_role("link", name="CSV template").click()
        file = await (await started.value).path()
        head = file.read_text("utf-8-sig").strip()
        assert head.startswith("productId,size,name")
        rows = [f"p{n // 10},{n % 10},Näme {n // 10},tees,9.5,{n},5,,,,," for n in range(1000)]
        await choose(page, "\n".join([head, *rows]))
        assert (await tiles(page))["with errors"] == "1,000"  # habit 31
        await page.get_by_role("button", name="Add new products and sizes").click()
        ready = page.get_by_role("button", name="Apply 1,000 rows")
        await expect(ready).to_be_enabled(timeout=WHILE_READING)
        await page.get_by_role("button", name="Apply 1,000 rows").click()
        await expect(page.get_by_text("1,000 rows were imported")).to_be_visible(
            timeout=WHILE_READING
        )
        assert shop.on_hand("9", "p99") == 999
        watched.assert_clean()


@pytest.mark.parametrize("separator", [",", ";"])
async def test_habit_31_files_of_other_programs(
    browser: Browser, shop: ProductsShop, separator: str
) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        table = f'\ufeffProdukt,Größe,Bestand,Preis\r\n{HOODIE},M,25,"58,00"\r\nnone,M,1,9\r\n'
        if separator == ";":
            table = table.replace('"58,00"', "58.00").replace(",", ";").replace("58.00", "58,00")
        await choose(page, table, "Bestand.csv")
        seen = await tiles(page)
        assert (seen["changed"], seen["with errors"]) == ("1", "1")
        await expect(page.get_by_text("no such product")).to_be_visible()
        await expect(page.get_by_text("Columns read: on hand, price.")).to_be_visible()


async def test_habit_31_a_spreadsheet(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        answer = await page.request.get(f"{shop.url}/api/admin/export?format=xlsx")
        await choose(page, await answer.body(), "stock.xlsx")
        assert (await tiles(page))["unchanged"] == "7"
        await expect(page.get_by_role("button", name="No changes to apply")).to_be_disabled()
        watched.assert_clean()


async def test_habit_32_the_same_file_again_changes_nothing(
    browser: Browser, shop: ProductsShop
) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        text = edited(await shop.export(page), stock="25")
        await choose(page, text)
        await page.get_by_role("button", name="Apply 1 row").click()
        await page.get_by_role("button", name="Another file").click()
        await choose(page, text)
        assert (await tiles(page))["changed"] == "0"
        assert shop.on_hand() == 25


async def test_a_buyers_sale_while_a_file_is_edited(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        text = edited(await shop.export(page), stock="25")
        await sell(shop, page, 3)
        await choose(page, text)
        row = page.get_by_role("region", name="Changes").locator("tbody tr")
        await expect(row).to_have_count(1)
        cells = row.locator("td")
        await expect(cells.nth(-1)).to_have_text("22")
        assert (await row.inner_text()).split("\t")[-4:] == ["20", "25", "17", "22"]
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible()
        assert shop.on_hand() == 22


async def test_content_of_a_file_is_shown_as_text(browser: Browser, shop: ProductsShop) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        ran = []
        page.on("dialog", lambda dialog: ran.append(dialog.message) or dialog.dismiss())
        text = f'productId,size,name,category,stock\n{HOODIE},{ATTACK},x,"=1+1",{ATTACK}\n'
        await choose(page, text + f"{HOODIE},M,{ATTACK},,21\n", f"{ATTACK}.csv")
        await expect(page.get_by_role("region", name="Changes")).to_contain_text(ATTACK)
        assert await page.locator("main img").count() == 0
        assert not ran


async def test_an_invalid_table_is_reported_and_another_can_be_chosen(
    browser: Browser, shop: ProductsShop
) -> None:
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        await choose(page, b"\x89PNG\r\n\x1a\n\xff\xfe", "cat.png")
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was changed.")
        await expect(page.locator(".drop")).to_be_visible()
        await choose(page, "productId,size,colour\n", "x.csv")
        await expect(page.get_by_role("alert")).to_contain_text("Unknown column 'colour'")


@pytest.mark.parametrize("screen", [WIDE, NARROW])
async def test_edits_that_are_not_taken_in_are_shown(
    browser: Browser, shop: ProductsShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with at_work(browser, shop, "import.html", screen=screen) as watched:
        page = watched.page
        text = edited(await shop.export(page), available="50")
        text = edited(text, "L", stock="60", status="sold_out")
        await choose(page, text)
        message = page.get_by_role("region", name="Not imported")
        await expect(message).to_contain_text("available was changed in row 3")
        await expect(message).to_contain_text("change stock instead")
        await expect(message.locator("li")).to_have_count(2)
        await assert_accessible_in_both_schemes(page, subtests)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= screen[0]
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible()
        await expect(page.get_by_role("region", name="Not imported")).to_be_visible()
        watched.assert_clean()


async def test_a_sheet_is_chosen_where_several_have_a_table(
    browser: Browser, shop: ProductsShop
) -> None:
    head = ["productId", "size", "stock"]
    data = book(("May", [head, [HOODIE, "M", 25]]), ("June", [head, [HOODIE, "M", 26]]))
    async with at_work(browser, shop, "import.html") as watched:
        page = watched.page
        await choose(page, data, "count.xlsx")
        await expect(page.get_by_role("alert")).to_contain_text("Several sheets have a table")
        await assert_accessible(page)
        await page.get_by_role("button", name="June").click()
        await expect(page.get_by_text("Sheet read: June.")).to_be_visible()
        assert (await tiles(page))["changed"] == "1"
        await page.get_by_role("button", name="Apply 1 row").click()
        await expect(page.get_by_text("1 row was imported")).to_be_visible()
        assert shop.on_hand() == 26


async def test_staff_import_stock_and_not_prices_and_viewers_only_look(
    browser: Browser, shop: ProductsShop
) -> None:
    async with at_work(browser, shop, "import.html", name="sam") as watched:
        page = watched.page
        text = edited(edited(await shop.export(page), stock="25"), "L", price="1")
        await choose(page, text)
        seen = await tiles(page)
        assert (seen["changed"], seen["with errors"]) == ("1", "1")
        await expect(page.get_by_text("only an owner may change it")).to_be_visible()
    async with at_work(browser, shop, "import.html", name="vi") as watched:
        await choose(watched.page, text)
        await expect(watched.page.get_by_role("alert")).to_contain_text(
            "requires the right `stock`"
        )


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_import_page_is_accessible(
    browser: Browser, shop: ProductsShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    async with at_work(browser, shop, "import.html", screen=screen) as watched:
        page = watched.page
        await expect(page.locator(".drop")).to_be_visible()
        await assert_accessible_in_both_schemes(page, subtests)
        text = edited(edited(await shop.export(page), stock="25"), "L", stock="many")
        await choose(page, text)
        await expect(page.locator("#seen")).to_be_focused()
        await assert_accessible_in_both_schemes(page, subtests)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        watched.assert_clean()
