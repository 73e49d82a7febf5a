"""Changes of an order's units and history. Pure, except for `record_step`, which writes the row."""

from collections.abc import Iterable
from dataclasses import replace

from fancymonkey.core.model import Line
from fancymonkey.core.orders.rows import Order, OrderStep, OrderUnits
from fancymonkey.core.state import Author, State

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


def exploded(order: Order, lines: Iterable[Line]) -> dict[str, int]:
    """The units of each SKU that these lines name; a line of a bundle names its parts."""
    wanted: dict[str, int] = {}
    for line in lines:
        parts = [part for part in order.parts if part.bundle == line.sku]
        for sku, quantity in [(part.sku, part.quantity) for part in parts] or [(line.sku, 1)]:
            wanted[sku] = wanted.get(sku, 0) + quantity * line.quantity
    return wanted


def shipped_lines(order: Order) -> tuple[list[tuple[Line, int]], dict[str, int]]:
    """How many of each line are shipped, and the shipped parts beyond whole bundles.

    A bundle is shipped when all of its parts are. Bundles come first, in the order of the lines.
    """
    shipped: dict[str, int] = {}
    for units in order.units:
        shipped[units.sku] = shipped.get(units.sku, 0) + units.shipped
    whole: dict[int, int] = {}
    bundles = {part.bundle for part in order.parts}
    places = sorted(range(len(order.lines)), key=lambda at: order.lines[at].sku not in bundles)
    for place in places:
        line = order.lines[place]
        each = exploded(order, [replace(line, quantity=1)])
        count = min([line.quantity, *(shipped.get(sku, 0) // n for sku, n in each.items())])
        whole[place] = count
        for sku, n in each.items():
            shipped[sku] = shipped.get(sku, 0) - n * count
    loose = {sku: n for sku, n in shipped.items() if n}
    return [(line, whole[place]) for place, line in enumerate(order.lines)], loose


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
    """Units as text: `2 × prod_hoodie_001/M from berlin`, one part for each (SKU, place, units)."""
    return ", ".join(f"{count} × {sku} {place}".rstrip() for sku, place, count in units)
