"""Group commit: the content and the order of batches, and the result of each answer."""

import asyncio
import logging
import random
from collections.abc import Sequence

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.changes.bulk import Change, chain
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Line, Product
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.stock.answers import StockAnswer
from fancymonkey.engine.batcher import WEIGHT_MAX, Batcher, Waiting
from fancymonkey.errors import Overloaded, StoreCorrupt, StoreUnavailable
from fancymonkey.store.contract import Commit
from tests.core.builders import upsert
from tests.engine.stores import SlowStore, clock, down
from tests.sim.loop import simulate, virtual_loop


class Rig:
    """A batcher over a slow store; `shown` has each commit in the order of publication."""

    def __init__(self, *, queue_max: int = 100, batch_max: int = 50) -> None:
        self.store = SlowStore(0.01)
        self.shown: list[Commit] = []
        self.broken: Exception | None = None
        self.batcher = Batcher(
            self.store,
            clock,
            lambda: 0,
            self._published,
            queue_max=queue_max,
            batch_max=batch_max,
        )

    def _published(self, commands: Sequence[Command], commit: Commit) -> None:
        self.shown.append(commit)
        if self.broken is not None:
            raise self.broken

    async def fill(self) -> None:
        await self.batcher.submit(upsert("a"))
        self.store.batches.clear()

    @property
    def on_hand(self) -> int:
        return self.store.image.rows[Level][("a/M", "main")].on_hand  # type: ignore[no-any-return]


def up(delta: int = 1, **fields: str) -> Adjust:
    return Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=delta, **fields)  # type: ignore[arg-type]


def data(answer: Answer) -> StockAnswer:
    assert isinstance(answer, Accepted)
    stock: StockAnswer = answer.data
    return stock


def test_a_single_command_waits_for_one_commit_only() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        before = virtual_loop().time()
        await rig.batcher.submit(up())
        assert virtual_loop().time() - before == pytest.approx(0.01)

    simulate(work)


def test_commands_that_arrive_during_a_commit_form_the_next_batch() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        first = rig.batcher.submit(up(1))
        await asyncio.sleep(0.005)
        others = [rig.batcher.submit(up(10 + number)) for number in range(5)]
        answers = await asyncio.gather(first, *others)
        assert [[command.delta for command in batch] for batch in rig.store.batches] == [  # type: ignore[attr-defined]
            [1],
            [10, 11, 12, 13, 14],
        ]
        assert [data(answer).on_hand for answer in answers] == [6, 16, 27, 39, 52, 66]
        assert rig.batcher.largest == 5

    simulate(work)


def test_a_commit_is_shown_before_its_answer() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        future = rig.batcher.submit(up())
        shown: list[int] = []
        future.add_done_callback(lambda _: shown.append(len(rig.shown)))
        await future
        await asyncio.sleep(0)
        assert shown == [2]

    simulate(work)


def test_the_commands_of_a_batch_are_limited() -> None:
    async def work() -> None:
        rig = Rig(batch_max=3)
        await rig.fill()
        await asyncio.gather(*[rig.batcher.submit(up()) for _ in range(8)])
        assert [len(batch) for batch in rig.store.batches] == [3, 3, 2]

    simulate(work)


def test_the_skus_of_a_batch_are_limited_except_for_a_single_command() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        parts = tuple(
            chain("a/M", Change(adjust=1), location=DEFAULT_LOCATION) for _ in range(WEIGHT_MAX)
        )
        wide = CommandGroup(commands=parts)
        await asyncio.gather(*[rig.batcher.submit(c) for c in (up(), wide, up(), up())])
        assert [len(batch) for batch in rig.store.batches] == [1, 1, 2]

    simulate(work)


def test_a_wide_hold_and_a_wide_product_count_with_each_size() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        half = WEIGHT_MAX // 2
        lines = tuple(Line(f"a/{number}", 1) for number in range(half))
        items = tuple(NewItem(Item(f"b/{n}", "b", f"{n}"), 1) for n in range(half))
        hold = Reserve(
            reservation_id="r1", location=DEFAULT_LOCATION, session_id="s1", lines=lines, ttl=1000
        )
        product = UpsertProduct(product=Product("b", "B"), location=DEFAULT_LOCATION, items=items)
        many = CommandGroup(commands=(hold,))
        await asyncio.gather(
            *[rig.batcher.submit(c) for c in (up(), hold, product, up(), many, hold, up())]
        )
        assert [len(batch) for batch in rig.store.batches] == [2, 2, 1, 2]

    simulate(work)


