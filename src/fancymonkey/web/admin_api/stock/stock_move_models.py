"""The bodies and answers of moves between states, of safety stock, and of stock by location."""

from typing import Annotated, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Ok, Text, example

State = Literal["for_sale", "damaged", "quarantine", "returned"]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Units = Annotated[int, Field(ge=0, le=MAX_QUANTITY)]
Some = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]

_SIZE = {"productId": "prod_hoodie_001", "size": "M"}
_LOCATION = {
    "location": "main",
    "name": "Main",
    "stock": 18,
    "reserved": 2,
    "available": 11,
    "safetyStock": 5,
    "damaged": 2,
    "quarantine": 0,
    "returned": 0,
    "inTransit": 0,
}
_ANSWER = {
    "success": True,
    "changeId": "act_8e6c1d2f0a59b0c4d2e6f81a",
    **_SIZE,
    "locations": [_LOCATION],
    "revision": 84,
}


class MoveStockBody(JsonBody):
    """Units of a size that change their state, their location, or both; with a reason."""

    model_config = example(
        {**_SIZE, "quantity": 2, "from": "for_sale", "to": "damaged", "reason": "torn seam"}
    )

    product_id: Id
    size: Id
    quantity: Some
    from_: Annotated[State, Field(alias="from")] = "for_sale"
    to: State = "for_sale"
    location: Id = DEFAULT_LOCATION
    to_location: Id | None = None
    reason: Reason


class SafetyStockBody(JsonBody):
    """The units of a size that a location withholds; `was` is the number that you saw."""

    model_config = example({**_SIZE, "location": "main", "quantity": 5, "was": 0})

    product_id: Id
    size: Id
    location: Id = DEFAULT_LOCATION
    quantity: Units
    was: Units | None = None
    reason: Text = ""


class LocationStock(TypedDict):
    """The units of a size at a location, by state."""

    location: str
    name: str
    stock: int
    reserved: int
    available: int
    safetyStock: int
    damaged: int
    quarantine: int
    returned: int
    inTransit: int


@with_config(example({key: value for key, value in _ANSWER.items() if key != "changeId"}))
class StockByLocation(TypedDict):
    """The stock of a size at each of its locations."""

    success: Ok
    productId: str
    size: str
    locations: list[LocationStock]
    revision: int


@with_config(example(_ANSWER))
class ChangedStock(TypedDict):
    """The stock of a size after the change; `changeId` undoes it."""

    success: Ok
    changeId: str | None
    productId: str
    size: str
    locations: list[LocationStock]
    revision: int
