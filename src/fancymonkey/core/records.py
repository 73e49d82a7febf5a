"""Facts that move no stock: turned-away demand, cursors of followers, runs of jobs."""

from collections.abc import Iterator

from fancymonkey.core.command import Command, Rules
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Cursor, TurnedAway
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTurnedAway(Command):
    """Adds to the demand that found no stock, per SKU and hour."""

    rows: tuple[TurnedAway, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCursor(Command):
    """Stores the last revision that a follower has read. A cursor never moves back."""

    name: str
    revision: int


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


def record_turned_away(state: State, command: RecordTurnedAway) -> Answer:
    """Applies a `RecordTurnedAway`."""
    for row in command.rows:
        old = state.get(TurnedAway, row.key)
        requests, units = (0, 0) if old is None else (old.requests, old.units)
        state.put(TurnedAway(row.sku, row.hour, requests + row.requests, units + row.units))
    return Accepted(None)


def move_cursor(state: State, command: MoveCursor) -> Answer:
    """Applies a `MoveCursor`."""
    old = state.get(Cursor, command.name)
    if old is None or old.revision < command.revision:
        state.put(Cursor(command.name, command.revision))
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
