"""The locations of one decision in the order of the rules, and the score of a set of them."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from fancymonkey.core.locations.distance import distance_km
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.routing import Demand, Routing, RoutingRule

Free = Mapping[str, Mapping[str, int]]
"""The units that the buyer may get, by location and SKU."""

_UNKNOWN = float("inf")
_RANK = itemgetter(0)


class Preferences:
    """The usable locations, the best first: those that have units of the demand.

    If a score depends on an unknown fact, such as the destination, the rule cannot compare the
    locations: it gives all of them the same number.
    """

    def __init__(
        self, demands: Sequence[Demand], locations: Iterable[Location], free: Free, routing: Routing
    ) -> None:
        self.routing = routing
        self._free = free
        self._skus = {sku for demand in demands for sku, _ in demand.units}
        self._km: dict[str, float | None] = {}
        usable = [
            location for location in locations if _has_any(demands, free[location.location_id])
        ]
        if routing.rules:
            scores = list(zip(*[self._of(rule, usable) for rule in routing.rules], strict=True))
        else:
            scores = [()] * len(usable)
        first = routing.pickup_at
        ranked = [
            ((location.location_id != first, numbers, location.location_id), location)
            for location, numbers in zip(usable, scores, strict=True)
        ]
        ranked.sort(key=_RANK)
        self.locations = [location for _, location in ranked]
        self.numbers = [rank[1] for rank, _ in ranked]
        """The scores of each location by itself, rule by rule."""

    def score(self, used: Sequence[int], at_pickup: int = 0) -> tuple[object, ...]:
        """The score of locations by their indexes, lower is better: rule by rule, then by id.

        `at_pickup` sets come from the pick-up location itself.
        """
        numbers: list[object] = [-at_pickup]
        for position, rule in enumerate(self.routing.rules):
            if rule is RoutingRule.FEWEST_PARCELS:
                numbers.append(len(used))
            else:
                numbers.append(sum(self.numbers[index][position] for index in used))
        return (*numbers, tuple(self.locations[index].key for index in used))

    def kilometres(self, used: Sequence[int]) -> float | None:
        """The distances of these locations together, or None if one is not known."""
        known = [self._distance(self.locations[index]) for index in used]
        total = 0.0
        for km in known:
            if km is None:
                return None
            total += km
        return round(total, 1)

    def _of(self, rule: RoutingRule, locations: Sequence[Location]) -> list[float]:
        """The number of each location; the same for all if the rule cannot compare them."""
        destination = self.routing.destination
        if rule is RoutingRule.PRIORITY:
            return [float(location.priority) for location in locations]
        if rule is RoutingRule.MOST_STOCK:
            stocks = [self._free[location.location_id] for location in locations]
            return [-float(sum([units.get(sku, 0) for sku in self._skus])) for units in stocks]
        if rule is RoutingRule.SAME_COUNTRY and destination.country:
            return [float(location.country != destination.country) for location in locations]
        if rule is RoutingRule.NEAREST and destination.point is not None:
            distances = [self._distance(location) for location in locations]
            return [_UNKNOWN if km is None else round(km, 1) for km in distances]
        return [0.0] * len(locations)

    def _distance(self, location: Location) -> float | None:
        """The kilometres to the destination, or None if a point is not known."""
        if location.key not in self._km:
            start, end = self.routing.point_of(location), self.routing.destination.point
            known = start is not None and end is not None
            self._km[location.key] = distance_km(start, end) if known else None  # type: ignore[arg-type]
        return self._km[location.key]


def _has_any(demands: Sequence[Demand], units: Mapping[str, int]) -> bool:
    """Whether these units make a set of any demand."""
    if len(demands) == 1:  # the usual case
        return sets_at(demands[0], units) > 0
    return any(sets_at(demand, units) for demand in demands)


def sets_at(demand: Demand, units: Mapping[str, int]) -> int:
    """The number of sets of the demand that these units make."""
    if len(demand.units) == 1:  # the usual case
        sku, each = demand.units[0]
        return units.get(sku, 0) // each
    return min(units.get(sku, 0) // each for sku, each in demand.units)
