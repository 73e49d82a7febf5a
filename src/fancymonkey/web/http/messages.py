"""Requests and responses for the endpoints: thin wrappers of ASGI messages."""

import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import lru_cache
from ipaddress import IPv6Address
from secrets import token_hex
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response as StarletteResponse

from fancymonkey.accounts.model import Actor
from fancymonkey.web.http.pieces import Body, pieces_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
T = TypeVar("T")

BODY_MAX = 1024 * 1024
PARTS_MAX = 20_000
"""The most fields and values of a body that anyone may send: a hold has at most 100 lines."""
"""The most bytes of a request body; one more is refused."""

JSON = (b"content-type", b"application/json")
PROBLEM = (b"content-type", b"application/problem+json")
NO_STORE = (b"cache-control", b"no-store")
NOSNIFF = (b"x-content-type-options", b"nosniff")
RETRY_SOON = (b"retry-after", b"1")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Problem(Exception):
    """An error response (RFC 9457) with a stable `code`."""

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
        """Returns the response."""
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
    """A response: status, body, headers (without content-length)."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: Body, headers: Headers) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    def start(self, extra: Headers) -> dict[str, Any]:
        """The message that starts the response, with further headers."""
        headers = [*self.headers, *extra]
        if self.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(self.body)))
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    def body_messages(self, *, head: bool = False) -> Iterator[dict[str, Any]]:
        """The messages with the body; one without the body for a HEAD request."""
        parts = (b"",) if head else pieces_of(self.body).parts
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            yield {"type": "http.response.body", "body": part, "more_body": more}


NO_STORE_JSON = [JSON, NO_STORE, NOSNIFF]


def ok(body: bytes) -> Response:
    """A success response that must not be cached."""
    return Response(200, body, NO_STORE_JSON)


class Request:
    """A request. `actor` is the authenticated caller, `about` the details for the audit log."""

    __slots__ = ("_id", "_raw", "_receive", "about", "actor", "cookies", "headers", "scope")

    def __init__(
        self, scope: Scope, receive: Receive, headers: dict[bytes, bytes] | None = None
    ) -> None:
        """`headers` are those of the scope by name, if the caller has them already."""
        self.scope = scope
        self.headers = dict(scope["headers"]) if headers is None else headers
        self._receive = receive
        self.actor: Actor | None = None
        self.about = ""
        self.cookies: dict[str, str] | None = None
        """The cookies, once `web/http/cookies.py` has parsed them."""
        self._id = ""
        self._raw: bytes | None = None

    @property
    def id(self) -> str:
        """The request id in logs and responses: from the proxy (`X-Request-Id`), or a new one."""
        if not self._id:
            sent_id = self.headers.get(b"x-request-id", b"").decode("latin-1")
            self._id = sent_id if _REQUEST_ID.fullmatch(sent_id) else token_hex(8)
        return self._id

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return str(self.scope["method"])

    @property
    def client(self) -> str:
        """The client for counting: an address, or a network of IPv6."""
        client = self.scope.get("client")
        return network(client[0]) if client else "local"

    @property
    def address(self) -> str:
        """The exact address of the client."""
        client = self.scope.get("client")
        return str(client[0]) if client else "local"

    async def body(self, most: int = BODY_MAX) -> bytes:
        """Reads the body. Raises Problem 413 over `most` bytes, ClientGone if it is cut off."""
        if self._raw is None:
            self._raw = await self._read(most)
        return self._raw

    async def _read(self, most: int) -> bytes:
        length = self.headers.get(b"content-length", b"")
        if len(length) > 5 and length.isdigit() and int(length[:20]) > most:
            raise too_long(most)  # at once; the rest of a short one follows soon
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
    """The address; for IPv6 its /64 network, whose addresses all belong to one client."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))


class ClientGone(Exception):
    """The client disconnected in the middle of its request."""


def too_long(most: int) -> Problem:
    """The response to a body over the limit."""
    return Problem(413, "body_too_large", f"The body can have at most {most} bytes.")


def check_parts(raw: bytes) -> None:
    """Raises Problem 413 if a body of JSON has more than `PARTS_MAX` fields and values.

    To refuse each of 70,000 unknown fields would stop the service for a fifth of a second.
    """
    if raw.count(b",") + raw.count(b":") > PARTS_MAX:
        raise Problem(
            413, "body_too_large", f"The body can have at most {PARTS_MAX} fields and values."
        )


def parse(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """Decodes the body. Raises Problem 400 (not JSON) or 422 (not valid)."""
    try:
        if not raw.isascii():
            raw.decode()  # unused fields must be valid too
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
    """Turns the response into one of the app's framework."""
    response = StarletteResponse(bytes(reply.body), reply.status)
    response.raw_headers += reply.headers
    return response
