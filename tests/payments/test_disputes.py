"""A dispute is one issue, in any order, also before its payment; it moves no stock."""

from itertools import permutations
from typing import Any

import pytest

from fancymonkey.alerts.event_texts import issue_detail
from fancymonkey.core.payments.refunds import ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, PaymentIssue
from fancymonkey.payments.events import DISPUTES, StripeEvent
from tests.core.builders import CoreShop, take
from tests.payments.conftest import OWNER, Till
from tests.payments.stripe_events import happened, open_issues, session, take_in
from tests.web.signing import deliver, event

PAID = session("completed", status="paid")
DUE = 1_765_324_799  # 2025-12-09 23:59 UTC


def dispute(name: str, status: str = "needs_response", at: int = 100, **more: Any) -> StripeEvent:
    thing = {
        "id": "dp_1",
        "object": "dispute",
        "charge": "ch_1",
        "payment_intent": "pi_A",
        "amount": 2500,
        "currency": "usd",
        "reason": "product_not_received",
        "status": status,
        "evidence_details": {"due_by": DUE},
        **more,
    }
    return happened(f"charge.dispute.{name}", thing, created=at)


def sold() -> CoreShop:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    take_in(shop, PAID)
    return shop


def the_issue(shop: CoreShop) -> PaymentIssue:
    (issue,) = shop.image.rows[PaymentIssue].values()
    assert isinstance(issue, PaymentIssue)
    return issue


@pytest.mark.parametrize("name", [type_.rpartition(".")[2] for type_ in DISPUTES])
def test_whichever_comes_first_raises_it_with_all_that_the_owner_needs(name: str) -> None:
    shop = sold()
    assert take_in(shop, dispute(name)).outcome == "disputed"
    issue = the_issue(shop)
    assert (issue.payment, issue.reservation_id, issue.progress) == (
        "pi_A",
        "h-s1",
        IssueStatus.OPEN,
    )
    parts = ("25.00 USD", "product not received", "Respond by 2025-12-09 23:59 UTC", "Respond in")
    for part in parts:
        assert part in issue.note
    assert [line.quantity for line in issue.lines] == [2]
    assert shop.numbers("a/M") == (3, 0, 0)
    assert issue.note in issue_detail(issue, []).text


@pytest.mark.parametrize(
    ("status", "progress", "words"),
    [
        ("won", IssueStatus.DONE, "The dispute is won"),
        ("lost", IssueStatus.OPEN, "The dispute is lost"),
        ("warning_closed", IssueStatus.DONE, "The inquiry has ended"),
    ],
)
def test_every_order_with_its_end_and_its_payment(
    status: str, progress: IssueStatus, words: str
) -> None:
    news = [
        dispute("created"),
        dispute("funds_withdrawn", at=101),
        dispute("updated", "under_review", at=102),
        dispute("closed", status, at=103),
        PAID,
    ]
    for order in permutations(news):
        shop = CoreShop()
        shop.do(take("s1", a_M=2))
        for stripe_event in order:
            take_in(shop, stripe_event)
        issue = the_issue(shop)
        assert issue.progress is progress, order
        assert words in issue.note, order
        assert "The money was withdrawn." in issue.note
        assert "Answer" not in issue.note
        assert issue.reservation_id == "h-s1", order
        assert shop.numbers("a/M") == (3, 0, 0)


def test_reinstated_money_is_shown_in_any_order_of_events() -> None:
    for order in permutations([dispute("funds_withdrawn"), dispute("funds_reinstated")]):
        shop = sold()
        for stripe_event in order:
            take_in(shop, stripe_event)
        assert "The money was reinstated." in the_issue(shop).note


def test_a_lost_dispute_reopens_a_dismissed_issue_once() -> None:
    shop = sold()
    take_in(shop, dispute("created"))
    aside = ResolveIssue(issue_id="disputed:dp_1", then=IssueStatus.DISMISSED, note="answered")
    shop.do(aside)
    assert "answered" in the_issue(shop).note
    assert "25.00 USD" in the_issue(shop).note
    take_in(shop, dispute("updated", "under_review", at=101))
    assert the_issue(shop).progress is IssueStatus.DISMISSED
    take_in(shop, dispute("closed", "lost", at=102))
    assert the_issue(shop).progress is IssueStatus.OPEN
    assert "answered" in the_issue(shop).note
    shop.do(aside)
    take_in(shop, dispute("closed", "lost", at=102))
    assert the_issue(shop).progress is IssueStatus.DISMISSED


@pytest.mark.parametrize(
    "odd",
    [
        {"payment_intent": None},
        {"payment_intent": {"id": "pi_A"}},
        {"amount": None, "currency": None, "reason": None, "evidence_details": None},
        {"amount": -5, "currency": "jpy", "reason": "x" * 500},
        {"amount": True, "currency": 7, "reason": ["a"], "evidence_details": {"due_by": "soon"}},
        {"amount": 10**40, "evidence_details": {"due_by": 10**40}, "reason": "a\u0000b"},
        {"status": "a_new_state"},
    ],
    ids=str,
)
def test_odd_disputes_raise_one_too(odd: dict[str, Any]) -> None:
    shop = sold()
    take_in(shop, dispute("created", **odd))
    take_in(shop, dispute("updated", **odd))
    issue = the_issue(shop) if len(shop.image.rows[PaymentIssue]) == 1 else None
    assert issue is not None
    assert "\0" not in issue.note


def test_two_disputes_are_two_issues_also_for_an_unknown_payment() -> None:
    shop = sold()
    take_in(shop, dispute("created"))
    take_in(shop, dispute("created", id="dp_2", payment_intent="pi_nobody"))
    assert {row.payment for row in open_issues(shop, "disputed")} == {"pi_A", "pi_nobody"}


async def test_over_http_on_every_store_before_and_after_the_payment(any_till: Till) -> None:
    shop = any_till.shop
    id_ = (await shop.reserve("b1", quantity=2)).json["reservation"]["id"]
    paid = event("completed", "cs_1", payment_intent="pi_1", metadata={"reservationId": id_})
    for number, name in enumerate(("created", "funds_withdrawn", "closed")):
        if number == 1:
            assert (await deliver(shop, paid)).json["outcome"] == "done"
        thing = {"id": "dp_1", "payment_intent": "pi_1", "status": "lost", "amount": 11600}
        what = {
            "id": f"evt_d{number}",
            "type": f"charge.dispute.{name}",
            "data": {"object": {**thing, "currency": "usd"}},
        }
        answer = await deliver(shop, what)
        assert answer.status == 200, answer
    (issue,) = await any_till.issues()
    assert (issue["id"], issue["reservationId"]) == ("disputed:dp_1", id_)
    assert "116.00 USD" in issue["note"]
    assert (await shop.size())["stock"] == 18
    listed = await shop.client.get("/api/payments/issues", OWNER)
    assert listed.json["open"] == 1
