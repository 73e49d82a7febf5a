"""Commands, answers and commits as bytes between two servers of the same version."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from itertools import groupby, repeat
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from fancymonkey import __version__
from fancymonkey.core.answers import stored
from fancymonkey.core.command import Command
from fancymonkey.core.execute import RULES, RecordEvent, restored
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.ledger import MORE_THAN_STOCK
from fancymonkey.core.model import Entry, Item, Level, Product
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
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


PROTOCOL = 6
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


_product, _item = TABLES[Product], TABLES[Item]
_PARTS = msgspec.msgpack.Decoder(tuple[msgspec.Raw, msgspec.Raw, msgspec.Raw])

T = TypeVar("T")


class _Columns(Generic[T]):
    """Rows of one class as a list of values for each field; a list of one counts for all rows."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        hints = get_type_hints(kind)
        self._values = attrgetter(*names)
        columns: Any = tuple[tuple(list[hints[name]] for name in names)]  # type: ignore[misc,valid-type]
        self._decode = msgspec.msgpack.Decoder(columns).decode

    def of(self, rows: Collection[T]) -> list[Sequence[Any]]:
        """The columns of these rows; none of no row."""
        if len(rows) == 1:  # a single client waits for this commit
            return [[value] for value in self._values(*rows)]
        return [
            column[:1]
            if column[0] == column[-1] and column.count(column[0]) == len(rows)
            else column
            for column in zip(*map(self._values, rows), strict=True)
        ]

    def rows(self, data: msgspec.Raw, count: int) -> list[T]:
        """The rows, `count` in all. Raises msgspec.DecodeError, ValueError."""
        if not count and bytes(data) == _NO_COLUMNS:
            return []
        columns = self._decode(data)
        if not {1, count}.issuperset(map(len, columns)):
            raise ValueError("columns of different lengths")
        if count == 1:
            return [self._kind(*[value for (value,) in columns])]
        each = [repeat(column[0], count) if len(column) == 1 else column for column in columns]
        return list(map(self._kind, *each))


_NO_COLUMNS = _pack([])
_entries, _levels = _Columns(Entry), _Columns(Level)


def sends_levels(commit: Commit) -> bool:
    """Whether its levels are sent: all entries are of one server, and only changed stock and
    holds.
    """
    own = commit.own == len(commit.entries)
    return own and not any(map(_changes_more, commit.entries))


def pack_commit(commit: Commit) -> bytes:
    """The entries of a commit, with the rows that a view needs to show them, as bytes."""
    levels = commit.changed.get(Level, {}).values() if sends_levels(commit) else ()
    rows = (
        list(map(_product.values, commit.products)),
        list(map(_item.values, commit.items)),
        len(commit.entries),
        len(levels),
    )
    return _pack((_entries.of(commit.entries), _levels.of(levels), rows))


def _changes_more(entry: Entry) -> bool:
    return entry.kind in MORE_THAN_STOCK


def unpack_commit(data: bytes | msgspec.Raw) -> Commit:
    """The commit of another server, without its answers; its entries are `own` with levels.

    Raises msgspec.DecodeError, ValueError, TypeError for other bytes.
    """
    packed_entries, packed_levels, body = _PARTS.decode(data)
    products, items, entry_count, level_count = _unpack(body)
    entries = _entries.rows(packed_entries, entry_count)
    levels = _levels.rows(packed_levels, level_count)
    return Commit(
        [],
        entries,
        entries[-1].revision if entries else 0,
        list(map(_product.row, products)),
        list(map(_item.row, items)),
        len(entries) if levels else 0,
        {Level: {(row.sku, row.location): row for row in levels}} if levels else {},
    )
