"""The router: handles the inventory's own endpoints on plain ASGI, and passes others to the app.

A request for a hot endpoint passes no router, no dependency and no middleware but this; the same
endpoints are in the OpenAPI document (`web/openapi/document.py`), and a test compares the two.
"""

import logging
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, MutableMapping
from time import perf_counter
from typing import Any

from fancymonkey.accounts.audit_log import KNOWN_MOST
from fancymonkey.accounts.model import Denied
from fancymonkey.errors import FancyMonkeyError, Overloaded
from fancymonkey.services.change_runner import ChangeRefused
from fancymonkey.web.auth import demo_access
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.account_errors import account_problem
from fancymonkey.web.http.cors import SHARED, Cors
from fancymonkey.web.http.messages import (
    NO_STORE,
    NOSNIFF,
    RETRY_SOON,
    ClientGone,
    Headers,
    Problem,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    StreamingResponse,
    response_of,
)
from fancymonkey.web.http.private_networks import FORWARDING
from fancymonkey.web.http.rate_limits import LOGINS, RateLimits
from fancymonkey.web.http.refusals import refusal
from fancymonkey.web.http.security_headers import DATA, DATA_HTTPS
from fancymonkey.web.server.connections import Crowd
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.turns import Turns

log = logging.getLogger(__name__)

WHAT_MAX = 200
"""The most characters of a path in the audit log: the path of an unknown job may be any text."""

Endpoint = Callable[[AppContext, Request], Awaitable[Response]]
Routes = Mapping[str, Mapping[str, Endpoint]]
App = Callable[[Scope, Receive, Send], Awaitable[Any]]


