"""uvicorn's WebSocket connection, without its leaks and unbounded buffers."""

from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from fancymonkey.web.server.turns import Turns
from fancymonkey.web.server.wires import WIRE, SocketWire

REFUSED = STATUS_LINE[400] + b"connection: close\r\ncontent-length: 0\r\n\r\n"

END_SECONDS = 15.0
"""The time after the last message until unread output is dropped."""


class WebSocketServerProtocol(WebSocketsSansIOProtocol):
    """Refuses malformed handshakes, and is freed when it is closed."""

    at_end: Callable[[], None] | None = None
    """Called when the connection has ended."""
    turns: Turns | None = None
    _ending: TimerHandle | None = None
    _wire: SocketWire | None = None
    """The way of a live audience to this connection, once it has it."""

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
        if self._wire is not None:
            self._wire.lost()
        if self.at_end is not None:
            self.at_end()

    def handle_connect(self, event: Any) -> None:
        """Starts the app, which finds the direct way to this connection in its scope."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            scope: Any = self.scope
            scope[WIRE] = SocketWire(self.transport)

    def hand_over(self, wire: SocketWire) -> None:
        """Gives the connection to a live audience; the app may return without closing it."""
        self._wire = wire
        # `run_asgi` closes the connection at the end of the app, unless it waits for a close.
        self.close_timer = self.loop.call_later(0, _nothing)
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def send_receive_event_to_app(self) -> None:
        """Passes a message of the client on. Those of a listener are not read."""
        if self._wire is None:
            super().send_receive_event_to_app()
        else:
            self.frames = []

    async def run_asgi(self) -> None:
        """Runs the app; the connection ends soon after it, unless it has been handed over."""
        await super().run_asgi()
        if self._wire is None:
            self._end_soon()
        else:
            self.close_timer = None
            del self.scope, self.request, self.response  # an idle listener needs none of them

    def keepalive_timeout(self) -> None:
        """Closes the connection to a client that does not respond."""
        super().keepalive_timeout()
        self._end_soon()

    def _end_soon(self) -> None:
        """A close waits until all output is read, which a silent client would delay forever."""
        if self._ending is None and not self.disconnected:
            self._ending = self.loop.call_later(END_SECONDS, self.transport.abort)


def _nothing() -> None:
    """Called by a timer that only has to exist."""
