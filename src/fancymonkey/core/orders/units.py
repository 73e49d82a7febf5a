"""Changes of an order's units and history. Pure, except for `record_step`, which writes the row."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fancymonkey.core.ledger import Author
from fancymonkey.core.model import Line
from fancymonkey.core.orders.rows import Order, OrderStep, OrderUnits
from fancymonkey.core.state import State

STEPS_MAX = 500
"""The most steps that an order keeps; the oldest ones after the payment are removed."""


def units_at(order: Order, key: tuple[str, str]) -> OrderUnits:
    """The order's units of a SKU at a location; none if it has no row for them."""
    for units in order.units:
        if units.key == key:
            return units
    return OrderUnits(*key, 0)


def with_units(order: Order, changed: OrderUnits) -> Order:
    """The order with this row of units in place of its row for the same SKU and location."""
    rows = list(order.units)
    for place, units in enumerate(rows):
        if units.key == changed.key:
            rows[place] = changed
            break
    else:
        rows.append(changed)
    return replace(order, units=tuple(units for units in rows if units.quantity))


def pre_built(order: Order) -> dict[str, int]:
    """The units of the bundles themselves: those of its bundles that were built in advance."""
    bundles = {part.bundle for part in order.parts}
    built: dict[str, int] = {}
    for units in order.units:
        if units.sku in bundles:
            built[units.sku] = built.get(units.sku, 0) + units.quantity
    return built


def exploded(order: Order, lines: Iterable[Line], built: Mapping[str, int]) -> dict[str, int]:
    """The units of each SKU that these lines name.

    A line of a bundle names as many units of the bundle itself as are `built`, and the parts of the
    rest.
    """
    wanted: dict[str, int] = {}
    left = dict(built)
    for line in lines:
        parts = [part for part in order.parts if part.bundle == line.sku]
        whole = min(line.quantity, left.get(line.sku, 0)) if parts else line.quantity
        if whole or not parts:
            left[line.sku] = left.get(line.sku, 0) - whole
            wanted[line.sku] = wanted.get(line.sku, 0) + whole
        for part in parts if whole < line.quantity or not whole else ():
            units = part.quantity * (line.quantity - whole)
            wanted[part.sku] = wanted.get(part.sku, 0) + units
    return wanted


def shipped_lines(order: Order) -> tuple[list[tuple[Line, int]], dict[str, int]]:
    """The shipped quantity of each line, and the shipped parts beyond whole bundles.

    A bundle is shipped when it left as one or all of its parts did. Bundles come first, in the
    order of the lines.
    """
    shipped: dict[str, int] = {}
    for units in order.units:
        shipped[units.sku] = shipped.get(units.sku, 0) + units.shipped
    whole: dict[int, int] = {}
    bundles = {part.bundle for part in order.parts}
    places = sorted(range(len(order.lines)), key=lambda at: order.lines[at].sku not in bundles)
    for place in places:
        line = order.lines[place]
        count = _take(shipped, {line.sku: 1}, line.quantity)
        each = {part.sku: part.quantity for part in order.parts if part.bundle == line.sku}
        if each:
            count += _take(shipped, each, line.quantity - count)
        whole[place] = count
    loose = {sku: n for sku, n in shipped.items() if n}
    return [(line, whole[place]) for place, line in enumerate(order.lines)], loose


def _take(shipped: dict[str, int], each: Mapping[str, int], most: int) -> int:
    """Takes the units of as many lines as are shipped, `most` at most. Returns their number."""
    count = min([most, *(shipped.get(sku, 0) // n for sku, n in each.items())])
    for sku, n in each.items() if count else ():
        shipped[sku] -= n * count
    return count


def record_step(state: State, order: Order, action: str, text: str, by: Author) -> Order:
    """Writes the order with one more step of its history. Returns it."""
    step = OrderStep(state.now, action, text, by.actor, state.revision)
    history = (*order.history, step)
    if len(history) > STEPS_MAX:
        history = (history[0], *history[len(history) - STEPS_MAX + 1 :])
    after = replace(order, history=history, revision=state.revision)
    state.put(after)
    return after


def in_words(units: Iterable[tuple[str, str, int]]) -> str:
    """Units as text, one part for each SKU and location: `2 × prod_hoodie_001/M from berlin`."""
    return ", ".join(f"{count} × {sku} {where}".rstrip() for sku, where, count in units)
