"""Live stock: WebSocket, and server-sent events for whoever cannot have one.

The first message is everything (`snapshot`) or, with `since`, what was missed; then come changes:
the latest state of each size that changed, never a queue of states.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import APIRouter, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection

from fancymonkey.core.model import split_sku
from fancymonkey.engine.feed import Change, Subscription
from fancymonkey.errors import Overloaded
from fancymonkey.web.cors import Cors
from fancymonkey.web.http import Problem
from fancymonkey.web.listing import size_out
from fancymonkey.web.shop import Shop
from fancymonkey.web.wire import encode

SEND_SECONDS = 5.0
"""A listener that takes no message for so long is dropped: it may come back and resume."""

KEEPALIVE_SECONDS = 15.0
SINCE_MAX = 2**62


def message(shop: Shop, change: Change) -> bytes:
    """What a change means, as JSON."""
    view = shop.engine.view
    if change.fresh:
        body = shop.listing.reply(b"").body
        return b'{"type":"snapshot",' + body[1:]
    changes: list[dict[str, Any]] = []
    products: dict[str, msgspec.Raw] = {}
    removed: list[str] = []
    for sku in sorted(change.skus):
        product_id, size = split_sku(sku)
        product, item = view.products.get(product_id), view.items.get(sku)
        if product is None or product.archived:
            if product_id not in removed:
                removed.append(product_id)
        elif not size or item is None or item.archived:
            products[product_id] = msgspec.Raw(shop.listing.card(product_id).body)
        else:
            changes.append({"productId": product_id, **size_out(item, view.level(sku))})
    return encode(
        {
            "type": "change",
            "revision": change.revision,
            "changes": changes,
            "products": list(products.values()),
            "removed": removed,
        }
    )


def since_of(text: str | None) -> int | None:
    """The revision that a listener has seen last. Raises Problem 422 where it is no number."""
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= SINCE_MAX):
        raise Problem(422, "invalid_request", "`since` is a revision, a whole number.")
    return int(text)


def router(shop: Shop) -> APIRouter:
    """The live endpoints."""
    routes = APIRouter()
    cors = Cors(shop.settings.cors_origins)

    @routes.websocket("/api/inventory/live")
    async def live_socket(socket: WebSocket) -> None:
        if not _welcome(socket, cors):
            await socket.close(1008, "origin not allowed")
            return
        try:
            since = since_of(socket.query_params.get("since"))
            subscription = await shop.engine.subscribe(since)
        except (Problem, Overloaded) as error:
            await socket.close(1008 if isinstance(error, Problem) else 1013, str(error))
            return
        try:
            await socket.accept()
            await _serve_socket(shop, socket, subscription, resumed=since is not None)
        finally:
            subscription.close()

    @routes.get("/api/inventory/live", include_in_schema=False)
    async def live_events(request: Request) -> StreamingResponse:
        if not _welcome(request, cors):
            raise Problem(403, "origin_not_allowed", "Add this origin to CORS_ORIGINS.")
        last = request.headers.get("last-event-id")
        since = since_of(last if last is not None else request.query_params.get("since"))
        subscription = await shop.engine.subscribe(since)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        for name, value in cors.headers(
            request.url.path, request.headers.get("origin", "").encode("latin-1") or None
        ):
            headers[name.decode()] = value.decode("latin-1")
        return StreamingResponse(
            _events(shop, subscription, resumed=since is not None),
            media_type="text/event-stream",
            headers=headers,
        )

    return routes


def _welcome(request: HTTPConnection, cors: Cors) -> bool:
    """Whether the page that asks is our own, or one of the configured origins, or no page."""
    origin = request.headers.get("origin")
    if origin is None or cors.allows(origin):
        return True
    return origin.partition("://")[2] == request.headers.get("host")


async def _serve_socket(
    shop: Shop, socket: WebSocket, subscription: Subscription, *, resumed: bool
) -> None:
    """Sends until the other side is gone. What it says is not listened to."""
    gone = asyncio.create_task(_until_gone(socket))
    try:
        async for text in _messages(shop, subscription, gone, resumed=resumed):
            await asyncio.wait_for(socket.send_text(text.decode()), SEND_SECONDS)
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass  # gone, or too slow: it will resume
    finally:
        gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _messages(
    shop: Shop, subscription: Subscription, gone: asyncio.Task[None], *, resumed: bool
) -> AsyncIterator[bytes]:
    if resumed and not subscription.waiting:
        # Nothing was missed; say so, so that the page knows that it is connected.
        yield message(shop, Change(shop.engine.feed.revision, False, frozenset()))
    while not gone.done():
        waiting = asyncio.create_task(subscription.next())
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            return
        change = waiting.result()
        if change is None:
            return
        yield message(shop, change)


async def _events(shop: Shop, subscription: Subscription, *, resumed: bool) -> AsyncIterator[bytes]:
    """The stream of server-sent events; its ids are revisions, so that a browser resumes."""
    try:
        yield b"retry: 1000\n\n"
        if resumed and not subscription.waiting:
            now = Change(shop.engine.feed.revision, False, frozenset())
            yield _event(now, message(shop, now))
        while True:
            try:
                async with asyncio.timeout(KEEPALIVE_SECONDS):
                    change = await subscription.next()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if change is None:
                return
            yield _event(change, message(shop, change))
    finally:
        subscription.close()


def _event(change: Change, data: bytes) -> bytes:
    kind = b"snapshot" if change.fresh else b"change"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (change.revision, kind, data)
