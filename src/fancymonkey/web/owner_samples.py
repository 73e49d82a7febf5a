"""A request and an answer of each call of the dashboard, as the OpenAPI document shows them."""

from typing import Any

_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_ACT = "act_8e6c1d2f0a59b0c4d2e6f81a"
_ROW = {
    "sku": "prod_hoodie_001/M",
    "productId": "prod_hoodie_001",
    "name": "MIDNIGHT EMERALD HOODIE",
    "category": "hoodies",
    "price": 58,
    "size": "M",
    "skuId": "sku_midnight_emerald_m",
    "priceId": "price_midnight_emerald_m",
    "stock": 20,
    "reserved": 2,
    "available": 18,
    "backordered": 0,
    "short": 0,
    "lowStockThreshold": 5,
    "soldOut": False,
    "status": "in_stock",
    "restockDate": None,
    "lastChanged": "2025-10-07T12:00:00.000Z",
    "position": [0, 1],
}

OWNERS_REQUESTS: dict[str, dict[str, Any]] = {
    "undo": {"act": _ACT},
}
"""Bodies, by the name of the endpoint."""

OWNERS_ANSWERS: dict[str, dict[str, Any]] = {
    "list_inventory": {
        "success": True,
        "revision": 80,
        "serverTime": "2025-10-07T12:00:00.000Z",
        "rows": [_ROW],
        "currency": "usd",
        "totals": {
            "rows": 1,
            "stock": 20,
            "reserved": 2,
            "available": 18,
            "backordered": 0,
            "low": 0,
            "out": 0,
            "value": 1160,
        },
    },
    "list_acts": {
        "success": True,
        "acts": [
            {
                "id": _ACT,
                "at": "2025-10-07T12:00:00.000Z",
                "actor": "ana",
                "action": "update",
                "reason": "Count",
                "changed": 1,
                "undoable": True,
                "undoneBy": None,
                "undoes": None,
            }
        ],
    },
    "undo": {
        "success": True,
        "act": "act_8e6c1d2f0a48b0c4d2e6f81b",
        "undone": _ACT,
        "message": "Undone: 1 row.",
        "rows": [{**_WHICH, "changes": [{"field": "stock", "from": 25, "to": 20}]}],
        "failed": [],
        "revision": 84,
    },
}
"""Answers with status 200, by the name of the endpoint."""
