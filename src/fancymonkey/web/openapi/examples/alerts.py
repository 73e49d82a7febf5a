"""A request and an answer of each call about alerts, as the OpenAPI document shows them."""

from typing import Any

from fancymonkey.alerts.events import ALERTS, WEBHOOKS

_AT = "2025-10-07T12:00:00.000Z"
_WEBHOOK = "whk_1f0c2a9be4d8466f"
_DELIVERY = "dlv_8e6c1d2f0a59b0c4d2e6f81a2"
_ROW = {
    "id": _WEBHOOK,
    "url": "https://erp.example/stock",
    "events": ["stock.low", "stock.out"],
    "description": "Our books",
    "active": True,
    "createdAt": _AT,
    "failingSince": None,
    "offBecause": None,
    "secrets": [{"ends": "…9b1c", "until": None}],
}
_SECRET = "whsec_0d9f…9b1c"  # noqa: S105 - an example, and none that works

ALERT_REQUESTS: dict[str, dict[str, Any]] = {
    "add_webhook": {
        "url": "https://erp.example/stock",
        "events": ["stock.low", "stock.out"],
        "description": "Our books",
    },
    "change_webhook": {"id": _WEBHOOK, "active": False},
    "remove_webhook": {"id": _WEBHOOK},
    "rotate_webhook": {"id": _WEBHOOK, "hours": 24},
    "ping_webhook": {"id": _WEBHOOK},
    "redeliver": {"delivery": _DELIVERY},
}
"""Bodies, by the name of the endpoint."""

ALERT_ANSWERS: dict[str, dict[str, Any]] = {
    "alert_status": {
        "success": True,
        "channels": [
            {
                "id": "ch_6f1b0c2d9e4a",
                "name": "Email to o…@shop.example",
                "waiting": 0,
                "error": None,
                "failedAt": None,
            }
        ],
        "events": list(ALERTS),
        "quietHours": "22:00-07:00",
        "digestAt": "08:00",
        "timeZone": "UTC",
        "waiting": 0,
        "recent": [
            {
                "id": "evt_8e6c1d2f0a5a1b2c3d4e5f607",
                "type": "stock.low",
                "word": "Low",
                "look": "low",
                "at": _AT,
                "title": "Low: MIDNIGHT EMERALD HOODIE, M, 4 left",
                "text": "The threshold is 5.",
            }
        ],
    },
    "test_alerts": {
        "success": True,
        "message": "Sent to 1 channel.",
        "channels": [{"name": "Email to o…@shop.example", "ok": True, "error": None}],
    },
    "list_jobs": {
        "success": True,
        "jobs": [
            {
                "job": "tidy",
                "about": "releases expired holds; a running service does so at their deadline",
                "scheduled": True,
                "running": False,
                "runs": [{"startedAt": _AT, "tookMs": 12, "outcome": "done"}],
            }
        ],
    },
    "list_webhooks": {"success": True, "webhooks": [_ROW], "events": list(WEBHOOKS)},
    "add_webhook": {"success": True, "webhook": _ROW, "secret": _SECRET},
    "change_webhook": {"success": True, "webhook": {**_ROW, "active": False}},
    "remove_webhook": {"success": True, "removed": _WEBHOOK},
    "rotate_webhook": {
        "success": True,
        "webhook": {
            **_ROW,
            "secrets": [
                {"ends": "…04fe", "until": None},
                {"ends": "…9b1c", "until": "2025-10-08T12:00:00.000Z"},
            ],
        },
        "secret": "whsec_77a1…04fe",
    },
    "ping_webhook": {"success": True, "delivery": _DELIVERY},
    "redeliver": {"success": True, "delivery": _DELIVERY},
    "list_deliveries": {
        "success": True,
        "deliveries": [
            {
                "id": _DELIVERY,
                "webhook": _WEBHOOK,
                "event": {
                    "id": "evt_8e6c1d2f0a5a1b2c3d4e5f607",
                    "type": "stock.low",
                    "title": "Low: MIDNIGHT EMERALD HOODIE, M, 4 left",
                },
                "state": "done",
                "madeAt": _AT,
                "dueAt": None,
                "tries": 1,
                "attempts": [{"at": _AT, "tookMs": 41, "status": 200, "error": None}],
            }
        ],
        "next": None,
    },
}
"""Answers with status 200, by the name of the endpoint."""
