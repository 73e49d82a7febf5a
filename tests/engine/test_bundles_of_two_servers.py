"""Two servers on one PostgreSQL: both show the bundles of the other, and neither oversells."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line, Reservation
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Count
from fancymonkey.engine.engine import Engine
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.core.builders import upsert

SETS = ("b/S", "b/M", "a/S")
"""Three bundles of the scarce part a/M."""


@pytest.fixture
async def engines(migrated_url: str) -> AsyncIterator[tuple[Engine, Engine]]:
    first, second = (Engine(open_store(migrated_url)) for _ in range(2))
    await first.open()
    await first.submit(upsert("a", 0, 20))
    await first.submit(upsert("b", 1, 0))
    await first.submit(Count(sku="a/S", location=DEFAULT_LOCATION, quantity=0))
    await second.open()
    yield first, second
    await second.close()
    await first.close()


def reserve(sku: str, number: int) -> Reserve:
    return Reserve(
        reservation_id=f"res_{number}",
        session_id=f"s{number}",
        lines=(Line(sku, 1),),
        location=DEFAULT_LOCATION,
        ttl=3_600_000,
    )


async def until_shown(engine: Engine, sku: str, wanted: tuple[int, int]) -> None:
    """Waits until a server shows what is available and reserved."""
    async with asyncio.timeout(20):
        while True:
            stock = engine.view.stock(sku)
            if (stock.available, stock.reserved) == wanted:
                return
            await asyncio.sleep(0.01)


async def test_both_servers_sell_the_last_of_a_part_once(engines: tuple[Engine, Engine]) -> None:
    definition = Definition(Bundle(0, BundlePolicy.TOGETHER), (Component("a/M", 1),))
    for sku in SETS:
        command = SetBundle(sku=sku, location=DEFAULT_LOCATION, definition=definition)
        assert isinstance(await engines[0].submit(command), Accepted)
    await until_shown(engines[1], "b/S", (20, 0))
    skus = (*SETS, "a/M")
    answers = await asyncio.gather(
        *(engines[number % 2].submit(reserve(skus[number % 4], number)) for number in range(120))
    )
    assert sum(isinstance(answer, Accepted) for answer in answers) == 20
    held = [hold async for hold in engines[0].store.scan(Reservation)]
    for sku in SETS:
        count = sum(line.sku == sku for hold in held for line in hold.lines)
        for engine in engines:
            await until_shown(engine, sku, (0, count))
    assert not (await verify_store(engines[0].store)).findings
