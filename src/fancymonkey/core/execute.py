"""Runs commands: the function that every store calls, and the commands of commands."""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, starmap, zip_longest
from typing import Any

from fancymonkey.core import answers, records
from fancymonkey.core.bundles import rules as bundles
from fancymonkey.core.catalogue import rules as catalogue
from fancymonkey.core.changes import change_set
from fancymonkey.core.changes import rules as changes
from fancymonkey.core.command import AnswerReaders, Command, Rules, needs_allocations, needs_stock
from fancymonkey.core.documents import rules as documents
from fancymonkey.core.group_answers import (
    ChangeSetAnswer,
    EventAnswer,
    GroupAnswer,
    SkuChange,
)
from fancymonkey.core.holds import end, reserve
from fancymonkey.core.holds import rules as holds
from fancymonkey.core.holds.ended import EndedHold, ReservedSet
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.load import Load, missing
from fancymonkey.core.locations import rules as locations
from fancymonkey.core.model import Event, Item, Outcome, Reservation
from fancymonkey.core.orders import rules as orders
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments import early_events
from fancymonkey.core.payments import rules as payments
from fancymonkey.core.payments.answers import PAYMENT_NEWS, PaymentNews, outcome_of
from fancymonkey.core.planning import rules as planning
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock import rules as stock
from fancymonkey.core.stock.answers import stock_of
from fancymonkey.core.transfers import rules as transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuCommands(Command):
    """Commands about one SKU that all succeed or leave no trace.

    The answer is a `SkuChange`, or the first refusal.
    """

    sku: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGroup(Command):
    """Commands that each succeed or fail on their own, answered together as a list of rows.

    The answer is a `GroupAnswer`. With `all_or_nothing` one refusal leaves no trace of all, and is
    the answer; its detail is the `GroupAnswer`.
    """

    commands: tuple[Command, ...]
    all_or_nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun(Command):
    """Returns the answer that a command would get now, and leaves no trace."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent(Command):
    """Stores a verified message of the payment provider and applies its effect once.

    The same `event_id` again changes nothing and gets the first outcome. An event with the outcome
    `unknown_session` is tried again: its hold may be known by then. A report about a payment that
    is not known yet is applied when that payment arrives.
    """

    event_id: str
    type: str
    object_id: str
    effect: Command | None = None


def needs(command: Command, state: State) -> Iterable[Key]:
    """The rows that a command reads, as far as loaded rows show them. Ask again after a load."""
    keys = RULES[type(command)][0](command, state)
    if command.command_id is None:
        return keys
    ids = (command.command_id, command.former_id)
    return chain([(Outcome, id_) for id_ in ids if id_ is not None], keys)


def _needs_parts(command: SkuCommands | CommandGroup, state: State) -> Iterator[Key]:
    if isinstance(command, SkuCommands):
        yield from needs_stock(command.sku)
    for part in command.commands:
        yield from needs(part, state)


def _needs_event(command: RecordEvent, state: State) -> Iterator[Key]:
    yield Event, command.event_id
    yield from early_events.needs_remember(command.effect)
    if command.effect is not None:
        yield from needs(command.effect, state)


def run_one(state: State, command: Command) -> Answer:
    """Runs one command, or returns the first answer again if its id is known."""
    if command.command_id is None:
        return RULES[type(command)][1](state, command)
    stored = state.get(Outcome, command.command_id) or _former(state, command)
    if stored is not None:
        if stored.digest != command.digest:
            return Refused(
                Code.IDEMPOTENCY_CONFLICT,
                "This Idempotency-Key was used for a different request. Use a new one.",
            )
        return Accepted(restored(command, json.loads(stored.answer)), replayed=True)
    revision = state.revision
    answer = RULES[type(command)][1](state, command)
    unchanged = state.revision == revision
    if isinstance(answer, Accepted) and not (unchanged and _may_run_again(command, answer)):
        text = json.dumps(answers.stored(answer.data), ensure_ascii=False, separators=(",", ":"))
        state.put(Outcome(command.command_id, command.digest, state.now, text))
        # Read back, so that the first answer and every repetition are exactly equal.
        answer = Accepted(restored(command, json.loads(text)))
    return answer


ANSWERS: AnswerReaders = {
    **holds.ANSWERS,
    **stock.ANSWERS,
    **catalogue.ANSWERS,
    **payments.ANSWERS,
    **changes.ANSWERS,
    **locations.ANSWERS,
    **bundles.ANSWERS,
    **transfers.ANSWERS,
    **orders.ANSWERS,
    SkuCommands: SkuChange.restored,
}
"""The readers of stored answers; answers of other commands stay JSON."""


def restored(command: Command, value: Any) -> Any:
    """The data of a stored answer; JSON if it answered another command, as a row of an import."""
    try:
        if isinstance(command, change_set.ChangeSet):
            return ChangeSetAnswer(restored(command.command, value), value["act"])
        if isinstance(command, CommandGroup):
            if "rows" not in value:  # its last command was run alone under this id
                return restored(command.commands[-1], value)
            pairs = zip_longest(value["rows"], command.commands[: len(value["rows"])])
            return GroupAnswer(tuple(starmap(_restored_row, pairs)), value["revision"])
        if isinstance(command, RecordEvent):
            effect = value["effect"]
            if effect is not None and command.effect is not None:
                effect = restored(command.effect, effect)
            return EventAnswer(value["outcome"], value["first"], effect)
        if isinstance(value, dict) and value.keys() == PAYMENT_NEWS:
            return PaymentNews(value["outcome"], value["unknown"])
        restore = ANSWERS.get(type(command))
        return value if restore is None else restore(value)
    except (KeyError, TypeError, IndexError):
        return value


def _restored_row(row: dict[str, Any], part: Command | None) -> Answer:
    if "refused" in row:
        return Refused(Code(row["refused"]), row["message"], row["detail"])
    data = row["accepted"]
    return Accepted(data if part is None else restored(part, data))


def _former(state: State, command: Command) -> Outcome | None:
    """The answer that an earlier version stored for the same request, or None.

    Those versions shared an id among all callers: another digest means another caller's request.
    """
    outcome = None if command.former_id is None else state.get(Outcome, command.former_id)
    return None if outcome is None or outcome.digest != command.digest else outcome


def _may_run_again(command: Command, answer: Accepted) -> bool:
    """Whether an answer without an entry is not stored, like a refusal.

    Buyers could fill the store with such answers. The answer to an owner's change that changed
    nothing is stored: a repetition after a sale would undo the sale.
    """
    data = answer.data
    if isinstance(command, CommandGroup | change_set.ChangeSet):
        group = data.answer if isinstance(data, ChangeSetAnswer) else data
        return isinstance(group, GroupAnswer) and group.all_refused
    return isinstance(command, reserve.Reserve | end.Release)


def _chain(state: State, command: SkuCommands) -> Answer:
    before = stock_of(state, command.sku) if state.get(Item, command.sku) else None
    ended: tuple[EndedHold, ...] = ()
    with state.savepoint() as savepoint:
        for part in command.commands:
            answer = run_one(state, part)
            if isinstance(answer, Refused):
                savepoint.undo()
                return answer
            if isinstance(answer.data, ReservedSet):
                ended += answer.data.ended
        if state.get(Item, command.sku) is None:
            savepoint.undo()
            return Refused(Code.UNKNOWN_ITEM, "No such product or size.", [{"sku": command.sku}])
    return Accepted(SkuChange(stock_of(state, command.sku), before, ended))


def _dry_run(state: State, command: DryRun) -> Answer:
    with state.savepoint() as savepoint:
        answer = run_one(state, command.command)
        savepoint.undo()
    return answer


def _many(state: State, command: CommandGroup) -> Answer:
    if not command.all_or_nothing:
        return Accepted(_rows(state, command))
    with state.savepoint() as savepoint:
        group = _rows(state, command)
        if (refused := group.refused) is not None:
            savepoint.undo()
            return replace(refused, detail=group)
    return Accepted(group)


def _rows(state: State, command: CommandGroup) -> GroupAnswer:
    return GroupAnswer(tuple([run_one(state, part) for part in command.commands]), state.revision)


def _needs_act(command: change_set.ChangeSet, state: State) -> Iterator[Key]:
    yield from change_set.needs_change_set(command.change_id, command.part)
    yield from needs(command.command, state)


def _act(state: State, command: change_set.ChangeSet) -> Answer:
    mark = len(state.entries)
    with state.savepoint() as savepoint:
        answer = run_one(state, command.command)
        before = savepoint.before()
    return change_set.store_change_set(state, command, answer, before, state.entries[mark:])


def _event(state: State, command: RecordEvent) -> Answer:
    seen = state.get(Event, command.event_id)
    before = None if seen is None else seen.outcome
    if before not in (None, Code.UNKNOWN_SESSION):
        return Accepted(EventAnswer(before, first=False))
    outcome = "ignored"
    data: Any = None
    if command.effect is not None:
        answer = run_one(state, command.effect)
        if isinstance(answer, Accepted):
            data = answer.data
            outcome = outcome_of(data)
            if isinstance(data, PaymentNews) and data.unknown:
                early_events.remember(state, command.effect)
        else:
            outcome = str(answer.code)
            if answer.code is Code.UNKNOWN_SESSION:
                early_events.remember(state, command.effect)
    if outcome != before:
        state.put(Event(command.event_id, command.type, command.object_id, state.now, outcome))
    return Accepted(EventAnswer(outcome, outcome != before, data))


RULES: Rules = {
    **holds.RULES,
    **stock.RULES,
    **catalogue.RULES,
    **records.RULES,
    **documents.RULES,
    **payments.RULES,
    **changes.RULES,
    **planning.RULES,
    **locations.RULES,
    **transfers.RULES,
    **bundles.RULES,
    **orders.RULES,
    change_set.ChangeSet: (_needs_act, _act),
    SkuCommands: (_needs_parts, _chain),
    CommandGroup: (_needs_parts, _many),
    DryRun: (lambda command, state: needs(command.command, state), _dry_run),
    RecordEvent: (_needs_event, _event),
}
"""Every command with its needs and its rule: those of the features, and commands of commands."""


def execute(state: State, commands: Sequence[Command], due: Sequence[Reservation]) -> list[Answer]:
    """Ends the holds that are due, then runs the commands in order, one answer each.

    `state` must hold every row that `loads` asked for.
    """
    end.expire_due(state, due)
    return [run_one(state, command) for command in commands]


def loads(
    commands: Sequence[Command], state: State
) -> Generator[Load, list[Reservation], list[Reservation]]:
    """Requests rows until all rows are loaded that the commands and the due holds read.

    The store answers each request with the holds that are due (for a `due_at`, else nothing),
    after it has put the rows, or None if there is no row, into `state.base`. Returns the due
    holds.
    """
    skus = {part.sku for part in flatten(commands) if isinstance(part, SetReserved)}
    first = missing(state.base, _all_keys(commands, state))
    due = yield Load.of(first, skus, state.now)
    for hold in due:
        state.base[Reservation].setdefault(hold.reservation_id, hold)
    if not due and not skus and all(state.base[kind].get(key) is None for kind, key in first):
        return due  # no row was found that could name another one
    while True:
        state.loaded()
        ending = chain.from_iterable(map(needs_allocations, due))
        wanted = missing(state.base, chain(ending, _all_keys(commands, state)))
        if not wanted:
            return due
        yield Load.of(wanted)


def _all_keys(commands: Sequence[Command], state: State) -> Iterable[Key]:
    return chain.from_iterable(needs(command, state) for command in commands)


def flatten(commands: Sequence[Command]) -> Iterator[Command]:
    """The commands and all their parts, at any depth."""
    for command in commands:
        yield command
        if isinstance(command, (SkuCommands, CommandGroup)):
            yield from flatten(command.commands)
        elif isinstance(command, DryRun | change_set.ChangeSet):
            yield from flatten((command.command,))
        elif isinstance(command, RecordEvent) and command.effect is not None:
            yield from flatten((command.effect,))