def test_a_full_queue_refuses_one_more() -> None:
    async def work() -> None:
        rig = Rig(queue_max=3)
        await rig.fill()
        taken = [rig.batcher.submit(up()) for _ in range(3)]
        with pytest.raises(Overloaded):
            rig.batcher.submit(up())
        assert rig.batcher.waiting == 3
        await asyncio.gather(*taken)
        await rig.batcher.submit(up())
        assert rig.on_hand == 9

    simulate(work)


@pytest.mark.parametrize("seed", range(5))
def test_close_finishes_what_it_accepted_and_takes_nothing_more(seed: int) -> None:
    async def work() -> None:
        rig = Rig(batch_max=2)
        await rig.fill()
        taken = [rig.batcher.submit(up()) for _ in range(7)]
        await asyncio.sleep(0.005)
        closing = asyncio.create_task(rig.batcher.close())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable):
            rig.batcher.submit(up())
        await closing
        assert all(future.done() for future in taken)
        assert rig.on_hand == 12
        await rig.batcher.close()

    simulate(work, seed)


def test_a_waiter_that_left_before_the_batch_began_is_dropped() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        first = rig.batcher.submit(up())
        await asyncio.sleep(0.005)
        gone, stays = rig.batcher.submit(up(100)), rig.batcher.submit(up())
        gone.cancel()
        await asyncio.gather(first, stays)
        assert rig.on_hand == 7

    simulate(work)


def test_the_command_of_a_waiter_that_left_later_still_counts() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        gone, stays = rig.batcher.submit(up(100)), rig.batcher.submit(up())
        await asyncio.sleep(0.005)
        gone.cancel()
        assert data(await stays).on_hand == 106

    simulate(work)


def test_a_command_with_an_error_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        first = rig.batcher.submit(up())
        await asyncio.sleep(0.005)
        poison = up(None)  # type: ignore[arg-type]
        pending = [rig.batcher.submit(command) for command in (up(), poison, up(5))]
        answers = await asyncio.gather(first, *pending, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Accepted, Accepted, TypeError, Accepted]
        assert rig.on_hand == 12

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


@pytest.mark.parametrize("error", [StoreUnavailable, StoreCorrupt])
def test_an_error_of_the_store_fails_the_whole_batch_and_not_the_next(
    error: type[StoreUnavailable],
) -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.fail = [down(error)]
        batch = [rig.batcher.submit(up()) for _ in range(3)]
        await asyncio.sleep(0.005)
        later = rig.batcher.submit(up())
        answers = await asyncio.gather(*batch, return_exceptions=True)
        assert [type(answer) for answer in answers] == [error] * 3
        assert data(await later).on_hand == 6
        assert [len(commands) for commands in rig.store.batches] == [3, 1]

    simulate(work)


def test_a_commit_that_cannot_be_shown_is_never_run_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.broken = KeyError("a bug in what is shown")
        answers = await asyncio.gather(*[rig.batcher.submit(up()) for _ in range(3)])
        assert [data(answer).on_hand for answer in answers] == [6, 7, 8]
        assert rig.on_hand == 8

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


def test_callers_get_an_error_when_a_store_returns_too_few_answers() -> None:
    class Short(SlowStore):
        async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
            commit = await super().run(commands, now, after)
            return Commit(commit.answers[:-1], commit.entries, commit.revision)

    async def work() -> None:
        rig = Rig()
        rig.batcher.store = Short()
        answers = [rig.batcher.submit(up()) for _ in range(2)]
        await asyncio.wait(answers, timeout=30)
        assert all(future.done() for future in answers)
        assert isinstance(answers[1].exception(), StoreUnavailable)
        assert not isinstance(answers[0].exception(), TimeoutError)
        virtual_loop().problems.clear()

    simulate(work)


# -- a store that commits at once ------------------------------------------------------------------


def test_a_fast_store_commits_in_the_turn_of_its_commands() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.quick = True
        before, answered = virtual_loop().time(), []
        for number in range(5):
            pending = rig.batcher.pending(up(number + 1))
            pending.then(lambda number=number: answered.append(number))
        assert rig.store.batches == []  # others may still come in this turn
        await asyncio.sleep(0)
        assert [len(batch) for batch in rig.store.batches] == [5]
        assert answered == [0, 1, 2, 3, 4]
        assert len(rig.shown) == 2
        assert virtual_loop().time() == before

    simulate(work)


@pytest.mark.parametrize("quick", [True, False], ids=["fast", "slow"])
def test_a_turn_that_begins_early_runs_once(quick: bool) -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.quick = quick
        first = [rig.batcher.submit(up()) for _ in range(3)]
        rig.batcher.begin()
        assert rig.batcher.waiting == 0
        assert all(answer.done() for answer in first) == quick
        rig.batcher.begin()
        later = [rig.batcher.submit(up()) for _ in range(2)]  # the turn of `first` still comes
        await asyncio.gather(*first, *later)
        assert [len(batch) for batch in rig.store.batches] == [3, 2]
        assert rig.on_hand == 10

    simulate(work)


