"""Late, slow, second, returned and unreported payments, through Stripe's library."""

import asyncio
from typing import Any

import pytest

from fancymonkey.core.model import Event
from fancymonkey.payments.gateway import PaymentSession
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.accounts.client import Visitor, made
from tests.payments.conftest import OWNER, Till, opened
from tests.web.shops import HOODIE
from tests.web.signing import deliver, event


async def late(till: Till, taken: int = 0, quantity: int = 2) -> str:
    """A payment that is reported when its hold has ended and others hold some of the units."""
    body = (await till.checkout(quantity=quantity, size="S")).json
    till.fake_stripe.act(body["sessionId"], "pay_quietly")
    await till.shop.release("buyer-1")
    await till.settle()
    if taken:
        assert (await till.shop.reserve("faster", "S", taken)).status == 200
    await till.act(body["sessionId"], "deliver")
    session: str = body["sessionId"]
    return session


async def test_a_late_payment_is_served_from_the_stock(any_till: Till) -> None:
    await late(any_till)
    size = await any_till.shop.size("S")
    assert (size["stock"], size["reserved"]) == (1, 0)
    (issue,) = await any_till.issues()
    assert (issue["concern"], issue["progress"], issue["lines"]) == ("late_payment", "open", [])


async def test_a_late_payment_owes_the_missing_units(any_till: Till) -> None:
    session = await late(any_till, taken=2)
    status = await any_till.status(session)
    assert (status["status"], status["late"]) == ("captured", True)
    (issue,) = await any_till.issues()
    line = {"productId": HOODIE, "size": "S", "quantity": 1, "name": "MIDNIGHT EMERALD HOODIE"}
    assert issue["lines"] == [line]
    answer = await any_till.settle_issue(issueId=issue["id"], then="refund")
    assert answer.status == 200, answer
    assert answer.json["issue"]["progress"] == "done"
    assert len(any_till.fake_stripe.account.refunds) == 1


async def test_a_late_payment_is_refunded_once_if_the_owner_has_set_it(target: str) -> None:
    async with opened(open_store(target), late_payment="refund") as till:
        session = await late(till, taken=2)
        await till.settle()
        assert len(till.fake_stripe.account.refunds) == 1
        status = await till.status(session)
        assert (status["status"], status["paid"], status["late"]) == ("released", True, True)
        (issue,) = await till.issues()
        assert (issue["concern"], issue["progress"]) == ("late_payment", "done")
        size = await till.shop.size("S")
        assert (size["stock"], size["reserved"]) == (3, 2)
        report = await till.reconcile()
        assert report.outcome == "balanced", report
        assert len(till.fake_stripe.account.refunds) == 1


async def refund_due(till: Till) -> None:
    """A payment comes too late, and Stripe cannot be asked to give the money back."""
    till.fake_stripe.faults.change({"api_fail": "500", "api_fail_times": 0})
    body = (await till.checkout(quantity=2, size="S")).json
    till.fake_stripe.act(body["sessionId"], "pay_quietly")
    await till.shop.release("buyer-1")
    await till.settle()
    await till.shop.reserve("faster", "S", 2)
    till.fake_stripe.faults.change({"api_fail_times": 1})
    await till.act(body["sessionId"], "deliver")


async def test_a_refund_that_fails_is_given_later() -> None:
    async with opened(MemoryStore(), late_payment="refund") as till:
        await refund_due(till)
        assert till.fake_stripe.account.refunds == {}
        assert (await till.issues())[0]["progress"] == "due"
        report = await till.reconcile()
        assert report.outcome == "corrected"
        assert len(till.fake_stripe.account.refunds) == 1
        assert (await till.issues())[0]["progress"] == "done"


