"""Finds the units for a hold at several locations, and the parts of its bundles.

Most holds have a single line from one location; `reserve` has a shorter way for these.
"""

from collections.abc import Iterable, Iterator, Mapping

from fancymonkey.core.bundles.sale_rules import kept_back, not_for_sale, over_limit
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.explode import Choice, explode, needs_parts, part_skus
from fancymonkey.core.holds.lines import Lines, Units
from fancymonkey.core.holds.serve_bundle import needs_bundle, serve_bundle
from fancymonkey.core.holds.served import Served
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import BundlePolicy, SoldPart
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import location_of, unknown_location
from fancymonkey.core.locations.preferences import Free
from fancymonkey.core.locations.route import route, route_from_one, shortfalls
from fancymonkey.core.locations.routing import Demand, Route, Routing, Shortfall
from fancymonkey.core.model import Item, Level, Reservation
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import AllLevels, Key, State
from fancymonkey.core.stock.sku_stock import offered, safety_at

Fault = dict[str, object]


@dataclass(frozen=True, slots=True)
class UnitsRequest:
    """A request for units: the lines that a hold is to have, and how to route them.

    Without a `routing` all units come from `location`.
    """

    lines: Lines
    location: str
    routing: Routing | None
    choices: tuple[Choice, ...]


def needs_served(
    state: State, skus_sold: Iterable[str], location: str, routing: Routing | None
) -> Iterator[Key]:
    """The rows that `serve` reads for the sold SKUs, as far as loaded rows show them."""
    for sold in skus_sold:
        yield Item, sold
        item = state.get(Item, sold)
        known = None if item is None or routing is not None else needs_bundle(state, item, location)
        if known is not None:
            yield from known
            continue
        skus = [sold]
        if item is not None and item.bundle is not None:
            yield BundleSales, sold
            yield from needs_parts(state, [part.sku for part in item.components])
            skus += sorted(part_skus(lambda sku: state.get(Item, sku), item))
        for sku in skus:
            if routing is None:
                yield Level, (sku, location)
                continue
            yield AllLevels, sku
            if sku in state.locations:
                for account in state.locations[sku]:
                    if is_for_sale(account):
                        yield Location, account
    if routing is not None:
        for location_id in (routing.only_from, routing.pickup_at):
            if location_id is not None:
                yield Location, location_id


def serve(
    state: State, request: UnitsRequest, current: Reservation | None, held: Lines, own: Units
) -> Served | Refused:
    """The units for all the lines of a hold, together; its own units count as free.

    `held` has the lines that the hold is to have. Lines that the request does not name, or names
    with the same quantity and without choices, keep the parts that they were sold with, also
    after the definition of the bundle has changed.
    """
    if current is None and request.routing is None and not request.choices:
        at_once = serve_bundle(state, request.lines, request.location)
        if at_once is not None:  # the usual case for bundles
            return at_once
    parts = _parts(state, request, current, held)
    if isinstance(parts, Refused):
        return parts
    if current is not None and _is_unchanged(request, current, held, parts):
        return Served(current.allocations, parts, ())
    routing = Routing() if request.routing is None else request.routing
    skus = list(dict.fromkeys([*held, *[part.sku for part in parts]]))
    locations = _locations(state, request, skus)
    if isinstance(locations, Refused):
        return locations
    free = _free_units(state, locations, skus, own)
    built = pre_built(held, parts, free) if parts else {}
    demands, sets = _demands(state, held, parts, built)
    limited: list[Shortfall] = []
    if parts:
        earlier = {} if current is None else {row.sku: row.quantity for row in current.lines}
        limited += over_limit(state, request.lines, earlier, built)
        limited += kept_back(state, held, parts, free, built)
        if limited:  # the refusal names the number that all limits together leave
            limited += shortfalls(demands, locations, free, routing)
    result = (
        limited
        or (route_from_one(demands, locations[0], free) if len(locations) == 1 else None)
        or route(demands, locations, free, routing)
    )
    if isinstance(result, Route):
        options = None if request.routing is None else result.options()
        return Served(result.allocations, parts, result.because, options)
    return Refused(
        Code.INSUFFICIENT_STOCK,
        "Not enough stock is available.",
        _faults(held, sets, result, built),
    )


def pre_built(held: Lines, parts: tuple[SoldPart, ...], free: Free) -> dict[str, int]:
    """The number of bundles of each line that are served from pre-built units: these are sold
    first.
    """
    bundles = {part.bundle for part in parts}
    return {
        sku: min(line.quantity, sum(units.get(sku, 0) for units in free.values()))
        for sku, line in held.items()
        if sku in bundles
    }


