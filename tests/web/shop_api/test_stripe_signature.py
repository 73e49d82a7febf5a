"""Only a valid, recent Stripe signature over exactly these bytes is accepted."""

import json

import pytest

from fancymonkey.core.model import Event
from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.client import Answer
from tests.web.shops import START, WHSEC, Shop, running
from tests.web.signing import PATH, deliver, event, signature

NOW = START // 1000
BODY = json.dumps(event("completed", "cs_1")).encode()
RIGHT = signature(BODY, NOW)


async def send(shop: Shop, header: str | bytes, body: bytes = BODY) -> Answer:
    return await shop.client.post(PATH, body, {"Stripe-Signature": header})


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW},v1={RIGHT}",
        f"t={NOW},v1={RIGHT},v0=abc",
        f"v1={RIGHT},t={NOW}",
        f"t={NOW},v1={'0' * 64},v1={RIGHT}",
        f"t={NOW},v1={RIGHT},v1={'0' * 64}",
        f" t={NOW} , v1={RIGHT} ",
        f"t={NOW},v1={RIGHT},scheme=é,x",
    ],
)
async def test_a_right_one_is_believed(shop: Shop, header: str) -> None:
    assert (await send(shop, header)).status == 200


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"t",
        b"=",
        b",,,",
        b"v1=" + RIGHT.encode(),
        b"t=%d" % NOW,
        b"t=,v1=" + RIGHT.encode(),
        b"t=%d,v0=" % NOW + RIGHT.encode(),
        b"t=%d,v1=" % NOW,
        b"t=%d,V1=" % NOW + RIGHT.encode(),
        b"t=%d,v1=" % NOW + RIGHT.upper().encode(),
        b"t=%d,v1=" % NOW + RIGHT[:-1].encode(),
        b"t=%d,v1=" % NOW + RIGHT.encode() + b"0",
        b"t=%d;v1=" % NOW + RIGHT.encode(),
        "t=1,v1=é".encode(),
        b"t=%d,v1=\xe9" % NOW,
        b"\xff\xfe\x00",
        b"t=" + b"9" * 100 + b",v1=" + RIGHT.encode(),
        b"t=" + b"9" * 5000 + b",v1=" + RIGHT.encode(),
        b"t=-%d,v1=" % NOW + RIGHT.encode(),
        b"t=%d.0,v1=" % NOW + RIGHT.encode(),
        b"t=1e9,v1=" + RIGHT.encode(),
        "t=٣,v1=".encode() + RIGHT.encode(),
        b"t=%d,v1=" % (NOW + 1) + RIGHT.encode(),
        b"t=%d," % NOW + b"v1=0," * 100_000,
    ],
)
async def test_anything_else_is_400_and_nothing_is_stored(shop: Shop, header: bytes) -> None:
    await shop.reserve("cs_1")
    answer = await send(shop, header)
    assert (answer.status, answer.code) == (400, "bad_signature")
    assert [row async for row in shop.engine.store.scan(Event)] == []
    assert (await shop.size())["reserved"] == 1


async def test_no_signature_is_400(shop: Shop) -> None:
    answer = await shop.client.post(PATH, BODY)
    assert (answer.status, answer.code) == (400, "bad_signature")


@pytest.mark.parametrize(
    ("seconds", "status"), [(-301, 400), (-300, 200), (300, 200), (301, 400), (10**6, 400)]
)
async def test_a_signature_is_valid_five_minutes_before_and_after(
    shop: Shop, seconds: int, status: int
) -> None:
    at = NOW + seconds
    assert (await send(shop, f"t={at},v1={signature(BODY, at)}")).status == status


@pytest.mark.parametrize("body", [BODY + b" ", BODY.replace(b"paid", b"PAID"), b"", b"{}"])
async def test_the_signature_is_of_exactly_these_bytes(shop: Shop, body: bytes) -> None:
    assert (await send(shop, f"t={NOW},v1={RIGHT}", body)).status == 400


async def test_while_a_secret_is_rotated_the_old_and_the_new_one_count() -> None:
    async with running(MemoryStore(), stripe_webhook_secrets=("new", "old")) as shop:
        for number, (secret, status) in enumerate((("old", 200), ("new", 200), (WHSEC, 400))):
            paid = event("completed", "cs_1", id_=f"evt_{number}")
            assert (await deliver(shop, paid, secret)).status == status


async def test_without_a_secret_nothing_is_believed() -> None:
    async with running(MemoryStore(), stripe_webhook_secrets=()) as shop:
        answer = await deliver(shop, event("completed", "cs_1"), "")
        assert (answer.status, answer.code) == (503, "not_configured")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"id":"e"}',
        b'{"id":"","type":"x","data":{"object":{}}}',
        b"\xff",
    ],
)
async def test_a_signed_body_that_is_not_an_event_is_refused(shop: Shop, body: bytes) -> None:
    answer = await deliver(shop, body)
    assert answer.status in (400, 422)
    assert answer.json["success"] is False


@pytest.mark.parametrize(
    "thing",
    [
        {"object": "balance"},
        {"id": "pi_1", "object": "payment_intent", "metadata": {}},
        {"id": "cs_1", "metadata": {"reservationId": 7, "sessionId": ["x"]}},
        {"id": "cs_1", "metadata": None, "client_reference_id": None, "payment_status": None},
    ],
)
@pytest.mark.parametrize("kind", ["balance.available", "checkout.session.completed"])
async def test_events_about_other_things_are_taken_and_change_nothing(
    shop: Shop, kind: str, thing: dict[str, object]
) -> None:
    before = shop.engine.view.revision
    answer = await deliver(shop, {"id": "evt_1", "type": kind, "data": {"object": thing}})
    assert answer.status == 200
    assert answer.json["outcome"] in ("ignored", "unknown_session")
    assert shop.engine.view.revision == before
