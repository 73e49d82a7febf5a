"""A server that was stopped while it migrates PostgreSQL does not keep the others from starting."""

import asyncio

import asyncpg
import pytest

from fancymonkey.store.postgres import schema
from fancymonkey.store.postgres.schema import MIGRATION_LOCK, migrate
from fancymonkey.store.postgres.store import PostgresStore

pytestmark = pytest.mark.postgres


async def test_a_current_database_needs_no_lock(migrated_url: str) -> None:
    stopped = await asyncpg.connect(migrated_url)
    try:
        async with stopped.transaction():
            await stopped.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            store = PostgresStore(migrated_url)
            await asyncio.wait_for(store.open(0), 5)
            await store.close()
    finally:
        await stopped.close()


class StoppedConnection(asyncpg.Connection):
    """The program of a process that is stopped while it has the lock of the migration."""

    in_the_middle = asyncio.Event()

    async def execute(self, query: str, *arguments: object, timeout: float | None = None) -> str:
        if query == schema.CREATE_MIGRATION:
            self.in_the_middle.set()
            await asyncio.Event().wait()
        return str(await super().execute(query, *arguments, timeout=timeout))


async def test_a_stopped_migration_is_rolled_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "IDLE", "200ms")
    monkeypatch.setattr(StoppedConnection, "in_the_middle", asyncio.Event())
    stopped = await asyncpg.connect(postgres_url, connection_class=StoppedConnection)
    work = asyncio.create_task(migrate(stopped, 0))
    await StoppedConnection.in_the_middle.wait()
    store = PostgresStore(postgres_url)
    await asyncio.wait_for(store.open(0), 8)
    assert (await store.snapshot()).revision == 0
    await store.close()
    work.cancel()
    with pytest.raises((asyncio.CancelledError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await work
    stopped.terminate()
