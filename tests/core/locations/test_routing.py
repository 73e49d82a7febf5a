"""The locations that serve an order: scenarios of other systems, and a search by brute force."""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, cycle, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.core.locations.distance import distance_km
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.route import route
from fancymonkey.core.locations.routing import (
    Demand,
    Destination,
    Route,
    Routing,
    RoutingRule,
    Shortfall,
)

Stock = dict[str, dict[str, int]]
LONDON = Destination("GB", Decimal("51.5074"), Decimal("-0.1278"))
BIRMINGHAM = Location(
    "birmingham",
    "Birmingham",
    country="GB",
    latitude=Decimal("52.4862"),
    longitude=Decimal("-1.8904"),
)
CALAIS = Location(
    "calais", "Calais", country="FR", latitude=Decimal("50.9513"), longitude=Decimal("1.8587")
)
PLAIN = Routing()


def location(name: str, priority: int = 1, country: str = "DE") -> Location:
    return Location(name, name.title(), country=country, priority=priority)


def lines(**units: int) -> list[Demand]:
    return [Demand(sku, ((sku, 1),), quantity) for sku, quantity in units.items()]


def served(
    demands: Sequence[Demand], stock: Stock, routing: Routing = PLAIN, **locations: Location
) -> dict[tuple[str, str], int]:
    routed = route(demands, [locations.get(id_) or location(id_) for id_ in stock], stock, routing)
    assert isinstance(routed, Route), routed
    return {(row.location, row.sku): row.quantity for row in routed.allocations}


def refused(demands: Sequence[Demand], stock: Stock, routing: Routing = PLAIN) -> list[Shortfall]:
    routed = route(demands, [location(id_) for id_ in stock], stock, routing)
    assert isinstance(routed, list), routed
    return routed


def test_a1_a_line_that_no_location_has_whole_comes_from_two() -> None:
    stock: Stock = {"a": {"v": 1}, "b": {"v": 1}}
    assert served(lines(v=2), stock) == {("a", "v"): 1, ("b", "v"): 1}


def test_a2_two_lines_at_two_locations_are_two_parcels() -> None:
    stock: Stock = {"a": {"x": 1}, "b": {"y": 1}}
    assert served(lines(x=1, y=1), stock) == {("a", "x"): 1, ("b", "y"): 1}


def test_a4_held_units_are_not_free() -> None:
    stock: Stock = {"a": {"v": 5 - 4}, "b": {"v": 3}}
    assert served(lines(v=3), stock) == {("b", "v"): 3}


def test_a5_equal_distances_leave_it_to_the_priority() -> None:
    unit = Decimal(1)
    first = Location("a", "A", priority=1, latitude=unit, longitude=unit)
    second = Location("b", "B", priority=2, latitude=unit, longitude=unit)
    stock: Stock = {"a": {"v": 1}, "b": {"v": 9}}
    routing = Routing(destination=LONDON, rules=(RoutingRule.NEAREST, RoutingRule.PRIORITY))
    for locations in ([first, second], [second, first]):
        routed = route(lines(v=1), locations, stock, routing)
        assert isinstance(routed, Route)
        assert [row.location for row in routed.allocations] == ["a"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((RoutingRule.SAME_COUNTRY, RoutingRule.NEAREST), "birmingham"),
        ((RoutingRule.NEAREST,), "calais"),
    ],
)
def test_a7_the_country_counts_before_the_distance(
    rules: tuple[RoutingRule, ...], expected: str
) -> None:
    stock: Stock = {"calais": {"v": 1}, "birmingham": {"v": 1}}
    routing = Routing(destination=LONDON, rules=rules)
    routed = served(lines(v=1), stock, routing, calais=CALAIS, birmingham=BIRMINGHAM)
    assert routed == {(expected, "v"): 1}


@pytest.mark.parametrize(("start", "km"), [(BIRMINGHAM, 162.5), (CALAIS, 151.5)])
def test_a7_the_distances_are_great_circles(start: Location, km: float) -> None:
    assert start.point is not None
    assert LONDON.point is not None
    assert distance_km(start.point, LONDON.point) == pytest.approx(km, abs=0.6)


def test_a8_a_distance_across_the_180th_meridian_is_short() -> None:
    east, west = Decimal("179.9"), Decimal("-179.9")
    assert distance_km((Decimal("-16.8"), east), (Decimal("-16.8"), west)) == pytest.approx(
        21.3, abs=0.05
    )


def test_a32_the_pick_up_location_gives_its_own_units_first() -> None:
    stock: Stock = {"a": {"v": 10}, "p": {"v": 2}}
    assert served(lines(v=3), stock, Routing(pickup_at="p")) == {("p", "v"): 2, ("a", "v"): 1}


