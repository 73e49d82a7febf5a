"""Decides which locations serve an order, and gives the reasons in words."""

from collections.abc import Iterator, Mapping, Sequence

from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.preferences import Free, Preferences, sets_at
from fancymonkey.core.locations.reasons import compared, difference
from fancymonkey.core.locations.route_line import route_line
from fancymonkey.core.locations.routing import (
    ALTERNATIVES,
    Alternative,
    Demand,
    Route,
    Routing,
    Shortfall,
)
from fancymonkey.core.locations.search import (
    ONLY_COUNTRY,
    Search,
    Solution,
    compete,
    in_sets,
    rules_before_parcels,
    take,
)
from fancymonkey.core.model import Allocation


def route(
    demands: Sequence[Demand],
    locations: Sequence[Location],
    free: Free,
    routing: Routing,
    alternatives: int = ALTERNATIVES,
) -> Route | list[Shortfall]:
    """The units that serve the demands, or a shortfall for each line with too few units.

    `free` has the units that the buyer may get at each of the locations. Live holds, safety stock
    and shortages are taken off already. The result does not depend on the order of `locations`. It
    has as many `alternatives` as that, or all.
    """
    if len(demands) == 1 and len(demands[0].units) == 1:
        ((sku, each),) = demands[0].units
        offers = [(location, free[location.location_id].get(sku, 0)) for location in locations]
        if each == 1:
            single = route_line(sku, demands[0].quantity, offers, routing, alternatives)
            if single is not None:
                return single
    preferences = Preferences(demands, locations, free, routing)
    complete = _complete_locations(demands, preferences, free, 1 + max(1, alternatives))
    if complete:
        return _from_one(demands, preferences, complete, alternatives)
    short = shortfalls(demands, sorted(locations, key=_by_id), free, routing)
    if short:
        return short
    solutions = Search(demands, preferences, free).solutions()
    most = routing.max_parcels
    within = [solution for solution in solutions if most is None or len(solution.used) <= most]
    if not within:
        return _too_scattered(demands, preferences.locations, free)
    return Route(
        _allocations(demands, preferences.locations, within[0]),
        tuple(_because(preferences, within)),
        tuple(_alternative(preferences, row.used) for row in within[1 : alternatives + 1]),
        _alternative(preferences, within[0].used),
    )


def _complete_locations(
    demands: Sequence[Demand], preferences: Preferences, free: Free, most: int
) -> list[int]:
    """The locations with all units, the best first, if the `Search` finds only these.

    Empty if it may find others: then it has to search.
    """
    routing = preferences.routing
    parcels = routing.max_parcels
    if routing.pickup_at is not None or (parcels is not None and parcels < 1):
        return []
    before = rules_before_parcels(routing.rules)
    by_line = not ONLY_COUNTRY.issuperset(before)
    if len(demands) > 1 and (by_line or compete(demands)):
        return []
    if by_line:
        most = 1
    country = routing.destination.country if before and not by_line else ""
    complete: list[int] = []
    for index, location in enumerate(preferences.locations):
        units = free[location.location_id]
        for demand in demands:
            if sets_at(demand, units) < demand.quantity:
                break
        else:
            if country and not complete and location.country != country:
                return []  # locations of the buyer's country may have all units together
            complete.append(index)
            if len(complete) == most:
                break
    return complete


def _from_one(
    demands: Sequence[Demand], preferences: Preferences, complete: list[int], alternatives: int
) -> Route:
    """The route from the first of the locations with all units."""
    location = preferences.locations[complete[0]]
    because = [f"{location.name} has all of it.", *compared(len(preferences.locations))]
    if len(complete) > 1:
        ours, theirs = [preferences.numbers[index] for index in complete[:2]]
        because.append(_difference(preferences, complete[:1], complete[1:2], ours, theirs))
    return Route(
        tuple(
            [
                Allocation(sku, each * demand.quantity, location.location_id)
                for demand in demands
                for sku, each in demand.units
            ]
        ),
        tuple(because),
        tuple([_alternative(preferences, (index,)) for index in complete[1 : alternatives + 1]]),
        _alternative(preferences, (complete[0],)),
    )


