"""The migrations make exactly the tables that the core's rows need, once, and all or nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from fancymonkey.errors import StoreCorrupt, StoreUnavailable
from fancymonkey.store.postgres import schema
from fancymonkey.store.postgres.store import PostgresStore
from fancymonkey.store.sql.columns import ENTRIES, TABLES
from fancymonkey.store.sql.migrations import Migration, migrations, pending, require_current
from fancymonkey.store.sqlite import connection
from fancymonkey.store.sqlite.store import SqliteStore

DECLARED = {table.name: table for table in (*TABLES.values(), ENTRIES)}
SQLITE_TYPES = {int: "INTEGER", str: "TEXT", bool: "INTEGER"}
POSTGRES_TYPES = {int: "bigint", str: "text", bool: "boolean"}


def declared(types: dict[type, str]) -> dict[str, Any]:
    """Each table as the core declares it: its columns in order, and its key."""
    return {
        name: (
            [(column.name, types[column.type], column.nullable) for column in table.columns],
            table.key,
        )
        for name, table in DECLARED.items()
    }


async def test_sqlite_has_the_declared_tables(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "shop.db")
    await store.open(0)
    await store.close()
    db = apsw.Connection(str(tmp_path / "shop.db"))
    tables = {}
    for name in DECLARED:
        rows = list(db.execute(f"PRAGMA table_info({name})"))
        key = [column for _, column, *_, place in sorted(rows, key=lambda row: row[5]) if place]
        columns = [
            # An INTEGER PRIMARY KEY is never null, despite this pragma.
            (column, type_, not required and column not in key)
            for _, column, type_, required, _, _ in rows
        ]
        tables[name] = (columns, tuple(key))
    db.close()
    assert tables == declared(SQLITE_TYPES)


async def test_postgres_has_the_declared_tables(postgres_url: str) -> None:
    store = PostgresStore(postgres_url)
    await store.open(0)
    await store.close()
    db = await asyncpg.connect(postgres_url)
    tables = {}
    for name in DECLARED:
        rows = await db.fetch(
            "SELECT column_name, data_type, is_nullable = 'YES' AS nullable "
            "FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
            name,
        )
        key = await db.fetch(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid "
            "AND attnum = ANY (indkey) WHERE indrelid = $1::text::regclass AND indisprimary "
            "ORDER BY array_position(indkey::int2[], attnum)",
            name,
        )
        tables[name] = ([tuple(row) for row in rows], tuple(row[0] for row in key))
    collations = await db.fetch(
        "SELECT DISTINCT collation_name FROM information_schema.columns "
        "JOIN information_schema.key_column_usage USING (table_name, column_name) "
        "WHERE data_type = 'text' AND table_name = ANY ($1::text[])",
        list(DECLARED),
    )
    await db.close()
    assert tables == declared(POSTGRES_TYPES)
    assert [row[0] for row in collations] == ["C"]


async def test_servers_that_start_at_once_migrate_once(postgres_url: str) -> None:
    stores = [PostgresStore(postgres_url) for _ in range(4)]
    await asyncio.gather(*(store.open(7) for store in stores))
    for store in stores:
        await store.close()
    db = await asyncpg.connect(postgres_url)
    applied = await db.fetch("SELECT number, applied_at FROM migration")
    await db.close()
    assert [tuple(row) for row in applied] == [
        (migration.number, 7) for migration in migrations("postgres")
    ]


BROKEN = "CREATE TABLE half (a integer PRIMARY KEY); INSERT INTO half VALUES (1), (1);"


def with_a_broken_one(dialect: str) -> list[Migration]:
    known = migrations(dialect)
    return [*known, Migration(len(known) + 1, "broken", BROKEN)]


async def test_a_migration_that_fails_leaves_nothing_in_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.db"
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", with_a_broken_one)
        with pytest.raises(Exception, match="UNIQUE"):
            await SqliteStore(path).open(0)
    db = apsw.Connection(str(path))
    assert list(db.execute("SELECT name FROM sqlite_schema WHERE name = 'half'")) == []
    db.close()
    store = SqliteStore(path)
    await store.open(0)
    await store.close()


async def test_a_migration_that_fails_leaves_nothing_in_postgres(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "migrations", with_a_broken_one)
        with pytest.raises(Exception, match="duplicate key"):
            await PostgresStore(postgres_url).open(0)
    db = await asyncpg.connect(postgres_url)
    assert await db.fetchval("SELECT to_regclass('half')") is None
    await db.close()
    store = PostgresStore(postgres_url)
    await store.open(0)
    await store.close()


def test_an_applied_file_must_not_change() -> None:
    known = migrations("sqlite")
    applied = [(version.number, version.name, version.checksum) for version in known]
    assert pending(known, applied) == []
    changed = [replace(known[0], sql=known[0].sql + "-- more"), *known[1:]]
    with pytest.raises(StoreCorrupt, match="Migration 1"):
        pending(changed, applied)
    carriage_returns = [
        replace(version, sql=version.sql.replace("\n", "\r\n")) for version in known
    ]
    assert pending(carriage_returns, applied) == []


def test_a_newer_schema_is_refused() -> None:
    known = migrations("sqlite")
    applied = [(version.number, version.name, version.checksum) for version in known]
    with pytest.raises(StoreUnavailable, match="newer version"):
        pending(known, [*applied, (len(known) + 1, "future", "x")])


def test_a_reader_needs_every_migration() -> None:
    with pytest.raises(StoreUnavailable, match="lacks migration 1"):
        require_current(migrations("postgres"), [])


async def test_sqlite_stops_when_a_newer_version_has_migrated(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "shop.db")
    await store.open(0)
    other = apsw.Connection(str(tmp_path / "shop.db"))
    other.execute("UPDATE head SET schema = 99")
    other.close()
    with pytest.raises(StoreUnavailable, match="99"):
        await store.run([], 1, 0)
    await store.close()


async def test_postgres_stops_when_a_newer_version_has_migrated(postgres_url: str) -> None:
    store = PostgresStore(postgres_url)
    await store.open(0)
    other = await asyncpg.connect(postgres_url)
    await other.execute("UPDATE head SET schema = 99")
    await other.close()
    with pytest.raises(StoreUnavailable, match="99"):
        await store.run([], 1, 0)
    await store.close()
