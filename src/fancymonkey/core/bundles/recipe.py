"""The parts of a bundle with the parts of its parts multiplied out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from fancymonkey.core.item_parts import BundlePolicy, Component
from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY, Item

DEPTH = 10
"""Bundles in bundles go no deeper."""

Lookup = Callable[[str], Item | None]
"""Returns the item of a SKU, or None."""


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """A group: each bundle has `choose` units of its options, at most `quantity` of each."""

    name: str
    choose: int
    options: tuple[Component, ...]


@dataclass(frozen=True)
class Recipe:
    """The units of one bundle. `parts` are fixed: every SKU once, none of them a fixed bundle.

    An option, and a part that is itself a set with choices, is a finished unit: it comes from the
    stock of its own SKU.
    """

    policy: BundlePolicy
    parts: tuple[Component, ...]
    groups: tuple[OptionGroup, ...] = ()

    @cached_property
    def skus(self) -> frozenset[str]:
        """The SKUs of all parts and options."""
        options = {option.sku for group in self.groups for option in group.options}
        return frozenset(options | {part.sku for part in self.parts})

    @cached_property
    def part_skus(self) -> tuple[str, ...]:
        """The SKUs of the fixed parts."""
        return tuple([part.sku for part in self.parts])

    @cached_property
    def is_plain(self) -> bool:
        """Whether it has fixed parts only, and no units to keep."""
        return not self.groups and not any(part.keep for part in self.parts)


class NotBuildable(ValueError):
    """A bundle that cannot be built: a part is unknown, it contains itself, or it has too many."""


def recipe_of(item: Item, lookup: Lookup) -> Recipe:
    """The recipe of a bundle. Raises NotBuildable."""
    assert item.bundle is not None
    units = _fixed_units(item, lookup, (), {})
    keep: dict[str, int] = {}
    for part in item.components:
        keep[part.sku] = max(keep.get(part.sku, 0), part.keep)
    parts = tuple(
        Component(sku, quantity, keep=keep.get(sku, 0)) for sku, quantity in units.items()
    )
    groups = tuple(
        OptionGroup(
            group.name,
            group.choose,
            tuple(part for part in item.components if part.group == group.name),
        )
        for group in item.groups
    )
    recipe = Recipe(item.bundle.policy, parts, groups)
    if len(recipe.skus) > MAX_LINES:
        raise NotBuildable(f"It has more than {MAX_LINES} different parts.")
    return recipe


def units_of_plain(item: Item, lookup: Lookup) -> dict[str, int] | None:
    """The units of one bundle of ordinary parts by SKU: the most frequent kind.

    None for any other bundle, also one that cannot be built: `recipe_of` handles these.
    """
    if item.groups:
        return None
    units: dict[str, int] = {}
    for component in item.components:
        sku = component.sku
        part = lookup(sku)
        if part is None or part.bundle is not None or component.group:
            return None
        units[sku] = units.get(sku, 0) + component.quantity
    if len(units) > MAX_LINES or max(units.values(), default=0) > MAX_QUANTITY:
        return None
    return units


def is_fixed_bundle(item: Item) -> bool:
    """Whether the item is a bundle without choices."""
    return item.bundle is not None and not item.groups


def _fixed_units(
    item: Item, lookup: Lookup, above: tuple[str, ...], known: dict[str, dict[str, int]]
) -> dict[str, int]:
    """The units of the fixed parts of one bundle, by SKU. `above` are the bundles that it is in."""
    if item.sku in above:
        raise NotBuildable("It contains itself: " + " → ".join([*above, item.sku]))
    if item.sku in known:
        return known[item.sku]
    if len(above) > DEPTH:
        raise NotBuildable(f"It has bundles in bundles more than {DEPTH} deep.")
    units: dict[str, int] = {}
    for component in item.components:
        if component.group:
            continue
        part = lookup(component.sku)
        if part is None:
            raise NotBuildable(f"There is no {component.sku}.")
        inside = {part.sku: 1}
        if is_fixed_bundle(part):
            inside = _fixed_units(part, lookup, (*above, item.sku), known)
        for sku, quantity in inside.items():
            units[sku] = units.get(sku, 0) + component.quantity * quantity
            if units[sku] > MAX_QUANTITY or len(units) > MAX_LINES:
                raise NotBuildable(f"It has more than {MAX_LINES} parts, or too many of one.")
    known[item.sku] = units
    return units
