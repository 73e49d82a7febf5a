"""Webhooks: signatures that receivers can verify, retries, the log, secrets, deactivation."""

import hashlib
import hmac
import json
import time

import pytest
import stripe

from fancymonkey.alerts.backoff import HOUR
from fancymonkey.alerts.signing import HEADER, sign
from fancymonkey.alerts.webhooks import MOST, TooManyWebhooks, UnknownWebhook
from fancymonkey.core.dates import DAY_MS
from tests.alerts.alert_shop import SKU, AlertShop, alert_shop
from tests.alerts.receivers import HttpReceiver, Request
from tests.web.shops import HOODIE

STOCK = ("stock.low", "stock.out", "stock.restocked")


async def settle(shop: AlertShop, rounds: int = 3) -> None:
    for _ in range(rounds):
        await shop.look(5)


def types(receiver: HttpReceiver) -> list[str]:
    return [json.loads(request.body)["type"] for request in receiver.requests]


def header(request: Request) -> str:
    return request.headers[HEADER.lower()]


async def test_the_library_of_stripe_takes_the_signature() -> None:
    """The check of the library itself reads the same scheme."""
    async with alert_shop() as shop, HttpReceiver() as receiver:
        _, made = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        await shop.move(-16)
        await settle(shop)
        (request,) = receiver.requests
    secret = made.secrets[0].text
    check = stripe.WebhookSignature.verify_header
    payload = request.body.decode()
    assert check(payload, header(request), secret)
    with pytest.raises(stripe.SignatureVerificationError):
        check(payload + " ", header(request), secret)
    with pytest.raises(stripe.SignatureVerificationError):
        check(payload, header(request), secret + "x")
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        check(payload, header(request), secret, tolerance=300)  # the clock of the test is in 2025


