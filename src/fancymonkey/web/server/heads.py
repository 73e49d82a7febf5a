"""Limits of request heads and bodies before the endpoint reads them: short, and valid HTTP/1.1.

Everything is counted as it comes, between two reads and within one: what follows a refusal is
not parsed. A refusal is an answer, and it closes the connection.
"""

import re
import sys
from typing import Any, NoReturn

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.security_headers import DATA
from fancymonkey.web.server.timeouts import TimeoutProtocol

HEAD_MAX = 32 * 1024
"""The most bytes of a request's head, and of the trailers of a body."""

HEADERS_MAX = 100
"""The most headers of a request."""

URL_MAX = 8 * 1024
"""The most bytes of a request's target."""

PARAMETERS_MAX = 100
"""The most parameters of a request's target."""

LISTS = {
    b"connection": 256,
    b"upgrade": 256,
    b"te": 256,
    b"range": 256,
    b"if-range": 256,
    b"host": 512,
    b"forwarded": 2048,
    b"x-forwarded-for": 2048,
    b"x-forwarded-proto": 256,
    b"origin": 2048,
    b"accept": 2048,
    b"accept-encoding": 1024,
    b"accept-language": 1024,
    b"content-type": 1024,
    b"if-match": 4096,
    b"if-none-match": 4096,
    b"sec-websocket-extensions": 1024,
    b"sec-websocket-protocol": 1024,
    b"stripe-signature": 4096,
}
"""The most bytes of headers that are parsed further, with repeated ones counted together."""

LEAST_LIMIT = min(LISTS.values())

CHUNKS_FREE = 1000
CHUNK_LEAST = 64
"""With more chunks than this, a body must have this many bytes per chunk, on average."""

LINGER_SECONDS = 2.0
LINGER_MAX = 1024 * 1024
"""Bytes after a refusal are read and dropped, so that the client can read the response."""

_HOST = re.compile(rb"(?:[A-Za-z0-9._~%-]+|\[[0-9A-Fa-f:.%a-z]+\])?(?::[0-9]{0,5})?")
_ONE_HOST = "Send exactly one Host header: a name or an address, optionally with a port."
_SINGLE = frozenset({b"host", b"transfer-encoding", b"content-length"})


