"""The PostgreSQL store through a real pgbouncer: each transaction gets another connection."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from fancymonkey.core.model import Reservation
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.postgres.schema import QUERIES
from fancymonkey.store.postgres.store import PostgresStore
from tests.store.contract.test_conformance import everything, fill, reserve
from tests.store.postgres.test_postgres import Heard, nothing
from tests.store.scripts import batches, script
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer

SETTINGS = "lock_timeout,statement_timeout,plan_cache_mode,enable_seqscan,enable_hashjoin"
SETTINGS += ",enable_mergejoin,jit,idle_in_transaction_session_timeout"


@pytest.fixture
def pooler(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler in transaction mode."""
    with PgBouncer(postgres_server) as started:
        yield started


def address(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


@pytest.fixture
async def stores(pooler: PgBouncer, postgres_url: str) -> AsyncIterator[list[PostgresStore]]:
    """Two servers behind the pooler, which start together on an empty database."""
    url = pooler.url_of(postgres_url, direct=address(postgres_url))
    opened = [PostgresStore(url), PostgresStore(url)]
    await asyncio.gather(*(store.open(0) for store in opened))
    yield opened
    for store in opened:
        await store.close()


async def test_the_pooler_gives_a_session_several_connections(
    pooler: PgBouncer, postgres_url: str
) -> None:
    """The tests of this file depend on it."""
    sessions = [
        await asyncpg.connect(pooler.url_of(postgres_url), statement_cache_size=0) for _ in range(3)
    ]
    async with sessions[0].transaction(), sessions[1].transaction():
        pids = {await session.fetchval("SELECT pg_backend_pid()") for session in sessions}
    assert len(pids) == 3
    assert len({await sessions[0].fetchval("SELECT pg_backend_pid()") for _ in range(3)}) == 3
    for session in sessions:
        await session.close()


async def test_everything_is_as_without_a_pooler(stores: list[PostgresStore]) -> None:
    """Both servers write in turn; the result is that of the store in memory."""
    reference = MemoryStore()
    await fill(stores[0])
    await fill(reference)
    for number, (commands, now) in enumerate(batches(6, script(6))):
        done = await stores[number % 2].run(commands, now, 0)
        expected = await reference.run(commands, now, 0)
        assert done.answers == expected.answers
    assert await everything(stores[0]) == await everything(reference)
    async with stores[1].frozen() as frozen:
        assert frozen.revision == reference.image.revision
        holds = [hold async for hold in frozen.scan(Reservation)]
    assert holds == [hold async for hold in reference.scan(Reservation)]
    assert await stores[0].prune(10**15) == await reference.prune(10**15)
    assert await stores[1].fold_holds(10**15) == await reference.fold_holds(10**15)
    assert await everything(stores[0]) == await everything(reference)
    assert await stores[0].health_problems() == []


async def test_a_commit_reaches_the_other_server(stores: list[PostgresStore]) -> None:
    heard = Heard()
    await fill(stores[0])
    await stores[1].watch(heard.ring, nothing)
    for number in range(8):
        done = await stores[0].run([reserve(f"r{number}", f"s{number}")], 5, 0)
        await heard.at_least(done.revision)


async def test_no_process_of_the_pooler_counts_as_the_writer(
    stores: list[PostgresStore],
) -> None:
    """The pooler makes up the process ids of its sessions: none of them is that of a writer."""
    assert stores[0]._writing_pid() is None


async def test_nothing_of_a_session_stays_on_a_connection(
    stores: list[PostgresStore], pooler: PgBouncer, postgres_url: str
) -> None:
    """Neither settings nor prepared statements nor locks: the next session would have them."""
    await fill(stores[0])
    for number, (commands, now) in enumerate(batches(3, script(3))):
        await stores[number % 2].run(commands, now, 0)
        await stores[number % 2].snapshot()
    sessions = [
        await asyncpg.connect(pooler.url_of(postgres_url), statement_cache_size=0) for _ in range(6)
    ]
    for session in sessions:  # all connections of the pool at once
        await session.execute("BEGIN")
    changed = "SELECT name FROM pg_settings WHERE setting <> reset_val AND source = 'session'"
    for session in sessions:
        names = {row["name"] for row in await session.fetch(changed)}
        assert names <= {"application_name"}
        prepared = await session.fetch("SELECT name FROM pg_prepared_statements")
        assert [row["name"] for row in prepared if row["name"]] == []
        locks = "SELECT FROM pg_locks WHERE locktype = 'advisory'"
        assert await session.fetch(locks) == []
        await session.close()


async def test_a_pooler_that_restarts_loses_nothing(
    stores: list[PostgresStore], pooler: PgBouncer
) -> None:
    await fill(stores[0])
    await stores[0].run([reserve("r1", "s1")], 5, 0)
    pooler.stop()
    with pytest.raises(StoreUnavailable):
        await stores[0].run([reserve("r2", "s2")], 5, 0)
    pooler.start()
    await stores[0].run([reserve("r2", "s2")], 5, 0)
    assert await stores[1].reservation("r2") is not None


# -- unsafe settings are refused ----------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("ignored", ["", SETTINGS])
@pytest.mark.parametrize("mode", ["transaction", "statement", "session"])
async def test_a_pooler_without_the_parameter_direct_is_refused(
    postgres_server: PostgresServer, postgres_url: str, mode: str, ignored: str, read_only: bool
) -> None:
    """Also a pooler that ignores the settings of a session: they would have no effect."""
    opened = PostgresStore(postgres_url)
    await opened.open(0)
    await opened.close()
    more = {"ignore_startup_parameters": ignored} if ignored else {}
    with PgBouncer(postgres_server, pool_mode=mode, **more) as pooler:
        store = PostgresStore(pooler.url_of(postgres_url), read_only=read_only)
        with pytest.raises(StoreUnavailable, match=r"A pooler is at \S+ Add the"):
            await store.open(0)


async def test_direct_must_not_be_a_pooler(pooler: PgBouncer, postgres_url: str) -> None:
    store = PostgresStore(pooler.url_of(postgres_url, direct=f"{pooler.host}:{pooler.port}"))
    with pytest.raises(StoreUnavailable, match="`direct` of DATABASE_URL leads to a pooler"):
        await store.open(0)


async def test_direct_must_lead_to_the_same_database(pooler: PgBouncer, postgres_url: str) -> None:
    with PostgresServer() as other:
        other.execute(f"CREATE DATABASE {postgres_url.rsplit('/', 1)[1]}")
        store = PostgresStore(pooler.url_of(postgres_url, direct=f"{other.host}:{other.port}"))
        with pytest.raises(StoreUnavailable, match="leads to another database"):
            await store.open(0)


async def test_a_proxy_that_keeps_sessions_apart_passes(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is given another process id is only suspicious: it may be a plain proxy."""
    monkeypatch.setitem(
        QUERIES,
        "server",
        QUERIES["server"].replace("pg_backend_pid() AS pid", "pg_backend_pid() + 1 AS pid"),
    )
    store = PostgresStore(postgres_url)
    await store.open(0)
    await store.close()
