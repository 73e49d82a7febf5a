"""The definition of a bundle as the owner writes it, and its rules."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import Bundle, ChoiceGroup, Component
from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY, Item

T = TypeVar("T")

GROUPS_MAX = 8
"""The most groups of a bundle: if they share options, every set of groups is checked."""


@dataclass(frozen=True, slots=True)
class Definition:
    """The rules and the parts of a bundle. The `version` of its rules does not count: it is 0."""

    bundle: Bundle
    components: tuple[Component, ...]
    groups: tuple[ChoiceGroup, ...] = ()

    def on(self, item: Item, version: int) -> Item:
        """The item as a bundle with this definition."""
        return replace(
            item,
            bundle=replace(self.bundle, version=version),
            components=self.components,
            groups=self.groups,
        )

    def __str__(self) -> str:
        """The parts in words, for the ledger."""
        texts = [_times(part) for part in self.components if not part.group]
        for group in self.groups:
            options = ", ".join(part.sku for part in self.components if part.group == group.name)
            texts.append(f"{group.choose} of {group.name} ({options})")
        return " + ".join(texts)


def _times(part: Component) -> str:
    return part.sku if part.quantity == 1 else f"{part.quantity} × {part.sku}"


def definition_of(item: Item) -> Definition | None:
    """The definition of an item, None if it is not a bundle."""
    if item.bundle is None:
        return None
    return Definition(replace(item.bundle, version=0), item.components, item.groups)


def fault_of(definition: Definition) -> str | None:
    """The reason why a definition is not valid, or None. The parts are not checked."""
    return (
        _fault_of_rules(definition.bundle)
        or _fault_of_components(definition)
        or _fault_of_groups(definition)
    )


def _fault_of_rules(bundle: Bundle) -> str | None:
    if None not in (bundle.sold_from, bundle.sold_until):
        assert bundle.sold_from is not None
        assert bundle.sold_until is not None
        if bundle.sold_from >= bundle.sold_until:
            return "The end of its sale must be after the beginning."
    for number, name in ((bundle.max_per_order, "order"), (bundle.max_sold, "sales")):
        if number is not None and not 1 <= number <= MAX_QUANTITY:
            return f"The maximum of its {name} must be from 1 to {MAX_QUANTITY}."
    return None


def _fault_of_components(definition: Definition) -> str | None:
    if not definition.components:
        return "A bundle needs at least one part."
    if len(definition.components) > MAX_LINES:
        return f"A bundle can have at most {MAX_LINES} parts."
    twice = _repeated((part.group, part.sku) for part in definition.components)
    if twice is not None:
        return f"{twice[1]} is listed twice. Combine its quantities."
    for part in definition.components:
        if not 1 <= part.quantity <= MAX_QUANTITY or not 0 <= part.keep <= MAX_QUANTITY:
            return f"The quantity of {part.sku} must be from 1 to {MAX_QUANTITY}."
    return None


def _fault_of_groups(definition: Definition) -> str | None:
    if len(definition.groups) > GROUPS_MAX:
        return f"A bundle can have at most {GROUPS_MAX} groups."
    names = [group.name for group in definition.groups]
    twice = _repeated(names)
    if twice is not None or "" in names:
        return "Every group needs a name of its own."
    lost = next((part for part in definition.components if part.group not in ("", *names)), None)
    if lost is not None:
        return f"{lost.sku} is in a group that does not exist."
    for group in definition.groups:
        most = sum(part.quantity for part in definition.components if part.group == group.name)
        if not 1 <= group.choose <= MAX_QUANTITY:
            return f"The number to choose of {group.name} must be from 1 to {MAX_QUANTITY}."
        if most < group.choose:
            return f"{group.name} has options for {most}, fewer than the {group.choose} to choose."
    return None


def _repeated(values: Iterable[T]) -> T | None:
    seen: set[T] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
