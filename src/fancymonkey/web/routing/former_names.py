"""The paths that endpoints had in earlier versions. They still work, with the keys of that time.

Only renamed paths are listed here. The OpenAPI document has the present paths alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response as StarletteResponse

from fancymonkey.web.routing.authorized_route import AuthorizedRoute, Handler


@dataclass(frozen=True, slots=True)
class FormerPath:
    """A former path, the present one, and the former names of keys and codes in its answers."""

    path: str
    present: str
    keys: Mapping[str, str]
    codes: Mapping[str, str]


FORMER_PATHS = (
    FormerPath("/api/admin/record", "/api/admin/audit-log", {"entries": "acts"}, {}),
    FormerPath("/api/admin/acts", "/api/admin/changes", {"changes": "acts"}, {}),
    FormerPath("/api/payments/matters", "/api/payments/issues", {"issues": "matters"}, {}),
    FormerPath(
        "/api/payments/matters/settle",
        "/api/payments/issues/settle",
        {"issue": "matter"},
        {"unknown_issue": "unknown_matter", "issue_closed": "matter_closed"},
    ),
)
"""Every former path."""

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class FormerRoute(AuthorizedRoute):
    """The route of a former path: the present endpoint and its right, with the former names."""

    def get_route_handler(self) -> Handler:
        """The handler of the present path; its answer gets the former names."""
        handle = super().get_route_handler()
        former = next(row for row in FORMER_PATHS if row.path == self.path)

        async def renamed(request: StarletteRequest) -> StarletteResponse:
            response = await handle(request)
            if "json" in response.headers.get("content-type", ""):
                response.body = _renamed(bytes(response.body), former)
                response.headers["content-length"] = str(len(response.body))
            return response

        return renamed


def router(routes: Iterable[Any]) -> APIRouter:
    """The routes of the former paths, for the endpoints of these routes."""
    former_router = APIRouter(route_class=FormerRoute)
    present = {route.path: route for route in routes}
    for former in FORMER_PATHS:
        route = present[former.present]
        former_router.add_api_route(
            former.path,
            route.endpoint,
            methods=list(route.methods),
            dependencies=[Depends(route.access), *route.dependencies],
            response_model=route.response_model,
            include_in_schema=False,
        )
    return former_router


def _renamed(body: bytes, former: FormerPath) -> bytes:
    """An answer with the former names of its keys and of its code; the values stay as they are."""
    named = {former.keys.get(key, key): value for key, value in _decode(body).items()}
    code = former.codes.get(_text(named["code"])) if "code" in named else None
    if code is None:
        return msgspec.json.encode(named)
    about = {
        "code": code,
        "type": f"urn:fancymonkey:error:{code}",
        "title": code.replace("_", " "),
    }
    return msgspec.json.encode({**named, **about})
