"""The engine as a whole: times at which the view changes, other writers, a clean end."""

import asyncio
import logging
from collections.abc import Iterable

import pytest

import fancymonkey.engine.engine as engine_module
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import OnRemoteCommit, Submit
from tests.core.builders import take
from tests.engine.stores import SlowStore, clock, down, opened, shows
from tests.sim.loop import simulate, virtual_loop


def up(sku: str = "a/M", delta: int = 1) -> Adjust:
    return Adjust(sku=sku, location=DEFAULT_LOCATION, delta=delta)


SOLD_OUT = SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True)


def test_an_answer_is_followed_by_its_effect() -> None:
    async def work() -> None:
        async with opened() as (engine, store):

            async def buyer(number: int) -> None:
                answer = await engine.submit(take(f"s{number}", a_M=1))
                if isinstance(answer, Accepted):
                    assert engine.view.revision >= answer.data.revision
                    assert f"h-s{number}" in engine.view.holds

            await asyncio.gather(*[buyer(number) for number in range(9)])
            assert len(engine.view.holds) == 5
            assert engine.refused == {"insufficient_stock": 4}
            shows(engine, store)

    simulate(work)


# Other processes ------------------------------------------------------------------------------


def test_writes_during_a_start_are_shown() -> None:
    class Busy(SlowStore):
        """Another process writes after the snapshot and before the watch begins."""

        async def watch(self, bell: OnRemoteCommit, submit: Submit) -> None:
            await self.elsewhere(up(), ring=False)
            await super().watch(bell, submit)

    async def work() -> None:
        async with opened(Busy()) as (engine, store):
            shows(engine, store)

    simulate(work)


@pytest.mark.parametrize("seed", range(20))
def test_bells_and_own_commits_at_once(seed: int) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            chance = virtual_loop().random

            async def other() -> None:
                for _ in range(10):
                    await asyncio.sleep(chance.uniform(0, 0.05))
                    await store.elsewhere(
                        chance.choice((up("b/M"), up(), SOLD_OUT, take("x", b_S=1)))
                    )

            async def own() -> None:
                for _ in range(10):
                    await asyncio.sleep(chance.uniform(0, 0.05))
                    await engine.submit(chance.choice((up("a/S"), up(), take("y", b_S=2))))

            await asyncio.gather(other(), other(), own(), own())
            await asyncio.sleep(1)
            shows(engine, store)

    simulate(work, seed)


def test_a_notification_is_handled_when_the_store_is_back() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            store.fail_reads = [down(), down()]
            await store.elsewhere(up())
            shows(engine, store)

    simulate(work)


def test_a_view_far_behind_is_read_again_and_its_revision_never_decreases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        monkeypatch.setattr(engine_module, "CATCH_UP", 3)
        async with opened() as (engine, store):
            for _ in range(5):
                await store.elsewhere(up("b/M"), ring=False)
            store.seconds = 0.01
            ringing = asyncio.create_task(store.elsewhere(up("b/M")))
            answers = await asyncio.gather(*[engine.submit(up()) for _ in range(3)])
            for answer in answers:
                assert isinstance(answer, Accepted)
                assert engine.view.revision >= answer.data.revision
            await ringing
            shows(engine, store)

    simulate(work)


def test_a_product_that_both_changed_is_read_as_both_left_it() -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await store.elsewhere(
                SetItem(sku="a/S", location=DEFAULT_LOCATION, sold_out=True), ring=False
            )
            await engine.submit(SOLD_OUT)  # its commit brings the entry of the other
            await asyncio.sleep(1)
            assert engine.view.items["a/S"].sold_out
            shows(engine, store)

    simulate(work)


def test_an_old_reading_of_the_catalogue_never_covers_a_newer_one() -> None:
    class Slow(SlowStore):
        async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
            products = await super().catalogue(product_ids)
            await asyncio.sleep(0.5)
            return products

    async def work() -> None:
        async with opened(Slow()) as (engine, store):
            await store.elsewhere(SetItem(sku="a/S", location=DEFAULT_LOCATION, sold_out=True))
            await asyncio.sleep(0.1)
            await engine.submit(SOLD_OUT)
            await asyncio.sleep(3)
            shows(engine, store)

    simulate(work)


