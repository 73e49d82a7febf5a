"""The special cases of PostgreSQL: several servers, lost connections, notices, the planner."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.end import Release
from fancymonkey.core.load import Load
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Event, Item, Level, Outcome, Reservation, SessionLink
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.state import State
from fancymonkey.core.stock.adjust import Count
from fancymonkey.errors import DataError, StoreReadOnly, StoreUnavailable
from fancymonkey.store.contract import Commit
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.postgres import batch, row_cache
from fancymonkey.store.postgres.connection import (
    PostgresConnector,
    check_server,
    durability_problems,
)
from fancymonkey.store.postgres.listener import PostgresListener
from fancymonkey.store.postgres.schema import QUERIES
from fancymonkey.store.postgres.store import PostgresStore
from fancymonkey.store.sql.columns import TABLES
from tests.core.builders import balance
from tests.store.contract.test_conformance import each, everything, fill, reserve
from tests.store.cutting_proxy import CuttingProxy
from tests.store.scripts import batches, script, upsert
from tests.support.postgres import PostgresServer


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(migrated_url)
    await store.open(0)
    await fill(store)
    yield store
    await store.close()


@pytest.fixture
async def second(migrated_url: str, store: PostgresStore) -> AsyncIterator[PostgresStore]:
    """Another server on the same database."""
    other = PostgresStore(migrated_url)
    await other.open(0)
    yield other
    await other.close()


@pytest.fixture
async def database(migrated_url: str, store: PostgresStore) -> AsyncIterator[asyncpg.Connection]:
    """A foreign connection to the store's database."""
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()


def pid_of(store: PostgresStore) -> int | None:
    assert store._writer is not None
    return store._writer.pid


def accepted(commit: Commit) -> int:
    return sum(isinstance(answer, Accepted) for answer in commit.answers)


# -- several servers -------------------------------------------------------------------------------


async def test_two_servers_never_oversell_and_leave_no_gap(
    store: PostgresStore, second: PostgresStore
) -> None:
    await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=1000)], 1, 0)
    await second.run([], 1, 0)  # its first batch takes longer than many of the other server
    start = (await store.snapshot()).revision

    async def sell(server: PostgresStore, name: str) -> tuple[int, list[int]]:
        sold, seen, known = 0, [], start
        for number in range(200):
            commands = [
                reserve(f"{name}{number}-{n}", f"{name}-s{number}-{n}", ttl=10**9) for n in range(5)
            ]
            commit = await server.run(commands, 5, known)
            sold += accepted(commit)
            seen += [entry.revision for entry in commit.entries]
            known = commit.revision
        return sold, seen

    (first_sold, first_seen), (second_sold, second_seen) = await asyncio.gather(
        sell(store, "a"), sell(second, "b")
    )
    assert first_sold + second_sold == 1000
    assert first_sold > 0
    assert second_sold > 0
    for seen in (first_seen, second_seen):  # each received the other's entries, in order, once
        assert seen == list(range(start + 1, start + 1 + len(seen)))
    entries = await store.entries_after(0, 10_000)
    assert [entry.revision for entry in entries] == list(range(1, len(entries) + 1))
    level = balance(entries, "prod_a/M", DEFAULT_LOCATION)
    assert (level.on_hand, level.reserved) == (1000, 1000)


async def test_one_server_waits_while_another_decides(
    store: PostgresStore, database: asyncpg.Connection
) -> None:
    await database.execute("BEGIN; SELECT 1 FROM head FOR UPDATE")
    waiting = asyncio.create_task(store.run([reserve("r1", "s1", quantity=10)], 5, 0))
    while not await database.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    ):
        await asyncio.sleep(0.01)
    await database.execute("UPDATE level SET on_hand = 3 WHERE sku = 'prod_a/M'")
    await database.execute("COMMIT")
    answer = (await waiting).answers[0]
    assert isinstance(answer, Refused)  # it saw what was committed while it waited
    assert answer.code is Code.INSUFFICIENT_STOCK
    assert answer.detail[0]["available"] == 3


DOCUMENT = PutDocuments(drafts=(DocumentWrite("folder", "name", "body"),))


