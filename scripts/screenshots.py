"""Draws the pictures of the docs anew, from a real shop in a real browser.

    .venv/bin/python -m scripts.screenshots

Each picture is a function below: it walks to what it shows, and is saved as docs/images/NAME.png.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page

from fancymonkey import examples
from tests.browser.shopfront import Shopfront, buyer, go_to_the_till, put_in_basket, shopfront
from tests.support.browser import chromium

IMAGES = Path(__file__).parents[1] / "docs" / "images"
Walk = Callable[[Page, Shopfront], Awaitable[None]]
PICTURES: dict[str, Walk] = {}


def picture(walk: Walk) -> Walk:
    """Marks a picture, named after its function."""
    PICTURES[walk.__name__.replace("_", "-")] = walk
    return walk


async def _scroll_to_the_drop(page: Page) -> None:
    await page.evaluate("document.getElementById('drop').scrollIntoView({behavior: 'instant'})")


@picture
async def shop(page: Page, shop: Shopfront) -> None:
    """The drop: sizes with their states."""
    await page.goto(shop.url)
    await page.locator(".card .size").first.wait_for()
    body = {"productId": "prod_hoodie_002", "size": "L", "quantity": 4, "sessionId": "somebody"}
    await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)
    await page.locator("[data-fm-state=held]").first.wait_for()
    await _scroll_to_the_drop(page)


@picture
async def shop_held(page: Page, shop: Shopfront) -> None:
    """A basket that is held, after the way back from the till."""
    await page.goto(shop.url)
    await put_in_basket(page, "M", "prod_hoodie_001")
    await put_in_basket(page, "ONE SIZE", "prod_cap_001")
    await go_to_the_till(page)
    await page.go_back()
    await _scroll_to_the_drop(page)
    await page.locator("#tray-open").click()
    await page.locator(".hold").wait_for()


@picture
async def shop_paid(page: Page, shop: Shopfront) -> None:
    """The page after paying."""
    await page.goto(shop.url)
    await put_in_basket(page, "M", "prod_hoodie_001")
    await go_to_the_till(page)
    await page.locator("form button").first.click()
    await page.locator("body[data-done=paid]").wait_for()


async def main() -> None:
    """Draws every picture."""
    async with chromium() as browser:
        for name, walk in PICTURES.items():
            async with shopfront(fill=examples.commands()) as running, buyer(browser) as watched:
                await walk(watched.page, running)
                await watched.page.wait_for_timeout(300)  # what moves has come to rest
                await watched.page.screenshot(path=IMAGES / f"{name}.png")
                print(f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
