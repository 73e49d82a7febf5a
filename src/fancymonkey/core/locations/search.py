"""Searches the locations that serve a demand: one, then all pairs, then all triples, and so on.

This is the order of search of order management systems. Among up to `EXACT` candidates the number
of parcels is the least possible.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.preferences import Free, Preferences, sets_at
from fancymonkey.core.locations.routing import Demand, Routing, RoutingRule

EXACT = 12
"""The most candidates of a complete search."""

STEPS = 2000
"""The most tries for lines that compete for the same units, in one set of locations."""

Part = tuple[int, int, int]
"""The index of a demand, the index of a location, and the sets that it serves."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Locations, by index, that serve everything. A lower score is better."""

    used: tuple[int, ...]
    parts: tuple[Part, ...]
    score: tuple[object, ...]


class Search:
    """The solutions of one decision."""

    def __init__(self, demands: Sequence[Demand], preferences: Preferences, free: Free) -> None:
        self._demands = demands
        self._preferences = preferences
        self._routing = preferences.routing
        self._free = free
        self._locations = preferences.locations
        self._competing = compete(demands)
        self._sets = [
            [sets_at(demand, free[location.key]) for location in self._locations]
            for demand in demands
        ]
        """The sets of each demand at each location."""
        self._has_whole = [
            any(sets >= demand.quantity for sets in row)
            for demand, row in zip(demands, self._sets, strict=True)
        ]

    def solutions(self) -> list[Solution]:
        """The solutions worth comparing, the best first; empty if there is none."""
        candidates = self._candidates()
        before = rules_before_parcels(self._routing.rules)
        if self._routing.pickup_at is not None or not ONLY_COUNTRY.issuperset(before):
            solution = self._of(candidates)  # each line from its best location
            solutions = [] if solution is None else [solution]
        else:
            solutions = list(self._least_parcels(candidates, bool(before)))
        if not solutions and len(candidates) < len(self._locations):
            solution = self._of(range(len(self._locations)))
            solutions = [] if solution is None else [solution]
        return sorted(solutions, key=lambda solution: solution.score)

    def _candidates(self) -> Sequence[int]:
        """The indexes to search: all, or those that have most of the lines, the best first."""
        everywhere = range(len(self._locations))
        if len(everywhere) <= EXACT:
            return everywhere
        missing = [
            sum(row[index] < demand.quantity for demand, row in self._rows())
            for index in everywhere
        ]
        return sorted(sorted(everywhere, key=lambda index: (missing[index], index))[:EXACT])

    def _rows(self) -> Iterator[tuple[Demand, list[int]]]:
        return zip(self._demands, self._sets, strict=True)

    def _least_parcels(self, candidates: Sequence[int], country_first: bool) -> Iterator[Solution]:
        """Solutions with the least parcels.

        If the country counts more, those with the fewest foreign locations, and single ones to
        compare with.
        """
        abroad = self._abroad(candidates) if country_first else frozenset()
        least_abroad = self._least_abroad(candidates, abroad)
        if least_abroad is None:
            return
        whole = self._whole_masks()
        bits = [1 << index for index in range(len(self._locations))]
        complete = False
        for size in range(1, len(candidates) + 1):
            for chosen in combinations(candidates, size):
                mask = 0
                for index in chosen:  # no generators: this runs thousands of times
                    mask |= bits[index]
                for suppliers in whole:
                    if not mask & suppliers:
                        break
                else:
                    foreign = len(abroad.intersection(chosen)) if abroad else 0
                    if foreign > least_abroad and size > 1:
                        continue
                    solution = self._of(chosen)
                    if solution is not None and len(solution.used) == size:
                        complete = complete or foreign <= least_abroad
                        yield solution
            if complete:
                return

    def _least_abroad(self, candidates: Sequence[int], abroad: frozenset[int]) -> int | None:
        """The least number of foreign locations that any solution needs; None: there is none."""
        domestic = [index for index in candidates if index not in abroad]
        for count in range(len(abroad) + 1):
            for foreign in combinations(sorted(abroad), count):
                if self._of(sorted((*domestic, *foreign))) is not None:
                    return count
        return None

    def _abroad(self, candidates: Sequence[int]) -> frozenset[int]:
        """The candidates outside the buyer's country; none if it is not known."""
        country = self._routing.destination.country
        if not country:
            return frozenset()
        return frozenset(index for index in candidates if self._locations[index].country != country)

    def _whole_masks(self) -> list[int]:
        """For each line that must stay whole, the locations that have it, as bits."""
        if self._competing:
            return []
        return [
            sum(1 << index for index, sets in enumerate(row) if sets >= demand.quantity)
            for (demand, row), whole in zip(self._rows(), self._has_whole, strict=True)
            if whole
        ]

    def _of(self, chosen: Sequence[int]) -> Solution | None:
        """The best way to serve everything from these locations, or None."""
        if self._competing or self._routing.pickup_at is not None:
            parts = _Competition(self._demands, self._routing, self._sets, self._free).parts(
                chosen, [location.key for location in self._locations]
            )
        else:
            parts = self._independent(chosen)
        if parts is None:
            return None
        used = tuple(sorted({index for _, index, _ in parts}))
        first = self._routing.pickup_at
        at_pickup = sum(
            sets for _, index, sets in parts if first and self._locations[index].key == first
        )
        return Solution(used, tuple(parts), self._preferences.score(used, at_pickup))

    def _independent(self, chosen: Sequence[int]) -> list[Part] | None:
        """Each line from its best location here; from several only if none has it whole."""
        parts: list[Part] = []
        for number, (demand, row) in enumerate(self._rows()):
            wanted = demand.quantity
            if self._has_whole[number]:
                for index in chosen:
                    if row[index] >= wanted:
                        parts.append((number, index, wanted))
                        break
                else:
                    return None
                continue
            if not self._routing.split_lines:
                return None
            for index in chosen:
                sets = min(wanted, row[index])
                if sets:
                    parts.append((number, index, sets))
                    wanted -= sets
            if wanted:
                return None
        return parts


