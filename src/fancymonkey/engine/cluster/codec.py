"""Commands, answers and commits as bytes between two servers of the same version."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, get_args, get_type_hints

import msgspec

from fancymonkey import __version__
from fancymonkey.core.answers import stored
from fancymonkey.core.command import Command
from fancymonkey.core.execute import RULES, RecordEvent, restored
from fancymonkey.core.model import Item, Level, Product
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


PROTOCOL = 2
"""The number of the form of the messages between two servers."""


def fingerprint() -> str:
    """A text that two servers share if they understand each other's commands and commits."""
    digest = hashlib.sha256(f"{__version__} {PROTOCOL}".encode())
    for kind in (*PLAIN, RecordEvent, Product, Item, Level):
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
        return "unavailable", "The decider could not send its answer; the command may have run."
    return row


def _answer_values(answer: Answer | Exception) -> tuple[Any, ...]:
    if isinstance(answer, Accepted):
        return ("", stored(answer.data), answer.replayed)
    if isinstance(answer, Refused):
        return ("refused", answer.code.value, answer.message, answer.detail)
    for name, kind in _ERRORS.items():
        if isinstance(answer, kind):
            return name, str(answer)
    return "data", f"The decider could not run the command: {type(answer).__name__}"


def unpack_answers(data: bytes | msgspec.Raw, commands: Sequence[Command]) -> list[Answer | Failed]:
    """The answers to these commands. Raises msgspec.DecodeError, ValueError, KeyError."""
    rows = zip(_unpack(data), commands, strict=True)
    return [_answer(command, *row) for row, command in rows]


def _answer(command: Command, kind: str, *values: Any) -> Answer | Failed:
    if not kind:
        return Accepted(restored(command, values[0]), values[1])
    if kind == "refused":
        return Refused(Code(values[0]), values[1], values[2])
    return _ERRORS[kind](values[0])


_entry_values, _product, _item = ENTRIES.values, TABLES[Product], TABLES[Item]


def pack_commit(commit: Commit) -> bytes:
    """The entries of a commit and its catalogue rows, as bytes."""
    return _pack(
        (
            list(map(_entry_values, commit.entries)),
            list(map(_product.values, commit.products)),
            list(map(_item.values, commit.items)),
        )
    )


def unpack_commit(data: bytes | msgspec.Raw) -> Commit:
    """The commit of another server, without its answers."""
    entries, products, items = _unpack(data)
    rows = list(map(ENTRIES.row, entries))
    return Commit(
        [],
        rows,
        rows[-1].revision if rows else 0,
        list(map(_product.row, products)),
        list(map(_item.row, items)),
    )
