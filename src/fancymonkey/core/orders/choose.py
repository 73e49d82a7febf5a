"""Which units of an order a request means, and the refusals of requests that mean too many."""

from collections.abc import Callable, Container, Iterator
from typing import Protocol

from fancymonkey.core.command import needs_item
from fancymonkey.core.locations.locations import Location, first_location
from fancymonkey.core.locations.lookup import unknown_location
from fancymonkey.core.model import Line, Reservation
from fancymonkey.core.orders.returns import needs_returns
from fancymonkey.core.orders.rows import Order, OrderUnits
from fancymonkey.core.orders.units import exploded
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.payments.issues import needs_issues
from fancymonkey.core.payments.rows import IssueKind
from fancymonkey.core.plural import units_are
from fancymonkey.core.state import Key, State

Chosen = list[tuple[OrderUnits, int]]
"""Rows of units, each with the number of units that is meant."""


WAITING_FOR_UNITS = ("shipped", "moved")
"""Changes that need the units: units that have not arrived yet can only be cancelled."""


class OrderCommand(Protocol):
    """A command about an order.

    `lines` are units by SKU, or bundles, which mean their parts. Without lines it applies to all
    possible units. Refused as `unknown_order`, and as `too_many_units` if the order has too few.
    """

    @property
    def order_id(self) -> str:
        """The id of the order, which is that of its hold."""
        ...

    @property
    def lines(self) -> tuple[Line, ...]:
        """The units that are meant."""
        ...


def needs_order(command: OrderCommand, state: State, *locations: str | None) -> Iterator[Key]:
    """The rows that the commands of an order read, also at these further locations."""
    yield Order, command.order_id
    yield Reservation, command.order_id
    yield from needs_issues(command.order_id, IssueKind.REFUNDED)
    others = [location for location in locations if location is not None]
    for location in others:
        yield Location, location
    order = state.get(Order, command.order_id)
    for units in () if order is None else order.units:
        yield Location, units.location
        yield from needs_item(*units.key)
        yield from needs_returns(units.sku, units.location, state)
        for location in others:
            yield from needs_returns(units.sku, location, state)


def order_of(state: State, command: OrderCommand) -> Order | Refused:
    """The order of a command, or the refusal of an unknown one."""
    order = state.get(Order, command.order_id)
    return order or Refused(Code.UNKNOWN_ORDER, "This order does not exist.")


def choose(
    order: Order,
    lines: tuple[Line, ...],
    count_of: Callable[[OrderUnits], int],
    prefer: str | None,
    verb: str,
) -> Chosen | Refused:
    """The units that these lines mean, those at the preferred location first.

    `count_of` returns how many units of a row can be meant. `verb` completes the refusal.
    """
    rows = sorted(order.units, key=lambda units: units.location != prefer)
    if not lines:
        chosen = [(units, count_of(units)) for units in rows if count_of(units)]
        message = f"No unit of this order can be {verb}.{_about_backorders(order, None, verb)}"
        return chosen or Refused(Code.TOO_MANY_UNITS, message, {"available": 0})
    chosen, short = [], []
    counts: dict[str, int] = {}
    for units in rows:
        counts[units.sku] = counts.get(units.sku, 0) + max(0, count_of(units))
    for sku, wanted in exploded(order, lines, counts).items():
        missing = wanted
        for units in rows:
            count = min(missing, count_of(units)) if units.sku == sku else 0
            if count > 0:
                chosen.append((units, count))
                missing -= count
        if missing or wanted < 1:
            short.append({"sku": sku, "requested": wanted, "available": wanted - missing})
    if short:
        skus = {row["sku"] for row in short}
        why = _about_backorders(order, skus, verb)
        message = f"The order has fewer units that can be {verb}.{why}"
        return Refused(Code.TOO_MANY_UNITS, message, short)
    return chosen


def _about_backorders(order: Order, skus: Container[object] | None, verb: str) -> str:
    """A sentence about units that are not there yet, where these are in the way of the request."""
    waiting = sum(row.backordered for row in order.units if skus is None or row.sku in skus)
    if not waiting or verb not in WAITING_FOR_UNITS:
        return ""
    return f" {units_are(waiting)} backordered and can be {verb} after arrival."


def known_location(state: State, location_id: str) -> Location | Refused:
    """A location by its id, or the refusal of an unknown one."""
    row = state.get(Location, location_id)
    first = first_location()
    if row is None and location_id != first.key:
        return unknown_location(location_id)
    return row or first
