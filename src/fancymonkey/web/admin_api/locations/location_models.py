"""The bodies and answers of locations."""

from typing import Annotated, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.locations.routing import RoutingRule
from fancymonkey.services.locations.locations import PICKUP_LEAD_DAYS_MAX, PRIORITY_MAX
from fancymonkey.web.http.bodies.json_body import JsonBody, Number, Ok, Text, example

_AT = "2025-10-07T12:00:00.000Z"
_BERLIN = {
    "id": "berlin",
    "name": "Studio Berlin",
    "address": "Torstraße 1\n10119 Berlin",
    "country": "DE",
    "postalCode": "10119",
    "latitude": 52.53,
    "longitude": 13.4,
    "timeZone": "Europe/Berlin",
    "priority": 2,
    "sellsOnline": True,
    "pickup": True,
    "pickupLeadDays": 2,
    "acceptsReturns": True,
    "receivesPurchases": True,
    "active": True,
    "updatedAt": _AT,
}

LocationId = Annotated[str, Field(min_length=1, max_length=40)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Short = Annotated[str, Field(max_length=64)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Code = Annotated[str, Field(pattern="^[A-Z0-9]{1,12}$")]
Rule = Literal["same_country", "fewest_parcels", "nearest", "priority", "most_stock"]
Priority = Annotated[int, Field(ge=1, le=PRIORITY_MAX)]
LeadDays = Annotated[int, Field(ge=0, le=PICKUP_LEAD_DAYS_MAX)]


class LocationFields(JsonBody):
    """The optional fields of a location. A missing field stays as it is."""

    address: Text | None = None
    country: Short | None = None
    postal_code: Short | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: Short | None = None
    priority: Priority | None = None
    sells_online: bool | None = None
    pickup: bool | None = None
    pickup_lead_days: LeadDays | None = None
    accepts_returns: bool | None = None
    receives_purchases: bool | None = None
    reason: Text = ""


class AddLocationBody(LocationFields):
    """A new location."""

    model_config = example(
        {
            "id": "berlin",
            "name": "Studio Berlin",
            "country": "DE",
            "postalCode": "10119",
            "latitude": 52.53,
            "longitude": 13.4,
            "pickupLeadDays": 2,
        }
    )

    id: LocationId
    name: Name


class ChangeLocationBody(LocationFields):
    """The fields to change. `active: true` reopens a closed location."""

    model_config = example(
        {
            "id": "main",
            "name": "Store room",
            "latitude": 53.55,
            "longitude": 10.0,
            "pickupLeadDays": 1,
        }
    )

    id: LocationId
    name: Name | None = None
    active: bool | None = None


class CloseLocationBody(JsonBody):
    """The location to close."""

    model_config = example({"id": "berlin"})

    id: LocationId
    reason: Text = ""


class RoutingRulesBody(JsonBody):
    """The routing rules in the order in which they count."""

    model_config = example({"rules": ["nearest", "fewest_parcels"]})

    rules: Annotated[list[Rule], Field(min_length=1, max_length=len(RoutingRule))]


class PostalCodesBody(JsonBody):
    """The postal codes of a country that begin alike, with latitude and longitude of each."""

    model_config = example({"country": "DE", "codes": {"10119": [52.53, 13.4]}})

    country: Annotated[str, Field(min_length=2, max_length=2)]
    codes: Annotated[dict[Code, tuple[Latitude, Longitude]], Field(min_length=1)]


class LocationOut(TypedDict):
    """A place that keeps stock, and its purposes."""

    id: str
    name: str
    address: str
    country: str
    postalCode: str
    latitude: Number | None
    longitude: Number | None
    timeZone: str
    priority: int
    sellsOnline: bool
    pickup: bool
    pickupLeadDays: int | None
    acceptsReturns: bool
    receivesPurchases: bool
    active: bool
    updatedAt: str | None


@with_config(example({"success": True, "locations": [_BERLIN], "revision": 81}))
class LocationList(TypedDict):
    """Every location by priority, closed ones too."""

    success: Ok
    locations: list[LocationOut]
    revision: int


@with_config(example({"success": True, "location": _BERLIN, "revision": 81}))
class ChangedLocation(TypedDict):
    """A location after a change."""

    success: Ok
    location: LocationOut
    revision: int


@with_config(
    example(
        {
            "success": True,
            "rules": ["same_country", "fewest_parcels", "nearest", "priority", "most_stock"],
            "splitLines": True,
            "maxParcels": None,
        }
    )
)
class RoutingRules(TypedDict):
    """The routing rules in the order in which they count, and the limits of the settings."""

    success: Ok
    rules: list[str]
    splitLines: bool
    maxParcels: int | None


@with_config(example({"success": True, "country": "DE", "codes": 1}))
class StoredPostalCodes(TypedDict):
    """The number of codes that were stored."""

    success: Ok
    country: str
    codes: int
