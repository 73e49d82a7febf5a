"""Converts rows, entries and batches to compact JSON and back.

A row is an array of its fields in order. The first line of each file names the columns of its rows,
so that the file stays readable after a later version has added a field with a default.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import starmap
from operator import attrgetter
from types import GenericAlias
from typing import Any, get_type_hints

import msgspec

from fancymonkey.core.model import Entry, Row
from fancymonkey.core.rows import ROWS
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreCorrupt

ENTRIES = "entries"
KINDS: dict[str, type[Any]] = {ENTRIES: Entry, **{kind.TABLE: kind for kind in ROWS}}

Columns = dict[str, list[str]]

COLUMNS: Columns = {name: [f.name for f in fields(kind)] for name, kind in KINDS.items()}
"""The columns of every table in this version."""

EARLIER_TABLES = {"matter": "payment_issue"}
"""Tables of files of earlier versions under their present names."""

EARLIER_NAMES = {
    ("reservation", "lines"): "allocations",
    ("payment_issue", "lines"): "allocations",
    ("payment_issue", "matter_id"): "issue_id",
}
"""Columns of files of earlier versions, by present table and name, under their present names."""

encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode

_values: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*COLUMNS[name]) for name, kind in KINDS.items()
}
_entry = _values[Entry]


def values_of(kind: type[Row]) -> Callable[[Any], tuple[Any, ...]]:
    """Gets the fields of a row in the order of its columns."""
    return _values[kind]


@dataclass(slots=True)
class JournalBatch:
    """One line of a journal: the changes of one transaction.

    `number` counts the lines since the beginning of the store, `revision` is the ledger's last one
    after it. `pruned` is the time before which outcomes were removed, if any, and `folded` the time
    before which ended holds were.
    """

    number: int
    revision: int
    at: int
    entries: list[Entry] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    pruned: int | None = None
    folded: int | None = None


def changes(changed: Rows, entries: Iterable[Entry]) -> dict[str, Any]:
    """The changes of a batch in the form of a journal line."""
    tables: dict[str, Any] = {ENTRIES: list(map(_entry, entries))}
    for kind, rows in changed.items():
        if rows:
            tables[kind.TABLE] = list(map(_values[kind], rows.values()))
    return tables


def table(kind: type[Row], rows: Iterable[Row]) -> bytes:
    """Rows of one kind as a JSON object of one line."""
    return encode({kind.TABLE: list(map(_values[kind], rows))}) + b"\n"


class LineReader:
    """Reads lines whose rows have these columns."""

    def __init__(self, columns: Columns) -> None:
        """Raises StoreCorrupt for a table or a column that this version does not know."""
        self._kinds: list[tuple[str, type[Any], list[str] | None]] = []
        parts: list[tuple[str, Any, Any]] = [
            ("batch", int, 0),
            ("revision", int, 0),
            ("at", int, 0),
            ("pruned", int | None, None),
            ("folded", int | None, None),
        ]
        for name, names in columns.items():
            present = EARLIER_TABLES.get(name, name)
            kind = KINDS.get(present)
            names = [EARLIER_NAMES.get((present, column), column) for column in names]
            hints = {} if kind is None else get_type_hints(kind)
            unknown = [column for column in names if column not in hints]
            if kind is None or unknown:
                raise StoreCorrupt(
                    f"it has {unknown or name}, which this version does not know: a newer version "
                    "has written it"
                )
            row = GenericAlias(tuple, tuple(hints[column] for column in names))
            rows = GenericAlias(list, (row,))
            parts.append((name, rows | msgspec.UnsetType, msgspec.UNSET))
            self._kinds.append((name, kind, None if names == COLUMNS[present] else names))
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Line", parts)).decode

    def batch(self, line: bytes) -> JournalBatch:
        """The batch of a line. Raises ValueError if the line is malformed."""
        record: Any = self._decode(line)
        batch = JournalBatch(record.batch, record.revision, record.at)
        batch.pruned, batch.folded = record.pruned, record.folded
        for name, kind, names in self._kinds:
            values = getattr(record, name)
            if values:  # most tables are not in a line
                rows = _build(kind, names, values)
                if name == ENTRIES:
                    batch.entries = rows
                else:
                    batch.rows += rows
        return batch


def _build(
    kind: type[Any], names: list[str] | None, values: Sequence[tuple[Any, ...]]
) -> list[Any]:
    if names is None:
        return list(starmap(kind, values))
    return [kind(**dict(zip(names, row, strict=True))) for row in values]


@cache
def _reader(columns: str) -> LineReader:
    return LineReader(msgspec.json.decode(columns, type=Columns))


def reader_of(columns: Columns) -> LineReader:
    """The reader for these columns, from a cache."""
    return _reader(encode(columns).decode())