class _Competition:
    """Serves lines that need the same SKUs: tries locations line by line, and goes back."""

    def __init__(
        self, demands: Sequence[Demand], routing: Routing, sets: list[list[int]], free: Free
    ) -> None:
        self._demands = demands
        self._routing = routing
        self._free = free
        order = range(len(demands))
        self._order = sorted(
            order,
            key=lambda n: (
                not in_sets(demands[n]),
                sum(sets[n]) - demands[n].quantity,
                -len(demands[n].units),
                demands[n].sku,
            ),
        )
        self._steps = 0

    def parts(self, chosen: Sequence[int], keys: Sequence[str]) -> list[Part] | None:
        """The parts, with whole lines if possible, or None."""
        routing = self._routing
        left = {index: dict(self._free[keys[index]]) for index in chosen}
        first = next((i for i in chosen if keys[i] == routing.pickup_at), None)
        for split in (False, True) if routing.split_lines else (False,):
            self._steps = 0
            solution = self._next(0, chosen, left, first, split)
            if solution is not None:
                return solution
        return None

    def _next(
        self,
        position: int,
        chosen: Sequence[int],
        left: dict[int, dict[str, int]],
        first: int | None,
        split: bool,
    ) -> list[Part] | None:
        if position == len(self._order):
            return []
        number = self._order[position]
        for parts in self._ways(number, chosen, left, first, split):
            self._steps += 1
            if self._steps > STEPS:
                return None
            demand = self._demands[number]
            for _, index, sets in parts:
                take(left[index], demand, sets)
            further = self._next(position + 1, chosen, left, first, split)
            if further is not None:
                return parts + further
            for _, index, sets in parts:
                take(left[index], demand, -sets)
        return None

    def _ways(
        self,
        number: int,
        chosen: Sequence[int],
        left: dict[int, dict[str, int]],
        first: int | None,
        split: bool,
    ) -> Iterator[list[Part]]:
        """The ways to serve one line: the pick-up location, one location, or several."""
        demand = self._demands[number]
        at_first = 0 if first is None else min(demand.quantity, sets_at(demand, left[first]))
        begun = [(number, first, at_first)] if first is not None and at_first else []
        wanted = demand.quantity - at_first
        if not wanted:
            yield begun
            return
        others = [index for index in chosen if index != first]
        for index in others:
            if sets_at(demand, left[index]) >= wanted:
                yield [*begun, (number, index, wanted)]
        if not split:
            return
        parts = list(begun)
        for index in others:
            sets = min(wanted, sets_at(demand, left[index]))
            if sets:
                parts.append((number, index, sets))
                wanted -= sets
        if not wanted:
            yield parts


ONLY_COUNTRY = frozenset({RoutingRule.SAME_COUNTRY})
"""With these rules before the number of parcels, solutions with the least parcels are searched."""


def rules_before_parcels(rules: tuple[RoutingRule, ...]) -> tuple[RoutingRule, ...]:
    """The rules that count more than the number of parcels."""
    fewest = RoutingRule.FEWEST_PARCELS
    return rules[: rules.index(fewest)] if fewest in rules else rules


def take(units: dict[str, int], demand: Demand, sets: int) -> None:
    """Takes away the units of a number of sets."""
    for sku, each in demand.units:
        units[sku] = units.get(sku, 0) - each * sets


def in_sets(demand: Demand) -> bool:
    """Whether several units have to leave together.

    Such demands choose first. A single unit may come from any location, so it can wait.
    """
    return len(demand.units) > 1 or demand.units[0][1] > 1


def compete(demands: Sequence[Demand]) -> bool:
    """Whether two demands need units of the same SKU."""
    skus = [sku for demand in demands for sku, _ in demand.units]
    return len(set(skus)) < len(skus)