def route_from_one(demands: Sequence[Demand], location: Location, free: Free) -> Route | None:
    """The route if the only location has all units, without a search; else None."""
    left = dict(free[location.key])
    units: dict[str, int] = {}
    for demand in demands:
        for sku, each in demand.units:
            taken = each * demand.quantity
            left[sku] -= taken
            if left[sku] < 0:
                return None
            units[sku] = units.get(sku, 0) + taken
    allocations = tuple(Allocation(sku, number, location.key) for sku, number in units.items())
    only = Alternative((location.key,), 1, None)
    return Route(allocations, (f"{location.name} has all of it.",), (), only)


def _by_id(location: Location) -> str:
    return location.key


def shortfalls(
    demands: Sequence[Demand], locations: Sequence[Location], free: Free, routing: Routing
) -> list[Shortfall]:
    """The lines for which the locations have too few units. Lines take theirs in order, sets first,
    because single units may come from any location.
    """
    left = {location.key: dict(free[location.key]) for location in locations}
    short = []
    for demand in sorted(demands, key=in_sets, reverse=True):
        sets = [sets_at(demand, units) for units in left.values()]
        several = routing.split_lines or routing.pickup_at is not None
        available = sum(sets) if several else max(sets, default=0)
        if available < demand.quantity:
            scarce = _scarce(demand, left, available)
            short.append(Shortfall(demand.sku, demand.quantity, available, scarce))
        wanted = min(available, demand.quantity)
        for units, here in zip(left.values(), sets, strict=True):
            taken = min(wanted, here)
            take(units, demand, taken)
            wanted -= taken
    return short


def _scarce(
    demand: Demand, left: Mapping[str, Mapping[str, int]], available: int
) -> tuple[str, ...]:
    """The parts of a set that allow no more sets than are available, or else all of them."""
    if len(demand.units) == 1:
        return ()
    sets = {
        sku: sum(units.get(sku, 0) for units in left.values()) // each for sku, each in demand.units
    }
    few = [sku for sku, number in sets.items() if number <= available]
    return tuple(few or sets)


def _too_scattered(
    demands: Sequence[Demand], locations: Sequence[Location], free: Free
) -> list[Shortfall]:
    """The shortfalls where there are enough units, but in too many locations."""
    short = []
    for demand in demands:
        most = max((sets_at(demand, free[location.key]) for location in locations), default=0)
        short.append(Shortfall(demand.sku, demand.quantity, min(most, demand.quantity)))
    missing = [line for line in short if line.available < line.requested]
    return missing or [Shortfall(line.sku, line.requested, 0) for line in short]


def _allocations(
    demands: Sequence[Demand], locations: Sequence[Location], solution: Solution
) -> tuple[Allocation, ...]:
    """The units of a solution, one row for each SKU and location, in the order of the lines."""
    units: dict[tuple[str, str], int] = {}
    for number, index, sets in sorted(solution.parts):
        for sku, each in demands[number].units:
            key = (sku, locations[index].key)
            units[key] = units.get(key, 0) + each * sets
    return tuple(Allocation(sku, quantity, location) for (sku, location), quantity in units.items())


def _alternative(preferences: Preferences, used: Sequence[int]) -> Alternative:
    ids = tuple(preferences.locations[index].key for index in used)
    return Alternative(ids, len(ids), preferences.kilometres(used))


def _names(preferences: Preferences, used: Sequence[int]) -> str:
    return " and ".join([preferences.locations[index].name for index in used])


def _because(preferences: Preferences, solutions: Sequence[Solution]) -> Iterator[str]:
    best = solutions[0]
    names = _names(preferences, best.used)
    if len(best.used) == 1:
        yield f"{names} has all of it."
    else:
        yield f"{len(best.used)} parcels, from {names}: no single location has all of it."
    yield from compared(len(preferences.locations))
    if len(solutions) > 1:
        other = solutions[1]
        yield _difference(preferences, best.used, other.used, best.score[1:], other.score[1:])


def _difference(
    preferences: Preferences,
    best: Sequence[int],
    other: Sequence[int],
    best_numbers: Sequence[object],
    other_numbers: Sequence[object],
) -> str:
    """The first rule by which the best locations are better than the next ones."""
    names = _names(preferences, other)
    pairs = zip(preferences.routing.rules, best_numbers, other_numbers, strict=False)
    rule = next((rule for rule, ours, theirs in pairs if ours != theirs), None)
    return difference(
        rule, names, _alternative(preferences, best), _alternative(preferences, other)
    )
