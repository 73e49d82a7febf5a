"""The route of every endpoint but the hot ones: it authorises before it reads a body.

The class is the way that FastAPI documents for code around a handler ("Custom Request and APIRoute
class"). Around each handler it also maps errors, records changes in the audit log, and measures.
"""

from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response as StarletteResponse
from starlette.responses import StreamingResponse

from fancymonkey.web.auth.audit import write_entry
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import read_body
from fancymonkey.web.http.known_params import check_no_body, ignored_header
from fancymonkey.web.http.messages import (
    ClientGone,
    Receive,
    Request,
    Scope,
    Send,
    check_parts,
    response_of,
)
from fancymonkey.web.http.problems.errors import problem_response
from fancymonkey.web.routing.access import Public, Requires, taken_access
from fancymonkey.web.routing.described import described
from fancymonkey.web.routing.route_params import known_params, reads_no_body
from fancymonkey.web.routing.routes import body_model

Handler = Callable[[StarletteRequest], Coroutine[Any, Any, StarletteResponse]]
NO_STORE = "no-store"


class ParsedRequest(StarletteRequest):
    """A request whose JSON body has been read, limited and validated."""

    def __init__(self, scope: Scope, receive: Receive, raw: bytes, parsed: BaseModel) -> None:
        # Every body is read as JSON with any content type: scripts often send none.
        headers = [header for header in scope["headers"] if header[0] != b"content-type"]
        headers.append((b"content-type", b"application/json"))
        super().__init__({**scope, "headers": headers}, receive)
        self._raw = raw
        self._parsed = parsed

    async def body(self) -> bytes:
        """The body as it was sent."""
        return self._raw

    async def json(self) -> Any:
        """The validated model, which FastAPI passes to the handler as it is."""
        return self._parsed


class SelfRecording(StreamingResponse):
    """A stream whose handler writes the audit log at its end, with its outcome."""


class Unanswered(StarletteResponse):
    """The response to a client that has disconnected: nothing is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing."""


class AuthorizedRoute(APIRoute):
    """A route with a declared right. Raises TypeError for one without."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.access, others = taken_access(path, options.get("dependencies"))
        named = {"operation_id": endpoint.__name__, "dependencies": others}
        super().__init__(path, endpoint, **{**options, **named})
        described(self)

    def get_route_handler(self) -> Handler:
        """The handler of FastAPI, behind the check of the right."""
        handle = super().get_route_handler()
        model, params, bare = body_model(self), known_params(self), reads_no_body(self)

        async def authorized(request: StarletteRequest) -> StarletteResponse:
            started = perf_counter()
            context: AppContext = request.app.state.context
            call = request.state.call = Request(request.scope, request.receive)

            async def answer() -> StarletteResponse:
                await self.access.check(context, call)
                query = request.scope["query_string"]
                ignored = params.ignored(query) if query and params is not None else ()
                known = request
                if bare:
                    await check_no_body(call)
                if model is not None:
                    raw = await call.body()
                    if isinstance(self.access, Public):
                        check_parts(raw)
                    known = ParsedRequest(known.scope, known.receive, raw, read_body(model, raw))
                response = await handle(known)
                if ignored:
                    response.raw_headers.append(ignored_header(ignored))
                return response

            try:
                response = await self._finished(request, call, answer)
            except ClientGone:
                return Unanswered()
            seconds = perf_counter() - started
            context.request_metrics.answered(self.path, response.status_code, seconds)
            return response

        return authorized

    async def _finished(
        self,
        request: StarletteRequest,
        call: Request,
        answer: Callable[[], Awaitable[StarletteResponse]],
    ) -> StarletteResponse:
        """The response, also to an error, once the audit log has the change. Raises ClientGone."""
        try:
            response = await answer()
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - no request may cause an error of ours
            response = response_of(problem_response(error, call))
        response.headers.setdefault("cache-control", NO_STORE)
        if call.actor is not None:
            request.app.state.crowd.know_owner(call.address)
            if self._changes(call) and not isinstance(response, SelfRecording):
                await write_entry(request.app.state.context, call, response.status_code)
        return response

    def _changes(self, call: Request) -> bool:
        """Whether the request may change something: a GET does only for schedulers."""
        if call.method != "GET":
            return True
        return isinstance(self.access, Requires) and self.access.schedule
