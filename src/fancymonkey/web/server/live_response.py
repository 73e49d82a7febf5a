"""Brings a new listener to its audience: over a stream of events, or over a WebSocket."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from fastapi import WebSocket, WebSocketDisconnect
from fastapi.responses import Response

from fancymonkey.engine.view.feed import LevelChange, Subscription
from fancymonkey.web.http.messages import Receive, Scope, Send
from fancymonkey.web.server import audience
from fancymonkey.web.server.audience import Audience
from fancymonkey.web.server.live_message import LiveMessage
from fancymonkey.web.server.turns import Turns
from fancymonkey.web.server.wires import WIRE, AsgiWire, DirectWire, Wire

RETRY = b"retry: 1000\n\n"

Ending = Coroutine[Any, Any, None]


class Messages(Protocol):
    """Makes messages of changes."""

    def of(self, change: LevelChange) -> LiveMessage:
        """The message for a change, from the view as it is now."""


class LiveSource:
    """An audience with its messages, and the turns of the event loop."""

    def __init__(self, listening: Audience, messages: Messages, turns: Turns) -> None:
        self._audience = listening
        self._messages = messages
        self.turns = turns

    async def admit(self, wire: Wire, subscription: Subscription) -> None:
        """Sends a listener its first message; later ones follow until the subscription closes."""
        change = await subscription.next()
        if change is None:  # the service is shutting down
            wire.end()
            return
        subscription.pause()
        listener = self._audience.join(wire, self._messages.of(change))
        subscription.at_end(lambda: self._audience.leave(listener))

    async def admit_direct(self, wire: DirectWire, subscription: Subscription) -> None:
        """The same for a connection that is taken from ASGI now."""
        if not wire.hand_over(self.turns, subscription.close):
            return
        try:
            await self.admit(wire, subscription)
        except BaseException:
            wire.abort()
            raise


async def send_to_socket(socket: WebSocket, subscription: Subscription, stage: LiveSource) -> None:
    """Sends messages over an accepted WebSocket; returns at its end, or when it is handed over."""
    wire: DirectWire | None = socket.scope.pop(WIRE, None)
    if wire is not None:
        await stage.admit_direct(wire, subscription)
        return

    async def send() -> None:
        async for message in indirect.messages():
            if isinstance(message, LiveMessage):
                await socket.send_text(bytes(message.body).decode())

    indirect = AsgiWire(signs=False)
    try:
        await stage.admit(indirect, subscription)
        with suppress(WebSocketDisconnect):
            await until_one_ends(send(), until_gone(socket.receive), indirect.aborted())
    finally:
        subscription.close()


class EventStream(Response):
    """Server-sent events; their ids are revisions, so that a browser resumes by itself.

    However the connection ends, before its first byte or after, its listener is dropped.
    """

    media_type = "text/event-stream"

    def __init__(
        self, subscription: Subscription, stage: LiveSource, *others: Callable[[], Ending]
    ) -> None:
        """The stream ends when one of the `others` does."""
        self._subscription = subscription
        self._stage = stage
        self._others = others
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the other side has closed or is too slow, or hands the connection over."""
        wire: DirectWire | None = scope.pop(WIRE, None)
        handed_over = False
        try:
            if wire is None:
                await self._send_by_asgi(receive, send)
            else:
                await self._begin(send)
                await self._stage.admit_direct(wire, self._subscription)
                handed_over = True
        except TimeoutError:
            pass
        finally:
            if not handed_over:
                self._subscription.close()

    async def _begin(self, send: Send) -> None:
        """Sends the head. Raises TimeoutError if the other side does not read it."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async with asyncio.timeout(audience.SEND_SECONDS):
            await send(start)
            await send(_part(RETRY))

    async def _send_by_asgi(self, receive: Receive, send: Send) -> None:
        wire = AsgiWire(signs=True)
        sent = asyncio.Event()

        async def stream() -> None:
            try:
                await self._begin(send)
                await self._stage.admit(wire, self._subscription)
                async for message in wire.messages():
                    if isinstance(message, LiveMessage):
                        for piece in message.events():
                            await self._stage.turns.piece()
                            await send(_part(piece))
                    else:
                        await send(_part(message))
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                sent.set()

        async def end_after(other: Callable[[], Ending]) -> None:
            """Ends the messages; the stream ends with its last byte, so that it is complete."""
            await other()
            wire.end()
            await sent.wait()

        others = [end_after(other) for other in self._others]
        await until_one_ends(stream(), until_gone(receive), wire.aborted(), *others)


def _part(body: bytes | memoryview) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
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


async def until_gone(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
) -> None:
    """Returns when the other side has closed. Its messages are ignored."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass
