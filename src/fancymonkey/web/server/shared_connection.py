"""A connection with its place among others, and its turns of the event loop."""

from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from fancymonkey.web.server.connections import Crowd
from fancymonkey.web.server.heads import Heads
from fancymonkey.web.server.turns import Turns
from fancymonkey.web.server.websocket import WebSocketServerProtocol
from fancymonkey.web.server.wires import WIRE, EventWire

LIVE = "/api/inventory/live"

PART = 16 * 1024
"""Bytes that are parsed at once."""

PART_OF_MANY = 256
"""The same if they may be many requests, headers or chunks: each of them costs its own steps."""

VERSION = b"/1."
"""The text that each request has in its first line."""

LINES = 200
"""With more ends of lines than this, bytes may be many headers or chunks."""

NO_ROOM = b"retry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class SharedFlowControl(FlowControl):
    """uvicorn's flow control, which pauses and resumes, with one more reason to pause."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self._held = False
        self._wanted = True

    def pause_reading(self) -> None:
        """Pauses reading."""
        self._wanted = False
        super().pause_reading()

    def resume_reading(self) -> None:
        """Resumes reading, if nothing else pauses it."""
        self._wanted = True
        if not self._held:
            super().resume_reading()

    def hold(self) -> None:
        """Pauses reading until `let_go`, also if uvicorn would resume it."""
        self._held = True
        super().pause_reading()

    def let_go(self) -> None:
        """Resumes reading if uvicorn allows it."""
        self._held = False
        if self._wanted:
            super().resume_reading()


class SharedConnection(Heads):
    """A connection whose app may have a `crowd` and `turns`."""

    flow: SharedFlowControl
    proxies: ProxyHeadersMiddleware | None = None
    """The middleware that applies the headers of trusted proxies, if there are any."""
    _turns: Turns
    _crowd: Crowd | None = None
    _later: bytearray
    """Received bytes that wait for a later turn."""
    _in_small_parts = 0
    """The number of these bytes that may be many requests, headers or chunks."""
    _queued = False
    _upgrades = False
    _socket: WebSocketServerProtocol | None = None
    """The protocol that has the connection after an upgrade."""
    _wire: EventWire | None = None
    """The way of a live audience to this connection, once it has it."""

    def connection_made(self, transport: Any) -> None:
        """Starts."""
        super().connection_made(transport)
        # Attributes of the instance: reading the default of the class is four times as slow.
        self._refusal, self._upgrades, self.proxies = None, False, None
        self.flow = SharedFlowControl(transport)
        self._later = bytearray()
        app: Any = self.app
        if isinstance(app, ProxyHeadersMiddleware):
            self.proxies = ProxyHeadersMiddleware(_nowhere)
            self.proxies.trusted_hosts, app = app.trusted_hosts, app.app
        self._turns = getattr(app, "turns", None) or Turns()
        self._enter(getattr(app, "crowd", None))

    def _enter(self, crowd: Crowd | None) -> None:
        """Takes a place, or closes the connection if there is none."""
        if crowd is None or self.client is None:
            return
        exempt = self.proxies is not None and self.client[0] in self.proxies.trusted_hosts
        if crowd.enter(self, self.client[0], self.loop.time(), exempt=exempt):
            self._crowd = crowd
        else:
            self.transport.write(STATUS_LINE[503] + NO_ROOM)
            self.transport.close()

    def disconnect(self) -> None:
        """Closes the connection at once, in favour of another one."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        super().connection_lost(exc)
        self._later.clear()
        if self._crowd is not None:
            self._crowd.leave(self)
        if self._wire is not None:
            self._wire.lost()

    def hand_over(self, wire: EventWire) -> None:
        """Gives the connection to a live audience: nothing more is parsed."""
        self._wire, self._upgrades = wire, True
        self._later.clear()
        self.pipeline.clear()
        self.flow.let_go()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Ends the connection when its response is complete."""
        if self._wire is not None:
            self._wire.end()
        else:
            super().shutdown()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol gets the connection once its turn has come."""
        self._later.clear()
        self._upgrades = True
        self.flow.hold()
        self._turns.begin(self._upgrade)

    def _upgrade(self) -> None:
        """Passes the connection on. Its place is still taken."""
        if self.transport.is_closing() or self.parser is None:
            return
        self.flow.let_go()
        super().handle_websocket_upgrade()
        crowd, protocol = self._crowd, self.transport.get_protocol()
        if isinstance(protocol, WebSocketServerProtocol):
            protocol.turns = self._turns
            if crowd is not None:
                self._socket, protocol.at_end = protocol, self._socket_ends

    def _socket_ends(self) -> None:
        self._socket = None
        if self._crowd is not None:
            self._crowd.leave(self)

    @property
    def idle(self) -> bool:
        """Whether the next step, or the close, is up to the client."""
        return super().idle if self._socket is None else self._socket.close_sent

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: few are parsed at once, many in several turns."""
        if self._upgrades:
            return  # a client waits for the response before it sends more
        size = len(data)
        if not self._later and (size <= PART_OF_MANY or (size <= PART and not _many(data))):
            self.parse(data)
            return
        self._later += data
        if not self.transport.is_closing():
            self.flow.hold()
            self._queue()

    def parse(self, data: bytes) -> None:
        """Parses the received bytes."""
        self.feed(data)

    def _queue(self) -> None:
        if not self._queued and not self.pipeline:
            self._queued = True
            self._turns.parse(self._parse_more)

    def _parse_more(self) -> bool:
        """Parses a part of the waiting bytes; returns whether the next turn can parse more."""
        later = self._later
        if self._refusal is not None:
            size = len(later)
        else:
            if self._in_small_parts <= 0 and _many(later):
                self._in_small_parts = PART
            size = PART_OF_MANY if self._in_small_parts > 0 else PART
            self._in_small_parts -= size
        part = bytes(later[:size])
        del later[:size]
        if part:
            self.parse(part)
        if self.transport.is_closing():
            self._later.clear()
        elif not self._later:
            self.flow.let_go()
        self._queued = bool(self._later) and not self.pipeline  # otherwise it waits for a response
        return self._queued

    def on_response_complete(self) -> None:
        """A response has been written. The bytes after its request can be parsed now."""
        super().on_response_complete()
        if self._later and not self.transport.is_closing():
            self._queue()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Starts a request of the ASGI path when its turn has come."""
        if cycle.scope["path"] == LIVE and cycle.scope["method"] == "GET":
            cycle.scope[WIRE] = EventWire(self.transport, cycle)
        self._turns.begin(super()._start_asgi_task, cycle, app)


def _many(data: bytes | bytearray) -> bool:
    """Whether the first part of the bytes may be many requests, headers or chunks."""
    return data.count(VERSION, 0, PART) > 1 or data.count(b"\r\n", 0, PART) > LINES


async def _nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Called by uvicorn's middleware when it has processed a scope."""