def test_one_location_with_everything_is_better_than_two_that_are_preferred() -> None:
    stock: Stock = {"a": {"x": 1}, "b": {"y": 1}, "c": {"x": 1, "y": 1}}
    last = location("c", priority=9)
    assert served(lines(x=1, y=1), stock, c=last) == {("c", "x"): 1, ("c", "y"): 1}


def test_more_parcels_are_better_where_the_owner_puts_another_rule_first() -> None:
    near, far = location("near", priority=1), location("far", priority=2)
    stock: Stock = {"near": {"x": 1}, "far": {"x": 1, "y": 1}}
    rules = (RoutingRule.PRIORITY, RoutingRule.FEWEST_PARCELS)
    routed = served(lines(x=1, y=1), stock, Routing(rules=rules), near=near, far=far)
    assert routed == {("near", "x"): 1, ("far", "y"): 1}


def test_a_line_is_not_split_where_a_location_has_it_whole() -> None:
    stock: Stock = {"a": {"v": 3}, "b": {"v": 3}, "c": {"v": 5}}
    assert served(lines(v=5), stock) == {("c", "v"): 5}


def test_without_split_lines_the_best_single_location_counts() -> None:
    stock: Stock = {"a": {"v": 3}, "b": {"v": 2}}
    assert refused(lines(v=4), stock, Routing(split_lines=False)) == [Shortfall("v", 4, 3)]
    assert served(lines(v=3), stock, Routing(split_lines=False)) == {("a", "v"): 3}


def test_parcels_are_limited() -> None:
    stock: Stock = {"a": {"v": 1}, "b": {"v": 1}}
    assert served(lines(v=2), stock, Routing(max_parcels=2))
    assert refused(lines(v=2), stock, Routing(max_parcels=1)) == [Shortfall("v", 2, 1)]
    apart: Stock = {"a": {"x": 1}, "b": {"y": 1}}
    short = refused(lines(x=1, y=1), apart, Routing(max_parcels=1))
    assert {missing.available for missing in short} == {0}


def test_too_few_units_everywhere_are_a_shortfall_of_each_line() -> None:
    stock: Stock = {"a": {"x": 1}, "b": {"x": 1, "y": 1}}
    assert refused(lines(x=3, y=2, z=1), stock) == [
        Shortfall("x", 3, 2),
        Shortfall("y", 2, 1),
        Shortfall("z", 1, 0),
    ]


def test_b8_a_set_leaves_from_one_location_in_whole_multiples() -> None:
    stock: Stock = {"a": {"x": 3}, "b": {"x": 3}}
    assert refused([Demand("kit", (("x", 2),), 3)], stock) == [Shortfall("kit", 3, 2)]
    two = [Demand("kit", (("x", 2),), 2)]
    assert served(two, stock) == {("a", "x"): 2, ("b", "x"): 2}


def test_b7_parts_that_are_never_in_one_location_make_no_set() -> None:
    kit = [Demand("kit", (("x", 1), ("y", 1)), 1)]
    (short,) = refused(kit, {"a": {"x": 1}, "b": {"y": 1}})
    assert short.available == 0


def test_the_scarce_part_is_named() -> None:
    kit = [Demand("kit", (("x", 1), ("y", 2)), 3)]
    (short,) = refused(kit, {"a": {"x": 9, "y": 5}})
    assert (short.available, short.scarce) == (2, ("y",))


@pytest.mark.parametrize("kit_first", [True, False])
def test_single_units_leave_the_sets_their_units(kit_first: bool) -> None:
    """Only a has a whole kit, and the x alone can come from b."""
    stock: Stock = {"a": {"x": 1, "y": 1}, "b": {"x": 1}}
    kit = Demand("kit", (("x", 1), ("y", 1)), 1)
    demands = [kit, *lines(x=1)] if kit_first else [*lines(x=1), kit]
    assert served(demands, stock) == {("a", "x"): 1, ("a", "y"): 1, ("b", "x"): 1}
    two = [kit, *lines(x=2)] if kit_first else [*lines(x=2), kit]
    assert refused(two, stock) == [Shortfall("x", 2, 1)]


def test_a_set_and_its_part_compete_for_the_same_units() -> None:
    demands = [Demand("kit", (("x", 1), ("y", 1)), 1), *lines(x=1)]
    stock: Stock = {"a": {"x": 1, "y": 1}, "b": {"x": 1}}
    assert served(demands, stock) == {("a", "x"): 1, ("a", "y"): 1, ("b", "x"): 1}
    (short,) = refused(demands, {"a": {"x": 1, "y": 1}})
    assert (short.sku, short.available) == ("x", 0)


@pytest.mark.parametrize(
    "destination", [Destination(), Destination("GB"), Destination("", Decimal(1))]
)
def test_an_unknown_address_leaves_it_to_the_next_rule(destination: Destination) -> None:
    stock: Stock = {"calais": {"v": 1}, "birmingham": {"v": 1}}
    routing = Routing(destination=destination)
    routed = served(lines(v=1), stock, routing, calais=CALAIS, birmingham=BIRMINGHAM)
    assert routed == {("birmingham", "v"): 1}


