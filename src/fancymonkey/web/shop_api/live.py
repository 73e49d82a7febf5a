"""Live stock over WebSocket, and as server-sent events for clients without WebSocket.

The first message is everything (`snapshot`) or, with `since`, what was missed; then come changes:
the latest state of each size that changed, never a queue of states.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from contextlib import suppress
from typing import Any

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi import Request as StarletteRequest
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection

from fancymonkey.core.model import split_sku
from fancymonkey.engine.feed import LevelChange, Subscription
from fancymonkey.engine.view import LOCATIONS
from fancymonkey.errors import Overloaded
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.cors import Cors
from fancymonkey.web.http.messages import Problem, Receive, Request, Scope, Send
from fancymonkey.web.http.wire import encode
from fancymonkey.web.read_models.stock_listing import size_out
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call
from fancymonkey.web.routing.described import refusals
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.turns import Turns

Ending = Coroutine[Any, Any, None]

SEND_SECONDS = 5.0
"""A listener that reads no message for this time is dropped: it may reconnect and resume."""

SEND_RATE = 16 * 1024
"""The minimum rate for reading a long message, in bytes per second, in addition."""

PIECE = 64 * 1024
"""Bytes of a long message that are written at once; the next follow once they are read."""

KEEPALIVE_SECONDS = 15.0
SINCE_DIGITS = 18
"""The most digits of a revision."""

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class Messages:
    """Changes as JSON; listeners with the same message share one text."""

    def __init__(self, context: AppContext) -> None:
        self._shop = context
        self._last: tuple[int, LevelChange] | None = None
        self._text = b""
        self._string = ""

    def string(self, change: LevelChange) -> str:
        """The same message as text, shared by all listeners that get it."""
        text = self.of(change)
        if not self._string:
            self._string = text.decode()
        return self._string

    def of(self, change: LevelChange) -> bytes:
        """The message for a change, from the current view."""
        about = (self._shop.engine.view.changes, change)
        if about != self._last:
            self._text = self._snapshot() if change.fresh else self._change(change)
            self._last = (self._shop.engine.view.changes, change)
            self._string = ""
        return self._text

    def _snapshot(self) -> bytes:
        return b'{"type":"snapshot",' + self._shop.listing.whole()[1:]

    def _change(self, change: LevelChange) -> bytes:
        view = self._shop.engine.view
        changes: list[dict[str, Any]] = []
        products: dict[str, msgspec.Raw] = {}
        removed: dict[str, None] = {}
        for sku in sorted(change.skus):
            if sku == LOCATIONS:
                continue
            product_id, size = split_sku(sku)
            product, item = view.products.get(product_id), view.items.get(sku)
            if product is None or product.archived:
                removed[product_id] = None
            elif not size or item is None or item.archived:
                products[product_id] = msgspec.Raw(self._shop.listing.card(product_id).body)
            else:
                changes.append(
                    {"productId": product_id, **size_out(view, item, view.online_stock(sku))}
                )
        return encode(
            {
                "type": "change",
                "revision": change.revision,
                "changes": changes,
                "products": list(products.values()),
                "removed": list(removed),
            }
        )


def since_of(text: str | None) -> int | None:
    """The last revision that a listener has seen. Raises Problem 422 if it is not a number."""
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= SINCE_DIGITS):
        raise Problem(422, "invalid_request", "`since` must be a revision, a whole number.")
    return int(text)


def router(context: AppContext, listeners: Listeners) -> APIRouter:
    """The live endpoints."""
    routes = APIRouter(route_class=AuthorizedRoute)
    cors = Cors(context.settings.server.cors_origins)
    messages = Messages(context)

    @routes.websocket("/api/inventory/live", dependencies=[public()])
    async def live_socket(socket: WebSocket) -> None:
        if not _welcome(socket, cors):
            await socket.close(POLICY_VIOLATION)  # before it is accepted: the handshake gets a 403
            return
        try:
            place = listeners.take(Request(socket.scope, socket.receive))
        except (Problem, Overloaded):
            await socket.close(TRY_AGAIN_LATER)  # the same: nothing of it stays
            return
        try:
            await socket.accept()
            subscription = await subscribe(context, socket.query_params.get("since"))
        except (Problem, Overloaded) as error:
            place.leave()
            code = POLICY_VIOLATION if isinstance(error, Problem) else TRY_AGAIN_LATER
            with suppress(WebSocketDisconnect):  # already closed
                await socket.close(code, str(error))
            return
        except BaseException:
            place.leave()
            raise
        subscription.at_end(place.leave)
        try:
            sending = _send_changes(socket, messages, subscription)
            await _until_one_ends(sending, _until_gone(socket.receive))
        finally:
            subscription.close()

    @routes.get(
        "/api/inventory/live",
        tags=["inventory"],
        summary="Live stock, as server-sent events or over a WebSocket",
        dependencies=[public()],
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, **refusals(403)},
    )
    async def live_events(request: StarletteRequest, call: Call) -> StreamingResponse:
        """Sends a `snapshot`, or the changes since `Last-Event-ID`, and then changes."""
        if not _welcome(request, cors):
            raise Problem(403, "origin_not_allowed", "Add this origin to CORS_ORIGINS.")
        last = request.headers.get("last-event-id")
        since = last if last is not None else request.query_params.get("since")
        subscription = await seated(context, listeners, call, since)
        return EventStream(messages, subscription, listeners.turns)

    return routes


async def seated(
    context: AppContext,
    listeners: Listeners,
    request: Request,
    since: str | None,
    *,
    owner: bool = False,
) -> Subscription:
    """A listener with a place, freed when it closes. Raises Problem 422 or 429, Overloaded."""
    place = listeners.take(request, owner=owner)
    try:
        subscription = await subscribe(context, since)
    except BaseException:
        place.leave()
        raise
    subscription.at_end(place.leave)
    return subscription


async def subscribe(context: AppContext, text: str | None) -> Subscription:
    """A listener from a revision on. Raises Problem 422, Overloaded."""
    since = since_of(text)
    listener = await context.engine.subscribe(since)
    if since is not None:
        listener.ring(set())  # even without changes: the page learns that it is connected
    return listener


def _welcome(request: HTTPConnection, cors: Cors) -> bool:
    """Whether the request comes from our own page, a configured origin, or no page."""
    origin = request.headers.get("origin")
    if origin is None or cors.allows(origin):
        return True
    host = request.headers.get("host")
    return bool(host) and origin.partition("://")[2] == host


async def _until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Runs them together; when one has ended, or this is cancelled, all have."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _until_gone(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
) -> None:
    """Returns when the other side has closed. Its messages are ignored."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass


