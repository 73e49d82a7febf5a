"""While a payment takes days only its failure or the owner frees its hold."""

from itertools import permutations

import pytest

from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Expire, Release
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Reservation, Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.payments.checkout import BeginCheckout, CheckoutOpened, CloseCheckout
from fancymonkey.engine.engine import Engine
from fancymonkey.payments.events import StripeEvent, record
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.core.builders import CoreShop, take, upsert
from tests.payments.conftest import OWNER, Till, opened
from tests.payments.stripe_events import POLICY, open_issues, session, take_in
from tests.store.conftest import target
from tests.web.shops import HOODIE
from tests.web.signing import deliver, event

__all__ = ["target"]


def waiting(**wanted: int) -> CoreShop:
    """A shop with a hold whose payment B is pending."""
    shop = CoreShop()
    shop.do(take("s1", **(wanted or {"a_M": 2})))
    take_in(shop, session("completed", "cs_B"))
    return shop


@pytest.mark.parametrize("end", ["expired", "async_payment_failed"])
@pytest.mark.parametrize("times", [1, 2])
def test_the_end_of_an_older_session_frees_nothing(end: str, times: int) -> None:
    shop = waiting()
    for _ in range(times):
        take_in(shop, session(end, "cs_A"))
    assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("async_payment_succeeded", "cs_B", status="paid"))
    assert shop.numbers("a/M") == (3, 0, 0)
    assert open_issues(shop) == []
    shop.audit()


def test_its_own_failure_frees_the_hold() -> None:
    shop = waiting()
    take_in(shop, session("expired", "cs_A"))
    take_in(shop, session("async_payment_failed", "cs_B"))
    assert shop.numbers("a/M") == (5, 0, 0)
    assert shop.hold("h-s1").status is Status.RELEASED


def test_of_two_pending_payments_the_last_failure_frees_the_hold() -> None:
    shop = waiting()
    take_in(shop, session("completed", "cs_C"))
    take_in(shop, session("async_payment_failed", "cs_B"))
    assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("async_payment_failed", "cs_C"))
    assert shop.numbers("a/M") == (5, 0, 0)


def test_a_failure_that_arrives_before_its_beginning_counts() -> None:
    """C keeps the hold; the beginning of B arrives after the failure of B, and keeps nothing."""
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    take_in(shop, session("completed", "cs_C"))
    take_in(shop, session("async_payment_failed", "cs_B"))
    take_in(shop, session("completed", "cs_B"))
    assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("async_payment_failed", "cs_C"))
    assert shop.numbers("a/M") == (5, 0, 0)


@pytest.mark.parametrize(
    "command",
    [
        Release(ref="s1", actor="buyer"),
        Release(ref="h-s1", reason="replaced"),
        take("s1", a_M=1),
        take("s1", a_M=3),
        take("s1", b_S=1),
        SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=0),
        SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=1),
        Attach(ref="s1", session_id="cs_X", expires_at=10),
        BeginCheckout(ref="h-s1", number=1, ends_at=10, until=20, request="{}", most=9),
    ],
    ids=str,
)
def test_no_command_but_the_owners_frees_or_shrinks_it(command: Release) -> None:
    shop = waiting()
    answer = shop.do(command)
    assert isinstance(answer, Refused)
    assert answer.code is Code.PAYMENT_PENDING
    assert (shop.new, shop.numbers("a/M")) == ([], (5, 2, 0))


def test_the_same_lines_again_change_nothing_and_are_no_error() -> None:
    shop = waiting()
    assert isinstance(shop.do(take("s1", a_M=2)), Accepted)
    assert shop.numbers("a/M") == (5, 2, 0)


def test_neither_the_first_deadline_nor_tidying_ends_it_but_the_limit_does() -> None:
    shop = waiting()
    shop.do(Expire(), at=POLICY.pending_payment_ms - 1)
    assert shop.numbers("a/M") == (5, 2, 0)
    shop.do(Expire(), at=POLICY.pending_payment_ms)
    assert shop.numbers("a/M") == (5, 0, 0)
    shop.do(take("s2", ttl=10, a_M=1))
    assert isinstance(shop.do(Release(ref="s2")), Accepted)


def test_set_reserved_ends_other_holds_first_and_counts_this_one() -> None:
    shop = waiting()
    shop.do(take("s2", a_M=2))
    answer = shop.do(SetReserved(sku="a/M", location=DEFAULT_LOCATION, quantity=2))
    assert isinstance(answer, Accepted)
    assert [hold.session_id for hold in answer.data.ended] == ["s2"]
    assert shop.hold("s1").status is Status.HELD