def test_the_signature_by_hand() -> None:
    signed = sign(b'{"a":1}', 1_700_000_000, ["whsec_a", "whsec_b"])
    time_part, first, second = signed.split(",")
    assert time_part == "t=1700000000"
    for part, key in ((first, b"whsec_a"), (second, b"whsec_b")):
        wanted = hmac.new(key, b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
        assert part == f"v1={wanted}"
    fresh = sign(b"{}", int(time.time()), ["k"])
    assert stripe.WebhookSignature.verify_header("{}", fresh, "k", tolerance=300)


async def test_only_chosen_events_are_sent_each_with_its_numbers() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver, HttpReceiver() as other:
        await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        await shop.alerts.webhooks.add(other.url, ["stock.changed"], "")
        await shop.move(-16)
        await settle(shop)
        await shop.move(+16)
        await settle(shop)
        assert types(receiver) == ["stock.low"]
        assert types(other) == ["stock.changed", "stock.changed"]
        data = json.loads(other.requests[-1].body)["data"]
        assert (data["sku"], data["stock"], data["available"]) == (SKU, 20, 20)
        assert (data["productId"], data["size"]) == (HOODIE, "M")


async def test_holds_and_sales() -> None:
    wanted = ["hold.created", "hold.changed", "hold.ended", "order.captured"]
    async with alert_shop() as shop, HttpReceiver() as receiver:
        await shop.alerts.webhooks.add(receiver.url, wanted, "")
        await shop.hold("a", 2)
        await settle(shop)
        await shop.hold("a", 3)
        await settle(shop)
        await shop.pay("a")
        await settle(shop)
        await shop.hold("b", 1)
        await settle(shop)
        await shop.release("b")
        await settle(shop)
        await shop.hold("c", 1)
        shop.clock.forward(1801)
        await settle(shop)
        await shop.hold("d", 1)  # which ends the old secret
        await settle(shop)
        payloads = [json.loads(request.body) for request in receiver.requests]
    by_hold: dict[str, list[str]] = {}
    for payload in sorted(payloads, key=lambda payload: payload["at"]):
        why = payload["data"].get("why")
        by_hold.setdefault(payload["data"]["holdId"], []).append(
            f"{payload['type']}:{why}" if why else payload["type"]
        )
    assert by_hold["a"][:2] == ["hold.created", "hold.changed"]
    assert sorted(by_hold["a"][2:]) == ["hold.ended:captured", "order.captured"]
    assert by_hold["b"] == ["hold.created", "hold.ended:released"]
    assert "hold.ended:expired" in by_hold["c"]
    (order,) = [payload for payload in payloads if payload["type"] == "order.captured"]
    assert order["data"]["paymentId"] == "cs_a"
    assert order["data"]["lines"] == [
        {"productId": HOODIE, "size": "M", "sku": SKU, "quantity": 3, "backordered": 0}
    ]


async def test_it_is_tried_again_with_the_same_id_and_ends_in_the_log() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver:
        receiver.answer = (503, {}, b"")
        id_, _ = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        await shop.move(-16)
        await shop.look(1)
        assert (await shop.alerts.webhooks.get(id_)).value.failing_since is not None
        receiver.answer = (204, {}, b"")
        await shop.look(120)
        await settle(shop)
        assert len(receiver.requests) == 2
        assert len({json.loads(request.body)["id"] for request in receiver.requests}) == 1
        assert len({request.body for request in receiver.requests}) == 1
        (over,) = [stored.value for stored in await shop.log() if stored.value.target == id_]
        assert (over.state, over.tries) == ("done", 2)
        assert [attempt.status for attempt in over.attempts] == [503, 204]
        assert (await shop.alerts.webhooks.get(id_)).value.failing_since is None


async def test_a_delivery_can_be_sent_again_as_the_same_event() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver:
        id_, _ = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        await shop.move(-16)
        await settle(shop)
        (over,) = [stored for stored in await shop.log() if stored.value.target == id_]
        assert await shop.alerts.redeliver(over.name) != over.name
        await settle(shop)
        first, second = receiver.requests
        assert first.body == second.body
        assert first.headers["fancymonkey-delivery"] != second.headers["fancymonkey-delivery"]
        for unknown in ("dlv_nothing", ""):
            with pytest.raises(UnknownWebhook):
                await shop.alerts.redeliver(unknown)
        await shop.alerts.webhooks.remove(id_)
        with pytest.raises(UnknownWebhook):
            await shop.alerts.redeliver(over.name)


async def test_a_rotated_secret_counts_beside_the_old_one_for_a_while() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver:
        id_, made = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        old = made.secrets[0].text
        new = (await shop.alerts.webhooks.rotate(id_, 24)).secrets[0].text
        await shop.alerts.ping(id_)
        await settle(shop)
        shop.clock.forward(25 * 3600)
        await shop.alerts.ping(id_)
        await settle(shop)
        both, alone = receiver.requests
        check = stripe.WebhookSignature.verify_header
        assert check(both.body.decode(), header(both), old)
        assert check(both.body.decode(), header(both), new)
        assert check(alone.body.decode(), header(alone), new)
        with pytest.raises(stripe.SignatureVerificationError):
            check(alone.body.decode(), header(alone), old)
        assert types(receiver) == ["ping", "ping"]
        assert (await shop.alerts.webhooks.rotate(id_, 0)).secrets[1:] == []


async def test_an_endpoint_that_fails_for_days_is_switched_off_and_reported() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver:
        receiver.answer = (500, {}, b"")
        id_, _ = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        for day in range(5):
            await shop.move(-16 if day % 2 == 0 else 16)
            for _ in range(12):
                await shop.look(2 * HOUR // 1000)
        webhook = (await shop.alerts.webhooks.get(id_)).value
        assert (webhook.active, webhook.off_because) == (
            False,
            "The endpoint responded with status 500.",
        )
        messages = [message for message in shop.channel.sent_types if "webhook.off" in message]
        assert len(messages) == 1
        assert not [stored for stored in await shop.waiting() if stored.value.target == id_]
        count = len(receiver.requests)
        await shop.move(-4)
        await settle(shop)
        assert len(receiver.requests) == count
        receiver.answer = (200, {}, b"")
        await shop.alerts.webhooks.change(id_, active=True)
        assert (await shop.alerts.webhooks.get(id_)).value.failing_since is None
        await shop.move(+20)
        await settle(shop)
        assert len(receiver.requests) == count + 1


async def test_a_dead_endpoint_is_given_up_after_a_day_and_rests_in_between() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver:
        receiver.answer = (500, {}, b"")
        id_, _ = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        await shop.move(-16)
        for _ in range(26 * 12):
            await shop.look(300)
        (over,) = [stored.value for stored in await shop.log() if stored.value.target == id_]
        assert over.state == "failed"
        assert 8 <= over.tries <= 12
        assert over.attempts[-1].at - over.made_at >= DAY_MS


async def test_waiting_deliveries_of_a_removed_endpoint_are_dropped() -> None:
    async with alert_shop() as shop, HttpReceiver() as receiver:
        receiver.answer = (500, {}, b"")
        id_, _ = await shop.alerts.webhooks.add(receiver.url, STOCK, "")
        await shop.move(-16)
        await shop.look(1)
        await shop.alerts.webhooks.remove(id_)
        await settle(shop, 5)
        (over,) = [stored.value for stored in await shop.log() if stored.value.target == id_]
        assert over.state == "dropped"


async def test_there_is_an_end_to_how_many_there_may_be() -> None:
    async with alert_shop() as shop:
        for number in range(MOST):
            await shop.alerts.webhooks.add(f"http://127.0.0.1/{number}", STOCK, "")
        with pytest.raises(TooManyWebhooks):
            await shop.alerts.webhooks.add("http://127.0.0.1/x", STOCK, "")
