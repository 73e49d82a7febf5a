"""Timeouts of connections: for a request, and for reading the response.

uvicorn waits without limit for a request's head and body: a client with many connections and a
byte from time to time keeps all of them. It also sets a timer after each response and cancels it
at the next request; here one timer continues and checks the deadlines. uvicorn does not check
either whether responses are read: unread ones stay in memory for good. A second timer checks that.
Both are here.
"""

from asyncio import TimerHandle
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS = 20.0
"""From a request's first byte, or from the start of the connection, to the end of its head."""

BODY_SECONDS = 30.0
"""Between two parts of a body, and for a body before the minimum rate applies."""

BODY_RATE = 1024
"""The minimum rate of a body after that, in bytes per second on average."""

BODY_TOTAL_SECONDS = 1800.0
"""From a request's head to the end of its body, at any rate."""

LOOK_SECONDS = 60.0
"""Between two checks of pending output."""

TAKEN_LEAST = 65_536
"""Bytes to be read from one check to the next, or all if fewer are left."""


class TimeoutProtocol(HttpToolsProtocol):
    """A connection that is closed if a due request does not arrive, or output is not read."""

    cycle: Any
    """The latest request; None before the first."""

    _due: float | None = None
    """The time at which the next bytes are due; None while the server has to act."""
    _rings_at = inf
    _in_head = False
    _in_body = False
    _body_began: float | None = None
    _received = 0
    """The received bytes of the body."""
    _next_look: TimerHandle | None = None
    _untaken: int | None = None
    """The pending output at the last check, while nothing more is written before it is read."""

    def connection_made(self, transport: Any) -> None:
        """Starts."""
        super().connection_made(transport)
        self._expect(HEAD_SECONDS)
        self._next_look = self.loop.call_later(LOOK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        super().connection_lost(exc)
        self._stop_timers()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol has the connection from now on."""
        self._stop_timers()
        self._due = None
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        super().data_received(data)
        if self._in_body:
            self._expect_body()
        elif self._in_head and self._due is None:
            self._expect(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """A request begins. Its end is due only if it is not in the same read."""
        self._in_head, self._due = True, None

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._in_head, self._in_body = False, True
        self._body_began, self._received = None, 0

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body, self._due = False, None

    def on_response_complete(self) -> None:
        """A response has been written."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.flow.read_paused:
            self.flow.resume_reading()
        if not (self._in_head or self._in_body):
            self._expect(self.timeout_keep_alive)

    def pause_writing(self) -> None:
        """Much output is pending; nothing more is written until little is left."""
        super().pause_writing()
        self._untaken = None

    def timeout_keep_alive_handler(self) -> None:
        """Checks the current deadline, and closes the connection if it has passed."""
        self.timeout_keep_alive_task, self._rings_at = None, inf
        if self._due is None or self.transport.is_closing():
            return
        left = self._due - self.loop.time()
        if left > 0:
            self._expect(left)
            return
        if self._in_body and self.flow.read_paused:  # the server itself is to act
            self._body_began, self._received = None, 0
            self._expect_body()
            return
        if (self._in_head and self._answered) or (self._in_body and self._not_begun):
            self.transport.write(
                STATUS_LINE[408] + b"connection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self._break_off()
        self.transport.close()

    @property
    def idle(self) -> bool:
        """Whether the client is to act: with a request, or by reading a response."""
        return self._due is not None or self.flow.write_paused

    @property
    def _answered(self) -> bool:
        """Whether every request before this head has its complete response."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _not_begun(self) -> bool:
        """Whether a response now answers the request whose body is still arriving."""
        return not (self.pipeline or self.cycle is None or self.cycle.response_started)

    def _break_off(self) -> None:
        """Signals to the endpoint that no more of its request arrives."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _unset_keepalive_if_required(self) -> None:
        """Replaces uvicorn's own timer, which is not used."""

    def _expect_body(self) -> None:
        """More of the body is due: soon, and at the minimum rate at least."""
        now = self.loop.time()
        if self._body_began is None:
            self._body_began = now
        by_rate = self._body_began + BODY_SECONDS + self._received / BODY_RATE
        last = min(by_rate, self._body_began + BODY_TOTAL_SECONDS)
        self._expect(min(BODY_SECONDS, last - now))

    def _expect(self, seconds: float) -> None:
        self._due = due = self.loop.time() + seconds
        if due < self._rings_at:
            self._stop_timer()
            self._rings_at = due
            self.timeout_keep_alive_task = self.loop.call_later(
                seconds, self.timeout_keep_alive_handler
            )

    def _look(self) -> None:
        """Closes connections that read too little of their pending output since the last check.

        A normal close waits for them too, without limit.
        """
        waits = self.transport.is_closing() or self.flow.write_paused
        before, self._untaken = self._untaken, None
        if waits:
            self._untaken = self.transport.get_write_buffer_size()
            if before is not None and self._untaken > before - TAKEN_LEAST:
                self.transport.abort()
                return
        self._next_look = self.loop.call_later(LOOK_SECONDS, self._look)

    def _stop_timers(self) -> None:
        self._stop_timer()
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _stop_timer(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task, self._rings_at = None, inf
