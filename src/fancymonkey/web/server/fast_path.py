"""The fast path: hot requests directly from the socket to the endpoint and back.

uvicorn gives each request a scope, an event, a channel in and one out, and puts the answer together
header by header; that costs more than a reserve itself. Here a request for a hot endpoint, whose
body came whole and short, is answered without any of it, by the same code
(`web/routing/hot_router.py`) and to the same bytes. An unusual request takes uvicorn's path.
"""

import logging
import sys
from asyncio import CancelledError, get_running_loop
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.web.http.messages import NO_STORE_JSON, Headers, Response, Scope
from fancymonkey.web.http.pieces import pieces_of
from fancymonkey.web.http.security_headers import DATA
from fancymonkey.web.routing.hot_router import HotRouter
from fancymonkey.web.server.known_head import BufferedRequest, KnownHead, known_head
from fancymonkey.web.server.response_head import head_of, line, usual
from fancymonkey.web.server.shared_connection import SharedConnection

log = logging.getLogger(__name__)

LIVE = b"/api/inventory/live"

LIVE_REFUSAL_SECONDS = 0.5
"""Until a refusal of live stock is written: clients that connect again at once get no faster."""

SHORT = 64 * 1024
"""The most bytes of a body that is collected here; a longer one is read by ASGI."""


UNLIKE_MAX = 16
"""After this number of different heads in a row a connection remembers no more heads."""


