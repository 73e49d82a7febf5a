"""From a basket to a payment, through Stripe's library and over real HTTP."""

import asyncio
import json

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.end import Release
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.payments.checkout import CloseCheckout
from fancymonkey.core.payments.rows import Checkout
from fancymonkey.payments.gateway import PaymentSession
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.payments.conftest import Till, opened
from tests.web.shops import HOODIE, START

GRACE = 300_000


async def test_the_seeds_request_leads_to_a_sale(any_till: Till) -> None:
    till = any_till
    body = {
        "productId": HOODIE,
        "skuId": f"sku_{HOODIE}_m",
        "priceId": f"price_{HOODIE}_m",
    }
    answer = await till.shop.client.post("/api/checkout", body)
    assert answer.status == 200, answer
    checkout = answer.json
    assert checkout["success"] is True
    assert checkout["sessionId"].startswith("cs_")
    assert checkout["checkoutUrl"].endswith(checkout["sessionId"])
    assert checkout["reservation"]["size"] == "M"
    assert (await till.shop.size())["reserved"] == 1
    await till.act(checkout["sessionId"], "pay")
    for ref in (
        checkout["sessionId"],
        checkout["reservation"]["id"],
        checkout["reservation"]["sessionId"],
    ):
        status = await till.status(ref)
        assert (status["status"], status["paid"], status["late"]) == ("captured", True, False)
    size = await till.shop.size()
    assert (size["stock"], size["reserved"]) == (19, 0)
    assert await till.issues() == []


async def test_stripe_gets_the_hold_and_its_deadline(till: Till) -> None:
    body = (await till.checkout("buyer-1", quantity=2)).json
    (session,) = till.sessions
    hold = body["reservation"]
    assert session["client_reference_id"] == hold["id"]
    assert session["metadata"] == {
        "reservationId": hold["id"],
        "sessionId": "buyer-1",
        "checkout": "1",
    }
    assert session["expires_at"] * 1000 - START in range(30 * 60_000, 32 * 60_000)
    held = till.shop.engine.view.holds[hold["id"]]
    assert held.until == session["expires_at"] * 1000 + GRACE
    assert "session_id={CHECKOUT_SESSION_ID}" in session["success_url"]
    assert session["cancel_url"].endswith(f"hold={hold['id']}")
    (line,) = till.fake_stripe.account.lines[session["id"]]
    assert (line["price"]["id"], line["quantity"]) == (f"price_{HOODIE}_m", 2)


