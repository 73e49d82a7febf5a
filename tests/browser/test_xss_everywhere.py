"""Markup in every text of other people: each page shows it as text and runs nothing.

Buyers write the names of their baskets and orders; staff write reasons, names and tables; other
systems answer webhooks. The dashboard and the shop show these texts as they were written.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from fancymonkey.accounts.model import Role
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Kind, Line, Product, sku_of
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.transfers.edit import CreateTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.store.products_file.fields.extra_fields import with_image
from tests.alerts.receivers import HttpReceiver
from tests.browser.admin_page import AdminShop, admin_shop, member
from tests.browser.shop_page import NARROW, WIDE
from tests.web.shops import PASSWORD

IMG = "<img src=x onerror=alert(1)>"
BREAK = '"><script>alert(2)</script>'
LINK = "javascript:alert(3)"
QUOTE = "'-alert(4)-'${alert(5)}"
ODD = f"{IMG}{BREAK}"
HEADERS = {"Authorization": f"Bearer {PASSWORD}"}
SKU = sku_of("odd", IMG)

RUNS = "script:not([src]), img[src=x], [onerror], [onclick], [onload], iframe, object, embed, base"
"""The elements that a page would have if one of the texts became markup."""

LEADS = """() => [...document.querySelectorAll('[href], [src], [action], [formaction]')]
    .flatMap(one => [one.href, one.src, one.action, one.formAction])
    .filter(one => typeof one === 'string' && /^(javascript|data:text)/i.test(one))"""

PAGES = {
    "": "tr[data-sku]",
    "overview.html": ".tiles",
    "holds.html": "table",
    "holds.html?ended=released": "main",
    "orders.html?status=all": "table",
    "history.html": "table",
    "payments.html": "table",
    "import.html": ".drop",
    "products.html": ".products",
    "alerts.html": ".entry",
    "transfers.html": ".transfer",
    "transfers.html?id=tr_odd": ".sizes",
    "locations.html": ".entry",
    "users.html": "table",
}
"""Every page of the dashboard, and an element that exists once its data is shown."""


async def odd_past(shop: AdminShop, hook: str) -> None:
    """All users write markup into every field that they can."""
    product = Product(
        "odd",
        ODD,
        BREAK,
        Decimal(9),
        9,
        LINK,
        extra=with_image(f'{{"note": "{IMG}", "<b>": "{LINK}"}}', f"https://a/{IMG}"),
    )
    sizes = [
        Item(sku_of("odd", size), "odd", size, place, sku_id=IMG, price_id=LINK)
        for place, size in enumerate((IMG, BREAK, LINK, QUOTE))
    ]
    items = tuple(NewItem(size, 9) for size in sizes)
    await shop.run(UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items))
    await shop.run(AddLocation(location=Location("odd", ODD, LINK, IMG, QUOTE)))
    for text in (IMG, BREAK, LINK, QUOTE):
        came = Adjust(
            sku=SKU,
            location=DEFAULT_LOCATION,
            delta=1,
            kind=Kind.RECEIVED,
            actor=text,
            reason=text,
            cause=text,
        )
        await shop.run(came)
        answer = await shop.reserve(IMG, 1, "odd", text)
        assert answer.status_code == 200, answer.text
    place = Location("odd", IMG, f"{BREAK} {LINK}")
    units = CreateTransfer(
        transfer_id="tr_odd",
        from_location=DEFAULT_LOCATION,
        to_location="odd",
        lines=(Line(SKU, 1),),
        tracking_number=ODD,
        note=QUOTE,
        actor=IMG,
    )
    await shop.run(AddLocation(location=place), units, SendTransfer(transfer_id="tr_odd"))
    await shop.reserve(BREAK, 1, "odd", f"back {ODD}")
    await shop.release(f"back {ODD}")
    paid = await shop.checkout(LINK, 1, "odd")
    await shop.at_stripe(paid, "pay")
    await shop.at_stripe(paid, "refund")
    await shop.pay_late(QUOTE, 8, 1, "odd")
    await shop.app._shop.accounts.users.add("<i>kim</i>", Role.STAFF, PASSWORD)
    for path, body in (
        ("/api/admin/keys/make", {"label": IMG, "right": "read"}),
        ("/api/admin/keys/make", {"label": BREAK, "right": "read"}),
        ("/api/admin/webhooks", {"url": f"{hook}?{ODD}", "events": ["stock.low"]}),
        ("/api/admin/webhooks", {"url": LINK, "events": ["stock.low"]}),
        ("/api/inventory/update", {"updates": [_row(stock=2, reason=ODD)]}),
    ):
        answer = await shop.http.post(path, headers=HEADERS, json=body)
        assert answer.status_code in (200, 422), (path, answer.text)
    await shop.http.post("/api/admin/login", json={"name": ODD, "password": ODD})


def _row(**change: Any) -> dict[str, Any]:
    return {"productId": "odd", "size": IMG, **change}


@asynccontextmanager
async def watching(browser: Browser, shop: AdminShop, screen: Any) -> AsyncIterator[Page]:
    """An owner's page, which fails where anything opens a dialog, or breaks the policy."""
    async with member(browser, shop, screen=screen) as watched:
        ran: list[str] = []
        watched.page.on("dialog", lambda dialog: ran.append(dialog.message) or dialog.dismiss())
        yield watched.page
        assert ran == []
        assert watched.policy_violations == []
        assert watched.page_errors == []