@pytest.mark.parametrize(
    "others", [Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=3), DOCUMENT]
)
async def test_a_batch_decided_beside_another_server_is_decided_again(
    store: PostgresStore, second: PostgresStore, monkeypatch: pytest.MonkeyPatch, others: Command
) -> None:
    """Also if the other one has written nothing into the ledger."""
    between(monkeypatch, lambda: second.run([others], 5, 0))
    commit = await store.run([reserve("r1", "s1", quantity=10), DOCUMENT], 5, 0)
    assert store._crowded > 0
    fits = isinstance(others, PutDocuments)
    assert isinstance(commit.answers[0], Accepted if fits else Refused)
    assert commit.answers[1] == Accepted([2 if fits else 1])  # no version is given twice
    entries = await store.entries_after(0)
    assert [entry.revision for entry in entries] == list(range(1, len(entries) + 1))


async def test_a_batch_decided_beside_a_foreign_lock_is_decided_again(
    store: PostgresStore, database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def by_hand() -> None:
        async with database.transaction():
            await database.execute("SELECT 1 FROM head FOR UPDATE")
            await database.execute("UPDATE level SET on_hand = 3 WHERE sku = 'prod_a/M'")

    between(monkeypatch, by_hand)
    (answer,) = (await store.run([reserve("r1", "s1", quantity=10)], 5, 0)).answers
    assert isinstance(answer, Refused)
    assert answer.detail[0]["available"] == 3


async def test_rows_read_at_two_moments_are_not_decided_on(
    store: PostgresStore, second: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await second.run([reserve("r1", "s1", quantity=10)], 5, 0)
    between(
        monkeypatch,
        lambda: second.run([Release(ref="s1"), reserve("r2", "s2", quantity=10)], 5, 0),
        "read_more",
    )
    (answer,) = (await store.run([Release(ref="s1")], 5, 0)).answers
    assert isinstance(answer, Accepted)
    assert answer.data.lines == ()  # the other server has released it
    assert store._crowded > 0


def between(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[], Awaitable[object]], step: str = "write"
) -> None:
    """Lets another client work once, right before this step of the next batch."""
    real = getattr(batch, step)

    async def later(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(batch, step, real)
        await work()
        return await real(*args, **more)

    monkeypatch.setattr(batch, step, later)


async def test_alone_a_batch_takes_one_round_trip_where_it_has_to_read_nothing(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = (await store.run([reserve("r1", "s1")], 5, 0)).revision
    trips: list[str] = []
    for name in ("execute", "fetchrow", "fetch"):
        real = getattr(asyncpg.Connection, name)

        async def noted(self: Any, *args: Any, real: Any = real, **more: Any) -> Any:
            trips.append(args[0])
            return await real(self, *args, **more)

        monkeypatch.setattr(asyncpg.Connection, name, noted)
    known = (await store.run([reserve("r2", "s2"), Release(ref="s1")], 5, known)).revision
    assert len(trips) == 1
    await store.run([Release(ref="nobody")], 5, known)
    assert len(trips) == 2  # read, and nothing to write
    await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=9)], 5, known - 1)
    assert len(trips) == 4  # the caller does not know all entries yet


