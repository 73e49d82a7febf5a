"""The owner's live rows end with the right to read them, by a clean close that pages reopen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fancymonkey.errors import StoreUnavailable
from fancymonkey.web.admin_api.stock import stock_live
from tests.accounts.client import Visitor
from tests.web.shops import Shop

LIVE = "/api/admin/inventory/live"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right to listen is checked repeatedly."""
    monkeypatch.setattr(stock_live, "CHECK_SECONDS", 0.02)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(shop: Shop, visitor: Visitor) -> AsyncIterator[list[dict[str, Any]]]:
    """A listener with a cookie, and its received bytes. It has to end within seconds."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    sent: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        for message in asked:
            return message
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = shop.client.scope("GET", LIVE, {"Cookie": cookies})
    listener = asyncio.create_task(shop.client.app(scope, receive, send))
    await _until(lambda: bool(sent) or listener.done())
    assert not listener.done()
    assert sent[0]["status"] == 200
    yield sent
    async with asyncio.timeout(30):
        await listener
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert len(shop.engine.feed) == 0


@pytest.fixture
async def visitor(shop: Shop) -> Visitor:
    """A logged-in user."""
    visitor = Visitor(shop.client)
    assert (await visitor.log_in()).status == 200
    return visitor


async def test_it_ends_with_the_minutes_of_the_token(shop: Shop, visitor: Visitor) -> None:
    async with listening(shop, visitor):
        shop.clock.forward(601)


async def test_it_ends_with_the_session(shop: Shop, visitor: Visitor) -> None:
    async with listening(shop, visitor):
        assert (await visitor.post("/api/admin/logout")).status == 200


async def test_it_ends_if_the_store_cannot_be_read(
    shop: Shop, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("away")

    async with listening(shop, visitor):
        monkeypatch.setattr(stock_live, "require", away)


async def test_a_listener_with_a_new_token_resumes(shop: Shop, visitor: Visitor) -> None:
    async with listening(shop, visitor):
        shop.clock.forward(601)
    assert (await visitor.get(LIVE)).status == 401
    assert (await visitor.post("/api/admin/refresh")).status == 200
    async with listening(shop, visitor) as sent:
        await _until(
            lambda: b"event: snapshot" in b"".join(message.get("body", b"") for message in sent)
        )
        shop.clock.forward(601)
