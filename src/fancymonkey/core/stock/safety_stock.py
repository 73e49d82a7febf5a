"""Sets the units that the shop withholds: SetSafetyStock."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import location_of, unknown_location
from fancymonkey.core.model import MAX_QUANTITY, Item, Kind, Level
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import stock_of, unknown_item
from fancymonkey.core.stock.sku_stock import safety_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSafetyStock(Command):
    """Sets the units of a SKU that a location withholds. Present holds stay.

    With `was` it is refused as `stale` if the owner saw another number.
    """

    sku: str
    location: str
    quantity: int
    was: int | None = None
    reason: str = ""


def needs_safety_stock(command: SetSafetyStock, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield from needs_stock(command.sku)
    yield Level, (command.sku, command.location)
    yield Location, command.location


def set_safety_stock(state: State, command: SetSafetyStock) -> Answer:
    """Applies a `SetSafetyStock`."""
    refused = unknown_item(state, command.sku)
    if refused is not None:
        return refused
    if location_of(state, command.location) is None:
        return unknown_location(command.location)
    item = state.get(Item, command.sku)
    assert item is not None
    before = safety_at(item.safety_stock, command.location)
    if command.was is not None and command.was != before:
        return Refused(
            Code.STALE,
            f"safetyStock was {command.was} when you saw it; it is now {before}.",
            {
                "sku": item.sku,
                "field": "safetyStock",
                "expected": command.was,
                "present": before,
            },
        )
    if not 0 <= command.quantity <= MAX_QUANTITY:
        message = f"A safety stock has from 0 to {MAX_QUANTITY} units."
        return Refused(Code.OUT_OF_RANGE, message, {"sku": command.sku})
    if command.quantity != before:
        rows = [row for row in item.safety_stock if row.location != command.location]
        if command.quantity:
            rows.append(SafetyStock(command.location, command.quantity))
        rows.sort(key=lambda row: row.location)
        state.put(replace(item, safety_stock=tuple(rows)))
        text = f"safetyStock {before} → {command.quantity}"
        reason = f"{command.reason}: {text}" if command.reason else text
        state.book_event(Kind.EDITED, command.sku, command.location, command, reason=reason)
    return Accepted(stock_of(state, command.sku))
