"""The bodies and answers of the stock table and of changes."""

from typing import Annotated, Any, NotRequired

from pydantic import AliasChoices, Field, with_config
from typing_extensions import TypedDict

from fancymonkey.web.http.bodies.change_names import NamedChange, named_change
from fancymonkey.web.http.bodies.json_body import JsonBody, Number, Ok, example

_AT = "2025-10-07T12:00:00.000Z"
_NAME = "MIDNIGHT EMERALD HOODIE"
_CHANGE = "act_8e6c1d2f0a59b0c4d2e6f81a"
_ROW = {
    "sku": "prod_hoodie_001/M",
    "productId": "prod_hoodie_001",
    "name": _NAME,
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
    "incoming": 0,
    "allocated": 0,
    "damaged": 0,
    "quarantine": 0,
    "returned": 0,
    "lowStockThreshold": 5,
    "soldOut": False,
    "status": "in_stock",
    "restockDate": None,
    "lastChanged": _AT,
    "position": [0, 1],
}


class UndoBody(JsonBody):
    """The change to undo; `partial` undoes only the rows that can be undone."""

    model_config = example({"changeId": _CHANGE})

    change_id: Annotated[
        str, Field(min_length=1, max_length=100, validation_alias=AliasChoices("changeId", "act"))
    ]
    partial: bool = False
    dry_run: bool = False


class RowLocationStock(TypedDict):
    """The stock of a SKU at a location."""

    location: str
    stock: int
    reserved: int
    available: int
    incoming: int
    allocated: int
    damaged: int
    quarantine: int
    returned: int


class StockRowOut(TypedDict):
    """A SKU as the owner's table shows it.

    `locations` is there if the shop has several, `location` if the table shows one.
    """

    sku: str
    productId: str
    name: str
    category: str
    price: Number | None
    size: str
    skuId: str | None
    priceId: str | None
    stock: int
    reserved: int
    available: int
    backordered: int
    short: int
    incoming: int
    allocated: int
    damaged: int
    quarantine: int
    returned: int
    lowStockThreshold: int
    soldOut: bool
    status: str
    restockDate: str | None
    lastChanged: str | None
    position: list[int]
    locations: NotRequired[list[RowLocationStock]]
    location: NotRequired[str]


class StockTotals(TypedDict):
    """The totals of the rows; `value` at present prices."""

    rows: int
    stock: int
    reserved: int
    available: int
    backordered: int
    low: int
    out: int
    value: Number


@with_config(
    example(
        {
            "success": True,
            "revision": 80,
            "serverTime": _AT,
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
        }
    )
)
class StockTable(TypedDict):
    """The stock rows at one revision."""

    success: Ok
    revision: int
    serverTime: str
    rows: list[StockRowOut]
    currency: str
    totals: StockTotals


class ChangeOut(TypedDict):
    """A change that can be undone."""

    id: str
    at: str
    actor: str
    action: str
    reason: str
    changed: int
    undoable: bool
    undoneBy: str | None
    undoes: str | None


@with_config(
    example(
        {
            "success": True,
            "changes": [
                {
                    "id": _CHANGE,
                    "at": _AT,
                    "actor": "ana",
                    "action": "update",
                    "reason": "Count",
                    "changed": 1,
                    "undoable": True,
                    "undoneBy": None,
                    "undoes": None,
                }
            ],
        }
    )
)
class ChangeList(TypedDict):
    """The latest changes."""

    success: Ok
    changes: list[ChangeOut]


class RowName(TypedDict):
    """The product and size of a row, with the name of the product."""

    productId: str
    size: str | None
    name: str


class UndoneRow(RowName):
    """A row that was undone; each change has its `field`, and the values `from` and `to`."""

    changes: list[dict[str, Any]]


class FailedRow(RowName):
    """A row that cannot be undone, with the reason."""

    reason: str


@with_config(
    example(
        {
            "success": True,
            **named_change("act_8e6c1d2f0a48b0c4d2e6f81b"),
            "undone": _CHANGE,
            "message": "Undone: 1 row.",
            "rows": [
                {
                    "productId": "prod_hoodie_001",
                    "size": "M",
                    "name": _NAME,
                    "changes": [{"field": "stock", "from": 25, "to": 20}],
                }
            ],
            "failed": [],
            "revision": 84,
        }
    )
)
class UndoneChange(NamedChange):
    """The rows that were undone."""

    success: Ok
    undone: str
    message: str
    rows: list[UndoneRow]
    failed: list[FailedRow]
    revision: int
