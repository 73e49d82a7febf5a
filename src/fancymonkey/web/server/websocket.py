"""uvicorn's WebSocket connection, without its leaks and unbounded buffers."""

from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from fancymonkey.web.server.turns import Turns

REFUSED = STATUS_LINE[400] + b"connection: close\r\ncontent-length: 0\r\n\r\n"

END_SECONDS = 15.0
"""The time after the last message until unread output is dropped."""

FRAGMENT = 64 * 1024
"""Characters of a long message in one frame; the next frame follows once it is read."""


class WebSocketServerProtocol(WebSocketsSansIOProtocol):
    """Refuses malformed handshakes, and is freed when it is closed."""

    at_end: Callable[[], None] | None = None
    """Called when the connection has ended."""
    turns: Turns | None = None
    _ending: TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived. A request that cannot be a handshake gets a 400."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.close_sent:
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()) or REFUSED)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends.

        The frame parser and its generator refer to each other, so only the cyclic garbage collector
        would free them; a busy server runs it rarely.
        """
        super().connection_lost(exc)
        self.conn.parser.close()
        if self._ending is not None:
            self._ending.cancel()
        if self.at_end is not None:
            self.at_end()

    async def send(self, message: Any) -> None:
        """Sends. Only a part of a long text is buffered here until the client has read it."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is None or len(text) <= FRAGMENT or not self.handshake_complete:
            await super().send(message)
            return
        for frame in _long_messages.frames(text):
            if self.turns is not None:
                await self.turns.piece()
            await self.writable.wait()
            if (
                self.disconnected
                or self.close_sent
                or self.transport.is_closing()
                or self.conn.state is not State.OPEN
            ):
                raise ClientDisconnected
            self.transport.write(frame)

    async def run_asgi(self) -> None:
        """Runs the app; the connection ends soon after it."""
        await super().run_asgi()
        self._end_soon()

    def keepalive_timeout(self) -> None:
        """Closes the connection to a client that does not respond."""
        super().keepalive_timeout()
        self._end_soon()

    def _end_soon(self) -> None:
        """A close waits until all output is read, which a silent client would delay forever."""
        if self._ending is None and not self.disconnected:
            self._ending = self.loop.call_later(END_SECONDS, self.transport.abort)


class LongMessages:
    """The frames of the latest long message: listeners who get the same one share their bytes."""

    def __init__(self) -> None:
        self._text = ""
        self._frames: list[bytes] = []

    def frames(self, text: str) -> list[bytes]:
        """Frames of at most FRAGMENT characters. Nothing of a server's frames is masked."""
        if text is not self._text:
            self._text, self._frames = (
                text,
                [
                    Frame(
                        Opcode.CONT if at else Opcode.TEXT,
                        text[at : at + FRAGMENT].encode(),
                        fin=at + FRAGMENT >= len(text),
                    ).serialize(mask=False)
                    for at in range(0, len(text), FRAGMENT)
                ],
            )
        return self._frames


_long_messages = LongMessages()
