"""A long response needs its memory once: it is not copied for a client, and old pieces are
freed.
"""

import weakref
from typing import Any

import pytest

from fancymonkey.web.read_models import stock_listing
from fancymonkey.web.read_models.stock_listing import StockListing
from fancymonkey.web.server import fast_path
from tests.web.fast_path_client import Transport, connection
from tests.web.server.test_fast_path import answers
from tests.web.shops import HOODIE, Shop

GET = b"GET /api/inventory/get HTTP/1.1\r\nHost: shop.test\r\n\r\n"


async def test_a_long_body_is_written_without_a_copy(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two clients on one connection gets it whole, behind its head."""
    monkeypatch.setattr(fast_path, "LONG_BYTES", 100)
    pieces: list[Any] = []
    usual = Transport.write

    def write(transport: Transport, data: Any) -> None:
        pieces.append(data)
        usual(transport, data)

    monkeypatch.setattr(Transport, "write", write)
    protocol, transport = connection(shop.client.app)
    protocol.data_received(GET + GET)
    first, second = await answers(transport, protocol, 2)
    assert first.status == second.status == 200
    assert first.body == second.body == pieces[1]
    assert pieces[1] is pieces[3]
    assert len(pieces) == 4


async def test_free_memory_is_returned_when_the_former_text_is_free(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JSON of the products is part of one text; a new text replaces all parts of the old."""
    monkeypatch.setattr(stock_listing, "SHARED_BYTES", 0)
    monkeypatch.setattr(stock_listing, "LONG_BYTES", 0)
    listing = StockListing(shop.engine, None)  # type: ignore[arg-type]
    listing.whole()
    former = [weakref.ref(card.body) for card in listing._cards.values()]
    alive: list[int] = []
    monkeypatch.setattr(
        stock_listing,
        "return_free_memory",
        lambda: alive.append(sum(part() is not None for part in former)),
    )
    body = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "cs_1"}
    assert (await shop.client.post("/api/inventory/reserve", body)).status == 200
    assert len(former) > 1
    listing.whole()
    assert alive == [0]