@pytest.mark.parametrize("failures", [1, 3])
def test_the_catalogue_is_read_again_until_the_store_is_back(failures: int) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            await store.elsewhere(SOLD_OUT, ring=False)
            await engine.submit(up())
            store.fail_reads = [down()] * failures
            await asyncio.sleep(failures + 1)
            shows(engine, store)

    simulate(work)


# A view with a gap in its entries
# ------------------------------------------------------------------


@pytest.mark.parametrize("failures", [0, 2])
def test_a_view_that_contradicts_the_ledger_is_read_again(
    failures: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            engine.view.levels[("a/M", "main")] = Level("a/M", "main", on_hand=77)
            store.fail_reads = [down()] * failures
            answer = await engine.submit(up())
            assert isinstance(answer, Accepted)
            await asyncio.sleep(2 * failures)
            assert engine.view.stock("a/M").on_hand == 6
            shows(engine, store)

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


def test_commits_during_a_reload_are_shown(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            engine.view.levels[("a/M", "main")] = Level("a/M", "main", on_hand=77)
            first = asyncio.create_task(engine.submit(up()))
            await asyncio.sleep(0.012)
            second = await engine.submit(up("b/M"))
            await first
            assert isinstance(second, Accepted)
            assert engine.view.revision >= second.data.revision
            shows(engine, store)

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


def test_a_ledger_with_an_earlier_revision_is_read_again(caplog: pytest.LogCaptureFixture) -> None:
    """A standby without the latest commits was promoted."""

    async def work() -> None:
        async with opened() as (engine, store):
            rows = {kind: dict(rows) for kind, rows in store.image.rows.items()}
            image, entries = store.image, list(store.entries)
            for number in range(3):
                await engine.submit(take(f"lost{number}", a_M=1))
            store.image, store.entries = type(image)(), entries
            store.image.apply(rows, entries[-1].revision)
            await engine.submit(up("b/M"))
            await asyncio.sleep(1)
            assert not engine.view.holds
            shows(engine, store)

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


# The end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_close_finishes_what_it_accepted(seed: int) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            listener = await engine.subscribe(engine.view.revision)
            waiting = asyncio.create_task(listener.next())
            taken = [asyncio.create_task(engine.submit(up())) for _ in range(20)]
            await asyncio.sleep(0.015)
            await engine.close()
            answers = await asyncio.gather(*taken)
            assert all(isinstance(answer, Accepted) for answer in answers)
            assert store.closed
            with pytest.raises(StoreUnavailable):
                await engine.submit(up())
            await asyncio.wait([waiting])  # it received the change, or the end
            assert not [task for task in asyncio.all_tasks() if task.get_name() == "expiry"]

    simulate(work, seed)


@pytest.mark.parametrize("seed", range(10))
def test_close_in_the_moment_in_which_a_hold_is_made(seed: int) -> None:
    """The event of the expiry is set while it is cancelled: it must still end."""

    async def work() -> None:
        async with opened() as (engine, _):
            await engine.submit(take("s1", ttl=500, a_M=1))
            await asyncio.wait_for(engine.close(), 10)

    simulate(work, seed)


def test_close_ends_although_the_store_is_unreachable(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with opened() as (engine, store):
            engine.view.levels[("a/M", "main")] = Level("a/M", "main", on_hand=77)
            store.fail_reads = [down()] * 1000
            await engine.submit(up())
            await engine.submit(take("s1", a_M=99))
            store.fail = [down()] * 1000
            await asyncio.wait_for(engine.close(), 10)

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


def test_a_closed_store_is_opened_by_the_next_engine() -> None:
    async def work() -> None:
        store = SlowStore()
        async with opened(store) as (engine, _):
            await engine.submit(take("s1", ttl=10**9, a_M=2))
            await engine.submit(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=9))
        again = Engine(store, clock)
        await again.open()
        shows(again, store)
        await again.close()

    simulate(work)
