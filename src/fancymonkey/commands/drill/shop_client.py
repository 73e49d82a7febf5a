"""A running shop in demo mode, from the outside: its API, and the fake Stripe behind it."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import httpx

from fancymonkey.errors import ConfigError, StoreUnavailable
from fancymonkey.fake_stripe.app import DEMO_KEY
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

FAKE_STRIPE = "/demo/stripe"
SECONDS = 60.0
AT_ONCE = 50
"""Concurrent requests; the wait for a free one is not part of the shop's response time."""
IDS_MAX = 500
ORDERS_PAGE = 1000
BUNDLE_SIZE = "OS"


@dataclass(frozen=True, slots=True)
class StockTarget:
    """The size of the drop, and its stock before by location.

    `bundle` is a product that has one unit of the size in each bundle, or None.
    """

    product_id: str
    size: str
    before: dict[str, int]
    backordered: int
    bundle: str | None = None


@dataclass(slots=True)
class DemoShop:
    """Calls a shop. Raises StoreUnavailable for an unexpected response."""

    url: str
    settings: Settings
    name: str = field(default_factory=lambda: f"drill_{secrets.token_hex(6)}")
    _client: httpx.AsyncClient = field(init=False)
    _gate: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        self.url = self.url.rstrip("/")
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._client = httpx.AsyncClient(timeout=SECONDS, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> tuple[int, dict[str, Any], float]:
        """Returns the status, the body and the duration in seconds."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with self._gate:
            began = time.perf_counter()
            try:
                answer = await self._client.request(
                    method, self.url + path, json=body, headers=headers
                )
                data: Any = answer.json()
            except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise StoreUnavailable(
                    f"No shop responds at {self.url}. Start one for the drill with "
                    f"`fancymonkey serve --init --demo`, or set its address with --url."
                ) from error
            except (httpx.HTTPError, ValueError) as error:
                raise StoreUnavailable(
                    f"The shop at {self.url} did not respond as expected to {method} {path}."
                ) from error
            took = time.perf_counter() - began
        return answer.status_code, data if isinstance(data, dict) else {}, took

    async def _sure(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> dict[str, Any]:
        status, data, _ = await self.ask(method, path, body, key)
        if status != 200:
            detail = data.get("detail") or data.get("error") or f"status {status}"
            raise StoreUnavailable(f"{method} {path}: {detail}")
        return data

    async def require_demo(self) -> None:
        """Raises ConfigError if the shop is not in demo mode, before any secret is sent."""
        if (await self._sure("GET", "/api/shop")).get("demo") is not True:
            raise ConfigError(
                f"The shop at {self.url} is not in demo mode, so real money could move. Start a "
                f"demo shop for the drill: fancymonkey serve --demo"
            )

    async def owner(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Sends a request as the owner."""
        password = self.settings.accounts.admin_password or PUBLISHED_PASSWORD
        return await self._sure(method, path, body, password)

    async def stripe(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Sends a request to the fake Stripe."""
        return await self._sure(method, FAKE_STRIPE + path, body, DEMO_KEY)

    async def row(self, product_id: str, size: str) -> dict[str, Any]:
        """Returns the row of a size, as the owner sees it."""
        answer = await self.owner("GET", f"/api/admin/inventory?productId={product_id}")
        for row in answer["rows"]:
            if (row["productId"], row["size"]) == (product_id, size):
                row_data: dict[str, Any] = row
                return row_data
        raise ConfigError(f"Product {product_id} has no size {size}.")

    async def locations(self, count: int) -> list[str]:
        """Returns the locations that sell online; adds some if there are fewer than `count`."""
        rows = (await self.owner("GET", "/api/admin/locations"))["locations"]
        ids = [row["id"] for row in rows if row["active"] and row["sellsOnline"]]
        for number in range(2, count + 1 if len(ids) < count else 0):
            id_ = f"drill-{number}"
            if len(ids) < count and id_ not in [row["id"] for row in rows]:
                await self.owner(
                    "POST", "/api/admin/locations", {"id": id_, "name": f"Drill {number}"}
                )
                ids.append(id_)
        if len(ids) < count:
            raise ConfigError(f"Fewer than {counted(count, 'location')} sell online.")
        return ids

    async def add_bundle(self, target: StockTarget) -> StockTarget:
        """Adds a bundle with one unit of the size. Returns the target with it."""
        part = {"productId": target.product_id, "size": target.size, "quantity": 1}
        bundle = {"policy": "split", "components": [part]}
        sizes = [{"size": BUNDLE_SIZE, "bundle": bundle}]
        product = {"productId": self.name, "name": "Drill bundle", "price": 10, "sizes": sizes}
        await self.owner("POST", "/api/admin/products", product)
        return replace(target, bundle=self.name)

    async def choose(
        self, product: str | None, size: str | None, locations: list[str]
    ) -> StockTarget:
        """Returns the chosen size, or the first one without holds. Raises ConfigError."""
        answer = await self._sure("GET", "/api/inventory/get")
        for row in answer["inventory"]:
            for size_data in row["sizes"]:
                name = size_data["size"]
                if product in (None, row["productId"]) and size in (None, name):
                    free = size_data["reserved"] == 0 and not size_data["soldOut"]
                    if free and "bundle" not in size_data:
                        now = await self.row(row["productId"], name)
                        before = {id_: at(now, id_)["stock"] for id_ in locations}
                        if min(before.values()) >= 0 and now["reserved"] == 0:
                            return StockTarget(row["productId"], name, before, now["backordered"])
        raise ConfigError(
            "There is no such size without holds. Add one (`fancymonkey init` writes a sample "
            "catalogue), or wait until its holds have ended."
        )

    async def set_stock(self, target: StockTarget, stock: dict[str, int]) -> None:
        """Sets the stock of a size at each of these locations."""
        rows = [
            {
                "productId": target.product_id,
                "size": target.size,
                "stock": units,
                "reason": self.name,
                **({"location": id_} if len(stock) > 1 else {}),
            }
            for id_, units in stock.items()
        ]
        answer = await self.owner("POST", "/api/inventory/update", {"updates": rows})
        if not answer["success"]:
            raise StoreUnavailable(f"The stock could not be set: {answer}")

    async def faults(self, **faults: Any) -> None:
        """Sets the failures that the fake Stripe injects."""
        await self.stripe("POST", "/demo/faults", faults)

    async def sessions(self) -> list[dict[str, Any]]:
        """Returns every Stripe session of this drill."""
        sessions: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.stripe("GET", f"/v1/checkout/sessions?limit=100{after}")
            sessions += page["data"]
            if not page["has_more"]:
                break
            after = f"&starting_after={page['data'][-1]['id']}"
        prefix = f"{self.name}_"
        return [row for row in sessions if row["metadata"].get("sessionId", "").startswith(prefix)]

    async def refunded(self) -> set[str]:
        """Returns the refunded payments."""
        payments: set[str] = set()
        after = ""
        while True:
            page = await self.stripe("GET", f"/v1/refunds?limit=100{after}")
            payments |= {row["payment_intent"] for row in page["data"]}
            if not page["has_more"]:
                return payments
            after = f"&starting_after={page['data'][-1]['id']}"

    async def tidy(self, target: StockTarget, holds: list[str]) -> None:
        """Releases remaining holds, and resets the fake Stripe and the stock."""
        await self.faults(duplicate=0, lose=0, shuffle_ms=0)
        for place in range(0, len(holds), IDS_MAX):
            body = {"ids": holds[place : place + IDS_MAX], "reason": self.name}
            await self.owner("POST", "/api/admin/holds/release", body)
        await self.set_stock(target, target.before)
        if target.bundle is not None:
            archived = {"productId": target.bundle, "archived": True}
            await self.owner("POST", "/api/admin/products/archive", archived)

    async def orders(self) -> list[dict[str, Any]]:
        """Returns every order of the shop."""
        orders: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.owner("GET", f"/api/admin/orders?limit={ORDERS_PAGE}{after}")
            orders += page["orders"]
            if page["next"] is None:
                return orders
            after = f"&after={page['next']}"


def at(row: dict[str, Any], location: str) -> dict[str, Any]:
    """The quantities of a row at a location; of a shop with one location, those of the row."""
    empty = {"stock": 0, "reserved": 0, "available": 0}
    levels = row.get("locations")
    if levels is None:
        return row
    return next((level for level in levels if level["location"] == location), empty)
