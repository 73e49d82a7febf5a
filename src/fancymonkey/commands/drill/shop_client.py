"""A running shop in demo mode, from the outside: its API, and the stand-in for Stripe behind it."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from fancymonkey.errors import ConfigError, StoreUnavailable
from fancymonkey.fake_stripe.app import DEMO_KEY
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.settings.settings import Settings

STAND_IN = "/demo/stripe"
SECONDS = 60.0
AT_ONCE = 50
"""Requests under way at once; what waits here for its turn is not the shop's delay."""
IDS_MAX = 500


@dataclass(frozen=True, slots=True)
class StockTarget:
    """The size that is dropped, and what was on hand before."""

    product_id: str
    size: str
    before: int
    backordered: int


@dataclass(slots=True)
class DemoShop:
    """Asks a shop. Raises StoreUnavailable where it does not answer as it should."""

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
        """The status, the body and how many seconds it took."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with self._gate:
            began = time.perf_counter()
            try:
                answer = await self._client.request(
                    method, self.url + path, json=body, headers=headers
                )
                found: Any = answer.json()
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                raise StoreUnavailable(
                    f"The shop at {self.url} does not answer as it should."
                ) from error
            took = time.perf_counter() - began
        return answer.status_code, found if isinstance(found, dict) else {}, took

    async def _sure(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> dict[str, Any]:
        status, found, _ = await self.ask(method, path, body, key)
        if status != 200:
            said = found.get("detail") or found.get("error") or f"status {status}"
            raise StoreUnavailable(f"{method} {path}: {said}")
        return found

    async def require_demo(self) -> None:
        """Raises ConfigError where the shop is not in demo mode, before any secret is sent."""
        if (await self._sure("GET", "/api/shop")).get("demo") is not True:
            raise ConfigError(
                f"The shop at {self.url} is not in demo mode: real money could move. "
                "Start one to rehearse with: fancymonkey serve --demo"
            )

    async def owner(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Asks as the owner."""
        password = self.settings.accounts.admin_password or PUBLISHED_PASSWORD
        return await self._sure(method, path, body, password)

    async def stripe(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Asks the stand-in."""
        return await self._sure(method, STAND_IN + path, body, DEMO_KEY)

    async def row(self, product_id: str, size: str) -> dict[str, Any]:
        """How a size stands, as the owner sees it."""
        told = await self.owner("GET", f"/api/admin/inventory?productId={product_id}")
        for row in told["rows"]:
            if (row["productId"], row["size"]) == (product_id, size):
                found: dict[str, Any] = row
                return found
        raise ConfigError(f"There is no size {size} of {product_id}.")

    async def choose(self, product: str | None, size: str | None) -> StockTarget:
        """The size that is meant, or the first one that nobody holds. Raises ConfigError."""
        told = await self._sure("GET", "/api/inventory/get")
        for row in told["inventory"]:
            for one in row["sizes"]:
                if product in (None, row["productId"]) and size in (None, one["size"]):
                    if one["reserved"] == 0 and not one["soldOut"]:
                        now = await self.row(row["productId"], one["size"])
                        if now["stock"] >= 0 and now["reserved"] == 0:
                            return StockTarget(
                                row["productId"], one["size"], now["stock"], now["backordered"]
                            )
        raise ConfigError("There is no such size, or somebody holds units of it.")

    async def set_stock(self, target: StockTarget, stock: int) -> None:
        """Counts a size."""
        row = {
            "productId": target.product_id,
            "size": target.size,
            "stock": stock,
            "reason": self.name,
        }
        told = await self.owner("POST", "/api/inventory/update", {"updates": [row]})
        if not told["success"]:
            raise StoreUnavailable(f"The stock could not be set: {told}")

    async def faults(self, **faults: Any) -> None:
        """Lets the stand-in behave as badly as this."""
        await self.stripe("POST", "/demo/faults", faults)

    async def sessions(self) -> list[dict[str, Any]]:
        """Every session of Stripe that this drill has made."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.stripe("GET", f"/v1/checkout/sessions?limit=100{after}")
            found += page["data"]
            if not page["has_more"]:
                break
            after = f"&starting_after={page['data'][-1]['id']}"
        prefix = f"{self.name}_"
        return [row for row in found if row["metadata"].get("sessionId", "").startswith(prefix)]

    async def refunded(self) -> set[str]:
        """The payments that Stripe has given back."""
        found: set[str] = set()
        after = ""
        while True:
            page = await self.stripe("GET", f"/v1/refunds?limit=100{after}")
            found |= {row["payment_intent"] for row in page["data"]}
            if not page["has_more"]:
                return found
            after = f"&starting_after={page['data'][-1]['id']}"

    async def tidy(self, target: StockTarget, holds: list[str]) -> None:
        """Gives back what is still held, and puts the stand-in and the stock back as they were."""
        await self.faults(duplicate=0, lose=0, shuffle_ms=0)
        for place in range(0, len(holds), IDS_MAX):
            body = {"ids": holds[place : place + IDS_MAX], "reason": self.name}
            await self.owner("POST", "/api/admin/holds/release", body)
        await self.set_stock(target, target.before)