def test_the_reasons_name_the_rule_and_the_alternative() -> None:
    stock: Stock = {"calais": {"v": 1}, "birmingham": {"v": 1}}
    routed = route(lines(v=1), [CALAIS, BIRMINGHAM], stock, Routing(destination=LONDON))
    assert isinstance(routed, Route)
    assert routed.because == (
        "Birmingham has all of it.",
        "Ships within the buyer's country; that is not known of Calais.",
    )
    (other,) = routed.alternatives
    assert (other.locations, other.parcels) == (("calais",), 1)
    assert other.km == pytest.approx(151.5, abs=0.6)


NETWORKS = st.dictionaries(
    st.sampled_from("abcde"),
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 4), max_size=3),
    min_size=1,
    max_size=5,
)
BASKETS = st.dictionaries(st.sampled_from("xyz"), st.integers(1, 5), min_size=1, max_size=3)


def least_parcels(basket: dict[str, int], stock: Stock) -> int | None:
    """The least number of locations, by trying every set of them, each line by itself."""
    for size in range(1, len(stock) + 1):
        for chosen in combinations(stock, size):
            if all(_can(sku, units, chosen, stock) for sku, units in basket.items()):
                return size
    return None


def _can(sku: str, units: int, chosen: Sequence[str], stock: Stock) -> bool:
    if any(has.get(sku, 0) >= units for has in stock.values()):
        return any(stock[id_].get(sku, 0) >= units for id_ in chosen)
    return sum(stock[id_].get(sku, 0) for id_ in chosen) >= units


@given(BASKETS, NETWORKS)
@settings(max_examples=300, deadline=None)
def test_the_parcels_are_the_least_possible(basket: dict[str, int], stock: Stock) -> None:
    routed = route(lines(**basket), [location(id_) for id_ in stock], stock, PLAIN)
    least = least_parcels(basket, stock)
    if least is None:
        assert isinstance(routed, list)
        assert {part.sku for part in routed} == {
            sku
            for sku, units in basket.items()
            if sum(has.get(sku, 0) for has in stock.values()) < units
        }
        return
    assert isinstance(routed, Route)
    assert len({row.location for row in routed.allocations}) == least
    for sku, units in basket.items():
        assert sum(row.quantity for row in routed.allocations if row.sku == sku) == units
    for row in routed.allocations:
        assert 0 < row.quantity <= stock[row.location].get(row.sku, 0)