class Route:
    """The way to a server that decides, with the batches that were sent there."""

    open, ready = True, True

    def __init__(self) -> None:
        self.sent: list[list[Waiting]] = []
        self.answered = 0

    @property
    def busy(self) -> bool:
        return len(self.sent) > self.answered

    async def wait(self) -> None:
        await asyncio.sleep(0.01)

    def forward(self, batch: list[Waiting]) -> bool:
        self.sent.append(batch)
        return True


def test_a_single_command_is_sent_at_once_and_others_together() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        route = rig.batcher.route = Route()
        answers = [rig.batcher.submit(up())]
        assert [len(batch) for batch in route.sent] == [1]
        answers += [rig.batcher.submit(up()) for _ in range(4)]
        await asyncio.sleep(0)
        assert [len(batch) for batch in route.sent] == [1, 4]
        route.answered = 2
        answers.append(rig.batcher.submit(up()))
        assert [len(batch) for batch in route.sent] == [1, 4, 1]
        assert rig.store.batches == []
        assert [caller for batch in route.sent for _, _, caller in batch] == answers

    simulate(work)


@pytest.mark.parametrize("seed", range(10))
def test_a_store_that_is_fast_and_slow_in_turns_loses_nothing(seed: int) -> None:
    async def work() -> None:
        rig = Rig(batch_max=4)
        await rig.fill()
        chance, pending = random.Random(seed), []
        for _ in range(60):
            rig.store.quick = chance.random() < 0.5
            pending.append(rig.batcher.submit(up()))
            if chance.random() < 0.5:
                pending.append(asyncio.ensure_future(wait_for(rig.batcher, up())))
            await asyncio.sleep(chance.choice((0, 0, 0.003, 0.02)))
        answers = await asyncio.gather(*pending)
        numbers = sorted(data(answer).on_hand for answer in answers)
        assert numbers == list(range(6, 6 + len(pending)))
        await rig.batcher.close()
        assert rig.on_hand == 5 + len(pending)

    simulate(work, seed)


async def wait_for(batcher: Batcher, command: Command) -> Answer:
    return await batcher.pending(command)


def test_a_commit_that_others_wait_to_be_shown_is_answered_after_that() -> None:
    """Also with a fast store: the update of the view may have to wait."""

    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.quick = True
        held = asyncio.Event()

        async def later() -> None:
            await held.wait()

        rig.batcher._published = lambda commands, commit: later()
        first, second = rig.batcher.submit(up()), rig.batcher.submit(up())
        await asyncio.sleep(1)
        assert not first.done()
        third = rig.batcher.submit(up())
        held.set()
        answers = await asyncio.gather(first, second, third)
        assert [data(answer).on_hand for answer in answers] == [6, 7, 8]

    simulate(work)


def test_a_failing_fast_store_fails_one_batch_only() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.quick, rig.store.fail = True, [down(StoreUnavailable)]
        answers = await asyncio.gather(
            *(rig.batcher.submit(up()) for _ in range(2)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [StoreUnavailable] * 2
        assert data(await rig.batcher.submit(up())).on_hand == 6

    simulate(work)


def test_a_failing_command_fails_alone_in_a_fast_store(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.quick = True
        poison = up(None)  # type: ignore[arg-type]
        pending = [rig.batcher.submit(command) for command in (up(), poison, up(5))]
        answers = await asyncio.gather(*pending, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Accepted, TypeError, Accepted]
        assert rig.on_hand == 11

    with caplog.at_level(logging.CRITICAL, "fancymonkey"):
        simulate(work)


def test_while_the_batcher_is_held_a_fast_store_waits_too() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.fill()
        rig.store.quick = True
        async with rig.batcher.held():
            future = rig.batcher.submit(up())
            await asyncio.sleep(1)
            assert not future.done()
        assert data(await future).on_hand == 6

    simulate(work)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("broken", [False, True], ids=["quietly", "with an error"])
def test_held_commands_are_committed_afterwards(broken: bool) -> None:
    async def main() -> None:
        rig = Rig()
        await rig.fill()
        try:
            async with rig.batcher.held():
                waiting = rig.batcher.submit(up())
                for _ in range(5):
                    await asyncio.sleep(0)
                assert not waiting.done()
                if broken:
                    raise KeyError("in the block")
        except KeyError:
            assert broken
        assert isinstance(await asyncio.wait_for(waiting, 5), Accepted)
        assert isinstance(await asyncio.wait_for(rig.batcher.submit(up()), 30), Accepted)
        async with asyncio.timeout(30), rig.batcher.held():
            pass

    simulate(main)
