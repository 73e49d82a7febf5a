"""Migrates a PostgreSQL database to the schema of this version."""

from collections.abc import Sequence

from fancymonkey.store.postgres.connection import Connection, Reader
from fancymonkey.store.sql.migrations import (
    CREATE_MIGRATION,
    Migration,
    migrations,
    pending,
    require_current,
)
from fancymonkey.store.sql.statements import named_queries

QUERIES = named_queries("postgres")
MIGRATION_LOCK = 0x66616E6379
"""The advisory lock of a migration: servers that start together run it one after the other."""


async def migrate(connection: Connection, now: int) -> None:
    """Applies missing migrations, each in its own transaction, one server at a time.

    Raises StoreUnavailable, StoreCorrupt, and errors of the driver.
    """
    known = migrations("postgres")
    missing: Sequence[Migration] = known
    while missing:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            await connection.execute(CREATE_MIGRATION)
            missing = pending(known, await _applied(connection))
            if missing:
                first = missing[0]
                await connection.execute(first.sql)
                row = (first.number, first.name, first.checksum, now)
                await connection.execute(QUERIES["add_migration"], *row)
                await connection.execute(QUERIES["set_schema"], first.number)


async def check_schema(connection: "Connection | Reader") -> None:
    """Raises StoreUnavailable if the database lacks a migration, or is not one of ours."""
    exists = await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL")
    require_current(migrations("postgres"), await _applied(connection) if exists else [])


async def _applied(connection: "Connection | Reader") -> list[tuple[int, str, str]]:
    return [tuple(row) for row in await connection.fetch(QUERIES["migrations"])]
