"""Facts that move no stock: turned-away demand, cursors of followers, runs of jobs."""

from collections.abc import Iterator
from datetime import date
from itertools import zip_longest

from fancymonkey.core.command import Command, Rules
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Cursor, TurnedAway
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.planning.daily_demand import count_turned_away, needs_turned_away
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTurnedAway(Command):
    """Adds to the demand that found no stock, per SKU and hour.

    `days` has the day of each row in the time zone `zone`; without days only the hours are written.
    """

    rows: tuple[TurnedAway, ...]
    zone: str = ""
    days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCursor(Command):
    """Stores what a follower has read to: a revision, or a time (ms). A cursor never moves back."""

    name: str
    revision: int = 0
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult(Command):
    """Stores texts under the command's id: a repetition gets the first texts again."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRun(Command):
    """Stores the result of a job's run. A second record of the same run replaces the first."""

    run: JobRun


Record = RecordTurnedAway | MoveCursor | StoreResult | RecordRun


def needs_record(command: Record, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    if isinstance(command, MoveCursor):
        yield Cursor, command.name
    elif isinstance(command, RecordRun):
        yield JobRun, command.run.key
    elif isinstance(command, RecordTurnedAway):
        for row in command.rows:
            yield TurnedAway, row.key
        for row, day in zip(command.rows, command.days, strict=False):
            yield from needs_turned_away(row, day)


def record_turned_away(state: State, command: RecordTurnedAway) -> Answer:
    """Applies a `RecordTurnedAway`."""
    for row, day in zip_longest(command.rows, command.days):
        old = state.get(TurnedAway, row.key) or TurnedAway(row.sku, row.hour, 0, 0)
        new = TurnedAway(
            row.sku,
            row.hour,
            old.requests + row.requests,
            old.units + row.units,
            old.counted,
            old.generation,
        )
        new = new if day is None else count_turned_away(state, new, command.zone, day)
        if new != old:
            state.put(new)
    return Accepted(None)


def move_cursor(state: State, command: MoveCursor) -> Answer:
    """Applies a `MoveCursor`."""
    old = state.get(Cursor, command.name) or Cursor(command.name, 0)
    revision = max(old.revision, command.revision)
    at = old.at if command.at is None else max(old.at or 0, command.at)
    new = Cursor(command.name, revision, at, old.zone, old.generation)
    if new != old:
        state.put(new)
    return Accepted(None)


def store_result(state: State, command: StoreResult) -> Answer:
    """Applies a `StoreResult`; the command's id does the rest."""
    return Accepted(list(command.texts))


def record_run(state: State, command: RecordRun) -> Answer:
    """Applies a `RecordRun`."""
    state.put(command.run)
    return Accepted(None)


RULES: Rules = {
    RecordTurnedAway: (needs_record, record_turned_away),
    MoveCursor: (needs_record, move_cursor),
    StoreResult: (needs_record, store_result),
    RecordRun: (needs_record, record_run),
}
