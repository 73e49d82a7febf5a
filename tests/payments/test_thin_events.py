"""Events without their object: fetched with a key, else refused with the remedy."""

from typing import Any

import pytest

from fancymonkey.core.model import Event as Kept
from fancymonkey.payments.thin_events import THIN
from fancymonkey.store.in_memory.store import MemoryStore
from tests.payments.conftest import Till
from tests.support.ports import free_port
from tests.web.shops import running
from tests.web.signing import deliver


def thin(type_: str, kind: str = "", id_: str = "", **more: Any) -> dict[str, Any]:
    related = {"id": id_, "type": kind, "url": f"/v1/{kind}/{id_}"} if kind else None
    return {
        "id": f"evt_{type_[-9:]}",
        "object": THIN,
        "type": type_,
        "livemode": False,
        "created": "2025-10-07T12:00:00.000Z",
        "related_object": related,
        **more,
    }


async def paid_in_silence(till: Till) -> dict[str, Any]:
    """A session that is paid, and of which no event has come."""
    session_id: str = (await till.checkout(quantity=2)).json["sessionId"]
    till.cut()
    till.fake_stripe.act(session_id, "pay")
    session: dict[str, Any] = till.fake_stripe.account.sessions[session_id]
    return session


@pytest.mark.parametrize("type_", ["v1.checkout.session.completed", "checkout.session.completed"])
async def test_a_thin_event_is_fetched_and_captures_once(till: Till, type_: str) -> None:
    session = await paid_in_silence(till)
    what = thin(type_, "checkout.session", session["id"])
    for duplicate in (False, True):
        answer = await deliver(till.shop, what)
        assert (answer.status, answer.json["outcome"]) == (200, "done")
        assert answer.json["duplicate"] is duplicate
    assert (await till.shop.size())["stock"] == 18
    assert await till.issues() == []


async def test_a_refund_and_an_expiry_are_fetched_too(till: Till) -> None:
    session = await paid_in_silence(till)
    till.fake_stripe.act(session["id"], "refund")
    (charge,) = till.fake_stripe.account.charges
    for type_, kind, id_ in (
        ("v1.checkout.session.completed", "checkout.session", session["id"]),
        ("v1.charge.refunded", "charge", charge),
    ):
        answer = await deliver(till.shop, thin(type_, kind, id_))
        assert answer.status == 200, answer
    (issue,) = await till.issues()
    assert issue["concern"] == "refunded"


async def test_the_event_of_a_notification_with_only_an_id_is_fetched(till: Till) -> None:
    await paid_in_silence(till)
    events = till.fake_stripe.account.events.values()
    (made,) = [row for row in events if row["type"] == "checkout.session.completed"]
    for body in ({"id": made["id"], "object": "event", "type": made["type"]},):
        answer = await deliver(till.shop, body)
        assert (answer.status, answer.json["outcome"]) == (200, "done")
    assert (await till.shop.size())["stock"] == 18


@pytest.mark.parametrize(
    "body",
    [
        thin("v1.checkout.session.completed", "checkout.session", "cs_nobody"),
        thin("v1.checkout.session.completed", "checkout.session", "../v1/charges"),
        thin("v1.checkout.session.completed", "checkout.session", ""),
        thin("v1.checkout.session.completed", "customer", "cus_1"),
        thin("v1.checkout.session.completed"),
        thin("v1.charge.refunded", related_object={"id": 7, "type": ["x"]}),
        thin("v1.charge.dispute.created", "dispute", "dp_1"),
        {"id": "evt_1", "object": "event", "type": "charge.refunded", "data": None},
        {"id": "evt_1", "object": "event", "type": "charge.refunded", "data": {"object": 5}},
    ],
    ids=str,
)
async def test_an_event_that_cannot_be_fetched_is_refused_and_repeated(
    till: Till, body: dict[str, Any]
) -> None:
    answer = await deliver(till.shop, body)
    assert (answer.status, answer.code) == (422, "thin_event")
    assert [row async for row in till.shop.engine.store.scan(Kept)] == []


@pytest.mark.parametrize("type_", ["v1.checkout.session.completed", "v1.charge.refunded"])
async def test_without_a_key_the_words_help(type_: str) -> None:
    async with running(MemoryStore()) as shop:
        answer = await deliver(shop, thin(type_, "checkout.session", "cs_1"))
        assert (answer.status, answer.code) == (422, "thin_event")
        for part in ("snapshot", "STRIPE_SECRET_KEY"):
            assert part in answer.json["detail"]


async def test_an_unreachable_stripe_is_not_a_failed_job() -> None:
    nowhere = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    settings = {"stripe_secret_key": "sk_test_1", "stripe_api_base": nowhere}
    async with running(MemoryStore(), **settings) as shop:
        body = thin("v1.checkout.session.completed", "checkout.session", "cs_1")
        answer = await deliver(shop, body)
        assert (answer.status, answer.code) == (422, "thin_event")


async def test_types_that_ask_nothing_are_kept_and_ignored() -> None:
    async with running(MemoryStore()) as shop:
        kinds = ("v1.billing.meter.error_report_triggered", "v2.core.account.updated")
        for type_ in kinds:
            answer = await deliver(shop, thin(type_, "billing.meter", "mtr_1", id=f"evt_{type_}"))
            assert (answer.status, answer.json["outcome"]) == (200, "ignored")
        rows = [row async for row in shop.engine.store.scan(Kept)]
        assert {row.type for row in rows} == set(kinds)


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
async def test_odd_texts_cause_no_failure_on_any_store(any_till: Till, text: str) -> None:
    raw = f'{{"id":"evt_{text}","object":"{THIN}","type":"v1.x{text}"}}'.encode()
    answer = await deliver(any_till.shop, raw)
    assert answer.status < 500, answer


async def test_the_mode_of_a_thin_event_counts(till: Till) -> None:
    session = await paid_in_silence(till)
    body = thin("v1.checkout.session.completed", "checkout.session", session["id"])
    answer = await deliver(till.shop, {**body, "livemode": True})
    assert answer.json["outcome"] == "not ours"
    answer = await deliver(till.shop, {**body, "id": "evt_2", "context": "acct_1"})
    assert answer.json["outcome"] == "not ours"
    assert (await till.shop.size())["reserved"] == 2