@given(BASKETS, NETWORKS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_input_changes_nothing(
    basket: dict[str, int], stock: Stock, chance: random.Random
) -> None:
    ids = list(stock)
    first = route(lines(**basket), [location(id_) for id_ in ids], stock, PLAIN)
    chance.shuffle(ids)
    assert route(lines(**basket), [location(id_) for id_ in ids], stock, PLAIN) == first
    turned = dict(reversed(basket.items()))
    again = route(lines(**turned), [location(id_) for id_ in ids], stock, PLAIN)
    if isinstance(first, Route):
        assert isinstance(again, Route)
        assert set(again.allocations) == set(first.allocations)


def can_all_be_served(demands: Sequence[Demand], stock: Stock) -> bool:
    """Whether some choice of a location for each set serves all sets: by brute force."""
    sets = [demand for demand in demands for _ in range(demand.quantity)]
    for chosen in product(stock, repeat=len(sets)):
        left = {id_: dict(units) for id_, units in stock.items()}
        for demand, id_ in zip(sets, chosen, strict=True):
            for sku, each in demand.units:
                left[id_][sku] = left[id_].get(sku, 0) - each
        if all(units >= 0 for has in left.values() for units in has.values()):
            return True
    return False


@given(
    st.dictionaries(
        st.sampled_from("ab"),
        st.dictionaries(st.sampled_from("xy"), st.integers(0, 3), max_size=2),
        min_size=1,
        max_size=2,
    ),
    st.integers(1, 2),
    st.integers(1, 2),
)
@settings(max_examples=200, deadline=None)
def test_competing_lines_are_served_where_it_is_possible(
    stock: Stock, kits: int, singles: int
) -> None:
    demands = [Demand("kit", (("x", 1), ("y", 1)), kits), *lines(x=singles)]
    routed = route(demands, [location(id_) for id_ in stock], stock, PLAIN)
    possible = can_all_be_served(demands, stock)
    assert isinstance(routed, Route) == possible
    if isinstance(routed, Route):
        taken: dict[tuple[str, str], int] = {}
        for row in routed.allocations:
            key = (row.location, row.sku)
            taken[key] = taken.get(key, 0) + row.quantity
        assert all(units <= stock[id_].get(sku, 0) for (id_, sku), units in taken.items())
        assert sum(row.quantity for row in routed.allocations) == 2 * kits + singles


MANY_LOCATIONS = st.fixed_dictionaries(
    {id_: st.fixed_dictionaries({"x": st.integers(0, 6)}) for id_ in "abcdefghijklmno"}
)


@given(
    BASKETS,
    NETWORKS | MANY_LOCATIONS,
    st.permutations(list(RoutingRule)),
    st.sampled_from(["", "DE", "FR", "GB"]),
    st.sampled_from([None, 1, 2]),
)
@settings(max_examples=500, deadline=None)
def test_the_locations_that_have_everything_are_those_that_the_search_finds(
    basket: dict[str, int],
    stock: Stock,
    rules: list[RoutingRule],
    country: str,
    most: int | None,
) -> None:
    locations = [
        location(id_, priority=1 + number % 2, country="DE" if number % 3 else "FR")
        for number, id_ in enumerate(stock)
    ]
    routing = Routing(rules=tuple(rules), destination=Destination(country), max_parcels=most)
    demands = lines(**basket)
    quick = route(demands, locations, stock, routing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{route.__module__}._complete_locations", lambda *_: [])
        searched = route(demands, locations, stock, routing)
    assert quick == searched
    if isinstance(searched, Route):
        searched = replace(searched, alternatives=())
    assert route(demands, locations, stock, routing, alternatives=0) == searched


POINTS = [None, (Decimal("52.5"), Decimal("13.4")), (Decimal("48.1"), Decimal("11.6"))]


@given(
    st.integers(1, 5),
    st.fixed_dictionaries({id_: st.integers(0, 6) for id_ in "abcd"})
    | st.fixed_dictionaries({id_: st.integers(0, 6) for id_ in "abcdefghijklmno"}),
    st.permutations(list(RoutingRule)).flatmap(
        lambda rules: st.integers(1, len(rules)).map(lambda count: tuple(rules[:count]))
    ),
    st.sampled_from([Destination(), Destination("DE"), Destination("GB"), LONDON]),
    st.sampled_from([None, 1, 2]),
)
@settings(max_examples=500, deadline=None)
def test_a_single_line_has_the_route_that_the_search_finds(
    quantity: int,
    units: dict[str, int],
    rules: tuple[RoutingRule, ...],
    destination: Destination,
    most: int | None,
) -> None:
    locations = []
    for number, (id_, point) in enumerate(zip(units, cycle(POINTS), strict=False)):
        row = location(id_, priority=1 + number % 2, country="DE" if number % 3 else "FR")
        latitude, longitude = point or (None, None)
        locations.append(replace(row, latitude=latitude, longitude=longitude))
    stock = {id_: {"x": number} for id_, number in units.items()}
    routing = Routing(rules=rules, destination=destination, max_parcels=most)
    quick = route(lines(x=quantity), locations, stock, routing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{route.__module__}.route_line", lambda *_: None)
        patch.setattr(f"{route.__module__}._complete_locations", lambda *_: [])
        searched = route(lines(x=quantity), locations, stock, routing)
    assert quick == searched


def test_holds_share_equal_options() -> None:
    stock: Stock = {"calais": {"v": 5}, "birmingham": {"v": 5}}
    routes = [
        route(lines(v=quantity), [CALAIS, BIRMINGHAM], stock, Routing(destination=LONDON))
        for quantity in (1, 2)
    ]
    first, second = [result.options() for result in routes if isinstance(result, Route)]
    assert first[0].because.startswith("Birmingham has all of it.")
    assert [option.locations for option in first] == ["birmingham", "calais"]
    assert all(ours is theirs for ours, theirs in zip(first, second, strict=True))


def test_ten_lines_and_twelve_locations_take_little_time() -> None:
    chance = random.Random(1)
    skus = [f"s{number}" for number in range(10)]
    times = []
    for _ in range(60):
        stock = {f"l{n}": {sku: chance.choice((0, 0, 1, 2)) for sku in skus} for n in range(12)}
        demands = [Demand(sku, ((sku, 1),), 2) for sku in skus]
        locations = [location(id_, country=chance.choice(("DE", "FR"))) for id_ in stock]
        start = time.process_time()
        route(demands, locations, stock, Routing(destination=Destination("DE")))
        times.append(time.process_time() - start)
    print(sorted(times)[-3:])
    assert statistics.median(times) < 0.05  # far above the usual time of a search


def test_more_than_twelve_locations_are_reported_in_the_reasons() -> None:
    stock = {f"l{n:02}": {"x": 1} for n in range(20)}
    routed = route(lines(x=15), [location(id_) for id_ in stock], stock, PLAIN)
    assert isinstance(routed, Route)
    assert sum(row.quantity for row in routed.allocations) == 15
    assert "Of 20 locations, the best 12 were compared." in routed.because
