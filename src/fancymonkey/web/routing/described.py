"""The parts of every route in the OpenAPI document: its refusals, and the headers of changes."""

from typing import Any, Protocol

from fastapi.dependencies.models import Dependant

from fancymonkey.web.routing.access import Access, Public, Requires
from fancymonkey.web.routing.route_params import has_query

PROBLEM_TYPE = "application/problem+json"
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
CSRF = {
    "name": "X-CSRF-Token",
    "in": "header",
    "description": "The CSRF token from `me`, required for changes by a browser session",
    "schema": {"type": "string"},
}


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The responses of these codes, for a route's `responses`."""
    return {code: refusal_of(code) for code in codes}


def refusal_of(code: int) -> dict[str, Any]:
    """The description of a refusal: a problem, except for 304."""
    if code == 304:
        return {"description": MEANING[code]}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": MEANING[code], "content": {PROBLEM_TYPE: {"schema": schema}}}


def msgspec_body(body: type[Any], example: dict[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its body with msgspec: its type and example."""
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


class DescribedRoute(Protocol):
    """The parts of a route that the description reads and writes."""

    access: Access
    dependant: Dependant
    methods: set[str] | None
    openapi_extra: dict[str, Any] | None
    responses: dict[int | str, dict[str, Any]]


def described(route: DescribedRoute) -> None:
    """Adds to the route's responses the refusals that follow from its right and its parameters."""
    codes = {429, 503}
    access, extra = route.access, route.openapi_extra or {}
    if not isinstance(access, Public):
        codes |= {401, 403, 422}  # an unknown parameter is 422
        extra = route.openapi_extra = {**extra, "security": access.security()}
        if "GET" not in (route.methods or ()) and isinstance(access, Requires) and access.cookie:
            parameters = [*extra.get("parameters", []), CSRF]
            route.openapi_extra = {**extra, "parameters": parameters}
    if route.dependant.body_params or "requestBody" in extra:
        codes |= {400, 413, 422}
    if has_query(route.dependant) or route.dependant.path_params:
        codes |= {414, 422}  # the server answers so to a long URL, before any endpoint sees it
    route.responses = {**refusals(*sorted(codes)), **route.responses}
