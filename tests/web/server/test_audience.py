"""An audience gets one message for all, in time, merged for slow readers, and slower if buyers
wait.

Time is a number here.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from fancymonkey.core.model import Entry, Kind
from fancymonkey.engine.view.feed import Feed, LevelChange
from fancymonkey.web.server import audience as audience_module
from fancymonkey.web.server.audience import KEEPALIVE_SECONDS, SEND_SECONDS, Audience, LiveListener
from fancymonkey.web.server.live_message import LiveMessage
from fancymonkey.web.server.pace import PORTION_MAX, Pace
from tests.sim.loop import simulate

SKUS = [f"p{number}/M" for number in range(6)]
PACE_SECONDS, BURST = 0.25, 4


@dataclass(eq=False)
class TestWire:
    """A connection that reads when the test lets it."""

    __test__ = False

    served: "ServedFeed"
    ready: bool = True
    busy: bool = False
    got: list[tuple[float, LiveMessage]] = field(default_factory=list)
    signs: list[float] = field(default_factory=list)
    ended: bool = False
    aborted: bool = False

    def write(self, message: LiveMessage) -> None:
        assert self.ready
        self.got.append((self.served.now, message))
        self.served.writes += 1

    def sign_of_life(self) -> None:
        assert self.ready
        self.signs.append(self.served.now)

    def end(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.aborted = True

    @property
    def last(self) -> dict[str, int]:
        """The revisions in the last message."""
        return versions_of(self.got[-1][1])


def versions_of(message: LiveMessage) -> dict[str, int]:
    """The version of each SKU in a message."""
    pairs = (pair.split("=") for pair in message.body.decode().split(",") if pair)
    return {sku: int(version) for sku, version in pairs}


class ServedFeed:
    """A feed with its audience, over a stock that has only a version for each SKU."""

    def __init__(self, seconds: float = PACE_SECONDS, burst: int = BURST) -> None:
        self.feed = Feed()
        self.audience = Audience(self.feed, self.encode, Pace(seconds, burst))
        self.stock = dict.fromkeys(SKUS, 0)
        self.encoded: list[LevelChange] = []
        self.pause: Callable[[], Awaitable[None]] | None = None
        self.writes = 0
        self.broken = 0

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def change(self, *skus: str) -> None:
        """A commit that changes these SKUs."""
        entries = []
        for number, sku in enumerate(skus, self.feed.revision + 1):
            self.stock[sku] = number
            entries.append(Entry(number, 0, Kind.ADJUSTED, sku, "main"))
        self.feed.publish(entries, self.feed.revision + len(skus))

    def of(self, change: LevelChange) -> LiveMessage:
        skus = SKUS if change.fresh else sorted(change.skus)
        body = ",".join(f"{sku}={self.stock[sku]}" for sku in skus)
        return LiveMessage(body.encode(), change.revision, fresh=change.fresh)

    async def encode(self, change: LevelChange) -> LiveMessage:
        if self.broken:
            self.broken -= 1
            raise ZeroDivisionError("a bug")
        self.encoded.append(change)
        if self.pause is not None:
            await self.pause()
        return self.of(change)

    def listen(self) -> tuple[TestWire, LiveListener]:
        wire = TestWire(self)
        first = self.of(LevelChange(self.feed.revision, True, frozenset()))
        return wire, self.audience.join(wire, first)

    def crowd(self, count: int) -> list[TestWire]:
        return [self.listen()[0] for _ in range(count)]


def staged(work: Callable[[ServedFeed], Awaitable[None]], seed: int = 0) -> None:
    async def run() -> None:
        served = ServedFeed()
        await work(served)
        for listener in list(served.audience._listeners):
            served.audience.leave(listener)

    simulate(run, seed)


def test_a_single_change_is_sent_at_once() -> None:
    async def work(served: ServedFeed) -> None:
        (wire,) = served.crowd(1)
        await asyncio.sleep(3)
        served.change("p1/M")
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        assert wire.got[1][0] == pytest.approx(3)
        assert wire.last == {"p1/M": 1}

    staged(work)


def test_steady_changes_come_a_few_times_a_second_and_merged() -> None:
    async def work(served: ServedFeed) -> None:
        (wire,) = served.crowd(1)
        for number in range(1000):
            served.change(SKUS[number % 2])
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        assert 36 <= len(wire.got) - 1 <= 10 / PACE_SECONDS + BURST + 1
        gaps = [b[0] - a[0] for a, b in pairwise(wire.got[6:])]
        assert max(gaps) < PACE_SECONDS + 0.02
        assert versions_of(wire.got[20][1]).keys() == {"p0/M", "p1/M"}
        assert wire.last.items() <= served.stock.items()
        assert wire.got[-1][1].revision == 1000

    staged(work)


def test_a_message_is_encoded_once_for_all() -> None:
    async def work(served: ServedFeed) -> None:
        wires = served.crowd(300)
        served.change("p1/M")
        await asyncio.sleep(2)
        assert len(served.encoded) == 1
        assert len({id(wire.got[-1][1]) for wire in wires}) == 1
        assert all(len(wire.got) == 2 for wire in wires)

    staged(work)


def test_a_slow_listener_gets_one_message_with_all_that_it_missed() -> None:
    async def work(served: ServedFeed) -> None:
        slow, quick = served.crowd(2)
        slow.ready = False
        for number in range(400):
            served.change(SKUS[number % 4])
            await asyncio.sleep(0.01)
        assert len(slow.got) == 1
        assert len(quick.got) > 10
        slow.ready = True
        await asyncio.sleep(1)
        assert len(slow.got) == 2
        assert slow.last == {sku: served.stock[sku] for sku in SKUS[:4]}
        assert not slow.aborted

    staged(work)


def test_a_slow_listener_gets_everything_where_everything_may_have_changed() -> None:
    async def work(served: ServedFeed) -> None:
        slow, _ = served.crowd(2)
        slow.ready = False
        served.change("p1/M")
        await asyncio.sleep(1)
        served.feed.restart(50)
        await asyncio.sleep(1)
        served.change("p2/M")
        await asyncio.sleep(1)
        slow.ready = True
        await asyncio.sleep(1)
        assert slow.got[-1][1].fresh
        assert slow.last == served.stock

    staged(work)


def test_a_listener_that_never_reads_is_dropped() -> None:
    async def work(served: ServedFeed) -> None:
        stuck, quick = served.crowd(2)
        stuck.ready = False
        served.change("p1/M")
        await asyncio.sleep(SEND_SECONDS - 0.5)
        assert not stuck.aborted
        await asyncio.sleep(1.5)
        assert stuck.aborted
        assert len(served.audience) == 1
        served.change("p2/M")
        await asyncio.sleep(1)
        assert quick.last == {"p2/M": 2}

    staged(work)


def test_a_listener_that_never_reads_its_first_message_is_dropped_too() -> None:
    async def work(served: ServedFeed) -> None:
        wire = TestWire(served, busy=True)
        served.audience.join(wire, served.of(LevelChange(0, True, frozenset())))
        wire.ready = False
        await asyncio.sleep(SEND_SECONDS + 1)
        assert wire.aborted

    staged(work)


@pytest.mark.parametrize("listeners", [1, 200, 1000, 2000])
def test_all_have_the_last_state_within_a_second(listeners: int) -> None:
    """Each turn of the event loop takes eight milliseconds here, as with 64 buyers."""

    async def work(served: ServedFeed) -> None:
        wires = served.crowd(listeners)
        selling = asyncio.create_task(sell(served))
        await asyncio.sleep(6)
        selling.cancel()
        await asyncio.sleep(1)
        assert all(wire.got[-1][1].revision == served.feed.revision for wire in wires)
        for wire in wires[:: max(1, listeners // 50)]:
            gaps = [b[0] - a[0] for a, b in pairwise(wire.got)]
            assert max(gaps) < 1

    async def sell(served: ServedFeed) -> None:
        loop = asyncio.get_running_loop()
        while True:
            served.change("p1/M", "p2/M")
            loop.now += 0.008  # type: ignore[attr-defined]
            await asyncio.sleep(0)

    staged(work)


def test_more_listeners_get_fewer_messages() -> None:
    counts: list[int] = []
    size = 0

    async def work(served: ServedFeed) -> None:
        wires = served.crowd(size)
        for _ in range(1000):
            served.change("p1/M")
            await asyncio.sleep(0.01)
        counts.append(len(wires[0].got))

    for number in (10, 1000, 2000):
        size = number
        staged(work)
    assert counts[0] > counts[1] > counts[2] > 10


def test_buyers_run_between_portions() -> None:
    async def work(served: ServedFeed) -> None:
        served.crowd(1000)
        most = 0

        async def buy() -> None:
            nonlocal most
            while True:
                before = served.writes
                await asyncio.sleep(0)
                most = max(most, served.writes - before)

        await asyncio.sleep(1)
        buying = asyncio.create_task(buy())
        served.change("p1/M")
        for _ in range(500):
            await asyncio.sleep(0)
        buying.cancel()
        assert served.writes == 2000
        assert 0 < most <= 2 * PORTION_MAX

    staged(work)


def test_a_quiet_listener_gets_signs_of_life() -> None:
    async def work(served: ServedFeed) -> None:
        (wire,) = served.crowd(1)
        await asyncio.sleep(10 * KEEPALIVE_SECONDS)
        times = [0.0, *wire.signs]
        assert max(b - a for a, b in pairwise(times)) <= KEEPALIVE_SECONDS
        assert len(wire.signs) <= 15

    staged(work)


def test_a_bug_in_one_round_delays_it() -> None:
    async def work(served: ServedFeed) -> None:
        (wire,) = served.crowd(1)
        served.broken = 2
        served.change("p1/M")
        await asyncio.sleep(2)
        assert wire.last == {"p1/M": 1}

    staged(work)


def test_the_end_of_the_feed_ends_all() -> None:
    async def work(served: ServedFeed) -> None:
        wires = served.crowd(3)
        served.feed.close()
        assert all(wire.ended for wire in wires)

    staged(work)


def test_an_empty_audience_does_nothing() -> None:
    async def work(served: ServedFeed) -> None:
        (wire, listener) = served.listen()
        served.audience.leave(listener)
        served.audience.leave(listener)
        served.change("p1/M")
        await asyncio.sleep(1)
        assert served.encoded == []
        assert served.feed.followers == {}
        again, _ = served.listen()
        await asyncio.sleep(1)
        served.change("p2/M")
        await asyncio.sleep(1)
        assert again.last == {"p2/M": 2}
        assert len(wire.got) == 1

    staged(work)


@pytest.mark.parametrize("seed", range(40))
def test_no_listener_misses_a_change(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listeners come, go, pause and resume; a message has all changes up to its revision."""
    monkeypatch.setattr(audience_module, "ROUNDS_MAX", 3)
    chance = random.Random(seed)

    async def work(served: ServedFeed) -> None:
        loop = asyncio.get_running_loop()
        history: list[dict[str, int]] = [dict(served.stock)]
        wires: list[tuple[TestWire, LiveListener]] = []

        async def pause() -> None:
            await asyncio.sleep(chance.choice([0, 0, 0.01, 0.3]))

        served.pause = pause

        async def change() -> None:
            while loop.time() < 30:
                for sku in chance.choices(SKUS, k=chance.randrange(1, 3)):
                    served.change(sku)
                    history.append(dict(served.stock))
                await asyncio.sleep(chance.choice([0, 0.001, 0.05, 1]))

        async def come_and_go() -> None:
            while loop.time() < 30:
                if len(wires) < 5 or chance.random() < 0.3:
                    wires.append(served.listen())
                wire, listener = chance.choice(wires)
                wire.ready = chance.random() < 0.5
                if chance.random() < 0.05 and len(wires) > 3:
                    wires.remove((wire, listener))
                    served.audience.leave(listener)
                await asyncio.sleep(chance.uniform(0, 0.8))

        await asyncio.gather(change(), come_and_go())
        for wire, _ in wires:
            wire.ready = True
        await asyncio.sleep(2)
        living = [wire for wire, _ in wires if not wire.aborted]
        assert living
        for wire in living:
            known: dict[str, int] = {}
            for _, message in wire.got:
                known |= versions_of(message)
                shown = history[message.revision]
                assert all(known[sku] >= version for sku, version in shown.items())
            assert known == served.stock

    staged(work, seed)