@pytest.mark.parametrize("type_", ["refund.updated", "refund.failed"])
@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_a_refund_that_fails_later_waits_for_the_owners_second_refund(
    type_: str, status: str
) -> None:
    async with opened(MemoryStore(), late_payment="refund") as till:
        await late(till, taken=2)
        await till.settle()
        ((id_, refund),) = till.fake_stripe.account.refunds.items()
        lost = {"id": "evt_1", "type": type_, "data": {"object": {**refund, "status": status}}}
        assert (await deliver(till.shop, lost)).json["outcome"] == "refund failed"
        again = await deliver(till.shop, {**lost, "id": "evt_2"})
        assert again.json["outcome"] == "refund failed"
        issue = (await till.issues())[0]
        assert (issue["id"], issue["progress"]) == (f"refund_failed:{id_}", "open")
        (charge,) = till.fake_stripe.account.charges.values()
        charge |= {"amount_refunded": 0, "refunded": False}  # the shop has the money again
        answer = await till.settle_issue(issueId=issue["id"], then="refund")
        assert answer.json["issue"]["progress"] == "done"
        assert len(till.fake_stripe.account.refunds) == 2


async def test_a_refund_that_fails_at_once_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(MemoryStore(), late_payment="refund") as till:

        def fail(params: dict[str, Any], now: int) -> dict[str, Any]:
            return {"id": "re_1", "object": "refund", "status": "failed"}

        monkeypatch.setattr(till.fake_stripe.account, "refund", fail)
        await late(till, taken=2)
        await till.settle()
        issues = {row["id"]: (row["progress"], row["note"]) for row in await till.issues()}
        (late_payment,) = issues.keys() - {"refund_failed:re_1"}
        assert issues == {"refund_failed:re_1": ("open", ""), late_payment: ("done", "re_1")}
        assert (await till.reconcile()).outcome == "balanced"


async def test_only_the_owner_calls_a_refund_off() -> None:
    async with opened(MemoryStore(), late_payment="refund") as till:
        await made(till.shop, "sam", "staff")
        sam = await Visitor(till.shop.client).logged_in("sam", "six blue owls sing")
        await refund_due(till)
        (issue,) = await till.issues()
        assert issue["progress"] == "due"
        for then in ("dismissed", "done", "refund"):
            body = {"issueId": issue["id"], "then": then}
            answer = await sam.post("/api/payments/issues/settle", body)
            assert (answer.status, answer.code) == (403, "not_allowed"), then
        assert (await till.issues())[0]["progress"] == "due"
        answer = await till.settle_issue(issueId=issue["id"], then="dismissed")
        assert answer.json["issue"]["progress"] == "dismissed"


async def test_staff_settle_what_is_open(till: Till) -> None:
    await made(till.shop, "sam", "staff")
    sam = await Visitor(till.shop.client).logged_in("sam", "six blue owls sing")
    await late(till)
    (issue,) = await till.issues()
    body = {"issueId": issue["id"], "then": "done"}
    answer = await sam.post("/api/payments/issues/settle", body)
    assert answer.json["issue"]["progress"] == "done"


async def test_a_payment_that_takes_days_keeps_the_hold(any_till: Till) -> None:
    till = any_till
    body = (await till.checkout()).json
    await till.act(body["sessionId"], "async_pay")
    till.shop.clock.forward(3 * 86_400)
    assert (await till.shop.size())["reserved"] == 1
    await till.act(body["sessionId"], "async_succeed")
    size = await till.shop.size()
    assert (size["stock"], size["reserved"]) == (19, 0)


async def test_a_payment_that_fails_frees_the_hold(till: Till) -> None:
    body = (await till.checkout()).json
    await till.act(body["sessionId"], "async_pay")
    await till.act(body["sessionId"], "async_fail")
    size = await till.shop.size()
    assert (size["stock"], size["reserved"]) == (20, 0)


