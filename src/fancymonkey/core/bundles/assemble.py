"""Builds bundles in advance, and takes them apart again: Assemble."""

from collections.abc import Iterator

from fancymonkey.core.bundles.recipe import NotBuildable, Recipe, recipe_of
from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.explode import needs_parts
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import MAX_QUANTITY, Item, Kind, Level
from fancymonkey.core.orders.waiting import needs_waiting
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import stock_of, unknown_item
from fancymonkey.core.stock.backorders import fill_backorders


@dataclass(frozen=True, slots=True, kw_only=True)
class Assemble(Command):
    """Makes `quantity` pre-built bundles of available parts at a location.

    A negative quantity takes available bundles apart. Units that come in fill backorders first.
    """

    sku: str
    location: str
    quantity: int
    reason: str = ""


def needs_assemble(command: Assemble, state: State) -> Iterator[Key]:
    """The rows that `assemble` reads."""
    yield from needs_stock(command.sku)
    yield Level, (command.sku, command.location)
    yield from needs_waiting((command.sku, command.location), state)
    item = state.get(Item, command.sku)
    if item is None or item.bundle is None:
        return
    yield from needs_parts(state, [part.sku for part in item.components])
    recipe = _recipe(state, item)
    for part in () if recipe is None else recipe.parts:
        yield Level, (part.sku, command.location)
        yield from needs_waiting((part.sku, command.location), state)


def assemble(state: State, command: Assemble) -> Answer:
    """Applies an `Assemble`."""
    refused = unknown_item(state, command.sku)
    if refused is not None:
        return refused
    item = state.get(Item, command.sku)
    assert item is not None
    recipe = None if item.bundle is None or item.groups else _recipe(state, item)
    if recipe is None:
        text = "Only a bundle of fixed parts, all of them known, can be built in advance."
        return Refused(Code.INVALID_BUNDLE, text, {"sku": command.sku})
    if not 1 <= abs(command.quantity) <= MAX_QUANTITY:
        text = f"The quantity must be from 1 to {MAX_QUANTITY}, or negative to take them apart."
        return Refused(Code.OUT_OF_RANGE, text, {"sku": command.sku})
    changes = {part.sku: -part.quantity * command.quantity for part in recipe.parts}
    changes[command.sku] = command.quantity
    refused = _short(state, command, changes) or _too_many(state, command, changes)
    if refused is not None:
        return refused
    verb = "built" if command.quantity > 0 else "taken apart"
    text = f"{abs(command.quantity)} × {command.sku} {verb}"
    for sku, change in changes.items():
        state.book_movement(
            Kind.ASSEMBLED,
            sku,
            command.location,
            command,
            on_hand=change,
            reason=f"{command.reason}: {text}" if command.reason else text,
        )
    for sku, change in changes.items():
        if change > 0:
            fill_backorders(state, sku, command.location, command)
    return Accepted(stock_of(state, command.sku))


def _recipe(state: State, item: Item) -> Recipe | None:
    try:
        return recipe_of(item, lambda sku: state.get(Item, sku))
    except NotBuildable:
        return None


def _short(state: State, command: Assemble, changes: dict[str, int]) -> Refused | None:
    """The refusal if too few units are available at the location, or None."""
    short = []
    for sku, change in changes.items():
        available = max(0, state.level(sku, command.location).available)
        if available < -change:
            short.append({"sku": sku, "requested": -change, "available": available})
    if not short:
        return None
    return Refused(Code.INSUFFICIENT_STOCK, "Not enough units are available there.", short)


def _too_many(state: State, command: Assemble, changes: dict[str, int]) -> Refused | None:
    for sku, change in changes.items():
        after = state.level(sku, command.location).on_hand + change
        if after > MAX_QUANTITY:
            text = f"{after} is above the maximum of {MAX_QUANTITY}."
            return Refused(Code.OUT_OF_RANGE, text, {"sku": sku})
    return None
