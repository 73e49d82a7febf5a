"""The refundable amount of a payment, its currency, its buyer and its time."""

import asyncio
from typing import Any

import pytest

from fancymonkey.core.payments.currencies import major_units
from fancymonkey.errors import PaymentUnknown
from fancymonkey.payments import payers as asking
from fancymonkey.payments.gateway import paid_of
from tests.payments.conftest import OWNER, Till

LIST = "/api/payments/issues"


@pytest.fixture
async def refunded(till: Till) -> Till:
    """Two units were paid, and the payment was returned."""
    ref = (await till.checkout(quantity=2)).json["sessionId"]
    await till.act(ref, "pay")
    await till.act(ref, "refund")
    return till


async def test_an_issue_has_the_paid_amount_and_the_buyer(refunded: Till) -> None:
    (issue,) = await refunded.issues()
    assert issue["paid"]["amount"] == 50
    assert issue["paid"]["refunded"] == 50
    assert issue["paid"]["currency"] == "usd"
    assert issue["paid"]["buyer"] == "buyer@example.com"
    assert issue["paid"]["at"].startswith("2025-10-07T12:00")


async def test_stripe_is_asked_once_a_minute(
    refunded: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, asked = refunded.checkouts.gateway, []
    real = gateway.paid

    async def counted(payment: str) -> Any:
        asked.append(payment)
        return await real(payment)

    monkeypatch.setattr(gateway, "paid", counted)
    await refunded.issues()
    await refunded.issues()
    assert len(asked) == 1
    refunded.shop.clock.forward(61)
    await refunded.issues()
    assert len(asked) == 2


async def test_the_list_comes_where_stripe_does_not_answer(
    refunded: Till, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def silent(payment: str) -> Any:
        raise PaymentUnknown("Stripe did not answer.")

    monkeypatch.setattr(refunded.checkouts.gateway, "paid", silent)
    (issue,) = await refunded.issues()
    assert issue["paid"] is None


async def test_the_list_waits_for_stripe_a_few_seconds_at_most(
    refunded: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 0.01)

    async def slow(payment: str) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(refunded.checkouts.gateway, "paid", slow)
    (issue,) = await refunded.issues()
    assert issue["paid"] is None


@pytest.mark.parametrize(("right", "buyer"), [("read", None), ("stock", "buyer@example.com")])
async def test_a_read_key_does_not_see_the_payer(
    refunded: Till, right: str, buyer: str | None
) -> None:
    body = {"label": "k", "right": right}
    made = await refunded.shop.client.post("/api/admin/keys/make", body, OWNER)
    key = {"Authorization": f"Bearer {made.json['secret']}"}
    (issue,) = (await refunded.shop.client.get(LIST, key)).json["issues"]
    assert issue["paid"]["buyer"] == buyer
    assert issue["paid"]["amount"] == 50


async def test_nothing_of_it_is_stored(refunded: Till) -> None:
    await refunded.issues()
    assert "buyer@example.com" not in await refunded.shop.stored_text()


@pytest.mark.parametrize(
    "session",
    [
        {},
        {"amount_total": None, "currency": "usd", "created": 1},
        {"amount_total": "x", "currency": "usd", "created": 1},
        {"amount_total": 1, "currency": "usd", "created": 1, "customer_details": "x"},
    ],
)
def test_an_answer_of_another_shape_is_not_believed(session: dict[str, Any]) -> None:
    with pytest.raises(PaymentUnknown):
        paid_of(session, [])


def test_a_yen_has_no_cents() -> None:
    assert str(major_units(5800, "jpy")) == "5800"
    assert str(major_units(5800, "usd")) == "58.00"
    assert str(major_units(5800, "kwd")) == "5.800"
