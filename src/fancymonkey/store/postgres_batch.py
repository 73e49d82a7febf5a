"""The statements of one batch on PostgreSQL: a read of everything it asks for, one write of all.

Each set of tables has its own statement, made once. Rows travel as one array of records a table:
that costs the driver less than half of one array a column, and the server too.
"""

from functools import cache
from typing import Any

import msgspec

from fancymonkey.core.model import Entry, Reservation, Row
from fancymonkey.core.state import Load, State
from fancymonkey.store.columns import ENTRIES, TABLES, Column, Table
from fancymonkey.store.postgres_link import Connection
from fancymonkey.store.tables import (
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


async def read_first(
    connection: Connection, load: Load, state: State, after: int
) -> tuple[int, list[Entry], list[Reservation]]:
    """The first read of a batch: the rows, the holds that are due, and where the ledger stands.

    Sets the state's revision. Returns the schema's number, the entries after `after`, and the
    due holds.
    """
    keys = keys_by_kind(load)
    kinds = tuple(keys)
    arguments = [*_key_arrays(keys), list(load.holds_of), load.due_at, after]
    record = await connection.fetchrow(_read_statement(kinds, first=True), *arguments)
    assert record is not None
    state.revision, schema, due, others, held, *tables = record
    expect(state.base, keys)
    for kind, text in zip(kinds, tables, strict=True):
        if text is not None:
            add_rows(state.base, kind, _parse(text))
    if held is not None:
        add_rows(state.base, Reservation, _parse(held))
    return (
        schema,
        [] if others is None else entries(_parse(others)),
        [] if due is None else reservations(_parse(due)),
    )


async def read_more(connection: Connection, load: Load, state: State) -> None:
    """A further read of a batch: rows that the first one has pointed to."""
    keys = keys_by_kind(load)
    kinds = tuple(keys)
    record = await connection.fetchrow(_read_statement(kinds, first=False), *_key_arrays(keys))
    assert record is not None
    expect(state.base, keys)
    for kind, text in zip(kinds, record, strict=True):
        if text is not None:
            add_rows(state.base, kind, _parse(text))


async def write(connection: Connection, state: State) -> None:
    """Writes everything that a batch changed, if it did, and announces the new revision."""
    parts: list[tuple[type[Row], bool]] = []
    arguments: list[Any] = []
    for kind, new, rows in written(state):
        parts.append((kind, new))
        arguments.append(list(map(TABLES[kind].values, rows)))
    if state.entries:
        arguments += [list(map(ENTRIES.values, state.entries)), state.revision]
    if arguments:
        sql = _write_statement(tuple(parts), ledger=bool(state.entries))
        await connection.fetchrow(sql, *arguments)


def _key_arrays(keys: dict[type[Row], list[Any]]) -> list[list[Any]]:
    arrays: list[list[Any]] = []
    for kind, wanted in keys.items():
        if len(TABLES[kind].key) == 1:
            arrays.append(wanted)
        else:
            arrays += map(list, zip(*wanted, strict=True))
    return arrays


@cache
def _read_statement(kinds: Kinds, *, first: bool) -> str:
    place = 1
    selects = []
    for kind in kinds:
        table = TABLES[kind]
        selects.append(_select_by_key(table, place))
        place += len(table.key)
    if first:
        selects = [
            _FIRST.format(skus=f"${place}::text[]", now=place + 1, after=place + 2),
            *selects,
        ]
    return "SELECT " + ",\n".join(selects)


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


_FIRST = f"""
(SELECT revision FROM head),
(SELECT schema FROM head),
(SELECT json_agg({_json_row(TABLES[Reservation])}) FROM reservation AS row
    WHERE status = 'held' AND expires_at <= ${{now}}),
(SELECT json_agg({_json_row(ENTRIES)} ORDER BY revision) FROM entry AS row
    WHERE revision > ${{after}}),
-- Rare (an owner sets `reserved`), so that live holds go without an index of their lines. IS TRUE
-- keeps the planner from making a join of it: the SKUs are hashed once.
(SELECT json_agg({_json_row(TABLES[Reservation])}) FROM reservation AS row
    WHERE cardinality({{skus}}) > 0 AND status = 'held' AND EXISTS (
        SELECT FROM json_array_elements(lines::json) AS line
        WHERE (line ->> 0 IN (SELECT unnest({{skus}}))) IS TRUE))
"""


@cache
def _write_statement(written: tuple[tuple[type[Row], bool], ...], *, ledger: bool) -> str:
    parts: list[str] = []
    for n, (kind, new) in enumerate(written):
        table = TABLES[kind]
        parts.append(f"w{n} AS ({_insert(table, n + 1)} {'' if new else on_conflict(table)})")
    if not ledger:
        return f"WITH {', '.join(parts)} SELECT"
    place = len(parts) + 1
    parts.append(f"made AS ({_insert(ENTRIES, place)})")
    parts.append(f"moved AS (UPDATE head SET revision = ${place + 1} RETURNING revision)")
    return f"WITH {', '.join(parts)} SELECT pg_notify('{CHANNEL}', revision::text) FROM moved"


def _insert(table: Table[Any], place: int) -> str:
    columns = column_list(table)
    return (
        f"INSERT INTO {table.name} ({columns}) "
        f'SELECT {columns} FROM unnest(${place}::"{table.name}"[])'
    )
