"""Two real servers behind a real pgbouncer in transaction mode, as hosted databases have it."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from bench.shops import HOT, PASSWORD, BenchShop, Places, sample
from tests.crash.test_deciders import DECIDES, SELL_SECONDS, Buyers, check, several, until, wait
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer
from tests.support.server import Server

pytestmark = [pytest.mark.crash, pytest.mark.postgres]
HEADERS = {"Authorization": f"Bearer {PASSWORD}"}


@pytest.fixture
def pooler(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler whose sessions get another connection nearly each time."""
    with PgBouncer(postgres_server) as started:
        yield started


@pytest.fixture
def target(places: Places) -> str:
    """A filled database, without the pooler."""
    return places.shop("postgres", sample()).target


def behind(pooler: PgBouncer, target: str) -> BenchShop:
    """The shop whose servers reach the database through the pooler."""
    direct = urlsplit(target).netloc.rpartition("@")[2]
    return BenchShop("postgres", pooler.url_of(target, direct=direct), program=None)


def role_of(server: Server) -> str:
    """The role of a server among all, by its metrics."""
    lines = httpx.get(f"{server.url}/metrics", timeout=20).text.splitlines()
    (line,) = [
        line
        for line in lines
        if line.startswith("fancymonkey_decider_role{") and line.endswith((" 1", " 1.0"))
    ]
    return line.split('"')[1]


@pytest.mark.parametrize("apart", [False, True])
def test_two_servers_behind_a_pooler_sell_and_survive_a_kill(
    pooler: PgBouncer, target: str, apart: bool
) -> None:
    """One decides for both; after its kill the other one does. No answer is lost or repeated."""
    with several(behind(pooler, target), 2, apart=apart) as servers:
        first, second = servers
        assert [role_of(server) for server in servers] == ["decides", "follows"]
        buyers = Buyers(servers)
        try:
            until(lambda: buyers.sold_since(0, (0, 1)))
            usual = wait(buyers, (1,), lambda: None)
            waited = wait(buyers, (1,), first.kill)
            until(lambda: DECIDES in second.log)
            first.start()
            until(lambda: role_of(first) == "follows")
            again = time.monotonic()
            until(lambda: buyers.sold_since(again, (0, 1)))
        finally:
            buyers.stop()
        assert waited < SELL_SECONDS + 2 * usual
    asyncio.run(check(target, buyers))


def test_a_change_reaches_listeners_of_the_other_server(pooler: PgBouncer, target: str) -> None:
    """Each decides by itself here, so that only the notification of the database brings it."""
    shop = behind(pooler, target)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, shop.server() as first:
        apart = {"CLUSTER_ADDRESS": "off", "XDG_RUNTIME_DIR": folder}
        with shop.server(env=apart) as second:
            assert role_of(second) == "alone"
            url = f"{second.url}/api/inventory/live"
            with httpx.stream("GET", url, timeout=httpx.Timeout(20)) as events:
                lines = events.iter_lines()
                assert next(lines)
                body = {"productId": HOT[0], "size": HOT[1], "quantity": 1, "sessionId": "behind"}
                sold = httpx.post(f"{first.url}/api/inventory/reserve", json=body, timeout=20)
                assert sold.status_code == 200
                wanted = f"id: {sold.json()['revision']}"
                assert wanted in lines  # a read without it ends with a timeout


def test_jobs_run_behind_a_pooler(pooler: PgBouncer, target: str) -> None:
    """Each server runs a job that is asked for, and both list it."""
    with several(behind(pooler, target), 2, apart=False) as servers:
        for server in servers:
            url = f"{server.url}/api/cron/retention"
            ran = httpx.post(url, headers=HEADERS, timeout=60)
            assert ran.json()["outcome"] == "nothing", ran.text  # no row is old
        for server in servers:
            url = f"{server.url}/api/payments/runs"
            runs = httpx.get(url, headers=HEADERS, timeout=20).json()["runs"]
            assert "retention" in [run["job"] for run in runs]
