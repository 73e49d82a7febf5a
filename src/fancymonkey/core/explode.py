"""Explodes a bundle into its parts: fixed ones, chosen ones, and the parts of those."""

from collections.abc import Iterable, Iterator

from fancymonkey.core.bundles.availability import short_options
from fancymonkey.core.bundles.recipe import (
    Lookup,
    NotBuildable,
    Recipe,
    recipe_of,
    units_of_plain,
)
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import Bundle, ChoiceGroup, SoldPart
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True)
class Choice:
    """Units of an option that a buyer chose for each of the bundles of a line."""

    bundle: str
    sku: str
    quantity: int


def needs_parts(state: State, skus: Iterable[str]) -> Iterator[Key]:
    """The items of these parts, and of all parts of theirs, as far as loaded rows show them."""
    seen: set[str] = set()
    waiting = list(skus)
    while waiting:
        sku = waiting.pop()
        if sku in seen:
            continue
        seen.add(sku)
        yield Item, sku
        item = state.get(Item, sku)
        if item is not None:
            waiting += [part.sku for part in item.components]


def part_skus(lookup: Lookup, item: Item) -> frozenset[str]:
    """The SKUs with units that a bundle may take, options included; none if a part is missing."""
    plain = units_of_plain(item, lookup)
    if plain is not None:
        return frozenset(plain)
    try:
        return recipe_of(item, lookup).skus
    except NotBuildable:
        return frozenset()


def explode(
    lookup: Lookup, item: Item, choices: Iterable[Choice]
) -> tuple[SoldPart, ...] | Refused:
    """The parts of one bundle, each SKU once, or the refusal of choices that do not fit."""
    assert item.bundle is not None
    chosen: dict[str, int] = {}
    for choice in choices:
        chosen[choice.sku] = chosen.get(choice.sku, 0) + choice.quantity
    plain = None if chosen else units_of_plain(item, lookup)
    if plain is not None:
        return _sold_parts(item, item.bundle, plain)
    refused = _unfit(item, chosen)
    if refused is not None:
        return refused
    try:
        recipe = recipe_of(item, lookup)
    except NotBuildable:
        return Refused(Code.UNKNOWN_ITEM, "A part of this bundle is missing.", [{"sku": item.sku}])
    refused = _unbalanced(item, recipe, chosen)
    if refused is not None:
        return refused
    units = {part.sku: part.quantity for part in recipe.parts}
    for sku, quantity in chosen.items():
        if quantity:
            units[sku] = units.get(sku, 0) + quantity
    return _sold_parts(item, item.bundle, units)


def _sold_parts(item: Item, bundle: Bundle, units: dict[str, int]) -> tuple[SoldPart, ...]:
    version = bundle.version
    return tuple([SoldPart(item.sku, version, sku, number) for sku, number in units.items()])


def _unfit(item: Item, chosen: dict[str, int]) -> Refused | None:
    """The reason why the chosen options are not among those of the bundle, or None."""
    most: dict[str, int] = {}
    for part in item.components:
        if part.group:
            most[part.sku] = most.get(part.sku, 0) + part.quantity
    for sku, quantity in chosen.items():
        if sku not in most:
            return _refuse(item, f"{sku} is not an option of this bundle.")
        if not 0 <= quantity <= most[sku]:
            return _refuse(item, f"Choose {sku} at most {most[sku]} times.")
    return None


def _unbalanced(item: Item, recipe: Recipe, chosen: dict[str, int]) -> Refused | None:
    """The reason why the groups do not get as many units as they need, or None.

    An option that is in several groups counts for any of them.
    """
    units, wanted = sum(chosen.values()), sum(group.choose for group in item.groups)
    only_options = Recipe(recipe.policy, (), recipe.groups)
    if units == wanted and short_options(only_options, chosen, 1) is None:
        return None
    for group in item.groups:
        options = [part.sku for part in item.components if part.group == group.name]
        here = sum(chosen.get(sku, 0) for sku in options)
        if here != group.choose:
            return _refuse(item, f"Choose {group.choose} of {_name(group)}; {here} chosen.")
    return _refuse(item, "The chosen options do not fit the groups of this bundle.")


def _name(group: ChoiceGroup) -> str:
    return f"“{group.name}”"


def _refuse(item: Item, text: str) -> Refused:
    return Refused(Code.INVALID_CHOICES, text, [{"sku": item.sku}])
