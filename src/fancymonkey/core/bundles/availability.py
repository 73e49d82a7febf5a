"""The number of bundles that the available units make. Never stored."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from fancymonkey.core.bundles.recipe import OptionGroup, Recipe
from fancymonkey.core.item_parts import BundlePolicy
from fancymonkey.core.model import MAX_QUANTITY

Units = Mapping[str, int]
"""Units by SKU."""

Free = Mapping[str, Units]
"""The units that buyers may get, by location and SKU, in the order of preference."""


def buildable(recipe: Recipe, free: Free) -> int:
    """The number of bundles that could be sold from these units now.

    With the policy `together` each bundle leaves from one location, with `split` from any. The
    number is exact, with one exception: if bundles leave several locations together, and an option
    of their choices has units to keep, it is an upper bound.
    """
    count = sum(bundles_of(recipe, units) for units in pools(recipe, free))
    keep = _kept(recipe)
    return min(count, bundles_of(recipe, _without(keep, free))) if keep and count else count


def buildable_of_fixed(recipe: Recipe, units: Sequence[Sequence[int]]) -> int:
    """The same for a recipe of fixed parts without units to keep, much faster.

    `units` are those of each part in turn, one number for each location.
    """
    if recipe.policy is BundlePolicy.SPLIT:
        counts = [
            sum([max(0, here) for here in units_there]) // part.quantity
            for part, units_there in zip(recipe.parts, units, strict=True)
        ]
        return min(counts, default=0)
    return sum(_sets_of_fixed(recipe, units))


def scarce_of_fixed(recipe: Recipe, units: Sequence[Sequence[int]]) -> list[str]:
    """The same as `scarce_parts` for such a recipe, much faster."""
    pairs = list(zip(recipe.parts, units, strict=True))
    if recipe.policy is BundlePolicy.SPLIT:
        counts = [sum([max(0, here) for here in there]) for _, there in pairs]
        most = min([count // part.quantity for count, (part, _) in zip(counts, pairs, strict=True)])
    else:
        sets = _sets_of_fixed(recipe, units)
        if not sets:  # there is no location
            return [part.sku for part in recipe.parts]
        most = max(sets)
        best = sets.index(most)
        counts = [max(0, there[best]) for _, there in pairs]
    return [
        part.sku
        for count, (part, _) in zip(counts, pairs, strict=True)
        if count < (most + 1) * part.quantity
    ]


def _sets_of_fixed(recipe: Recipe, units: Sequence[Sequence[int]]) -> list[int]:
    """The number of bundles that each location can make from its own units."""
    if len(units[0]) == 1:  # the usual case
        most = [there[0] // part.quantity for part, there in zip(recipe.parts, units, strict=True)]
        return [max(0, min(most))]
    sets = [
        [max(0, here) // part.quantity for here in units_there]
        for part, units_there in zip(recipe.parts, units, strict=True)
    ]
    return list(map(min, zip(*sets, strict=True)))


def scarce_parts(recipe: Recipe, free: Free) -> list[str]:
    """The SKUs with too few units for one more bundle, in the order of the recipe.

    With the policy `together` they are those of the location that has the most bundles.
    """
    stocks = pools(recipe, free)
    if not stocks:
        return [part.sku for part in recipe.parts]
    counts = [bundles_of(recipe, units) for units in stocks]
    left, count = _without(_kept(recipe), free), buildable(recipe, free)
    if sum(counts) > count:  # only the units to keep are in the way
        return _lacking(recipe, left, count + 1)
    best = counts.index(max(counts))
    return _lacking(recipe, stocks[best], counts[best] + 1)


def pools(recipe: Recipe, free: Free) -> list[dict[str, int]]:
    """The stocks that a bundle may be taken from: one a location, or one for all of them."""
    skus = recipe.skus
    if recipe.policy is BundlePolicy.SPLIT:
        return [_without({}, free)]
    return [{sku: max(0, units.get(sku, 0)) for sku in skus} for units in free.values()]


def _without(keep: Units, free: Free) -> dict[str, int]:
    """The units of all locations together, less those to keep for single sale."""
    total: dict[str, int] = {}
    for units in free.values():
        for sku, count in units.items():
            total[sku] = total.get(sku, 0) + max(0, count)
    return {sku: max(0, count - keep.get(sku, 0)) for sku, count in total.items()}


def _kept(recipe: Recipe) -> dict[str, int]:
    """The units of each part that stay for single sale, where there are any."""
    keep: dict[str, int] = {}
    options = (option for group in recipe.groups for option in group.options)
    for component in (*recipe.parts, *options):
        if component.keep:
            keep[component.sku] = max(keep.get(component.sku, 0), component.keep)
    return keep


def bundles_of(recipe: Recipe, units: Units) -> int:
    """The number of bundles that these units make, all of them at one location."""
    low, high = 0, MAX_QUANTITY
    for part in recipe.parts:
        high = min(high, max(0, units.get(part.sku, 0)) // part.quantity)
    for group in recipe.groups:
        there = sum(max(0, units.get(option.sku, 0)) for option in group.options)
        high = min(high, there // group.choose)
    if not recipe.groups:
        return high
    while low < high:  # units for k bundles are enough for fewer: a binary search works
        middle = (low + high + 1) // 2
        if short_options(recipe, units, middle) is None:
            low = middle
        else:
            high = middle - 1
    return low


def short_options(recipe: Recipe, units: Units, count: int) -> list[str] | None:
    """The options of groups that have too few for `count` bundles; None if all have enough.

    It is the theorem of the maximum flow and the minimum cut: options go to groups, `count` times
    the maximum of each. The groups get enough if every set of groups that share options does.
    """
    left = dict(units)
    for part in recipe.parts:
        left[part.sku] = left.get(part.sku, 0) - count * part.quantity
    for groups in _sets(recipe.groups):
        most: dict[str, int] = {}
        for group in groups:
            for option in group.options:
                most[option.sku] = most.get(option.sku, 0) + count * option.quantity
        there = sum(min(max(0, left.get(sku, 0)), each) for sku, each in most.items())
        if there < count * sum(group.choose for group in groups):
            return [sku for sku, each in most.items() if left.get(sku, 0) < each]
    return None


def _sets(groups: Sequence[OptionGroup]) -> Iterable[Sequence[OptionGroup]]:
    """Every group alone, and all sets of groups where an option is in two of them."""
    for group in groups:
        yield (group,)
    options = [option.sku for group in groups for option in group.options]
    if len(set(options)) < len(options):
        for size in range(2, len(groups) + 1):
            yield from combinations(groups, size)


def _lacking(recipe: Recipe, units: Units, count: int) -> list[str]:
    """The parts of which these units have too few for `count` bundles."""
    lacking = [part.sku for part in recipe.parts if units.get(part.sku, 0) < count * part.quantity]
    left = {**units, **dict.fromkeys(lacking, _PLENTY)}
    while short := short_options(recipe, left, count):
        lacking += short
        left |= dict.fromkeys(short, _PLENTY)
    return lacking


_PLENTY = MAX_QUANTITY**3
"""More units than any number of bundles takes."""
