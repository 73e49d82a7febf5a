"""Refunds in any order with their payment: kept, applied when it comes, and limited in number."""

from itertools import permutations
from typing import Any

import pytest

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Event as Kept
from fancymonkey.core.payments.early_events import FOLDER, KEPT, NEWS_MAX
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.payments.events import PaymentPolicy, StripeEvent
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import CoreShop, take
from tests.payments.conftest import Till
from tests.payments.stripe_events import open_issues, refund, session, take_in
from tests.web.shops import running
from tests.web.signing import deliver, event

PAID = session("completed", status="paid")
AUTO = PaymentPolicy(take_back=True)


def held() -> CoreShop:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    return shop


@pytest.mark.parametrize(
    "news",
    [
        ["charge.refunded"],
        ["charge.refunded:part"],
        ["refund.created"],
        ["refund.updated"],
        ["refund.created", "refund.updated", "charge.refunded"],
        ["charge.refunded", "charge.refunded"],
    ],
    ids=" ".join,
)
def test_a_refund_before_its_payment_asks_once_it_is_known(news: list[str]) -> None:
    shop = held()
    for name in news:
        assert take_in(shop, refund(name)).outcome == "unknown_session"
    take_in(shop, PAID)
    assert shop.numbers("a/M") == (3, 0, 0)
    (issue,) = open_issues(shop)
    assert (str(issue.concern), [line.quantity for line in issue.lines]) == ("refunded", [2])


def test_an_early_full_refund_returns_by_itself_if_the_owner_has_set_it() -> None:
    shop = held()
    take_in(shop, refund("charge.refunded"), AUTO)
    take_in(shop, PAID, AUTO)
    assert shop.numbers("a/M") == (5, 0, 0)
    assert open_issues(shop) == []


def test_every_order_with_a_failed_refund_has_the_same_result() -> None:
    news = [refund("refund.created"), refund("refund.failed"), refund("charge.refunded"), PAID]
    seen = set()
    for order in permutations(news):
        shop = held()
        for stripe_event in order:
            take_in(shop, stripe_event)
        issues = sorted((str(row.concern), row.payment) for row in open_issues(shop))
        seen.add(tuple(issues))
        assert ("refund_failed", "pi_A") in issues, order
        assert shop.numbers("a/M") == (3, 0, 0)
        shop.audit()
    # Only if the charge arrives after its refund has failed, the whole counts as returned.
    assert seen == {
        (("refund_failed", "pi_A"),),
        (("refund_failed", "pi_A"), ("refunded", "pi_A")),
    }


@pytest.mark.parametrize("before", range(5))
def test_a_failed_refund_cancels_only_itself(before: int) -> None:
    """Of two refunds one fails; the other still needs a decision. The payment comes at any
    place.
    """
    news: list[StripeEvent] = [
        refund("refund.created", "re_1"),
        refund("refund.created", "re_2"),
        refund("refund.failed", "re_1"),
        refund("refund.updated", "re_2"),
    ]
    news.insert(before, PAID)
    shop = held()
    for stripe_event in news:
        take_in(shop, stripe_event)
    issues = sorted(str(row.concern) for row in open_issues(shop))
    assert issues == ["refund_failed", "refunded"]


def test_an_open_question_is_withdrawn_when_its_only_refund_fails_and_asked_again() -> None:
    shop = held()
    for stripe_event in (PAID, refund("refund.created"), refund("refund.failed")):
        take_in(shop, stripe_event)
    assert [str(row.concern) for row in open_issues(shop)] == ["refund_failed"]
    take_in(shop, refund("refund.updated"))
    assert [str(row.concern) for row in open_issues(shop)] == ["refund_failed"]
    take_in(shop, refund("refund.created", "re_2"))
    assert [str(row.concern) for row in open_issues(shop, "refunded")] == ["refunded"]