async def test_rows_of_a_snapshot_are_cached(
    store: PostgresStore, second: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = (await store.run([], 5, 0)).revision
    await store.snapshot()
    monkeypatch.setattr(batch, "read_first", None)
    commit = await store.run([reserve("r1", "s1", "prod_b/S")], 5, known)
    assert accepted(commit) == 1
    monkeypatch.undo()
    await second.run([Count(sku="prod_b/S", location=DEFAULT_LOCATION, quantity=2)], 5, 0)
    await store.snapshot()  # of a moment that is not in its memory
    refused = await store.run([reserve("r2", "s2", "prod_b/S", quantity=3)], 5, commit.revision)
    assert isinstance(refused.answers[0], Refused)


async def test_rows_that_another_server_has_not_changed_stay_cached(
    store: PostgresStore, second: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = [upsert(f"prod_{letter}") for letter in "xyz"]
    known = (await store.run([*stock, reserve("r0", "s0", "prod_x/M")], 5, 0)).revision
    loads: list[set[Any]] = []
    real = batch.read_first

    async def noted(connection: Any, load: Load, state: State, after: int) -> Any:
        loads.append({key for kind, key in load.rows if kind in (Item, Level)})
        return await real(connection, load, state, after)

    monkeypatch.setattr(batch, "read_first", noted)
    await second.run([DOCUMENT], 5, 0)
    loads.clear()
    known = (await store.run([reserve("r1", "s1", "prod_y/M")], 5, known)).revision
    assert loads == [set()]  # only rows without an entry were read again
    elsewhere = [reserve("r2", "s2", "prod_y/M", quantity=8)]
    await second.run(elsewhere, 5, known)
    loads.clear()
    commands = [reserve(f"r{n}", f"s{n}", f"prod_{name}/M") for n, name in ((3, "x"), (4, "y"))]
    commit = await store.run([*commands, reserve("r5", "s5", "prod_y/M")], 5, known)
    assert loads == [set(), {("prod_y/M", DEFAULT_LOCATION)}]  # the first read shows the write
    assert [type(answer) for answer in commit.answers] == [Accepted, Accepted, Refused]
    await second.run([upsert("prod_x", on_hand=3), upsert("prod_w")], 5, commit.revision)
    loads.clear()
    await store.run([reserve("r6", "s6", "prod_z/M")], 5, commit.revision)
    assert "prod_z/M" in loads[-1]  # after an edit of the catalogue everything is read again


async def test_a_cache_that_missed_too_much_is_cleared(
    store: PostgresStore, second: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_cache, "RECOVERED_MAX", 2)
    monkeypatch.setattr("fancymonkey.store.postgres.store.RECOVERED_MAX", 2)
    known = (await store.run([reserve("r0", "s0")], 5, 0)).revision
    for number in range(1, 4):
        commit = await second.run([reserve(f"r{number}", f"s{number}", quantity=3)], 5, known)
    commit = await store.run([reserve("r4", "s4")], 5, known)
    assert [type(answer) for answer in commit.answers] == [Refused]
    assert commit.revision == known + 3


@pytest.mark.parametrize("seed", range(4))
async def test_servers_in_turn_decide_as_one_does(
    store: PostgresStore, second: PostgresStore, seed: int
) -> None:
    """Each keeps rows that the other one has not changed, and none that it has."""
    reference = MemoryStore()
    await reference.open(0)
    await fill(reference)
    chance = random.Random(seed)
    for commands, now in batches(seed, script(seed)):
        expected = await reference.run(commands, now, 0)
        commit = await chance.choice((store, second)).run(commands, now, 0)
        assert commit.answers == expected.answers
        assert commit.revision == expected.revision
    assert await everything(store) == await everything(reference)


async def test_a_buyer_who_is_known_elsewhere_is_not_taken_for_a_new_one(
    store: PostgresStore, second: PostgresStore
) -> None:
    """A row that is missing for this server may have been written by another server."""
    known = (await second.run([reserve("r1", "s1", quantity=2)], 5, 0)).revision
    assert (await store.run([DOCUMENT], 5, known)).revision == known
    assert store._row_cache.mark is not None
    commit = await store.run([reserve("r2", "s1", quantity=3)], 5, known)
    (answer,) = commit.answers
    assert isinstance(answer, Accepted)
    assert answer.data.reservation_id == "r1"
    assert await store.reservation("r2") is None
    level = await store.find(Level, ("prod_a/M", DEFAULT_LOCATION))
    assert level is not None
    assert level.reserved == 3


async def test_the_same_key_again_gets_the_first_answer_from_every_server(
    store: PostgresStore, second: PostgresStore
) -> None:
    count = Count(
        sku="prod_a/M", location=DEFAULT_LOCATION, quantity=7, command_id="k1", digest="d"
    )
    first = await second.run([count], 5, 0)
    await store.run([DOCUMENT], 5, first.revision)
    again = await store.run([count], 5, first.revision)
    assert again.answers == [Accepted(first.answers[0].data, replayed=True)]  # type: ignore[union-attr]
    assert again.revision == first.revision


async def test_the_cache_ends_with_another_servers_write(
    store: PostgresStore, second: PostgresStore
) -> None:
    known = (await store.run([reserve("r1", "s1", quantity=4)], 5, 0)).revision
    await second.run([reserve("r2", "s2", quantity=6)], 5, 0)
    commit = await store.run([reserve("r3", "s3")], 5, known)
    assert isinstance(commit.answers[0], Refused)
    assert [entry.reservation_id for entry in commit.entries] == ["r2"]


async def test_a_refusal_is_never_given_from_memory(
    store: PostgresStore, second: PostgresStore
) -> None:
    known = (await store.run([reserve("r1", "s1", quantity=10)], 5, 0)).revision
    await second.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=11)], 5, 0)
    commit = await store.run([reserve("r2", "s2")], 5, known)
    assert isinstance(commit.answers[0], Accepted)


