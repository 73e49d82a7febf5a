"""The OpenAPI document, built from the routes and the decoders of their bodies."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from fancymonkey.payments.events import Event
from fancymonkey.web.admin_api import migrate, payments, stock_updates
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import wire
from fancymonkey.web.http.messages import JSON, Request, Response
from fancymonkey.web.http.security_headers import PLAIN
from fancymonkey.web.http.wire import encode
from fancymonkey.web.openapi.account_routes import ACCOUNT_ROUTES
from fancymonkey.web.openapi.admin_routes import ADMIN_ROUTES
from fancymonkey.web.openapi.alert_routes import ALERT_ROUTES
from fancymonkey.web.openapi.examples.admin import OWNERS_ANSWERS, OWNERS_REQUESTS
from fancymonkey.web.openapi.examples.alerts import ALERT_ANSWERS, ALERT_REQUESTS
from fancymonkey.web.openapi.examples.shop import ANSWERS, REQUESTS
from fancymonkey.web.openapi.parameters import parameter
from fancymonkey.web.openapi.shapes import shape_of
from fancymonkey.web.routing.route import (
    JSON_TYPE,
    LIMIT,
    MEANING,
    OWNER,
    SCHEMES,
    SECRET,
    SECRET_OR_SESSION,
    Route,
)
from fancymonkey.web.routing.router import Endpoint, Routes
from fancymonkey.web.shop_api import checkout, inventory, shop_info, stripe_webhook
from fancymonkey.web.system import health

TAGS = [
    {"name": "inventory", "description": "Calls of the shop pages"},
    {"name": "checkout", "description": "Checkout, from a basket to a payment"},
    {"name": "admin", "description": "Stock updates by the owner"},
    {"name": "dashboard", "description": "Calls of the dashboard"},
    {"name": "stripe", "description": "Webhook for Stripe events"},
    {"name": "payments", "description": "Payment issues, Stripe events and reconciliation"},
    {"name": "accounts", "description": "Login, users, API keys and the audit log"},
    {"name": "alerts", "description": "Alerts for the owner and webhooks for other systems"},
    {"name": "jobs", "description": "Scheduled jobs, for external schedulers"},
    {"name": "system", "description": "Health checks, metrics and migration"},
]
"""The tags of the document, in order."""

TEMPLATE = "#/components/schemas/{name}"


OPERATIONS: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/inventory/get",
        inventory.get_inventory,
        "Current stock",
        codes=(304, 422),
        parameters=(
            ("productId", "query", "Only this product"),
            ("category", "query", "Only this category"),
            ("lowStockOnly", "query", "`true`: only sizes with low stock, and their products"),
            (
                "If-None-Match",
                "header",
                "The ETag of an earlier response: 304 if nothing has changed",
            ),
        ),
    ),
    Route(
        "POST",
        "/api/inventory/reserve",
        inventory.reserve,
        "Hold units for a checkout",
        wire.ReserveBody,
        (400, 404, 409, 410, 413, 422, 429, 503),
        repeatable=True,
    ),
    Route(
        "POST",
        "/api/inventory/release",
        inventory.release,
        "Release a hold, or all expired holds",
        wire.ReleaseBody,
        (400, 404, 409, 413, 422, 429, 503),
        repeatable=True,
    ),
    Route(
        "GET",
        "/api/inventory/release",
        inventory.release_cron,
        "Release expired holds, for schedulers that send GET",
        codes=(401, 403, 409, 429, 503),
        parameters=(("Authorization", "header", "`Bearer` and the CRON_SECRET"),),
    ),
    Route(
        "GET",
        "/api/shop",
        shop_info.about,
        "Settings that a shop page needs",
        tag="checkout",
    ),
    Route(
        "POST",
        "/api/checkout",
        checkout.checkout,
        "Hold a basket and open a Stripe Checkout Session for it",
        checkout.CheckoutBody,
        (400, 404, 409, 410, 413, 422, 429, 502, 503),
        tag="checkout",
    ),
    Route(
        "GET",
        "/api/checkout/status",
        checkout.checkout_status,
        "Status of a hold and its payment",
        codes=(404, 422, 503),
        tag="checkout",
        parameters=(
            ("sessionId", "query", "Any id of the hold: `cs_…`, `res_…` or the buyer's session id"),
        ),
    ),
    Route(
        "POST",
        "/api/inventory/update",
        stock_updates.update,
        "Update the stock of sizes one by one (owner)",
        wire.UpdateBody,
        (400, 401, 403, 409, 413, 422, 429, 503),
        tag="admin",
        repeatable=True,
    ),
    Route(
        "POST",
        "/api/inventory/bulk-update",
        stock_updates.bulk_update,
        "Update the stock of many sizes at once (owner)",
        wire.BulkBody,
        (400, 401, 403, 409, 413, 422, 429, 503),
        tag="admin",
        repeatable=True,
    ),
    Route(
        "POST",
        "/api/webhooks/stripe",
        stripe_webhook.webhook,
        "Receive signed Stripe events",
        Event,
        (400, 413, 422, 503),
        tag="stripe",
        parameters=(("Stripe-Signature", "header", "`t=…,v1=…`, as Stripe sends it"),),
    ),
    Route(
        "GET",
        "/api/payments/matters",
        payments.list_matters,
        "List payment issues (owner)",
        codes=(401, 403, 422, 429),
        tag="payments",
        parameters=(OWNER, LIMIT),
    ),
    Route(
        "POST",
        "/api/payments/matters/settle",
        payments.settle_matter,
        "Resolve a payment issue: return units to stock, refund, or dismiss (owner)",
        payments.SettleBody,
        (400, 401, 403, 404, 409, 413, 422, 429, 503),
        tag="payments",
        parameters=(OWNER,),
    ),
    Route(
        "GET",
        "/api/payments/events",
        payments.list_events,
        "List Stripe events and their outcomes (owner)",
        codes=(401, 403, 422, 429),
        tag="payments",
        parameters=(OWNER, LIMIT),
    ),
    Route(
        "GET",
        "/api/payments/runs",
        payments.list_runs,
        "List runs of jobs (owner)",
        codes=(401, 403, 422, 429),
        tag="payments",
        parameters=(OWNER, LIMIT, ("job", "query", "Only runs of this job")),
    ),
    *(
        Route(
            method,
            "/api/payments/reconcile",
            endpoint,
            "Compare Stripe with the ledger now, and correct missed events",
            codes=(401, 403, 409, 429, 503),
            tag="payments",
            parameters=(
                ("Authorization", "header", "`Bearer` and the CRON_SECRET or the admin password"),
            ),
        )
        for method, endpoint in (
            ("POST", payments.reconcile),
            ("GET", payments.reconcile_cron),
        )
    ),
    Route(
        "GET",
        "/metrics",
        health.metrics,
        "Metrics for Prometheus",
        codes=(429,),
        tag="system",
        media=("text/plain",),
    ),
    *ACCOUNT_ROUTES,
    *ADMIN_ROUTES,
    *ALERT_ROUTES,
)
"""Every endpoint of the router."""


def front_routes() -> Routes:
    """The endpoints by path and method; HEAD uses GET."""
    routes: dict[str, dict[str, Endpoint]] = {}
    for operation in OPERATIONS:
        methods = routes.setdefault(operation.path, {})
        methods[operation.method] = operation.endpoint
        if operation.path.endswith(("/get", "/metrics")):
            methods["HEAD"] = operation.endpoint
    return routes


def document_route(document: Callable[[], dict[str, Any]]) -> Routes:
    """`/openapi.json`: encoded once, because it does not change while the service runs."""

    @cache
    def encoded() -> Response:
        return Response(200, encode(document()), [JSON, *PLAIN])

    async def openapi_document(context: AppContext, request: Request) -> Response:
        """The OpenAPI document of this service."""
        return encoded()

    return {"/openapi.json": {"GET": openapi_document, "HEAD": openapi_document}}


def add_to(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with the routes of the router added."""
    bodies = [operation.body for operation in OPERATIONS if operation.body is not None]
    bodies += [wire.UpdateRow, migrate.MigrateBody]
    schemas, components = msgspec.json.schema_components(bodies, ref_template=TEMPLATE)
    by_body = dict(zip(bodies, schemas, strict=True))
    components["UpdateBody"]["properties"]["updates"]["items"] = by_body[wire.UpdateRow]
    components["Problem"] = _PROBLEM
    shared = document.setdefault("components", {})
    shared.setdefault("schemas", {}).update(components)
    shared["securitySchemes"] = SCHEMES
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        entry = paths.setdefault(operation.path, {})
        entry[operation.method.lower()] = _describe(operation, by_body)
    document["paths"] = paths | document["paths"]
    return document