async def test_an_abandoned_checkout_frees_its_units(till: Till) -> None:
    await till.checkout()
    till.shop.clock.forward(31 * 60)
    till.fake_stripe.account.tick(till.shop.clock() // 1000)
    await till.settle()
    assert (await till.shop.size())["reserved"] == 0


async def test_a_refund_asks_the_owner(any_till: Till) -> None:
    till = any_till
    body = (await till.checkout(quantity=2)).json
    await till.act(body["sessionId"], "pay")
    await till.act(body["sessionId"], "refund")
    assert (await till.shop.size())["stock"] == 18
    (issue,) = await till.issues()
    assert (issue["concern"], issue["progress"]) == ("refunded", "open")
    back = [{"productId": HOODIE, "size": "M", "quantity": 1}]
    answer = await till.settle_issue(issueId=issue["id"], returned=back)
    assert answer.json["issue"]["progress"] == "open"
    assert (await till.shop.size())["stock"] == 19
    answer = await till.settle_issue(issueId=issue["id"], returned=back, then="done")
    assert answer.json["issue"]["progress"] == "done"
    again = await till.settle_issue(issueId=issue["id"], returned=back)
    assert (again.status, again.code) == (409, "issue_closed")
    assert (await till.shop.size())["stock"] == 20


async def test_a_refund_returns_by_itself_if_the_owner_has_set_it() -> None:
    async with opened(MemoryStore(), return_on_refund="auto") as till:
        till.fake_stripe.faults.change({"duplicate": 1.0})
        body = (await till.checkout(quantity=2)).json
        await till.act(body["sessionId"], "pay")
        await till.act(body["sessionId"], "refund")
        assert (await till.shop.size())["stock"] == 20


@pytest.mark.parametrize("auto", [False, True])
async def test_a_whole_refund_after_one_for_goodwill(auto: bool) -> None:
    settings = {"return_on_refund": "auto"} if auto else {}
    async with opened(MemoryStore(), **settings) as till:
        session = (await till.checkout(quantity=2)).json["sessionId"]
        await till.act(session, "pay")
        payment = till.fake_stripe.account.sessions[session]["payment_intent"]
        part = {"payment_intent": payment, "amount": "500"}
        till.fake_stripe.account.refund(part, till.shop.clock() // 1000)
        await till.settle()
        (issue,) = await till.issues()
        aside = await till.settle_issue(issueId=issue["id"], then="dismissed", note="goodwill")
        assert aside.json["issue"]["progress"] == "dismissed"
        await till.act(session, "refund")
        (issue,) = await till.issues()
        assert issue["progress"] == ("done" if auto else "open")
        assert (await till.shop.size())["stock"] == (20 if auto else 18)


async def test_the_same_event_a_hundred_times_at_once(any_till: Till) -> None:
    shop = any_till.shop
    await shop.reserve("cs_1", "M", 2)
    what = event("completed", "cs_1")
    answers = await asyncio.gather(*(deliver(shop, what) for _ in range(100)))
    assert {answer.status for answer in answers} == {200}
    assert sum(not answer.json["duplicate"] for answer in answers) == 1
    assert {answer.json["outcome"] for answer in answers} == {"done"}
    size = await shop.size()
    assert (size["stock"], size["reserved"]) == (18, 0)
    assert len([row async for row in shop.engine.store.scan(Event)]) == 1


async def test_return_page_and_webhook_at_once(till: Till) -> None:
    body = (await till.checkout()).json
    till.fake_stripe.faults.change({"duplicate": 1.0, "shuffle_ms": 5})
    till.fake_stripe.act(body["sessionId"], "pay")
    answers = await asyncio.gather(*(till.status(body["sessionId"]) for _ in range(50)))
    await till.settle()
    assert {row["status"] for row in answers} <= {"held", "captured"}
    assert (await till.status(body["sessionId"]))["status"] == "captured"
    assert (await till.shop.size())["stock"] == 19


async def test_half_an_hour_without_webhooks_is_healed_by_one_run(any_till: Till) -> None:
    till = any_till
    assert (await till.reconcile()).outcome == "balanced"
    till.cut()
    sessions = []
    for number in range(8):
        sessions.append((await till.checkout(f"buyer-{number}")).json["sessionId"])
    for session in sessions[:3]:
        till.fake_stripe.act(session, "pay")
    till.fake_stripe.act(sessions[3], "async_pay")
    till.fake_stripe.act(sessions[4], "async_pay")
    till.fake_stripe.act(sessions[4], "async_succeed")
    till.fake_stripe.act(sessions[5], "expire")
    till.shop.clock.forward(1800)
    report = await till.reconcile()
    assert report.outcome == "corrected", report
    size = await till.shop.size()
    assert (size["stock"], size["reserved"]) == (16, 3)
    assert (await till.status(sessions[3]))["status"] == "held"
    assert (await till.reconcile()).outcome == "balanced"
    runs = (await till.shop.client.get("/api/payments/runs", OWNER)).json["runs"]
    assert {run["outcome"] for run in runs} == {"balanced", "corrected"}


async def test_a_refund_that_arrives_before_its_payment_is_not_lost(any_till: Till) -> None:
    till = any_till
    session = (await till.checkout(quantity=2)).json["sessionId"]
    till.fake_stripe.act(session, "pay_quietly")
    await till.act(session, "refund")
    await till.act(session, "deliver")
    assert (await till.status(session))["status"] == "captured"
    (issue,) = await till.issues()
    assert (issue["concern"], issue["progress"]) == ("refunded", "open")
    assert (await till.reconcile()).outcome == "balanced"


async def test_events_of_others_are_kept_once(till: Till) -> None:
    what = event("completed", "cs_of_another_system")
    answers = [await deliver(till.shop, what) for _ in range(3)]
    assert [answer.json["outcome"] for answer in answers] == ["unknown_session"] * 3
    assert [answer.json["duplicate"] for answer in answers] == [False, True, True]
    assert len([row async for row in till.shop.engine.store.scan(Event)]) == 1


@pytest.mark.parametrize("earlier", [False, True])
async def test_a_run_by_a_clock_ahead_hides_nothing(till: Till, *, earlier: bool) -> None:
    right, ahead = till.shop.clock.now, 3 * 86_400_000
    if earlier:
        await till.reconcile()
    till.shop.clock.now = right + ahead
    await till.reconcile()
    till.shop.clock.now = right + 60_000
    till.cut()
    session = (await till.checkout()).json["sessionId"]
    till.fake_stripe.act(session, "pay")
    till.shop.clock.now = right + 2 * 86_400_000
    assert (await till.reconcile()).events > 0
    assert (await till.status(session))["status"] == "captured"
    till.shop.clock.forward(4 * 3600)
    assert (await till.reconcile()).events == 0  # only later events are read again


@pytest.mark.parametrize("marked", [False, True])
async def test_sales_of_another_system_change_nothing(till: Till, *, marked: bool) -> None:
    """Only what carries our metadata was paid for a hold of ours."""
    price = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "x"}}
    session = till.fake_stripe.account.create_session(
        {
            "mode": "payment",
            "success_url": "https://other.shop",
            "client_reference_id": "user-17",
            "metadata": {"reservationId": "res_gone"} if marked else {},
            "line_items": [{"quantity": 1, "price_data": price}],
        },
        till.shop.clock() // 1000,
    )
    await till.act(session["id"], "pay")
    report = await till.reconcile()
    assert (report.outcome, report.sessions) == (("open", 1) if marked else ("balanced", 0))


