"""A server that follows leaves it to the decider to listen to the database, while it does so."""

from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import pytest

from fancymonkey.core.outcomes import Accepted
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.cluster import unread_peers as unread_peers_module
from fancymonkey.engine.cluster.cluster import Cluster
from fancymonkey.engine.cluster.link import READING_SECONDS
from fancymonkey.engine.cluster.network import UnixNetwork
from fancymonkey.engine.engine import Engine
from fancymonkey.store.contract import Store
from tests.core.builders import take, upsert
from tests.engine.test_cluster import SharedStore, until


class Connected:
    """The connection of one server to the store."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self.listens = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def listen(self, wanted: bool) -> None:
        self.listens = wanted


class Servers:
    """A decider, a server that follows it, and one that takes no part."""

    def __init__(self, directory: Path) -> None:
        shared = SharedStore()
        self.stores = [Connected(shared) for _ in range(3)]
        self.engines = [Engine(cast(Store, store), system_clock) for store in self.stores]
        self.ahead = 0.0
        self.decider, self.follower = (
            Cluster(engine, UnixNetwork(directory), timer)
            for engine, timer in zip(
                self.engines[:2], (perf_counter, lambda: perf_counter() + self.ahead), strict=True
            )
        )

    async def start(self) -> None:
        first, second, third = self.engines
        await first.open()
        await first.submit(upsert("a"))
        self.decider.start()
        await until(lambda: self.decider.decides_for is not None)
        await second.open()
        await third.open()
        self.follower.start()
        await until(lambda: not self.stores[1].listens)

    async def stop(self) -> None:
        await self.follower.close()
        await self.decider.close()
        for engine in reversed(self.engines):
            await engine.close()


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    running = Servers(tmp_path)
    await running.start()
    yield running
    await running.stop()


async def test_the_decider_reports_commits_that_it_has_not_made(servers: Servers) -> None:
    first, second, third = servers.engines
    answer = await third.submit(take("s1", a_M=2))  # a server that cannot reach the decider
    assert isinstance(answer, Accepted)
    assert second.view.revision < third.view.revision
    await first.catch_up(third.view.revision)  # the store has announced it to the decider
    await until(lambda: second.view.revision == third.view.revision)
    assert second.view.levels == third.view.levels


async def test_an_announcement_that_the_decider_did_not_pass_on_comes_with_the_next_beat(
    servers: Servers,
) -> None:
    first, second, third = servers.engines
    first.on_catch_up = None
    await third.submit(take("s1", a_M=2))
    await first.catch_up(third.view.revision)
    await until(lambda: second.view.revision == third.view.revision)


async def test_a_decider_that_does_not_listen_itself_is_not_relied_on(servers: Servers) -> None:
    """Its connection to the database was lost."""
    servers.stores[0].listens = False
    await until(lambda: servers.stores[1].listens)
    servers.stores[0].listens = True
    await until(lambda: not servers.stores[1].listens)


async def test_a_decider_without_a_sign_of_life_is_not_relied_on(servers: Servers) -> None:
    noted: list[bool] = []
    servers.stores[1].listen = noted.append  # type: ignore[method-assign]
    servers.ahead += 1.0  # no message in this second
    await until(lambda: len(noted) >= 2)
    assert noted[:2] == [True, False]  # until the next one


async def test_a_server_listens_itself_after_the_end_of_the_decider(servers: Servers) -> None:
    await servers.decider.close()
    await until(lambda: servers.stores[1].listens)
    await until(lambda: servers.follower.decides_for is not None)
    assert isinstance(await servers.engines[1].submit(take("s1", a_M=1)), Accepted)


async def test_new_connections_of_another_socket_are_not_left_to_the_decider(
    servers: Servers,
) -> None:
    """Two servers on two ports: no other process accepts the connections of the second one."""
    servers.decider._decider._welcomes = lambda: 7  # type: ignore[union-attr]
    await until(lambda: servers.follower.leaves(7))
    assert not servers.follower.leaves(8)
    assert not servers.decider.leaves(7)  # it takes them
    servers.ahead += 1.0
    assert not servers.follower.leaves(7)
    await until(lambda: servers.follower.leaves(7))
    servers.decider._decider._welcomes = int  # type: ignore[union-attr]
    await until(lambda: not servers.follower.leaves(7))


@pytest.mark.parametrize("reader", ["a request", "a live connection", "nobody"])
async def test_commits_wait_while_no_client_reads_and_are_sent_to_the_first_reader(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    monkeypatch.setattr(unread_peers_module, "UNREAD_SECONDS", 3600.0)
    decider, (first, second, _) = servers.decider._decider, servers.engines
    assert decider is not None
    (peer,) = decider._peers
    assert peer not in decider._unread
    requests = 0
    second.feed.requests = lambda: requests
    await until(lambda: servers.follower._link._requests == 0)  # type: ignore[union-attr]
    servers.ahead += READING_SECONDS
    await until(lambda: peer in decider._unread)
    with monkeypatch.context() as patch:
        patch.setattr(peer, "write", lambda data: None)  # no sign of life sends them
        for number in range(3):
            await first.submit(take(f"s{number}", a_M=1))
        assert len(decider._unread._waiting) == 3
        assert second.view.revision == first.view.revision - 3
        if reader == "a request":
            requests += 1
        if reader == "a live connection":
            await second.subscribe()
        if reader != "nobody":
            await until(lambda: peer not in decider._unread)
            assert not decider._unread._waiting
    await until(lambda: second.view.revision == first.view.revision)  # or the next sign of life
    assert second.view.levels == first.view.levels
    assert second.view.holds == first.view.holds


async def test_an_answer_does_not_wait_for_readers(servers: Servers) -> None:
    first, second, _ = servers.engines
    second.feed.requests = int
    servers.ahead += READING_SECONDS
    answer = await second.submit(take("s1", a_M=1))
    assert isinstance(answer, Accepted)
    assert second.view.revision == first.view.revision == answer.data.revision
