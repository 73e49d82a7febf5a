"""The OpenAPI document: FastAPI makes it from the routes, and this module completes it."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Response
from starlette.requests import HTTPConnection

from fancymonkey.payments.events import StripeEvent
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.openapi.hot_routes import TEMPLATE, described_hot_routes
from fancymonkey.web.routing.access import SCHEMES, public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.routes import body_model

router = APIRouter(include_in_schema=False, route_class=AuthorizedRoute)

TAGS = [
    {"name": "inventory", "description": "Calls of the shop pages"},
    {"name": "checkout", "description": "Checkout, from a basket to a payment"},
    {"name": "admin", "description": "Stock updates by the owner"},
    {"name": "dashboard", "description": "Calls of the dashboard"},
    {"name": "orders", "description": "Orders: shipping, returns, refunds and buyers' data"},
    {"name": "transfers", "description": "Transfers between locations, moves and safety stock"},
    {"name": "stripe", "description": "Webhook for Stripe events"},
    {"name": "payments", "description": "Payment issues, Stripe events and reconciliation"},
    {"name": "accounts", "description": "Login, users, API keys and the audit log"},
    {"name": "alerts", "description": "Alerts for the owner and webhooks for other systems"},
    {"name": "jobs", "description": "Scheduled jobs, for external schedulers"},
    {"name": "system", "description": "Health checks, metrics and migration"},
]
"""The tags of the document, in order."""


@router.get("/openapi.json", dependencies=[public()])
async def openapi_document(connection: HTTPConnection) -> Response:
    """The OpenAPI document of this service, encoded once: it does not change while it runs."""
    state = connection.app.state
    if not hasattr(state, "encoded_document"):
        state.encoded_document = json_response(connection.app.openapi()).body
    return Response(state.encoded_document, 200, media_type="application/json")


def completed(document: dict[str, Any], routes: Iterable[Any]) -> dict[str, Any]:
    """FastAPI's document with the hot endpoints, the types of msgspec, and the problems."""
    paths, schemas = described_hot_routes(
        wire.UpdateBody, wire.UpdateRow, wire.BulkBody, StripeEvent
    )
    rows = schemas["UpdateBody"]["properties"]["updates"]
    rows["items"] = {"$ref": TEMPLATE.format(name="UpdateRow")}  # each is read alone
    components = document["components"]["schemas"]
    components.update(schemas)
    components["Problem"] = _PROBLEM
    document["components"]["securitySchemes"] = SCHEMES
    _restore_examples(components, routes)
    for path, methods in document["paths"].items():
        paths[path] = paths.get(path, {}) | methods
    document["paths"] = paths
    return document


def _restore_examples(components: dict[str, Any], routes: Iterable[Any]) -> None:
    """Puts the examples of the types back as they are: FastAPI leaves out their null values."""
    for route in routes:
        for model in (getattr(route, "response_model", None), body_model(route)):
            own = getattr(model, "__pydantic_config__", {})
            extra = getattr(model, "model_config", own).get("json_schema_extra")
            if extra:
                components[model.__name__].update(extra)  # type: ignore[union-attr]


_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details, with a stable `code`.",
    "type": "object",
    "required": ["success", "type", "title", "status", "code", "detail"],
    "properties": {
        "success": {"const": False},
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "productId": {"type": "string"},
                    "size": {"type": "string"},
                    "requested": {"type": "integer"},
                    "available": {"type": "integer"},
                },
            },
        },
    },
}