def test_the_owner_may_free_it_and_is_warned() -> None:
    shop = waiting()
    answer = shop.do(Release(ref="h-s1", deliberate=True))
    assert isinstance(answer, Accepted)
    assert answer.data.payment_pending is True
    assert shop.numbers("a/M") == (5, 0, 0)
    take_in(shop, session("async_payment_succeeded", "cs_B", status="paid"))
    assert [str(row.concern) for row in open_issues(shop)] == ["late_payment"]


def attempt(number: int, id_: str) -> list[BeginCheckout | CheckoutOpened]:
    return [
        BeginCheckout(ref="h-s1", number=number, ends_at=50, until=60, request="{}", most=9),
        CheckoutOpened(ref="h-s1", number=number, payment_session=id_),
    ]


def test_an_older_checkout_attempt_keeps_the_hold_beyond_the_latest() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2), *attempt(1, "cs_A"))
    shop.do(CloseCheckout(ref="h-s1", number=1, payment_session="cs_A"), *attempt(2, "cs_B"))
    take_in(shop, session("completed", "cs_A"))
    take_in(shop, session("expired", "cs_B"))
    shop.do(CloseCheckout(ref="h-s1", number=2, payment_session="cs_B", until=1))
    assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("async_payment_failed", "cs_A"))
    assert shop.numbers("a/M") == (5, 0, 0)


def test_an_attempt_that_is_still_open_keeps_the_hold_when_an_older_payment_fails() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2), *attempt(1, "cs_A"))
    shop.do(CloseCheckout(ref="h-s1", number=1, payment_session="cs_A"), *attempt(2, "cs_B"))
    take_in(shop, session("completed", "cs_A"))
    take_in(shop, session("async_payment_failed", "cs_A"))
    assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("expired", "cs_B"))
    assert shop.numbers("a/M") == (5, 0, 0)


def test_many_sessions_are_remembered_within_bounds() -> None:
    shop = waiting()
    for number in range(200):
        take_in(shop, session("async_payment_failed", f"cs_{number}"))
    assert shop.numbers("a/M") == (5, 2, 0)
    pending = shop.image.rows[Document]["pending_payments", "h-s1"]
    assert len(pending.body) < 2000
    assert pending.until is not None


def test_an_expired_event_of_the_session_of_a_pending_payment_frees_nothing() -> None:
    """Stripe ends no session that is complete: such an event is late, or of another moment."""
    shop = waiting()
    take_in(shop, session("expired", "cs_B"))
    assert shop.numbers("a/M") == (5, 2, 0)
    shop.do(Expire(), at=POLICY.pending_payment_ms - 1)
    take_in(shop, session("expired", "cs_B"))
    assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("async_payment_failed", "cs_B"))
    assert shop.numbers("a/M") == (5, 0, 0)
    shop.audit()


def test_an_expired_event_of_the_latest_checkout_of_a_pending_payment_frees_nothing() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2), *attempt(1, "cs_A"))
    for name in ("completed", "expired"):
        take_in(shop, session(name, "cs_A"))
        assert shop.numbers("a/M") == (5, 2, 0)
    take_in(shop, session("async_payment_succeeded", "cs_A", status="paid"))
    assert shop.numbers("a/M") == (3, 0, 0)
    assert open_issues(shop) == []


PAID = session("async_payment_succeeded", "cs_B", status="paid")
FAILED = session("async_payment_failed", "cs_B")
ENDS = [
    [session("expired", "cs_A"), PAID],
    [session("async_payment_failed", "cs_A"), PAID],
    [session("expired", "cs_A"), session("async_payment_failed", "cs_C"), PAID],
    [session("expired", "cs_A"), FAILED],
    [session("completed", "cs_C"), session("async_payment_failed", "cs_C"), FAILED],
    [session("expired", "cs_B"), PAID],
    [session("expired", "cs_B"), FAILED],
    [session("expired", "cs_A"), session("expired", "cs_B"), PAID],
]


async def test_every_order_of_events_after_the_beginning_on_every_store(target: str) -> None:
    """The unit stays held until the payment's own end, with any other events in any order."""
    orders = [list(order) for events in ENDS for order in permutations(events)]
    engine = Engine(open_store(target), lambda: 1)
    await engine.open()
    try:
        await engine.submit(upsert("a", on_hand=len(orders)))
        sold = 0
        for number, order in enumerate(orders):
            await engine.submit(take(f"s{number}", ttl=10**9, a_M=1))
            for step, event in enumerate([session("completed", "cs_B"), *order]):
                await engine.submit(record(renamed(event, f"{number}", step), POLICY, 1))
                hold = await engine.store.find(Reservation, f"h-s{number}")
                assert hold is not None
                ended = any(end in order[:step] for end in (PAID, FAILED))
                assert ended or hold.status is Status.HELD, order
            sold += PAID in order
            assert (hold.status is Status.CAPTURED) is (PAID in order), order
            assert hold.status is not Status.HELD, order
        level = engine.view.levels["a/M", "main"]
        assert (level.on_hand, level.reserved) == (len(orders) - sold, 0)
        assert not (await verify_store(engine.store)).findings
    finally:
        await engine.close()


