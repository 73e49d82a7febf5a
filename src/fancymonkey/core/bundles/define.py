"""Makes a size a bundle, changes its definition, or makes it an ordinary size: SetBundle."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.bundles.definition import Definition, definition_of, fault_of
from fancymonkey.core.bundles.recipe import NotBuildable, is_fixed_bundle, recipe_of
from fancymonkey.core.bundles.sales import BundleSales, next_version, sales_of
from fancymonkey.core.catalogue.answers import SizeChanged
from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.explode import needs_parts
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Item, Kind
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBundle(Command):
    """Sets the definition of a bundle; None makes it an ordinary size again.

    Each change has the next version; what was held or sold keeps its own. Units of the size itself
    become pre-built bundles. With `expected` it is refused if the definition is another one now.
    """

    sku: str
    location: str
    definition: Definition | None
    expected: tuple[Definition | None] | None = None
    reason: str = ""


def needs_bundle(command: SetBundle, state: State) -> Iterator[Key]:
    """The rows that `set_bundle` reads: the size, and all parts of its parts."""
    yield from needs_stock(command.sku)
    yield BundleSales, command.sku
    if command.definition is not None:
        yield from needs_parts(state, [part.sku for part in command.definition.components])


def set_bundle(state: State, command: SetBundle) -> Answer:
    """Applies a `SetBundle`."""
    item = state.get(Item, command.sku)
    if item is None or item.archived:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", [{"sku": command.sku}])
    present, wanted = definition_of(item), command.definition
    if command.expected is not None and command.expected[0] != present:
        return Refused(
            Code.STALE,
            "The bundle has changed since you saw it.",
            {"sku": command.sku, "field": "bundle"},
        )
    refused = _held(state, item) if wanted is None else _not_valid(state, item, wanted)
    if refused is not None:
        return refused
    if wanted != present:
        _put(state, command, item, wanted)
    return Accepted(SizeChanged(command.sku, state.revision))


def _held(state: State, item: Item) -> Refused | None:
    """The refusal while live holds have the bundle, or None."""
    held = sales_of(state, item.sku).held
    if not held:
        return None
    return Refused(
        Code.LIVE_HOLDS,
        "Buyers hold bundles of it. Release these holds first.",
        [{"sku": item.sku, "reserved": held}],
    )


def _not_valid(state: State, item: Item, wanted: Definition) -> Refused | None:
    """The reason why a size cannot be this bundle, or None."""
    fault = fault_of(wanted)
    if fault is not None:
        return Refused(Code.INVALID_BUNDLE, fault, {"sku": item.sku})
    parts = {part.sku: state.get(Item, part.sku) for part in wanted.components}
    unknown = [{"sku": sku} for sku, part in parts.items() if part is None or part.archived]
    if unknown:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", unknown)
    circle = _circle(state, item.sku, wanted)
    if circle is not None:
        return Refused(
            Code.BUNDLE_CYCLE,
            "A bundle cannot contain itself: " + " → ".join(circle),
            {"sku": item.sku, "path": circle},
        )
    for part in wanted.components:
        inner = parts[part.sku]
        if inner is None or inner.bundle is None or (is_fixed_bundle(inner) and not part.group):
            continue
        text = f"{part.sku} is a bundle itself. An option has to be an ordinary size"
        if not part.group:
            text = f"{part.sku} has choices of its own, so it cannot be part of another bundle"
        return Refused(Code.INVALID_BUNDLE, f"{text}.", {"sku": item.sku, "part": part.sku})
    try:
        recipe_of(wanted.on(item, 0), lambda sku: state.get(Item, sku))
    except NotBuildable as error:
        return Refused(Code.INVALID_BUNDLE, str(error), {"sku": item.sku})
    return None


def _circle(state: State, sku: str, wanted: Definition) -> list[str] | None:
    """The way from a bundle through its parts back to itself, or None."""
    paths = [[sku, part.sku] for part in reversed(wanted.components)]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        part = path[-1]
        if part == sku:
            return path
        if part in seen:
            continue
        seen.add(part)
        item = state.get(Item, part)
        if item is not None:
            paths += [[*path, inner.sku] for inner in reversed(item.components)]
    return None


def _put(state: State, command: SetBundle, item: Item, wanted: Definition | None) -> None:
    if wanted is None:
        after = replace(item, bundle=None, components=(), groups=())
        text = "no longer a bundle"
    else:
        bundle = next_version(state, item, wanted.bundle)
        after = replace(wanted.on(item, 0), bundle=bundle)
        text = f"bundle of {wanted}"
    state.put(after)
    state.book_event(
        Kind.EDITED,
        item.sku,
        command.location,
        command,
        reason=(f"{command.reason}: {text}" if command.reason else text)[:500],
    )
