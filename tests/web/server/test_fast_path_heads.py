"""Unusual heads: endless heads, and heads that request another protocol."""

import asyncio
import json

import pytest

from fancymonkey.web.server.heads import HEAD_MAX
from tests.web.fast_path_client import connection
from tests.web.server.test_fast_path import answers, request
from tests.web.shops import Shop

PIECE = 4 * 1024
H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
CHUNKED = b"POST /api/inventory/reserve HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /api/inventory/get HTTP/1.1\r\nHost: x\r\nX: ", b"a" * PIECE),
        (b"GET /api/inventory/get HTTP/1.1\r\nHost: x\r\n", b"x: y\r\n" * (PIECE // 6)),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"x: y\r\n" * (PIECE // 6)),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", b"x: y\r\n" * (PIECE // 6)),
    ],
    ids=["one long header", "many short ones", "past the short way", "behind the last chunk"],
)
async def test_a_head_without_an_end_is_cut_off(shop: Shop, begin: bytes, piece: bytes) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(begin)
    sent = 0
    while not transport.ended and sent < 2 * HEAD_MAX:
        protocol.data_received(piece)
        sent += len(piece)
        while protocol._later:  # reading is paused until then
            await asyncio.sleep(0)
    assert transport.ended
    assert b" 431 " in transport.written
    assert sent <= HEAD_MAX + PIECE


async def test_a_head_may_be_long_and_come_in_parts_among_others(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    whole = request("cs_1", "X: " + "a" * 30_000) + request("cs_2") * 3
    for at in range(0, len(whole), 5_000):
        protocol.data_received(whole[at : at + 5_000])
    assert [answer.status for answer in await answers(transport, protocol, 4)] == [200] * 4
    assert not transport.is_closing()


@pytest.mark.parametrize("path", ["/api/inventory/reserve", "/api/inventory/release"])
async def test_an_unsupported_upgrade_is_ignored(shop: Shop, path: str) -> None:
    """As Java's HttpClient does with every request: the body counts, and so do later requests."""
    await shop.reserve("cs_1")
    protocol, transport = connection(shop.client.app)
    protocol.data_received(request("cs_1", *H2C, path=path) + request("cs_2"))
    answers_read = await answers(transport, protocol, 2)
    assert [answer.status for answer in answers_read] == [200, 200]
    assert json.loads(answers_read[0].body)["reservation"]["sessionId"] == "cs_1"
    protocol.data_received(request("cs_3"))
    assert (await answers(transport, protocol, 3))[2].status == 200


async def test_it_may_come_in_parts_often_and_last(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    whole = request("cs_1", *H2C)
    for at in range(0, len(whole), 7):
        protocol.data_received(whole[at : at + 7])
    assert [answer.status for answer in await answers(transport, protocol, 1)] == [200]
    protocol.data_received(whole * 500)
    assert {answer.status for answer in await answers(transport, protocol, 501)} == {200}
    protocol.data_received(request("cs_1", "Connection: close, Upgrade", "Upgrade: h2c"))
    assert (await answers(transport, protocol, 502))[501].status == 200
    assert transport.is_closing()
