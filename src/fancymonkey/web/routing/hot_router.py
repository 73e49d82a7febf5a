"""Answers the hot endpoints on plain ASGI or without it, and passes everything else to FastAPI.

A request for a hot endpoint passes no router, no dependency and no middleware but this
(decision 0030). Its entry in the OpenAPI document is in `web/openapi/hot_routes.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from time import perf_counter
from typing import Any

from fastapi import FastAPI

from fancymonkey.web.auth import demo_access
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.clients.private_networks import FORWARDING
from fancymonkey.web.http.clients.rate_limits import RateLimits
from fancymonkey.web.http.cors import SHARED, Cors
from fancymonkey.web.http.known_params import KnownParams, ignored_header
from fancymonkey.web.http.messages import (
    NO_STORE,
    NOSNIFF,
    ClientGone,
    Headers,
    Problem,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    response_of,
)
from fancymonkey.web.http.problems.errors import problem_response
from fancymonkey.web.http.security_headers import DATA, DATA_HTTPS
from fancymonkey.web.routing.routes import methods_of, routes_of
from fancymonkey.web.server.connections import Crowd
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.turns import Turns

Endpoint = Callable[[AppContext, Request], Awaitable[Response]]
Routes = Mapping[str, Mapping[str, Endpoint]]
Params = Mapping[tuple[str, str], KnownParams]
App = Callable[[Scope, Receive, Send], Awaitable[Any]]


class HotRouter:
    """An ASGI app in front of FastAPI."""

    def __init__(
        self,
        app: App,
        api: FastAPI,
        context: AppContext,
        routes: Routes,
        params: Params,
        limits: RateLimits | None,
        crowd: Crowd | None = None,
        listeners: Listeners | None = None,
    ) -> None:
        """`app` is the `api` with all middleware; `routes` are the hot ones, with their `params`.

        Hot endpoints may be called without ASGI: none of them streams its response.
        """
        self.api = api
        self.crowd = crowd
        self.turns = Turns() if listeners is None else listeners.turns
        self._listeners = listeners
        self._app = app
        self._shop = context
        self._routes = routes
        self._params = params
        self._cors = Cors(context.settings.server.cors_origins)
        self._shared = bool(context.settings.server.cors_origins)
        self._limits = limits
        self._only_here = context.settings.server.demo and context.settings.local
        self.hot = {
            (method.encode(), path.encode())
            for path, methods in routes.items()
            for method in methods
        }
        self._methods = {
            path: {*methods, "HEAD"} if "GET" in methods else {*methods}
            for path, methods in routes.items()
        }
        for route in routes_of(api):
            path = getattr(route, "path", "")
            if path in SHARED:
                self._methods.setdefault(path, set()).update(methods_of(route))

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
        if not self._is_hot(scope["method"], scope["path"]):
            await self._pass_on(cookies.only_ours(scope), receive, send)
            return
        try:
            response, extra = await self.answer(Request(scope, receive))
        except ClientGone:
            return
        await send(response.start(extra))
        for message in response.body_messages(head=scope["method"] == "HEAD"):
            await send(message)

    def _is_hot(self, method: str, path: str) -> bool:
        """Whether it is a hot path, and no other route of FastAPI has the method."""
        hot = self._routes.get(path)
        if hot is None:
            return False
        return method in hot or method == "HEAD" or method not in self._methods[path]

    def check_live(self, request: Request) -> None:
        """Raises Problem 429 if a live connection would be refused, before anything is made."""
        if self._listeners is not None:
            self._listeners.check(request)
        if self._limits is not None:
            self._limits.check("GET", request.scope["path"], request.client)

    async def answer(self, request: Request) -> tuple[Response, Headers]:
        """The response of a hot route, and further headers. Raises ClientGone."""
        # On the path of every sale: no step more than needed, so all of it is inline here.
        started = perf_counter()
        scope = request.scope
        method, path = scope["method"], scope["path"]
        endpoint = self._routes[path].get("GET" if method == "HEAD" else method)
        if not FORWARDING.isdisjoint(request.headers):
            self._shop.proxies.look(request)
        try:
            if self._only_here:
                demo_access.check_host(scope["headers"])  # also for the fast path without ASGI
            if endpoint is None:
                response = self._other_method(request)
            else:
                if self._limits is not None:
                    self._limits.take(method, path, request.client)
                if scope["query_string"]:
                    response = await self._with_query(endpoint, request)
                else:
                    response = await endpoint(self._shop, request)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - nothing that is sent may make an error of ours
            response = problem_response(error, request)
        extra = DATA_HTTPS if scope["scheme"] == "https" else DATA
        if self._shared:
            extra = [*extra, *self._cors_headers(request)]
        self._shop.request_metrics.answered(path, response.status, perf_counter() - started)
        return response, extra

    async def _with_query(self, endpoint: Endpoint, request: Request) -> Response:
        """The response to a request with parameters, with a list of unused ones."""
        scope = request.scope
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        ignored = self._params[method, scope["path"]].ignored(scope["query_string"])
        response = await endpoint(self._shop, request)
        if not ignored:
            return response
        headers = [*response.headers, ignored_header(ignored)]
        return Response(response.status, response.body, headers)

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

    def _cors_headers(self, request: Request) -> Headers:
        return self._cors.headers(request.scope["path"], request.headers.get(b"origin"))

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Paths of FastAPI; those that other origins may use get their CORS headers here.

        Starlette's middleware would answer all paths alike, and not the hot ones.
        """
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        if scope["path"] not in SHARED:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        extra = self._cors_headers(request)
        if request.method == "OPTIONS":
            response = self._options(request)
            await send(response.start([*DATA, *extra]))
            for message in response.body_messages():
                await send(message)
            return

        async def send_more(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self._app(scope, receive, send_more)

    def _other_method(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return self._options(request)
        methods = self._methods[request.scope["path"]]
        return Problem(
            405,
            "method_not_allowed",
            f"Use {' or '.join(sorted(methods))}.",
            headers=[_allow(methods)],
        ).reply()

    def _options(self, request: Request) -> Response:
        path = request.scope["path"]
        asked = self._cors.preflight(path, request.headers.get(b"origin"))
        return Response(204, b"", [_allow(self._methods[path]), NO_STORE, NOSNIFF, *asked])


def _without_body(send: Send) -> Send:
    """Sends the response to a HEAD request: that of GET without its body."""

    async def send_head(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


def _allow(methods: Iterable[str]) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(sorted({*methods, "OPTIONS"})).encode()