async def _send_changes(socket: WebSocket, messages: Messages, listener: Subscription) -> None:
    """Sends until the other side has closed or is too slow: it can resume."""
    try:
        while (change := await listener.next()) is not None:
            text = messages.string(change)
            async with asyncio.timeout(SEND_SECONDS + len(text) / SEND_RATE):
                await socket.send_text(text)
    except (WebSocketDisconnect, TimeoutError):
        pass


class EventStream(StreamingResponse):
    """Server-sent events; their ids are revisions, so that a browser resumes by itself.

    However the connection ends, before its first byte or after, its listener is dropped.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        messages: Messages,
        subscription: Subscription,
        turns: Turns,
        *others: Callable[[], Ending],
        pace: float = 0.0,
    ) -> None:
        """The stream ends when one of the `others` does. `pace` seconds lie between messages."""
        self._subscription = subscription
        self._others = others
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_events(messages, subscription, turns, pace), headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the other side has closed or is too slow: it can resume."""

        async def send_in_time(message: MutableMapping[str, Any]) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        sent = asyncio.Event()

        async def stream() -> None:
            try:
                await self.stream_response(send_in_time)
            finally:
                sent.set()

        async def end_after(other: Callable[[], Ending]) -> None:
            """Ends the messages; the stream ends with its last byte, so that it is complete."""
            await other()
            self._subscription.close()
            await sent.wait()

        try:
            others = [end_after(other) for other in self._others]
            await _until_one_ends(stream(), _until_gone(receive), *others)
        except TimeoutError:
            pass
        finally:
            self._subscription.close()


async def _events(
    messages: Messages, listener: Subscription, turns: Turns, pace: float
) -> AsyncIterator[bytes | memoryview]:
    yield b"retry: 1000\n\n"
    while True:
        try:
            async with asyncio.timeout(KEEPALIVE_SECONDS):
                change = await listener.next()
        except TimeoutError:
            yield b": still here\n\n"
            continue
        if change is None:
            return
        kind = b"snapshot" if change.fresh else b"change"
        head = b"id: %d\nevent: %s\ndata: " % (change.revision, kind)
        text = messages.of(change)
        if len(text) <= PIECE:
            yield b"%b%b\n\n" % (head, text)
        else:  # shared by all listeners that get it, and never copied as a whole
            yield head
            for at in range(0, len(text), PIECE):
                await turns.piece()
                yield memoryview(text)[at : at + PIECE]
            yield b"\n\n"
        if pace:
            await asyncio.sleep(pace)
