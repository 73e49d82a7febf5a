"""A part of many bundles runs out: short transactions, each event once, and the live feed first."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import fancymonkey.alerts.detector as detector_module
import fancymonkey.alerts.ledger_events as events_module
from fancymonkey.alerts.ledger_events import touched
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.errors import StoreUnavailable
from tests.alerts.alert_shop import AlertShop, alert_shop
from tests.core.builders import upsert
from tests.engine.stores import opened
from tests.sim.loop import simulate

BUNDLES = 25
AT_ONCE = 5


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "PRODUCTS_AT_ONCE", AT_ONCE)
    monkeypatch.setattr(detector_module, "BANDS_AT_ONCE", AT_ONCE)


@pytest.fixture
async def shop() -> AsyncIterator[AlertShop]:
    """A shop with a part of 25 bundles, and 10 units of it."""
    async with alert_shop(events=("stock.out",)) as running:
        await running.engine.submit(upsert("part", 1, 10))
        for command in sets():
            await running.engine.submit(command)
        await running.look()
        assert not running.channel.messages
        yield running


def sets() -> list[Command]:
    """Bundles of one part each."""
    definition = Definition(Bundle(0, BundlePolicy.TOGETHER), (Component("part/M", 1),))
    commands: list[Command] = []
    for number in range(BUNDLES):
        id_ = f"set{number:02}"
        commands.append(upsert(id_, 2 + number, 0))
        commands.append(SetBundle(sku=f"{id_}/M", location=DEFAULT_LOCATION, definition=definition))
    return commands


def sold_out(shop: AlertShop) -> list[str]:
    """The SKUs that the sent messages report as out, in their order."""
    return sorted(
        str(event.data["sku"])
        for message in shop.channel.messages
        for event in message.events
        if event.type == "stock.out"
    )


EXPECTED = ["part/M", *[f"set{number:02}/M" for number in range(BUNDLES)]]


async def test_every_bundle_is_reported_once_in_short_transactions(
    shop: AlertShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    submit = shop.engine.submit

    async def counted(command: Command) -> Answer:
        if isinstance(command, CommandGroup):
            written.append(len(command.commands[0].drafts))  # type: ignore[attr-defined]
        return await submit(command)

    await shop.move(-10, "part/M")
    monkeypatch.setattr(shop.engine, "submit", counted)
    await shop.look()
    assert sold_out(shop) == EXPECTED
    assert len(written) >= (BUNDLES + 1) // (2 * AT_ONCE)
    most = 1 + 2 * AT_ONCE * 3  # the position; a band, an event and a delivery of each size
    assert max(written) <= most
    await shop.look()
    assert sold_out(shop) == EXPECTED


@pytest.mark.parametrize("whole", [0, 1, 2])
async def test_a_crash_between_two_portions_repeats_and_loses_nothing(
    shop: AlertShop, monkeypatch: pytest.MonkeyPatch, whole: int
) -> None:
    submit, left = shop.engine.submit, whole

    async def fails_later(command: Command) -> Answer:
        nonlocal left
        if isinstance(command, CommandGroup):
            if not left:
                raise StoreUnavailable("away")
            left -= 1
        return await submit(command)

    await shop.move(-10, "part/M")
    with monkeypatch.context() as patch:
        patch.setattr(shop.engine, "submit", fails_later)
        with pytest.raises(StoreUnavailable):
            await shop.alerts.once()
    assert not shop.channel.messages
    other = shop.again(events=("stock.out",))
    await other.look()
    assert sold_out(other) == EXPECTED
    await shop.look()
    assert not shop.channel.messages


def test_the_live_feed_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    async def work() -> None:
        async with opened() as (engine, _):
            await engine.submit(upsert("part", 1, 10))
            for command in sets():
                await engine.submit(command)
            before = engine.view.revision
            listener = await engine.subscribe(before)
            stocked = engine.view.stocked
            monkeypatch.setattr(
                engine.view, "stocked", lambda ids: order.append("alerts") or stocked(ids)
            )
            await engine.submit(Adjust(sku="part/M", location=DEFAULT_LOCATION, delta=1))
            entries = engine.feed.entries_after(before)
            assert entries

            async def look() -> None:
                async for _ in touched(engine, entries):
                    pass

            async def listen() -> None:
                await asyncio.sleep(0.05)  # the time that the feed may take
                await listener.next()
                order.append("feed")

            await asyncio.gather(look(), listen())

    simulate(work)
    assert order == ["feed", *["alerts"] * 6]
