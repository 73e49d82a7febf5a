"""A shop behind real sockets, with its owner on the pages of products and imports."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page

from fancymonkey.accounts.model import Role
from fancymonkey.core.command import Command
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from tests.browser.shop_page import WIDE, DemoShop, buyer
from tests.support.browser import BrowserPage
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.web.shops import PASSWORD, catalogue

BEARER = {"Authorization": f"Bearer {PASSWORD}"}
PEOPLE = {"ana": Role.OWNER, "sam": Role.STAFF, "vi": Role.VIEWER}


@dataclass
class ProductsShop(DemoShop):
    """A running shop with accounts."""

    app: Any

    async def export(self, page: Page, query: str = "") -> str:
        """The table as CSV, as a script receives it."""
        answer = await page.request.get(f"{self.url}/api/admin/export{query}", headers=BEARER)
        assert answer.ok
        return (await answer.body()).decode("utf-8-sig")


@asynccontextmanager
async def products_shop(fill: Sequence[Command] | None = None) -> AsyncIterator[ProductsShop]:
    """A shop over a store in memory; empty if `fill` is."""
    port = steady_port()
    engine = Engine(MemoryStore())
    made = Settings.of(admin_password=PASSWORD, rate_limit=False, run_jobs=False, port=port)
    app: Any = create_app(made, engine)
    async with serving(app, port, lifespan=True) as url:
        for command in catalogue() if fill is None else fill:
            await engine.submit(command)
        for name, role in PEOPLE.items():
            await app._shop.accounts.users.add(name, role, PASSWORD)
        yield ProductsShop(url, engine, app)


@asynccontextmanager
async def at_work(
    browser: Browser,
    shop: ProductsShop,
    path: str = "",
    name: str = "ana",
    screen: tuple[int, int] = WIDE,
    scheme: Any = "light",
) -> AsyncIterator[BrowserPage]:
    """A logged-in user on a page of the dashboard."""
    async with buyer(browser, screen, scheme) as watched:
        answer = await watched.page.request.post(
            f"{shop.url}/api/admin/login", data={"name": name, "password": PASSWORD}
        )
        assert answer.ok, await answer.text()
        await watched.page.goto(f"{shop.url}/admin/{path}")
        yield watched
