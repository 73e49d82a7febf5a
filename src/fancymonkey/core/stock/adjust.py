"""What the owner says about the shelf: Adjust, Count, Return, SetReserved, SetItem."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fancymonkey.core.command import Command, needs_item, needs_lines
from fancymonkey.core.holds.give_back import give_back
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import (
    MAIN,
    MANUAL,
    MAX_QUANTITY,
    Item,
    Kind,
    Level,
    Line,
    Product,
    Reservation,
    SessionLink,
    Status,
)
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.pending import needs_pending, payment_pending, refuse_pending
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.backorders import fill_backorders, strike_backorders


class Unchanged:
    """Marks a field that a command leaves alone, where None is a value of its own."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust(Command):
    """Adds `delta` units to what is on hand (fewer where negative), with a reason.

    `kind` RECEIVED marks a receipt of goods. Units that come in fill backorders first.
    """

    sku: str
    delta: int
    location: str = MAIN
    kind: Kind = Kind.ADJUSTED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Command):
    """Says how many units are on hand. With `expected` it is refused where that is out of date.

    A count below what is promised ends no hold: the difference is `short`.
    """

    sku: str
    quantity: int
    expected: int | None = None
    location: str = MAIN
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Command):
    """Units of a sale come back after a refund, with a reason.

    `undelivered` says that they never left because they were backordered: that many backorders
    are struck off and nothing comes on hand.
    """

    sku: str
    quantity: int
    reason: str
    undelivered: bool = False
    location: str = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReserved(Command):
    """Makes `reserved` this number, by ending holds or by adding one of the owner's own.

    Holds end whole, the one that would end first in front; where that frees more than asked, a
    hold without a deadline keeps the rest. Its id is `manual/<sku>/<revision>`.
    """

    sku: str
    quantity: int
    location: str = MAIN
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetItem(Command):
    """Changes what is not a quantity: threshold, sold out, the product's restock date.

    `was` has what the owner saw, by the names of the wire; where it is no longer so, it is refused.
    """

    sku: str
    low_stock_threshold: int | None = None
    sold_out: bool | None = None
    restock_date: str | Unchanged | None = UNCHANGED
    was: tuple[tuple[str, Any], ...] = ()
    reason: str = ""


ItemCommand = Adjust | Count | Return | SetReserved | SetItem


def needs_adjust(command: ItemCommand, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield from needs_item(command.sku, MAIN)  # what answers show
    if not isinstance(command, SetItem):
        yield Level, (command.sku, command.location)
    item = state.get(Item, command.sku)
    if item is not None:
        yield Product, item.product_id
    if isinstance(command, SetReserved):
        for hold in state.holds_of(command.sku):
            yield from needs_lines(hold)
            yield needs_pending(hold)


def _unknown(state: State, sku: str) -> Refused | None:
    item = state.get(Item, sku)
    if item is None or item.archived:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", [{"sku": sku}])
    return None


def adjust(state: State, command: Adjust) -> Answer:
    """Applies an `Adjust`."""
    refused = _unknown(state, command.sku)
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
    refused = _unknown(state, command.sku)
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
    refused = _unknown(state, command.sku)
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
            f"Only {level.backordered} are backordered.",
            {"sku": command.sku, "backordered": level.backordered},
        )
    else:
        line = Line(command.sku, command.quantity, command.location)
        strike_backorders(state, line, command, command.reason)
    return Accepted(stock_of(state, command.sku))


def set_reserved(state: State, command: SetReserved) -> Answer:
    """Applies a `SetReserved`."""
    refused = _unknown(state, command.sku)
    if refused is not None:
        return refused
    if command.quantity < 0:
        return Refused(
            Code.BELOW_ZERO, "Reserved units cannot be below zero.", {"sku": command.sku}
        )
    ended = []
    with state.savepoint() as savepoint:
        for hold in state.holds_of(command.sku):
            if state.level(command.sku, command.location).reserved <= command.quantity:
                break
            if payment_pending(state, hold):  # only the owner's release of this very hold ends it
                continue
            give_back(state, hold, Status.RELEASED, command, command.reason or "ended by the owner")
            ended.append({"reservationId": hold.reservation_id, "sessionId": hold.session_id})
        level = state.level(command.sku, command.location)
        rest = command.quantity - level.reserved
        if rest < 0:
            savepoint.undo()
            return refuse_pending()
        if rest > max(0, level.available):
            savepoint.undo()
            return Refused(
                Code.INSUFFICIENT_STOCK,
                "Not enough units are available to hold that many.",
                [{"sku": command.sku, "requested": rest, "available": max(0, level.available)}],
            )
        if rest > 0:
            _hold_for_owner(state, command, rest)
    return Accepted({**stock_of(state, command.sku), "ended": ended})


def _hold_for_owner(state: State, command: SetReserved, quantity: int) -> None:
    """Sets units aside without a deadline."""
    name = f"{MANUAL}{command.sku}/{state.revision + 1}"
    line = Line(command.sku, quantity, command.location)
    hold = Reservation(name, name, Status.HELD, (line,), state.now, None)
    state.put(hold)
    state.put(SessionLink(name, name))
    state.book_movement(
        Kind.RESERVED,
        command.sku,
        command.location,
        reserved=quantity,
        reservation=hold,
        actor=command.actor,
        reason=command.reason or "set by the owner",
        cause=command.cause,
    )


def set_item(state: State, command: SetItem) -> Answer:
    """Applies a `SetItem`."""
    refused = _unknown(state, command.sku)
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
            actor=command.actor,
            reason=f"{command.reason}: {text}" if command.reason else text,
            cause=command.cause,
        )
    return Accepted(stock_of(state, command.sku))


def _outdated(command: SetItem, item: Item, product: Product | None) -> Refused | None:
    """The refusal where something is not as the owner saw it."""
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
        on_hand=change,
        actor=command.actor,
        reason=command.reason,
        cause=command.cause,
    )


def stock_of(state: State, sku: str) -> dict[str, Any]:
    """How a SKU stands, as answers show it."""
    item, level = state.get(Item, sku), state.level(sku)
    assert item is not None
    return {
        "sku": sku,
        "onHand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "backordered": level.backordered,
        "short": level.short,
        "lowStockThreshold": item.low_stock_threshold,
        "soldOut": item.sold_out,
        "revision": state.revision,
    }