def both(session: str, quantity: int) -> CommandGroup:
    """Gives a hold back and makes another one, both or neither."""
    commands = (Release(ref="r1"), reserve(f"new-{session}", session, quantity=quantity))
    return CommandGroup(commands=commands, all_or_nothing=True)


async def test_a_refusal_of_all_or_nothing_is_never_given_from_memory(
    store: PostgresStore, second: PostgresStore
) -> None:
    known = (await store.run([reserve("r1", "s1", quantity=2)], 5, 0)).revision
    assert isinstance((await store.run([both("s2", 12)], 5, known)).answers[0], Refused)
    await second.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=100)], 5, known)
    assert isinstance((await store.run([both("s2", 12)], 5, known)).answers[0], Accepted)


async def test_assumptions_of_a_refusal_are_not_cached(
    store: PostgresStore, second: PostgresStore
) -> None:
    """A session whose hold is older than the memory of this server."""
    await second.run([reserve("r0", "old")], 5, 0)
    known = (await store.run([reserve("r1", "s1", quantity=2)], 5, 0)).revision
    assert isinstance((await store.run([both("old", 50)], 5, known)).answers[0], Refused)
    commit = await store.run([Release(ref="old")], 5, known)
    assert isinstance(commit.answers[0], Accepted)


async def test_pruning_delays_no_batch(store: PostgresStore) -> None:
    await store.run([], 5, 0)
    pid, stop = pid_of(store), asyncio.Event()

    async def prune() -> None:
        while not stop.is_set():
            await store.prune(5)

    pruning = asyncio.create_task(prune())
    for number in range(20):
        commit = await store.run([reserve(f"p{number}", f"p{number}", quantity=1)], 5, 0)
        assert len(commit.answers) == 1
    stop.set()
    await pruning
    assert pid_of(store) == pid


async def test_holds_whose_time_is_up_end_before_anything_is_decided_from_memory(
    store: PostgresStore,
) -> None:
    known = (await store.run([reserve("r1", "s1", quantity=10, ttl=100)], 5, 0)).revision
    refused = await store.run([reserve("r2", "s2")], 104, known)
    assert isinstance(refused.answers[0], Refused)
    taken = await store.run([reserve("r3", "s3")], 105, known)
    assert isinstance(taken.answers[0], Accepted)
    assert [entry.kind for entry in taken.entries] == ["expired", "reserved"]


async def test_a_batch_that_fails_leaves_nothing_in_memory(store: PostgresStore) -> None:
    known = (await store.run([reserve("r1", "s1")], 5, 0)).revision
    with pytest.raises(DataError):
        await store.run([reserve("r2", "s2"), reserve("r1", "s3")], 5, known)
    assert store._row_cache.mark is None
    commit = await store.run([reserve("r2", "s2"), reserve("r4", "s3")], 5, known)
    assert accepted(commit) == 2


async def test_a_deadlock_with_a_foreign_transaction_is_retried(
    store: PostgresStore, database: asyncpg.Connection
) -> None:
    await database.execute("BEGIN; SELECT 1 FROM level WHERE sku = 'prod_a/M' FOR UPDATE")
    ours = asyncio.create_task(store.run([reserve("r1", "s1")], 5, 0))
    while not await database.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    ):
        await asyncio.sleep(0.01)
    try:
        await database.execute("SELECT 1 FROM head FOR UPDATE")  # now each waits for the other
        await database.execute("COMMIT")
    except asyncpg.DeadlockDetectedError:
        await database.execute("ROLLBACK")
    assert accepted(await ours) == 1


async def test_after_a_crowd_no_lock_is_taken_any_more(store: PostgresStore) -> None:
    store._crowded = 2
    for number in range(5):
        await store.run([reserve(f"r{number}", f"s{number}")], 5, 0)
        assert store._crowded == max(0, 1 - number)


