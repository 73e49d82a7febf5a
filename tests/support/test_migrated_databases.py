"""A database is used again without the data of the test before, and never with a changed schema."""

import asyncpg
import pytest

from fancymonkey.core.model import Level
from fancymonkey.core.rows import ROWS
from fancymonkey.store.postgres.store import PostgresStore
from tests.store.scripts import catalogue
from tests.support.migrated_databases import MigratedDatabases
from tests.support.postgres import PostgresServer


async def test_a_database_has_no_data_of_the_test_before(postgres_server: PostgresServer) -> None:
    databases = MigratedDatabases(postgres_server.start())
    with databases.lent() as first:
        store = PostgresStore(first)
        await store.open(0)
        written = await store.run(catalogue(), 1, 0)
        assert written.revision > 0
        assert [row async for row in store.scan(Level)]
        await store.close()
    with databases.lent() as second:
        assert second == first
        store = PostgresStore(second)
        await store.open(0)
        assert [row for kind in ROWS async for row in store.scan(kind)] == []
        assert await store.entries_after(0, 10) == []
        assert (await store.run(catalogue(), 1, 0)).revision == written.revision
        await store.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE level ADD COLUMN colour text",
        "ALTER TABLE level DROP CONSTRAINT level_pkey CASCADE",
        "CREATE TABLE more (a int)",
        "CREATE SCHEMA more",
        "DROP TABLE level CASCADE",
    ],
)
async def test_a_database_with_a_changed_schema_is_not_used_again(
    postgres_server: PostgresServer, change: str
) -> None:
    databases = MigratedDatabases(postgres_server.start())
    with databases.lent() as first:
        connection = await asyncpg.connect(first)
        await connection.execute(change)
        await connection.close()
    with databases.lent() as second:
        assert second != first
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(first)


async def test_a_connection_that_is_left_open_ends(postgres_server: PostgresServer) -> None:
    databases = MigratedDatabases(postgres_server.start())
    with databases.lent() as first:
        connection = await asyncpg.connect(first)
        await connection.execute("BEGIN; LOCK TABLE level")
    with databases.lent() as second:
        assert second == first
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.execute("SELECT 1")
