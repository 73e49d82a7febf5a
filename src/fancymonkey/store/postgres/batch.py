"""The statements of one batch on PostgreSQL: a read of everything it asks for, one write of all.

Each set of tables has its own statement, made once. Rows travel as one array of records a table:
that costs the driver less than half of one array a column, and the server too.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from fancymonkey.core.model import Entry, Level, Reservation, Row
from fancymonkey.core.state import Load, State
from fancymonkey.store.postgres.connection import Connection
from fancymonkey.store.sql.columns import ENTRIES, TABLES, Column, Table
from fancymonkey.store.sql.statements import (
    Keys,
    add_levels,
    add_rows,
    column_list,
    entries,
    expect,
    keys_by_kind,
    on_conflict,
    reservations,
    written,
)

CHANNEL = "fancymonkey"
"""Where the revision is announced after each commit."""

_SQL_TYPES = {int: "bigint", str: "text", bool: "boolean"}
Kinds = tuple[type[Row], ...]
_parse = msgspec.json.decode


async def learn_types(connection: Connection) -> None:
    """Lets the driver look up the tables' types now, and not while a batch holds the lock.

    In a transaction that leaves no trace: the driver switches a setting off and on again for it.
    """
    types = ", ".join(f'NULL::"{table.name}"[]' for table in (*TABLES.values(), ENTRIES))
    async with connection.transaction():
        await connection.fetchrow(f"SELECT {types}")


@dataclass(frozen=True, slots=True)
class Head:
    """Where the database stands.

    `mark` is the version of its row, which every batch changes; `free` says that nobody had it
    locked, or had locked it since it was changed. `next_due` is when the first of the holds ends
    whose time is not up yet, or None.
    """

    schema: int
    mark: str
    free: bool
    next_due: int | None


async def mark(connection: Connection) -> str:
    """The version of the head's row, for who has it locked already."""
    found: str = await connection.fetchval("SELECT xmin::text FROM head WHERE one")
    return found


async def read_first(
    connection: Connection, load: Load, state: State, after: int
) -> tuple[Head, list[Entry], list[Reservation]]:
    """The first read of a batch: the rows, the holds that are due, and where the ledger stands.

    Sets the state's revision. Returns the head, the entries after `after`, and the due holds.
    """
    keys = keys_by_kind(load)
    levels = [list(load.levels_of)] if load.levels_of else []
    statement = _read_statement(tuple(keys), first=True, levels=bool(levels))
    arguments = [*_key_arrays(keys), *levels, list(load.holds_of), load.due_at, after]
    record = await connection.fetchrow(statement, *arguments)
    assert record is not None
    mark, state.revision, schema, free, next_due, due, others, held, *tables = record
    _add(state, load, keys, tables)
    if held is not None:
        add_rows(state.base, Reservation, _parse(held))
    return (
        Head(schema, mark, free, next_due),
        [] if others is None else entries(_parse(others)),
        [] if due is None else reservations(_parse(due)),
    )


async def read_more(connection: Connection, load: Load, state: State) -> str:
    """A further read of a batch: rows that the first one has pointed to. Returns the mark."""
    keys = keys_by_kind(load)
    levels = [list(load.levels_of)] if load.levels_of else []
    statement = _read_statement(tuple(keys), first=False, levels=bool(levels))
    record = await connection.fetchrow(statement, *_key_arrays(keys), *levels)
    assert record is not None
    mark: str
    mark, *tables = record
    _add(state, load, keys, tables)
    return mark


def _add(state: State, load: Load, keys: Keys, tables: list[str | None]) -> None:
    expect(state.base, keys)
    if load.levels_of:
        *tables, text = tables
        add_levels(state.base, load.levels_of, () if text is None else _parse(text))
    for kind, text in zip(keys, tables, strict=True):
        if text is not None:
            add_rows(state.base, kind, _parse(text))


async def write(
    connection: Connection, state: State, mark: str, supposed: Keys | None = None, *, locked: bool
) -> str | None:
    """Writes everything that a batch changed, if it did, and announces the new revision.

    Returns the head's new mark. None where somebody else has written since the mark was read, or,
    where the head is not `locked` by us, has locked it, or where one of the rows is there that were
    `supposed` not to be: then it wrote nothing.
    """
    parts: list[tuple[type[Row], bool]] = []
    arguments: list[Any] = [mark, state.revision]
    for kind, new, rows in written(state):
        parts.append((kind, new))
        arguments.append(list(map(TABLES[kind].values, rows)))
    if state.entries:
        arguments.append(list(map(ENTRIES.values, state.entries)))
    elif not parts:
        return mark
    absent = () if supposed is None else tuple(supposed)
    arguments += [] if supposed is None else supposed.values()
    sql = _write_statement(tuple(parts), absent, ledger=bool(state.entries), locked=locked)
    found = await connection.fetchrow(sql, *arguments)
    return None if found is None else found["mark"]


