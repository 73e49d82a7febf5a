"""The amount paid is compared with the amount held: a difference is an issue, a discount is not."""

from decimal import Decimal
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product
from fancymonkey.payments.events import PaymentPolicy
from tests.core.builders import CoreShop, take
from tests.payments.conftest import OWNER, Till
from tests.payments.stripe_events import open_issues, session, take_in
from tests.web.shops import HOODIE
from tests.web.signing import deliver, event

USD = PaymentPolicy(currency="usd")
CONCERN = "amount_differs"


def priced(price: str = "20", **wanted: int) -> CoreShop:
    """A shop whose hold s1 has units of product t at a price, or of t and u."""
    shop = CoreShop()
    for position, (product_id, cost) in enumerate((("t", price), ("u", "7.50"))):
        item = NewItem(Item(f"{product_id}/M", product_id, "M"), 50)
        product = Product(product_id, product_id, "tees", Decimal(cost), position + 5)
        shop.do(UpsertProduct(product=product, location=DEFAULT_LOCATION, items=(item,)))
    shop.do(take("s1", **(wanted or {"t_M": 1})))
    return shop


def pay(shop: CoreShop, policy: PaymentPolicy = USD, **more: Any) -> list[str]:
    """The texts of the payment issues that a payment causes."""
    fields = {"currency": "usd", **more}
    answer = take_in(shop, session("completed", status="paid", **fields), policy)
    assert answer.outcome == "done"  # a payment is a fact, so it is captured
    return [row.note for row in open_issues(shop, CONCERN)]


DISCOUNT = {"amount_discount": 500, "amount_tax": 0, "amount_shipping": 0}


@pytest.mark.parametrize(
    ("held", "more"),
    [
        ({"t_M": 1}, {"amount_total": 6000}),
        ({"t_M": 1}, {"amount_subtotal": 6000, "amount_total": 5500, "total_details": DISCOUNT}),
        ({"t_M": 2}, {"amount_subtotal": 2000, "amount_total": 2000}),
        ({"t_M": 3}, {"amount_subtotal": 4000, "amount_total": 4000}),
        ({"t_M": 10}, {"amount_subtotal": 18000, "amount_total": 18000}),
        ({"t_M": 1, "u_M": 2}, {"amount_subtotal": 4250, "amount_total": 4250}),
        ({"t_M": 1}, {"amount_subtotal": 1, "amount_total": 1}),
        ({"t_M": 1}, {"amount_subtotal": 0, "amount_total": 0}),
        ({"t_M": 1}, {"amount_subtotal": 3000, "amount_total": 3000}),
        ({"t_M": 1}, {"amount_subtotal": 2000, "amount_total": 2000, "currency": "eur"}),
        ({"t_M": 1}, {"amount_subtotal": 0, "amount_total": 0, "currency": "xxx"}),
        ({"t_M": 1}, {"currency": "EUR"}),
        ({"t_M": 1}, {"mode": "setup", "currency": None, "payment_intent": "pi_A"}),
        ({"t_M": 1}, {"mode": "setup", "amount_total": None, "currency": "eur"}),
        (
            {"t_M": 2},
            {"amount_subtotal": 4000, "line_items": {"data": [{"quantity": 3}], "has_more": False}},
        ),
    ],
    ids=str,
)
def test_a_difference_is_one_issue(held: dict[str, int], more: dict[str, Any]) -> None:
    shop = priced(**held)
    (words,) = pay(shop, **more)
    assert words
    (issue,) = open_issues(shop)
    assert (issue.payment, issue.reservation_id) == ("pi_A", "h-s1")
    take_in(shop, session("async_payment_succeeded", status="paid", **more), USD)
    assert len(open_issues(shop)) == 1


@pytest.mark.parametrize(
    ("held", "more"),
    [
        ({"t_M": 1}, {"amount_subtotal": 2000, "amount_total": 2000}),
        ({"t_M": 1}, {"amount_subtotal": 2000, "amount_total": 1500, "total_details": DISCOUNT}),
        ({"t_M": 1}, {"amount_subtotal": 2000, "amount_total": 0}),
        ({"t_M": 1}, {"amount_subtotal": 2000, "amount_total": 2380}),
        ({"t_M": 1}, {"amount_subtotal": 2000, "amount_total": 2900, "shipping_cost": {"a": 1}}),
        ({"t_M": 1}, {"amount_total": 1500, "total_details": DISCOUNT}),
        (
            {"t_M": 1},
            {"amount_total": 2880, "total_details": {"amount_tax": 380, "amount_shipping": 500}},
        ),
        ({"t_M": 1}, {"amount_subtotal": 1500, "amount_total": 1500}),
        ({"t_M": 1}, {"amount_subtotal": 2380, "amount_total": 2380}),
        ({"t_M": 2, "u_M": 1}, {"amount_subtotal": 4750, "amount_total": 4750}),
        ({"t_M": 1}, {"amount_subtotal": None, "amount_total": None, "currency": None}),
        ({"t_M": 1}, {"amount_total": "2000", "currency": 7}),
        ({"t_M": 1}, {"amount_total": 10**30}),
        (
            {"t_M": 2},
            {"amount_subtotal": 9900, "line_items": {"data": [{"quantity": 2}], "has_more": False}},
        ),
        (
            {"t_M": 2},
            {"amount_subtotal": 4000, "line_items": {"data": [{"quantity": 1}], "has_more": True}},
        ),
        (
            {"t_M": 1},
            {
                "currency": "eur",
                "amount_subtotal": 1840,
                "currency_conversion": {"source_currency": "usd", "amount_subtotal": 2000},
            },
        ),
    ],
    ids=str,
)
def test_an_exact_payment_opens_no_issue(held: dict[str, int], more: dict[str, Any]) -> None:
    assert pay(priced(**held), **more) == []