# -- lost connections ------------------------------------------------------------------------------


async def test_a_connection_lost_between_batches_is_not_noticed(
    store: PostgresStore, database: asyncpg.Connection
) -> None:
    await database.execute("SELECT pg_terminate_backend($1)", pid_of(store))
    assert accepted(await store.run([reserve("r1", "s1")], 5, 0)) == 1


@pytest.mark.parametrize(
    ("word", "crowded"),
    [(b"FOR UPDATE", 9), (b"json_agg", 9), (b"INSERT INTO", 9), (b"json_agg", 0)],
)
async def test_a_connection_lost_before_the_commit_is_made_again(
    store: PostgresStore, migrated_url: str, word: bytes, crowded: int
) -> None:
    async with CuttingProxy(migrated_url) as proxy:
        server = PostgresStore(proxy.url)
        await server.open(0)
        server._crowded = crowded
        proxy.word = word
        assert accepted(await server.run([reserve("r1", "s1")], 5, 0)) == 1
        assert proxy.cuts == 1
        await server.close()
    assert [row.reservation_id for row in (await store.snapshot()).holds] == ["r1"]


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize(("word", "crowded"), [(b"COMMIT\0", 9), (b"only in the write", 0)])
async def test_a_connection_lost_during_the_commit_leaves_it_unknown(
    store: PostgresStore, migrated_url: str, arrived: bool, word: bytes, crowded: int
) -> None:
    async with CuttingProxy(migrated_url) as proxy:
        server = PostgresStore(proxy.url)
        await server.open(0)
        await server.run([], 4, 0)
        server._crowded = crowded
        proxy.word, proxy.forward = word, arrived
        command = Count(
            sku="prod_a/M",
            location=DEFAULT_LOCATION,
            quantity=7,
            command_id="k",
            digest="only in the write",
        )
        with pytest.raises(StoreUnavailable, match="unknown") as caught:
            await server.run([command], 5, 0)
        assert "secret" not in str(caught.value)
        (answer,) = (await server.run([command], 6, 0)).answers
        assert isinstance(answer, Accepted)
        assert answer.replayed is arrived
        assert answer.data.on_hand == 7
        await server.close()


async def test_answered_commands_survive_kill_9_of_the_database(
    store: PostgresStore, postgres_server: PostgresServer
) -> None:
    await store.run([Count(sku="prod_a/M", location=DEFAULT_LOCATION, quantity=1000)], 1, 0)
    answered: list[str] = []
    refused = 0

    async def sell() -> None:
        nonlocal refused
        for number in range(400):
            try:
                commit = await store.run([reserve(f"r{number}", f"s{number}", ttl=10**9)], 5, 0)
            except StoreUnavailable:
                refused += 1
                await asyncio.sleep(0.05)
            else:
                assert accepted(commit) == 1
                answered.append(f"r{number}")

    selling = asyncio.create_task(sell())
    while len(answered) < 50:
        await asyncio.sleep(0.005)
    postgres_server.kill()
    await asyncio.to_thread(postgres_server.start)
    await selling
    assert refused > 0
    assert len(answered) > 50  # and it continued by itself
    holds = {row.reservation_id for row in (await store.snapshot()).holds}
    assert holds >= set(answered)
    entries = await store.entries_after(0, 10_000)
    assert [entry.revision for entry in entries] == list(range(1, len(entries) + 1))
    assert balance(entries, "prod_a/M", DEFAULT_LOCATION).reserved == len(holds)


async def test_an_unreachable_server_is_named_without_the_password() -> None:
    store = PostgresStore("postgresql://shop:secret@127.0.0.1:1/shop?application_name=secret")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1/shop") as caught:
        await store.open(0)
    assert "secret" not in str(caught.value)


# -- notifications
# --------------------------------------------------------------------------------------


class Heard:
    """Collects the revisions of the notifications."""

    def __init__(self) -> None:
        self.revisions: list[int] = []
        self._news = asyncio.Event()

    async def ring(self, revision: int) -> None:
        self.revisions.append(revision)
        self._news.set()

    async def at_least(self, revision: int) -> None:
        async with asyncio.timeout(10):
            while not self.revisions or self.revisions[-1] < revision:
                self._news.clear()
                await self._news.wait()