def test_applied_migrations_are_not_run_again() -> None:
    shop = held()
    news = [refund("charge.refunded"), refund("refund.failed")]
    for stripe_event in (*news, PAID):
        take_in(shop, stripe_event)
    assert [str(row.concern) for row in open_issues(shop)] == ["refund_failed"]
    for stripe_event in news:
        assert take_in(shop, stripe_event).first is False
    assert len(shop.image.rows[PaymentIssue]) == 1
    assert all(row.outcome != "unknown_session" for row in shop.image.rows[Kept].values())


def test_a_refund_of_a_second_payment_settles_it() -> None:
    shop = held()
    take_in(shop, PAID)
    take_in(shop, refund("charge.refunded", payment="pi_B"))
    take_in(shop, session("completed", "cs_B", status="paid"))
    assert open_issues(shop) == []
    assert shop.numbers("a/M") == (3, 0, 0)


def test_a_refund_before_a_late_payment_that_is_owed_back_gives_it_once() -> None:
    shop = held()
    shop.do(take("s2", a_M=3))
    shop.now = 2000
    shop.do(take("s3", a_M=5))
    policy = PaymentPolicy(refund_late=True)
    take_in(shop, refund("charge.refunded"), policy)
    take_in(shop, PAID, policy)
    assert open_issues(shop) == []


def test_refunds_of_others_are_bounded_and_forgotten() -> None:
    shop = held()
    for number in range(NEWS_MAX + 60):
        take_in(shop, refund("refund.created", f"re_{number}", "pi_other"))
    document = shop.image.rows[Document][FOLDER, "pi_other"]
    assert len(document.body) < NEWS_MAX * 250
    assert document.until == shop.now + KEPT
    take_in(shop, refund("refund.created", "re_1", "p" * 5000))
    assert len([row for row in shop.image.rows[Document].values() if row.folder == FOLDER]) == 1
    shop.image.remove(Removed(pruned=KEPT + 2 * 86_400_000))
    assert (FOLDER, "pi_other") not in shop.image.rows[Document]


async def told_before(shop: Any, name: str) -> None:
    what = {
        "id": f"evt_{name}",
        "type": name,
        "data": {
            "object": {
                "id": "re_1",
                "payment_intent": "pi_1",
                "status": "failed" if name == "refund.failed" else "succeeded",
                "refunded": True,
            }
        },
    }
    assert (await deliver(shop, what)).json["outcome"] == "unknown_session"


@pytest.mark.parametrize("name", ["charge.refunded", "refund.created", "refund.failed"])
async def test_without_a_key_over_http(name: str) -> None:
    async with running(MemoryStore()) as shop:
        answer = await shop.reserve("b1", quantity=2)
        id_ = answer.json["reservation"]["id"]
        await told_before(shop, name)
        what = event("completed", "cs_1", payment_intent="pi_1", metadata={"reservationId": id_})
        assert (await deliver(shop, what)).json["outcome"] == "done"
        rows = [row async for row in shop.engine.store.scan(PaymentIssue)]
        assert [row.payment for row in rows] == ["pi_1"]
        await shop.check()


async def test_on_every_store(any_till: Till) -> None:
    for number, name in enumerate(("charge.refunded", "refund.updated", "refund.failed")):
        shop = any_till.shop
        answer = await shop.reserve(f"b{number}", quantity=1)
        id_ = answer.json["reservation"]["id"]
        thing = {
            "id": f"re_{number}",
            "payment_intent": f"pi_{number}",
            "status": "failed" if name == "refund.failed" else "succeeded",
            "refunded": True,
        }
        await deliver(shop, {"id": f"evt_{number}", "type": name, "data": {"object": thing}})
        paid = event(
            "completed",
            f"cs_{number}",
            id_=f"evt_paid_{number}",
            payment_intent=f"pi_{number}",
            metadata={"reservationId": id_},
        )
        assert (await deliver(shop, paid)).json["outcome"] == "done"
    issues = sorted((row["concern"], row["payment"]) for row in await any_till.issues())
    assert issues == [("refund_failed", "pi_2"), ("refunded", "pi_0"), ("refunded", "pi_1")]