class FastPathProtocol(SharedConnection):
    """A connection. Its app is a `HotRouter`, or has one as `front`; others are called by ASGI."""

    cycle: Any
    """The latest request: a `FastPathRequest`, or uvicorn's own."""

    _front: HotRouter | None = None
    _rest: bytes = b""
    _left_out = False
    """Whether the request is parsed again, without its upgrade header."""
    _known: KnownHead | None = None
    _unlike = 0
    """Heads in a row of which each was unlike the one before."""
    _from_start = False
    """Whether the bytes that are parsed begin with a request."""

    def connection_made(self, transport: Any) -> None:
        """Starts."""
        super().connection_made(transport)
        self._known, self._left_out = None, False
        app: Any = self.app
        app = app.app if self.proxies is not None else app
        app = getattr(app, "front", app)
        if isinstance(app, HotRouter) and not (
            self.access_log or self.root_path or self.limit_concurrency
        ):
            self._front = app

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: often another request with the same head."""
        known = self._known
        if known is not None and self._since is None and self._is_free():
            body = known.body_of(data)
            if body is not None:
                self._unlike = 0
                self._before, self._due = self.cycle, None
                self._repeat(known.request, body)
                return
        super().data_received(data)

    def _repeat(self, request: BufferedRequest | None, body: bytes) -> None:
        """Begins a request with the head that was parsed last."""
        if request is not None and self._front is not None:
            again = BufferedRequest(request.scope, request.headers, body)
            self.cycle = FastPathRequest(self, self._front, again)
            self.cycle.begin()
            return
        self._begin_asgi()
        if body:
            HttpToolsProtocol.on_body(self, body)
        HttpToolsProtocol.on_message_complete(self)

    def _begin_asgi(self) -> None:
        """Makes what ASGI needs of the head, and starts its request."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        HttpToolsProtocol.on_headers_complete(self)

    def _is_free(self) -> bool:
        """Whether nothing stands between the next received bytes and their response."""
        return (
            self.cycle.response_complete
            and not self._later
            and not self._upgrades
            and self._refusal is None
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def parse(self, data: bytes) -> None:
        """Parses the received bytes, and again the rest after an ignored upgrade."""
        self._from_start = self._since is None
        self._rest = data
        self.feed(data)
        while self._rest is not data:
            data, self._from_start = self._rest, False
            self.feed(data)
        self._rest = b""

    def _unsupported_upgrade_warning(self) -> None:
        """Ignores an unsupported upgrade (for example h2c), and handles the request."""
        error: Any = sys.exc_info()[1]
        old = self.parser
        version = old.get_http_version().encode()
        lines = [b"%b %b HTTP/%b\r\n" % (old.get_method(), self.url, version)]
        if not old.should_keep_alive():
            lines.append(b"connection: close\r\n")
        lines += [line(header) for header in self.headers if header[0] not in _OF_UPGRADES]
        self._rest = b"".join([*lines, b"\r\n", self._rest[error.args[0] :]])
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def on_headers_complete(self) -> None:
        """Chooses the path of the request."""
        super().on_headers_complete()
        self._known = None
        front = self._front
        if front is not None:
            ride = self._hot_request(front)
            if ride is not None:
                self._left_out, self.cycle = False, ride
                return
            if self.url.startswith(LIVE):
                self._check_live(front)
        parser = self.parser
        self._left_out = (
            parser.should_upgrade()
            and parser.get_method() != b"CONNECT"
            and not self._should_upgrade()
        )
        if not self._left_out:
            self._begin_asgi()

    def _check_live(self, front: HotRouter) -> None:
        """Refuses a live connection that has no place, before its WebSocket or stream is made."""
        path, _, query = self.url.partition(b"?")
        if path == LIVE and self.parser.get_method() == b"GET":
            self._refuse_after = LIVE_REFUSAL_SECONDS
            front.check_live(BufferedRequest(self._scope(path, query), self.by_name))
            self._refuse_after = 0.0

    def _hot_request(self, front: HotRouter) -> "FastPathRequest | None":
        """The fast path for this request, or None if anything about it is unusual."""
        parser = self.parser
        path, _, query = self.url.partition(b"?")
        method = parser.get_method()
        if (
            (method, path) not in front.hot
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.expect_100_continue
            or self.flow.write_paused
            or self.transport.is_closing()
            or self.version != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or b"#" in query
        ):
            return None
        headers = self.by_name
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or len(length) > 5 or int(length) > SHORT:
            return None
        return FastPathRequest(self, front, BufferedRequest(self._scope(path, query), headers))

    def _scope(self, path: bytes, query: bytes) -> Scope:
        """The scope that ASGI would have for this request, with the client that a trusted proxy
        names.
        """
        scope: Scope = {
            "type": "http",
            "method": self.parser.get_method().decode(),
            "path": path.decode(),
            "query_string": query,
            "headers": self.headers,
            "client": self.client,
            "scheme": self.scheme,
        }
        if self.proxies is not None:
            _run_through(self.proxies(scope, None, None))  # type: ignore[arg-type]
        return scope

    def on_body(self, body: bytes) -> None:
        """A part of a request's body has arrived."""
        self._received += len(body)
        self._moved, self._since = True, 0
        if isinstance(self.cycle, FastPathRequest):
            self.cycle.call.raw += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        super().on_message_complete()
        if self._left_out:
            return
        if self._from_start and self._unlike < UNLIKE_MAX:
            self._unlike += 1
            self._from_start = False
            self._known = self._known_head()
        if isinstance(self.cycle, FastPathRequest):
            self.cycle.begin()
        else:
            HttpToolsProtocol.on_message_complete(self)

    def _known_head(self) -> KnownHead | None:
        """The head that was just parsed, if the same bytes can be taken for it the next time."""
        if isinstance(self.cycle, FastPathRequest):
            return known_head(self._rest, len(self.cycle.call.raw), self.cycle.call)
        parser, headers = self.parser, self.by_name
        if (
            self._front is None
            or self.version != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or b"expect" in headers
            or b"transfer-encoding" in headers
            or self.url.startswith(LIVE)
        ):
            return None
        return known_head(self._rest, int(headers.get(b"content-length", b"0")), None)


_OF_UPGRADES = frozenset({b"connection", b"upgrade", b"http2-settings"})


def _run_through(work: Coroutine[Any, Any, None]) -> None:
    """Runs an endpoint that waits for nothing."""
    with suppress(StopIteration):
        work.send(None)


class NullEvent:
    """Takes the place of the event of uvicorn's cycle: nothing waits for it."""

    def set(self) -> None:
        """Does nothing."""


class FastPathRequest:
    """One request on the fast path. To the connection it looks like uvicorn's cycle."""

    __slots__ = (
        "_front",
        "_protocol",
        "_work",
        "call",
        "disconnected",
        "keep_alive",
        "response_complete",
    )
    message_event = NullEvent()
    response_started = False

    def __init__(
        self, protocol: FastPathProtocol, front: HotRouter, request: BufferedRequest
    ) -> None:
        self.call = request
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self._protocol: FastPathProtocol | None = protocol
        self._front = front

    def begin(self) -> None:
        """Responds without a task: see `inventory.HOT`."""
        self._work = self._front.answer(self.call)
        self._continue()

    def _continue(self, _: object = None) -> None:
        """Runs the endpoint until it waits, or has its response."""
        try:
            awaited = self._work.send(None)
        except StopIteration as end:
            self._answer(*end.value)
        except (Exception, CancelledError) as error:  # noqa: BLE001 - nothing else would end it
            self._fail(error)
        else:
            if type(awaited) is PendingAnswer:
                awaited.then(self._continue)
            elif awaited is None:  # it lets other tasks run first
                get_running_loop().call_soon(self._continue)
            else:
                awaited._asyncio_future_blocking = False
                awaited.add_done_callback(self._continue)

    def _answer(self, response: Response, extra: Headers) -> None:
        try:
            self._send(response, extra)
        except Exception as error:  # noqa: BLE001 - the caller may have other callbacks to run
            self._fail(error)
        self._protocol = None  # which refers to us: the cycle would live until garbage collection

    def _fail(self, error: BaseException) -> None:
        """Closes the connection: an endpoint has ended without a response."""
        self.response_complete = True
        if self._protocol is not None:
            self._protocol.transport.close()
        self._protocol = None
        log.error("%s: the connection was lost", self.call.scope["path"], exc_info=error)

    def _send(self, response: Response, extra: Headers) -> None:
        self.response_complete = True
        protocol = self._protocol
        if protocol is None or self.disconnected or protocol.transport.is_closing():
            return
        state, status, body = protocol.server_state, response.status, response.body
        if status == 200 and response.headers is NO_STORE_JSON and extra is DATA:
            head = usual.of(state)
        else:
            head = head_of(state, status, (*response.headers, *extra))
        length = b"" if status in (204, 304) else b"content-length: %d\r\n" % len(body)
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        if type(body) is bytes:
            protocol.transport.write(b"".join((head, length, closing, b"\r\n", body)))
        else:  # no copy of it for each client that reads slowly
            start = b"".join((head, length, closing, b"\r\n"))
            protocol.transport.writelines((start, *pieces_of(body).parts))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()
