"""The owner's changes of stock and of its settings: Adjust, Count, Return, SetItem."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.lookup import closed_location, needs_open_location
from fancymonkey.core.model import (
    MAX_QUANTITY,
    Allocation,
    Item,
    Kind,
    Level,
    Product,
)
from fancymonkey.core.orders.waiting import needs_waiting
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.plural import units as counted_units
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import bundle_without_stock, stock_of, unknown_item
from fancymonkey.core.stock.backorders import cancel_backorders, fill_backorders


class Unchanged:
    """Marks a field that a command does not change, where None is a value of its own."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust(Command):
    """Adds `delta` units to the units on hand (negative: removes them), with a reason.

    `kind` RECEIVED marks a receipt of goods. Units that come in fill backorders first.
    """

    sku: str
    location: str
    delta: int
    kind: Kind = Kind.ADJUSTED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Command):
    """Sets the units on hand. With `expected` it is refused if that is out of date.

    A count below the promised units ends no hold: the difference is `short`.
    """

    sku: str
    location: str
    quantity: int
    expected: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Command):
    """Returns units of a sale to stock after a refund, with a reason.

    `undelivered` units never left because they were backordered: that many backorders are struck
    off, and the units on hand stay.
    """

    sku: str
    location: str
    quantity: int
    reason: str
    undelivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetItem(Command):
    """Changes settings of a SKU: threshold, sold out, the product's restock date.

    `was` has the values that the owner saw, by public name; if one has changed, it is refused.
    """

    sku: str
    location: str
    low_stock_threshold: int | None = None
    sold_out: bool | None = None
    restock_date: str | Unchanged | None = UNCHANGED
    was: tuple[tuple[str, Any], ...] = ()
    reason: str = ""


ItemCommand = Adjust | Count | Return | SetItem


