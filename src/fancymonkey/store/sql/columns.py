"""Maps rows to plain columns: whole numbers, texts and booleans.

The columns are derived from the fields of each row, so that a new kind of row needs a migration and
no new code.
"""

import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from fancymonkey.core.model import Entry, Line, Row
from fancymonkey.core.rows import ROWS

T = TypeVar("T")
Encode = Callable[[Any], Any]

_lines = msgspec.json.Decoder(tuple[tuple[str, int, str], ...])
_json = msgspec.json.Encoder()


def lines_to_text(lines: tuple[Line, ...]) -> str:
    """The lines of a hold as JSON: `[["prod/M",2,"main"]]`."""
    return _json.encode([(ln.sku, ln.quantity, ln.location) for ln in lines]).decode()


def lines_from_text(text: str) -> tuple[Line, ...]:
    """The lines that `lines_to_text` wrote."""
    return tuple(Line(*line) for line in _lines.decode(text))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its stored type, and its conversions (None: stored as it is)."""

    name: str
    type: type[int] | type[str] | type[bool]
    nullable: bool
    encode: Encode | None = None
    decode: Encode | None = None


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """The table of one kind of row."""

    name: str
    kind: Callable[..., T]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    # Computed once for `values` and `row`, which run for every row.
    read: Callable[[T], tuple[Any, ...]]
    encoders: tuple[tuple[int, Encode], ...]
    decoders: tuple[tuple[int, Encode], ...]

    def values(self, row: T) -> tuple[Any, ...]:
        """The row as one value per column."""
        values = self.read(row)
        if not self.encoders:
            return values
        encoded = list(values)
        for index, encode in self.encoders:
            if encoded[index] is not None:
                encoded[index] = encode(encoded[index])
        return tuple(encoded)

    def row(self, values: Iterable[Any]) -> T:
        """The row of these values, one per column."""
        if not self.decoders:
            return self.kind(*values)
        decoded = list(values)
        for index, decode in self.decoders:
            if decoded[index] is not None:
                decoded[index] = decode(decoded[index])
        return self.kind(*decoded)


def table_of(kind: type[T], name: str, key: tuple[str, ...]) -> Table[T]:
    """The table of a row's class, from its fields."""
    hints = get_type_hints(kind)
    columns = tuple(_column(f.name, hints[f.name]) for f in fields(kind))  # type: ignore[arg-type]
    return Table(
        name,
        kind,
        key,
        columns,
        attrgetter(*(column.name for column in columns)),
        tuple((n, column.encode) for n, column in enumerate(columns) if column.encode),
        tuple((n, column.decode) for n, column in enumerate(columns) if column.decode),
    )


def _column(name: str, hint: Any) -> Column:
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = [arg for arg in get_args(hint) if arg is not type(None)]
        nullable = True
    if hint in (int, str, bool):
        # SQLite returns a boolean as 0 or 1.
        return Column(name, hint, nullable, None, bool if hint is bool else None)
    if hint is Decimal:
        return Column(name, str, nullable, str, Decimal)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Column(name, str, nullable, str, hint)
    if get_origin(hint) is tuple and get_args(hint)[0] is Line:
        return Column(name, str, nullable, lines_to_text, lines_from_text)
    raise TypeError(f"no column for {name}: {hint}")


TABLES: dict[type[Row], Table[Any]] = {kind: table_of(kind, kind.TABLE, kind.KEY) for kind in ROWS}
"""The table of every kind of row."""

ENTRIES: Table[Entry] = table_of(Entry, "entry", ("revision",))
"""The table of the ledger."""
