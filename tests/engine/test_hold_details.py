"""A hold is read with its checkout, without a command, and never older than an answer before."""

import asyncio
from dataclasses import replace
from typing import Any

from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line, Reservation, Status
from fancymonkey.core.payments.checkout import AwaitPayment, BeginCheckout
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.hold_details import READS, find_hold
from fancymonkey.store.in_memory.store import MemoryStore
from tests.store.scripts import catalogue

HOLD = Reserve(
    reservation_id="h1",
    session_id="s1",
    lines=(Line("prod_a/M", 2),),
    location=DEFAULT_LOCATION,
    ttl=1000,
)
BEGIN = BeginCheckout(ref="h1", number=1, ends_at=4000, until=5000, request="{}", most=5)


class StoppedClock:
    now = 100

    def __call__(self) -> int:
        return self.now


async def opened(store: MemoryStore, clock: StoppedClock) -> Engine:
    engine = Engine(store, clock)
    await engine.open()
    for command in (*catalogue(), HOLD):
        await engine.submit(command)
    return engine


async def test_a_hold_is_found_by_each_of_its_ids_and_nothing_is_written() -> None:
    clock = StoppedClock()
    engine = await opened(MemoryStore(), clock)
    revision = engine.view.revision
    for ref in ("h1", "s1"):
        hold = await find_hold(engine, ref)
        assert hold is not None
        assert (hold.id, hold.held, hold.at_checkout) == ("h1", True, False)
        assert (hold.at, hold.revision) == (100, revision)
    assert await find_hold(engine, "s2") is None
    assert engine.view.revision == revision
    await engine.close()


async def test_a_hold_is_read_with_its_checkout_and_its_pending_payment() -> None:
    clock = StoppedClock()
    engine = await opened(MemoryStore(), clock)
    await engine.submit(BEGIN)
    hold = await find_hold(engine, "s1")
    assert hold is not None
    assert hold.checkout is not None
    assert (hold.checkout.number, hold.at_checkout, hold.payment_pending) == (1, True, False)
    await engine.submit(AwaitPayment(ref="h1", until=9000, payment_session="cs_1"))
    hold = await find_hold(engine, "s1")
    assert hold is not None
    assert hold.payment_pending
    await engine.close()


async def test_a_hold_has_expired_at_its_deadline_also_without_an_entry() -> None:
    clock = StoppedClock()
    engine = await opened(MemoryStore(), clock)
    clock.now = 1099
    hold = await find_hold(engine, "s1")
    assert hold is not None
    assert hold.status is Status.HELD
    clock.now = 1100
    hold = await find_hold(engine, "s1")
    assert hold is not None
    assert (hold.status, hold.held) == (Status.EXPIRED, False)
    await engine.close()


class Changing(MemoryStore):
    """A store in which another process changes the hold at each read of its checkout."""

    changes = 0

    async def find(self, kind: Any, key: Any) -> Any:
        row = await super().find(kind, key)
        if self.changes and kind is not Reservation:
            self.changes -= 1
            holds = self.image.rows[Reservation]
            holds["h1"] = replace(holds["h1"], expires_at=holds["h1"].expires_at + 1)
            await asyncio.sleep(0)
        return row


async def test_a_hold_that_changes_between_the_reads_is_read_again() -> None:
    store = Changing()
    engine = await opened(store, StoppedClock())
    store.changes = 1
    hold = await find_hold(engine, "s1")
    assert hold is not None
    assert hold.reservation == store.image.rows[Reservation]["h1"]
    store.changes = 2 * READS + 1  # never at rest: the last state that was read is the answer
    assert await find_hold(engine, "s1") is not None
    await engine.close()
