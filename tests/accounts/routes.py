"""Every route of the service and the right that it needs. A missing route fails the tests."""

from typing import Any

from starlette.routing import Mount

from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from fancymonkey.web.routing.routes import methods_of, routes_of
from tests.web import documented

OPEN, SIGNED = "open", "signed"
READ, STOCK, ADMIN = "read", "stock", "admin"
STOCK_OR_CRON = "stock, or the cron secret"
STOCK_OR_CRON_NO_COOKIE = "stock but not by cookie, or the cron secret"
ADMIN_BUT_NO_KEY = "admin, but no key"
ADMIN_PASSWORD_ALONE = "the admin password, neither cookie nor key"
ACCOUNT, BROWSER, PAGE = "an account's session", "a browser's session or nobody", "a page"

NEEDS: dict[tuple[str, str], str] = {
    ("GET", "/api/inventory/get"): OPEN,
    ("POST", "/api/inventory/reserve"): OPEN,
    ("POST", "/api/inventory/release"): OPEN,
    ("GET", "/api/inventory/release"): STOCK_OR_CRON_NO_COOKIE,
    ("GET", "/api/shop"): OPEN,
    ("POST", "/api/checkout"): OPEN,
    ("GET", "/api/checkout/status"): OPEN,
    ("POST", "/api/inventory/update"): STOCK,
    ("POST", "/api/inventory/bulk-update"): STOCK,
    ("POST", "/api/webhooks/stripe"): SIGNED,
    ("GET", "/api/payments/issues"): READ,
    ("POST", "/api/payments/issues/settle"): STOCK,  # and admin, to give money back
    ("GET", "/api/payments/matters"): READ,
    ("POST", "/api/payments/matters/settle"): STOCK,
    ("GET", "/api/payments/events"): READ,
    ("GET", "/api/payments/runs"): READ,
    ("POST", "/api/payments/reconcile"): STOCK_OR_CRON,
    ("GET", "/api/payments/reconcile"): STOCK_OR_CRON_NO_COOKIE,
    ("POST", "/api/admin/login"): OPEN,
    ("POST", "/api/admin/refresh"): BROWSER,
    ("POST", "/api/admin/logout"): OPEN,
    ("GET", "/api/admin/me"): READ,
    ("GET", "/api/admin/sessions"): READ,
    ("POST", "/api/admin/sessions/revoke"): READ,
    ("POST", "/api/admin/password"): ACCOUNT,
    ("POST", "/api/admin/factor/begin"): ACCOUNT,
    ("POST", "/api/admin/factor/confirm"): ACCOUNT,
    ("POST", "/api/admin/factor/off"): ACCOUNT,
    ("POST", "/api/admin/factor/codes"): ACCOUNT,
    ("GET", "/api/admin/users"): ADMIN,
    ("POST", "/api/admin/users/add"): ADMIN_BUT_NO_KEY,
    ("POST", "/api/admin/users/role"): ADMIN_BUT_NO_KEY,
    ("POST", "/api/admin/users/limit"): ADMIN_BUT_NO_KEY,
    ("POST", "/api/admin/users/password"): ADMIN_BUT_NO_KEY,
    ("POST", "/api/admin/users/reset-factor"): ADMIN_BUT_NO_KEY,
    ("POST", "/api/admin/users/remove"): ADMIN_BUT_NO_KEY,
    ("GET", "/api/admin/keys"): ADMIN,
    ("POST", "/api/admin/keys/make"): ADMIN_BUT_NO_KEY,
    ("POST", "/api/admin/keys/revoke"): ADMIN_BUT_NO_KEY,
    ("GET", "/api/admin/audit-log"): ADMIN,
    ("GET", "/api/admin/record"): ADMIN,
    ("GET", "/api/admin/acts"): READ,
    ("GET", "/api/admin/inventory"): READ,
    ("GET", "/api/admin/changes"): READ,
    ("POST", "/api/admin/undo"): STOCK,
    ("GET", "/api/admin/orders"): READ,
    ("GET", "/api/admin/orders/pick-list"): READ,
    ("GET", "/api/admin/orders/packing-slips"): STOCK,
    ("POST", "/api/admin/orders/ship"): STOCK,
    ("POST", "/api/admin/orders/unship"): STOCK,
    ("POST", "/api/admin/orders/move"): STOCK,
    ("POST", "/api/admin/orders/cancel"): STOCK,
    ("POST", "/api/admin/orders/return"): STOCK,
    ("POST", "/api/admin/orders/refund"): ADMIN,
    ("POST", "/api/admin/orders/erase"): STOCK,
    ("GET", "/api/admin/holds"): READ,
    ("POST", "/api/admin/holds/release"): STOCK,
    ("GET", "/api/admin/export"): READ,
    ("POST", "/api/admin/import"): STOCK,
    ("GET", "/api/admin/products"): READ,
    ("POST", "/api/admin/products"): ADMIN,
    ("PUT", "/api/admin/products"): ADMIN,
    ("POST", "/api/admin/products/archive"): ADMIN,
    ("GET", "/api/admin/stock"): READ,
    ("POST", "/api/admin/stock/move"): STOCK,
    ("POST", "/api/admin/stock/safety"): STOCK,
    ("GET", "/api/admin/transfers"): READ,
    ("PUT", "/api/admin/transfers"): STOCK,
    **{
        ("POST", f"/api/admin/transfers{what}"): STOCK
        for what in ("", "/send", "/receive", "/undo-receipt", "/close", "/cancel")
    },
    ("GET", "/api/admin/locations"): READ,
    ("POST", "/api/admin/locations"): ADMIN,
    ("PUT", "/api/admin/locations"): ADMIN,
    ("POST", "/api/admin/locations/close"): ADMIN,
    ("GET", "/api/admin/locations/routing"): READ,
    ("PUT", "/api/admin/locations/routing"): ADMIN,
    ("PUT", "/api/admin/locations/postal-codes"): ADMIN,
    ("POST", "/api/admin/bundles/preview"): READ,
    ("POST", "/api/admin/bundles/assemble"): STOCK,
    ("GET", "/api/admin/history"): READ,
    ("GET", "/api/admin/explain"): READ,
    ("GET", "/api/admin/overview"): READ,
    ("GET", "/api/admin/inventory/live"): READ,
    ("GET", "/api/admin/alerts"): ADMIN,
    ("POST", "/api/admin/alerts/test"): ADMIN,
    ("GET", "/api/admin/jobs"): READ,
    ("GET", "/api/admin/webhooks"): ADMIN,
    **{
        ("POST", f"/api/admin/webhooks{what}"): ADMIN_BUT_NO_KEY
        for what in ("", "/change", "/remove", "/rotate")
    },
    **{("POST", f"/api/admin/webhooks{what}"): ADMIN for what in ("/ping", "/redeliver")},
    ("GET", "/api/admin/webhooks/deliveries"): ADMIN,
    ("POST", "/api/admin/migrate"): ADMIN_PASSWORD_ALONE,
    ("GET", "/api/cron/{job}"): STOCK_OR_CRON_NO_COOKIE,
    ("POST", "/api/cron/{job}"): STOCK_OR_CRON,
    ("GET", "/api/inventory/live"): OPEN,
    ("WEBSOCKET", "/api/inventory/live"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/"): OPEN,
    ("GET", "/v1/fancymonkey.js"): OPEN,
    **{
        ("GET", f"/{name}"): OPEN
        for name in (
            *("index.html", "success.html", "cancel.html", "fancymonkey.js", "shop.js"),
            *(
                "basket.js",
                "choices.js",
                "sets.js",
                "product-art.js",
                "page.js",
                "after-payment.js",
                "shop.css",
                "icon.svg",
            ),
        )
    },
    ("MOUNT", "/static"): OPEN,
    ("MOUNT", "/admin"): PAGE,
    ("MOUNT", "/demo/stripe"): OPEN,  # in demo mode only, where no money moves
}


def served(settings: Settings) -> set[tuple[str, str]]:
    """Every route of the app: the hot ones, those of FastAPI, and the mounted ones."""
    front = create_app(settings, Engine(MemoryStore()))
    hot_paths = {(method.decode(), path.decode()) for method, path in front.hot}
    for route in routes_of(front.api):
        kinds = {"MOUNT"} if isinstance(route, Mount) else methods_of(route) or {"WEBSOCKET"}
        hot_paths |= {(kind, route.path) for kind in kinds}
    return hot_paths


def bodies() -> dict[tuple[str, str], Any]:
    """A body that makes sense for each route that reads one."""
    samples = documented.requests()
    documented_routes = {
        (method, path): samples[operation["operationId"]]
        for method, path, operation in documented.operations()
        if operation["operationId"] in samples and path != "/api/admin/migrate"
    }
    return {
        route: {name: value for name, value in body.items() if name != "password"}
        if route[1].startswith("/api/inventory/")
        else body
        for route, body in documented_routes.items()
    }