def _describe(operation: Route, by_body: dict[Any, Any]) -> dict[str, Any]:
    # OpenAPI ignores a parameter of this name: it is a security scheme.
    parameters = [one for one in operation.parameters if one[0] != "Authorization"]
    if operation.repeatable:
        parameters.append(
            ("Idempotency-Key", "header", "The same key and body again: one effect, same answer")
        )
    name = operation.endpoint.__name__
    file: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    done = dict.fromkeys(operation.media, file)
    if JSON_TYPE in done:
        example = (ANSWERS | OWNERS_ANSWERS | ALERT_ANSWERS)[name]
        done[JSON_TYPE] = {"schema": shape_of(example), "example": example}
    responses: dict[str, Any] = {"200": {"description": "Done", "content": done}}
    codes = set(operation.codes)
    if any(one[1] in ("query", "path") for one in parameters):
        codes.add(414)  # the server answers so to a long URL, before any endpoint sees it
    for code in sorted(codes):
        responses[str(code)] = {"description": MEANING[code]}
        if code != 304:
            responses[str(code)]["content"] = {
                "application/problem+json": {"schema": {"$ref": TEMPLATE.format(name="Problem")}}
            }
    found: dict[str, Any] = {
        "summary": operation.summary,
        "description": (operation.endpoint.__doc__ or "").strip(),
        "operationId": name,
        "tags": [operation.tag],
        "parameters": [parameter(operation.path, *one) for one in parameters],
        "responses": responses,
    }
    if OWNER in operation.parameters:
        found["security"] = SECRET_OR_SESSION
    elif len(parameters) < len(operation.parameters):
        found["security"] = SECRET
    if operation.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": by_body[operation.body],
                    "example": (REQUESTS | OWNERS_REQUESTS | ALERT_REQUESTS)[name],
                }
            },
        }
    if operation.takes:
        found["requestBody"] = {"required": True, "content": dict.fromkeys(operation.takes, file)}
    return found


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
