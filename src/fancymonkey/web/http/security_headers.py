"""Applies to every response: security headers and rate limits."""

from collections.abc import Awaitable, Callable, Container, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fancymonkey.web.context import AppContext
from fancymonkey.web.http.clients.private_networks import FORWARDING
from fancymonkey.web.http.clients.rate_limits import FOR_PROBES, LOGINS, RateLimits
from fancymonkey.web.http.messages import (
    Headers,
    Problem,
    Receive,
    Request,
    Scope,
    Send,
    response_of,
)

App = Callable[[Scope, Receive, Send], Awaitable[Any]]

DATA: Headers = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
"""For responses that are not pages: a browser that opens one runs and frames nothing."""

HSTS = (b"strict-transport-security", b"max-age=31536000")
"""Sent only over HTTPS; without includeSubDomains, because we do not own the subdomains."""

DATA_HTTPS: Headers = [*DATA, HSTS]

PLAIN: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""For long documents of the router."""

ANY: Headers = [*DATA, *PLAIN]
"""For responses of the app, unless a page sets its own."""


class SecurityHeaders:
    """An ASGI middleware that adds missing headers to responses, and counts them."""

    def __init__(
        self, app: Any, context: AppContext, limits: RateLimits | None, paths: Container[str]
    ) -> None:
        """`paths` are those of the app's routes: their refused requests are counted."""
        self._app = app
        self._context = context
        self._limits = limits
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds through the app."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        problem = self._too_many(scope, receive)
        if scope["type"] != "http":
            if problem is not None:  # before it is accepted: the handshake gets a 403
                await receive()
                await send({"type": "websocket.close", "code": 1013, "reason": problem.detail})
                return
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with(message["headers"], scope)
            await send(message)

        if problem is not None:
            await response_of(problem.reply())(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _too_many(self, scope: Scope, receive: Receive) -> Problem | None:
        request, path = Request(scope, receive), scope["path"]
        proxies = self._context.proxies
        if not FORWARDING.isdisjoint(request.headers) and path not in FOR_PROBES:
            proxies.look(request)
        if self._limits is None:
            return None
        client = proxies.guesser(request) if path in LOGINS else request.client
        try:
            self._limits.take(scope.get("method", "GET"), path, client)
        except Problem as problem:
            if path in self._paths:
                self._context.request_metrics.answered(path, problem.status, 0.0)
            return problem
        return None


def _with(headers: Any, scope: Scope) -> Headers:
    """The headers of a response, with the missing ones added."""
    there = {bytes(name).lower() for name, _ in headers}
    wanted = [*ANY, HSTS] if scope.get("scheme") == "https" else ANY
    if b"location" in there:
        headers = [(name, _within(bytes(value), scope, bytes(name))) for name, value in headers]
    return [*headers, *(header for header in wanted if header[0] not in there)]


def _within(value: bytes, scope: Scope, name: bytes) -> bytes:
    """The target of a redirect: only the path on this server, without the requested host."""
    if name.lower() != b"location":
        return value
    parts = urlsplit(value)
    if not parts.netloc or (b"host", parts.netloc) not in scope["headers"]:
        return value
    path = b"/" + parts.path.lstrip(b"/")  # `//` at the beginning would name another host
    return path + (b"?" + parts.query if parts.query else b"")
