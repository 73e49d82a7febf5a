"""The store cannot be used: the owner is told without it, once a spell."""

import asyncio

import pytest

from fancymonkey.alerts import alerts
from fancymonkey.core.command import Command
from fancymonkey.core.model import Entry
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import Commit
from fancymonkey.store.in_memory.store import MemoryStore
from tests.alerts.alert_shop import AlertShop, alert_shop, until


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
    """What was told without the store; what it says of itself comes through it."""
    texts = [letter.text() for letter in shop.channel.letters]
    return [text for text in texts if "is unavailable" in text]


@pytest.mark.parametrize("what", ["reads", "writes"])
async def test_the_owner_gets_an_alert_without_the_store(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(alerts, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(alerts, "REST_SECONDS", 0.01)
    monkeypatch.setattr(alerts, "TROUBLE_SECONDS", 0.1)
    store = Away()
    async with alert_shop(store) as shop:
        running = asyncio.create_task(shop.alerts.run())
        for spell in (1, 2):
            setattr(store, what, False)
            await until(lambda spell=spell: len(cries(shop)) == spell)
            await asyncio.sleep(0.3)
            assert len(cries(shop)) == spell
            setattr(store, what, True)
            await asyncio.sleep(0.3)
        assert len(cries(shop)) == 2
        assert set(shop.channel.told) == {("store.trouble",)}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_moment_of_trouble_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "LOOK_SECONDS", 0.01)
    store = Away()
    async with alert_shop(store) as shop:
        running = asyncio.create_task(shop.alerts.run())
        for _ in range(5):
            store.reads = False
            await asyncio.sleep(0.05)
            store.reads = True
            await asyncio.sleep(0.05)
        assert not shop.channel.letters
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
