"""The bodies and answers of holds."""

from typing import Annotated, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.services.locations.hold_routes import HoldRoute
from fancymonkey.web.http.bodies.change_names import NamedChange, named_change
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Ok, Text, example

_AT = "2025-10-07T12:00:00.000Z"
_NAME = "MIDNIGHT EMERALD HOODIE"
_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_CHANGE = "act_8e6c1d2f0a59b0c4d2e6f81a"
_HOLD = "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60"


class ReleaseHoldsBody(JsonBody):
    """The holds to release, and the reason."""

    model_config = example({"ids": [_HOLD], "reason": "the buyer has called"})

    ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    reason: Text = ""


class HeldPart(TypedDict):
    """Units of a part of the bundles of a line, as they were sold."""

    productId: str
    size: str
    quantity: int
    name: str | None


class HoldLine(TypedDict):
    """A line of a hold, of a bundle with its parts."""

    productId: str
    size: str
    quantity: int
    name: str | None
    parts: NotRequired[list[HeldPart]]


class HoldCheckout(TypedDict):
    """The checkout of a hold."""

    stage: str
    paymentSession: str | None
    endsAt: str


class HeldUnitsOut(TypedDict):
    """Units of a hold at a location."""

    productId: str
    size: str
    quantity: int
    location: str


class HoldOut(TypedDict):
    """A hold; with several locations, with its units at each, and the reasons for the choice."""

    id: str
    sessionId: str
    by: str
    status: str
    lines: list[HoldLine]
    createdAt: str
    expiresAt: str | None
    endedAt: str | None
    late: bool
    checkout: HoldCheckout | None
    paymentPending: bool
    allocations: NotRequired[list[HeldUnitsOut]]
    route: NotRequired[HoldRoute]


@with_config(
    example(
        {
            "success": True,
            "holds": [
                {
                    "id": _HOLD,
                    "sessionId": "b4c5e8d0f1a24c7f9b3e6d2a8c1f0e57",
                    "by": "buyer",
                    "status": "held",
                    "lines": [{**_WHICH, "quantity": 2, "name": _NAME}],
                    "createdAt": _AT,
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
        }
    )
)
class HoldPage(TypedDict):
    """A page of holds; `total` and `units` are those of all live holds."""

    success: Ok
    holds: list[HoldOut]
    total: int
    units: int
    next: str | None
    revision: int


class HoldResult(TypedDict):
    """The status of a hold after the release; null if there is no such hold."""

    id: str
    status: str | None


@with_config(
    example(
        {
            "success": True,
            **named_change(_CHANGE),
            "released": 1,
            "results": [{"id": _HOLD, "status": "released"}],
            "warnings": [],
            "revision": 83,
        }
    )
)
class ReleasedHolds(NamedChange):
    """The released holds."""

    success: Ok
    released: int
    results: list[HoldResult]
    warnings: list[str]
    revision: int
