"""Commands, answers and commits as bytes between two servers of the same version."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import groupby, starmap
from operator import attrgetter
from typing import Any, get_args, get_type_hints

import msgspec

from fancymonkey import __version__
from fancymonkey.core.answers import stored
from fancymonkey.core.command import Command
from fancymonkey.core.execute import RULES, RecordEvent, restored
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.ledger import MORE_THAN_STOCK
from fancymonkey.core.model import Entry, Item, Level, Product
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Rows
from fancymonkey.errors import DataError, Overloaded, StoreUnavailable
from fancymonkey.store.contract import Commit
from fancymonkey.store.sql.columns import ENTRIES, TABLES

Failed = StoreUnavailable | Overloaded | DataError
"""An error that a decider reports in place of an answer."""

_ERRORS: dict[str, type[Failed]] = {
    "unavailable": StoreUnavailable,
    "overloaded": Overloaded,
    "data": DataError,
}
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.decode


def _has_any(hint: Any) -> bool:
    """Whether values of the type may change on their way: a tuple would arrive as a list."""
    if hint is Any or hint is object or (isinstance(hint, type) and issubclass(hint, Command)):
        return True
    return any(map(_has_any, get_args(hint)))


def _plain(kind: type[Command]) -> bool:
    """Whether every field of the command arrives exactly as it was sent."""
    if any(map(_has_any, get_type_hints(kind).values())):
        return False
    try:
        msgspec.msgpack.Decoder(kind)
    except TypeError:  # a union whose members look alike
        return False
    return True


PLAIN = sorted(filter(_plain, RULES), key=lambda kind: kind.__name__)
"""The commands that can be sent. Others are decided by the server that has them."""

_NUMBERS: dict[type[Command], int] = {kind: number for number, kind in enumerate(PLAIN)}
_EVENT = len(PLAIN)
_decoders: list[Any] = [msgspec.msgpack.Decoder(list[kind]).decode for kind in PLAIN]  # type: ignore[valid-type]


PROTOCOL = 5
"""The number of the form of the messages between two servers."""


def fingerprint() -> str:
    """A text that two servers share if they understand each other's commands and commits."""
    digest = hashlib.sha256(f"{__version__} {PROTOCOL}".encode())
    for kind in (*PLAIN, RecordEvent, Product, Item, Level, Reserved):
        digest.update(f"{kind.__name__} {sorted(get_type_hints(kind).items())}\n".encode())
    digest.update(repr(ENTRIES.columns).encode())
    return digest.hexdigest()


def sendable(command: Command) -> bool:
    """Whether the command can be sent."""
    if type(command) in _NUMBERS:
        return True
    return isinstance(command, RecordEvent) and (
        command.effect is None or type(command.effect) in _NUMBERS
    )


def pack_commands(commands: Sequence[Command]) -> bytes:
    """Commands as bytes: runs of commands of one kind. All must be `sendable`."""
    runs: list[tuple[int, Any]] = []
    for kind, run in groupby(commands, type):
        if kind is RecordEvent:
            runs.append((_EVENT, [_event_values(event) for event in run]))  # type: ignore[arg-type]
        else:
            runs.append((_NUMBERS[kind], list(run)))
    return _pack(runs)


_RUNS = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])
_EVENTS = msgspec.msgpack.Decoder(list[tuple[dict[str, Any], int, msgspec.Raw]])


def unpack_commands(data: bytes | msgspec.Raw) -> list[Command]:
    """The commands. Raises msgspec.DecodeError, ValueError, IndexError for other bytes."""
    commands: list[Command] = []
    for number, raw in _RUNS.decode(data):
        commands += _events(raw) if number == _EVENT else _decoders[number](raw)
    return commands


def _event_values(event: RecordEvent) -> tuple[dict[str, Any], int, list[Command]]:
    values = {
        name: getattr(event, name) for name in get_type_hints(RecordEvent) if name != "effect"
    }
    if event.effect is None:
        return values, -1, []
    return values, _NUMBERS[type(event.effect)], [event.effect]