async def test_a_payment_whose_event_stripe_has_forgotten(till: Till) -> None:
    body = (await till.checkout()).json
    till.cut()
    till.fake_stripe.act(body["sessionId"], "pay")
    till.fake_stripe.account.events.clear()
    report = await till.reconcile()
    assert report.corrected == [f"{body['sessionId']} was paid, {body['reservation']['id']}: done"]
    assert (await till.shop.size())["stock"] == 19


async def test_a_lost_answer_is_found_again(till: Till) -> None:
    till.fake_stripe.faults.change({"api_fail": "after", "api_fail_times": 1})
    assert (await till.checkout()).status == 503
    report = await till.reconcile()
    assert len(report.corrected) == 1
    session = till.sessions[0]["id"]
    assert (await till.status(session))["status"] == "held"


async def test_a_session_that_outlived_its_hold_is_ended(till: Till) -> None:
    await till.checkout()
    (hold,) = till.shop.engine.view.holds
    till.fake_stripe.faults.change({"api_fail": "500", "api_fail_times": 1})
    await till.shop.bulk("reset")
    await till.settle()  # the attempt to end it in the background has failed
    assert till.fake_stripe.faults.api_fail_times == 0
    assert [session["status"] for session in till.sessions] == ["open"]
    report = await till.reconcile()
    assert [session["status"] for session in till.sessions] == ["expired"]
    assert report.corrected == [f"{till.sessions[0]['id']} could still be paid, {hold} had ended"]


