"""Live listeners whose connections belong to the audience: no task, no leak, a clean end."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from fancymonkey.web.server import audience, wires
from fancymonkey.web.server.fast_path import FastPathProtocol
from fancymonkey.web.server.pace import Pace
from fancymonkey.web.server.websocket import WebSocketServerProtocol
from tests.support.uvicorns import serving
from tests.web.shops import Shop

SECONDS = 10.0
LIVE = b"/api/inventory/live"
EVENTS = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
SOCKET = (
    b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
BOTH = pytest.mark.parametrize("request_", [EVENTS, SOCKET], ids=["events", "sockets"])


@pytest.fixture
async def server(shop: Shop) -> AsyncIterator[str]:
    async with serving(shop.client.app, http=FastPathProtocol, ws=WebSocketServerProtocol) as url:
        yield url


class Raw:
    """A plain connection that reads when the test does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.text = b""

    async def until(self, seen: Callable[[bytes], bool]) -> bytes:
        """Reads until the text contains the expected text; returns it."""
        async with asyncio.timeout(SECONDS):
            while not seen(self.text):
                data = await self.reader.read(1 << 16)
                assert data, self.text[-200:]
                self.text += data
        return self.text

    async def to_end(self) -> bytes:
        async with asyncio.timeout(SECONDS):
            while data := await self.reader.read(1 << 16):
                self.text += data
        return self.text


@asynccontextmanager
async def listening(url: str, request: bytes, *, unread: bool = False) -> AsyncIterator[Raw]:
    host, port = url.removeprefix("http://").split(":")
    plain = sockets.socket()
    if unread:
        plain.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    plain.connect((host, int(port)))
    reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
    writer.write(request)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


async def count(shop: Shop, listeners: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(shop.engine.feed) != listeners:
            await asyncio.sleep(0.005)


def snapshot(text: bytes) -> bool:
    return b'"revision":' in text


@BOTH
async def test_an_idle_listener_has_no_task(shop: Shop, server: str, request_: bytes) -> None:
    async with listening(server, request_ % LIVE) as first:
        await first.until(snapshot)
        before = len(asyncio.all_tasks())
        others = [listening(server, request_ % LIVE) for _ in range(10)]
        raws = [await other.__aenter__() for other in others]
        for raw in raws:
            await raw.until(snapshot)
        async with asyncio.timeout(SECONDS):
            while len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0.005)
        assert len(shop.engine.feed) == 11
        for raw in raws:
            raw.writer.close()
        await count(shop, 1)
    await count(shop, 0)