def _events(raw: msgspec.Raw) -> Iterator[Command]:
    for values, number, effects in _EVENTS.decode(raw):
        effect = None if number < 0 else _decoders[number](effects)[0]
        yield RecordEvent(effect=effect, **values)


def pack_answers(answers: Sequence[Answer | Exception]) -> bytes:
    """Answers as bytes, or errors in their place."""
    rows = [_answer_values(answer) for answer in answers]
    try:
        return _pack(rows)
    except (TypeError, ValueError, OverflowError):  # one is not JSON: the others must arrive
        return _pack([_checked(row) for row in rows])


def _checked(row: tuple[Any, ...]) -> tuple[Any, ...]:
    try:
        _pack(row)
    except (TypeError, ValueError, OverflowError):
        text = "The decider could not send its answer; the command may have run."
        return "unavailable", text, None, None
    return row


def _answer_values(answer: Answer | Exception) -> tuple[Any, ...]:
    if isinstance(answer, Accepted):
        data = answer.data
        if type(data) is Reserved:  # the most frequent answer by far
            return "reserved", data, answer.replayed, None
        return "", stored(data), answer.replayed, None
    if isinstance(answer, Refused):
        return "refused", answer.code.value, answer.message, answer.detail
    for name, kind in _ERRORS.items():
        if isinstance(answer, kind):
            return name, str(answer), None, None
    text = f"The decider could not run the command: {type(answer).__name__}"
    return "data", text, None, None


def unpack_answers(data: bytes | msgspec.Raw, commands: Sequence[Command]) -> list[Answer | Failed]:
    """The answers to these commands. Raises msgspec.DecodeError, ValueError, KeyError."""
    rows = zip(_ROWS.decode(data), commands, strict=True)
    return [_answer(command, *row) for row, command in rows]


_ROWS = msgspec.msgpack.Decoder(list[tuple[str, msgspec.Raw, Any, Any]])
_reserved = msgspec.msgpack.Decoder(Reserved).decode


def _answer(
    command: Command, kind: str, data: msgspec.Raw, more: Any, detail: Any
) -> Answer | Failed:
    if kind == "reserved":
        return Accepted(_reserved(data), more)
    value = _unpack(data)
    if not kind:
        return Accepted(restored(command, value), more)
    if kind == "refused":
        return Refused(Code(value), more, detail)
    return _ERRORS[kind](value)


_product, _item, _level = TABLES[Product], TABLES[Item], TABLES[Level]
_NAMES = tuple(field.name for field in fields(Entry))
_entry_values = attrgetter(*_NAMES)
_ENTRIES: Any = tuple[tuple(map(get_type_hints(Entry).__getitem__, _NAMES))]  # type: ignore[misc]
_entries = msgspec.msgpack.Decoder(list[_ENTRIES]).decode
_PARTS = msgspec.msgpack.Decoder(tuple[msgspec.Raw, msgspec.Raw])


def pack_commit(commit: Commit) -> bytes:
    """The entries of a commit, with the rows that a view needs to show them, as bytes.

    The levels are there if all entries are of one server, and only changed stock and holds.
    """
    levels: list[Any] = []
    if commit.own == len(commit.entries) and not any(map(_changes_more, commit.entries)):
        levels = list(map(_level.values, commit.changed.get(Level, {}).values()))
    rows = (
        list(map(_product.values, commit.products)),
        list(map(_item.values, commit.items)),
        levels,
    )
    return _pack((list(map(_entry_values, commit.entries)), rows))


def _changes_more(entry: Entry) -> bool:
    return entry.kind in MORE_THAN_STOCK


def unpack_commit(data: bytes | msgspec.Raw) -> Commit:
    """The commit of another server, without its answers; its entries are `own` with levels."""
    packed, body = _PARTS.decode(data)
    rows = list(starmap(Entry, _entries(packed)))
    products, items, levels = _unpack(body)
    changed: Rows = {}
    if levels:
        changed = {Level: {row.key: row for row in map(_level.row, levels)}}
    return Commit(
        [],
        rows,
        rows[-1].revision if rows else 0,
        list(map(_product.row, products)),
        list(map(_item.row, items)),
        len(rows) if levels else 0,
        changed,
    )
