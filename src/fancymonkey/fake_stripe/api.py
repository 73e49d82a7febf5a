"""The part of Stripe's HTTP API that a checkout needs."""

import asyncio
import base64
import json
import operator
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fancymonkey.engine.clock import Clock
from fancymonkey.fake_stripe.account import Account
from fancymonkey.fake_stripe.forms import decode
from fancymonkey.fake_stripe.objects import Invalid, StripeObject, whole
from fancymonkey.fake_stripe.webhook_sender import Faults

BODY_MAX = 256 * 1024
PAGE_MAX = 100
Handler = Callable[[Request, StripeObject, int], StripeObject]


class Api:
    """Answers requests with the account's secret key."""

    def __init__(self, account: Account, secret_key: str, clock: Clock, faults: Faults) -> None:
        self._account = account
        self._key = secret_key
        self._clock = clock
        self._faults = faults
        self._first_answers: dict[str, tuple[str, int, bytes]] = {}

    def routes(self) -> list[Route]:
        """The routes of the API."""
        sessions, account = "/v1/checkout/sessions", self._account
        single = "/{id}"
        return [
            self._route(sessions, "POST", lambda r, p, now: account.create_session(p, now)),
            self._route(sessions, "GET", self._list_sessions),
            self._route(sessions + single, "GET", self._session),
            self._route(
                sessions + single + "/expire",
                "POST",
                lambda r, p, now: account.expire(r.path_params["id"], now),
            ),
            self._route(sessions + single + "/line_items", "GET", self._line_items),
            self._route("/v1/refunds", "POST", lambda r, p, now: account.refund(p, now)),
            *(
                route
                for name, objects in (
                    ("payment_intents", account.intents),
                    ("charges", account.charges),
                    ("refunds", account.refunds),
                    ("events", account.events),
                )
                for route in self._readable(name, objects)
            ),
            Route("/v1/{rest:path}", self._unknown, methods=["GET", "POST", "DELETE"]),
        ]

    def _readable(self, name: str, objects: dict[str, StripeObject]) -> Iterable[Route]:
        def single(request: Request, params: StripeObject, now: int) -> StripeObject:
            obj = objects.get(request.path_params["id"])
            if obj is None:
                raise Invalid(
                    f"No such {name[:-1]}: {request.path_params['id']}",
                    status=404,
                    param="id",
                    code="resource_missing",
                )
            return obj

        def listed(request: Request, params: StripeObject, now: int) -> StripeObject:
            self._account.tick(now)
            return _page(f"/v1/{name}", objects.values(), params)

        yield self._route(f"/v1/{name}", "GET", listed)
        yield self._route(f"/v1/{name}/{{id}}", "GET", single)

    def _session(self, request: Request, params: StripeObject, now: int) -> StripeObject:
        session = self._account.session(request.path_params["id"], now)
        if "line_items" in params.get("expand", []):
            session = {**session, "line_items": self._line_items(request, {}, now)}
        return session

    def _line_items(self, request: Request, params: StripeObject, now: int) -> StripeObject:
        id_ = self._account.session(request.path_params["id"], now)["id"]
        rows = self._account.lines[id_]
        return _listed(f"/v1/checkout/sessions/{id_}/line_items", rows, more=False)

    def _list_sessions(self, request: Request, params: StripeObject, now: int) -> StripeObject:
        self._account.tick(now)
        return _page("/v1/checkout/sessions", self._account.sessions.values(), params)

    def _route(self, path: str, method: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._answer(request, handler)

        return Route(path, endpoint, methods=[method])

    async def _answer(self, request: Request, handler: Handler) -> Response:
        failure = await self._failure()
        if failure is not None:
            return failure
        try:
            self._authenticate(request)
            params = await _params(request)
            answer = await self._once(request, params, handler)
        except Invalid as error:
            answer = _error(error)
        if self._faults.api_fail == "after" and self._faults.api_fail_times > 0:
            self._faults.api_fail_times -= 1
            return _broken()
        return answer

    async def _failure(self) -> Response | None:
        """The failure to simulate instead of handling the request, if any."""
        faults = self._faults
        if faults.api_latency_ms:
            await asyncio.sleep(faults.api_latency_ms / 1000)
        if faults.api_fail_times <= 0 or faults.api_fail in ("", "after"):
            return None
        faults.api_fail_times -= 1
        if faults.api_fail == "hang":
            await asyncio.sleep(3600)
        if faults.api_fail == "reset":
            return _broken()
        status = int(faults.api_fail) if faults.api_fail.isdigit() else 500
        return _json({"error": {"type": "api_error", "message": "Asked to fail."}}, status)

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                token = base64.b64decode(token).decode().partition(":")[0]
            except ValueError:
                token = ""
        if token != self._key:
            raise Invalid("Invalid API Key provided.", status=401)

    async def _once(self, request: Request, params: StripeObject, handler: Handler) -> Response:
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or key is None:
            return _json(handler(request, params, self._now()))
        if len(key) > 255:
            raise Invalid("Idempotency-Key has at most 255 characters.")
        fingerprint = json.dumps([request.url.path, params], sort_keys=True)
        first = self._first_answers.get(key)
        if first is not None:
            if first[0] != fingerprint:
                return _error(
                    Invalid(
                        "Keys for idempotent requests can only be used with the same parameters "
                        "they were first used with."
                    ),
                    "idempotency_error",
                )
            answer = Response(first[2], first[1], media_type="application/json")
            answer.headers["Idempotent-Replayed"] = "true"
            return answer
        answer = _json(handler(request, params, self._now()))
        self._first_answers[key] = (fingerprint, answer.status_code, bytes(answer.body))
        return answer

    def _now(self) -> int:
        return self._clock() // 1000

    async def _unknown(self, request: Request) -> Response:
        url = f"{request.method}: {request.url.path}"
        return _error(Invalid(f"Unrecognized request URL ({url}).", status=404))


async def _params(request: Request) -> StripeObject:
    if request.method == "GET":
        raw = bytes(request.scope["query_string"])
    else:
        raw = await request.body()
    if len(raw) > BODY_MAX:
        raise Invalid("The request is too large.", status=413)
    try:
        return decode(raw)
    except (ValueError, AssertionError) as error:
        raise Invalid(f"Invalid request: {error}.") from None


def _page(url: str, rows: Iterable[StripeObject], params: StripeObject) -> StripeObject:
    """A page of a list, the newest first, by Stripe's parameters. Raises Invalid."""
    matches = [row for row in reversed(list(rows)) if _wanted(row, params)]
    limit = whole(params.get("limit"), "limit", 10)
    if not 1 <= limit <= PAGE_MAX:
        raise Invalid("limit is from 1 to 100.", param="limit")
    ids = [row["id"] for row in matches]
    for name in ("starting_after", "ending_before"):
        if params.get(name) and params[name] not in ids:
            raise Invalid(f"No such object: {params[name]}", param=name, code="resource_missing")
    if params.get("starting_after"):
        matches = matches[ids.index(params["starting_after"]) + 1 :]
    if params.get("ending_before"):
        before = matches[: ids.index(params["ending_before"])]
        return _listed(url, before[-limit:], more=len(before) > limit)
    return _listed(url, matches[:limit], more=len(matches) > limit)


_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}


