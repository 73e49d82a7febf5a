"""One route, as used by the router and the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

from fancymonkey.web.http import cookies
from fancymonkey.web.routing.router import Endpoint

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: its path, its body, and its responses in addition to 200."""

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
    """The media types of the response."""
    takes: tuple[str, ...] = ()
    """The media types of a body that is not JSON."""


OWNER = (
    "Authorization",
    "header",
    "`Bearer` with an API key or the admin password; a browser sends its session cookie instead",
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
        "description": "The session cookie that `login` sets in a browser",
    },
}
"""The security requirement."""

SECRET: list[dict[str, list[str]]] = [{"secret": []}]
SECRET_OR_SESSION: list[dict[str, list[str]]] = [*SECRET, {"session": []}]

CSRF = (
    "X-CSRF-Token",
    "header",
    "The CSRF token from `me`, required for changes by a browser session",
)
LIMIT = ("limit", "query", "Maximum number of results, from 1 to 1000; 100 by default")

MEANING = {
    304: "Not modified",
    400: "Malformed",
    401: "Authentication is missing or wrong",
    403: "Not enabled, or not permitted for this account or key",
    404: "Unknown product, size, session or change",
    409: (
        "Not enough stock, sold out, changed since it was read, cannot be undone, or an "
        "idempotency key used for another request"
    ),
    410: "The hold with this id has ended",
    413: "The body is too large",
    414: "The URL is too long",
    422: "Well-formed, but not valid",
    429: "Too many requests; see Retry-After",
    502: "The payment service refused; nothing is held",
    503: "The store or the payment service is unavailable; see Retry-After",
}
