"""Bundles at the checkout: one line for Stripe, their parts sold, refunded and counted."""

from tests.payments.conftest import Till
from tests.web.admin_api.test_bundles import HOODIE_AND_TEE, SET, TEE, add, choose, option
from tests.web.shops import HOODIE

OS = {"product": SET, "size": "OS"}


async def test_a_bundle_is_one_line_for_stripe_and_its_parts_are_sold(any_till: Till) -> None:
    till = any_till
    await add(till.shop, HOODIE_AND_TEE)
    body = {"productId": SET, "size": "OS", "quantity": 2, "sessionId": "buyer-1"}
    answer = await till.shop.client.post("/api/checkout", body)
    assert answer.status == 200, answer
    (session,) = till.sessions
    (line,) = till.fake_stripe.account.lines[session["id"]]
    assert line["quantity"] == 2
    assert (await till.shop.size("M", TEE))["reserved"] == 4
    await till.act(answer.json["sessionId"], "pay")
    assert (await till.shop.size("M", TEE))["stock"] == 96
    assert (await till.shop.size("M", HOODIE))["stock"] == 18
    row = await till.shop.size("OS", SET)
    assert (row["available"], row["reserved"]) == (18, 0)
    assert await till.issues() == []
    await till.shop.check()


async def test_other_choices_of_the_same_set_are_another_checkout(till: Till) -> None:
    await add(till.shop, choose(2, option(HOODIE, "S", 2), option(HOODIE, "M", 2)))
    picked = {"productId": SET, "size": "OS", "sessionId": "buyer-1"}

    def parts(**units: int) -> list[dict[str, object]]:
        return [
            {"productId": HOODIE, "size": size, "quantity": count} for size, count in units.items()
        ]

    first = await till.shop.client.post("/api/checkout", {**picked, "choices": parts(S=2)})
    again = await till.shop.client.post("/api/checkout", {**picked, "choices": parts(S=2)})
    assert (first.status, again.status) == (200, 200)
    assert first.json["sessionId"] == again.json["sessionId"]
    other = await till.shop.client.post("/api/checkout", {**picked, "choices": parts(S=1, M=1)})
    assert other.status == 200, other
    assert other.json["sessionId"] != first.json["sessionId"]
    assert (await till.shop.size("S"))["reserved"] == 1
    assert (await till.shop.size("M"))["reserved"] == 1
    without = await till.shop.client.post("/api/checkout", {**picked, "sessionId": "buyer-2"})
    assert (without.status, without.code) == (422, "invalid_choices")
    await till.shop.check()
