"""A shop and a fake Stripe over real HTTP, with one clock of the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from fancymonkey.fake_stripe.app import DEMO_KEY, FakeStripe, FakeStripeSettings
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.reconcile import Reconciler, Report
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.store.conftest import target
from tests.support.uvicorns import serving
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, WHSEC, Clock, Shop, running

__all__ = ["target"]

OWNER = {"Authorization": f"Bearer {PASSWORD}"}


@dataclass
class Till:
    """Both ends of a payment."""

    shop: Shop
    fake_stripe: FakeStripe
    webhook: tuple[str, str]

    @property
    def checkouts(self) -> Checkouts:
        checkouts = self.shop.client.app._shop.checkouts
        assert isinstance(checkouts, Checkouts)
        return checkouts

    @property
    def sessions(self) -> list[dict[str, Any]]:
        return list(self.fake_stripe.account.sessions.values())

    async def checkout(
        self, session: str | None = "buyer-1", size: str = "M", quantity: int = 1, **more: Any
    ) -> Answer:
        body = {"productId": HOODIE, "size": size, "quantity": quantity, **more}
        if session is not None:
            body["sessionId"] = session
        return await self.shop.client.post("/api/checkout", body)

    async def status(self, ref: str) -> dict[str, Any]:
        answer = await self.shop.client.get(f"/api/checkout/status?sessionId={ref}")
        assert answer.status == 200, answer
        body: dict[str, Any] = answer.json
        return body

    async def act(self, id_: str, action: str) -> None:
        """Something happens at Stripe, and its events arrive."""
        self.fake_stripe.act(id_, action)
        await self.settle()

    async def settle(self) -> None:
        """All pending events have arrived."""
        await self.fake_stripe.webhook_sender.settle()
        await self.checkouts.settle()
        await self.fake_stripe.webhook_sender.settle()

    async def reconcile(self) -> Report:
        reconciler = self.shop.client.app._shop.reconciler
        assert isinstance(reconciler, Reconciler)
        report = await reconciler.run()
        await self.settle()
        return report

    async def issues(self) -> list[dict[str, Any]]:
        answer = await self.shop.client.get("/api/payments/issues", OWNER)
        assert answer.status == 200, answer
        issues: list[dict[str, Any]] = answer.json["issues"]
        return issues

    async def settle_issue(self, **body: Any) -> Answer:
        return await self.shop.client.post("/api/payments/issues/settle", body, OWNER)

    def cut(self) -> None:
        """From now on no event arrives."""
        self.fake_stripe.settings.webhooks.clear()


@asynccontextmanager
async def opened(store: Store, **settings: Any) -> AsyncIterator[Till]:
    """A checkout over a store that is not open yet."""
    clock = Clock()
    settings_of_fake = FakeStripeSettings("http://stand.in", seed=1, retry_seconds=0.01)
    fake_stripe = FakeStripe(settings_of_fake, clock)
    async with serving(fake_stripe.app) as stripe_url:
        made = {"stripe_secret_key": DEMO_KEY, "stripe_api_base": stripe_url, **settings}
        async with running(store, clock, **made) as shop, serving(shop.client.app) as url:
            till = Till(shop, fake_stripe, (f"{url}/api/webhooks/stripe", WHSEC))
            fake_stripe.settings.webhooks.append(till.webhook)
            try:
                yield till
                await till.settle()
                await shop.check()
            finally:
                await fake_stripe.stop()
                await till.checkouts.close()


@pytest.fixture
async def till() -> AsyncIterator[Till]:
    """A checkout over the memory store."""
    async with opened(MemoryStore()) as made:
        yield made


@pytest.fixture
async def any_till(target: str) -> AsyncIterator[Till]:
    """A checkout over each store."""
    async with opened(open_store(target)) as made:
        yield made
