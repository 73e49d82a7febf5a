"""A long response costs its length once: it is not copied for a client, nor for a message."""

import json
from typing import Any

import pytest

from fancymonkey.engine.view.feed import LevelChange
from fancymonkey.web.http.pieces import Pieces
from fancymonkey.web.read_models import stock_listing
from fancymonkey.web.read_models.live_messages import ShopView
from fancymonkey.web.server import live_message
from fancymonkey.web.server.turns import Turns
from tests.web.fast_path_client import Transport, connection
from tests.web.server.test_fast_path import answers
from tests.web.shops import Shop

GET = b"GET /api/inventory/get HTTP/1.1\r\nHost: shop.test\r\n\r\n"


async def test_a_long_body_is_written_without_a_copy(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two clients on one connection gets it whole, behind its head."""
    monkeypatch.setattr(stock_listing, "LONG_BYTES", 100)
    pieces: list[list[Any]] = []

    def writelines(transport: Transport, parts: Any) -> None:
        pieces.append(list(parts))
        transport.write(b"".join(parts))

    monkeypatch.setattr(Transport, "writelines", writelines)
    protocol, transport = connection(shop.client.app)
    protocol.data_received(GET + GET)
    first, second = await answers(transport, protocol, 2)
    assert first.status == second.status == 200
    assert first.body == second.body == b"".join(pieces[0][1:])
    assert json.loads(first.body)["success"] is True
    assert len(pieces) == 2
    for piece, again in zip(pieces[0][1:], pieces[1][1:], strict=True):
        assert piece is again


async def test_a_long_body_goes_in_pieces_by_asgi_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = await shop.client.get("/api/inventory/get")
    monkeypatch.setattr(stock_listing, "LONG_BYTES", 100)
    shop.client.app._shop.listing._kept.clear()
    long = await shop.client.get("/api/inventory/get")
    assert long.body == short.body
    assert long.header("etag") == short.header("etag")
    assert long.header("content-length") == str(len(long.body))
    head = await shop.client.request("HEAD", "/api/inventory/get")
    assert (head.body, head.header("content-length")) == (b"", str(len(long.body)))


async def test_a_long_snapshot_has_the_pieces_of_the_response(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both forms of the live message have its JSON, and keep no copy of it."""
    context = shop.client.app._shop
    fresh = LevelChange(context.engine.view.revision, True, frozenset())
    short = ShopView(context.engine.view, context.listing, Turns()).of(fresh)
    monkeypatch.setattr(stock_listing, "LONG_BYTES", 100)
    monkeypatch.setattr(live_message, "PIECE", 64)
    context.listing._kept.clear()
    long = ShopView(context.engine.view, context.listing, Turns()).of(fresh)
    assert isinstance(long.body, Pieces)
    assert bytes(long.body) == short.body
    whole = context.listing.whole()
    assert list(map(id, long.body.parts[1:])) == list(map(id, whole.parts[1:]))
    events = list(long.events())
    assert b"".join(events) == long.head + bytes(short.body) + b"\n\n"
    assert max(map(len, events)) <= 64
    frames = list(long.long_frames())
    assert len(frames) > 10
    assert not long._frames
    assert b"".join(frame[2:] for frame in frames) == short.body
    opcodes = [frame[0] for frame in frames]
    assert opcodes == [0x01, *[0x00] * (len(frames) - 2), 0x80]
