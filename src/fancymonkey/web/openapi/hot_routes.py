"""The hot endpoints in the OpenAPI document, described from their msgspec types.

They are not routes of FastAPI (see `web/routing/hot_router.py`); all others are described by their
own route.
"""

from typing import Any, NotRequired

import msgspec
from msgspec import Struct
from typing_extensions import TypedDict

from fancymonkey.web.http.bodies import wire
from fancymonkey.web.routing.described import refusals
from fancymonkey.web.shop_api import inventory

TEMPLATE = "#/components/schemas/{name}"
_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_HOLD = "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"


PickupStock = TypedDict("PickupStock", {"today": int, "later": int, "from": str | None})
"""The units for pick-up at a location; `later` ones can be collected `from` this date."""


class ListedStock(TypedDict):
    """The quantities of a size at a location; `pickup` where buyers may collect."""

    location: str
    stock: int
    reserved: int
    available: int
    pickup: NotRequired[PickupStock]


class ListedLocation(TypedDict):
    """A location as buyers see it."""

    id: str
    name: str
    address: str
    sellsOnline: bool
    pickup: bool


class ListedSize(TypedDict):
    """A size with its quantities; `locations` if they are asked for."""

    size: str
    stock: int
    reserved: int
    available: int
    lowStockThreshold: int
    isLowStock: bool
    isOutOfStock: bool
    backBy: str | None
    soldOut: bool
    skuId: str | None
    priceId: str | None
    locations: NotRequired[list[ListedStock]]
    bundle: NotRequired[dict[str, Any]]


class ListedTotals(TypedDict):
    """The sums of a product's sizes."""

    stock: int
    reserved: int
    available: int


class ListedProduct(TypedDict):
    """A product with its sizes."""

    productId: str
    name: str
    category: str
    price: float | None
    sizes: list[ListedSize]
    totals: ListedTotals
    restockDate: str | None
    lastUpdated: str


class ListingSummary(TypedDict):
    """The counts of the listing."""

    totalProducts: int
    lowStockItems: int
    outOfStockItems: int


class InventoryListing(TypedDict):
    """The products on sale at one revision."""

    success: bool
    inventory: list[ListedProduct]
    summary: ListingSummary
    locations: NotRequired[list[ListedLocation]]
    revision: int


class HeldLine(TypedDict):
    """A line of a hold."""

    productId: str
    size: str
    quantity: int


class HeldLines(TypedDict):
    """A hold of several lines."""

    id: str
    sessionId: str
    lines: list[HeldLine]
    expiresAt: str | None
    expiresInMinutes: int | None


class LineStock(TypedDict):
    """The availability of a line's size."""

    productId: str
    size: str
    total: int
    reserved: int
    available: int


class ReserveLinesOut(TypedDict):
    """The response to a reserve of `lines`."""

    success: bool
    reservation: HeldLines
    stock: list[LineStock]
    revision: int
    ignored: NotRequired[list[str]]


class ReleasedOut(TypedDict):
    """The response to a release of one hold; with `releaseExpired`, `reservations` has several."""

    success: bool
    message: str
    released: int
    revision: int
    ignored: NotRequired[list[str]]


class HotRoute(Struct, frozen=True):
    """A hot endpoint: its types, examples and refusals."""

    method: str
    path: str
    endpoint: Any
    summary: str
    answer: Any
    answered: dict[str, Any]
    codes: tuple[int, ...]
    body: Any = None
    sent: dict[str, Any] | None = None
    parameters: tuple[dict[str, Any], ...] = ()


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    kind = schema or {"type": "string"}
    return {"name": name, "in": "query", "description": text, "schema": kind}


_ETAG = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an earlier response: 304 if nothing has changed",
    "schema": {"type": "string"},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body again: one effect, same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
HOT_ROUTES = (
    HotRoute(
        "GET",
        "/api/inventory/get",
        inventory.get_inventory,
        "Current stock",
        InventoryListing,
        {
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
        (304, 404, 414, 422, 429, 503),
        parameters=(
            _query("productId", "Only this product"),
            _query("category", "Only this category"),
            _query(
                "lowStockOnly",
                "`true`: only sizes with low stock, and their products",
                type="string",
                enum=["true", "false", "1", "0"],
            ),
            _query("location", "The stock at this location only"),
            _query(
                "locations",
                "`true`: the stock at each location too",
                type="string",
                enum=["true", "false", "1", "0"],
            ),
            _ETAG,
        ),
    ),
    HotRoute(
        "POST",
        "/api/inventory/reserve",
        inventory.reserve,
        "Hold units for a checkout",
        wire.ReserveOut | ReserveLinesOut,
        {
            "success": True,
            "reservation": {
                "id": _HOLD,
                **_WHICH,
                "quantity": 1,
                "sessionId": "cs_test_abc123",
                "expiresAt": "2025-10-07T12:30:00.000Z",
                "expiresInMinutes": 30,
            },
            "stock": {"total": 20, "reserved": 3, "available": 17},
            "revision": 81,
        },
        (400, 404, 409, 410, 413, 422, 429, 503),
        wire.ReserveBody,
        {**_WHICH, "quantity": 1, "sessionId": "cs_test_abc123"},
        (_KEY,),
    ),
    HotRoute(
        "POST",
        "/api/inventory/release",
        inventory.release,
        "Release a hold, or all expired holds",
        ReleasedOut,
        {
            "success": True,
            "message": "Released the hold",
            "released": 1,
            "reservation": {
                "id": _HOLD,
                "sessionId": "cs_test_abc123",
                "status": "released",
                "lines": [
                    {
                        **_WHICH,
                        "quantity": 1,
                        "stock": {**_WHICH, "total": 20, "reserved": 0, "available": 20},
                    }
                ],
            },
            "revision": 82,
        },
        (400, 401, 403, 404, 409, 413, 422, 429, 503),
        wire.ReleaseBody,
        {"sessionId": "cs_test_abc123"},
        (_KEY,),
    ),
)
"""The hot endpoints, which `web/routing/hot_router.py` serves."""


def described_hot_routes(*more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The paths of the hot endpoints, and the schemas of their types and of `more`."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for type_ in more:
        _schema(type_, schemas)
    for route in HOT_ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _described(route, schemas)
    for schema in schemas.values():  # the decoders refuse unknown fields, the endpoints list them
        schema.pop("additionalProperties", None)
    return paths, schemas


def _schema(type_: Any, schemas: dict[str, Any]) -> Any:
    if type_ == wire.ReserveOut | ReserveLinesOut:  # msgspec makes no union of two objects
        return {"anyOf": [_schema(wire.ReserveOut, schemas), _schema(ReserveLinesOut, schemas)]}
    (schema,), components = msgspec.json.schema_components([type_], ref_template=TEMPLATE)
    schemas.update(components)
    return schema


def _described(route: HotRoute, schemas: dict[str, Any]) -> dict[str, Any]:
    answer = {"schema": _schema(route.answer, schemas), "example": route.answered}
    responses: dict[str, Any] = {
        "200": {"description": "Done", "content": {"application/json": answer}}
    }
    responses |= {str(code): refusal for code, refusal in refusals(*route.codes).items()}
    described: dict[str, Any] = {
        "tags": ["inventory"],
        "summary": route.summary,
        "description": route.endpoint.__doc__,
        "operationId": route.endpoint.__name__,
        "parameters": list(route.parameters),
        "responses": responses,
    }
    if route.body is not None:
        body = {"schema": _schema(route.body, schemas), "example": route.sent}
        described["requestBody"] = {"required": True, "content": {"application/json": body}}
    return described
