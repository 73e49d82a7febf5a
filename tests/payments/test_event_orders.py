"""Every order of the events of a session, with repetitions, gives the right stock."""

import asyncio
from dataclasses import dataclass
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.model import Reservation, Status
from fancymonkey.core.outcomes import Accepted
from fancymonkey.engine.engine import Engine
from fancymonkey.payments.events import EventData, EventObject, PaymentPolicy, StripeEvent, record
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.core.builders import CoreShop, take, upsert
from tests.store.conftest import target

__all__ = ["target"]

POLICY = PaymentPolicy(pending_payment_ms=1_000_000)
NAMES = ("completed", "async_payment_succeeded", "async_payment_failed", "expired")


@dataclass(frozen=True)
class Story:
    """The real history of a session: its events, and whether it was paid."""

    name: str
    events: tuple[str, ...]
    payment_status: str
    paid: bool


STORIES = (
    Story("paid at once", ("completed",), "paid", paid=True),
    Story("nothing to pay", ("completed",), "no_payment_required", paid=True),
    Story("paid days later", ("completed", "async_payment_succeeded"), "unpaid", paid=True),
    Story("failed days later", ("completed", "async_payment_failed"), "unpaid", paid=False),
    Story("never paid", ("expired",), "unpaid", paid=False),
    # By Stripe's rules never for the same session; a payment is still a fact.
    Story("everything at once", NAMES, "paid", paid=True),
    Story("everything, paid later", NAMES, "unpaid", paid=True),
)


def event(name: str, payment_status: str, session: str = "s1") -> StripeEvent:
    if name != "completed":
        payment_status = "paid" if name.endswith("succeeded") else "unpaid"
    thing = EventObject(
        id=f"cs_{session}",
        payment_status=payment_status,
        client_reference_id=f"h-{session}",
        metadata={"reservationId": f"h-{session}", "checkout": "1"},
        payment_intent=f"pi_{session}",
    )
    return StripeEvent(f"evt_{name}_{session}", f"checkout.session.{name}", EventData(thing))


def orders(story: Story) -> list[tuple[str, ...]]:
    """Every order of the events, with each number of repetitions of each, up to two."""
    orders = set()
    for times in product((1, 2), repeat=len(story.events)):
        repeated = [
            name for name, count in zip(story.events, times, strict=True) for _ in range(count)
        ]
        if len(repeated) <= 6:
            orders.update(permutations(repeated))
    return sorted(orders)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_order_ends_in_the_right_stock(story: Story) -> None:
    every = orders(story)
    for order in every:
        shop = CoreShop()
        shop.do(take("s1", a_M=2))
        for name in order:
            shop.do(record(event(name, story.payment_status), POLICY, shop.now))
        assert shop.numbers("a/M") == ((3, 0, 0) if story.paid else (5, 0, 0)), order
        assert (shop.hold("h-s1").status is Status.CAPTURED) is story.paid, order
        shop.audit()
    assert len(every) >= 1


async def test_every_order_on_every_store(target: str) -> None:
    """Each order has a hold and a session of its own; all of them run at once."""
    cases = [
        (f"{number}", story, order)
        for number, (story, order) in enumerate(
            (story, order) for story in STORIES for order in orders(story) if len(order) <= 5
        )
    ]
    assert len(cases) > 500
    engine = Engine(open_store(target), lambda: 1)
    await engine.open()
    try:
        await engine.submit(upsert("a", on_hand=2 * len(cases)))

        async def live(name: str, story: Story, order: tuple[str, ...]) -> None:
            await engine.submit(take(name, ttl=10**9, a_M=2))
            for kind in order:
                event_body = event(kind, story.payment_status, name)
                answer = await engine.submit(record(event_body, POLICY, 1))
                assert isinstance(answer, Accepted)
            hold = await engine.store.find(Reservation, f"h-{name}")
            assert hold is not None
            assert (hold.status is Status.CAPTURED) is story.paid, order

        await asyncio.gather(*(live(*case) for case in cases))
        level = engine.view.levels["a/M", "main"]
        sold = 2 * sum(story.paid for _, story, _ in cases)
        assert (level.on_hand, level.reserved) == (2 * len(cases) - sold, 0)
        assert not (await verify_store(engine.store)).findings
    finally:
        await engine.close()


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=12),
    st.sampled_from(["paid", "unpaid"]),
    st.integers(0, 3000),
    st.integers(1, 5),
)
def test_any_number_of_any_events_sells_once(
    names: list[str], payment_status: str, late: int, units: int
) -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=units))
    for name in names:
        shop.do(record(event(name, payment_status), POLICY, shop.now), at=shop.now + late)
    paid = "async_payment_succeeded" in names
    paid = paid or ("completed" in names and payment_status == "paid")
    level = shop.level("a/M")
    assert level.on_hand - level.backordered == (5 - units if paid else 5)
    assert (shop.hold("h-s1").status is Status.CAPTURED) is paid
    shop.audit()


def test_a_pending_payment_keeps_the_hold_and_its_failure_frees_it() -> None:
    shop = CoreShop()
    shop.do(take("s1", ttl=1000, a_M=2))
    shop.do(record(event("completed", "unpaid"), POLICY, 0))
    shop.do(record(event("unknown", "unpaid"), POLICY, 0), at=500_000)
    assert shop.numbers("a/M") == (5, 2, 0)
    shop.do(record(event("async_payment_failed", "unpaid"), POLICY, 0))
    assert shop.numbers("a/M") == (5, 0, 0)
