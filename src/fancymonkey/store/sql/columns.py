"""Rows as plain columns: whole numbers, texts and booleans only.

Derived from the fields of each row, so that a new kind of row needs a migration and no new code.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, get_type_hints

from fancymonkey.core.model import Entry, Row
from fancymonkey.core.rows import ROWS
from fancymonkey.store.sql.codecs import Encode, codec, read_fields, without_none

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its stored type, and the conversions (None: the value as it is)."""

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
    # The data that `values` and `row` need of the columns, computed once: they run for every row.
    read: Callable[[T], tuple[Any, ...]]
    encoders: tuple[tuple[int, Encode], ...]
    decoders: tuple[tuple[int, Encode], ...]
    key_encoders: tuple[tuple[int, Encode], ...]

    def values(self, row: T) -> tuple[Any, ...]:
        """The row as one value per column."""
        values = self.read(row)
        if not self.encoders:
            return values
        values_stored = list(values)
        for place, encode in self.encoders:
            if values_stored[place] is not None:
                values_stored[place] = encode(values_stored[place])
        return tuple(values_stored)

    def key_values(self, key: Any) -> tuple[Any, ...]:
        """A row's key as one value per column of the key."""
        values: tuple[Any, ...] = key if len(self.key) > 1 else (key,)
        if not self.key_encoders:
            return values
        values_stored = list(values)
        for place, encode in self.key_encoders:
            values_stored[place] = encode(values_stored[place])
        return tuple(values_stored)

    def row(self, values: Iterable[Any]) -> T:
        """The row of these values, one per column."""
        if not self.decoders:
            return self.kind(*values)
        decoded = list(values)
        for place, decode in self.decoders:
            if decoded[place] is not None:
                decoded[place] = decode(decoded[place])
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
        read_fields([column.name for column in columns]),
        tuple((n, column.encode) for n, column in enumerate(columns) if column.encode),
        tuple((n, column.decode) for n, column in enumerate(columns) if column.decode),
        tuple(
            (key.index(column.name), column.encode)
            for column in columns
            if column.name in key and column.encode
        ),
    )


def _column(name: str, hint: Any) -> Column:
    plain, nullable = without_none(hint)
    codec_of_field = codec(plain)
    return Column(name, codec_of_field.type, nullable, codec_of_field.encode, codec_of_field.decode)


TABLES: dict[type[Row], Table[Any]] = {kind: table_of(kind, kind.TABLE, kind.KEY) for kind in ROWS}
"""The table of every kind of row."""

ENTRIES: Table[Entry] = table_of(Entry, "entry", ("revision",))
"""The table of the ledger."""
