"""Answers that are not Stripe's: a proxy's page, another shape, nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from fancymonkey.errors import PaymentUnknown
from fancymonkey.payments.gateway import Gateway
from fancymonkey.store.in_memory.store import MemoryStore
from tests.support.uvicorns import serving
from tests.web.shops import HOODIE, running

SESSION = b"""{"id": "cs_1", "object": "checkout.session", "url": null, "status": "open",
 "payment_status": "unpaid", "created": 1, "expires_at": 2, "metadata": {}}"""
BODIES = [
    b"",
    b"<html>",
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"{}",
    SESSION.replace(b'"cs_1"', b"null"),
    SESSION.replace(b'"cs_1"', b"7"),
    SESSION.replace(b"{}", b'["a"]'),
    SESSION.replace(b"2,", b'"soon",'),
    SESSION.replace(b"2,", b"1e999,"),
]


@dataclass
class Stranger:
    """An HTTP server that answers everything with the same body."""

    body: bytes = b""
    url: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        kind = (b"content-type", b"application/json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": self.body})


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    made = Stranger()
    async with serving(made) as made.url:
        yield made


@pytest.mark.parametrize("body", BODIES)
async def test_a_buyer_gets_a_clear_answer_and_keeps_the_hold(
    stranger: Stranger, body: bytes
) -> None:
    stranger.body = body
    settings: dict[str, Any] = {"stripe_secret_key": "sk_test_x", "stripe_api_base": stranger.url}
    async with running(MemoryStore(), **settings) as shop:
        answer = await shop.client.post("/api/checkout", {"productId": HOODIE, "size": "M"})
        assert (answer.status, answer.code) == (503, "payment_unavailable"), answer
        assert answer.json["reservation"]["size"] == "M"
        assert (await shop.size())["reserved"] == 1
        await shop.client.app._shop.checkouts.close()


@pytest.mark.parametrize("body", [*BODIES[1:7], b'{"data": 5}', b'{"data": [5]}'])
async def test_lists_and_refunds_that_are_none(stranger: Stranger, body: bytes) -> None:
    stranger.body = body
    gateway = Gateway("sk_test_x", stranger.url)
    with pytest.raises(PaymentUnknown):
        [row async for row in gateway.sessions(0)]
    with pytest.raises(PaymentUnknown):
        [row async for row in gateway.events(0, ("a",))]
    with pytest.raises(PaymentUnknown):
        await gateway.refund("pi_1", "key")
    await gateway.close()