async def nothing(commands: Any) -> list[Any]:
    return []


async def test_a_server_that_leaves_listening_to_another_is_not_notified(
    store: PostgresStore, second: PostgresStore, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = asyncio.Event()
    real = asyncpg.Connection.remove_listener

    async def noted(self: Any, *args: Any) -> None:
        await real(self, *args)
        stopped.set()

    monkeypatch.setattr(asyncpg.Connection, "remove_listener", noted)
    heard, other = Heard(), Heard()
    assert not store.listens
    store.listen(False)  # before it watches: no effect
    for watching, bell in ((store, heard), (second, other)):
        await watching.watch(bell.ring, nothing)
        assert watching.listens
    store.listen(False)
    await asyncio.wait_for(stopped.wait(), 20)
    assert not store.listens
    third = PostgresStore(migrated_url)
    await third.open(0)
    revision = (await third.run([reserve("r1", "s1")], 5, 0)).revision
    await third.close()
    await other.at_least(revision)
    assert revision not in heard.revisions
    store.listen(True)
    await heard.at_least(revision)  # at once, without another commit
    assert store.listens


@pytest.mark.parametrize("turns", range(6))
async def test_a_loop_can_be_stopped_at_any_moment(
    store: PostgresStore, migrated_url: str, turns: int
) -> None:
    async def rung(revision: int) -> None:
        pass

    watched = PostgresListener(PostgresConnector(migrated_url), rung, lambda: None)
    await watched.start()
    watched.look()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await watched.close()


async def test_the_bell_rings_for_others_and_not_for_oneself(
    store: PostgresStore, second: PostgresStore
) -> None:
    heard = Heard()
    await store.watch(heard.ring, nothing)
    await heard.at_least((await store.snapshot()).revision)  # the changes before it listened
    own = (await store.run([reserve("r1", "s1")], 5, 0)).revision
    others = (await second.run([reserve("r2", "s2")], 5, 0)).revision
    await heard.at_least(others)
    assert own not in heard.revisions


async def test_an_own_commit_with_a_lost_answer_notifies_too(migrated_url: str) -> None:
    heard = Heard()
    async with CuttingProxy(migrated_url) as proxy:
        server = PostgresStore(proxy.url)
        await server.open(0)
        await fill(server)
        await server.watch(heard.ring, nothing)
        revision = (await server.snapshot()).revision
        proxy.word, proxy.forward = b"only in the write", True
        with pytest.raises(StoreUnavailable, match="unknown"):
            await server.run(
                [
                    Count(
                        sku="prod_a/M",
                        location=DEFAULT_LOCATION,
                        quantity=7,
                        cause="only in the write",
                    )
                ],
                5,
                0,
            )
        await heard.at_least(revision + 1)
        await server.close()


async def test_after_the_listener_was_cut_off_nothing_is_missed(
    store: PostgresStore, second: PostgresStore, database: asyncpg.Connection
) -> None:
    heard = Heard()
    await store.watch(heard.ring, nothing)
    await second.run([reserve("r1", "s1")], 5, 0)
    cut = await database.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        " OR query = 'SELECT revision FROM head'"
    )
    assert cut >= 1
    missed = (await second.run([reserve("r2", "s2")], 5, 0)).revision
    await heard.at_least(missed)


# -- poolers, standbys, settings -------------------------------------------------------------------


async def test_behind_a_pooler_nothing_is_prepared_and_notifications_come_directly(
    migrated_url: str,
) -> None:
    reference = MemoryStore()
    heard = Heard()
    async with CuttingProxy(migrated_url) as pooler:
        direct = urlsplit(migrated_url).netloc.rpartition("@")[2]
        store = PostgresStore(f"{pooler.url}?direct={direct}")
        await store.open(0)
        for filled in (store, reference):
            await fill(filled)
            for commands, now in batches(5, script(5)):
                await filled.run(commands, now, 0)
        assert await everything(store) == await everything(reference)
        assert store._writer is not None
        writer = await store._writer.connected()
        assert await writer.fetch("SELECT * FROM pg_prepared_statements WHERE name <> ''") == []
        pooler.word = b"LISTEN"
        await store.watch(heard.ring, nothing)
        await heard.at_least(reference.image.revision)
        assert pooler.cuts == 0
        await store.close()


