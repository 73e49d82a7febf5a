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
IDLE = "5s"
"""The time for which a migration may idle between statements; others wait longer for its lock."""


async def migrate(connection: Connection, now: int) -> None:
    """Applies missing migrations, each in its own transaction, one server at a time.

    Raises StoreUnavailable, StoreCorrupt, and errors of the driver.
    """
    known = migrations("postgres")
    missing: Sequence[Migration] = pending(known, await _applied(connection))
    while missing:
        async with connection.transaction():
            # A server that was stopped at this point must not keep others from starting.
            await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE}'")
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
    require_current(migrations("postgres"), await _applied(connection))


async def _applied(connection: "Connection | Reader") -> list[tuple[int, str, str]]:
    """The migrations that a database has; none if it has no table of them."""
    if not await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"):
        return []
    return [tuple(row) for row in await connection.fetch(QUERIES["migrations"])]