def _wanted(row: StripeObject, params: StripeObject) -> bool:
    created = params.get("created")
    bounds = created if isinstance(created, dict) else {"gte": created, "lte": created}
    for name, bound in bounds.items():
        if bound is None:
            continue
        if name not in _BOUNDS:
            raise Invalid("created is a time in seconds.", param="created")
        if not _BOUNDS[name](row["created"], whole(bound, "created", None)):
            return False
    types = params.get("types") or ([params["type"]] if params.get("type") else None)
    if types and row.get("type") not in types:
        return False
    for name in ("payment_intent", "charge", "status"):
        if params.get(name) and row.get(name) != params[name]:
            return False
    wanted = params.get("delivery_success")
    return wanted is None or (wanted == "true") == (row.get("pending_webhooks") == 0)


def _listed(url: str, rows: list[StripeObject], *, more: bool) -> StripeObject:
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def _json(body: StripeObject, status: int = 200) -> Response:
    return Response(json.dumps(body, indent=2).encode(), status, media_type="application/json")


def _error(error: Invalid, type_: str | None = None) -> Response:
    body: StripeObject = {"type": type_ or error.type, "message": str(error)}
    body |= {name: getattr(error, name) for name in ("param", "code") if getattr(error, name)}
    return _json({"error": body}, error.status)


class _Broken(Response):
    """Starts an answer and breaks the connection."""

    async def __call__(
        self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError("closed as requested")


def _broken() -> Response:
    return _Broken()
