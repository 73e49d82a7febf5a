"""Decides which location serves which line of a basket. No other place decides it."""

from collections.abc import Collection, Mapping

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation, Line


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A line for which too few units are free, and how many are."""

    sku: str
    requested: int
    available: int


def allocate(
    free: Mapping[str, Mapping[str, int]], lines: Collection[Line]
) -> tuple[Allocation, ...] | list[Shortfall]:
    """The units that serve these lines, or every line that is short.

    `free` has the units that the buyer may get, by location and SKU; locations come in the order
    of preference. One location serves the whole basket: the first that has all of it. Where none
    has, the shortfalls are those of the first location.
    """
    for location, units in free.items():
        allocations = []
        for line in lines:  # no comprehension: every sale runs this
            if line.quantity > units.get(line.sku, 0):
                break
            allocations.append(Allocation(line.sku, line.quantity, location))
        else:
            return tuple(allocations)
    first = next(iter(free.values()), {})
    return [
        Shortfall(line.sku, line.quantity, first.get(line.sku, 0))
        for line in lines
        if line.quantity > first.get(line.sku, 0)
    ]
