"""The answers of the history and of the explanation of a SKU's stock."""

from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.services.locations.hold_routes import HoldRoute
from fancymonkey.web.http.bodies.json_body import Ok, example

_AT = "2025-10-07T12:00:00.000Z"
_NAME = "MIDNIGHT EMERALD HOODIE"
_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_NAMED = {**_WHICH, "name": _NAME}
_CHANGE = "act_8e6c1d2f0a59b0c4d2e6f81a"
_LEVEL = {"stock": 20, "reserved": 2, "available": 18, "backordered": 0, "short": 0}


class EntryLink(TypedDict):
    """The hold, order, change or event of an entry."""

    to: str
    id: str


class BundleOfEntry(TypedDict):
    """Bundles that the units of an entry were held or sold for."""

    productId: str
    size: str
    quantity: int
    name: str | None


class EntryOut(TypedDict):
    """An entry of the ledger, with the quantities after it at its location.

    `location` is there if the shop has several; with a state as `berlin:damaged`. `route` is there
    if the entry began a hold for which several locations were considered.
    """

    revision: int
    at: str
    kind: str
    sku: str
    productId: str
    size: str | None
    name: str | None
    change: dict[str, int]
    stock: int
    reserved: int
    available: int
    actor: str
    reason: str
    cause: str
    until: str | None
    links: list[EntryLink]
    partOf: NotRequired[list[BundleOfEntry]]
    location: NotRequired[str]
    route: NotRequired[HoldRoute]


@with_config(
    example(
        {
            "success": True,
            "entries": [
                {
                    "revision": 80,
                    "at": _AT,
                    "kind": "counted",
                    "sku": "prod_hoodie_001/M",
                    **_WHICH,
                    "name": _NAME,
                    "change": {"stock": 5},
                    "stock": 25,
                    "reserved": 2,
                    "available": 23,
                    "actor": "ana",
                    "reason": "Count",
                    "cause": _CHANGE,
                    "until": None,
                    "links": [{"to": "change", "id": _CHANGE}],
                }
            ],
            "next": 80,
            "revision": 80,
            "meant": None,
        }
    )
)
class HistoryPage(TypedDict):
    """A page of entries; `meant` is the number of SKUs and products that the words mean."""

    success: Ok
    entries: list[EntryOut]
    next: int | None
    revision: int
    meant: int | None


class Quantities(TypedDict):
    """The quantities of a SKU."""

    stock: int
    reserved: int
    available: int
    backordered: int
    short: int


class ExplainedStep(TypedDict):
    """The entries of one kind, with their sum and the stock after it."""

    kind: str
    entries: int
    change: dict[str, int]
    stock: int


class RouteOfHold(HoldRoute):
    """A hold of the SKU with its route: the reasons, the chosen way and the others."""

    reservationId: str
    at: str
    quantity: int
    location: str


Explanation = TypedDict(
    "Explanation",
    {
        "success": Ok,
        "sku": str,
        "productId": str,
        "size": str,
        "name": str,
        "from": str | None,
        "asOf": str | None,
        "sentence": str,
        "opening": Quantities,
        "closing": Quantities,
        "steps": list[ExplainedStep],
        "entries": int,
        "problem": str | None,
        "routes": NotRequired[list[RouteOfHold]],
        "revision": int,
    },
)
"""The explanation of a SKU's stock."""
with_config(
    example(
        {
            "success": True,
            "sku": "prod_hoodie_001/M",
            **_NAMED,
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
        }
    )
)(Explanation)
