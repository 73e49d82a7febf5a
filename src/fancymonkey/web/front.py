"""The front door: the inventory's own endpoints straight from ASGI, everything else to the app.

A request for a hot endpoint passes no router, no dependency and no middleware but this; the same
endpoints stand in the OpenAPI document (`web/openapi.py`), and one test holds both together.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fancymonkey.errors import FancyMonkeyError
from fancymonkey.web.cors import Cors
from fancymonkey.web.http import (
    NO_STORE,
    RETRY_SOON,
    Call,
    ClientGone,
    Headers,
    Problem,
    Receive,
    Reply,
    Scope,
    Send,
    send_reply,
)
from fancymonkey.web.limits import RateLimit
from fancymonkey.web.shop import Shop

log = logging.getLogger(__name__)

Endpoint = Callable[[Shop, Call], Awaitable[Reply]]
Routes = Mapping[str, Mapping[str, Endpoint]]
App = Callable[[Scope, Receive, Send], Awaitable[Any]]


class Front:
    """An ASGI app in front of another one."""

    def __init__(self, app: App, shop: Shop, routes: Routes) -> None:
        self._app = app
        self._shop = shop
        self._routes = routes
        self._cors = Cors(shop.settings.cors_origins)
        self._limit = RateLimit(shop.engine.clock) if shop.settings.rate_limit else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or hands on."""
        endpoints = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if endpoints is None:
            await self._app(scope, receive, send)
            return
        call = Call(scope, receive)
        origin = call.headers.get(b"origin")
        extra: Headers = []
        if origin is not None or self._shop.settings.cors_origins:
            extra = self._cors.headers(scope["path"], origin)
        try:
            reply = await self._reply(endpoints, call)
        except ClientGone:
            return
        await send_reply(send, reply, extra, head=call.method == "HEAD")

    async def _reply(self, endpoints: Mapping[str, Endpoint], call: Call) -> Reply:
        """The answer, whatever happens: nothing that is sent may make an error of ours."""
        endpoint = endpoints.get(call.method)
        if endpoint is None:
            return self._other_method(endpoints, call)
        try:
            if self._limit is not None and call.method == "POST":
                self._limit.take(call.client)
            return await endpoint(self._shop, call)
        except Problem as problem:
            return problem.reply()
        except ClientGone:
            raise
        except FancyMonkeyError as error:
            log.warning("%s %s: %s", call.method, call.scope["path"], error)
            return unavailable(error)
        except Exception:
            log.exception("%s %s failed", call.method, call.scope["path"])
            return Problem(500, "internal_error", "Something went wrong on our side.").reply()

    def _other_method(self, endpoints: Mapping[str, Endpoint], call: Call) -> Reply:
        allowed = sorted({*endpoints, "OPTIONS"})
        allow = (b"allow", ", ".join(allowed).encode())
        if call.method == "OPTIONS":
            path, origin = call.scope["path"], call.headers.get(b"origin")
            known = self._cors.headers(path, origin)  # these are added to every answer
            extra = [pair for pair in self._cors.preflight(path, origin) if pair not in known]
            return Reply(204, b"", [allow, NO_STORE, *extra])
        return Problem(
            405, "method_not_allowed", f"Use {' or '.join(sorted(endpoints))}.", headers=[allow]
        ).reply()


def unavailable(error: FancyMonkeyError) -> Reply:
    """The answer while the store cannot be used: try again."""
    problem = Problem(503, "unavailable", str(error), headers=[RETRY_SOON])
    return problem.reply()
