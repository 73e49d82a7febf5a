"""An unusable store is reported to the owner once for each period, without using the store."""

import asyncio

import pytest

from fancymonkey.alerts.alerts import LOOK_SECONDS, REST_SECONDS, UNHEALTHY_SECONDS
from fancymonkey.core.command import Command
from fancymonkey.core.model import Entry
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import Commit
from fancymonkey.store.in_memory.store import MemoryStore
from tests.alerts.alert_shop import AlertShop, alert_shop
from tests.sim.loop import simulate


class Away(MemoryStore):
    """A store that can go away, for reading or for writing."""

    reads = writes = True

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        if not self.reads:
            raise StoreUnavailable("The database does not answer.")
        return await super().entries_after(revision, limit)

    async def run(self, commands: list[Command], now: int, after: int) -> Commit:  # type: ignore[override]
        if not self.writes:
            raise StoreUnavailable("The disk is full.")
        return await super().run(commands, now, after)

    async def health_problems(self) -> list[str]:
        return [] if self.writes else ["The disk is full."]


def cries(shop: AlertShop) -> list[str]:
    """The messages sent without the store; its own alerts are stored in it."""
    texts = [message.text() for message in shop.channel.messages]
    return [text for text in texts if "is unavailable" in text]


async def stays(store: Away, what: str, works: bool, seconds: float) -> None:
    """The store can be used, or not, for a while."""
    setattr(store, what, works)
    await asyncio.sleep(seconds)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["reads", "writes"])
def test_the_owner_is_alerted_without_the_store_once_each_time(what: str) -> None:
    async def days() -> None:
        store = Away()
        async with alert_shop(store) as shop:
            running = asyncio.create_task(shop.alerts.run())
            for times in (1, 2):
                await stays(store, what, False, UNHEALTHY_SECONDS + 3 * REST_SECONDS)
                assert len(cries(shop)) == times
                await stays(store, what, False, 3600)
                assert len(cries(shop)) == times
                await stays(store, what, True, 3 * REST_SECONDS)
            assert len(cries(shop)) == 2
            assert set(shop.channel.sent_types) == {("store.unhealthy",)}
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    simulate(days)


@pytest.mark.parametrize("what", ["reads", "writes"])
def test_short_failures_are_not_reported_however_many(what: str) -> None:
    async def days() -> None:
        store = Away()
        async with alert_shop(store) as shop:
            running = asyncio.create_task(shop.alerts.run())
            for _ in range(20):  # together far more than the time after which one is reported
                await stays(store, what, False, UNHEALTHY_SECONDS - 2 * LOOK_SECONDS)
                await stays(store, what, True, 2 * REST_SECONDS)
            assert not cries(shop)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    simulate(days)
