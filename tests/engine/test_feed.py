"""The live feed: no change is missed, memory stays bounded, and a returning listener gets all
changes.
"""

import asyncio
from collections.abc import Iterable

import pytest

import fancymonkey.engine.engine as engine_module
import fancymonkey.engine.view.feed as feed_module
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Entry, Kind
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.engine.view.feed import Feed, LevelChange
from fancymonkey.errors import Overloaded
from tests.engine.stores import down, opened
from tests.sim.loop import simulate


def entries(first: int, skus: Iterable[str]) -> list[Entry]:
    return [
        Entry(revision, 0, Kind.ADJUSTED, sku, "main") for revision, sku in enumerate(skus, first)
    ]


def published(*skus: str) -> Feed:
    """A feed that has published these changes, one a revision."""
    feed = Feed()
    feed.publish(entries(1, skus), len(skus))
    return feed


async def taken(feed: Feed, missed: set[str] | None = None) -> LevelChange:
    subscription = feed.subscribe(set() if missed is None else missed)
    change = await asyncio.wait_for(subscription.next(), 1)
    assert change is not None
    return change


def test_a_slow_listener_gets_one_change_for_all_it_missed() -> None:
    async def work() -> None:
        feed = Feed()
        subscription = feed.subscribe(set())
        for number, sku in enumerate(("a/M", "b/M", "a/M", "a/S"), 1):
            feed.publish(entries(number, [sku]), number)
        assert await subscription.next() == LevelChange(4, False, frozenset({"a/M", "b/M", "a/S"}))
        assert not subscription.waiting
        feed.publish(entries(5, ["b/M"]), 5)
        assert await subscription.next() == LevelChange(5, False, frozenset({"b/M"}))

    simulate(work)


def test_reported_entries_are_not_reported_again() -> None:
    async def work() -> None:
        feed = published("a/M", "b/M")
        subscription = feed.subscribe(set())
        feed.publish(entries(1, ["a/M", "b/M", "a/S"]), 3)
        assert await subscription.next() == LevelChange(3, False, frozenset({"a/S"}))

    simulate(work)


def test_after_a_restart_listeners_get_everything_again() -> None:
    async def work() -> None:
        feed = published("a/M")
        subscription = feed.subscribe(set())
        feed.restart(9)
        assert await subscription.next() == LevelChange(9, True, frozenset())
        assert feed.since(1) is None

    simulate(work)


def test_since_covers_only_the_remembered_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "REMEMBERED", 3)
    feed = published("p/1", "p/2", "p/3", "p/4", "p/5")
    assert feed.since(5) == set()
    assert feed.since(4) == {"p/5"}
    assert feed.since(2) == {"p/3", "p/4", "p/5"}
    assert feed.since(1) is None
    assert feed.since(6) is None


def test_entries_are_remembered_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "REMEMBERED", 4)
    monkeypatch.setattr(feed_module, "SPARE", 2)
    feed = Feed()
    feed.restart(5)
    assert feed.entries_after(5) == []
    assert feed.entries_after(4) is None
    later = entries(6, ["p/1", "p/2", "p/3"])
    feed.publish(later, 8)
    assert feed.entries_after(5) == later
    assert feed.entries_after(6, 1) == later[1:2]
    assert feed.entries_after(9) is None
    more = entries(9, ["p/4", "p/5", "p/6", "p/7"])
    feed.publish(more, 12)
    assert feed.entries_after(8) == more
    assert feed.entries_after(7) is None
    assert len(feed._recent) == 4
    last = entries(15, ["p/8"])
    feed.publish(last, 15)  # two are missing
    assert feed.entries_after(14) == last
    assert feed.entries_after(13) is None
    assert feed.since(12) is None


def test_listeners_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(feed_module, "SUBSCRIBERS_MAX", 2)
        feed = Feed()
        first = feed.subscribe(None)
        feed.subscribe(None)
        with pytest.raises(Overloaded):
            feed.subscribe(None)
        first.close()
        first.close()
        feed.subscribe(None)
        assert len(feed) == 2

    simulate(work)


