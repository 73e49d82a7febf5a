"""Makes the pictures of the documentation from a real shop in a real browser.

    .venv/bin/python -m scripts.screenshots

Pictures of the storefront: a function below opens the page, and its name is the name of the file.
Pictures of the dashboard: DASHBOARD lists them; the shop has thirty days of sales and open work.
The files are docs/images/NAME.png.
"""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Page

from fancymonkey import examples
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import sku_of
from fancymonkey.core.stock.adjust import SetItem
from tests.browser.admin_page import DAY, MINUTE, AdminShop, admin_shop, member, visit
from tests.browser.shop_page import (
    NARROW,
    DemoShop,
    buyer,
    demo_shop,
    go_to_the_till,
    put_in_basket,
)
from tests.support.browser import chromium
from tests.web.shops import PASSWORD

IMAGES = Path(__file__).parents[1] / "docs" / "images"
Walk = Callable[[Page, DemoShop], Awaitable[None]]
PICTURES: dict[str, Walk] = {}


def picture(walk: Walk) -> Walk:
    """Register a function that opens the page of a picture; its name becomes the file name."""
    PICTURES[walk.__name__.replace("_", "-")] = walk
    return walk


async def _scroll_to_the_drop(page: Page) -> None:
    await page.evaluate("document.getElementById('drop').scrollIntoView({behavior: 'instant'})")


@picture
async def shop(page: Page, shop: DemoShop) -> None:
    """The drop, with the states of the sizes."""
    await page.goto(shop.url)
    await page.locator(".card .size").first.wait_for()
    body = {
        "productId": "prod_hoodie_002",
        "size": "L",
        "quantity": 4,
        "sessionId": "another",
    }
    await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)
    await page.locator("[data-fm-state=held]").first.wait_for()
    await _scroll_to_the_drop(page)


@picture
async def shop_held(page: Page, shop: DemoShop) -> None:
    """A held basket, after the buyer left the checkout."""
    await page.goto(shop.url)
    await put_in_basket(page, "M", "prod_hoodie_001")
    await put_in_basket(page, "ONE SIZE", "prod_cap_001")
    await go_to_the_till(page)
    await page.go_back()
    await _scroll_to_the_drop(page)
    await page.locator("#tray-open").click()
    await page.locator(".hold").wait_for()


@picture
async def shop_paid(page: Page, shop: DemoShop) -> None:
    """The page after the payment."""
    await page.goto(shop.url)
    await put_in_basket(page, "M", "prod_hoodie_001")
    await go_to_the_till(page)
    await page.locator("form button").first.click()
    await page.locator("body[data-done=paid]").wait_for()


HOODIE = "prod_hoodie_001"
DESKTOP = (1280, 800)
DASHBOARD = {
    "dashboard-stock": ("", DESKTOP, "light"),
    "dashboard-overview": ("overview.html", DESKTOP, "light"),
    "dashboard-dark": ("overview.html", DESKTOP, "dark"),
    "dashboard-holds": ("holds.html", DESKTOP, "light"),
    "dashboard-phone": ("holds.html", NARROW, "light"),
    "dashboard-history": (f"history.html?sku={HOODIE}/L", DESKTOP, "light"),
    "dashboard-payments": ("payments.html", DESKTOP, "light"),
}
"""Pictures of the dashboard: page, screen, colours."""

BASKETS = (
    (27, HOODIE, "M", 2),
    (19, "prod_cap_001", "ONE SIZE", 1),
    (11, HOODIE, "L", 1),
    (6, "prod_hoodie_002", "L", 2),
    (1, HOODIE, "M", 1),
)
"""Baskets: minutes before now, product, size, units."""

TURNED_AWAY = {24: 3, 23: 9, 22: 4, 15: 2, 9: 6, 8: 14, 7: 8, 6: 3, 1: 5}
"""Days before now, and the number of buyers who wanted a sold-out size on that day."""


async def busy_morning(shop: AdminShop) -> None:
    """Holds of several ages, a late payment, a refund, and turned-away demand."""
    clock = shop.clock
    sku = sku_of("prod_hoodie_002", "XL")
    await shop.run(SetItem(sku=sku, location=DEFAULT_LOCATION, sold_out=True))
    for day, orders in TURNED_AWAY.items():
        for number in range(orders):
            clock.behind = day * DAY
            await shop.reserve("XL", 1, "prod_hoodie_002", f"turned-away-{day}-{number}")
    await shop.run(SetItem(sku=sku, location=DEFAULT_LOCATION, sold_out=False))
    await shop.engine._flush_demand()
    clock.behind = 95 * MINUTE
    paid = await shop.checkout("L", 2)
    await shop.at_stripe(paid, "pay")
    await shop.at_stripe(paid, "refund")
    clock.behind = 50 * MINUTE
    left = shop.engine.view.stock(sku_of(HOODIE, "XXL")).available
    await shop.pay_late("XXL", left - 1, 2)
    for ago, product, size, quantity in BASKETS:
        clock.behind = ago * MINUTE
        await shop.reserve(size, quantity, product)
    clock.behind = 4 * MINUTE
    await shop.checkout("XL", 1)
    rows = [{"productId": HOODIE, "size": "L", "adjustStock": -1, "reason": "Damaged"}]
    owner = {"Authorization": f"Bearer {PASSWORD}"}
    await shop.http.post("/api/inventory/update", headers=owner, json={"updates": rows})
    await shop.http.post("/api/payments/reconcile", headers=owner)
    clock.behind = 0


async def dashboard(browser: Browser) -> None:
    """Take the pictures of the dashboard."""
    async with admin_shop(fill=examples.commands(), past=30) as shop:
        await busy_morning(shop)
        for name, (path, screen, scheme) in DASHBOARD.items():
            async with member(browser, shop, screen=screen, scheme=scheme) as watched:
                if path:
                    await visit(watched.page, shop, path)
                else:
                    await watched.page.goto(f"{shop.url}/admin/")
                await watched.page.wait_for_timeout(500)
                await keep(watched.page, name)


async def keep(page: Page, name: str) -> None:
    """Save a screenshot of the page."""
    file = IMAGES / f"{name}.png"
    file.write_bytes(packed(await page.screenshot()))
    print(f"{file.name}: {file.stat().st_size // 1024} KB")


def packed(png: bytes) -> bytes:
    """Compress the data of a PNG file again, at the best level of zlib."""
    head, chunks, at = png[:8], [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    data = zlib.compress(zlib.decompress(b"".join(d for k, d in chunks if k == b"IDAT")), 9)
    chunks_kept = [(b"IHDR", chunks[0][1]), (b"IDAT", data), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
        for k, d in chunks_kept
    ]
    return head + b"".join(parts)


async def main() -> None:
    """Take every picture."""
    async with chromium() as browser:
        await dashboard(browser)
        for name, walk in PICTURES.items():
            async with demo_shop(fill=examples.commands()) as running, buyer(browser) as watched:
                await walk(watched.page, running)
                await watched.page.wait_for_timeout(300)  # until animations have ended
                await keep(watched.page, name)


if __name__ == "__main__":
    asyncio.run(main())