def _parts(
    state: State, request: UnitsRequest, current: Reservation | None, held: Lines
) -> tuple[SoldPart, ...] | Refused:
    """The parts of all bundles of the hold."""
    parts: list[SoldPart] = []
    quantities = {} if current is None else {row.sku: row.quantity for row in current.lines}
    if current is not None and current.parts is not None:
        chosen = {choice.bundle for choice in request.choices}
        unchanged = {
            sku
            for sku, line in held.items()
            if sku not in request.lines
            or (sku not in chosen and quantities.get(sku) == line.quantity)
        }
        parts = [part for part in current.parts if part.bundle in unchanged]
    done = {part.bundle for part in parts}
    for sku, line in request.lines.items():
        item = state.get(Item, sku)
        if item is None or item.bundle is None or sku in done:
            continue
        refused = not_for_sale(state, item, line.quantity)
        if refused is not None:
            return refused
        choices = [choice for choice in request.choices if choice.bundle == sku]
        exploded = explode(lambda sku: state.get(Item, sku), item, choices)
        if isinstance(exploded, Refused):
            return exploded
        parts += exploded
    return tuple(parts)


def _is_unchanged(
    request: UnitsRequest, current: Reservation, held: Lines, parts: tuple[SoldPart, ...]
) -> bool:
    """Whether the hold has these lines already, and the request does not ask for another route."""
    routing = request.routing
    asks = routing is not None and (
        routing.only_from is not None
        or routing.pickup_at is not None
        or routing.destination.country != ""
        or routing.destination.point is not None
    )
    units = {line.sku: line.quantity for line in current.lines}
    return (
        not asks
        and units == {sku: line.quantity for sku, line in held.items()}
        and set(parts) == set(current.parts or ())
    )


def _demands(
    state: State, held: Lines, parts: tuple[SoldPart, ...], built: Mapping[str, int]
) -> tuple[list[Demand], dict[str, int]]:
    """The demand to serve, and the units in one bundle of each part that may come alone."""
    demands: list[Demand] = []
    units_of_one: dict[str, int] = {}
    for sku, line in held.items():
        own_parts = [part for part in parts if part.bundle == sku]
        if not own_parts:
            demands.append(Demand(sku, ((sku, 1),), line.quantity))
            continue
        item = state.get(Item, sku)
        bundle = None if item is None else item.bundle
        ready = built.get(sku, line.quantity)
        missing = line.quantity - ready
        if ready:
            demands.append(Demand(sku, ((sku, 1),), ready))
        if not missing:
            continue
        if bundle is None or bundle.policy is BundlePolicy.TOGETHER:
            units = tuple((part.sku, part.quantity) for part in own_parts)
            demands.append(Demand(sku, units, missing))
        else:
            for part in own_parts:
                quantity = part.quantity * missing
                demands.append(Demand(f"{sku}{_PART_OF}{part.sku}", ((part.sku, 1),), quantity))
                units_of_one[f"{sku}{_PART_OF}{part.sku}"] = part.quantity
    return demands, units_of_one


def _locations(state: State, request: UnitsRequest, skus: list[str]) -> list[Location] | Refused:
    """The locations that may serve the request."""
    routing = request.routing
    if routing is None:
        return [Location(request.location, request.location)]
    for location_id in (routing.only_from, routing.pickup_at):
        if location_id is not None:
            location = location_of(state, location_id)
            if location is None or not _sells(location):
                return unknown_location(location_id)
    ids: dict[str, None] = {}
    for sku in skus:
        ids |= dict.fromkeys(state.accounts_of(sku))
    locations = []
    for location_id in ids:
        location = location_of(state, location_id) if is_for_sale(location_id) else None
        if location is None:
            continue
        if routing.only_from is not None:
            if location_id == routing.only_from:
                locations.append(location)
        elif location.active and (location.sells_online or location_id == routing.pickup_at):
            locations.append(location)
    return locations


def _sells(location: Location) -> bool:
    return location.active and (location.sells_online or location.pickup)


def _free_units(
    state: State, locations: Iterable[Location], skus: Iterable[str], own: Units
) -> dict[str, dict[str, int]]:
    """The units of SKUs that locations offer, with the hold's own units there."""
    free: dict[str, dict[str, int]] = {location.location_id: {} for location in locations}
    for sku in skus:
        item = state.get(Item, sku)
        off_sale = item is not None and item.archived  # a part
        safety_stock = () if item is None else item.safety_stock
        for location_id, free_there in free.items():
            units = state.level(sku, location_id).available
            mine = own[sku, location_id].quantity if own and (sku, location_id) in own else 0
            if safety_stock:
                units = offered(units + mine, safety_at(safety_stock, location_id)) - mine
            free_there[sku] = max(mine, mine if off_sale else units + mine, 0)
    return free


def _faults(
    held: Lines,
    units_of_one: dict[str, int],
    short: list[Shortfall],
    built: Mapping[str, int],
) -> list[Fault]:
    """The shortfalls by line, in the units of the line, and the scarce parts of a bundle."""
    available: dict[str, int] = {}
    scarce: dict[str, list[str]] = {}
    for row in short:
        sku, _, part = row.sku.partition(_PART_OF)
        units = row.available // units_of_one[row.sku] if part else row.available
        available[sku] = min(units, available.get(sku, units))
        scarce.setdefault(sku, []).extend([part] if part else row.scarce)
    return [
        {
            "sku": sku,
            "requested": held[sku].quantity,
            "available": units + built.get(sku, 0),
            **({"scarce": scarce[sku]} if scarce[sku] else {}),
        }
        for sku, units in available.items()
    ]


_PART_OF = "\n"
"""Joins a bundle and a part of it that may leave from another location than the rest."""
