"""Routes the orders of a shop: its rules and limits, and the location that a buyer names."""

from dataclasses import dataclass
from decimal import Decimal

from fancymonkey.core.documents.document import Document
from fancymonkey.core.locations.countries import CENTRES
from fancymonkey.core.locations.distance import Point
from fancymonkey.core.locations.routing import Destination, Routing, RoutingRule
from fancymonkey.core.locations.routing_order import ROUTING_RULES, read_rules
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view.location_index import LOCATIONS
from fancymonkey.services.locations.locations import DEGREE_DIGITS
from fancymonkey.services.locations.postal_codes import KEPT_MS, PostalCodes, in_task


@dataclass(frozen=True, slots=True)
class ShipTo:
    """The destination that a buyer names: an address, or coordinates in degrees. All may be
    empty.
    """

    country: str = ""
    postal_code: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class LocationRequest:
    """The locations of a request: the only source, the pick-up location, or the destination."""

    only_from: str | None = None
    pickup_at: str | None = None
    ship_to: ShipTo | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The locations that it names."""
        return tuple(id_ for id_ in (self.only_from, self.pickup_at) if id_ is not None)


NOTHING_WANTED = LocationRequest()


class OrderRouting:
    """Makes the routing of each order. Rules are read again after a change of locations."""

    def __init__(self, engine: Engine, *, split_lines: bool, max_parcels: int | None) -> None:
        self._engine = engine
        self._codes = PostalCodes(engine)
        self._rules: tuple[RoutingRule, ...] = ()
        self._read_at = -1
        self._plain: Routing | None = None
        """The routing of an order that names no location, with these rules."""
        self._known_estimates: tuple[tuple[str, Point], ...] = ()
        self._estimated_at: tuple[int, int] | None = None
        self.split_lines = split_lines
        self.max_parcels = max_parcels
        engine.view.split_lines = split_lines

    @property
    def plain(self) -> Routing | None:
        """The routing of an order that names no location, if the present rules are known.

        Else None: `of` reads them.
        """
        if self._engine.view.touched.get(LOCATIONS, 0) != self._read_at:
            return None
        return self._plain

    async def of(self, wanted: LocationRequest) -> Routing | None:
        """The routing of an order; None if all units come from the first location in any case.

        Raises StoreError.
        """
        if wanted is NOTHING_WANTED or wanted == NOTHING_WANTED:
            if not self._engine.view.has_several_locations:
                return None
            rules = await self.rules()
            if self._plain is None:
                self._plain = Routing(
                    rules=rules, split_lines=self.split_lines, max_parcels=self.max_parcels
                )
            return self._plain
        destination = await self._destination(wanted.ship_to)
        return Routing(
            only_from=wanted.only_from,
            pickup_at=wanted.pickup_at,
            destination=destination,
            rules=await self.rules(),
            split_lines=self.split_lines,
            max_parcels=self.max_parcels,
            estimates=() if destination.point is None else await self._estimates(),
        )

    async def rules(self) -> tuple[RoutingRule, ...]:
        """The rules in the owner's order. Raises StoreError."""
        changed = self._engine.view.touched.get(LOCATIONS, 0)
        if changed != self._read_at:
            find = self._engine.store.find(Document, ROUTING_RULES)
            self._rules = read_rules(await in_task(find))
            self._read_at, self._plain = changed, None
        return self._rules

    async def _destination(self, ship_to: ShipTo | None) -> Destination:
        """The country and the best known coordinates of an address. Raises StoreError."""
        if ship_to is None:
            return Destination()
        country = ship_to.country.strip().upper()
        if ship_to.latitude is not None and ship_to.longitude is not None:
            return Destination(country, *_in_degrees((ship_to.latitude, ship_to.longitude)))
        point = await self._point(country, ship_to.postal_code)
        return Destination(country) if point is None else Destination(country, *point)

    async def _estimates(self) -> tuple[tuple[str, Point], ...]:
        """The points of locations without coordinates, by their addresses. Raises StoreError.

        They are computed again after a change of locations, and after a minute: a table may be new.
        """
        key = (self._engine.view.touched.get(LOCATIONS, 0), self._engine.clock() // KEPT_MS)
        if key != self._estimated_at:
            estimates = []
            for location in list(self._engine.view.locations.values()):
                if location.point is None and location.active:
                    point = await self._point(location.country, location.postal_code)
                    if point is not None:
                        estimates.append((location.location_id, point))
            self._known_estimates, self._estimated_at = tuple(estimates), key
        return self._known_estimates

    async def _point(self, country: str, postal_code: str) -> Point | None:
        """The best known coordinates of an address: of its postal code, or of its country."""
        point = await self._codes.point(country, postal_code) or CENTRES.get(country)
        return None if point is None else _in_degrees(point)


def _in_degrees(point: tuple[float, float]) -> Point:
    latitude, longitude = (Decimal(str(round(degrees, DEGREE_DIGITS))) for degrees in point)
    return latitude, longitude
