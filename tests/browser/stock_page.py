"""The stock page in a real browser with a real server: users, rows and actions."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.accounts.model import Role
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from tests.browser.shop_page import NARROW, WIDE, DemoShop
from tests.support.browser import BrowserPage
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.support.visitors import visitor
from tests.web.shops import HOODIE, PASSWORD, catalogue

__all__ = ["HOODIE", "NARROW", "WIDE"]

ANAS = "six blue owls sing"
M, L, S, XL = (sku_of(HOODIE, size) for size in ("M", "L", "S", "XL"))
TEE = sku_of("prod_tee_001", "M")
HEADERS = {"Authorization": f"Bearer {PASSWORD}"}


@dataclass
class StockShop(DemoShop):
    """A running shop with two accounts: the owner, and ana of the staff."""

    accounts: Any

    async def reserve(self, page: Page, size: str = "M", quantity: int = 1) -> None:
        """A buyer takes units, over HTTP."""
        body = {"productId": HOODIE, "size": size, "quantity": quantity, "sessionId": f"b-{size}"}
        answer = await page.request.post(f"{self.url}/api/inventory/reserve", data=body)
        assert answer.ok, await answer.text()

    async def update(self, page: Page, sku: str = M, **change: Any) -> None:
        """Another user changes a size over HTTP."""
        product, size = sku.split("/", 1)
        body = {"password": PASSWORD, "updates": [{"productId": product, "size": size, **change}]}
        answer = await page.request.post(f"{self.url}/api/inventory/update", data=body)
        assert (await answer.json())["success"], await answer.text()

    async def history(self, page: Page, sku: str = M) -> list[dict[str, Any]]:
        """The ledger of a size, the latest entry first."""
        answer = await page.request.get(f"{self.url}/api/admin/history?sku={sku}", headers=HEADERS)
        entries: list[dict[str, Any]] = (await answer.json())["entries"]
        return entries

    def stock(self, sku: str = M) -> int:
        return self.engine.view.stock(sku).on_hand


@asynccontextmanager
async def stock_shop(fill: Sequence[Command] = ()) -> AsyncIterator[StockShop]:
    """A shop over a store in memory, behind a real socket."""
    port = steady_port()
    engine = Engine(MemoryStore())
    settings = Settings.of(admin_password=PASSWORD, rate_limit=False, port=port)
    app: Any = create_app(settings, engine)
    async with serving(app, port, lifespan=True) as url:
        for command in fill or catalogue():
            await engine.submit(command)
        await app._shop.accounts.users.add("ana", Role.STAFF, ANAS)
        yield StockShop(url, engine, app._shop.accounts)


def many(count: int) -> list[Command]:
    """Commands that fill a store with this many SKUs, ten sizes a product."""
    return [
        UpsertProduct(
            product=Product(f"p{place:04}", f"GARMENT {place:04}", "tees", Decimal(20), place),
            location=DEFAULT_LOCATION,
            items=tuple(
                NewItem(
                    Item(sku_of(f"p{place:04}", str(size)), f"p{place:04}", str(size), size), 40
                )
                for size in range(10)
            ),
        )
        for place in range(count // 10)
    ]


@asynccontextmanager
async def person(
    browser: Browser,
    room: Any,
    name: str = "owner",
    screen: tuple[int, int] = WIDE,
    scheme: Any = "light",
    query: str = "",
    **more: Any,
) -> AsyncIterator[BrowserPage]:
    """A logged-in user on the stock page, with a browser of their own."""
    async with visitor(browser, screen, color_scheme=scheme, **more) as watched:
        await log_in(watched.page, room.url, name)
        await watched.page.goto(f"{room.url}/admin/{query}")
        await expect(watched.page.locator("#connection")).to_have_text("Live")
        await expect(watched.page.locator(".found [role=status]")).to_contain_text("size")
        yield watched


async def log_in(page: Page, url: str, name: str = "owner") -> None:
    """Puts the cookies of a session into a browser."""
    body = {"name": name, "password": ANAS if name == "ana" else PASSWORD}
    answer = await page.request.post(f"{url}/api/admin/login", data=body)
    assert answer.ok, await answer.text()


def row(page: Page, sku: str = M) -> Locator:
    return page.locator(f'tr[data-sku="{sku}"]')


def number(page: Page, sku: str = M, field: str = "stock") -> Locator:
    """The field of a number that can be typed into."""
    return row(page, sku).locator(f'input[data-field="{field}"]')


def cell(page: Page, sku: str, column: str) -> Locator:
    return row(page, sku).locator(f"td.{column}")


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast", has_text=text)


async def typed(page: Page, text: str, sku: str = M, field: str = "stock") -> Locator:
    """Types over the present number, and sends nothing yet."""
    place = number(page, sku, field)
    await place.click()
    await place.press("Control+A")
    await place.press_sequentially(text)
    return place


async def changed(page: Page, text: str, sku: str = M, field: str = "stock") -> None:
    """Types a number and saves it."""
    await (await typed(page, text, sku, field)).press("Enter")


def drawn(page: Page) -> Locator:
    """The drawn rows."""
    return page.locator("tr[data-sku]")


async def shown(page: Page) -> list[str]:
    """The SKUs of the drawn rows, in order."""
    skus: list[str] = await drawn(page).evaluate_all("rows => rows.map(row => row.dataset.sku)")
    return skus


async def expect_shown(page: Page, skus: Sequence[str]) -> None:
    """Waits until exactly these rows are drawn, in this order."""
    await expect(drawn(page)).to_have_count(len(skus))
    for place, sku in enumerate(skus):
        await expect(drawn(page).nth(place)).to_have_attribute("data-sku", sku)
