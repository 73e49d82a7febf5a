"""What one endpoint is: how the OpenAPI document and the front's table know it."""

from dataclasses import dataclass
from typing import Any

from fancymonkey.web.http import cookies
from fancymonkey.web.routing.router import Endpoint

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: where it is, what it reads, which answers it may give besides 200."""

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    body: type[Any] | None = None
    codes: tuple[int, ...] = ()
    tag: str = "inventory"
    repeatable: bool = False
    parameters: tuple[tuple[str, str, str], ...] = ()
    media: tuple[str, ...] = (JSON_TYPE,)
    """What the answer may be."""
    takes: tuple[str, ...] = ()
    """What a body may be that is no JSON."""


OWNER = (
    "Authorization",
    "header",
    "`Bearer` and an API key or the admin password; a browser sends its session's cookie instead",
)
SCHEMES: dict[str, dict[str, Any]] = {
    "secret": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key or the admin password; for schedulers also the CRON_SECRET",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.ACCESS,
        "description": "What `login` gives to a browser",
    },
}
"""How a caller proves who it is."""

SECRET: list[dict[str, list[str]]] = [{"secret": []}]
SECRET_OR_SESSION: list[dict[str, list[str]]] = [*SECRET, {"session": []}]

CSRF = ("X-CSRF-Token", "header", "From `me`: what a browser's session has to send with a change")
LIMIT = ("limit", "query", "How many, from 1 to 1000; 100 where it is missing")

MEANING = {
    304: "Nothing has changed",
    400: "Malformed",
    401: "Not allowed without the right secret",
    403: "Not enabled, or not allowed to this one",
    404: "Unknown product, size, session or act",
    409: "Not enough stock, sold out, stale, not to be undone, or a key used for something else",
    410: "The id is of a hold that has ended",
    413: "The body is too long",
    414: "The URL is too long",
    422: "Well-formed, but it makes no sense",
    429: "Too many; see Retry-After",
    502: "The payment service said no; nothing is held",
    503: "The store or the payment service cannot be used now; see Retry-After",
}
