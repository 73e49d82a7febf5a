"""Ships units of an order, and moves them to the location from which they leave."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Kind, Line, Reservation
from fancymonkey.core.orders.choose import (
    Chosen,
    choose,
    known_location,
    needs_order,
    order_of,
)
from fancymonkey.core.orders.open import answer_of, with_locations
from fancymonkey.core.orders.rows import Order, ShippedUnits
from fancymonkey.core.orders.units import in_words, record_step, units_at, with_units
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.backorders import fill_backorders


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipOrder(Command):
    """Records that units have left, with carrier and tracking number of their parcel.

    With a `location` they leave from there: units that the order has elsewhere move first, in the
    same transaction. Without lines it means the units at that location, or all of them if there
    are none. Units of one location are one shipment. On hand falls now if the order is
    `on_shipment`.
    With `only_there` it means no units that the order has elsewhere.
    """

    order_id: str
    lines: tuple[Line, ...] = ()
    location: str | None
    only_there: bool = False
    carrier: str = ""
    tracking_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOrderAllocation(Command):
    """Moves units of an order, before they leave, to the location `to`, which must have them.

    The location that had them gets its units back, in the same transaction. `location` limits
    it to the units there.
    """

    order_id: str
    lines: tuple[Line, ...] = ()
    location: str | None
    to: str
    reason: str = ""


def needs_ship(command: ShipOrder | MoveOrderAllocation, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    to = command.to if isinstance(command, MoveOrderAllocation) else None
    yield from needs_order(command, state, command.location, to)


def ship_order(state: State, command: ShipOrder) -> Answer:
    """Applies a `ShipOrder`."""
    order = order_of(state, command)
    if isinstance(order, Refused):
        return order
    at = command.location
    location = None if at is None else known_location(state, at)
    if isinstance(location, Refused):
        return location
    chosen = choose(
        order,
        command.lines,
        lambda units: 0 if command.only_there and units.location != at else units.ready,
        at,
        "shipped",
    )
    if isinstance(chosen, Refused):
        return chosen
    if at is not None and not command.lines:
        chosen = [pair for pair in chosen if pair[0].location == at] or chosen
    if at is not None:
        elsewhere = [pair for pair in chosen if pair[0].location != at]
        refused = _missing_at(state, elsewhere, at)
        if refused is not None:
            return refused
        order = _move(state, order, elsewhere, at, command, "")
        counts: dict[str, int] = {}
        for units, count in chosen:
            counts[units.sku] = counts.get(units.sku, 0) + count
        chosen = [(units_at(order, (sku, at)), count) for sku, count in counts.items()]
    if order.on_shipment:
        refused = _not_on_hand(state, chosen)
        if refused is not None:
            return refused
    return answer_of(_ship(state, order, chosen, command), state)


def move_order(state: State, command: MoveOrderAllocation) -> Answer:
    """Applies a `MoveOrderAllocation`."""
    order = order_of(state, command)
    if isinstance(order, Refused):
        return order
    location = known_location(state, command.to)
    if isinstance(location, Refused):
        return location
    source = command.location
    chosen = choose(
        order,
        command.lines,
        lambda units: (
            0
            if units.location == command.to or source not in (None, units.location)
            else units.ready
        ),
        source,
        "moved",
    )
    if isinstance(chosen, Refused):
        return chosen
    refused = _missing_at(state, chosen, command.to)
    if refused is not None:
        return refused
    order = _move(state, order, chosen, command.to, command, command.reason)
    return answer_of(order, state)


def _missing_at(state: State, chosen: Chosen, location: str) -> Refused | None:
    """The refusal if a location has too few free units for these; None if it has enough."""
    wanted: dict[str, int] = {}
    for units, count in chosen:
        wanted[units.sku] = wanted.get(units.sku, 0) + count
    free = {sku: max(0, state.level(sku, location).available) for sku in wanted}
    short = [
        {"sku": sku, "requested": count, "available": free[sku]}
        for sku, count in wanted.items()
        if count > free[sku]
    ]
    if not short:
        return None
    return Refused(Code.INSUFFICIENT_STOCK, f"Too few units are free at {location}.", short)


def _not_on_hand(state: State, chosen: Chosen) -> Refused | None:
    """The refusal if a count has found fewer units than are to leave, or None."""
    short = [
        {"sku": units.sku, "requested": count, "available": state.level(*units.key).on_hand}
        for units, count in chosen
        if count > state.level(*units.key).on_hand
    ]
    return Refused(Code.INSUFFICIENT_STOCK, "Too few units are on hand.", short) if short else None


def _move(
    state: State, order: Order, chosen: Chosen, to: str, command: Command, reason: str
) -> Order:
    """Moves units to a location that has enough: two entries for each SKU."""
    if not chosen:
        return order
    hold = state.get(Reservation, order.order_id)
    for units, count in chosen:
        words = reason or f"order {order.number}"
        if order.on_shipment:
            state.book_movement(
                Kind.MOVED,
                *units.key,
                command,
                allocated=-count,
                reservation=hold,
                reason=words,
            )
            state.book_movement(
                Kind.MOVED, units.sku, to, command, allocated=count, reservation=hold, reason=words
            )
        else:
            state.book_movement(
                Kind.MOVED, units.sku, to, command, on_hand=-count, reservation=hold, reason=words
            )
            state.book_movement(
                Kind.MOVED, *units.key, command, on_hand=count, reservation=hold, reason=words
            )
        source = units_at(order, units.key)
        order = with_units(order, replace(source, quantity=source.quantity - count))
        target = units_at(order, (units.sku, to))
        order = with_units(order, replace(target, quantity=target.quantity + count))
    words = in_words((units.sku, f"from {units.location}", count) for units, count in chosen)
    order = with_locations(state, order)
    note = f"{words} to {to}" + (f": {reason}" if reason else "")
    order = record_step(state, order, "moved", note, command)
    for units, _ in chosen:
        fill_backorders(state, *units.key, command)
    return state.get(Order, order.order_id) or order


def _ship(state: State, order: Order, chosen: Chosen, command: ShipOrder) -> Order:
    """Books that these units leave: for each location one shipment."""
    numbers: dict[str, int] = {}
    latest = max((row.shipment for row in order.shipments), default=0)
    shipments = list(order.shipments)
    hold = state.get(Reservation, order.order_id)
    words = f"order {order.number}"
    for units, count in chosen:
        if order.on_shipment:
            state.book_movement(
                Kind.SHIPPED,
                *units.key,
                command,
                on_hand=-count,
                allocated=-count,
                reservation=hold,
                reason=words,
            )
        else:
            state.book_event(Kind.SHIPPED, *units.key, command, reservation=hold, reason=words)
        number = numbers.setdefault(units.location, latest + len(numbers) + 1)
        shipments.append(
            ShippedUnits(
                number,
                state.now,
                units.sku,
                units.location,
                count,
                command.carrier,
                command.tracking_number,
            )
        )
        row = units_at(order, units.key)
        order = with_units(order, replace(row, shipped=row.shipped + count))
    left = in_words((units.sku, f"from {units.location}", count) for units, count in chosen)
    order = replace(order, shipments=tuple(shipments))
    return record_step(state, order, "shipped", left, command)