async def test_bytes_after_the_request_are_ignored(shop: Shop, server: str) -> None:
    async with listening(server, EVENTS % LIVE + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as raw:
        await raw.until(snapshot)
        raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        await shop.reserve("cs_1")
        text = await raw.until(lambda text: b"event: change" in text)
        assert text.count(b"HTTP/1.1 200") == 1
    await count(shop, 0)


async def test_messages_of_a_socket_do_not_pile_up(shop: Shop, server: str) -> None:
    frame = b"\x81\xfe\xff\xff\x00\x00\x00\x00" + b"x" * 65_535  # masked with zeros
    async with listening(server, SOCKET % LIVE) as raw:
        await raw.until(snapshot)
        (protocol,) = [
            item
            for item in list(shop.client.app.crowd._all)
            if getattr(item, "_socket", None) is not None
        ]
        for _ in range(50):
            raw.writer.write(frame)
            async with asyncio.timeout(SECONDS):
                await raw.writer.drain()
        await shop.reserve("cs_1")
        await raw.until(lambda text: b'"type":"change"' in text)
        assert protocol._socket.queue.empty()
    await count(shop, 0)


@BOTH
async def test_an_end_of_the_feed_is_an_orderly_end(
    shop: Shop, server: str, request_: bytes
) -> None:
    async with listening(server, request_ % LIVE) as raw:
        await raw.until(snapshot)
        shop.engine.feed.close()
        text = await raw.to_end()
        if request_ is EVENTS:
            assert text.endswith(b"\r\n0\r\n\r\n")
        else:
            assert text[-4:] == b"\x88\x02\x03\xf4"  # a close frame with 1012
    await count(shop, 0)


@BOTH
async def test_a_listener_that_reads_late_gets_the_last_state_only(
    shop: Shop, server: str, request_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages are padded, so that the buffers of the kernel are soon full."""
    monkeypatch.setattr(audience, "SEND_SECONDS", 60.0)
    pad_changes(shop, monkeypatch)
    async with (
        listening(server, request_ % LIVE, unread=True) as slow,
        listening(server, request_ % LIVE) as quick,
    ):
        await quick.until(snapshot)
        await fill(shop, quick, lambda: unread(shop) == 1)
        written = len(quick.text)
        for number in range(10):
            await shop.reserve("cs_late", "L", number % 5 + 1)
            await asyncio.sleep(0.1)
        await shop.reserve("cs_late", "L", 7)
        last = b'"revision":%d' % shop.engine.view.revision
        await quick.until(lambda text: last in text)
        text = await slow.until(lambda text: last in text)
        assert len(text) < len(quick.text)
        assert text.count(b'"type":"change"') < quick.text.count(b'"type":"change"')
        assert written < len(quick.text)


@BOTH
async def test_a_listener_that_never_reads_is_dropped(
    shop: Shop, server: str, request_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "SEND_SECONDS", 0.3)
    monkeypatch.setattr(audience, "SEND_RATE", 1e9)
    pad_changes(shop, monkeypatch)
    async with (
        listening(server, request_ % LIVE, unread=True),
        listening(server, request_ % LIVE) as quick,
    ):
        await quick.until(snapshot)
        await count(shop, 2)
        await fill(shop, quick, lambda: len(shop.engine.feed) == 1)
        await shop.reserve("cs_1", "L")
        last = b'"revision":%d' % shop.engine.view.revision
        await quick.until(lambda text: last in text)


@BOTH
async def test_a_long_message_in_pieces_is_the_same(
    shop: Shop, server: str, request_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wires, "DIRECT", 10)
    monkeypatch.setattr("fancymonkey.web.server.live_message.PIECE", 100)
    whole = (await shop.client.get("/api/inventory/get")).body[1:]
    async with listening(server, request_ % LIVE) as raw:
        end = b'"revision":%d}' % shop.engine.view.revision
        text = await raw.until(lambda text: end in joined(text, request_))
        assert whole in joined(text, request_)
        await shop.reserve("cs_1", "M", 3)
        text = await raw.until(lambda text: b'"reserved":3' in joined(text, request_))
    await count(shop, 0)


def joined(text: bytes, request: bytes) -> bytes:
    """The payload of chunks or frames of at most 125 bytes."""
    body = text.partition(b"\r\n\r\n")[2]
    payload = b""
    while body:
        if request is EVENTS:
            size, _, body = body.partition(b"\r\n")
            length, after = int(size or b"0", 16), 2
        else:
            length, after = body[1] if len(body) > 1 else 0, 0
            body = body[2:]
        payload += body[:length]
        body = body[length + after :]
    return payload


def pad_changes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes each change 200 KB long, and sends them at once."""
    monkeypatch.setattr(Pace, "wait", lambda self, now: 0.0)
    view = "fancymonkey.web.read_models.live_messages.ShopChange"
    padding = json.dumps("x" * 200_000).encode()

    def padded(self: object, revision: int) -> bytes:
        return b'{"type":"change","revision":%d,"padding":%b}' % (revision, padding)

    monkeypatch.setattr(f"{view}.json", padded)


def unread(shop: Shop) -> int:
    """The number of connections with unsent output."""
    return sum(
        bool(guest.transport.get_write_buffer_size())  # type: ignore[attr-defined]
        for guest in shop.client.app.crowd._all
    )


async def fill(shop: Shop, quick: Raw, full: Callable[[], bool]) -> None:
    """Changes something until the buffers of the listener that does not read are full."""
    async with asyncio.timeout(60):
        number = 0
        while not full():
            number += 1
            await shop.reserve("cs_fill", "M", number % 5 + 1)
            last = b'"revision":%d' % shop.engine.view.revision
            await quick.until(lambda text, last=last: last in text[-400_000:])  # type: ignore[misc]
