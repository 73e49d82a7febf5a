"""Requests and answers as the endpoints see them: nothing but what ASGI brings, and as cheap."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import lru_cache
from ipaddress import IPv6Address
from secrets import token_hex
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response as StarletteResponse

from fancymonkey.accounts.model import Actor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
T = TypeVar("T")

BODY_MAX = 1024 * 1024
"""Bytes of a request's body; one more is refused."""

JSON = (b"content-type", b"application/json")
PROBLEM = (b"content-type", b"application/problem+json")
NO_STORE = (b"cache-control", b"no-store")
NOSNIFF = (b"x-content-type-options", b"nosniff")
RETRY_SOON = (b"retry-after", b"1")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Problem(Exception):
    """An answer that is not a success, as RFC 9457 has it, with a stable `code`."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Headers | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or []
        self.more = more

    def reply(self) -> "Response":
        """The answer to send."""
        body = {
            "success": False,
            "type": f"urn:fancymonkey:error:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.more,
        }
        return Response(
            self.status, msgspec.json.encode(body), [PROBLEM, NO_STORE, NOSNIFF, *self.headers]
        )


class Response:
    """An answer: status, body, headers (without content-length)."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Headers) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    def start(self, extra: Headers) -> dict[str, Any]:
        """The message that begins the answer, with further headers."""
        headers = [*self.headers, *extra]
        if self.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(self.body)))
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    def rest(self, *, head: bool = False) -> dict[str, Any]:
        """The message with the body; without it where only the `head` was asked for."""
        return {"type": "http.response.body", "body": b"" if head else self.body}


class StreamingResponse(Response):
    """An answer that comes line by line while it is made. `outcome` says how it ended."""

    __slots__ = ("lines", "outcome")

    def __init__(self, lines: AsyncIterator[bytes], headers: Headers) -> None:
        super().__init__(200, b"", headers)
        self.lines = lines
        self.outcome = 200

    def start(self, extra: Headers) -> dict[str, Any]:
        """The message that begins the answer; nobody knows yet how long it will be."""
        headers = [*self.headers, *extra]
        return {"type": "http.response.start", "status": 200, "headers": headers}


NO_STORE_JSON = [JSON, NO_STORE, NOSNIFF]


def ok(body: bytes) -> Response:
    """A success that nobody may keep."""
    return Response(200, body, NO_STORE_JSON)


class Request:
    """A request. `actor` is who turned out to be behind it, `about` what a record says of it."""

    __slots__ = ("_id", "_receive", "about", "actor", "cookies", "headers", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self._receive = receive
        self.actor: Actor | None = None
        self.about = ""
        self.cookies: dict[str, str] | None = None
        """What `web/http/cookies.py` has read, once it has."""
        self._id = ""

    @property
    def id(self) -> str:
        """What logs and answers call this request: as the proxy does (`X-Request-Id`), or anew."""
        if not self._id:
            given = self.headers.get(b"x-request-id", b"").decode("latin-1")
            self._id = given if _REQUEST_ID.fullmatch(given) else token_hex(8)
        return self._id

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return str(self.scope["method"])

    @property
    def client(self) -> str:
        """Who the request came from, for counting: an address, or a network of IPv6."""
        client = self.scope.get("client")
        return network(client[0]) if client else "local"

    @property
    def address(self) -> str:
        """The very address the request came from."""
        client = self.scope.get("client")
        return str(client[0]) if client else "local"

    async def body(self, most: int = BODY_MAX) -> bytes:
        """The whole body. Raises Problem 413 over `most` bytes, ClientGone where it breaks off."""
        length = self.headers.get(b"content-length", b"")
        if len(length) > 5 and length.isdigit() and int(length[:20]) > most:
            raise too_long(most)  # at once; a short one is here in a moment anyway
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body: bytes = message.get("body", b"")
        if not message.get("more_body"):
            if len(body) > most:
                raise too_long(most)
            return body
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > most:
                raise too_long(most)
            parts.append(part)
        return b"".join(parts)


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """The address; of IPv6 its network of 64 bits, whose addresses one client has all to itself."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))


class ClientGone(Exception):
    """The client hung up in the middle of its request: nobody waits for an answer."""


def too_long(most: int) -> Problem:
    """The answer to a body over the limit."""
    return Problem(413, "body_too_large", f"The body can have at most {most} bytes.")


def parse(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """The body as the decoder describes it. Raises Problem 400 (no JSON) or 422 (wrong shape)."""
    try:
        if not raw.isascii():
            raw.decode()  # fields that nobody reads must be sound too
        if b"\\u0000" in raw and _ESCAPED_NUL.search(raw):
            raise Problem(422, "invalid_request", "Text must not contain NUL characters.")
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid_request", f"{error}.") from None
    except msgspec.DecodeError as error:
        raise Problem(400, "invalid_json", f"The body is not valid JSON: {error}.") from None
    except UnicodeDecodeError:
        raise Problem(400, "invalid_json", "The body is not valid UTF-8.") from None
    except RecursionError:
        raise Problem(400, "invalid_json", "The JSON of the body is nested too deeply.") from None


def response_of(reply: Response) -> StarletteResponse:
    """The answer as an endpoint of the app gives it."""
    response = StarletteResponse(reply.body, reply.status)
    response.raw_headers += reply.headers
    return response
