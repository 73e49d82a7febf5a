"""Clients that do not finish a request, do not read, or stay idle are disconnected."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from fancymonkey.web.server import timeouts
from fancymonkey.web.server.fast_path import FastPathProtocol
from fancymonkey.web.server.timeouts import (
    BODY_RATE,
    BODY_SECONDS,
    BODY_TOTAL_SECONDS,
    HEAD_SECONDS,
    TAKEN_LEAST,
)
from tests.web.fast_path_client import Transport, connection
from tests.web.server.test_fast_path import RESERVE, answers, request
from tests.web.shops import Shop


def wait(protocol: FastPathProtocol, seconds: float) -> None:
    """Lets the timer fire as after this time."""
    if protocol._due is not None:
        protocol._due -= seconds
    if protocol._body_began is not None:
        protocol._body_began -= seconds
    protocol.timeout_keep_alive_handler()


@pytest.fixture
async def open_one(shop: Shop) -> tuple[FastPathProtocol, Transport]:
    """A connection without any received bytes."""
    return connection(shop.client.app)


async def test_a_silent_connection_is_closed(open_one: tuple[FastPathProtocol, Transport]) -> None:
    protocol, transport = open_one
    wait(protocol, HEAD_SECONDS - 1)
    assert not transport.is_closing()
    wait(protocol, 1.1)
    assert transport.is_closing()
    assert transport.written == b""


async def test_a_head_that_arrives_too_slowly_is_cut_off(
    open_one: tuple[FastPathProtocol, Transport],
) -> None:
    protocol, transport = open_one
    whole = request("cs_1")
    for at in range(10):
        protocol.data_received(whole[at : at + 1])
        wait(protocol, HEAD_SECONDS / 10 + 0.1)
        if transport.is_closing():
            break
    assert transport.is_closing()
    assert transport.written.startswith(b"HTTP/1.1 408 ")


async def test_a_body_may_be_slow_if_it_keeps_the_rate(
    shop: Shop, open_one: tuple[FastPathProtocol, Transport]
) -> None:
    protocol, transport = open_one
    whole = request("cs_1", padding="x" * 60_000)
    head = whole.index(b"\r\n\r\n") + 4
    protocol.data_received(whole[:head])
    step = int(BODY_RATE * (BODY_SECONDS - 1)) + 1
    for at in range(head, len(whole) - 1, step):
        wait(protocol, BODY_SECONDS - 1)
        assert not transport.is_closing()
        protocol.data_received(whole[at : min(at + step, len(whole) - 1)])
    protocol.data_received(whole[-1:])
    (answer,) = await answers(transport, protocol, 1)
    assert answer.status == 200


@pytest.mark.parametrize("path", [RESERVE, "/api/inventory/update", "/api/admin/import"])
@pytest.mark.parametrize("pause", [0.5, 5, BODY_SECONDS - 1])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_below_the_rate_gets_408_and_is_cut_off(
    open_one: tuple[FastPathProtocol, Transport], path: str, pause: float, chunked: bool
) -> None:
    protocol, transport = open_one
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 90000"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n"
    protocol.data_received(head.encode())
    waited = 0.0
    while not transport.is_closing() and waited < 4 * BODY_SECONDS:
        protocol.data_received(b"1\r\n \r\n" if chunked else b" ")
        wait(protocol, pause)
        waited += pause
    assert transport.is_closing()
    assert waited <= 2 * BODY_SECONDS + pause
    assert transport.written.startswith(b"HTTP/1.1 408 ")
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks, return_exceptions=True)


async def test_a_body_has_an_end_at_any_rate(open_one: tuple[FastPathProtocol, Transport]) -> None:
    protocol, transport = open_one
    head = b"POST /api/admin/import HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n"
    protocol.data_received(head)
    waited = 0.0
    while not transport.is_closing():
        protocol.flow._wanted, protocol.flow.read_paused = True, False  # as if it were all read
        protocol.data_received(b" " * 64_000)
        await asyncio.sleep(0)
        wait(protocol, BODY_SECONDS - 1)
        waited += BODY_SECONDS - 1
        assert waited < 2 * BODY_TOTAL_SECONDS
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks, return_exceptions=True)


async def test_a_body_that_the_server_stops_reading_has_no_deadline(
    open_one: tuple[FastPathProtocol, Transport],
) -> None:
    protocol, transport = open_one
    head = b"POST /api/inventory/update HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n"
    protocol.data_received(head + b" " * 100)
    protocol.flow.pause_reading()
    wait(protocol, 10 * BODY_SECONDS)
    assert not transport.is_closing()
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks, return_exceptions=True)


@pytest.mark.parametrize("path", [RESERVE, "/api/inventory/update"])
async def test_a_body_that_stops_is_cut_off_and_changes_nothing(
    shop: Shop, open_one: tuple[FastPathProtocol, Transport], path: str
) -> None:
    protocol, transport = open_one
    protocol.data_received(request("cs_1", path=path)[:-1])
    wait(protocol, BODY_SECONDS - 1)
    assert not transport.is_closing()
    wait(protocol, 1.1)
    assert transport.is_closing()
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks, return_exceptions=True)
    assert await shop.engine.store.reservation("cs_1") is None


async def test_a_client_that_waits_for_the_server_is_not_cut_off(
    shop: Shop, open_one: tuple[FastPathProtocol, Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol, transport = open_one
    bell, app = asyncio.Event(), shop.client.app
    reserve = app._routes[RESERVE]["POST"]

    async def slow(*args: Any) -> Any:
        await bell.wait()
        return await reserve(*args)

    monkeypatch.setattr(app, "_routes", {**app._routes, RESERVE: {"POST": slow}})
    protocol.data_received(request("cs_1"))
    wait(protocol, 10**6)
    assert not transport.is_closing()
    bell.set()
    assert len(await answers(transport, protocol, 1)) == 1
    wait(protocol, protocol.timeout_keep_alive + 0.1)  # and then nothing more comes
    assert transport.is_closing()


async def test_an_idle_connection_is_closed_in_time_though_the_first_timer_was_longer(
    shop: Shop,
) -> None:
    protocol, transport = connection(shop.client.app, timeout_keep_alive=0.05)
    protocol.data_received(request("cs_1"))
    await answers(transport, protocol, 1)
    async with asyncio.timeout(30):
        while not transport.is_closing():
            transport.changed.clear()
            await transport.changed.wait()


async def test_one_timer_serves_many_requests(open_one: tuple[FastPathProtocol, Transport]) -> None:
    protocol, transport = open_one
    timers = set()
    for number in range(20):
        protocol.data_received(request(f"cs_{number}"))
        await answers(transport, protocol, number + 1)
        timers.add(id(protocol.timeout_keep_alive_task))
    assert len(timers) == 1
    protocol.timeout_keep_alive_handler()  # too early: the timer is only set again
    assert not transport.is_closing()
    assert protocol.timeout_keep_alive_task is not None
    protocol.connection_lost(None)
    assert protocol.timeout_keep_alive_task is None


async def test_a_web_socket_has_no_deadlines_of_http(
    open_one: tuple[FastPathProtocol, Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol, transport = open_one
    monkeypatch.setattr(HttpToolsProtocol, "handle_websocket_upgrade", lambda self: None)
    protocol.handle_websocket_upgrade()
    assert protocol.timeout_keep_alive_task is None
    assert not transport.is_closing()
    assert protocol._next_look is None


async def test_a_client_that_does_not_read_is_cut_off(
    open_one: tuple[FastPathProtocol, Transport],
) -> None:
    protocol, transport = open_one
    protocol.pause_writing()
    transport.unread = 3 * TAKEN_LEAST
    protocol._look()
    for _ in range(2):  # slowly, but it continues
        transport.unread -= TAKEN_LEAST
        protocol._look()
        assert not transport.aborted
    transport.unread -= TAKEN_LEAST - 1
    protocol._look()
    assert transport.aborted


async def test_each_answer_that_waits_has_its_time(
    open_one: tuple[FastPathProtocol, Transport],
) -> None:
    protocol, transport = open_one
    transport.unread = TAKEN_LEAST + 1
    for _ in range(5):
        protocol.pause_writing()
        protocol._look()
        protocol.resume_writing()
        protocol._look()
        protocol.pause_writing()
        protocol._look()
        protocol.resume_writing()
    assert not transport.is_closing()


async def test_a_pending_close_does_not_keep_a_connection_open(
    open_one: tuple[FastPathProtocol, Transport],
) -> None:
    protocol, transport = open_one
    transport.unread = 40
    transport.close()
    protocol._look()
    assert not transport.aborted
    protocol._look()
    assert transport.aborted


async def test_the_end_of_a_connection_cancels_its_timer(
    open_one: tuple[FastPathProtocol, Transport],
) -> None:
    protocol, _ = open_one
    assert protocol._next_look is not None
    protocol.connection_lost(None)
    assert protocol._next_look is None


async def large(scope: Any, receive: Any, send: Any) -> None:
    """Answers more than the kernel takes."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(20_000_000)})


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"])
async def test_an_unread_answer_is_not_kept(monkeypatch: pytest.MonkeyPatch, last: bytes) -> None:
    monkeypatch.setattr(timeouts, "LOOK_SECONDS", 0.1)
    config = uvicorn.Config(large, http=FastPathProtocol, lifespan="off", log_config=None)
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: FastPathProtocol(config, state, {}), "127.0.0.1", 0)
    async with server:
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, server.sockets[0].getsockname())
            await loop.sock_sendall(sock, b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % last)
            async with asyncio.timeout(10):
                while not state.total_requests:
                    await asyncio.sleep(0.01)
                while state.connections:
                    await asyncio.sleep(0.01)
