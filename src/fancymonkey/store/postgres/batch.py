"""The statements of one batch on PostgreSQL: one read of all rows it needs, and one write.

Each set of tables has its own statement, created once. Rows are sent as one array of records per
table, which costs the driver and the server less than half of one array per column.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from fancymonkey.core.load import Load
from fancymonkey.core.model import Entry, Level, Reservation, Row
from fancymonkey.core.state import State
from fancymonkey.store.postgres.connection import Connection
from fancymonkey.store.sql.columns import ENTRIES, TABLES, Column, Table
from fancymonkey.store.sql.row_cache import RowChange
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
"""The channel on which each commit announces its revision."""

_SQL_TYPES = {int: "bigint", str: "text", bool: "boolean"}
Kinds = tuple[type[Row], ...]
_parse = msgspec.json.decode


async def learn_types(connection: Connection) -> None:
    """Makes the driver look up all types now, rather than while a batch holds the lock.

    It runs in a transaction, because the driver changes a setting for it and resets it. Within a
    batch it would not reset it: the setting has another value there, of the batch itself.
    """
    names = [f'"{table.name}"' for table in (*TABLES.values(), ENTRIES)]
    types = ", ".join(f"NULL::{name}[]" for name in (*names, *_SQL_TYPES.values()))
    async with connection.transaction():
        await connection.fetchrow(f"SELECT {types}")


@dataclass(frozen=True, slots=True)
class Head:
    """The state of the database's head row.

    `mark` is the version of the row, which every batch changes; `free` means that no transaction
    has it locked. `next_due` is the earliest deadline of a hold that is still to come, or None.
    """

    schema: int
    mark: str
    free: bool
    next_due: int | None


async def mark(connection: Connection) -> str:
    """The version of the head row. The caller holds its lock."""
    version: str = await connection.fetchval("SELECT xmin::text FROM head WHERE one")
    return version


async def read_changes(
    connection: Connection, revision: int, most: int
) -> tuple[str, int, list[RowChange]]:
    """The mark and the revision of the head, and up to `most` changes after a revision."""
    record = await connection.fetchrow(_CHANGES, revision, most)
    assert record is not None
    mark, latest, text = record
    return mark, latest, [] if text is None else [RowChange(*change) for change in _parse(text)]


async def read_first(
    connection: Connection, load: Load, state: State, after: int
) -> tuple[Head, list[Entry], list[Reservation]]:
    """The first read of a batch: its rows, the due holds, and the state of the ledger.

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
    """A further read of a batch: rows that the first ones refer to. Returns the mark."""
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
    """Writes the changes of a batch, if any, and announces the new revision.

    Returns the head's new mark. Returns None and writes nothing if another process has written
    since the mark was read, or has locked the head (unless it is `locked` by us), or if one of the
    rows exists that were `supposed` to be absent.
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
    record = await connection.fetchrow(sql, *arguments)
    return None if record is None else record["mark"]


def _key_arrays(keys: Keys) -> list[list[Any]]:
    arrays: list[list[Any]] = []
    for kind, wanted in keys.items():
        table = TABLES[kind]
        if len(table.key) == 1 and not table.key_encoders:
            arrays.append(wanted)
        else:
            arrays += map(list, zip(*map(table.key_values, wanted), strict=True))
    return arrays


_CHANGES = """
SELECT xmin::text, revision, (
    SELECT json_agg(json_build_array(sku, location, kind, reservation_id IS NOT NULL))
    FROM (SELECT * FROM entry WHERE entry.revision > $1 ORDER BY entry.revision LIMIT $2) AS changed
)
FROM head WHERE one
"""


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


# A transaction that locks a row and then changes it leaves its own id on the new version: such a
# lock has ended.
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
-- Rare (an owner sets `reserved`), so that live holds go without an index of their SKUs. IS TRUE
-- keeps the planner from making a join of it: the SKUs are hashed once.
(SELECT json_agg({_json_row(TABLES[Reservation])}) FROM reservation AS row
    WHERE cardinality({{skus}}) > 0 AND status = 'held' AND EXISTS (
        SELECT FROM json_array_elements(allocations::json) AS units
        WHERE (units ->> 0 IN (SELECT unnest({{skus}}))) IS TRUE))
"""


@cache
def _write_statement(
    written: tuple[tuple[type[Row], bool], ...], absent: Kinds, *, ledger: bool, locked: bool
) -> str:
    # Every part reads from `moved`, so that nothing is written if the head has changed. Each batch
    # updates the head, even without a ledger entry, because that sets its mark.
    conditions = ["xmin::text = $1"] if locked else ["xmin::text = $1", _FREE]
    first = len(written) + 3 + ledger
    conditions += [_absent(TABLES[kind], first + n) for n, kind in enumerate(absent)]
    where = " AND ".join(conditions)
    moved = f"UPDATE head SET revision = $2 WHERE one AND {where} RETURNING revision"
    parts = [f"moved (here) AS ({moved})"]
    for n, (kind, new) in enumerate(written):
        table = TABLES[kind]
        parts.append(f"w{n} AS ({_insert(table, n + 3)} {'' if new else on_conflict(table)})")
    notify = ""
    if ledger:
        parts.append(f"made AS ({_insert(ENTRIES, len(written) + 3)})")
        notify = f", pg_notify('{CHANNEL}', here::text)"
    mark = "pg_current_xact_id()::xid::text AS mark"  # equals the new `xmin` of the row
    return f"WITH {', '.join(parts)} SELECT {mark}{notify} FROM moved"


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