def needs_adjust(command: ItemCommand, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield from needs_stock(command.sku)
    yield Level, (command.sku, command.location)
    yield from needs_waiting((command.sku, command.location), state)
    yield from needs_open_location(command.location)
    item = state.get(Item, command.sku)
    if item is not None:
        yield Product, item.product_id


def adjust(state: State, command: Adjust) -> Answer:
    """Applies an `Adjust`."""
    refused = unknown_item(state, command.sku) or bundle_without_stock(state, command.sku)
    return correct(state, command) if refused is None else refused


def correct(state: State, command: Adjust) -> Answer:
    """The same, also for a bundle without pre-built units: an undo brings them back."""
    refused = unknown_item(state, command.sku) or closed_location(state, command.location)
    if refused is not None:
        return refused
    level = state.level(command.sku, command.location)
    after = level.on_hand + command.delta
    if after < 0:
        return Refused(
            Code.BELOW_ZERO,
            f"{level.on_hand} on hand: changing it by {command.delta} would leave {after}.",
            {"sku": command.sku, "onHand": level.on_hand, "change": command.delta},
        )
    if after > MAX_QUANTITY:
        return _too_many(command.sku, after)
    if command.kind is Kind.RECEIVED and command.delta < 0:
        return Refused(
            Code.OUT_OF_RANGE, "A receipt needs at least one unit.", {"sku": command.sku}
        )
    if command.delta:
        _book(state, command, command.kind, command.delta)
    if command.delta > 0:
        fill_backorders(state, command.sku, command.location, command)
    return Accepted(stock_of(state, command.sku))


def count(state: State, command: Count) -> Answer:
    """Applies a `Count`."""
    refused = (
        unknown_item(state, command.sku)
        or bundle_without_stock(state, command.sku)
        or closed_location(state, command.location)
    )
    if refused is not None:
        return refused
    level = state.level(command.sku, command.location)
    if command.expected is not None and command.expected != level.on_hand:
        return Refused(
            Code.STALE,
            f"You saw {command.expected} on hand; it is now {level.on_hand}.",
            {"sku": command.sku, "expected": command.expected, "onHand": level.on_hand},
        )
    if command.quantity > MAX_QUANTITY:
        return _too_many(command.sku, command.quantity)
    if command.quantity < 0:
        return Refused(Code.BELOW_ZERO, "Stock cannot be below zero.", {"sku": command.sku})
    if command.quantity != level.on_hand:
        _book(state, command, Kind.COUNTED, command.quantity - level.on_hand)
    return Accepted(stock_of(state, command.sku))


def return_units(state: State, command: Return) -> Answer:
    """Applies a `Return`."""
    refused = unknown_item(state, command.sku) or bundle_without_stock(state, command.sku)
    if refused is not None:
        return refused
    level = state.level(command.sku, command.location)
    if command.quantity < 1:
        return Refused(Code.OUT_OF_RANGE, "A return needs at least one unit.", {"sku": command.sku})
    if not command.undelivered:
        if level.on_hand + command.quantity > MAX_QUANTITY:
            return _too_many(command.sku, level.on_hand + command.quantity)
        _book(state, command, Kind.RETURNED, command.quantity)
        fill_backorders(state, command.sku, command.location, command)
    elif command.quantity > level.backordered:
        return Refused(
            Code.BELOW_ZERO,
            f"Only {counted_units(level.backordered)} backordered.",
            {"sku": command.sku, "backordered": level.backordered},
        )
    else:
        units = Allocation(command.sku, command.quantity, command.location)
        cancel_backorders(state, units, command, command.reason)
    return Accepted(stock_of(state, command.sku))


def set_item(state: State, command: SetItem) -> Answer:
    """Applies a `SetItem`."""
    refused = unknown_item(state, command.sku)
    if refused is not None:
        return refused
    item = state.get(Item, command.sku)
    assert item is not None
    product = state.get(Product, item.product_id)
    refused = _outdated(command, item, product)
    if refused is not None:
        return refused
    changes: list[str] = []
    after = item
    if command.low_stock_threshold not in (None, item.low_stock_threshold):
        assert command.low_stock_threshold is not None
        changes.append(
            f"lowStockThreshold {item.low_stock_threshold} → {command.low_stock_threshold}"
        )
        after = replace(after, low_stock_threshold=command.low_stock_threshold)
    if command.sold_out not in (None, item.sold_out):
        assert command.sold_out is not None
        changes.append(f"soldOut {_word(item.sold_out)} → {_word(command.sold_out)}")
        after = replace(after, sold_out=command.sold_out)
    if after != item:
        state.put(after)
    wanted = command.restock_date
    if product is not None and not isinstance(wanted, Unchanged) and wanted != product.restock_date:
        changes.append(f"restockDate {product.restock_date} → {wanted}")
        state.put(replace(product, restock_date=wanted, updated_at=state.now))
    if changes:
        text = "; ".join(changes)
        state.book_event(
            Kind.EDITED,
            command.sku,
            command.location,
            command,
            reason=f"{command.reason}: {text}" if command.reason else text,
        )
    return Accepted(stock_of(state, command.sku))


def _outdated(command: SetItem, item: Item, product: Product | None) -> Refused | None:
    """The refusal if a value differs from the one that the owner saw, or None."""
    present = {
        "lowStockThreshold": item.low_stock_threshold,
        "soldOut": item.sold_out,
        "restockDate": None if product is None else product.restock_date,
    }
    for name, seen in command.was:
        if present[name] != seen:
            return Refused(
                Code.STALE,
                f"{name} was {seen} when you saw it; it is now {present[name]}.",
                {"sku": item.sku, "field": name, "expected": seen, "present": present[name]},
            )
    return None


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _too_many(sku: str, quantity: int) -> Refused:
    return Refused(
        Code.OUT_OF_RANGE,
        f"{quantity} is above the maximum of {MAX_QUANTITY}.",
        {"sku": sku},
    )


def _book(state: State, command: Adjust | Count | Return, kind: Kind, change: int) -> Level:
    return state.book_movement(
        kind,
        command.sku,
        command.location,
        command,
        on_hand=change,
        reason=command.reason,
    )