async def test_a_session_that_a_later_attempt_has_left_open_is_ended(till: Till) -> None:
    first = (await till.checkout(quantity=1)).json
    assert (await till.checkout(quantity=15)).status == 200
    await till.settle()
    till.sessions[0]["status"] = "open"
    report = await till.reconcile()
    assert [session["status"] for session in till.sessions] == ["expired", "open"]
    (text,) = report.corrected
    assert text.startswith(f"{first['sessionId']} could still be paid")
    assert (await till.shop.size())["reserved"] == 15


async def test_a_session_that_stripe_does_not_end_is_for_a_person(till: Till) -> None:
    body = (await till.checkout()).json
    till.fake_stripe.faults.change({"api_fail": "403", "api_fail_times": 1})
    await till.shop.bulk("reset")
    await till.settle()
    expire, session = till.checkouts.gateway.expire, body["sessionId"]

    async def refused(id_: str) -> PaymentSession:
        till.fake_stripe.faults.change({"api_fail": "403", "api_fail_times": 1})
        return await expire(id_)

    till.checkouts.gateway.expire = refused  # type: ignore[method-assign]
    (text,) = (await till.reconcile()).open
    assert text.startswith(f"{session} can still be paid")
    till.checkouts.gateway.expire = expire  # type: ignore[method-assign]
    assert (await till.reconcile()).outcome == "corrected"
    assert [row["status"] for row in till.sessions] == ["expired"]


async def test_captured_but_not_paid_is_for_a_person(till: Till) -> None:
    body = (await till.checkout()).json
    session = body["sessionId"]
    await deliver(till.shop, event("completed", session, client_reference_id=session))
    report = await till.reconcile()
    assert report.outcome == "open"
    (issue,) = await till.issues()
    assert (issue["concern"], issue["payment"]) == ("not_paid", session)


@pytest.mark.parametrize("link", [None, "plink_1"])
async def test_a_cheap_link_cannot_pay_for_an_expensive_hold(till: Till, link: str | None) -> None:
    """A link has its `client_reference_id` in its URL; that of a session was set by the shop."""
    body = (await till.checkout()).json
    paid = {"client_reference_id": body["reservation"]["id"], "payment_link": link}
    answer = await deliver(till.shop, event("completed", "cs_cheap", **paid))
    assert answer.json["outcome"] == ("done" if link is None else "unknown_session")
    assert (await till.shop.size())["reserved"] == (0 if link is None else 1)


async def test_stripe_is_unreachable_during_reconciliation(till: Till) -> None:
    till.fake_stripe.faults.change({"api_fail": "500", "api_fail_times": 1})
    answer = await till.shop.client.post("/api/payments/reconcile", b"", OWNER)
    assert (answer.status, answer.code) == (503, "payment_unavailable")
    runs = (await till.shop.client.get("/api/payments/runs", OWNER)).json["runs"]
    assert runs[0]["outcome"] == "failed"
    answer = await till.shop.client.post("/api/payments/reconcile", b"", OWNER)
    assert answer.json["report"]["outcome"] == "balanced"


@pytest.mark.parametrize("path", ["issues", "events", "runs"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}, {"Authorization": "é"}])
async def test_only_the_owner_sees_it(till: Till, path: str, headers: dict[str, Any]) -> None:
    answer = await till.shop.client.get(f"/api/payments/{path}", headers)
    assert (answer.status, answer.code) == (401, "unauthorized")
