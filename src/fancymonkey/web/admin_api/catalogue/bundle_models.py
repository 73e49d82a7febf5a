"""The bodies and answers about bundles."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY
from fancymonkey.web.http.bodies.change_names import NamedChange, named_change
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Ok, Text, example

Count = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Units = Annotated[int, Field(ge=0, le=MAX_QUANTITY)]

_PARTS = [
    {"productId": "prod_hoodie_001", "size": "M", "quantity": 1},
    {"productId": "prod_cap_002", "size": "OS", "quantity": 1},
]


class PartBody(JsonBody):
    """A fixed part: each bundle has `quantity` units. `keep` units stay for single sale."""

    product_id: Id
    size: Id
    quantity: Count = 1
    keep: Units = 0


class OptionBody(JsonBody):
    """An option of a group, of which a bundle has at most `max` units."""

    product_id: Id
    size: Id
    max: Count = 1
    keep: Units = 0


class GroupBody(JsonBody):
    """A group: the buyer chooses `choose` units of its options."""

    name: Id
    choose: Count
    options: Annotated[list[OptionBody], Field(min_length=1, max_length=MAX_LINES)]


class BundleBody(JsonBody):
    """The definition of a bundle: `components`, `groups`, or both."""

    policy: Literal["together", "split"] = "together"
    components: Annotated[list[PartBody], Field(max_length=MAX_LINES, default_factory=list)]
    groups: Annotated[list[GroupBody], Field(max_length=MAX_LINES, default_factory=list)]
    sold_from: Text | None = None
    sold_until: Text | None = None
    max_per_order: Count | None = None
    max_sold: Count | None = None


class PreviewBody(JsonBody):
    """A definition to try, perhaps as that of a size."""

    model_config = example({"bundle": {"policy": "together", "components": _PARTS}})

    bundle: BundleBody
    product_id: Id | None = None
    size: Id | None = None


class PartOut(TypedDict):
    """A part of a bundle."""

    productId: str
    size: str
    quantity: int
    keep: NotRequired[int]


class OptionOut(TypedDict):
    """An option of a group."""

    productId: str
    size: str
    max: int
    keep: NotRequired[int]


class GroupOut(TypedDict):
    """A group of options."""

    name: str
    choose: int
    options: list[OptionOut]


class BundleOut(TypedDict):
    """The definition of a bundle."""

    policy: str
    components: NotRequired[list[PartOut]]
    groups: NotRequired[list[GroupOut]]
    soldFrom: NotRequired[str]
    soldUntil: NotRequired[str]
    maxPerOrder: NotRequired[int]
    maxSold: NotRequired[int]
    version: int


class ScarcePart(TypedDict):
    """A part with too few units for one more bundle."""

    productId: str
    size: str


@with_config(
    example(
        {
            "success": True,
            "available": 18,
            "scarce": [{"productId": "prod_hoodie_001", "size": "M"}],
            "revision": 84,
        }
    )
)
class BundlePreview(TypedDict):
    """The number of a bundle that could be sold now."""

    success: Ok
    available: int
    scarce: list[ScarcePart]
    revision: int


class AssembleBody(JsonBody):
    """The number of bundles to build in advance from parts at a location, or to take apart
    (negative).
    """

    model_config = example(
        {"productId": "prod_set_010", "size": "OS", "quantity": 5, "reason": "for the market"}
    )

    product_id: Id
    size: Id
    quantity: Annotated[int, Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY)]
    location: Id | None = None
    reason: Text = ""


@with_config(
    example(
        {
            "success": True,
            **named_change("act_8e6c1d2f0a59b0c4d2e6f81a"),
            "stock": {"productId": "prod_set_010", "size": "OS", "preBuilt": 5},
            "revision": 84,
        }
    )
)
class Assembled(NamedChange):
    """The pre-built bundles afterwards."""

    success: Ok
    stock: dict[str, Any]
    revision: int
