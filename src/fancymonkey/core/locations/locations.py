"""Locations: the places that keep stock."""

from decimal import Decimal
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.distance import Point
from fancymonkey.core.model import Row

DEFAULT_LOCATION = "main"
"""The location that exists from the start, used for requests and files without a location.

Only code that reads the requests and files of people uses it: the core and the layers on it take
the location from their caller.
"""


@dataclass(frozen=True, slots=True)
class Location(Row):
    """A place that keeps stock, and its purposes.

    `location_id` is a slug. Coordinates are decimal degrees; `priority` 1 comes first. A location
    that is not `active` keeps its history and is not used.
    `pickup_lead_days` are the days after which buyers can collect units of other locations here;
    None if no date is promised.
    """

    TABLE: ClassVar[str] = "location"
    KEY: ClassVar[tuple[str, ...]] = ("location_id",)

    location_id: str
    name: str
    address: str = ""
    country: str = ""
    postal_code: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    time_zone: str = ""
    priority: int = 1
    sells_online: bool = True
    pickup: bool = False
    accepts_returns: bool = True
    receives_purchases: bool = True
    active: bool = True
    updated_at: int = 0
    pickup_lead_days: int | None = None

    @property
    def key(self) -> str:
        return self.location_id

    @property
    def point(self) -> Point | None:
        """The coordinates, or None."""
        if self.latitude is None or self.longitude is None:
            return None
        return (self.latitude, self.longitude)


def first_location() -> Location:
    """The location of a shop that has not described any: all of its stock is there."""
    return _FIRST


_FIRST = Location(DEFAULT_LOCATION, "Main")
