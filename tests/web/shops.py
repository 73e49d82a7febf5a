"""A running shop for tests: engine, app and client over any store, with a clock of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from argon2 import PasswordHasher

from fancymonkey.accounts.passwords import Passwords
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Item, Level, Product, sku_of
from fancymonkey.core.rows import ROWS
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.contract import Store
from fancymonkey.store.verify import verify_store
from fancymonkey.web.app import create_app
from tests.web.client import Answer, Client

PASSWORD = "correct horse"
CRON = "cron secret"
WHSEC = "whsec_test"
ORIGIN = "https://shop.example"
HOODIE = "prod_hoodie_001"
START = 1_759_838_400_000  # 2025-10-07T12:00:00Z
TTL = 1_800_000

PRODUCTS: tuple[tuple[str, str, str, str, dict[str, int]], ...] = (
    (HOODIE, "MIDNIGHT EMERALD HOODIE", "hoodies", "58", {"S": 3, "M": 20, "L": 58, "XL": 0}),
    ("prod_hoodie_002", "ASH HOODIE", "hoodies", "62.50", {"M": 10, "S/M": 4}),
    ("prod_tee_001", "BANANA TEE", "tees", "24", {"M": 100}),
)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


@dataclass
class Shop:
    """The parts of the shop that tests use."""

    engine: Engine
    clock: Clock
    client: Client
    settings: Settings

    async def reserve(
        self,
        session: str,
        size: str = "M",
        quantity: int = 1,
        product: str = HOODIE,
        **headers: str,
    ) -> Answer:
        body = {"productId": product, "size": size, "quantity": quantity, "sessionId": session}
        return await self.client.post(
            "/api/inventory/reserve",
            body,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def release(self, session: str, **headers: str) -> Answer:
        return await self.client.post(
            "/api/inventory/release",
            {"sessionId": session},
            {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def update(self, *rows: dict[str, Any], **headers: str) -> Answer:
        rows_ = [{"productId": HOODIE, "size": "M", **row} for row in rows]
        return await self.client.post(
            "/api/inventory/update",
            {"password": PASSWORD, "updates": rows_},
            {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def bulk(self, action: str, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        return await self.client.post(
            "/api/inventory/bulk-update",
            {"password": PASSWORD, "action": action, **body},
            headers or {},
        )

    async def size(self, size: str = "M", product: str = HOODIE) -> dict[str, Any]:
        """A size as `get` shows it."""
        answer = await self.client.get(f"/api/inventory/get?productId={product}")
        (product_row,) = answer.json["inventory"]
        (row,) = [row for row in product_row["sizes"] if row["size"] == size]
        return dict(row)

    async def check(self) -> None:
        """Fails if the stored levels, holds, ledger and the view are not consistent."""
        report = await verify_store(self.engine.store)
        assert not report.findings, report.findings
        # A job may commit between the two readings: compare until they show the same moment.
        stored: dict[Any, Level] = {}
        for _ in range(500):
            stored = {row.key: row async for row in self.engine.store.scan(Level)}
            if self.engine.view.levels == stored:
                return
            await asyncio.sleep(0.01)
        assert self.engine.view.levels == stored

    async def stored_text(self) -> str:
        """Everything that the store holds, as text to search."""
        rows = [repr(row) for kind in ROWS async for row in self.engine.store.scan(kind)]
        return "\n".join(rows + [repr(entry) for entry in await ledger(self.engine.store)])


async def ledger(store: Store) -> list[Entry]:
    return await store.entries_after(0, 1_000_000)


def catalogue() -> list[UpsertProduct]:
    """Commands that fill an empty store."""
    return [
        UpsertProduct(
            product=Product(id_, name, category, Decimal(price), position),
            location=DEFAULT_LOCATION,
            items=tuple(
                NewItem(
                    Item(
                        sku_of(id_, size),
                        id_,
                        size,
                        place,
                        f"sku_{id_}_{size.lower()}",
                        f"price_{id_}_{size.lower()}",
                    ),
                    on_hand,
                )
                for place, (size, on_hand) in enumerate(sizes.items())
            ),
        )
        for position, (id_, name, category, price, sizes) in enumerate(PRODUCTS)
    ]


CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""The real hash with small numbers; tests/accounts/test_hashes.py has the shop's own."""

SETTINGS: dict[str, Any] = {
    "admin_password": PASSWORD,
    "cron_secret": CRON,
    "stripe_webhook_secrets": (WHSEC,),
    "cors_origins": (ORIGIN,),
    "rate_limit": False,
}


@asynccontextmanager
async def running(
    store: Store,
    clock: Clock | None = None,
    *,
    fill: bool = True,
    client: type[Client] = Client,
    **settings: Any,
) -> AsyncIterator[Shop]:
    """A shop over a store that is not open yet."""
    clock = clock or Clock()
    engine = Engine(store, clock)
    made = Settings.of(**{**SETTINGS, **settings})
    await engine.open()
    try:
        if fill:
            for command in catalogue():
                await engine.submit(command)
        app = create_app(made, engine)
        app._shop.accounts.users.passwords = Passwords(CHEAP)
        yield Shop(engine, clock, client(app), made)
    finally:
        await engine.close()