async def test_the_same_basket_at_once_is_one_session(any_till: Till) -> None:
    answers = await asyncio.gather(*(any_till.checkout() for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert len({answer.json["sessionId"] for answer in answers}) == 1
    assert len(any_till.sessions) == 1
    assert (await any_till.shop.size())["reserved"] == 1


async def test_another_basket_ends_the_first_session(any_till: Till) -> None:
    till = any_till
    first = (await till.checkout(quantity=1)).json
    lines = [{"productId": HOODIE, "size": "L", "quantity": 2}]
    second = await till.shop.client.post("/api/checkout", {"lines": lines, "sessionId": "buyer-1"})
    assert second.status == 200, second
    assert second.json["reservation"]["id"] == first["reservation"]["id"]
    statuses = {session["id"]: session["status"] for session in till.sessions}
    assert statuses == {first["sessionId"]: "expired", second.json["sessionId"]: "open"}
    await till.settle()  # the end of the first session has no effect on the hold
    assert (await till.shop.size("M"))["reserved"] == 0
    assert (await till.shop.size("L"))["reserved"] == 2
    await till.act(second.json["sessionId"], "pay")
    assert (await till.shop.size("L"))["stock"] == 56


@pytest.mark.parametrize("when", ["before the answer", "before it is recorded", "before the next"])
async def test_a_session_ended_for_another_basket_releases_nothing_when_stripe_reports_it_at_once(
    any_till: Till, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    till = any_till
    first = (await till.checkout(quantity=2)).json
    seen = []

    async def report(step: str) -> None:
        if step == when:
            await till.fake_stripe.webhook_sender.settle()
            seen.append((await till.shop.size())["reserved"])

    expire, submit = till.checkouts.gateway.expire, till.shop.engine.submit

    async def expire_slowly(id_: str) -> PaymentSession:
        session = await expire(id_)
        await report("before the answer")
        return session

    async def submit_slowly(command: Command) -> Answer:
        if isinstance(command, CloseCheckout):
            await report("before it is recorded")
        if isinstance(command, CommandGroup):
            await report("before the next")
        return await submit(command)

    monkeypatch.setattr(till.checkouts.gateway, "expire", expire_slowly)
    monkeypatch.setattr(till.shop.engine, "submit", submit_slowly)
    second = await till.checkout(quantity=3)
    assert (second.status, second.json["reservation"]["id"]) == (200, first["reservation"]["id"])
    await till.settle()
    assert seen == [2]
    assert (await till.shop.size())["reserved"] == 3
    assert [session["status"] for session in till.sessions] == ["expired", "open"]
    await till.act(second.json["sessionId"], "expire")
    assert (await till.shop.size())["reserved"] == 0


async def test_units_of_a_hold_that_ends_during_the_request_are_held_again(
    any_till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = any_till
    first = (await till.checkout(quantity=2)).json["reservation"]["id"]
    expire = till.checkouts.gateway.expire

    async def release_then_expire(id_: str) -> PaymentSession:
        await till.shop.engine.submit(Release(ref=first))
        return await expire(id_)

    monkeypatch.setattr(till.checkouts.gateway, "expire", release_then_expire)
    second = await till.checkout(quantity=3)
    assert second.status == 200, second
    assert (await till.shop.size())["reserved"] == 3


async def test_a_session_that_could_not_be_ended_is_ended_by_the_next_request(
    any_till: Till,
) -> None:
    till = any_till
    first = (await till.checkout(quantity=1)).json
    till.fake_stripe.faults.change({"api_fail": "500", "api_fail_times": 9})
    assert (await till.checkout(quantity=3)).status == 503
    till.fake_stripe.faults.change({"api_fail": "", "api_fail_times": 0})
    again = await till.checkout(quantity=1)
    assert again.status == 200
    assert again.json["sessionId"] != first["sessionId"]
    await till.settle()
    assert [session["status"] for session in till.sessions] == ["expired", "open"]
    assert (await till.shop.size())["reserved"] == 1


@pytest.mark.parametrize("fault", ["400", "403", "429", "500"])
async def test_another_basket_waits_until_the_first_session_has_ended(
    till: Till, fault: str
) -> None:
    """Else the first, cheaper session could still be paid and would sell the second, more expensive
    one.
    """
    first = (await till.checkout(quantity=1)).json
    till.fake_stripe.faults.change({"api_fail": fault, "api_fail_times": 1})
    second = await till.checkout(quantity=15)
    assert (second.status, second.code) == (503, "payment_unavailable")
    assert second.json["reservation"]["quantity"] == 1
    assert (await till.checkout(quantity=15)).status == 200
    assert [session["status"] for session in till.sessions] == ["expired", "open"]
    assert first["sessionId"] == till.sessions[0]["id"]


async def test_different_baskets_at_once_leave_one_session_to_pay(any_till: Till) -> None:
    till = any_till
    answers = await asyncio.gather(*(till.checkout(quantity=number % 3 + 1) for number in range(9)))
    await till.settle()
    assert {answer.status for answer in answers} <= {200, 409, 429}
    still = [session for session in till.sessions if session["status"] == "open"]
    assert len(still) <= 1
    if still:
        (line,) = till.fake_stripe.account.lines[still[0]["id"]]
        assert (await till.shop.size())["reserved"] == line["quantity"]


async def test_a_hold_is_taken_over_as_it_is(till: Till) -> None:
    held = (await till.shop.reserve("buyer-1", "M", 2)).json["reservation"]
    body = (await till.shop.client.post("/api/checkout", {"sessionId": "buyer-1"})).json
    assert body["reservation"]["id"] == held["id"]
    assert body["reservation"]["quantity"] == 2
    assert (await till.shop.size())["reserved"] == 2


async def test_the_owners_own_hold_is_not_for_sale(till: Till) -> None:
    await till.shop.update({"reserved": 7})
    (hold,) = till.shop.engine.view.holds
    line = {"productId": HOODIE, "size": "M"}
    for body in ({"sessionId": hold}, {**line, "sessionId": hold}, {**line, "replaces": hold}):
        answer = await till.shop.client.post("/api/checkout", body)
        assert (answer.status, answer.code) == (404, "unknown_session")
    answer = await till.shop.client.get(f"/api/checkout/status?sessionId={hold}")
    assert (answer.status, answer.code) == (404, "unknown_session")
    assert till.sessions == []
    assert (await till.shop.size())["reserved"] == 7


async def test_a_hold_at_the_checkout_keeps_its_lines(till: Till) -> None:
    await till.checkout("buyer-1", quantity=1)
    answer = await till.shop.reserve("buyer-1", "M", 9)
    assert (answer.status, answer.code) == (409, "checkout_open")
    assert (await till.shop.reserve("buyer-1", "L", 1)).code == "checkout_open"
    assert (await till.shop.size())["reserved"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"size": "M"}, 422, "invalid_request"),
        ({"productId": HOODIE}, 422, "invalid_request"),
        ({"productId": HOODIE, "size": "M", "quantity": 0}, 422, "invalid_request"),
        ({"productId": HOODIE, "size": "M", "quantity": True}, 422, "invalid_request"),
        ({"productId": HOODIE, "size": "XXXL"}, 404, "unknown_item"),
        ({"productId": HOODIE, "skuId": "sku_x"}, 404, "unknown_item"),
        ({"productId": "no", "size": "M"}, 404, "unknown_item"),
        ({"productId": f"{HOODIE}/M", "size": ""}, 422, "invalid_request"),
        ({"productId": HOODIE, "size": "M", "priceId": "price_1"}, 422, "wrong_price"),
        ({"productId": HOODIE, "size": "M", "skuId": "sku_x"}, 422, "wrong_price"),
        ({"productId": HOODIE, "size": "XL"}, 409, "insufficient_stock"),
        ({"productId": HOODIE, "size": "S", "quantity": 4}, 409, "insufficient_stock"),
        ({"sessionId": "nobody"}, 404, "unknown_session"),
        ({"lines": []}, 422, "invalid_request"),
        ({"lines": [{"productId": HOODIE, "size": "M"}] * 2}, 422, "invalid_request"),
        (
            {"productId": HOODIE, "lines": [{"productId": HOODIE, "size": "M"}]},
            422,
            "invalid_request",
        ),
    ],
)
async def test_a_refusal_sends_nothing_to_stripe(
    till: Till, body: dict[str, object], status: int, code: str
) -> None:
    answer = await till.shop.client.post("/api/checkout", body)
    assert (answer.status, answer.code) == (status, code)
    assert till.sessions == []
    assert till.shop.engine.view.holds == {}


async def test_every_shortfall_is_named(till: Till) -> None:
    lines = [
        {"productId": HOODIE, "size": "S", "quantity": 4},
        {"productId": HOODIE, "size": "XL", "quantity": 1},
        {"productId": HOODIE, "size": "M", "quantity": 1},
    ]
    answer = await till.shop.client.post("/api/checkout", {"lines": lines})
    assert answer.code == "insufficient_stock"
    rows = [(row["size"], row["requested"], row["available"]) for row in answer.json["lines"]]
    assert rows == [("S", 4, 3), ("XL", 1, 0)]


async def test_it_can_be_paid_once(till: Till) -> None:
    body = (await till.checkout()).json
    await till.act(body["sessionId"], "pay")
    again = await till.shop.client.post("/api/checkout", {"sessionId": "buyer-1"})
    assert (again.status, again.code) == (409, "session_paid")


async def test_a_payment_before_its_event(till: Till) -> None:
    body = (await till.checkout()).json
    till.cut()
    till.fake_stripe.act(body["sessionId"], "pay")
    same = await till.checkout()
    assert (same.status, same.code) == (409, "session_paid")
    other = await till.checkout(quantity=2)
    assert (other.status, other.code) == (409, "session_paid")
    assert (await till.shop.size())["reserved"] == 1


async def test_an_ended_session_is_followed_by_a_new_one(till: Till) -> None:
    first = (await till.checkout()).json
    till.cut()
    till.fake_stripe.act(first["sessionId"], "expire")
    second = (await till.checkout()).json
    assert second["sessionId"] != first["sessionId"]
    assert second["reservation"]["id"] == first["reservation"]["id"]
    assert (await till.shop.size())["reserved"] == 1


async def test_a_hold_cannot_be_renewed_forever() -> None:
    async with opened(MemoryStore(), checkouts_per_hold=2) as till:
        for _ in range(2):
            body = (await till.checkout()).json
            till.cut()
            till.fake_stripe.act(body["sessionId"], "expire")
        answer = await till.checkout()
        assert (answer.status, answer.code) == (429, "too_many_checkouts")


async def test_giving_it_back_ends_the_session(any_till: Till) -> None:
    till = any_till
    body = (await till.checkout()).json
    released = await till.shop.release(body["sessionId"])
    assert released.json["released"] == 1
    assert (await till.shop.size())["available"] == 20
    await till.settle()
    assert [session["status"] for session in till.sessions] == ["expired"]


async def test_stripe_refuses(any_till: Till) -> None:
    till = any_till
    till.fake_stripe.faults.change({"api_fail": "400", "api_fail_times": 1})
    answer = await till.checkout()
    assert (answer.status, answer.code) == (502, "payment_failed")
    assert (await till.shop.size())["reserved"] == 0
    assert (await till.checkout()).status == 200


async def test_stripe_refuses_and_an_older_hold_stays_as_it_was(till: Till) -> None:
    held = (await till.shop.reserve("buyer-1", "M", 2)).json["reservation"]
    till.fake_stripe.faults.change({"api_fail": "400", "api_fail_times": 1})
    answer = await till.checkout("buyer-1", quantity=2)
    assert answer.code == "payment_failed"
    status = await till.status("buyer-1")
    assert status["status"] == "held"
    assert status["reservation"]["expiresAt"] == held["expiresAt"]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("refused", [False, True])
async def test_a_failed_click_has_no_effect_on_the_next_one(
    till: Till, monkeypatch: pytest.MonkeyPatch, *, refused: bool, held: bool
) -> None:
    """The second click continues with the attempt of the first one, or begins the next one."""
    engine = till.shop.engine
    submit, second = engine.submit, None
    if held:
        await till.shop.reserve("buyer-1", "M", 1)
        till.shop.clock.forward(1700)

    async def slow(command: Command) -> Answer:
        nonlocal second
        if second is None and isinstance(command, CloseCheckout | Release):
            if refused:
                till.fake_stripe.faults.change({"api_fail": "400", "api_fail_times": 1})
            monkeypatch.undo()
            second = await till.checkout()
        return await submit(command)

    monkeypatch.setattr(engine, "submit", slow)
    till.fake_stripe.faults.change({"api_fail": "400", "api_fail_times": 1})
    assert (await till.checkout()).code == "payment_failed"
    assert second is not None
    assert second.status == 200, second
    till.shop.clock.forward(29 * 60)
    await till.act(second.json["sessionId"], "pay")
    status = await till.status(second.json["sessionId"])
    assert (status["status"], status["late"]) == ("captured", False)


@pytest.mark.parametrize("fault", ["429", "500", "reset", "after"])
async def test_an_unknown_outcome_at_stripe(any_till: Till, fault: str) -> None:
    till = any_till
    till.fake_stripe.faults.change({"api_fail": fault, "api_fail_times": 1})
    answer = await till.checkout(None)
    assert (answer.status, answer.code) == (503, "payment_unavailable")
    assert answer.header("retry-after") == "1"
    hold = answer.json["reservation"]
    assert (await till.shop.size())["reserved"] == 1
    again = await till.checkout(hold["sessionId"])
    assert again.status == 200
    assert again.json["reservation"]["id"] == hold["id"]
    assert len(till.sessions) == 1
    await till.act(again.json["sessionId"], "pay")
    assert (await till.shop.size())["stock"] == 19


async def test_an_unknown_outcome_and_a_changed_basket(till: Till) -> None:
    till.fake_stripe.faults.change({"api_fail": "after", "api_fail_times": 1})
    assert (await till.checkout(quantity=1)).status == 503
    answer = await till.checkout(quantity=3)
    assert answer.status == 200
    assert [session["status"] for session in till.sessions] == ["expired", "open"]
    await till.settle()
    assert (await till.shop.size())["reserved"] == 3


async def test_stripe_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fancymonkey.payments.gateway.Gateway.__init__.__defaults__", (None, 0.2))
    async with opened(MemoryStore()) as till:
        till.fake_stripe.faults.change({"api_latency_ms": 2000})
        asked = asyncio.create_task(till.checkout())
        await asyncio.sleep(0.05)  # others are served while Stripe is asked
        assert (await till.shop.reserve("buyer-2", "M", 1)).status == 200
        answer = await asked
        assert (answer.status, answer.code) == (503, "payment_unavailable")
        till.fake_stripe.faults.change({"api_latency_ms": 0})
        assert (await till.checkout()).status == 200


async def test_stripe_cannot_be_reached() -> None:
    async with opened(MemoryStore(), stripe_api_base="http://127.0.0.1:9") as till:
        answer = await till.checkout()
        assert (answer.status, answer.code) == (503, "payment_unavailable")
        assert "reservation" not in answer.json
        assert (await till.shop.size())["reserved"] == 0


async def test_a_size_without_a_price_of_stripe_has_the_products() -> None:
    async with opened(MemoryStore()) as till:
        view = till.shop.engine.view
        item = view.items[f"{HOODIE}/M"]
        object.__setattr__(item, "price_id", None)
        assert (await till.checkout(quantity=2)).status == 200
        (line,) = till.fake_stripe.account.lines[till.sessions[0]["id"]]
        assert (line["amount_total"], line["currency"]) == (11600, "usd")


async def test_without_a_key_there_is_no_checkout() -> None:
    async with opened(MemoryStore()) as till:
        till.shop.client.app._shop.checkouts, checkouts = None, till.checkouts
        answer = await till.checkout()
        till.shop.client.app._shop.checkouts = checkouts
        assert (answer.status, answer.code) == (503, "not_configured")
        assert till.shop.engine.view.holds == {}


async def test_the_request_to_stripe_is_stored_word_for_word(till: Till) -> None:
    body = (await till.checkout()).json
    rows = [row async for row in till.shop.engine.store.scan(Checkout)]
    (row,) = rows
    assert isinstance(row, Checkout)
    assert json.loads(row.request)["client_reference_id"] == body["reservation"]["id"]
    assert row.payment_session == body["sessionId"]


async def test_the_limits_on_holds_are_those_of_the_checkout_too(target: str) -> None:
    async with opened(open_store(target), rate_limit=True, holds_per_address=1) as till:
        answer = await till.checkout("a", quantity=4)
        assert (answer.status, answer.code) == (409, "hold_limit")
        assert answer.json["lines"][0]["limit"] == 3
        assert till.sessions == []
        assert (await till.checkout("a", quantity=1)).status == 200
        answer = await till.checkout("b", quantity=1)
        assert (answer.status, answer.code) == (429, "too_many_holds")
        assert int(answer.header("retry-after") or 0) > 1800


async def test_a_new_checkout_in_place_of_the_buyers_own(target: str) -> None:
    async with opened(open_store(target), rate_limit=True, holds_per_address=1) as till:
        old = (await till.checkout("old", quantity=2)).json
        answer = await till.checkout("new", quantity=1, replaces=old["reservation"]["id"])
        assert answer.status == 200, answer
        await till.settle()
        statuses = {session["id"]: session["status"] for session in till.sessions}
        assert statuses == {old["sessionId"]: "expired", answer.json["sessionId"]: "open"}
        assert (await till.shop.size())["reserved"] == 1
        assert (await till.status("old"))["status"] == "released"


async def test_a_paid_hold_is_not_replaced(till: Till) -> None:
    old = (await till.checkout("old", quantity=2)).json
    till.cut()
    till.fake_stripe.act(old["sessionId"], "pay")
    answer = await till.checkout("new", quantity=1, replaces=old["reservation"]["id"])
    assert answer.status == 200, answer
    assert (await till.shop.size())["reserved"] == 3
    assert (await till.status("old"))["status"] == "held"
    assert (await till.reconcile()).outcome == "corrected"
    assert (await till.status("old"))["status"] == "captured"
