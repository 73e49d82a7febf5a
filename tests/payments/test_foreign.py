"""Events of another mode or account capture nothing, and a payment among them is reported."""

from typing import Any

import pytest

from fancymonkey.core.group_answers import EventAnswer
from fancymonkey.core.model import Status
from fancymonkey.payments.events import TYPES, PaymentPolicy, livemode_of
from fancymonkey.store.in_memory.store import MemoryStore
from tests.core.builders import CoreShop, take
from tests.payments.conftest import Till
from tests.payments.stripe_events import happened, open_issues, session, take_in
from tests.web.shops import running
from tests.web.signing import deliver, event

LIVE = PaymentPolicy(livemode=True)


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        ("sk_live_1", True),
        ("rk_live_1", True),
        ("sk_test_1", False),
        ("rk_test_1", False),
        ("sk_test_standin", False),
        ("sk_1", None),
        ("pk_live_1", None),
        ("sk_liver_1", None),
        (None, None),
    ],
)
def test_the_mode_of_a_key(key: str | None, mode: bool | None) -> None:
    assert livemode_of(key) is mode


def shop_with(**more: Any) -> tuple[CoreShop, EventAnswer]:
    """A shop whose hold is paid by an event with these fields of the envelope."""
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    what = session("completed", status="paid")
    for name, value in more.items():
        setattr(what, name, value)
    return shop, take_in(shop, what, LIVE)


@pytest.mark.parametrize(
    "more",
    [
        {"livemode": False},
        {"account": "acct_other"},
        {"account": ""},
        {"account": 7},
        {"livemode": True, "account": "acct_other"},
        {"livemode": False, "account": "acct_other"},
    ],
    ids=str,
)
def test_a_foreign_payment_buys_nothing_and_is_an_issue(more: dict[str, Any]) -> None:
    shop, answer = shop_with(**more)
    assert answer.outcome == "not ours"
    assert shop.numbers("a/M") == (5, 2, 0)
    (issue,) = open_issues(shop)
    assert (str(issue.concern), issue.payment) == ("foreign_payment", "cs_A")
    assert issue.note


@pytest.mark.parametrize("more", [{"livemode": True}, {}, {"livemode": None}, {"livemode": "x"}])
def test_an_event_of_the_own_mode_is_taken(more: dict[str, Any]) -> None:
    shop, answer = shop_with(**more)
    assert answer.outcome == "done"
    assert shop.numbers("a/M") == (3, 0, 0)
    assert open_issues(shop) == []


@pytest.mark.parametrize("type_", TYPES)
def test_no_type_of_a_foreign_event_does_anything(type_: str) -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    thing = {
        "id": "x_1",
        "payment_intent": "pi_1",
        "payment_status": "paid",
        "status": "succeeded",
        "metadata": {"reservationId": "h-s1"},
    }
    assert take_in(shop, happened(type_, thing, livemode=False), LIVE).outcome == "not ours"
    assert shop.hold("s1").status is Status.HELD
    assert {str(row.concern) for row in open_issues(shop)} <= {"foreign_payment"}


async def test_a_test_key_takes_no_live_event_and_the_log_has_the_reason(
    any_till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    shop = any_till.shop
    id_ = (await shop.reserve("b1", quantity=1)).json["reservation"]["id"]
    what = event("completed", "cs_1", metadata={"reservationId": id_})
    answer = await deliver(shop, {**what, "livemode": True})
    assert (answer.status, answer.json["outcome"]) == (200, "not ours")
    assert (await shop.size())["stock"] == 20
    (issue,) = await any_till.issues()
    assert issue["concern"] == "foreign_payment"
    assert "STRIPE_SECRET_KEY is a test key" in caplog.text
    taken = await deliver(shop, {**what, "id": "evt_2"})
    assert taken.json["outcome"] == "done"


async def test_without_a_key_the_account_is_still_looked_at() -> None:
    async with running(MemoryStore()) as shop:
        id_ = (await shop.reserve("b1", quantity=1)).json["reservation"]["id"]
        what = event("completed", "cs_1", metadata={"reservationId": id_})
        answer = await deliver(shop, {**what, "account": "acct_1"})
        assert answer.json["outcome"] == "not ours"
        unknown = event("completed", "cs_9", id_="evt_9")
        answer = await deliver(shop, {**unknown, "account": "acct_1"})
        assert answer.json["outcome"] == "unknown_session"
        assert (await shop.size())["stock"] == 20