class Heads(TimeoutProtocol):
    """A connection that refuses requests that are too long or malformed."""

    by_name: dict[bytes, bytes]
    """The headers of the latest head by their names in lower case; of repeated ones the last."""
    version = ""
    """The version of HTTP of the latest head."""
    _most = 0
    """The bytes of the current read, and of those before in which the same head came."""
    _trailers = 0
    """Headers behind a body."""
    _trailers_size = 0
    """Bytes of them."""
    _since: int | None = None
    """Bytes since a head began, or since the latest part of a body; None between requests."""
    _moved = False
    """Whether a head or a part of a body has begun in the current read."""
    _chunks = 0
    _valid_host: bytes | None = None
    """The latest one that was spelled properly."""
    _refusal: Problem | None = None
    _before: Any = None
    """The request that the latest one followed."""
    _refuse_after = 0.0
    """Seconds until a refusal is written."""
    _dropped = 0

    def feed(self, data: bytes) -> None:
        """Parses the received bytes."""
        if self._refusal is not None:
            self._drop(len(data))
            return
        before = self._since or 0
        self._moved = False
        self._most = len(data) + (self._most if self._in_head else 0)
        super().data_received(data)
        if self._since is None or self._refusal is not None:
            return
        self._since = self._reported() if self._moved else before + len(data)
        if self._since > HEAD_MAX:
            self.send_400_response("")  # no text: it is too long

    def _reported(self) -> int:
        """Bytes of a head, or of a trailer behind a body, that the parser has reported."""
        if not self._in_head:
            return self._trailers_size
        return len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])

    def on_message_begin(self) -> None:
        """A request begins. ASGI's objects are made later, if the request needs them."""
        super().on_message_begin()
        self._moved = True
        self._since = self._chunks = self._trailers = self._trailers_size = 0
        self._before = self.cycle
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_url(self, url: bytes) -> None:
        """A part of the target has arrived."""
        self.url += url
        if len(self.url) > URL_MAX:
            _refuse(Problem(414, "uri_too_long", f"A URL can have at most {URL_MAX} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come. One behind the body is counted, and belongs to no head."""
        headers = self.headers
        if not self._in_body:
            headers.append((name.lower(), value))
            if len(headers) > HEADERS_MAX:
                _refuse(too_long())
            return
        self._trailers += 1
        self._trailers_size += len(name) + len(value) + 4
        if self._trailers_size > HEAD_MAX or len(headers) + self._trailers > HEADERS_MAX:
            _refuse(too_long())

    def on_headers_complete(self) -> None:
        """The head has come. Raises where it is not one of HTTP/1.0 or 1.1."""
        if self._most > HEAD_MAX and self._reported() > HEAD_MAX:
            _refuse(too_long())
        if self.url.count(b"&") >= PARAMETERS_MAX:
            detail = f"A URL can have at most {PARAMETERS_MAX} parameters."
            _refuse(Problem(414, "uri_too_long", detail))
        self._check_headers()
        host = self.by_name.get(b"host")
        version = self.version = self.parser.get_http_version()
        if version == "1.1":
            if host is None:
                _refuse(malformed("HTTP/1.1 requires a Host header."))
        elif version != "1.0":
            _refuse(malformed("Only HTTP/1.0 and HTTP/1.1 are supported."))
        if host != self._valid_host:  # most connections send the same one each time
            if host is not None and not _HOST.fullmatch(host):
                _refuse(malformed(_ONE_HOST))
            self._valid_host = host
        super().on_headers_complete()
        self._moved, self._since = True, 0

    def _check_headers(self) -> None:
        """Raises Problem for a header that is too long, or repeated, or unknown.

        All of them together are no longer than HEAD_MAX, so one look at the end is early enough.
        """
        by_name = self.by_name = dict(self.headers)
        if len(by_name) < len(self.headers):
            self._check_repeated()
        elif self._most > LEAST_LIMIT and max(map(len, by_name.values()), default=0) > LEAST_LIMIT:
            for name in by_name.keys() & LISTS.keys():
                if len(by_name[name]) > LISTS[name]:
                    _refuse(too_long(name))
        encoding = by_name.get(b"transfer-encoding")
        if encoding is not None and encoding.lower() != b"chunked":
            _refuse(malformed("The only supported Transfer-Encoding is `chunked`."))
        expects = by_name.get(b"expect")
        if expects is not None:
            self.expect_100_continue = expects.lower() == b"100-continue"

    def _check_repeated(self) -> None:
        """Checks headers of which some are repeated: their lengths count together."""
        lengths: dict[bytes, int] = {}
        for name, value in self.headers:
            if name in _SINGLE and name in lengths:
                _refuse(
                    malformed(
                        _ONE_HOST if name == b"host" else f"The header {name.decode()} is repeated."
                    )
                )
            if name in _SINGLE or name in LISTS:
                lengths[name] = lengths.get(name, 0) + len(value)
                if lengths[name] > LISTS.get(name, HEAD_MAX):
                    _refuse(too_long(name))

    def on_chunk_header(self) -> None:
        """A chunk of a body follows, or the trailers."""
        self._moved, self._since = True, 0
        self._trailers = self._trailers_size = 0
        self._chunks += 1
        if self._chunks > CHUNKS_FREE and self._received < self._chunks * CHUNK_LEAST:
            _refuse(malformed(f"The body's chunks have fewer than {CHUNK_LEAST} bytes on average."))

    def on_message_complete(self) -> None:
        """The request is complete."""
        super().on_message_complete()
        self._since = None

    def send_400_response(self, msg: str) -> None:
        """Refuses the request with the given response, and closes the connection.

        Earlier requests are answered first.
        """
        if self._refusal is not None or self.transport.is_closing():
            return
        error = sys.exc_info()[1]
        cause = None if error is None else error.__context__
        if isinstance(cause, Problem):
            self._refusal = cause
        else:
            self._refusal = malformed("This is not HTTP.") if msg else too_long()
        self._in_head = self._in_body = False
        if self.cycle is not self._before:
            self._give_up_its_answer()
        if self.cycle is None or self.cycle.response_complete or self.cycle.disconnected:
            self._disconnect()

    def _give_up_its_answer(self) -> None:
        """The endpoint of the request is already running, and waits for the rest of the body."""
        self._break_off()
        if self.pipeline:  # it was to come after others
            self.pipeline.popleft()
            self.cycle = self._before
        elif self.cycle.response_started:
            self.transport.close()

    def on_response_complete(self) -> None:
        """A response has been written; a refusal may have waited for that."""
        super().on_response_complete()
        if self._refusal is not None and not self.pipeline and self.cycle.response_complete:
            self._disconnect()

    def _disconnect(self) -> None:
        """Writes the refusal, and reads a little longer: an immediate close could lose it."""
        if self.transport.is_closing() or self._refusal is None:
            return
        if self._refuse_after:
            self._expect(self._refuse_after + LINGER_SECONDS)
            self.loop.call_later(self._refuse_after, self._disconnect)
            self._refuse_after = 0.0
            return
        response = self._refusal.reply()
        headers = [*self.server_state.default_headers, *response.headers, *DATA]
        lines = [b"%b: %b\r\n" % header for header in headers]
        length = b"content-length: %d\r\n" % len(response.body)
        end = b"connection: close\r\n\r\n"
        head = [STATUS_LINE[response.status], *lines, length, end, bytes(response.body)]
        self.transport.write(b"".join(head))
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._expect(LINGER_SECONDS)

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > LINGER_MAX:
            self.transport.close()


def too_long(name: bytes = b"") -> Problem:
    """The response to a head that is too long."""
    subject = f"The header {name.decode('latin-1')!r}" if name else "The head of the request"
    return Problem(431, "head_too_large", f"{subject} is too long or has too many parts.")


def malformed(detail: str) -> Problem:
    """The response to malformed HTTP."""
    return Problem(400, "bad_request", f"The request is malformed: {detail}")


def _refuse(problem: Problem) -> NoReturn:
    """Stops the parsing; `Heads.send_400_response` sends the response."""
    raise problem
