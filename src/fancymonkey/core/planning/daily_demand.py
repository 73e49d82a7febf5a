"""Demand per size, location and local day: sums of the ledger that one follower maintains.

The cursor and the sums are written in one transaction, so each entry counts once. A restart gives
the cursor the next generation: rows of earlier generations no longer count, and are replaced.
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Cursor, Entry, Kind, Row, TurnedAway, split_sku
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State

CURSOR = "daily-demand"
"""The name of the follower's cursor."""

NO_LOCATION = ""
"""The location of demand that found no stock at any location."""


@dataclass(frozen=True, slots=True)
class DailyDemand(Row):
    """The demand for a size at a location on one day of the shop's time zone, in units.

    Backordered units are sold on the day of the payment. Units turned away have a row of
    their own, at NO_LOCATION. Rows of another generation than the cursor's do not count.
    """

    TABLE: ClassVar[str] = "daily_demand"
    KEY: ClassVar[tuple[str, ...]] = ("product_id", "size", "location", "day")

    product_id: str
    size: str
    location: str
    day: date
    sold: int = 0
    returned: int = 0
    turned_away: int = 0
    generation: int = 0

    @property
    def key(self) -> tuple[str, str, str, date]:
        return (self.product_id, self.size, self.location, self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDemand(Command):
    """Adds the demand of the entries after one revision, up to another, and moves the cursor.

    Refused as `stale` if the cursor has another generation or revision.
    """

    generation: int
    after: int
    revision: int
    rows: tuple[DailyDemand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartDemand(Command):
    """Begins a new generation at the start of the ledger, with the days of a time zone.

    Refused as `stale` if the cursor has another generation than the expected one (0: none).
    """

    generation: int
    zone: str


def units_sold(entry: Entry) -> tuple[int, int]:
    """The units that an entry sells, and the units that it returns after a refund."""
    if entry.kind in (Kind.CAPTURED, Kind.SOLD):
        # Backordered units count when they are paid, not when they are delivered.
        return entry.backordered - entry.on_hand, 0
    if entry.kind is Kind.ALLOCATED:
        return entry.allocated + entry.backordered, 0
    if entry.kind is Kind.RETURNED:
        return 0, entry.on_hand - entry.backordered
    if entry.kind is Kind.RELEASED:  # of an order: its units were sold before
        return 0, -entry.allocated
    return 0, 0


def needs_demand(command: AddDemand | RestartDemand, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield Cursor, CURSOR
    if isinstance(command, AddDemand):
        for row in command.rows:
            yield DailyDemand, row.key


def add_demand(state: State, command: AddDemand) -> Answer:
    """Applies an `AddDemand`."""
    cursor = state.get(Cursor, CURSOR)
    if cursor is None or (cursor.generation, cursor.revision) != (
        command.generation,
        command.after,
    ):
        return _stale(cursor)
    for row in command.rows:
        _add(state, cursor, row)
    state.put(Cursor(CURSOR, command.revision, None, cursor.zone, cursor.generation))
    return Accepted(None)


def restart_demand(state: State, command: RestartDemand) -> Answer:
    """Applies a `RestartDemand`."""
    cursor = state.get(Cursor, CURSOR)
    generation = 0 if cursor is None else cursor.generation
    if generation != command.generation:
        return _stale(cursor)
    state.put(Cursor(CURSOR, 0, None, command.zone, generation + 1))
    return Accepted(None)


def needs_turned_away(row: TurnedAway, day: date) -> Iterator[Key]:
    """The rows that `count_turned_away` reads."""
    yield Cursor, CURSOR
    product_id, size = split_sku(row.sku)
    yield DailyDemand, (product_id, size, NO_LOCATION, day)


def count_turned_away(state: State, row: TurnedAway, zone: str, day: date) -> TurnedAway:
    """Counts the units of a row that this generation has not counted; returns the row so marked.

    Nothing is counted where the cursor has the days of another time zone: the follower does it.
    """
    cursor = state.get(Cursor, CURSOR)
    if cursor is None or cursor.zone != zone:
        return row
    counted = row.counted if row.generation == cursor.generation else 0
    if row.units > counted:
        product_id, size = split_sku(row.sku)
        units = row.units - counted
        _add(state, cursor, DailyDemand(product_id, size, NO_LOCATION, day, turned_away=units))
    return TurnedAway(row.sku, row.hour, row.requests, row.units, row.units, cursor.generation)


def _add(state: State, cursor: Cursor, row: DailyDemand) -> None:
    old = state.get(DailyDemand, row.key)
    if old is None or old.generation != cursor.generation:
        old = DailyDemand(*row.key)
    state.put(
        DailyDemand(
            *row.key,
            old.sold + row.sold,
            old.returned + row.returned,
            old.turned_away + row.turned_away,
            cursor.generation,
        )
    )


def _stale(cursor: Cursor | None) -> Refused:
    place = "no position" if cursor is None else f"{cursor.generation}/{cursor.revision}"
    return Refused(Code.STALE, f"Another process follows the ledger: it is at {place}.")