def _key_arrays(keys: Keys) -> list[list[Any]]:
    arrays: list[list[Any]] = []
    for kind, wanted in keys.items():
        table = TABLES[kind]
        if len(table.key) == 1 and not table.key_encoders:
            arrays.append(wanted)
        else:
            arrays += map(list, zip(*map(table.key_values, wanted), strict=True))
    return arrays


@cache
def _read_statement(kinds: Kinds, *, first: bool, levels: bool = False) -> str:
    place = 1
    selects = ["xmin::text"]
    for kind in kinds:
        table = TABLES[kind]
        selects.append(_select_by_key(table, place))
        place += len(table.key)
    if levels:
        row = _json_row(TABLES[Level])
        skus = f"${place}::text[]"
        selects.append(f"(SELECT json_agg({row}) FROM level AS row WHERE row.sku = ANY ({skus}))")
        place += 1
    if first:
        selects.insert(1, _FIRST.format(skus=f"${place}::text[]", now=place + 1, after=place + 2))
    return "SELECT " + ",\n".join(selects) + "\nFROM head WHERE one"


def _select_by_key(table: Table[Any], place: int) -> str:
    types = {column.name: _array_type(column) for column in table.columns}
    arrays = ", ".join(f"${place + n}::{types[name]}" for n, name in enumerate(table.key))
    names = ", ".join(table.key)
    return (
        f"(SELECT json_agg({_json_row(table)}) FROM unnest({arrays}) AS wanted ({names}) "
        f"JOIN {table.name} AS row USING ({names}))"
    )


def _json_row(table: Table[Any]) -> str:
    return f"json_build_array({column_list(table, 'row.')})"


def _array_type(column: Column) -> str:
    return f"{_SQL_TYPES[column.type]}[]"


# Who locks a row and then changes it leaves their own lock's mark on the new version: it is over.
_FREE = "xmax::text IN ('0', xmin::text)"
_FIRST = f"""
revision,
schema,
{_FREE},
(SELECT min(expires_at) FROM reservation WHERE status = 'held' AND expires_at > ${{now}}),
(SELECT json_agg({_json_row(TABLES[Reservation])}) FROM reservation AS row
    WHERE status = 'held' AND expires_at <= ${{now}}),
(SELECT json_agg({_json_row(ENTRIES)} ORDER BY row.revision) FROM entry AS row
    WHERE row.revision > ${{after}}),
-- Rare (an owner sets `reserved`), so that live holds go without an index of their lines. IS TRUE
-- keeps the planner from making a join of it: the SKUs are hashed once.
(SELECT json_agg({_json_row(TABLES[Reservation])}) FROM reservation AS row
    WHERE cardinality({{skus}}) > 0 AND status = 'held' AND EXISTS (
        SELECT FROM json_array_elements(lines::json) AS line
        WHERE (line ->> 0 IN (SELECT unnest({{skus}}))) IS TRUE))
"""


@cache
def _write_statement(
    written: tuple[tuple[type[Row], bool], ...], absent: Kinds, *, ledger: bool, locked: bool
) -> str:
    # Every part reads from `moved`, so that nothing is written where the head has moved on. It is
    # written by each batch, also by one that adds nothing to the ledger: for that is its mark.
    still = ["xmin::text = $1"] if locked else ["xmin::text = $1", _FREE]
    first = len(written) + 3 + ledger
    still += [_absent(TABLES[kind], first + n) for n, kind in enumerate(absent)]
    moved = f"UPDATE head SET revision = $2 WHERE one AND {' AND '.join(still)} RETURNING revision"
    parts = [f"moved (here) AS ({moved})"]
    for n, (kind, new) in enumerate(written):
        table = TABLES[kind]
        parts.append(f"w{n} AS ({_insert(table, n + 3)} {'' if new else on_conflict(table)})")
    told = ""
    if ledger:
        parts.append(f"made AS ({_insert(ENTRIES, len(written) + 3)})")
        told = f", pg_notify('{CHANNEL}', here::text)"
    mark = "pg_current_xact_id()::xid::text AS mark"  # as `xmin` of the row will be from now on
    return f"WITH {', '.join(parts)} SELECT {mark}{told} FROM moved"


def _absent(table: Table[Any], place: int) -> str:
    (key,) = table.key
    array = _array_type(next(column for column in table.columns if column.name == key))
    return f"NOT EXISTS (SELECT FROM {table.name} WHERE {key} = ANY (${place}::{array}))"


def _insert(table: Table[Any], place: int) -> str:
    columns = column_list(table)
    return (
        f"INSERT INTO {table.name} ({columns}) "
        f'SELECT {columns} FROM moved, unnest(${place}::"{table.name}"[])'
    )
