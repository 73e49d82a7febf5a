"""The five endpoints of the specification: exact names, shapes and types.

Fields beyond the specification are listed here one by one, so that none is added by mistake.
"""

from typing import Any

import pytest

from tests.web.client import Client
from tests.web.shops import HOODIE, PASSWORD, Shop

BOTH_WAYS = True

EXTRA_SIZE = {"soldOut": False, "skuId": f"sku_{HOODIE}_m", "priceId": f"price_{HOODIE}_m"}
"""The fields of a size beyond the specification that a storefront needs: switch and price."""


async def test_get(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    answer = await any_shop.client.get("/api/inventory/get")
    assert answer.status == 200
    assert answer.header("content-type") == "application/json"
    body = answer.json
    assert list(body) == ["success", "inventory", "summary", "revision"]
    assert body["success"] is True
    assert body["summary"] == {"totalProducts": 3, "lowStockItems": 2, "outOfStockItems": 1}
    hoodie = body["inventory"][0]
    assert [row["size"] for row in hoodie["sizes"]] == ["S", "M", "L", "XL"]
    assert hoodie["sizes"][1] == {
        "size": "M",
        "stock": 20,
        "reserved": 2,
        "available": 18,
        "lowStockThreshold": 5,
        "isLowStock": False,
        "isOutOfStock": False,
        "backBy": None,
        **EXTRA_SIZE,
    }
    del hoodie["sizes"]
    assert hoodie == {
        "productId": HOODIE,
        "name": "MIDNIGHT EMERALD HOODIE",
        "category": "hoodies",
        "price": 58,
        "totals": {"stock": 81, "reserved": 2, "available": 79},
        "restockDate": None,
        "lastUpdated": "2025-10-07T12:00:00.000Z",
    }
    assert b'"price":58,' in answer.body  # an integer stays one
    assert b'"price":62.50,' in answer.body or b'"price":62.5,' in answer.body


async def test_reserve(any_shop: Shop) -> None:
    request = {
        "productId": HOODIE,
        "size": "M",
        "quantity": 1,
        "sessionId": "cs_test_abc123",
    }
    answer = await any_shop.client.post("/api/inventory/reserve", request)
    assert answer.status == 200
    body = answer.json
    id_, revision = body["reservation"].pop("id"), body.pop("revision")
    assert isinstance(id_, str)
    assert isinstance(revision, int)
    assert body == {
        "success": True,
        "reservation": {
            "productId": HOODIE,
            "size": "M",
            "quantity": 1,
            "sessionId": "cs_test_abc123",
            "expiresAt": "2025-10-07T12:30:00.000Z",
            "expiresInMinutes": 30,
        },
        "stock": {"total": 20, "reserved": 1, "available": 19},
    }


async def test_release_of_a_session(any_shop: Shop) -> None:
    held = (await any_shop.reserve("cs_test_abc123", quantity=3)).json["reservation"]
    answer = await any_shop.client.post(
        "/api/inventory/release", {"sessionId": "cs_test_abc123", "releaseExpired": False}
    )
    assert answer.status == 200
    body = answer.json
    assert isinstance(body.pop("revision"), int)
    assert body == {
        "success": True,
        "message": "Released the hold",
        "released": 1,
        "reservation": {
            "id": held["id"],
            "sessionId": "cs_test_abc123",
            "status": "released",
            "lines": [
                {
                    "productId": HOODIE,
                    "size": "M",
                    "quantity": 3,
                    "stock": {
                        "productId": HOODIE,
                        "size": "M",
                        "total": 20,
                        "reserved": 0,
                        "available": 20,
                    },
                }
            ],
        },
    }


async def test_release_of_an_expired_hold(any_shop: Shop) -> None:
    answer = await any_shop.client.post("/api/inventory/release", {"releaseExpired": True})
    assert answer.status == 200
    body = answer.json
    assert isinstance(body.pop("revision"), int)
    assert body == {
        "success": True,
        "message": "Released 0 expired holds",
        "released": 0,
        "reservations": [],
    }


SET = {
    "productId": HOODIE,
    "size": "M",
    "backordered": 0,
    "short": 0,
    "lowStockThreshold": 5,
    "soldOut": False,
}


async def test_update(any_shop: Shop) -> None:
    request = {
        "password": PASSWORD,
        "updates": [
            {
                "productId": HOODIE,
                "size": "M",
                "stock": 25,
                "reserved": 0,
                "lowStockThreshold": 7,
                "soldOut": False,
                "restockDate": "2025-10-15T00:00:00.000Z",
            }
        ],
    }
    answer = await any_shop.client.post("/api/inventory/update", request)
    assert answer.status == 200
    assert answer.json == {
        "success": True,
        "message": "Updated 1 inventory item",
        "changeId": answer.json["changeId"],
        "act": answer.json["changeId"],
        "results": {
            "successful": 1,
            "failed": 0,
            "details": {
                "successful": [
                    {
                        **SET,
                        "stock": 25,
                        "reserved": 0,
                        "available": 25,
                        "lowStockThreshold": 7,
                        "previous": {**SET, "stock": 20, "reserved": 0, "available": 20},
                        "holdsEnded": [],
                    }
                ],
                "failed": [],
            },
        },
    }
    listed = await any_shop.client.get(f"/api/inventory/get?productId={HOODIE}")
    assert listed.json["inventory"][0]["restockDate"] == "2025-10-15T00:00:00.000Z"


async def test_bulk_update(any_shop: Shop) -> None:
    request: dict[str, Any] = {
        "password": PASSWORD,
        "action": "adjust",
        "filter": {"category": "hoodies", "productIds": [HOODIE], "lowStockOnly": True},
        "changes": {"stock": 10},
    }
    answer = await any_shop.client.post("/api/inventory/bulk-update", request)
    assert answer.status == 200
    small = {**SET, "size": "S", "reserved": 0}
    assert answer.json == {
        "success": True,
        "message": "Updated 1 inventory item",
        "action": "adjust",
        "dryRun": False,
        "changeId": answer.json["changeId"],
        "act": answer.json["changeId"],
        "results": {
            "successful": 1,
            "failed": 0,
            "details": {
                "successful": [
                    {
                        **small,
                        "stock": 13,
                        "available": 13,
                        "previous": {**small, "stock": 3, "available": 3},
                        "holdsEnded": [],
                    }
                ],
                "failed": [],
            },
        },
    }


@pytest.mark.parametrize(
    ("query", "products"),
    [
        ("", [HOODIE, "prod_hoodie_002", "prod_tee_001"]),
        (f"productId={HOODIE}", [HOODIE]),
        ("category=hoodies", [HOODIE, "prod_hoodie_002"]),
        ("category=hoodies&productId=prod_tee_001", []),
        ("lowStockOnly=false", [HOODIE, "prod_hoodie_002", "prod_tee_001"]),
        ("productId=nothing", []),
        ("category=", []),
    ],
)
async def test_get_filters(client: Client, query: str, products: list[str]) -> None:
    answer = await client.get(f"/api/inventory/get?{query}")
    assert answer.status == 200
    assert [row["productId"] for row in answer.json["inventory"]] == products
    assert answer.json["summary"]["totalProducts"] == len(products)
