"""The number of bundles that can be sold: tables, and a comparison with building them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.core.bundles.availability import (
    buildable,
    buildable_of_fixed,
    pools,
    scarce_of_fixed,
    scarce_parts,
)
from fancymonkey.core.bundles.recipe import NotBuildable, OptionGroup, Recipe, recipe_of
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.model import Item

TOGETHER, SPLIT = BundlePolicy.TOGETHER, BundlePolicy.SPLIT


def fixed(policy: BundlePolicy = TOGETHER, **parts: int) -> Recipe:
    return Recipe(policy, tuple(Component(sku, quantity) for sku, quantity in parts.items()))


def pick(choose: int, policy: BundlePolicy = TOGETHER, **options: int) -> Recipe:
    choice = OptionGroup(
        "any", choose, tuple(Component(sku, most) for sku, most in options.items())
    )
    return Recipe(policy, (), (choice,))


@pytest.mark.parametrize(
    ("recipe", "free", "count"),
    [
        pytest.param(fixed(a=1, b=2, c=10), {"m": {"a": 20, "b": 20, "c": 20}}, 2, id="b1"),
        pytest.param(fixed(a=1, b=1), {"m": {"a": 5, "b": 0}}, 0, id="b2"),
        pytest.param(fixed(x=1, y=1), {"A": {"x": 1}, "B": {"y": 1}}, 0, id="b7-together"),
        pytest.param(fixed(SPLIT, x=1, y=1), {"A": {"x": 1}, "B": {"y": 1}}, 1, id="b7-split"),
        pytest.param(fixed(x=2), {"A": {"x": 3}, "B": {"x": 3}}, 2, id="b8-together"),
        pytest.param(fixed(SPLIT, x=2), {"A": {"x": 3}, "B": {"x": 3}}, 3, id="b8-split"),
        pytest.param(fixed(a=6), {"m": {"a": 17}}, 2, id="multipack"),
        pytest.param(fixed(a=1), {"m": {"a": -3}}, 0, id="short"),
        pytest.param(fixed(a=1), {}, 0, id="no location"),
        pytest.param(pick(3, a=3, b=3), {"m": {"a": 2, "b": 5}}, 2, id="any three"),
        pytest.param(pick(3, a=1, b=1, c=1, d=1), {"m": {"a": 9, "b": 9, "c": 2, "d": 1}}, 3),
        pytest.param(
            pick(3, a=1, b=1, c=1), {"m": {"a": 9, "b": 9, "c": 0}}, 0, id="all different"
        ),
    ],
)
def test_the_number_of_bundles(recipe: Recipe, free: dict[str, dict[str, int]], count: int) -> None:
    assert buildable(recipe, free) == count


def test_an_option_of_two_groups_is_counted_once() -> None:
    """One of a or b, and one of a: three of a and none of b make one set, not three."""
    groups = (
        OptionGroup("either", 1, (Component("a", 1), Component("b", 1))),
        OptionGroup("sure", 1, (Component("a", 1),)),
    )
    recipe = Recipe(TOGETHER, (), groups)
    assert buildable(recipe, {"m": {"a": 3, "b": 0}}) == 1
    assert buildable(recipe, {"m": {"a": 3, "b": 2}}) == 2
    assert scarce_parts(recipe, {"m": {"a": 3, "b": 0}}) == ["a", "b"]


def test_units_to_keep_stay_for_single_sale() -> None:
    recipe = Recipe(TOGETHER, (Component("a", 1, keep=3),))
    assert buildable(recipe, {"m": {"a": 5}}) == 2
    assert buildable(recipe, {"m": {"a": 2}}) == 0
    assert buildable(recipe, {"A": {"a": 5}, "B": {"a": 2}}) == 4
    assert scarce_parts(recipe, {"m": {"a": 5}}) == ["a"]


@pytest.mark.parametrize(
    ("recipe", "free", "scarce"),
    [
        (fixed(a=1, b=2), {"m": {"a": 5, "b": 5}}, ["b"]),
        (fixed(a=1, b=1), {"m": {"a": 2, "b": 2}}, ["a", "b"]),
        (fixed(x=1, y=1), {"A": {"x": 1}, "B": {"y": 1}}, ["y"]),
        (pick(2, a=1, b=1, c=1), {"m": {"a": 9, "b": 1, "c": 0}}, ["b", "c"]),
        (fixed(a=1), {}, ["a"]),
    ],
)
def test_the_scarce_parts(
    recipe: Recipe, free: dict[str, dict[str, int]], scarce: list[str]
) -> None:
    assert scarce_parts(recipe, free) == scarce
    if recipe.is_plain:
        units = [[units.get(part.sku, 0) for units in free.values()] for part in recipe.parts]
        assert scarce_of_fixed(recipe, units) == scarce


def item(sku: str, *parts: Component, groups: tuple[ChoiceGroup, ...] = ()) -> Item:
    bundle = Bundle(1, TOGETHER) if parts else None
    return Item(sku, sku, "", bundle=bundle, components=parts, groups=groups)


def test_b4_parts_of_parts_are_multiplied_out() -> None:
    shop = {
        row.sku: row
        for row in (
            item("seat", Component("back", 1), Component("arms", 2)),
            item("arms", Component("arm", 1), Component("bolt", 2)),
            *map(item, ("back", "arm", "bolt")),
        )
    }
    recipe = recipe_of(shop["seat"], shop.get)
    assert {part.sku: part.quantity for part in recipe.parts} == {"back": 1, "arm": 2, "bolt": 4}


def test_a_circle_and_a_missing_part_cannot_be_built() -> None:
    shop = {"a": item("a", Component("b", 1)), "b": item("b", Component("a", 1))}
    for bundle in (shop["a"], item("c", Component("gone", 1))):
        with pytest.raises(NotBuildable):
            recipe_of(bundle, shop.get)


def test_a_part_that_the_bundle_reaches_in_many_ways_is_counted_once_each() -> None:
    """Each bundle has the two bundles before it."""
    shop = {
        f"{side}{n}": item(f"{side}{n}", Component(f"a{n - 1}", 9), Component(f"b{n - 1}", 1))
        for n in range(1, 9)
        for side in "ab"
    }
    shop |= {sku: item(sku) for sku in ("a0", "b0")}
    parts = {part.sku: part.quantity for part in recipe_of(shop["a8"], shop.get).parts}
    assert parts == {"a0": 9 * 10**7, "b0": 10**7}


def test_bundles_in_bundles_have_a_greatest_depth() -> None:
    shop = {f"{n}": item(f"{n}", Component(f"{n - 1}", 1)) for n in range(1, 13)}
    shop["0"] = item("0")
    assert recipe_of(shop["11"], shop.get).parts == (Component("0", 1),)
    with pytest.raises(NotBuildable):
        recipe_of(shop["12"], shop.get)


SKUS = "abcd"


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    parts = draw(st.dictionaries(st.sampled_from(SKUS), st.integers(1, 2), max_size=2))
    count = draw(st.integers(0 if parts else 1, 2))
    choices = []
    for number in range(count):
        options = draw(
            st.dictionaries(st.sampled_from(SKUS), st.integers(1, 2), min_size=1, max_size=3)
        )
        choose = draw(st.integers(1, sum(options.values())))
        choices.append(
            OptionGroup(f"g{number}", choose, tuple(map(Component, options, options.values())))
        )
    policy = draw(st.sampled_from(BundlePolicy))
    return Recipe(policy, tuple(map(Component, parts, parts.values())), tuple(choices))


UNITS = st.dictionaries(st.sampled_from(SKUS), st.integers(0, 4))


def contents(recipe: Recipe) -> Iterator[dict[str, int]]:
    """The units of every bundle that a buyer could choose."""
    ways = []
    for choice in recipe.groups:
        counts = product(*(range(option.quantity + 1) for option in choice.options))
        ways.append([way for way in counts if sum(way) == choice.choose])
    for picked in product(*ways):
        units = {part.sku: part.quantity for part in recipe.parts}
        for choice, way in zip(recipe.groups, picked, strict=True):
            for option, quantity in zip(choice.options, way, strict=True):
                units[option.sku] = units.get(option.sku, 0) + quantity
        yield {sku: quantity for sku, quantity in units.items() if quantity}


def most(kinds: list[dict[str, int]], units: Mapping[str, int], known: dict[object, int]) -> int:
    """The most bundles of these kinds that the units make, by trying each kind for the next one."""
    key = tuple(sorted(units.items()))
    if key not in known:
        counts = [0]
        for kind in kinds:
            left = {sku: there - kind.get(sku, 0) for sku, there in units.items()}
            if kind.keys() <= units.keys() and min(left.values(), default=0) >= 0:
                counts.append(1 + most(kinds, left, known))
        known[key] = max(counts)
    return known[key]


@settings(max_examples=300, deadline=None)
@given(recipe=recipes(), levels=st.lists(UNITS, max_size=2))
def test_no_way_of_building_makes_more_or_fewer_bundles(
    recipe: Recipe, levels: list[dict[str, int]]
) -> None:
    free = {f"location{number}": units for number, units in enumerate(levels)}
    kinds = list(contents(recipe))
    expected = sum(most(kinds, units, {}) for units in pools(recipe, free))
    assert buildable(recipe, free) == expected
    if recipe.is_plain:
        units = [[units.get(part.sku, 0) for units in levels] for part in recipe.parts]
        assert buildable_of_fixed(recipe, units) == expected
        assert scarce_of_fixed(recipe, units) == scarce_parts(recipe, free)


@settings(max_examples=200, deadline=None)
@given(recipe=recipes(), levels=st.lists(UNITS, min_size=1, max_size=2))
def test_more_of_the_scarce_parts_and_nothing_else_makes_one_more(
    recipe: Recipe, levels: list[dict[str, int]]
) -> None:
    free = {f"location{number}": units for number, units in enumerate(levels)}
    scarce = scarce_parts(recipe, free)
    assert scarce
    more = {
        location: {sku: units.get(sku, 0) + (100 if sku in scarce else 0) for sku in SKUS}
        for location, units in free.items()
    }
    assert buildable(recipe, more) > buildable(recipe, free)


def keeping(recipe: Recipe, keep: Mapping[str, int]) -> Recipe:
    """The recipe, with units of its parts and options that stay for single sale."""

    def with_keep(parts: tuple[Component, ...]) -> tuple[Component, ...]:
        return tuple(replace(part, keep=keep.get(part.sku, 0)) for part in parts)

    groups = tuple(replace(group, options=with_keep(group.options)) for group in recipe.groups)
    return replace(recipe, parts=with_keep(recipe.parts), groups=groups)


def most_keeping(
    kinds: list[dict[str, int]],
    stocks: tuple[dict[str, int], ...],
    spare: Mapping[str, int],
    known: dict[object, int],
) -> int:
    """The most bundles from these stocks that take no more than the spare units, by trying."""
    key = (tuple(tuple(sorted(units.items())) for units in stocks), tuple(sorted(spare.items())))
    if key not in known:
        counts = [0]
        for place, units in enumerate(stocks):
            for kind in kinds:
                if all(min(units.get(sku, 0), spare.get(sku, 0)) >= n for sku, n in kind.items()):
                    left = {sku: n - kind.get(sku, 0) for sku, n in units.items()}
                    others = (*stocks[:place], left, *stocks[place + 1 :])
                    spare_after = {sku: n - kind.get(sku, 0) for sku, n in spare.items()}
                    counts.append(1 + most_keeping(kinds, others, spare_after, known))
        known[key] = max(counts)
    return known[key]


@settings(max_examples=150, deadline=None)
@given(
    recipe=recipes(),
    levels=st.lists(st.dictionaries(st.sampled_from(SKUS), st.integers(0, 3)), max_size=2),
    keep=st.dictionaries(st.sampled_from(SKUS), st.integers(0, 3), max_size=2),
)
def test_with_units_to_keep_the_number_is_exact_or_an_upper_bound(
    recipe: Recipe, levels: list[dict[str, int]], keep: dict[str, int]
) -> None:
    """Only a bound if whole bundles leave from several locations that share a kept option."""
    recipe = keeping(recipe, keep)
    free = {f"location{number}": units for number, units in enumerate(levels)}
    totals = {sku: sum(units.get(sku, 0) for units in levels) for sku in SKUS}
    spare = {sku: max(0, count - keep.get(sku, 0)) for sku, count in totals.items()}
    stocks = tuple(pools(recipe, free))
    exact = most_keeping(list(contents(recipe)), stocks, spare, {})
    count = buildable(recipe, free)
    assert count >= exact
    options_kept = any(option.keep for group in recipe.groups for option in group.options)
    if len(stocks) < 2 or not options_kept:
        assert count == exact


def test_the_upper_bound_may_be_one_too_many() -> None:
    """Both locations could make a set, but only with the one option to keep."""
    groups = (OptionGroup("any", 1, (Component("a", 1, keep=1), Component("b", 1))),)
    recipe = Recipe(TOGETHER, (Component("x", 1),), groups)
    free = {"A": {"x": 1, "a": 1}, "B": {"x": 1, "a": 1}, "C": {"b": 5}}
    assert (
        most_keeping(
            list(contents(recipe)), tuple(pools(recipe, free)), {"x": 2, "a": 1, "b": 5}, {}
        )
        == 1
    )
    assert buildable(recipe, free) == 2
