"""A demo shop behind real sockets, and the actions of a buyer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.core.stock.adjust import Count, SetItem
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from tests.support.browser import BrowserPage
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.support.visitors import visitor
from tests.web.shops import HOODIE, catalogue

WIDE, NARROW = (1280, 800), (390, 844)


@dataclass
class DemoShop:
    """A running shop: its address and its engine."""

    url: str
    engine: Engine

    def on_hand(self, size: str = "M", product: str = HOODIE) -> int:
        return self.engine.view.stock(sku_of(product, size)).on_hand

    def reserved(self, size: str = "M", product: str = HOODIE) -> int:
        return self.engine.view.stock(sku_of(product, size)).reserved

    async def count(self, quantity: int, size: str = "M", product: str = HOODIE) -> None:
        await self.engine.submit(
            Count(sku=sku_of(product, size), location=DEFAULT_LOCATION, quantity=quantity)
        )

    async def threshold(self, units: int, size: str = "M", product: str = HOODIE) -> None:
        await self.engine.submit(
            SetItem(sku=sku_of(product, size), location=DEFAULT_LOCATION, low_stock_threshold=units)
        )

    async def add_product(self, name: str, *sizes: str) -> None:
        """A product `odd` with a unit of each size."""
        items = tuple(
            NewItem(Item(sku_of("odd", size), "odd", size, place), 1)
            for place, size in enumerate(sizes)
        )
        product = Product("odd", name, name, Decimal(9), 9)
        await self.engine.submit(
            UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items)
        )


@asynccontextmanager
async def demo_shop(
    port: int = 0, fill: Sequence[Command] = (), **settings: Any
) -> AsyncIterator[DemoShop]:
    """A shop with the fake Stripe, over a store in memory."""
    made = {"demo": True, "rate_limit": False, "port": port or steady_port(), **settings}
    engine = Engine(MemoryStore())
    app = create_app(Settings.of(**made), engine)
    async with serving(app, made["port"], lifespan=True) as url:
        for command in fill or catalogue():
            await engine.submit(command)
        yield DemoShop(url, engine)


@asynccontextmanager
async def buyer(
    browser: Browser, screen: tuple[int, int] = WIDE, scheme: Any = "light", **more: Any
) -> AsyncIterator[BrowserPage]:
    """A visitor with a browser of their own."""
    async with visitor(browser, screen, color_scheme=scheme, **more) as watched:
        yield watched


def size_button(page: Page, size: str = "M", product: str = HOODIE) -> Locator:
    return page.locator(f'[data-fm-product="{product}"] [data-fm-size="{size}"]')


async def visit(page: Page, shop: DemoShop) -> None:
    """Opens the shop and waits until its stock is known."""
    await page.goto(shop.url)
    await expect(size_button(page)).to_be_visible()


async def put_in_basket(page: Page, size: str = "M", product: str = HOODIE) -> None:
    await size_button(page, size, product).click()


async def go_to_the_till(page: Page) -> None:
    """Goes from a filled basket to Stripe's page."""
    await page.locator("#open-basket").click()
    await page.locator("#buy").click()
    await page.wait_for_url("**/demo/stripe/pay/**")
