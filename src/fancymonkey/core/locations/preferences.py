"""The locations of one decision in the order of the rules, and the score of a set of them."""

from collections.abc import Iterable, Mapping, Sequence

from fancymonkey.core.locations.distance import distance_km
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.routing import Demand, Routing, RoutingRule

Free = Mapping[str, Mapping[str, int]]
"""The units that the buyer may get, by location and SKU."""

_UNKNOWN = float("inf")


class Preferences:
    """The usable locations, the best first: those that have units of the demand.

    Where a score depends on a fact that is not known, such as the destination, the rule has no
    opinion: it gives every location the same number.
    """

    def __init__(
        self, demands: Sequence[Demand], places: Iterable[Location], free: Free, routing: Routing
    ) -> None:
        self.routing = routing
        self._free = free
        self._skus = {sku for demand in demands for sku, _ in demand.units}
        self._km: dict[str, float | None] = {}
        usable = [place for place in places if any(sets_at(d, free[place.key]) for d in demands)]
        scores = {place.key: self._scores(place) for place in usable}
        self.places = sorted(
            usable,
            key=lambda place: (place.key != routing.pickup_at, scores[place.key], place.key),
        )
        self._numbers = [scores[place.key] for place in self.places]

    def score(self, used: Sequence[int], at_pickup: int = 0) -> tuple[object, ...]:
        """The score of locations by their indexes, lower is better: rule by rule, then by id.

        `at_pickup` sets come from the pick-up location itself.
        """
        numbers: list[object] = [-at_pickup]
        for position, rule in enumerate(self.routing.rules):
            if rule is RoutingRule.FEWEST_PARCELS:
                numbers.append(len(used))
            else:
                numbers.append(sum(self._numbers[index][position] for index in used))
        return (*numbers, tuple(self.places[index].key for index in used))

    def kilometres(self, used: Sequence[int]) -> float | None:
        """The distances of these locations together, or None if one is not known."""
        known = [self._distance(self.places[index]) for index in used]
        total = 0.0
        for km in known:
            if km is None:
                return None
            total += km
        return round(total, 1)

    def _scores(self, place: Location) -> tuple[float, ...]:
        return tuple(self._of(rule, place) for rule in self.routing.rules)

    def _of(self, rule: RoutingRule, place: Location) -> float:
        destination = self.routing.destination
        match rule:
            case RoutingRule.SAME_COUNTRY:
                return float(bool(destination.country) and place.country != destination.country)
            case RoutingRule.NEAREST:
                if destination.point is None:
                    return 0.0
                km = self._distance(place)
                return _UNKNOWN if km is None else round(km, 1)
            case RoutingRule.PRIORITY:
                return float(place.priority)
            case RoutingRule.MOST_STOCK:
                return -float(sum(self._free[place.key].get(sku, 0) for sku in self._skus))
            case RoutingRule.FEWEST_PARCELS:
                return 0.0

    def _distance(self, place: Location) -> float | None:
        """The kilometres to the destination, or None if a point is not known."""
        if place.key not in self._km:
            start, end = place.point, self.routing.destination.point
            known = start is not None and end is not None
            self._km[place.key] = distance_km(start, end) if known else None  # type: ignore[arg-type]
        return self._km[place.key]


def sets_at(demand: Demand, units: Mapping[str, int]) -> int:
    """How many sets of the demand these units make."""
    if len(demand.units) == 1:  # as nearly always
        sku, each = demand.units[0]
        return units.get(sku, 0) // each
    return min(units.get(sku, 0) // each for sku, each in demand.units)
