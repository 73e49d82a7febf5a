"""Three real servers on three machines: the one that decides is cut off, or stopped for long.

No connection is refused here: bytes disappear, as in a network that drops packets.
"""

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from bench.shops import BenchShop, Places, sample
from fancymonkey.engine.cluster.cluster import FOLDER, NAME, STALE_SECONDS
from fancymonkey.settings.fields import host_and_port
from tests.crash.test_deciders import (
    DECIDES,
    FOLLOWS,
    SELL_SECONDS,
    Buyers,
    check,
    settle,
    start,
    until,
    wait,
)
from tests.support.blackhole import Blackhole, FullBacklog
from tests.support.postgres import in_own_loop
from tests.support.server import Server

pytestmark = [pytest.mark.crash, pytest.mark.postgres]


@pytest.fixture
def shop(places: Places) -> BenchShop:
    """A filled database."""
    return BenchShop("postgres", places.shop("postgres", sample()).target, program=None)


def lease_of(target: str) -> dict[str, str]:
    """The lease of the decider, as it is stored."""
    leases: list[dict[str, str]] = []

    async def read() -> None:
        connection = await asyncpg.connect(target)
        query = "SELECT body FROM document WHERE folder = $1 AND name = $2"
        body = await connection.fetchval(query, FOLDER, NAME)
        leases.append(json.loads(body) if body else {})
        await connection.close()

    in_own_loop(read())
    return leases[0]


def lead_through(target: str, way: Blackhole | FullBacklog) -> None:
    """Lets the lease name a proxy as the address of the decider for other machines."""
    host, port = way.address

    async def write() -> None:
        connection = await asyncpg.connect(target)
        async with connection.transaction():
            await connection.execute("UPDATE head SET revision = revision")
            await connection.execute(
                "UPDATE document SET version = version + 1,"
                " body = jsonb_set(body::jsonb, '{remote}', to_jsonb($3::text))::text"
                " WHERE folder = $1 AND name = $2",
                FOLDER,
                NAME,
                f"{host}:{port}",
            )
        await connection.close()

    in_own_loop(write())


@contextmanager
def cut_off_later(shop: BenchShop) -> Iterator[tuple[list[Server], Blackhole, Blackhole]]:
    """The decider and two followers, with its connections to them and to the database."""
    with ExitStack() as stack:
        parts = urlsplit(shop.target)
        assert parts.hostname is not None
        assert parts.port is not None
        database = stack.enter_context(Blackhole((parts.hostname, parts.port)))
        netloc = f"{parts.netloc.rpartition('@')[0]}@{database.host}:{database.address[1]}"
        other_way = BenchShop("postgres", parts._replace(netloc=netloc).geturl(), program=None)
        first = start(other_way, stack)
        until(lambda: DECIDES in first.log)
        peers = stack.enter_context(Blackhole(host_and_port(lease_of(shop.target)["remote"])))
        lead_through(shop.target, peers)
        others = [start(shop, stack) for _ in range(2)]
        for server in others:
            until(lambda server=server: FOLLOWS in server.log)
        yield [first, *others], peers, database


@pytest.mark.parametrize("database_too", [False, True])
def test_others_sell_at_once_when_the_decider_is_cut_off(
    shop: BenchShop, database_too: bool
) -> None:
    """First only its peers lose it, then also the database. It follows once it is back."""
    with cut_off_later(shop) as (servers, peers, database):
        first, *others = servers
        buyers = Buyers(servers, (1, 2) if database_too else None)
        try:
            until(lambda: buyers.sold_since(0, (1, 2)))
            usual = wait(buyers, (1, 2), lambda: None)
            settle(first)

            def cut() -> None:
                peers.swallow()
                if database_too:
                    database.swallow()

            waited = wait(buyers, (1, 2), cut)
            until(lambda: any(DECIDES in server.log for server in others))
            assert peers.swallowed
            if database_too:
                assert database.swallowed
                database.restore()
            until(lambda: first.log.count(FOLLOWS) == 1)  # it follows its successor
            again = time.monotonic()
            until(lambda: buyers.sold_since(again, (1, 2)))
            if not database_too:
                until(lambda: buyers.sold_since(again, (0,)))
        finally:
            buyers.stop()
        assert waited < SELL_SECONDS + 2 * usual
        asyncio.run(check(shop.target, buyers))


@pytest.fixture(params=[Blackhole, FullBacklog])
def hole(request: pytest.FixtureRequest) -> Iterator[Blackhole | FullBacklog]:
    """An address that accepts and never answers, or that drops the sent bytes."""
    with request.param() as made:
        yield made


def test_an_address_that_never_answers_costs_no_sale(
    shop: BenchShop, hole: Blackhole | FullBacklog
) -> None:
    """A server starts, and the lease names an unreachable address: it decides by itself."""
    with ExitStack() as stack:
        first = start(shop, stack)
        until(lambda: DECIDES in first.log)
        lead_through(shop.target, hole)
        second = start(shop, stack)
        buyers = Buyers([second])
        try:
            waited = wait(buyers, (0,), lambda: None)
            usual = wait(buyers, (0,), lambda: None)
            until(lambda: "cannot be reached" in second.log)
            sold = len(buyers.accepted)
            until(lambda: len(buyers.accepted) > sold + 50)
            assert FOLLOWS not in second.log
        finally:
            buyers.stop()
        assert waited < SELL_SECONDS + 2 * usual
        assert buyers.unknown == []
        asyncio.run(check(shop.target, buyers))


def test_a_decider_that_was_stopped_for_longer_than_its_lease_decides_nothing_late(
    shop: BenchShop,
) -> None:
    """Requests from before the stop, its own and those of others, change nothing twice."""
    with ExitStack() as stack:
        first = start(shop, stack)
        until(lambda: DECIDES in first.log)
        second = start(shop, stack)
        until(lambda: FOLLOWS in second.log)
        buyers = Buyers([first, second])
        try:
            until(lambda: buyers.sold_since(0, (0, 1)))
            usual = wait(buyers, (1,), lambda: None)
            settle(first)
            stopped = time.monotonic()
            waited = wait(buyers, (1,), lambda: first.send_signal(signal.SIGSTOP))
            until(lambda: DECIDES in second.log)
            # The lease of a stopped process ends only with real time.
            until(lambda: time.monotonic() - stopped > STALE_SECONDS + 1)
            first.send_signal(signal.SIGCONT)
            until(lambda: FOLLOWS in first.log)
            again = time.monotonic()
            until(lambda: buyers.sold_since(again, (0, 1)))
        finally:
            first.send_signal(signal.SIGCONT)
            buyers.stop()
        assert waited < SELL_SECONDS + 2 * usual
        asyncio.run(check(shop.target, buyers))