async def test_no_setting_stays_on_the_connection(store: PostgresStore) -> None:
    await store.run([reserve("r1", "s1")], 5, 0)
    assert store._writer is not None
    writer = await store._writer.connected()
    names = re.findall(r"SET LOCAL (\w+)", QUERIES["begin"])
    assert len(names) > 5
    changed = await writer.fetch(
        "SELECT name FROM pg_settings WHERE name = ANY ($1::text[]) AND setting <> reset_val",
        names,
    )
    assert changed == []


@pytest.mark.parametrize("crowded", [0, 9])
async def test_a_connection_that_became_read_only_is_made_again(
    store: PostgresStore, crowded: int
) -> None:
    """As after a failover: the old connection leads to a standby, a new one to its successor."""
    assert store._writer is not None
    writer = await store._writer.connected()
    await writer.execute("SET default_transaction_read_only = on")
    store._crowded = crowded
    assert accepted(await store.run([reserve("r1", "s1")], 5, 0)) == 1


async def test_a_read_only_server_is_distinguished_from_an_outage(
    store: PostgresStore, migrated_url: str, database: asyncpg.Connection
) -> None:
    name = migrated_url.rsplit("/", 1)[1]
    await database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await database.execute("SELECT pg_terminate_backend($1)", pid_of(store))
    with pytest.raises(StoreUnavailable, match="standby or read-only"):
        await store.run([reserve("r1", "s1")], 5, 0)
    assert len((await store.snapshot()).products) == 3


async def test_synchronous_commit_is_switched_on_where_it_is_off(
    store: PostgresStore, migrated_url: str, database: asyncpg.Connection
) -> None:
    assert await store.health_problems() == []
    name = migrated_url.rsplit("/", 1)[1]
    await database.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    careless = PostgresStore(migrated_url)
    await careless.open(0)
    assert "synchronous_commit" in (await careless.health_problems())[0]
    assert careless._writer is not None
    writer = await careless._writer.connected()
    assert await writer.fetchval("SHOW synchronous_commit") == "on"
    await careless.close()
    writer = await asyncpg.connect(migrated_url)  # as behind a pooler
    assert await writer.fetchval("SHOW synchronous_commit") == "off"
    await writer.execute(careless._begin)
    assert await writer.fetchval("SHOW synchronous_commit") == "on"
    await writer.close()


