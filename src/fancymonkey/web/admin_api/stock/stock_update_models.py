"""The answers of stock updates."""

from typing import Any, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.web.http.bodies.change_names import NamedChange, named_change
from fancymonkey.web.http.bodies.json_body import example

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
            {**_LEVEL, "previous": {**_LEVEL, "stock": 20, "available": 20}, "holdsEnded": []}
        ],
        "failed": [],
    },
}
UPDATE_EXAMPLE = {
    "password": "the admin password",
    "updates": [{**_WHICH, "stock": 25, "expected": 20, "reason": "counted"}],
}
BULK_EXAMPLE = {
    "password": "the admin password",
    "action": "adjust",
    "filter": {"category": "hoodies", "lowStockOnly": True},
    "changes": {"stock": 10},
    "dryRun": True,
}


class LocationLevel(TypedDict):
    """The quantities of a SKU at a location."""

    location: str
    stock: int
    reserved: int
    available: int


class LevelOut(TypedDict):
    """A SKU with its quantities and settings; by location too where the shop has several."""

    productId: str
    size: str
    stock: int
    reserved: int
    available: int
    backordered: int
    short: int
    lowStockThreshold: int
    soldOut: bool
    locations: NotRequired[list[LocationLevel]]


class UpdatedRow(LevelOut):
    """A SKU after its change, as it was before, and the holds that the change has ended."""

    previous: LevelOut | None
    holdsEnded: list[Any]


class RefusedRow(TypedDict):
    """A row that was refused: its number, a stable code and the reason. More fields may follow."""

    index: int
    code: str
    reason: str
    productId: NotRequired[str]
    size: NotRequired[str]


class RowDetails(TypedDict):
    """The rows, by their outcome."""

    successful: list[UpdatedRow]
    failed: list[RefusedRow]


class RowResults(TypedDict):
    """The number of rows, by their outcome, and the rows."""

    successful: int
    failed: int
    details: RowDetails


@with_config(
    example(
        {
            "success": True,
            "message": "Updated 1 inventory item",
            **named_change("act_8e6c1d2f0a59b0c4d2e6f81a"),
            "results": _RESULTS,
        }
    )
)
class StockUpdate(NamedChange):
    """The result of each row; `success` is false if all were refused."""

    success: bool
    message: str
    results: RowResults
    ignored: NotRequired[list[str]]


@with_config(
    example(
        {
            "success": True,
            "message": "Would update 1 inventory item",
            **named_change(None),
            "action": "adjust",
            "dryRun": True,
            "results": _RESULTS,
        }
    )
)
class BulkUpdate(StockUpdate):
    """The result of each matching size."""

    action: str
    dryRun: bool
