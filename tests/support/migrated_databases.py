"""Databases with the schema of this version and no data, each used by one test after the other.

A new database and its migrations take 0.17 s of CPU time, an emptied one 0.03 s.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from fancymonkey.store.postgres.schema import migrate
from tests.support.postgres import PostgresServer, in_own_loop

Rows = dict[str, list[asyncpg.Record]]
LOCK_SECONDS = 10

OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
# The ids of the transactions that have changed the schema; each of them did it once.
SCHEMA = """
SELECT
    (SELECT sum(xmin::text::bigint) FROM pg_attribute WHERE attrelid >= 16384) AS columns,
    (SELECT sum(xmin::text::bigint) FROM pg_constraint WHERE oid >= 16384) AS constraints,
    (SELECT sum(xmin::text::bigint) FROM pg_trigger WHERE oid >= 16384) AS triggers,
    (SELECT sum(xmin::text::bigint) FROM pg_proc WHERE oid >= 16384) AS functions,
    (SELECT sum(xmin::text::bigint) FROM pg_namespace) AS schemas,
    (SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind NOT IN ('t', 'i')) AS relations,
    (SELECT count(*) FROM pg_db_role_setting) AS settings
"""


class MigratedDatabases:
    """The databases of one server that no test uses at the moment."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._unused: list[str] = []
        self._schemas: dict[str, asyncpg.Record] = {}
        self._first_rows: Rows = {}

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Gives the URL of a database in its state after the migrations, and takes it back
        afterwards.
        """
        url = self._unused.pop() if self._unused else self._new()
        yield url
        self._server.start()
        try:
            in_own_loop(self._reset(url))
        except (asyncpg.PostgresError, OSError, SchemaChanged):
            self._server.drop_database(url)
        else:
            self._unused.append(url)

    def _new(self) -> str:
        url = self._server.create_database()
        in_own_loop(self._migrate(url))
        return url

    async def _migrate(self, url: str) -> None:
        connection = await asyncpg.connect(url, timeout=30)
        try:
            await migrate(connection, 0)
            schema = await connection.fetchrow(SCHEMA)
            assert schema is not None
            self._schemas[url] = schema
            if not self._first_rows:
                self._first_rows = {
                    table: await connection.fetch(f'TABLE "{table}"')
                    for table in await _filled(connection)
                }
        finally:
            await connection.close()

    async def _reset(self, url: str) -> None:
        """Empties all tables except that of the migrations. Raises SchemaChanged."""
        connection = await asyncpg.connect(url, timeout=30)
        try:
            await connection.execute(OTHERS)
            await connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            if await connection.fetchrow(SCHEMA) != self._schemas[url]:
                raise SchemaChanged
            async with connection.transaction():
                filled = await _filled(connection)
                names = ", ".join(f'"{table}"' for table in {*filled, *self._first_rows})
                await connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
                for table, rows in self._first_rows.items():
                    await connection.copy_records_to_table(table, records=map(tuple, rows))
        finally:
            await connection.close()


class SchemaChanged(RuntimeError):
    """A test has changed the schema: the database cannot be used again."""


async def _filled(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The tables that have rows."""
    tables = [row["tablename"] for row in await connection.fetch(TABLES)]
    checks = (f"SELECT '{table}' WHERE EXISTS (TABLE \"{table}\")" for table in tables)
    return [row[0] for row in await connection.fetch(" UNION ALL ".join(checks))]
