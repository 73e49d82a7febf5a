"""Which location serves which line: a table over free units and lines."""

import pytest

from fancymonkey.core.locations.allocate import Shortfall, allocate
from fancymonkey.core.model import Allocation, Line

Free = dict[str, dict[str, int]]

SERVED: dict[str, tuple[Free, dict[str, int], str]] = {
    "one location, one line": ({"main": {"a/M": 3}}, {"a/M": 3}, "main"),
    "one location, all lines": ({"main": {"a/M": 3, "b/M": 1}}, {"a/M": 2, "b/M": 1}, "main"),
    "the preferred of two": ({"shop": {"a/M": 3}, "shed": {"a/M": 9}}, {"a/M": 3}, "shop"),
    "the second where the first is short": (
        {"shop": {"a/M": 3, "b/M": 0}, "shed": {"a/M": 3, "b/M": 1}},
        {"a/M": 3, "b/M": 1},
        "shed",
    ),
    "a location without the SKU is passed over": (
        {"shop": {}, "shed": {"a/M": 1}},
        {"a/M": 1},
        "shed",
    ),
}

SHORT: dict[str, tuple[Free, dict[str, int], list[Shortfall]]] = {
    "one line": ({"main": {"a/M": 3}}, {"a/M": 4}, [Shortfall("a/M", 4, 3)]),
    "every line that is short": (
        {"main": {"a/M": 3, "b/M": 5, "c/M": 0}},
        {"a/M": 4, "b/M": 5, "c/M": 1},
        [Shortfall("a/M", 4, 3), Shortfall("c/M", 1, 0)],
    ),
    "the baskets of two locations are not mixed": (
        {"shop": {"a/M": 1, "b/M": 0}, "shed": {"a/M": 0, "b/M": 1}},
        {"a/M": 1, "b/M": 1},
        [Shortfall("b/M", 1, 0)],
    ),
    "no location": ({}, {"a/M": 1}, [Shortfall("a/M", 1, 0)]),
}


def lines(units: dict[str, int]) -> list[Line]:
    return [Line(sku, quantity) for sku, quantity in units.items()]


@pytest.mark.parametrize("name", SERVED)
def test_one_location_serves_the_whole_basket(name: str) -> None:
    free, wanted, location = SERVED[name]
    expected = tuple(Allocation(sku, quantity, location) for sku, quantity in wanted.items())
    assert allocate(free, lines(wanted)) == expected


@pytest.mark.parametrize("name", SHORT)
def test_lines_that_no_location_can_serve_are_shortfalls(name: str) -> None:
    free, wanted, shortfalls = SHORT[name]
    assert allocate(free, lines(wanted)) == shortfalls
