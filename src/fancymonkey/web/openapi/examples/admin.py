"""A request and an answer of each call of the dashboard, as the OpenAPI document shows them."""

from typing import Any

_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_ACT = "act_8e6c1d2f0a59b0c4d2e6f81a"
_HOLD = "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"
_LEVEL = {"stock": 20, "reserved": 2, "available": 18, "backordered": 0, "short": 0}
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

_SIZE = {
    "size": "M",
    "skuId": "sku_midnight_emerald_m",
    "priceId": "price_midnight_emerald_m",
    "lowStockThreshold": 5,
    "soldOut": False,
    "archived": False,
    "stock": 20,
    "reserved": 2,
    "other": {},
}
_PRODUCT = {
    "productId": "prod_hoodie_001",
    "name": "MIDNIGHT EMERALD HOODIE",
    "category": "hoodies",
    "price": 58,
    "image": None,
    "restockDate": None,
    "archived": False,
    "lastUpdated": "2025-10-07T12:00:00.000Z",
    "other": {},
    "sizes": [_SIZE],
}
_PRODUCT_DONE = {"success": True, "act": _ACT, "product": _PRODUCT, "revision": 84}
_NEW = {
    **_PRODUCT,
    "productId": "prod_cap_009",
    "name": "CANOPY CAP",
    "category": "caps",
    "price": 24.5,
    "image": "https://cdn.example/cap.webp",
    "sizes": [{**_SIZE, "size": "OS", "skuId": None, "priceId": None, "stock": 40, "reserved": 0}],
}

OWNERS_REQUESTS: dict[str, dict[str, Any]] = {
    "undo": {"act": _ACT},
    "release_holds": {"ids": [_HOLD], "reason": "the buyer has called"},
    "add_product": {
        "productId": "prod_cap_009",
        "name": "CANOPY CAP",
        "category": "caps",
        "price": 24.5,
        "image": "https://cdn.example/cap.webp",
        "sizes": [{"size": "OS", "stock": 40}],
    },
    "change_product": {
        "productId": "prod_hoodie_001",
        "price": 62,
        "was": {"price": 58},
        "sizes": [{"size": "M", "lowStockThreshold": 8}],
    },
    "archive_product": {"productId": "prod_hoodie_001", "size": "M", "endHolds": True},
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
        "rows": [
            {
                **_WHICH,
                "name": "MIDNIGHT EMERALD HOODIE",
                "changes": [{"field": "stock", "from": 25, "to": 20}],
            }
        ],
        "failed": [],
        "revision": 84,
    },
    "list_holds": {
        "success": True,
        "holds": [
            {
                "id": _HOLD,
                "sessionId": "b4c5e8d0f1a24c7f9b3e6d2a8c1f0e57",
                "by": "buyer",
                "status": "held",
                "lines": [{**_WHICH, "quantity": 2, "name": "MIDNIGHT EMERALD HOODIE"}],
                "createdAt": "2025-10-07T12:00:00.000Z",
                "expiresAt": "2025-10-07T12:30:00.000Z",
                "endedAt": None,
                "late": False,
                "checkout": None,
                "paymentPending": False,
            }
        ],
        "total": 1,
        "units": 2,
        "next": None,
        "revision": 82,
    },
    "release_holds": {
        "success": True,
        "act": _ACT,
        "released": 1,
        "results": [{"id": _HOLD, "status": "released"}],
        "warnings": [],
        "revision": 83,
    },
    "history": {
        "success": True,
        "entries": [
            {
                "revision": 80,
                "at": "2025-10-07T12:00:00.000Z",
                "kind": "counted",
                "sku": "prod_hoodie_001/M",
                **_WHICH,
                "name": "MIDNIGHT EMERALD HOODIE",
                "change": {"stock": 5},
                "stock": 25,
                "reserved": 2,
                "available": 23,
                "actor": "ana",
                "reason": "Count",
                "cause": _ACT,
                "until": None,
                "links": [{"to": "act", "id": _ACT}],
            }
        ],
        "next": 80,
        "revision": 80,
        "meant": None,
    },
    "explain": {
        "success": True,
        "sku": "prod_hoodie_001/M",
        **_WHICH,
        "name": "MIDNIGHT EMERALD HOODIE",
        "from": None,
        "asOf": None,
        "sentence": "18 available now: 20 on hand less 2 reserved.",
        "opening": dict.fromkeys(_LEVEL, 0),
        "closing": _LEVEL,
        "steps": [
            {"kind": "added", "entries": 1, "change": {"stock": 20}, "stock": 20},
            {"kind": "reserved", "entries": 1, "change": {"reserved": 2}, "stock": 20},
        ],
        "entries": 2,
        "problem": None,
        "revision": 82,
    },
    "import_table": {
        "success": True,
        "mode": "preview",
        "act": None,
        "revision": 82,
        "columns": ["productId", "size", "stock", "exported"],
        "sheet": None,
        "sheets": [],
        "counts": {
            "rows": 41,
            "new": 0,
            "changed": 1,
            "unchanged": 39,
            "faults": 1,
            "applied": 0,
        },
        "faults": [
            {
                "row": 3,
                "column": "stock",
                "reason": "'many' is not a whole number from 0 to 1000000000",
            }
        ],
        "notices": [],
        "changes": [
            {
                "row": 2,
                **_WHICH,
                "column": "stock",
                "exported": "20",
                "file": "25",
                "now": "17",
                "after": "22",
                "new": None,
            }
        ],
    },
    "list_products": {
        "success": True,
        "revision": 82,
        "currency": "usd",
        "products": [_PRODUCT],
    },
    "add_product": {**_PRODUCT_DONE, "product": _NEW},
    "change_product": _PRODUCT_DONE,
    "archive_product": _PRODUCT_DONE,
    "overview": {
        "success": True,
        "revision": 82,
        "serverTime": "2025-10-07T12:00:00.000Z",
        "currency": "usd",
        "stock": {
            "products": 1,
            "sizes": 4,
            "units": 81,
            "reserved": 2,
            "available": 79,
            "backordered": 0,
            "low": 1,
            "out": 1,
            "value": 5673.5,
            "short": 0,
        },
        "holds": {"count": 1, "units": 2, "nextEnds": "2025-10-07T12:30:00.000Z"},
        "days": [
            {
                "day": "2025-10-07",
                "sold": 12,
                "returned": 0,
                "turnedAway": 5,
                "turnedAwayRequests": 4,
            }
        ],
        "matters": {"open": 1, "due": 0, "backorder": 0, "latePayment": 1},
        "health": {
            "store": {"ok": True, "problems": []},
            "catalogue": {"ok": True, "problems": []},
            "webhook": {"configured": True, "lastEvent": None, "lastOutcome": None},
            "reconcile": {"configured": False, "at": None, "outcome": None},
            "proxy": {"ok": True, "requests": 0},
            "backup": {"configured": True, "at": None, "outcome": None},
        },
    },
}
"""Answers with status 200, by the name of the endpoint."""
