"""A shop with alerts: an engine over a store, a clock of the test, channels and endpoints."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fancymonkey.alerts.alerts import Alerts
from fancymonkey.alerts.channels import SendFailed
from fancymonkey.alerts.message import AlertMessage
from fancymonkey.alerts.outbox import Delivery
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.documents import StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.event_names import ALERTS
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.shops import HOODIE, Clock, catalogue

SKU = f"{HOODIE}/M"


@dataclass
class RecordingChannel:
    """A channel that keeps what it is sent; `failing` takes nothing."""

    key: str = "ch_paper"
    name: str = "RecordingChannel"
    failing: bool = False
    messages: list[AlertMessage] = field(default_factory=list)

    async def send(self, message: AlertMessage) -> None:
        if self.failing:
            raise SendFailed("The paper is wet.")
        self.messages.append(message)

    @property
    def sent_types(self) -> list[tuple[str, ...]]:
        """The types of the events in each sent message."""
        return [tuple(event.type for event in message.events) for message in self.messages]


@dataclass
class AlertShop:
    """The parts of the shop that tests use."""

    engine: Engine
    clock: Clock
    channel: RecordingChannel
    alerts: Alerts

    async def hold(self, id_: str, units: int, sku: str = SKU) -> None:
        lines = (Line(sku, units),)
        await self.engine.submit(
            Reserve(
                reservation_id=id_,
                location=DEFAULT_LOCATION,
                session_id=id_,
                lines=lines,
                ttl=1_800_000,
            )
        )

    async def release(self, id_: str) -> None:
        await self.engine.submit(Release(ref=id_))

    async def pay(self, id_: str) -> None:
        await self.engine.submit(Capture(ref=id_, payment_id=f"cs_{id_}"))

    async def move(self, units: int, sku: str = SKU) -> None:
        await self.engine.submit(Adjust(sku=sku, location=DEFAULT_LOCATION, delta=units))

    async def look(self, seconds: float = 10) -> None:
        """One round, after a while without other work."""
        await self.alerts.once()
        self.clock.forward(seconds)
        await self.alerts.once()

    async def waiting(self) -> list[StoredDocument[Delivery]]:
        return await self.alerts.outbox.waiting.all()

    async def log(self) -> list[StoredDocument[Delivery]]:
        return await self.alerts.outbox.log.all()

    def again(self, **more: Any) -> "AlertShop":
        """The same shop in another process, or in this one after another start."""
        channel = RecordingChannel()
        return AlertShop(self.engine, self.clock, channel, made(self.engine, channel, **more))


def made(engine: Engine, channel: RecordingChannel, **more: Any) -> Alerts:
    values: dict[str, Any] = {"private": True, "events": ALERTS, **more}
    return Alerts(engine, [channel], **values)


@asynccontextmanager
async def alert_shop(store: Store | None = None, **more: Any) -> AsyncIterator[AlertShop]:
    """A shop with the catalogue of the tests, whose alerts have begun to look."""
    clock = Clock()
    engine = Engine(store or MemoryStore(), clock)
    await engine.open()
    try:
        for command in catalogue():
            await engine.submit(command)
        channel = RecordingChannel()
        shop = AlertShop(engine, clock, channel, made(engine, channel, **more))
        await shop.alerts.once()
        yield shop
    finally:
        await engine.close()


async def until(check: Any, seconds: float = 10.0) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.01)
