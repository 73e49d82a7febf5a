"""The fast path past ASGI sends the same bytes as uvicorn, and takes only ordinary requests."""

import asyncio
import gc
import json
import weakref
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.server.fast_path import SHORT, FastPathProtocol, FastPathRequest
from fancymonkey.web.server.websocket import WebSocketServerProtocol
from tests.support.uvicorns import serving
from tests.web.client import Answer
from tests.web.fast_path_client import Parsed, Transport, connection
from tests.web.shops import HOODIE, ORIGIN, Shop, running

RESERVE = "/api/inventory/reserve"


def request(
    session: str,
    *headers: str,
    path: str = RESERVE,
    method: str = "POST",
    version: str = "1.1",
    quantity: Any = 1,
    padding: str = "",
) -> bytes:
    fields = {"productId": HOODIE, "size": "M", "quantity": quantity, "sessionId": session}
    body = json.dumps({**fields, "x": padding}).encode() if method == "POST" else b""
    lines = [f"{method} {path} HTTP/{version}", "Host: shop.test", *headers]
    if body and not any(line.lower().startswith("transfer-encoding") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def answers(
    transport: Transport, protocol: FastPathProtocol, count: int, *, head: bool = False
) -> list[Answer]:
    """The given number of answers, when they have arrived."""
    async with asyncio.timeout(30):
        while True:
            if transport.written.count(b"HTTP/1.1 ") >= count:  # otherwise the test shows nothing
                parsed = Parsed(head=head)
                parsed.feed(transport.written)
                if len(parsed.answers) >= count:
                    return parsed.answers
            transport.changed.clear()
            await transport.changed.wait()


async def test_the_short_way_is_taken_and_answers(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(request("cs_1"))
    assert isinstance(protocol.cycle, FastPathRequest)
    (answer,) = await answers(transport, protocol, 1)
    assert (answer.status, json.loads(answer.body)["success"]) == (200, True)
    assert not transport.is_closing()
    protocol.data_received(request("cs_2", quantity=0))
    assert isinstance(protocol.cycle, FastPathRequest)
    assert (await answers(transport, protocol, 2))[1].code == "invalid_request"


UNUSUAL = {
    "an older protocol": request("cs_1", version="1.0"),
    "the last request of a connection": request("cs_1", "Connection: close"),
    "expects an answer 100 Continue": request("cs_1", "Expect: 100-continue"),
    "in pieces": request("cs_1", "Transfer-Encoding: chunked").replace(
        b"\r\n\r\n", b"\r\n\r\n%x\r\n", 1
    ),
    "a long body": request("cs_1", padding="x" * SHORT),
    "another method": request("", method="DELETE"),
    "only the head": request("", method="HEAD", path="/api/inventory/get"),
    "spelled differently": request("cs_1", path="/api/inventory/%72eserve"),
    "with a fragment": request("", method="GET", path="/api/inventory/get?a#b"),
    "the whole address": request("cs_1", path=f"http://shop.test{RESERVE}"),
    "nobody's": request("cs_1", path="/nothing"),
    "the owner's": request("cs_1", path="/api/inventory/update"),
}


@pytest.mark.parametrize("what", UNUSUAL)
async def test_anything_unusual_goes_by_asgi(shop: Shop, what: str) -> None:
    protocol, _ = connection(shop.client.app)
    head, _, _ = UNUSUAL[what].partition(b"\r\n\r\n")
    protocol.data_received(head + b"\r\n\r\n")
    assert protocol.cycle is not None
    assert not isinstance(protocol.cycle, FastPathRequest)
    protocol.connection_lost(None)
    await asyncio.sleep(0)


SAME = {
    "a reserve": request("cs_1"),
    "a refusal": request("cs_1", quantity=1000),
    "no JSON": request("cs_1").replace(b'{"p', b"{{p"),
    "another origin's page": request("cs_1", f"Origin: {ORIGIN}"),
    "a stranger's page": request("cs_1", "Origin: https://evil.example"),
    "with a key": request("cs_1", "Idempotency-Key: one"),
    "with an impossible key": request("cs_1", "Idempotency-Key: o\xe9"),
    "a release of nothing": request("nobody", path="/api/inventory/release"),
    "the stock": request("", method="GET", path="/api/inventory/get"),
    "a part of the stock": request("", method="GET", path="/api/inventory/get?category=tees"),
    "a senseless question": request("", method="GET", path="/api/inventory/get?lowStockOnly=7"),
    "another method": request("", method="PUT"),
}


@pytest.mark.parametrize("what", SAME)
async def test_the_bytes_are_those_of_uvicorn(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fancymonkey.web.shop_api.inventory.new_reservation_id", lambda: "res_1")
    responses = []
    for http in (FastPathProtocol, "httptools"):
        async with running(MemoryStore()) as shop, serving(shop.client.app, http=http) as url:
            responses.append(_undated(await _exchange(url, SAME[what])))
    assert responses[0] == responses[1]
    assert responses[0].startswith(b"HTTP/1.1 ")


async def _exchange(url: str, raw: bytes) -> bytes:
    """The received bytes until the server is silent."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(30):
        data = await reader.read()
    writer.close()
    return data


def _undated(raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    assert any(line.startswith(b"date: ") for line in lines) or b"400" in lines[0]
    return b"\r\n".join(line for line in lines if not line.startswith(b"date: "))


async def test_pipelined_requests_are_answered_in_order(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(
        request("cs_1")
        + request("", method="GET", path="/healthz")
        + request("cs_2", quantity=1000)
        + request("", method="GET", path="/api/inventory/get")
        + request("cs_3")
    )
    answers_read = await answers(transport, protocol, 5)
    assert [answer.status for answer in answers_read] == [200, 200, 409, 200, 200]
    assert answers_read[0].json["reservation"]["sessionId"] == "cs_1"
    assert answers_read[4].json["reservation"]["sessionId"] == "cs_3"
    assert "inventory" in answers_read[3].json


async def test_byte_by_byte_is_the_same(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    for byte in request("cs_1"):
        protocol.data_received(bytes([byte]))
    (answer,) = await answers(transport, protocol, 1)
    assert answer.status == 200


async def test_an_early_disconnect_has_no_effect_and_a_late_one_keeps_the_hold(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(request("early")[:-1])
    protocol.connection_lost(None)
    await asyncio.sleep(0)
    protocol, transport = connection(shop.client.app)
    protocol.data_received(request("late"))
    protocol.connection_lost(None)
    await shop.engine.batcher.settle()
    assert transport.written == b""
    assert await shop.engine.store.reservation("early") is None
    assert await shop.engine.store.reservation("late") is not None


async def test_a_stop_finishes_begun_requests_and_closes_after_the_last(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(request("cs_1"))
    protocol.shutdown()
    assert not transport.is_closing()
    (answer,) = await answers(transport, protocol, 1)
    assert (answer.status, answer.header("connection")) == (200, "close")
    assert transport.is_closing()
    idle, transport = connection(shop.client.app)
    idle.shutdown()
    assert transport.is_closing()


async def test_limits_count_for_whom_a_trusted_proxy_names() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        app = shop.client.app
        behind, transport = connection(
            app, "10.0.0.1", proxy_headers=True, forwarded_allow_ips=["10.0.0.1"]
        )
        stranger, unheard = connection(
            app, "10.9.9.9", proxy_headers=True, forwarded_allow_ips=["10.0.0.1"]
        )
        for protocol in (behind, stranger):
            protocol.data_received(request("cs_1", "X-Forwarded-For: 198.51.100.4"))
            assert isinstance(protocol.cycle, FastPathRequest)
        await answers(transport, behind, 1)
        await answers(unheard, stranger, 1)
        assert set(app._limits._limits["buy"]._buckets) == {"198.51.100.4", "10.9.9.9"}


async def test_a_flood_gets_429_on_the_short_way_too() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        shop.client.app._limits._limits["buy"]._buckets["203.0.113.7"] = (0, shop.clock())
        protocol, transport = connection(shop.client.app)
        protocol.data_received(request("cs_1"))
        (answer,) = await answers(transport, protocol, 1)
        assert (answer.status, answer.header("retry-after")) == (429, "1")


async def test_an_endpoint_may_wait_for_anything(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes a task for code that needs its task, such as the timeouts of a database driver."""
    app = shop.client.app
    reserve = app._routes[RESERVE]["POST"]

    async def slow(*args: Any) -> Any:
        await asyncio.sleep(0)

        async def inside() -> Any:
            async with asyncio.timeout(30):
                await asyncio.sleep(0)
                return await reserve(*args)

        assert asyncio.current_task() is None
        return await asyncio.create_task(inside())

    monkeypatch.setattr(app, "_routes", {**app._routes, RESERVE: {"POST": slow}})
    protocol, transport = connection(app)
    asyncio.get_running_loop().call_soon(protocol.data_received, request("cs_1"))
    await asyncio.sleep(0)
    assert isinstance(protocol.cycle, FastPathRequest)
    (answer,) = await answers(transport, protocol, 1)
    assert answer.status == 200


async def test_a_connection_is_gone_when_it_is_closed(shop: Shop) -> None:
    """Without garbage collection, which a busy server runs rarely."""
    gc.collect()
    gc.disable()
    try:
        protocol, transport = connection(shop.client.app)
        protocol.data_received(request("cs_1"))
        await answers(transport, protocol, 1)
        protocol.connection_lost(None)
        await asyncio.sleep(0)
        gone = weakref.ref(protocol)
        del protocol, transport
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


async def test_a_socket_is_gone_when_it_is_closed(shop: Shop) -> None:
    config = uvicorn.Config(shop.client.app, log_config=None, interface="asgi3")
    config.load()
    gc.collect()
    gc.disable()
    try:
        state, transport = ServerState(), Transport()
        socket = WebSocketServerProtocol(config, state, {})
        transport.set_protocol(socket)  # as an event loop does
        socket.connection_made(transport)
        socket.data_received(
            b"GET /api/inventory/live HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        async with asyncio.timeout(30):
            while b"{" not in transport.written:
                transport.changed.clear()
                await transport.changed.wait()
        socket.connection_lost(None)
        transport.set_protocol(None)
        async with asyncio.timeout(30):
            while state.tasks:
                await asyncio.sleep(0)
        gone = weakref.ref(socket.conn)
        del socket, transport
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("wrong", ["Content-Length: 2", "Transfer-Encoding: chunked", "Host"])
async def test_a_malformed_handshake_gets_an_error_and_is_closed(shop: Shop, wrong: str) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.ws_protocol_class = WebSocketServerProtocol
    head = (
        f"GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{wrong}"
    )
    protocol.data_received(f"{head}\r\n\r\n{{}}".encode())
    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert (
        transport.is_closing() or transport.ended
    )  # bytes that are not HTTP are read a little longer
    for left in list(protocol.connections):  # as a stop of the service does
        left.shutdown()


async def test_a_bug_in_sending_closes_that_connection_only(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = connection(shop.client.app), connection(shop.client.app)

    def broken(data: bytes) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(first[1], "write", broken)
    first[0].data_received(request("cs_1"))
    second[0].data_received(request("cs_2"))
    (answer,) = await answers(second[1], second[0], 1)
    assert answer.status == 200
    assert first[1].is_closing()
    assert "a bug" in caplog.text
