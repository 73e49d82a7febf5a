"""The routes of alerts, webhooks and jobs, with their documentation."""

from typing import Any

from fancymonkey.web.admin_api import alerts, webhooks
from fancymonkey.web.routing.route import CSRF, LIMIT, OWNER, Route
from fancymonkey.web.routing.router import Endpoint

READ = (401, 403, 422, 429, 503)
WRITE = (400, 401, 403, 413, 422, 429, 503)


def _read(path: str, endpoint: Endpoint, summary: str, *more: tuple[str, str, str]) -> Route:
    parameters = (OWNER, LIMIT, *more)
    return Route("GET", path, endpoint, summary, codes=READ, tag="alerts", parameters=parameters)


def _write(
    path: str, endpoint: Endpoint, summary: str, body: type[Any] | None, *codes: int
) -> Route:
    codes = tuple(sorted({*WRITE, *codes}))
    return Route(
        "POST", path, endpoint, summary, body, codes, tag="alerts", parameters=(OWNER, CSRF)
    )


ALERT_ROUTES: tuple[Route, ...] = (
    _read("/api/admin/alerts", alerts.alert_status, "List alert channels and the latest alerts"),
    _write("/api/admin/alerts/test", alerts.test_alerts, "Send a test to every channel", None, 409),
    _read("/api/admin/jobs", alerts.list_jobs, "List jobs and their latest runs"),
    Route(
        "GET",
        "/api/admin/webhooks",
        webhooks.list_webhooks,
        "List webhooks",
        codes=(401, 403, 429, 503),
        tag="alerts",
        parameters=(OWNER,),
    ),
    _write(
        "/api/admin/webhooks", webhooks.add_webhook, "Add a webhook", webhooks.AddWebhookBody, 409
    ),
    _write(
        "/api/admin/webhooks/change",
        webhooks.change_webhook,
        "Update a webhook, or switch it on or off",
        webhooks.ChangeWebhookBody,
        404,
    ),
    _write(
        "/api/admin/webhooks/remove",
        webhooks.remove_webhook,
        "Remove a webhook",
        webhooks.WebhookBody,
        404,
    ),
    _write(
        "/api/admin/webhooks/rotate",
        webhooks.rotate_webhook,
        "Rotate the secret of a webhook",
        webhooks.RotateBody,
        404,
    ),
    _write(
        "/api/admin/webhooks/ping",
        webhooks.ping_webhook,
        "Send a test event to a webhook",
        webhooks.WebhookBody,
        404,
    ),
    _read(
        "/api/admin/webhooks/deliveries",
        webhooks.list_deliveries,
        "List sent and pending deliveries",
        ("id", "query", "Only deliveries to this webhook"),
        ("after", "query", "`next` of the previous page"),
    ),
    _write(
        "/api/admin/webhooks/redeliver",
        webhooks.redeliver,
        "Redeliver an event",
        webhooks.RedeliverBody,
        404,
    ),
)
"""Every endpoint of alerts, webhooks and jobs."""
