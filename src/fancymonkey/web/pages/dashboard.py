"""The files of the dashboard under /admin/, for logged-in users; the login page for everyone."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.responses import Response as StarletteResponse
from starlette.exceptions import HTTPException

from fancymonkey.accounts.model import Denied, SessionExpired
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.web.accounts_api.sessions import renewed
from fancymonkey.web.auth.authorize import check_address
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import cookies
from fancymonkey.web.http.messages import (
    Headers,
    Problem,
    Receive,
    Request,
    Scope,
    Send,
    response_of,
)
from fancymonkey.web.http.problems.errors import unavailable
from fancymonkey.web.pages.files import HEADERS
from fancymonkey.web.pages.versioned_files import DASHBOARD as FILES
from fancymonkey.web.pages.versioned_files import VERSION, VersionedAssets

PAGES = FILES / "pages"
LOGIN = "/admin/admin-login.html"
OPEN = frozenset(
    {
        LOGIN,
        "/admin/pages/login.js",
        "/admin/css/login.css",
        "/admin/lib/session.js",
        "/admin/lib/theme.js",
    }
)
"""Files served without a session."""

FORMER_PAGES = {"/admin/people.html": "/admin/users.html"}
"""Addresses that pages had in earlier versions, with the present ones. They redirect."""

AGAIN = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0">
<title>One moment</title></head><body><p>One moment ...</p></body></html>
"""
"""For links from other sites: a browser sends our cookies only from our own page."""


class Dashboard:
    """Serves the files. A page without a session redirects to the login, and back afterwards."""

    def __init__(self, context: AppContext) -> None:
        self._shop = context
        self._files = VersionedAssets(
            PAGES, VERSION, html=True, pictured="products.html", more=FILES
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request below /admin."""
        request = Request(scope, receive)
        path = str(scope["path"])
        if path in FORMER_PAGES and scope.get("method") in ("GET", "HEAD"):
            target = _with_query(FORMER_PAGES[path], request)
            await RedirectResponse(target, 308, HEADERS)(scope, receive, send)
            return
        try:
            check_address(self._shop, request)
            extra = [] if request.scope["path"] in OPEN else await self._enter(request)
        except Problem as problem:
            await response_of(problem.reply())(scope, receive, send)
            return
        except Denied:
            await self._to_login(request)(scope, receive, send)
            return
        except FancyMonkeyError as error:
            await response_of(unavailable(error, request.id))(scope, receive, send)
            return

        async def send_more(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        try:
            await self._files(scope, receive, send_more)
        except HTTPException as error:  # responds here, so that new cookies are not lost
            answer = Problem(404, "not_found", "The dashboard has no such page.")
            if error.status_code == 405:
                answer = Problem(405, "method_not_allowed", "Use GET.")
            await response_of(answer.reply())(scope, receive, send_more)

    async def _enter(self, request: Request) -> Headers:
        """Renews cookies that are about to expire. Raises Denied without a session."""
        access = cookies.read(request, cookies.ACCESS)
        if access is not None:
            try:
                await self._shop.accounts.sessions.check(access)
            except SessionExpired:
                pass
            else:
                return []
        return cookies.give(request, await renewed(self._shop, request))

    def _to_login(self, request: Request) -> StarletteResponse:
        path = str(request.scope["path"])
        if "." in path.rpartition("/")[2] and not path.endswith(".html"):
            return response_of(Problem(401, "no_session", "Log in again.").reply())
        headers = {**HEADERS, "Cache-Control": "no-store"}
        if request.headers.get(b"sec-fetch-site", b"") in (b"cross-site", b"same-site"):
            return StarletteResponse(AGAIN, 200, headers, "text/html")
        target = quote(_with_query(path, request), safe="/")
        return RedirectResponse(f"{LOGIN}?next={target}", 303, headers)


def _with_query(path: str, request: Request) -> str:
    """A path with the query of the request."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def mount(app: FastAPI, context: AppContext) -> None:
    """Serves the dashboard."""
    app.mount("/admin", Dashboard(context), name="admin")
