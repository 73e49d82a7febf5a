"""Holds end exactly at their deadline, without a request or a schedule."""

import asyncio
import logging

import pytest

from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Release
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Status
from fancymonkey.core.stock.adjust import Count
from tests.core.builders import take
from tests.engine.stores import START, clock, down, opened, shows
from tests.sim.loop import simulate, virtual_loop


def test_each_hold_ends_at_its_deadline() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=700, a_M=1))
            await engine.submit(take("s2", ttl=40_000, a_M=1))
            await engine.submit(take("s3", ttl=5_000, a_M=1, b_S=2))
            await asyncio.sleep(60)
            ended = [entry for entry in store.entries if entry.kind is Kind.EXPIRED]
            assert [entry.reservation_id for entry in ended] == ["h-s1", "h-s3", "h-s3", "h-s2"]
            assert all(entry.until is not None for entry in ended)
            assert max(entry.at - (entry.until or 0) for entry in ended) <= 2
            assert min(entry.at - (entry.until or 0) for entry in ended) >= 0
            shows(engine, store)

    simulate(work)


def test_a_nearer_deadline_wakes_it_up() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=50_000, a_M=1))
            await asyncio.sleep(0.1)
            await engine.submit(take("s2", ttl=300, a_M=1))
            await asyncio.sleep(0.35)
            assert store.image.reservation("s2").status is Status.EXPIRED  # type: ignore[union-attr]

    simulate(work)


def test_a_nearer_deadline_from_another_process_wakes_it_up() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=50_000, a_M=1))
            await asyncio.sleep(0.1)
            await store.elsewhere(Attach(ref="s1", session_id="x", expires_at=clock() + 300))
            await asyncio.sleep(0.35)
            assert store.image.reservation("s1").status is Status.EXPIRED  # type: ignore[union-attr]

    simulate(work)


def test_holds_that_were_due_before_the_start_are_ended_by_it() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=500, a_M=5))
            await engine.close()
            await asyncio.sleep(100)
            from fancymonkey.engine.engine import Engine

            again = Engine(store, clock)
            await again.open()
            assert again.view.stock("a/M").available == 5
            assert store.image.reservation("s1").status is Status.EXPIRED  # type: ignore[union-attr]
            await again.close()

    simulate(work)


def test_a_read_never_counts_a_hold_that_is_over() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=500, a_M=5))
            store.seconds = 30
            await asyncio.sleep(0.6)
            engine.expire_view()
            assert engine.view.stock("a/M").available == 5
            assert engine.view.levels[("a/M", "main")].reserved == 5

    simulate(work)


def test_an_unreachable_store_is_tried_again() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=500, a_M=5))
            store.fail = [down(), down(), down()]
            await asyncio.sleep(0.6)
            assert engine.view.stock("a/M").available == 5
            await asyncio.sleep(4)
            assert store.image.reservation("s1").status is Status.EXPIRED  # type: ignore[union-attr]
            shows(engine, store)

    simulate(work)


def test_an_unexpected_error_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=500, a_M=5))
            store.fail = [RuntimeError("a bug")]
            await asyncio.sleep(3)
            assert store.image.reservation("s1").status is Status.EXPIRED  # type: ignore[union-attr]

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


def test_a_clock_that_is_set_back_causes_few_commits() -> None:
    """For the view the deadline has passed, for the store it has not: the view must not ask
    endlessly.
    """
    ahead = [0]

    async def work() -> None:
        async with opened(at=lambda: clock() + ahead[0]) as (engine, store):
            await engine.submit(take("s1", ttl=60_000, a_M=5))
            ahead[0] = 60_000
            engine.expire_view()
            ahead[0] = 0
            before = len(store.batches)
            await asyncio.sleep(50)
            assert len(store.batches) - before < 60
            await asyncio.sleep(15)
            assert store.image.reservation("s1").status is Status.EXPIRED  # type: ignore[union-attr]
            shows(engine, store)

    simulate(work)


def test_a_hold_that_is_extended_at_the_last_moment_causes_few_commits() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=1000, a_M=5))
            store.seconds = 0.2
            until = clock() + 30_000
            await asyncio.sleep(0.9)
            await engine.submit(Attach(ref="s1", session_id="cs_1", expires_at=until))
            assert virtual_loop().time() > 1.01  # its old deadline passed while it was committed
            before = len(store.batches)
            await asyncio.sleep(20)
            assert len(store.batches) - before <= 1
            assert engine.view.stock("a/M").available == 0
            await asyncio.sleep(10)
            shows(engine, store)

    simulate(work)


def test_an_idle_shop_writes_nothing() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=500_000, a_M=1))
            await engine.submit(Release(ref="s1"))
            store.batches.clear()
            await asyncio.sleep(600)
            assert store.batches == []
            assert clock() == START + round(virtual_loop().time() * 1000)

    simulate(work)


def test_a_busy_shop_expires_within_its_own_batches() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await engine.submit(take("s1", ttl=500, a_M=1))
            while virtual_loop().time() < 1:
                await engine.submit(
                    Count(
                        sku="b/M",
                        location=DEFAULT_LOCATION,
                        quantity=round(virtual_loop().time() * 100),
                    )
                )
            ended = [entry for entry in store.entries if entry.kind is Kind.EXPIRED]
            assert len(ended) == 1
            assert 0 <= ended[0].at - (ended[0].until or 0) <= 20

    simulate(work)