async def assert_nothing_runs(page: Page) -> None:
    """No text became markup, and no link runs a script."""
    message = await page.locator(RUNS).evaluate_all("all => all.map(one => one.outerHTML)")
    assert message == [], page.url
    assert await page.evaluate(LEADS) == [], page.url


@pytest.mark.parametrize("screen", [WIDE, NARROW])
async def test_markup_is_text_on_every_page(browser: Browser, screen: tuple[int, int]) -> None:
    async with HttpReceiver() as receiver, admin_shop(webhook_allow_private=True) as shop:
        await odd_past(shop, receiver.url)
        async with watching(browser, shop, screen) as page:
            for path, shown in PAGES.items():
                await page.goto(f"{shop.url}/admin/{path}")
                await expect(page.locator(shown).first).to_be_attached()
                text = page.locator("main").get_by_text("<img src=x", exact=False).first
                if path != "import.html":
                    await expect(text, path).to_be_attached()
                await assert_nothing_runs(page)
            await _in_dialogs(page, shop)
            await page.goto(shop.url)
            await expect(page.locator('[data-fm-product="odd"] h3')).to_have_text(ODD)
            await page.locator('[data-fm-product="odd"] button:enabled').first.click()
            await assert_nothing_runs(page)


async def _in_dialogs(page: Page, shop: AdminShop) -> None:
    """The name of a row in a dialog, a message or a link."""
    await page.goto(f"{shop.url}/admin/")
    row = page.locator(f"tr[data-sku='{SKU}']")
    await row.get_by_role("checkbox").click()
    await page.locator(".selection").get_by_role("button", name="Threshold").click()
    await page.get_by_role("dialog").get_by_label("New value").fill("3")
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog").get_by_role("button", name="Change 1 size").click()
    await expect(page.locator(".toast").first).to_be_visible()
    await assert_nothing_runs(page)
    await row.locator("td.menu button").click()
    await expect(page.get_by_role("dialog").get_by_role("heading")).to_contain_text(IMG)
    await assert_nothing_runs(page)
    await page.keyboard.press("Escape")
    await row.locator("td.name a").click()
    await expect(page.get_by_role("heading", name="Why is it")).to_be_visible()
    await assert_nothing_runs(page)
    await page.goto(f"{shop.url}/admin/import.html")
    table = f"productId,size,stock\nodd,{IMG},4\nodd,{IMG},{IMG}\n{LINK},{IMG},{LINK}\n"
    file: Any = {"name": f"{IMG}.csv", "mimeType": "text/csv", "buffer": table.encode()}
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("heading", name=f"{IMG}.csv")).to_be_visible()
    await expect(page.get_by_text("with errors").first).to_be_visible()
    await assert_nothing_runs(page)
    await page.goto(f"{shop.url}/admin/products.html")
    await page.get_by_role("link", name=IMG).first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await assert_nothing_runs(page)
    for path in (f"holds.html?sku={ODD}", f"history.html?sku={ODD}", f"?q={ODD}"):
        await page.goto(f"{shop.url}/admin/{path}")
        await expect(page.locator("main h1")).to_be_visible()
        await page.wait_for_load_state("load")
        await assert_nothing_runs(page)
    await page.goto(f"{shop.url}/admin/admin-login.html?next={LINK}")
    await assert_nothing_runs(page)
