"""A request and an answer of each endpoint, as the OpenAPI document shows them.

A test sends every request and compares the shape of what comes back with the answer here.
"""

from typing import Any

from fancymonkey.web.openapi.examples import accounts

_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_LEVEL = {
    **_WHICH,
    "stock": 25,
    "reserved": 0,
    "available": 25,
    "backordered": 0,
    "short": 0,
    "lowStockThreshold": 5,
    "soldOut": False,
}
_RESULTS = {
    "successful": 1,
    "failed": 0,
    "details": {
        "successful": [
            {
                **_LEVEL,
                "previous": {**_LEVEL, "stock": 20, "available": 20},
                "holdsEnded": [],
            }
        ],
        "failed": [],
    },
}
_HOLD = {
    "id": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "sessionId": "cs_test_abc123",
    "status": "released",
    "lines": [
        {
            **_WHICH,
            "quantity": 1,
            "stock": {**_WHICH, "total": 20, "reserved": 0, "available": 20},
        }
    ],
}

_AT_CHECKOUT = {
    "id": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "sessionId": "b4c5e8d0f1a24c7f9b3e6d2a8c1f0e57",
    "lines": [{**_WHICH, "quantity": 1}],
    "expiresAt": "2025-10-07T12:36:00.000Z",
    "expiresInMinutes": 36,
    **_WHICH,
    "quantity": 1,
}

_MATTER = {
    "id": "refunded:res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "concern": "refunded",
    "title": "Refunded",
    "progress": "open",
    "reservationId": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "payment": "pi_3Pabc",
    "lines": [{**_WHICH, "quantity": 1, "name": "MIDNIGHT EMERALD HOODIE"}],
    "paid": {
        "amount": 58.0,
        "refunded": 58.0,
        "currency": "usd",
        "buyer": "ada@example.com",
        "at": "2025-10-07T12:01:00.000Z",
    },
    "openedAt": "2025-10-07T13:00:00.000Z",
    "closedAt": None,
    "note": "ch_3Pabc",
}
_REPORT = {"outcome": "balanced", "events": 12, "sessions": 4, "mended": [], "open": []}
_RECONCILED = {
    "success": True,
    "report": _REPORT,
    "message": "4 checkout sessions and 12 Stripe events compared.\nBooks balance.",
}

REQUESTS: dict[str, dict[str, Any]] = {
    "reserve": {**_WHICH, "quantity": 1, "sessionId": "cs_test_abc123"},
    "release": {"sessionId": "cs_test_abc123"},
    "checkout": {
        "productId": "prod_hoodie_001",
        "skuId": "sku_midnight_emerald_m",
        "priceId": "price_midnight_emerald_m",
        "sessionId": "b4c5e8d0f1a24c7f9b3e6d2a8c1f0e57",
    },
    "settle_matter": {
        "matterId": "refunded:res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
        "returned": [{**_WHICH, "quantity": 1}],
        "note": "came back unworn",
    },
    "update": {
        "password": "the admin password",
        "updates": [{**_WHICH, "stock": 25, "expected": 20, "reason": "counted"}],
    },
    "bulk_update": {
        "password": "the admin password",
        "action": "adjust",
        "filter": {"category": "hoodies", "lowStockOnly": True},
        "changes": {"stock": 10},
        "dryRun": True,
    },
    "webhook": {
        "id": "evt_1",
        "type": "checkout.session.completed",
        "data": {"object": {"id": "cs_test_abc123", "payment_status": "paid"}},
    },
}
"""Bodies, by the name of the endpoint."""

ANSWERS: dict[str, dict[str, Any]] = {
    "get_inventory": {
        "success": True,
        "inventory": [
            {
                "productId": "prod_hoodie_001",
                "name": "MIDNIGHT EMERALD HOODIE",
                "category": "hoodies",
                "price": 58,
                "sizes": [
                    {
                        "size": "M",
                        "stock": 20,
                        "reserved": 2,
                        "available": 18,
                        "lowStockThreshold": 5,
                        "isLowStock": False,
                        "isOutOfStock": False,
                        "backBy": None,
                        "soldOut": False,
                        "skuId": "sku_midnight_emerald_m",
                        "priceId": "price_midnight_emerald_m",
                    }
                ],
                "totals": {"stock": 20, "reserved": 2, "available": 18},
                "restockDate": None,
                "lastUpdated": "2025-10-07T12:00:00.000Z",
            }
        ],
        "summary": {"totalProducts": 1, "lowStockItems": 0, "outOfStockItems": 0},
        "revision": 80,
    },
    "reserve": {
        "success": True,
        "reservation": {
            "id": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
            **_WHICH,
            "quantity": 1,
            "sessionId": "cs_test_abc123",
            "expiresAt": "2025-10-07T12:30:00.000Z",
            "expiresInMinutes": 30,
        },
        "stock": {"total": 20, "reserved": 3, "available": 17},
        "revision": 81,
    },
    "release": {
        "success": True,
        "message": "Released the hold",
        "released": 1,
        "reservation": _HOLD,
        "revision": 82,
    },
    "release_cron": {
        "success": True,
        "message": "Released 1 expired hold",
        "released": 1,
        "reservations": [{**_HOLD, "status": "expired"}],
        "revision": 82,
    },
    "about": {"success": True, "demo": False, "checkout": True, "currency": "usd"},
    "checkout": {
        "success": True,
        "checkoutUrl": "https://checkout.stripe.com/c/pay/cs_test_abc123",
        "sessionId": "cs_test_abc123",
        "reservation": _AT_CHECKOUT,
        "revision": 83,
    },
    "checkout_status": {
        "success": True,
        "status": "held",
        "paid": False,
        "late": False,
        "checkout": True,
        "reservation": _AT_CHECKOUT,
        "serverTime": "2025-10-07T12:00:02.000Z",
        "revision": 83,
    },
    "list_matters": {"success": True, "matters": [_MATTER], "open": 1, "revision": 90},
    "settle_matter": {"success": True, "matter": {**_MATTER, "note": "came back unworn"}},
    "list_events": {
        "success": True,
        "events": [
            {
                "id": "evt_1",
                "type": "checkout.session.completed",
                "objectId": "cs_test_abc123",
                "receivedAt": "2025-10-07T12:01:00.000Z",
                "outcome": "done",
            }
        ],
    },
    "list_runs": {
        "success": True,
        "runs": [
            {
                "job": "reconcile",
                "startedAt": "2025-10-07T12:05:00.000Z",
                "tookMs": 240,
                "outcome": "balanced",
                "report": _REPORT,
            }
        ],
    },
    "reconcile": _RECONCILED,
    "reconcile_cron": _RECONCILED,
    "update": {
        "success": True,
        "message": "Updated 1 inventory item",
        "act": "act_8e6c1d2f0a59b0c4d2e6f81a",
        "results": _RESULTS,
    },
    "bulk_update": {
        "success": True,
        "message": "Would update 1 inventory item",
        "act": None,
        "action": "adjust",
        "dryRun": True,
        "results": _RESULTS,
    },
    "webhook": {"success": True, "received": True, "outcome": "done", "duplicate": False},
}
"""Answers with status 200, by the name of the endpoint."""

REQUESTS |= accounts.REQUESTS
ANSWERS |= accounts.ANSWERS
