"""How long a connection may leave the server waiting: for a request, or until an answer is taken.

uvicorn waits for a request's head and body without end: whoever opens many connections and sends a
byte now and then keeps all of them. And it sets a timer after each answer, which it takes back at
the next request; here one timer goes on and looks, when it rings, what is due. Nor does it ask
whether its answers are taken: whoever reads none has them kept in memory for good. Another timer
looks after that.
"""

from asyncio import TimerHandle
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS = 20.0
"""From a request's first byte, or from the beginning of the connection, to the end of its head."""

BODY_SECONDS = 30.0
"""Between two parts of a body, and for a body as such before it has to keep to the rate."""

BODY_RATE = 1024
"""Bytes of a body that come in a second, on average, after that."""

BODY_TOTAL_SECONDS = 1800.0
"""From a request's head to the end of its body, at whatever rate."""

LOOK_SECONDS = 60.0
"""Between two looks at what waits to be taken."""

TAKEN_LEAST = 65_536
"""Bytes to be taken from one look to the next, or all where fewer are left."""


class TimeoutProtocol(HttpToolsProtocol):
    """A connection that is closed where nothing comes that is due, or nothing is taken."""

    cycle: Any
    """The latest request; None before the first."""

    _due: float | None = None
    """When something has to have come; None while the next word is ours."""
    _rings_at = inf
    _in_head = False
    _in_body = False
    _body_began: float | None = None
    _received = 0
    """Bytes of the body that have come."""
    _next_look: TimerHandle | None = None
    _untaken: int | None = None
    """What waited to be taken at the last look, where nothing more is written until that is."""

    def connection_made(self, transport: Any) -> None:
        """Begins."""
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
        """Bytes have come."""
        super().data_received(data)
        if self._in_body:
            self._expect_body()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        self._expect(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Its head has come."""
        self._in_head, self._in_body = False, True
        self._body_began, self._received = None, 0

    def on_message_complete(self) -> None:
        """All of it has come."""
        self._in_body, self._due = False, None

    def on_response_complete(self) -> None:
        """An answer has been written."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        if not (self._in_head or self._in_body):
            self._expect(self.timeout_keep_alive)

    def pause_writing(self) -> None:
        """Much waits to be taken; nothing more is written until little is left."""
        super().pause_writing()
        self._untaken = None

    def timeout_keep_alive_handler(self) -> None:
        """Looks what is due, and hangs up where it has not come."""
        self.timeout_keep_alive_task, self._rings_at = None, inf
        if self._due is None or self.transport.is_closing():
            return
        left = self._due - self.loop.time()
        if left > 0:
            self._expect(left)
            return
        if self._in_body and self.flow.read_paused:  # we are the ones who do not go on
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
        """Whether the client is the one who has to go on: with a request, or taking an answer."""
        return self._due is not None or self.flow.write_paused

    @property
    def _answered(self) -> bool:
        """Whether every request before this head has its whole answer."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _not_begun(self) -> bool:
        """Whether an answer now is the answer to the request whose body is on its way."""
        return not (self.pipeline or self.cycle is None or self.cycle.response_started)

    def _break_off(self) -> None:
        """Lets the endpoint know that no more of its request comes."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _unset_keepalive_if_required(self) -> None:
        """uvicorn's own timer, which there is none of."""

    def _expect_body(self) -> None:
        """More of the body is due: soon, and at the rate at least."""
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
        """Cuts off who has taken too little of what waits for them since the last look.

        A close waits for them, too, and would do so for ever.
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
