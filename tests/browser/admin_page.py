"""A shop with a history behind real sockets, and its owner on the dashboard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import httpx
from playwright.async_api import Browser, Page, expect

from fancymonkey.accounts.model import Role
from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Line, sku_of
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.engine import Engine
from fancymonkey.fake_stripe.app import DEMO_KEY
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from tests.browser.shop_page import WIDE, buyer
from tests.support.browser import BrowserPage
from tests.support.ports import steady_port
from tests.support.uvicorns import serving
from tests.web.shops import HOODIE, PASSWORD, catalogue

DAY = 86_400_000
STRIPE = {"Authorization": f"Bearer {DEMO_KEY}"}
MINUTE = 60_000
PEOPLE = {"ana": Role.OWNER, "sam": Role.STAFF, "vi": Role.VIEWER}
"""The accounts, all with the same password."""


class Ago:
    """The clock of a shop with a past: it runs, and is `behind` ms late."""

    def __init__(self) -> None:
        self.behind = 0

    def __call__(self) -> int:
        return system_clock() - self.behind


@dataclass
class AdminShop:
    """A running shop: its address, its engine, its time, and buyers."""

    url: str
    engine: Engine
    clock: Ago
    app: Any
    http: httpx.AsyncClient
    _numbers: Any = field(default_factory=lambda: count(1))

    async def reserve(
        self, size: str = "M", quantity: int = 1, product: str = HOODIE, session: str = ""
    ) -> httpx.Response:
        """A buyer puts units into a basket."""
        body = {
            "productId": product,
            "size": size,
            "quantity": quantity,
            "sessionId": session or f"basket-{next(self._numbers)}",
        }
        return await self.http.post("/api/inventory/reserve", json=body)

    async def release(self, session: str) -> None:
        await self.http.post("/api/inventory/release", json={"sessionId": session})

    async def checkout(self, size: str = "M", quantity: int = 1, product: str = HOODIE) -> str:
        """A buyer goes to the checkout. Returns the id of the payment session."""
        basket = f"basket-{next(self._numbers)}"
        body = {"productId": product, "size": size, "quantity": quantity, "sessionId": basket}
        answer = await self.http.post("/api/checkout", json=body)
        assert answer.status_code == 200, answer.text
        session_id: str = answer.json()["sessionId"]
        return session_id

    async def at_stripe(self, session: str, action: str) -> None:
        """Acts on the fake Stripe, and waits until its events have arrived."""
        notes = await self._untold()
        path = f"/demo/stripe/demo/sessions/{session}/{action}"
        answer = await self.http.post(path, headers=STRIPE)
        assert answer.status_code == 200, answer.text
        if action != "pay_quietly":
            async with asyncio.timeout(10):
                while await self._untold() > (0 if action == "deliver" else notes):
                    await asyncio.sleep(0.01)

    async def _untold(self) -> int:
        """The number of events of the fake Stripe that have not arrived."""
        state = (await self.http.get("/demo/stripe/demo/state", headers=STRIPE)).json()
        untold: int = state["events"] - state["delivered"]
        return untold

    async def pay_late(
        self, size: str, taken: int, quantity: int = 1, product: str = HOODIE
    ) -> None:
        """A payment that is reported after its hold has ended and others hold `taken` units."""
        session = await self.checkout(size, quantity, product)
        await self.at_stripe(session, "pay_quietly")
        hold = await self.engine.store.reservation(session)
        assert hold is not None
        await self.release(hold.session_id or "")
        if taken:
            await self.reserve(size, taken, product, f"faster-{session[-6:]}")
        await self.at_stripe(session, "deliver")

    async def run_job(self, name: str) -> None:
        jobs = self.app._shop.jobs
        await jobs.run(jobs.jobs[name])

    async def run(self, *commands: Command) -> None:
        for command in commands:
            await self.engine.submit(command)


@asynccontextmanager
async def admin_shop(
    fill: Any = (), past: int = 0, began: int = 0, **settings: Any
) -> AsyncIterator[AdminShop]:
    """A shop with accounts and the fake Stripe, which opened `began` or `past` days ago; with
    `past` it has sold on each day.
    """
    made = {
        "demo": True,
        "rate_limit": False,
        "admin_password": PASSWORD,
        "run_jobs": False,
        **settings,
        "port": steady_port(),
    }
    clock = Ago()
    clock.behind = max(past, began) * DAY
    engine = Engine(MemoryStore(), clock)
    app = create_app(Settings.of(**made), engine)
    async with (
        serving(app, made["port"], lifespan=True) as url,
        httpx.AsyncClient(base_url=url, timeout=10) as http,
    ):
        running = AdminShop(url, engine, clock, app, http)
        await running.run(*(fill or catalogue()))
        if past:
            await _live(running, past)
        clock.behind = 0
        for name, role in PEOPLE.items():
            await app._shop.accounts.users.add(name, role, PASSWORD)
        yield running


async def _live(shop: AdminShop, days: int) -> None:
    """Days of buyers, deliveries and refusals, the same each time."""
    chance = Random(7)
    skus = sorted(shop.engine.view.items)
    liked = {sku: chance.random() ** 2 for sku in skus}
    for day in range(days, 0, -1):
        weekend = 1.7 if day % 7 in (1, 2) else 1.0
        for number in range(round((6 + 8 * chance.random()) * weekend)):
            shop.clock.behind = day * DAY - number * 40 * MINUTE
            (sku,) = chance.choices(skus, [liked[sku] for sku in skus])
            quantity = chance.choice((1, 1, 1, 2))
            id_ = f"res_{shop.clock():012x}{number:04x}"
            line = Line(sku, quantity)
            await shop.run(
                Reserve(
                    reservation_id=id_,
                    location=DEFAULT_LOCATION,
                    session_id=f"cs_{id_}",
                    lines=(line,),
                    ttl=30 * MINUTE,
                ),
                Capture(ref=f"cs_{id_}", actor="stripe", cause=f"evt_{id_[4:]}"),
            )
        if day % 9 == 4:
            low = [sku for sku in skus if shop.engine.view.stock(sku).on_hand < 8][:5]
            await shop.run(
                *(
                    Adjust(
                        sku=sku,
                        location=DEFAULT_LOCATION,
                        delta=24,
                        kind=Kind.RECEIVED,
                        actor="ana",
                        reason="Delivery",
                    )
                    for sku in low
                )
            )


@asynccontextmanager
async def member(
    browser: Browser,
    shop: AdminShop,
    name: str = "ana",
    screen: tuple[int, int] = WIDE,
    scheme: Any = "light",
    **more: Any,
) -> AsyncIterator[BrowserPage]:
    """A logged-in user of the shop, with a browser of their own."""
    async with buyer(browser, screen, scheme, **more) as watched:
        await log_in(watched.page, shop, name)
        yield watched


async def log_in(page: Page, shop: AdminShop, name: str = "ana") -> None:
    answer = await page.request.post(
        f"{shop.url}/api/admin/login", data={"name": name, "password": PASSWORD}
    )
    assert answer.status == 200, await answer.text()


async def visit(page: Page, shop: AdminShop, path: str) -> None:
    """Opens a page of the dashboard and waits until it has loaded its data."""
    await page.goto(f"{shop.url}/admin/{path}")
    await expect(page.locator("main[data-ready]")).to_be_attached()


def sku(size: str = "M", product: str = HOODIE) -> str:
    return sku_of(product, size)


SHIFTS = """
window.__shifts = [];
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.__shifts.push(one.value);
}).observe({type: 'layout-shift', buffered: true});
"""


async def moved(page: Page) -> float:
    """The layout shift of the page since it was opened; needs the init script SHIFTS."""
    shift: float = await page.evaluate("window.__shifts.reduce((sum, one) => sum + one, 0)")
    return shift


async def too_wide(page: Page) -> list[str]:
    """The elements that make the page scroll sideways."""
    texts: list[str] = await page.evaluate(
        """() => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        return [...document.querySelectorAll('main *')]
            .filter(one => one.getBoundingClientRect().right > width + 1)
            .map(one => one.outerHTML.slice(0, 120));
        }"""
    )
    return texts