@pytest.mark.parametrize(
    ("currency", "goods", "words"),
    [("jpy", 40, "40 JPY"), ("kwd", 40000, "40.000 KWD"), ("isk", 4000, "40.00 ISK")],
)
def test_amounts_follow_the_smallest_unit_of_the_currency(
    currency: str, goods: int, words: str
) -> None:
    policy = PaymentPolicy(currency=currency)
    fits = {"currency": currency, "amount_subtotal": goods // 2}
    assert pay(priced(), policy, **fits) == []
    (note,) = pay(priced(), policy, **{**fits, "amount_subtotal": goods})
    assert words in note


def test_without_a_price_in_the_catalogue_only_the_currency_is_compared() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    assert pay(shop, amount_subtotal=999) == []
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    assert len(pay(shop, amount_subtotal=999, currency="eur")) == 1


def test_one_payment_of_two_sessions_for_two_holds_is_an_issue() -> None:
    shop = priced()
    shop.do(take("s2", t_M=1))
    take_in(shop, session("completed", "cs_A", status="paid"), USD)
    second = session("completed", "cs_B", "h-s2", "paid", payment_intent="pi_A")
    take_in(shop, second, USD)
    (issue,) = open_issues(shop)
    assert str(issue.concern) == "payment_reused"
    assert "h-s1" in issue.note
    assert "h-s2" in issue.note
    take_in(shop, session("async_payment_succeeded", "cs_B", "h-s2", payment_intent="pi_A"), USD)
    assert len(open_issues(shop)) == 1
    shop.audit()


@pytest.mark.parametrize("late", [False, True])
def test_one_payment_under_two_sessions_of_one_hold_is_never_paid_back(*, late: bool) -> None:
    shop = priced()
    policy = PaymentPolicy(currency="usd", refund_late=late)
    take_in(shop, session("completed", "cs_A", status="paid"), policy)
    take_in(shop, session("completed", "cs_B", status="paid", payment_intent="pi_A"), policy)
    assert open_issues(shop) == []
    assert not any(str(row.progress) == "due" for row in open_issues(shop))
    take_in(shop, session("completed", "cs_C", status="paid"), policy)
    assert [str(row.concern) for row in open_issues(shop)] == ["second_payment"]


async def paid_otherwise(till: Till, **changed: Any) -> list[dict[str, Any]]:
    """A checkout session whose event has another amount than requested. Returns the issues."""
    session_id: str = (await till.checkout(quantity=2)).json["sessionId"]
    till.fake_stripe.account.sessions[session_id] |= changed
    await till.act(session_id, "pay")
    return await till.issues()


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_subtotal": 5001, "amount_total": 5001},
        {"amount_subtotal": 2500, "amount_total": 2500},
        {"amount_subtotal": 0, "amount_total": 0},
        {"currency": "eur"},
    ],
    ids=str,
)
async def test_a_checkout_session_is_compared_to_the_cent(
    till: Till, changed: dict[str, Any]
) -> None:
    (issue,) = await paid_otherwise(till, **changed)
    assert issue["concern"] == CONCERN
    assert "due" in issue["note"] or "checkout was in" in issue["note"]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"amount_total": 4500, "total_details": DISCOUNT},
        {"amount_total": 5950, "total_details": {"amount_tax": 950}},
        {"amount_total": 0, "total_details": {"amount_discount": 5000}},
    ],
    ids=str,
)
async def test_discounts_and_taxes_are_not_a_difference(
    till: Till, changed: dict[str, Any]
) -> None:
    assert await paid_otherwise(till, **changed) == []


async def test_on_every_store_and_settled_by_the_owner(any_till: Till) -> None:
    shop = any_till.shop
    id_ = (await shop.reserve("b1", quantity=1)).json["reservation"]["id"]
    paid = event(
        "completed",
        "cs_1",
        payment_intent="pi_1",
        metadata={"reservationId": id_},
        amount_total=17400,
        currency="usd",
    )
    assert (await deliver(shop, paid)).json["outcome"] == "done"
    (issue,) = await any_till.issues()
    assert (issue["concern"], issue["payment"]) == (CONCERN, "pi_1")
    assert issue["lines"][0]["productId"] == HOODIE
    answer = await any_till.settle_issue(issueId=issue["id"], then="done", note="sent two more")
    assert answer.status == 200, answer
    listed = await shop.client.get("/api/payments/issues", OWNER)
    (row,) = listed.json["issues"]
    assert "174.00 USD" in row["note"]
    assert row["note"].endswith("sent two more")


async def test_reconciliation_compares_missed_payments(till: Till) -> None:
    session_id: str = (await till.checkout(quantity=2)).json["sessionId"]
    till.fake_stripe.account.sessions[session_id] |= {"amount_subtotal": 7500, "amount_total": 7500}
    till.cut()
    till.fake_stripe.act(session_id, "pay")
    till.fake_stripe.account.events.clear()
    await till.reconcile()
    (issue,) = await till.issues()
    assert issue["concern"] == CONCERN
