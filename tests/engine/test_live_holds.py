"""The units of a live hold, against a dict."""

import gc
from random import Random

import pytest

from fancymonkey.engine.view.live_holds import HeldUnits

KEYS = [(sku, location) for sku in ("a/M", "a/L", "b/M") for location in ("main", "berlin")]


@pytest.mark.parametrize("lines", [1, 2, 6])
@pytest.mark.parametrize("seed", range(10))
def test_units_are_those_of_a_dict(seed: int, lines: int) -> None:
    chance, hold = Random(seed), HeldUnits(1000)
    expected: dict[tuple[str, str], int] = {}
    for _ in range(200):
        key = chance.choice(KEYS[:lines])
        units = chance.choice((1, 2, -expected.get(key, 0)))
        if not units:
            continue
        expected[key] = expected.get(key, 0) + units
        if not expected[key]:
            del expected[key]
        assert hold.add(key, units) == bool(expected)
        assert hold.units == expected
        for sku, location in KEYS:
            assert hold.has_line((sku, location)) == ((sku, location) in expected)
            assert hold.has(sku) == any(held == sku for held, _ in expected)


def test_the_garbage_collector_visits_no_hold() -> None:
    hold = HeldUnits(1000)
    hold.add(KEYS[0], 1)
    assert not gc.is_tracked(hold)
