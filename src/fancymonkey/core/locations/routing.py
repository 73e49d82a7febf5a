"""Decides which locations serve an order: the values that go in and come out.

Only `route` in `core.locations.route` decides.
"""

from decimal import Decimal
from enum import StrEnum

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.distance import Point
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Allocation
from fancymonkey.core.route_option import RouteOption, shared_option

ALTERNATIVES = 3
"""The number of solutions in an answer that were not chosen."""


class RoutingRule(StrEnum):
    """A preference between solutions. A rule that cannot compare them leaves it to the next one."""

    SAME_COUNTRY = "same_country"
    FEWEST_PARCELS = "fewest_parcels"
    NEAREST = "nearest"
    PRIORITY = "priority"
    MOST_STOCK = "most_stock"


DEFAULT_RULES = tuple(RoutingRule)
"""The rules of a shop that has not chosen an order."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination of the parcels, as far as it is known. Coordinates are decimal degrees."""

    country: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None

    @property
    def point(self) -> Point | None:
        """The coordinates, or None."""
        if self.latitude is None or self.longitude is None:
            return None
        return (self.latitude, self.longitude)


@dataclass(frozen=True, slots=True)
class Routing:
    """The routing of one request.

    With `only_from` the units come from that location only. With `pickup_at` they come from there
    first and from the other locations after that. `split_lines` allows several locations for a line
    that no single location has whole; `max_parcels` limits the locations of one order. `estimates`
    has the points of locations without coordinates of their own, by id.
    """

    only_from: str | None = None
    pickup_at: str | None = None
    destination: Destination = Destination()
    rules: tuple[RoutingRule, ...] = DEFAULT_RULES
    split_lines: bool = True
    max_parcels: int | None = None
    estimates: tuple[tuple[str, Point], ...] = ()

    def point_of(self, location: Location) -> Point | None:
        """The coordinates of a location, or their estimate, or None."""
        point = location.point
        if point is None and self.estimates:
            return dict(self.estimates).get(location.location_id)
        return point


@dataclass(frozen=True, slots=True)
class Demand:
    """Sets of units that leave from one location each.

    An ordinary line is a set of one unit. A bundle whose parts stay together is a set of its parts.
    `sku` is the sold SKU, `units` the SKUs and quantities of one set, `quantity` the number of
    sets.
    """

    sku: str
    units: tuple[tuple[str, int], ...]
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A line for which too few units are free: the number that is possible, and the scarce SKUs."""

    sku: str
    requested: int
    available: int
    scarce: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A solution: its locations, parcels and distance."""

    locations: tuple[str, ...]
    parcels: int
    km: float | None


@dataclass(frozen=True, slots=True)
class Route:
    """The units that serve the demand, the reasons in words, and the solutions not chosen."""

    allocations: tuple[Allocation, ...]
    because: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    chosen: Alternative | None = None

    def options(self) -> tuple[RouteOption, ...]:
        """The chosen solution and the others, as a hold keeps them."""
        if self.chosen is None:
            return ()
        first = _option(self.chosen, "\n".join(self.because))
        return (first, *[_option(other) for other in self.alternatives])


def _option(solution: Alternative, because: str = "") -> RouteOption:
    km = None if solution.km is None else round(solution.km)
    return shared_option(" ".join(solution.locations), km, because)
