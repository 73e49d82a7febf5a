"""Explodes a bundle into its parts: fixed ones, chosen ones, and the parts of those."""

from collections.abc import Callable, Iterable, Iterator

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import ChoiceGroup, SoldPart
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State

Lookup = Callable[[str], Item | None]
"""The item of a SKU, or None."""

DEPTH = 10
"""Bundles in bundles go no deeper; the rules of the catalogue refuse circles."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Units of an option that a buyer chose for each of the bundles of a line."""

    bundle: str
    sku: str
    quantity: int


def needs_parts(state: State, item: Item, depth: int = 0) -> Iterator[Key]:
    """The items of all parts and options, as far as loaded rows show them."""
    for component in item.components:
        yield Item, component.sku
        part = state.get(Item, component.sku)
        if part is not None and part.bundle is not None and depth < DEPTH:
            yield from needs_parts(state, part, depth + 1)


def part_skus(lookup: Lookup, item: Item, depth: int = 0) -> Iterator[str]:
    """The SKUs with stock of their own that a bundle may take, options included."""
    for component in item.components:
        part = lookup(component.sku)
        if part is not None and part.bundle is not None and depth < DEPTH:
            yield from part_skus(lookup, part, depth + 1)
        else:
            yield component.sku


def explode(
    lookup: Lookup, item: Item, choices: Iterable[Choice]
) -> tuple[SoldPart, ...] | Refused:
    """The parts of one bundle, each SKU once, or the refusal of choices that do not fit."""
    assert item.bundle is not None
    chosen = {choice.sku: choice.quantity for choice in choices}
    refused = _unfit(item, chosen)
    if refused is not None:
        return refused
    units: dict[str, int] = {}
    for component in item.components:
        quantity = chosen.get(component.sku, 0) if component.group else component.quantity
        for sku, each in _multiplied(lookup, component.sku, quantity):
            units[sku] = units.get(sku, 0) + each
    version = item.bundle.version
    return tuple(SoldPart(item.sku, version, sku, quantity) for sku, quantity in units.items())


def _multiplied(
    lookup: Lookup, sku: str, quantity: int, depth: int = 0
) -> Iterator[tuple[str, int]]:
    """The units of a part, where it is a bundle those of its fixed parts."""
    item = lookup(sku)
    if item is None or item.bundle is None or depth >= DEPTH:
        if quantity:
            yield sku, quantity
        return
    for component in item.components:
        yield from _multiplied(lookup, component.sku, quantity * component.quantity, depth + 1)


def _unfit(item: Item, chosen: dict[str, int]) -> Refused | None:
    """Why the chosen options are not a valid content of the bundle, or None."""
    options = {part.sku: part for part in item.components if part.group}
    unknown = [sku for sku in chosen if sku not in options]
    if unknown:
        return _refuse(item, f"{unknown[0]} is not an option of this bundle.")
    for sku, quantity in chosen.items():
        if not 0 <= quantity <= options[sku].quantity:
            return _refuse(item, f"Choose {sku} at most {options[sku].quantity} times.")
    for group in item.groups:
        units = sum(chosen.get(sku, 0) for sku, part in options.items() if part.group == group.name)
        if units != group.choose:
            return _refuse(item, f"Choose {group.choose} of {_name(group)}; {units} are chosen.")
    return None


def _name(group: ChoiceGroup) -> str:
    return f"“{group.name}”"


def _refuse(item: Item, text: str) -> Refused:
    return Refused(Code.INVALID_CHOICES, text, [{"sku": item.sku}])