class Router:
    """An ASGI app in front of another one."""

    def __init__(
        self,
        app: App,
        context: AppContext,
        routes: Routes,
        limits: RateLimits | None,
        hot: Container[Endpoint] = (),
        crowd: Crowd | None = None,
        listeners: Listeners | None = None,
    ) -> None:
        """`hot` endpoints may be called without ASGI: none of them streams its response."""
        self.crowd = crowd
        self.turns = Turns() if listeners is None else listeners.turns
        self._listeners = listeners
        self._app = app
        self._shop = context
        self._routes = routes
        self._cors = Cors(context.settings.server.cors_origins)
        self._shared = bool(context.settings.server.cors_origins)
        self._limits = limits
        self._only_here = context.settings.server.demo and context.settings.local
        self.hot = {
            (method.encode(), path.encode())
            for path, endpoints in routes.items()
            for method, endpoint in endpoints.items()
            if endpoint in hot and method != "HEAD"
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request, or passes it to the app."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._only_here and not await self._is_for_here(scope, receive, send):
            return
        if scope["type"] != "http":
            await self._app(cookies.only_ours(scope), receive, send)
            return
        if scope["path"] not in self._routes:
            await self._hand_on(cookies.only_ours(scope), receive, send)
            return
        request = Request(scope, receive)
        try:
            response, extra = await self.answer(request)
            if type(response) is StreamingResponse:
                await self._send_lines(response, request, send, extra)
                return
        except ClientGone:
            return
        await send(response.start(extra))
        await send(response.rest(head=scope["method"] == "HEAD"))

    def check_live(self, request: Request) -> None:
        """Raises Problem 429 if a live connection would be refused, before anything is made."""
        if self._listeners is not None:
            self._listeners.check(request)
        if self._limits is not None:
            self._limits.check("GET", request.scope["path"], request.client)

    async def answer(self, request: Request) -> tuple[Response, Headers]:
        """The response of a route, and further headers. Raises ClientGone."""
        # On the path of every sale: no step more than needed, so all of it is inline here.
        started = perf_counter()
        scope = request.scope
        method, path = scope["method"], scope["path"]
        endpoints = self._routes[path]
        endpoint = endpoints.get(method)
        if not FORWARDING.isdisjoint(request.headers):
            self._shop.proxies.look(request)
        try:
            if self._only_here:
                demo_access.check_host(scope["headers"])  # also for the fast path without ASGI
            if endpoint is None:
                response = self._other_method(endpoints, request)
            else:
                if self._limits is not None:
                    client = (
                        self._shop.proxies.guesser(request) if path in LOGINS else request.client
                    )
                    self._limits.take(method, path, client)
                response = await endpoint(self._shop, request)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - nothing that is sent may make an error of ours
            response = failure(error, request)
        if request.actor is not None:
            if self.crowd is not None:
                self.crowd.know_owner(request.address)
            if method != "GET" and type(response) is not StreamingResponse:
                await note(self._shop, request, response.status)
        extra = DATA_HTTPS if scope["scheme"] == "https" else DATA
        if self._shared:
            extra = [*extra, *self._cors_headers(request)]
        self._shop.meter.answered(path, response.status, perf_counter() - started)
        return response, extra

    async def _is_for_here(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether a request to a demo names this machine; otherwise it is refused here."""
        try:
            demo_access.check_host(scope["headers"])
        except Problem as problem:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": problem.detail})
            else:
                await response_of(problem.reply())(scope, receive, send)
            return False
        return True

    async def _send_lines(
        self, response: StreamingResponse, request: Request, send: Send, extra: Headers
    ) -> None:
        """Sends a streamed response, and records its outcome at the end."""
        await send(response.start(extra))
        async for line in response.lines:
            await send({"type": "http.response.body", "body": line, "more_body": True})
        await note(self._shop, request, response.outcome)
        await send({"type": "http.response.body", "body": b""})

    def _cors_headers(self, request: Request) -> Headers:
        return self._cors.headers(request.scope["path"], request.headers.get(b"origin"))

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Paths of the app; those that other origins may use get their CORS headers here."""
        if scope["path"] not in SHARED:
            if scope["method"] == "HEAD":  # as GET; the server leaves the body out
                scope = {**scope, "method": "GET"}
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        extra = self._cors_headers(request)
        if request.method == "OPTIONS":
            response = self._options(("GET",), request)
            await send(response.start([*DATA, *extra]))
            await send(response.rest())
            return

        async def send_more(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self._app(scope, receive, send_more)

    def _other_method(self, endpoints: Mapping[str, Endpoint], request: Request) -> Response:
        if request.method == "OPTIONS":
            return self._options(endpoints, request)
        return Problem(
            405,
            "method_not_allowed",
            f"Use {' or '.join(sorted(endpoints))}.",
            headers=[_allow(endpoints)],
        ).reply()

    def _options(self, methods: Iterable[str], request: Request) -> Response:
        asked = self._cors.preflight(request.scope["path"], request.headers.get(b"origin"))
        return Response(204, b"", [_allow(methods), NO_STORE, NOSNIFF, *asked])


def _allow(methods: Iterable[str]) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(sorted({*methods, "OPTIONS"})).encode()


async def note(context: AppContext, request: Request, status: int) -> None:
    """Writes an entry of the audit log; if that fails, the log has it, as the request is done."""
    assert request.actor is not None
    what = f"{request.method} {request.scope['path']}"[:WHAT_MAX]
    acts = context.accounts.acts
    try:
        if status < 400:
            await acts.record(request.actor.name, request.address, what, status, request.about)
            return
        name = request.actor.name
        await acts.record_refused(
            name, request.address, what, status, request.about, most=KNOWN_MOST
        )
    except Exception:
        log.exception("%s by %s could not be written to the audit log", what, request.actor.name)


def failure(error: Exception, request: Request) -> Response:
    """The response to any exception of an endpoint; the text of internal errors goes to the log."""
    if isinstance(error, Problem):
        return error.reply()
    if isinstance(error, Denied):
        return account_problem(error).reply()
    if isinstance(error, ChangeRefused):
        return refusal(error.refused).reply()
    named = {"request": request.id}
    if isinstance(error, FancyMonkeyError):
        log.warning("%s %s: %s", request.method, request.scope["path"], error, extra=named)
        return unavailable(error, request.id)
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error, extra=named)
    return broken(request.id)


def broken(request_id: str) -> Response:
    """The response to a bug; the log has the same request id."""
    detail = "Something went wrong on our side."
    header = (b"x-request-id", request_id.encode())
    return Problem(500, "internal_error", detail, headers=[header], requestId=request_id).reply()


def unavailable(error: FancyMonkeyError, request_id: str) -> Response:
    """The response while the store is unavailable: try again. The error text goes to the log."""
    code, detail = "unavailable", "The store is unavailable. Try again in a moment."
    if isinstance(error, Overloaded):
        code, detail = "overloaded", "The server is busy. Try again in a second."
    headers = [RETRY_SOON, (b"x-request-id", request_id.encode())]
    return Problem(503, code, detail, headers=headers, requestId=request_id).reply()