def renamed(event: StripeEvent, name: str, step: int) -> StripeEvent:
    """The event as one of another hold's sessions."""
    thing = event.data.object
    made = session(
        event.type.removeprefix("checkout.session."),
        f"{thing.id}_{name}",
        f"h-s{name}",
        thing.payment_status or "",
    )
    made.id = f"evt_{name}_{step}"
    return made


COMPLETED, EXPIRED = "completed", "expired"
SUCCEEDED, LOST = "async_payment_succeeded", "async_payment_failed"


@pytest.mark.parametrize("outcome", [SUCCEEDED, LOST])
async def test_signed_events_of_one_session_in_each_order(any_till: Till, outcome: str) -> None:
    """After the event that the payment is pending, only its own outcome ends the hold."""
    shop = any_till.shop
    sold = 0
    for number, order in enumerate(permutations([COMPLETED, EXPIRED, outcome])):
        buyer = f"buyer-{number}"
        assert (await shop.reserve(buyer, quantity=1)).status == 200
        for step, kind in enumerate(order):
            body = event(
                kind,
                f"cs_{number}",
                id_=f"evt_{number}_{step}",
                status="paid" if kind == SUCCEEDED else "unpaid",
                metadata={"sessionId": buyer},
            )
            assert (await deliver(shop, body)).status == 200
            status = await any_till.status(buyer)
            before = order[: step + 1]
            if outcome in before:
                assert (status["status"] == "captured") is (outcome == SUCCEEDED), order
            else:
                ended = before[0] == EXPIRED
                assert status["status"] == ("released" if ended else "held"), order
        late = outcome == SUCCEEDED and order[0] == EXPIRED
        assert (await any_till.status(buyer))["late"] is late, order
        sold += outcome == SUCCEEDED
    size = await shop.size()
    assert (size["stock"], size["reserved"]) == (20 - sold, 0)


async def begun(till: Till) -> str:
    """A buyer pays at the checkout by a bank transfer. Returns the session's id."""
    session_id: str = (await till.checkout(quantity=2)).json["sessionId"]
    await till.act(session_id, "async_pay")
    return session_id


async def test_the_buyers_page_cannot_free_what_is_being_paid(any_till: Till) -> None:
    await begun(any_till)
    shop = any_till.shop
    assert (await shop.release("buyer-1")).code == "payment_pending"
    assert (await shop.reserve("buyer-1", quantity=1)).code == "payment_pending"
    assert (await any_till.checkout(quantity=3)).code == "session_paid"
    assert (await any_till.checkout(quantity=2)).code == "session_paid"
    answer = await any_till.checkout("buyer-2", quantity=1, replaces="buyer-1")
    assert answer.status == 200, answer
    body = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "buyer-3"}
    answer = await shop.client.post("/api/inventory/reserve", {**body, "replaces": "buyer-1"})
    assert answer.status == 200, answer
    answer = await shop.client.post("/api/inventory/release", {"releaseExpired": True})
    assert answer.json["released"] == 0
    assert (await shop.size())["reserved"] == 4
    assert (await any_till.status("buyer-1"))["status"] == "held"


async def test_a_payment_after_these_events_is_a_sale(any_till: Till) -> None:
    session_ = await begun(any_till)
    await any_till.shop.release("buyer-1")
    old = event("expired", "cs_old", id_="evt_old", status="unpaid")
    old["data"]["object"]["metadata"] = {"sessionId": "buyer-1"}
    assert (await deliver(any_till.shop, old)).json["outcome"] == "no change"
    await any_till.act(session_, "async_succeed")
    size = await any_till.shop.size()
    assert (size["stock"], size["reserved"]) == (18, 0)
    assert await any_till.issues() == []


async def test_the_owner_sees_it_frees_it_and_is_warned(target: str) -> None:
    async with opened(open_store(target)) as till:
        await begun(till)
        listed = await till.shop.client.get("/api/admin/holds", OWNER)
        (hold,) = listed.json["holds"]
        assert hold["paymentPending"] is True
        change = await till.shop.update({"reserved": 0})
        assert "payment_pending" in str(change.json), change.json
        answer = await till.shop.client.post(
            "/api/admin/holds/release", {"ids": [hold["id"]]}, OWNER
        )
        assert answer.json["released"] == 1
        (warning,) = answer.json["warnings"]
        assert "payment" in warning
        assert (await till.shop.size())["reserved"] == 0
