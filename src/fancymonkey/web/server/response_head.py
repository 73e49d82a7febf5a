"""The heads of responses on the fast path, as bytes."""

from collections.abc import Iterable
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from fancymonkey.web.http.messages import NO_STORE_JSON
from fancymonkey.web.http.security_headers import DATA


@lru_cache(maxsize=256)
def line(header: tuple[bytes, bytes]) -> bytes:
    """A header as it is sent."""
    return b"%b: %b\r\n" % header


def head_of(state: ServerState, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head of a response, without its length and its end."""
    return b"".join((STATUS_LINE[status], *map(line, (*state.default_headers, *headers))))


class CachedHead:
    """The head of most responses, made again each second with the date."""

    def __init__(self) -> None:
        self._default: object = None
        self._head = b""

    def of(self, state: ServerState) -> bytes:
        """The current head."""
        if self._default is not state.default_headers:
            self._default = state.default_headers
            self._head = head_of(state, 200, (*NO_STORE_JSON, *DATA))
        return self._head


usual = CachedHead()
