"""Refunds of units of an order: proposed by their shares, made once, recorded by their ids."""

import asyncio
from typing import Any

import pytest

from fancymonkey.core.payments.refunds import RecordRefund, RefundFailed
from fancymonkey.store.in_memory.store import MemoryStore
from tests.payments.conftest import OWNER, Till, opened
from tests.web.admin_api.test_bundles import HOODIE_AND_TEE, SET, TEE, add
from tests.web.client import Answer
from tests.web.shops import HOODIE

HOODIE_LINE = {"productId": HOODIE, "size": "M", "quantity": 1}
TEE_LINE = {"productId": TEE, "size": "M", "quantity": 1}


async def post(till: Till, action: str, key: str = "", **body: Any) -> Answer:
    headers = {**OWNER, "Idempotency-Key": key} if key else OWNER
    path = f"/api/admin/orders/{action}"
    return await till.shop.client.post(path, {"id": "1", **body}, headers)


async def order(till: Till) -> Any:
    (order,) = (await till.shop.client.get("/api/admin/orders", OWNER)).json["orders"]
    return order


async def money(till: Till) -> tuple[float, float, float]:
    """Refunded, due and left."""
    refund = (await order(till))["refund"]
    return refund["refunded"], refund["due"], refund["left"]


async def sell_a_set(till: Till, quantity: int = 1) -> None:
    """A set of a hoodie (58.00) and two tees (32.00 each) for 90.00 is paid."""
    await add(till.shop, HOODIE_AND_TEE)
    body = {"productId": SET, "size": "OS", "quantity": quantity, "sessionId": "buyer-1"}
    session = (await till.shop.client.post("/api/checkout", body)).json["sessionId"]
    await till.act(session, "pay")


async def test_a_returned_part_is_refunded_with_its_share_and_the_rest_adds_up(
    any_till: Till,
) -> None:
    till = any_till
    await sell_a_set(till)
    refund = (await order(till))["refund"]
    amounts = {row["productId"]: row["amount"] for row in refund["shares"]}
    assert (sum(amounts.values()), await money(till)) == (90.0, (0, 0, 90.0))
    await post(till, "ship")
    assert (await post(till, "return", lines=[TEE_LINE])).status == 200
    _, due, left = await money(till)
    assert (amounts[TEE], due, left) == (40.75, 20.38, 90.0)
    done = await post(till, "refund", "key-1", amount=due, refunded=0)
    assert done.status == 200, done
    again = await post(till, "refund", "key-1", amount=due, refunded=0)
    assert again.json["order"]["refund"] == done.json["order"]["refund"]
    other = await post(till, "refund", "key-1", amount=due + 1, refunded=0)
    assert (other.status, other.code) == (409, "idempotency_conflict")
    await till.settle()
    assert await money(till) == (due, 0, pytest.approx(90.0 - due))
    assert await till.issues() == []  # nothing to decide
    steps = [(step["action"], step["text"]) for step in (await order(till))["history"]]
    assert steps[-1] == ("refunded", f"{due:.2f} USD")
    await post(till, "return", lines=[HOODIE_LINE, TEE_LINE])
    refunded, due, left = await money(till)
    assert (due, left) == (pytest.approx(90.0 - refunded), pytest.approx(90.0 - refunded))
    assert (await post(till, "refund", refunded=refunded)).status == 200
    await till.settle()
    assert await money(till) == (90.0, 0, 0)
    (charge,) = till.fake_stripe.account.charges.values()
    assert (charge["amount_refunded"], charge["refunded"]) == (9000, True)
    assert await till.issues() == [] or all(issue["closedAt"] for issue in await till.issues())


async def test_two_people_who_refund_the_same_units_refund_them_once(till: Till) -> None:
    await sell_a_set(till)
    await post(till, "cancel", lines=[TEE_LINE])
    _, due, _ = await money(till)
    answers = await asyncio.gather(
        *(post(till, "refund", f"key-{number}", amount=due, refunded=0) for number in range(2))
    )
    assert {answer.status for answer in answers} <= {200, 409}
    late = await post(till, "refund", "key-3", amount=due, refunded=0)
    assert (late.status, late.code) == (409, "stale")
    await till.settle()
    assert (await money(till))[:2] == (due, 0)
    assert len(till.fake_stripe.account.refunds) == 1


async def test_a_refund_above_the_returned_units_asks_about_the_others(till: Till) -> None:
    await sell_a_set(till)
    await post(till, "cancel", lines=[TEE_LINE])
    assert (await post(till, "refund", amount=80)).status == 200
    await till.settle()
    (issue,) = await till.issues()
    assert {(row["productId"], row["quantity"]) for row in issue["lines"]} == {
        (HOODIE, 1),
        (TEE, 1),
    }
    assert (await money(till))[:2] == (80.0, 0)


@pytest.mark.parametrize(
    "body",
    [
        *({"amount": amount} for amount in (90.01, 0.001, 0, -1, 1e300, "NaN", "1e999", "1e-9999")),
        {"amount": "0." + "1" * 5000},
        {"amount": None, "refunded": -1},
        {"amount": 1, "refunded": "1e-9999999999"},
        {"amount": [1]},
    ],
)
async def test_an_amount_that_cannot_be_refunded_is_refused(
    till: Till, body: dict[str, Any]
) -> None:
    await sell_a_set(till)
    assert (await post(till, "refund", **body)).status in (409, 422)
    assert till.fake_stripe.account.refunds == {}


async def test_a_currency_without_cents_is_shared_in_whole_units() -> None:
    async with opened(MemoryStore(), currency="jpy") as till:
        await sell_a_set(till)
        await post(till, "cancel", lines=[TEE_LINE])
        _, due, left = await money(till)
        assert (due, left) == (int(due), 90)
        assert (await post(till, "refund", amount=due + 0.5)).status == 422
        assert (await post(till, "refund", amount=due)).status == 200
        await post(till, "cancel")
        assert (await money(till))[1] == 90 - due


async def test_a_refund_that_fails_is_due_again(till: Till) -> None:
    await sell_a_set(till)
    await post(till, "cancel", lines=[TEE_LINE])
    _, due, _ = await money(till)
    payment = (await order(till))["intent"]
    amount = round(due * 100)
    engine = till.shop.engine
    made = RecordRefund(ref=payment, whole=False, refund="re_x", amount=amount)
    for _ in range(2):
        await engine.submit(made)
    assert (await money(till))[:2] == (due, 0)
    failed = RefundFailed(ref=payment, refund="re_x", amount=amount)
    for command in (failed, made, failed):  # in any order, each perhaps twice
        await engine.submit(command)
    assert (await money(till))[:2] == (0, due)
    actions = [step["action"] for step in (await order(till))["history"]]
    assert actions.count("refunded") == actions.count("refund failed") == 1