def server(**values: object) -> dict[str, object]:
    usual = {
        "version": 150000,
        "version_text": "15.0",
        "encoding": "UTF8",
        "standby": False,
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
    return {**usual, **values}


def test_servers_that_will_not_do() -> None:
    check_server(server(), "x", read_only=False)
    for unfit, words in (
        ({"version": 130012, "version_text": "13.12"}, "14 or newer"),
        ({"encoding": "LATIN1"}, "UTF8"),
        ({"standby": True}, "standby"),
    ):
        with pytest.raises(StoreUnavailable, match=words):
            check_server(server(**unfit), "x", read_only=False)
    check_server(server(standby=True), "x", read_only=True)
    assert len(durability_problems(server(fsync="off", full_page_writes="off"))) == 2


async def test_readers_refuse_to_write(store: PostgresStore, migrated_url: str) -> None:
    reader = PostgresStore(migrated_url, read_only=True)
    await reader.open(0)
    assert await everything(reader) == await everything(store)
    with pytest.raises(StoreReadOnly):
        await reader.run([reserve("r1", "s1")], 5, 0)
    with pytest.raises(StoreReadOnly):
        await reader.fill(each([]), each([]), 0)
    await reader.close()


# -- the database itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", ["reserved = 11", "on_hand = -1", "short = 1", "reserved = -1", "allocated = 11"]
)
async def test_the_database_itself_refuses_to_be_oversold(
    store: PostgresStore, database: asyncpg.Connection, change: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await database.execute(f"UPDATE level SET {change}")


async def test_a_row_that_is_refused_is_a_data_error_and_leaves_no_trace(
    store: PostgresStore,
) -> None:
    await store.run([reserve("r1", "s1")], 5, 0)
    before = await everything(store)
    nul = reserve("r3\0", "s3")
    for commands in ([reserve("r2", "s2"), reserve("r1", "s3")], [nul]):
        with pytest.raises(DataError, match="refuses a row"):
            await store.run(commands, 5, 0)
    assert await everything(store) == before
    assert accepted(await store.run([reserve("r2", "s2")], 5, 0)) == 1


async def test_the_view_shows_what_an_analyst_expects(
    store: PostgresStore, database: asyncpg.Connection
) -> None:
    await store.run([reserve("r1", "s1", quantity=3)], 1_700_000_000_123, 0)
    row = await database.fetchrow(
        "SELECT * FROM inventory WHERE product_id = 'prod_a' AND size = 'M'"
    )
    assert row is not None
    last_updated = row["last_updated"].isoformat()
    assert last_updated.startswith("2023-11-14T22:13:20.123")
    assert list(row.values()) == ["prod_a", "M", 10, 3, 5, False, None, row["last_updated"], 7]


async def test_no_statement_of_a_batch_goes_through_a_table(
    store: PostgresStore, database: asyncpg.Connection
) -> None:
    """Also if the plan is made while the tables are empty, as in a new shop."""
    kinds = tuple(TABLES)
    reads = [batch._read_statement((kind,), first=False) for kind in kinds]
    reads.append(batch._read_statement(kinds, first=True))
    writes = [
        batch._write_statement(((kind, False),), (), ledger=True, locked=locked)
        for kind in kinds
        for locked in (True, False)
    ]
    supposed = (Reservation, SessionLink, Outcome, Event)
    writes.append(batch._write_statement(((Level, False),), supposed, ledger=True, locked=False))
    async with database.transaction():
        await database.execute(QUERIES["begin"].partition(";")[2])
        for number, sql in enumerate(reads + writes):
            await database.execute(f"PREPARE q{number} AS {sql}")
            nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
            rows = await database.fetch(f"EXPLAIN EXECUTE q{number} ({nulls})")
            plan = "\n".join(row[0] for row in rows).replace("Seq Scan on head", "its one row")
            assert "Seq Scan" not in plan, plan
            assert "Hash Join" not in plan, plan
            assert "Merge Join" not in plan, plan


async def test_batches_of_one_kind_share_their_statements(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    fetchrow = asyncpg.Connection.fetchrow

    async def noted(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        asked.add(query)
        return await fetchrow(self, query, *args, **kwargs)

    await store.run([], 5, 0)
    monkeypatch.setattr(asyncpg.Connection, "fetchrow", noted)
    for number in range(30):
        lines = ("prod_a/M", "prod_b/S", "prod_a/S/M")
        commands = [reserve(f"r{number}-{sku}", f"s{number}-{sku}", sku) for sku in lines]
        await store.run(commands[number % 3 :], 5, 0)
    assert len(asked) == 2  # one that reads, one that writes


async def test_a_hot_level_is_changed_in_place(
    store: PostgresStore, database: asyncpg.Connection
) -> None:
    for number in range(50):
        await store.run([reserve(f"r{number}", f"s{number}", ttl=1)], 10 + 2 * number, 0)
    await store.close()  # its server process reports its counts when it ends
    async with asyncio.timeout(20):
        while True:
            rows = await database.fetch(
                "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables "
                "WHERE relname IN ('level', 'head')"
            )
            if all(row["n_tup_upd"] >= 50 for row in rows):
                break
            await asyncio.sleep(0.05)
    for row in rows:
        assert row["n_tup_hot_upd"] >= 0.9 * row["n_tup_upd"], dict(row)


async def test_load_is_all_or_nothing(
    store: PostgresStore, postgres_server: PostgresServer
) -> None:
    source = MemoryStore()
    await source.run([upsert("prod_x")], 1, 0)

    async def breaks() -> AsyncIterator[Any]:
        for row in source.image.rows[Level].values():
            yield row
        raise OSError("the source is gone")

    url = postgres_server.create_database()
    target = PostgresStore(url)
    await target.open(0)
    with pytest.raises((OSError, StoreUnavailable)):
        await target.fill(breaks(), each([]), 3)
    assert [row async for row in target.scan(Level)] == []
    assert [row async for row in target.scan(Reservation)] == []
    await target.close()
    postgres_server.drop_database(url)