def test_a_waiting_subscriber_is_ended_by_a_close() -> None:
    async def work() -> None:
        feed = Feed()
        subscription, other = feed.subscribe(set()), feed.subscribe(set())
        waiting = asyncio.create_task(subscription.next())
        await asyncio.sleep(0.1)
        subscription.close()
        assert await waiting is None
        assert await subscription.next() is None
        feed.close()
        assert await other.next() is None
        assert len(feed) == 0

    simulate(work)


def test_a_cancelled_wait_loses_nothing() -> None:
    async def work() -> None:
        feed = Feed()
        subscription = feed.subscribe(set())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(subscription.next(), 1)
        feed.publish(entries(1, ["a/M"]), 1)
        assert await subscription.next() == LevelChange(1, False, frozenset({"a/M"}))

    simulate(work)


# Through the engine ---------------------------------------------------------------------------


def up(sku: str = "a/M") -> Adjust:
    return Adjust(sku=sku, location=DEFAULT_LOCATION, delta=1)


def test_a_new_listener_gets_everything_and_an_up_to_date_one_nothing() -> None:
    async def work() -> None:
        async with opened() as (engine, _):
            fresh = await engine.subscribe()
            change = await fresh.next()
            assert change == LevelChange(engine.view.revision, True, frozenset())
            quiet = await engine.subscribe(engine.view.revision)
            assert not quiet.waiting
            await engine.submit(up())
            assert quiet.waiting

    simulate(work)


def test_resuming_beyond_what_is_remembered_reads_the_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        monkeypatch.setattr(feed_module, "REMEMBERED", 2)
        async with opened() as (engine, _):
            since = engine.view.revision
            for sku in ("a/M", "b/M", "a/S", "a/M"):
                await engine.submit(up(sku))
            assert engine.feed.since(since) is None
            back = await engine.subscribe(since)
            change = await back.next()
            assert change == LevelChange(since + 4, False, frozenset({"a/M", "b/M", "a/S"}))

    simulate(work)


@pytest.mark.parametrize("seed", range(10))
def test_writes_during_a_resume_are_not_missed(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    async def work() -> None:
        monkeypatch.setattr(feed_module, "REMEMBERED", 2)
        async with opened() as (engine, store):
            since = engine.view.revision
            for sku in ("a/M", "a/M", "a/S"):
                await engine.submit(up(sku))
            writing = asyncio.create_task(engine.submit(up("b/S")))
            await asyncio.sleep(seed * 0.002)
            store.seconds = 0.005
            back = await engine.subscribe(since)
            await writing
            await engine.submit(up("b/M"))
            change = await back.next()
            assert change is not None
            assert change.fresh or change.skus == {"a/M", "a/S", "b/S", "b/M"}
            assert change.revision == engine.view.revision

    simulate(work, seed)


def test_resuming_too_late_or_from_the_future_gets_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        monkeypatch.setattr(feed_module, "REMEMBERED", 2)
        monkeypatch.setattr(engine_module, "CATCH_UP", 3)
        async with opened() as (engine, store):
            since = engine.view.revision
            for _ in range(4):
                await engine.submit(up())
            for odd in (since, since + 99, -1):
                change = await (await engine.subscribe(odd)).next()
                assert change is not None
                assert change.fresh
            store.fail_reads = [down()]
            change = await (await engine.subscribe(since + 1)).next()
            assert change is not None
            assert change.fresh

    simulate(work)


def test_a_full_feed_refuses_before_it_reads_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            monkeypatch.setattr(feed_module, "SUBSCRIBERS_MAX", 0)
            store.fail_reads = [AssertionError("read")]
            with pytest.raises(Overloaded):
                await engine.subscribe(0)
            store.fail_reads = []

    simulate(work)


def test_writes_of_other_processes_reach_listeners() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            listener = await engine.subscribe(engine.view.revision)
            await store.elsewhere(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=2))
            change = await listener.next()
            assert change == LevelChange(engine.view.revision, False, frozenset({"b/M"}))
            assert engine.view.stock("b/M").on_hand == 2

    simulate(work)
