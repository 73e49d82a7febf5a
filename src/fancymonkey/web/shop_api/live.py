"""Live stock over WebSocket, and as server-sent events for clients without WebSocket.

The first message is everything (`snapshot`) or, with `since`, what was missed; then come changes:
the latest state of each size that changed, never a queue of states.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from fastapi import Request as StarletteRequest
from fastapi.responses import Response, StreamingResponse
from starlette.requests import HTTPConnection

from fancymonkey.engine.view.feed import Subscription
from fancymonkey.errors import Overloaded
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.cors import Cors
from fancymonkey.web.http.known_params import KnownParams, ignored_header
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.http.query_params import Words
from fancymonkey.web.read_models.live_messages import ShopView
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call
from fancymonkey.web.routing.described import refusals
from fancymonkey.web.server.audience import Audience
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.live_response import EventStream, LiveSource, send_to_socket
from fancymonkey.web.server.pace import Pace

PACE_SECONDS = 0.25
BURST = 4
"""A page gets a message each PACE_SECONDS or less often; after a quiet time BURST at once."""

SINCE_DIGITS = 18
"""The most digits of a revision."""

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
REASON_BYTES = 123
"""The most bytes of the reason with which a WebSocket is closed."""

Since = Annotated[Words, Query(description="Only the changes after this revision")]
SOCKET_PARAMS = KnownParams(("since",), tolerant=True)


def since_of(text: str | None) -> int | None:
    """The last revision that a listener has seen. Raises Problem 422 if it is not a number."""
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= SINCE_DIGITS):
        raise Problem(422, "invalid_request", "`since` must be a revision, a whole number.")
    return int(text)


@dataclass(frozen=True, slots=True)
class ShopStream:
    """The listeners of the live endpoints of one app, and the source of their messages."""

    context: AppContext
    listeners: Listeners
    cors: Cors
    source: LiveSource


def shop_stream(context: AppContext, listeners: Listeners) -> ShopStream:
    """The stream of an app, kept as `app.state.shop_stream`."""
    messages = ShopView(context.engine.view, context.listing, listeners.turns)
    audience = Audience(context.engine.feed, messages.encode, Pace(PACE_SECONDS, BURST))
    source = LiveSource(audience, messages, listeners.turns)
    return ShopStream(context, listeners, Cors(context.settings.server.cors_origins), source)


router = APIRouter(route_class=AuthorizedRoute)


@router.websocket("/api/inventory/live", dependencies=[public()])
async def live_socket(socket: WebSocket) -> None:
    """Sends the live stock over a WebSocket."""
    stream: ShopStream = socket.app.state.shop_stream
    if not _welcome(socket, stream.cors):
        await socket.close(POLICY_VIOLATION)  # before it is accepted: the handshake gets a 403
        return
    try:
        place = stream.listeners.take(Request(socket.scope, socket.receive))
    except (Problem, Overloaded):
        await socket.close(TRY_AGAIN_LATER)  # the same: nothing of it stays
        return
    try:
        await _accept(socket)
        subscription = await subscribe(stream.context, socket.query_params.get("since"))
    except (Problem, Overloaded) as error:
        place.leave()
        code = POLICY_VIOLATION if isinstance(error, Problem) else TRY_AGAIN_LATER
        with suppress(WebSocketDisconnect):  # already closed
            await socket.close(code, str(error).encode()[:REASON_BYTES].decode(errors="ignore"))
        return
    except BaseException:
        place.leave()
        raise
    subscription.at_end(place.leave)
    await send_to_socket(socket, subscription, stream.source)


async def _accept(socket: WebSocket) -> None:
    """Accepts a connection, and then raises Problem 422 for a parameter that is not valid."""
    try:
        ignored = SOCKET_PARAMS.ignored(socket.scope["query_string"])
    except Problem:
        await socket.accept()
        raise
    await socket.accept(headers=[ignored_header(ignored)] if ignored else None)


@router.get(
    "/api/inventory/live",
    tags=["inventory"],
    summary="Live stock, as server-sent events or over a WebSocket",
    dependencies=[public()],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **refusals(403)},
)
async def live_events(request: StarletteRequest, call: Call, since: Since = "") -> Response:
    """Sends a `snapshot`, or the changes since `Last-Event-ID`, and then changes."""
    stream: ShopStream = request.app.state.shop_stream
    if not _welcome(request, stream.cors):
        raise Problem(403, "origin_not_allowed", "Add this origin to CORS_ORIGINS.")
    last = request.headers.get("last-event-id")
    subscription = await seated(
        stream.context, stream.listeners, call, since if last is None else last
    )
    return EventStream(subscription, stream.source)


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
