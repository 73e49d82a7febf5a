"""The head of the latest hot request of a connection, so that the same bytes are not parsed again.

Clients that keep a connection open mostly send the same head each time. Its bytes were parsed and
checked once, and the same bytes mean the same again.
"""

from fancymonkey.web.http.messages import Request, Scope

KNOWN_MAX = 2048
"""The most bytes of a head that is remembered: each connection has one."""


class BufferedRequest(Request):
    """A request whose body is already here."""

    __slots__ = ("raw",)

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], raw: bytes = b"") -> None:
        super().__init__(scope, _nothing_more, headers)
        self.raw = raw

    async def body(self, most: int = 0) -> bytes:
        """See `Request.body`; longer bodies do not take this path."""
        return self.raw


async def _nothing_more() -> Scope:
    return {"type": "http.disconnect"}


class KnownHead:
    """A head that was accepted, and the size of its requests with their bodies."""

    __slots__ = ("_head", "_size", "request")

    def __init__(self, data: bytes, end: int, request: BufferedRequest | None) -> None:
        self._head = data[:end]
        self._size = len(data)
        self.request = request
        """Its request on the fast path; None if it goes by ASGI."""

    def body_of(self, data: bytes) -> bytes | None:
        """The body of these bytes, if they are this head and its whole body."""
        if len(data) != self._size or not data.startswith(self._head):
            return None
        return data[len(self._head) :]


def known_head(data: bytes, length: int, request: BufferedRequest | None) -> KnownHead | None:
    """The head of the first request in `data`, or None if there is more than it and its body.

    `length` is that of the body. Lines must end with CR LF, so that there is one way only to read
    the bytes.
    """
    end = data.find(b"\r\n\r\n", 0, KNOWN_MAX) + 4
    if end < 4 or len(data) - end != length or data[0] <= 32:
        return None
    if data.count(b"\n", 0, end) != data.count(b"\r\n", 0, end):
        return None
    return KnownHead(data, end, request)
