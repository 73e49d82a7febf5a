"""Shared by both SQL stores: a batch's rows by key, and SQL made from the declared tables."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from importlib import resources
from typing import Any

from fancymonkey.core.load import Load
from fancymonkey.core.model import Entry, Level, Reservation, Row
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.rows import ROWS
from fancymonkey.core.state import AllLevels, Rows, State
from fancymonkey.store.contract import Commit, commit_of
from fancymonkey.store.sql.columns import ENTRIES, TABLES, Table

PAGE = 2000
"""Rows per statement while a table is streamed."""

Keys = dict[type[Row], list[Any]]


def column_list(table: Table[Any], alias: str = "") -> str:
    """The columns of a table, in the order of the row's fields."""
    return ", ".join(f"{alias}{column.name}" for column in table.columns)


def on_conflict(table: Table[Any]) -> str:
    """The clause that makes an INSERT replace an existing row with the same key."""
    others = [column.name for column in table.columns if column.name not in table.key]
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {sets}"


def page_after(
    table: Table[Any],
    placeholders: Iterable[str] | None = None,
    limit: int = PAGE,
    columns: Iterable[str] = (),
) -> str:
    """The SELECT of a page of a table by its key; without placeholders the first page.

    Without `columns` it reads all of them.
    """
    key = ", ".join(table.key)
    after = f"WHERE ({key}) > ({', '.join(placeholders)}) " if placeholders else ""
    names = ", ".join(columns) or column_list(table)
    return f"SELECT {names} FROM {table.name} {after}ORDER BY {key} LIMIT {limit}"


async def scanned(
    fetch: Callable[..., Awaitable[list[Any]]], table: Table[Any], mark: Callable[[int], str]
) -> AsyncIterator[Any]:
    """Every row of a table in the order of its key; `mark` makes the nth placeholder."""
    values: tuple[Any, ...] = ()
    while True:
        marks = [mark(n) for n in range(len(values))]
        page = [table.row(record) for record in await fetch(page_after(table, marks), *values)]
        for row in page:
            yield row
        if len(page) < PAGE:
            return
        values = table.key_values(page[-1].key)


def by_key(table: Table[Any], placeholders: Iterable[str]) -> str:
    """The SELECT of the row with a key."""
    key = ", ".join(table.key)
    return (
        f"SELECT {column_list(table)} FROM {table.name} WHERE ({key}) = ({', '.join(placeholders)})"
    )


def keys_by_kind(load: Load) -> Keys:
    """The rows that a batch requests, kind by kind. The order of kinds is always the same, because
    each order would be another statement to plan.
    """
    keys: Keys = {}
    for kind, key in load.rows:
        keys.setdefault(kind, []).append(key)
    return {kind: keys[kind] for kind in ROWS if kind in keys}


def expect(base: Rows, keys: Keys) -> None:
    """Records that these rows were requested; missing rows stay None."""
    for kind, wanted in keys.items():
        base[kind].update(dict.fromkeys(wanted))


def add_levels(base: Rows, skus: Iterable[str], records: Iterable[Any]) -> None:
    """Adds all levels of these SKUs to the rows of the batch."""
    make = TABLES[Level].row
    locations: dict[str, list[str]] = {sku: [] for sku in skus}
    levels = base[Level]
    for values in records:
        level = make(values)
        levels[level.key] = level
        locations[level.sku].append(level.location)
    base[AllLevels].update(locations)


def add_rows(base: Rows, kind: type[Row], records: Iterable[Any]) -> None:
    """Adds rows, one sequence of column values each, to the rows of the batch."""
    make = TABLES[kind].row
    rows = base[kind]
    for values in records:
        row = make(values)
        rows[row.key] = row


def written(state: State) -> Iterator[tuple[type[Row], bool, list[Row]]]:
    """The written rows of a batch: (kind, whether the rows are new, the rows), in one order of
    kinds. New rows use a plain INSERT: it is cheaper than one that may replace a row, and fails for
    an id that is already in use instead of replacing its row.
    """
    for kind in ROWS:
        base = state.base[kind]
        new: list[Row] = []
        known: list[Row] = []
        for key, row in state.changed.get(kind, {}).items():
            there = base.get(key) is not None and (kind, key) not in state.added
            (known if there else new).append(row)
        if new:
            yield kind, True, new
        if known:
            yield kind, False, known


def reservations(records: Iterable[Any]) -> list[Reservation]:
    """Holds from their column values."""
    make = TABLES[Reservation].row
    return [make(values) for values in records]


def entries(records: Iterable[Any]) -> list[Entry]:
    """Ledger entries from their column values."""
    return [ENTRIES.row(values) for values in records]


def commit_after(state: State, answers: list[Answer], others: list[Entry], after: int) -> Commit:
    """The commit of a batch, with the entries of other processes before its own."""
    own = [entry for entry in state.entries if entry.revision > after]
    return commit_of(state, answers, others + own)


def named_queries(dialect: str) -> dict[str, str]:
    """The fixed statements of a dialect: `queries.sql`, each under its line `-- name: …`. `{entry}`
    stands for the columns of the table `entry`, and so for every table; `$1` for the first
    argument.
    """
    lists = {table.name: column_list(table) for table in (*TABLES.values(), ENTRIES)}
    folder = resources.files("fancymonkey.store.sql")
    queries: dict[str, str] = {}
    for path in (folder / "queries.sql", folder / dialect / "queries.sql"):
        parts = re.split(r"^-- name: (\w+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            plain = re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)
            queries[name] = plain.strip().rstrip(";").format_map(lists)
    return queries


CHUNK = 5000
"""Rows per portion when a store is filled."""


async def chunks(
    rows: AsyncIterator[Row], entries: AsyncIterator[Entry]
) -> AsyncIterator[tuple[Table[Any], list[Any]]]:
    """The rows and then the entries in portions, each of one table."""
    waiting: dict[type[Row], list[Row]] = {}
    async for row in rows:
        chunk = waiting.setdefault(type(row), [])
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield TABLES[type(row)], waiting.pop(type(row))
    for kind, chunk in waiting.items():
        yield TABLES[kind], chunk
    made: list[Entry] = []
    async for entry in entries:
        made.append(entry)
        if len(made) == CHUNK:
            yield ENTRIES, made
            made = []
    yield ENTRIES, made
