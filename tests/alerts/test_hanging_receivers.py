"""A hanging channel or endpoint delays no other receiver and no sale."""

import asyncio
import statistics
import time

import pytest

from fancymonkey.alerts.alerts import Alerts
from fancymonkey.alerts.channels import channels_of
from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.alerts.message import AlertMessage
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Line, Product
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.event_names import ALERTS
from fancymonkey.store.in_memory.store import MemoryStore
from tests.alerts.alert_shop import RecordingChannel, alert_shop, made, until
from tests.alerts.receivers import HttpReceiver, mail_server

ROUNDS = 600


async def rush(engine: Engine, name: str) -> list[float]:
    """Reserves, one after the other, each taking a size below its threshold; seconds of each."""
    took = []
    for number in range(ROUNDS):
        lines = (Line(f"p/{number}", 8),)
        id_ = f"{name}{number}"
        began = time.perf_counter()
        await engine.submit(
            Reserve(
                reservation_id=id_,
                location=DEFAULT_LOCATION,
                session_id=id_,
                lines=lines,
                ttl=1_800_000,
            )
        )
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0)
    return took


async def shop(url: str, port: int) -> tuple[Engine, Alerts]:
    engine = Engine(MemoryStore())
    await engine.open()
    sizes = tuple(NewItem(Item(f"p/{n}", "p", str(n), n), 10) for n in range(ROUNDS))
    await engine.submit(
        UpsertProduct(product=Product("p", "P"), location=DEFAULT_LOCATION, items=sizes)
    )
    mail = f"mailto://127.0.0.1:{port}?from=a@x.example&to=b@x.example"
    channels = channels_of([mail, url.replace("http", "json", 1)])
    alerts = Alerts(engine, channels, ALERTS, private=True)
    await alerts.webhooks.add(url, WEBHOOKS, "")
    return engine, alerts


async def measured(*, hang: bool) -> float:
    """The median time of a reserve in seconds, while all events go to receivers."""
    async with HttpReceiver() as receiver, mail_server() as mail:
        receiver.hang = mail.hang = hang
        engine, alerts = await shop(receiver.url, mail.port)
        running = asyncio.create_task(alerts.run())
        await until(lambda: alerts._watch._seen is not None)
        first = await rush(engine, "a")
        await until(lambda: len(receiver.requests) >= 2, 20)  # it is sending
        for number in range(ROUNDS):
            await engine.submit(_release(f"a{number}"))
        second = await rush(engine, "b")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()
    return statistics.median(first + second)


def _release(id_: str) -> Release:
    return Release(ref=id_)


@pytest.mark.slow
async def test_silent_receivers_do_not_slow_a_sale() -> None:
    """Compared with receivers that answer at once; the better of three, because of other work."""
    well = min([await measured(hang=False) for _ in range(3)])
    hung = min([await measured(hang=True) for _ in range(3)])
    print(f"reserve: {well * 1e6:.0f} µs answering, {hung * 1e6:.0f} µs hanging")
    assert hung < 1.5 * well


async def test_a_blocked_lane_delays_no_other() -> None:
    async with HttpReceiver() as hanging, HttpReceiver() as other, mail_server() as mail:
        hanging.hang = True
        engine, alerts = await shop(hanging.url, mail.port)
        await alerts.webhooks.add(other.url, ["stock.low"], "")
        running = asyncio.create_task(alerts.run())
        await until(lambda: alerts._watch._seen is not None)
        lines = (Line("p/1", 8),)
        await engine.submit(
            Reserve(
                reservation_id="x",
                location=DEFAULT_LOCATION,
                session_id="x",
                lines=lines,
                ttl=1_800_000,
            )
        )
        await until(lambda: other.requests, 5)
        await until(lambda: mail.messages, 15)
        assert hanging.requests
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()


class Broken(RecordingChannel):
    """A channel that raises an unexpected error until it is `whole`."""

    whole = False

    async def send(self, message: AlertMessage) -> None:
        if not self.whole:
            raise RuntimeError("can't start new thread; secret")
        await super().send(message)


async def test_a_channel_that_breaks_in_its_own_way_has_failed_and_is_tried_again() -> None:
    async with alert_shop() as shop:
        broken = Broken()
        shop.alerts = made(shop.engine, broken)
        await shop.move(-18)
        await shop.look()
        (stored,) = await shop.waiting()
        assert [attempt.error for attempt in stored.value.attempts] == [
            "The channel failed (RuntimeError)."
        ]
        (answer,) = await shop.alerts.test()
        assert answer.error == "The channel failed (RuntimeError)."
        broken.whole = True
        await shop.look(20)
        assert broken.sent_types == [("stock.low",)]


async def test_an_error_during_a_delivery_is_a_failed_attempt() -> None:
    tries = 0

    async def resolver(host: str, port: int) -> list[str]:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise RuntimeError("can't start new thread")
        return ["127.0.0.1"]

    async with alert_shop(resolver=resolver) as shop, HttpReceiver() as receiver:
        await shop.alerts.webhooks.add(receiver.url, ["stock.low"], "")
        await shop.move(-18)
        await shop.alerts.once()
        (stored,) = [stored for stored in await shop.waiting() if stored.value.tries]
        assert stored.value.attempts[0].error == "The request could not be sent (RuntimeError)."
        shop.clock.forward(20)
        await shop.alerts.once()
        assert len(receiver.requests) == 1
