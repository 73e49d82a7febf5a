"""Workers share a port: new connections go to the worker that decides, and to others without it."""

import asyncio
import contextlib
import http.client
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from bench.shops import HOT, BenchShop, Places, sample
from fancymonkey.core.model import Reservation
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import verify_store
from tests.crash.test_deciders import DECIDES, FOLLOWS, until
from tests.support.server import Server

pytestmark = pytest.mark.postgres
WORKERS = 3
IN_A_ROW = 12
"""By chance three workers give this number of connections to one of them once in 177,000 runs."""


@pytest.fixture
def shop(places: Places) -> BenchShop:
    return BenchShop("postgres", places.shop("postgres", sample()).target, program=None)


@pytest.fixture
def server(shop: BenchShop) -> Iterator[Server]:
    """Three workers, of which one decides."""
    with shop.server(workers=WORKERS, env={"LOG_LEVEL": "info"}) as server:
        until(lambda: server.log.count(FOLLOWS) >= WORKERS - 1)
        yield server


class OpenConnection:
    """A connection that stays open."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
        self._connection.connect()

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        self._connection.request(method, path, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        return response.status, response.read().decode()

    def reserve(self, session: str) -> int:
        return self.ask(
            "POST",
            "/api/inventory/reserve",
            f'{{"productId":"{HOT[0]}","size":"{HOT[1]}","quantity":1,"sessionId":"{session}"}}',
        )[0]

    def role(self) -> str:
        """The role of the worker that has the connection."""
        text = self.ask("GET", "/metrics")[1]
        (name,) = re.findall(r'^fancymonkey_decider_role\{role="(\w+)"\} 1', text, re.MULTILINE)
        return str(name)

    @property
    def port(self) -> int:
        """Its own end of the connection."""
        assert isinstance(self._connection.sock, socket.socket)
        return int(self._connection.sock.getsockname()[1])

    def close(self) -> None:
        self._connection.close()


def role(server: Server) -> str:
    """The role of the worker that takes a new connection."""
    buyer = OpenConnection(server)
    try:
        return buyer.role()
    finally:
        buyer.close()


def connection_to_decider(server: Server) -> OpenConnection:
    """A connection to the worker that decides; others may get some before they know of it."""
    refused: list[OpenConnection] = []
    try:
        while True:
            buyer = OpenConnection(server)
            if buyer.role() == "decides":
                return buyer
            refused.append(buyer)
            assert len(refused) < 120
            time.sleep(0.25)
    finally:
        for buyer in refused:
            buyer.close()


def in_a_row(check: Callable[[], bool]) -> bool:
    return all(check() for _ in range(IN_A_ROW))


def worker_of(server: Server, buyer: OpenConnection) -> psutil.Process:
    """The worker that has the connection."""
    buyer.ask("GET", "/healthz")  # it may still wait to be accepted
    for worker in psutil.Process(server.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # one may end at this moment
            for end in worker.net_connections("tcp"):
                if end.raddr and end.raddr.port == buyer.port:
                    return worker
    raise AssertionError("no worker has the connection")


async def sessions(target: str) -> set[str]:
    """The sessions of all holds; the shop is consistent."""
    store = open_store(target, read_only=True)
    await store.open(0)
    try:
        assert (await verify_store(store)).clean
        return {row.session_id async for row in store.scan(Reservation)}
    finally:
        await store.close()


def test_new_connections_go_to_the_worker_that_decides(server: Server) -> None:
    until(lambda: in_a_row(lambda: role(server) == "decides"), 120)


@pytest.mark.parametrize("trouble", [signal.SIGKILL, signal.SIGSTOP])
def test_others_take_the_connections_of_a_decider_in_trouble(
    server: Server, shop: BenchShop, trouble: signal.Signals
) -> None:
    first = connection_to_decider(server)
    decider = worker_of(server, first)
    assert first.reserve("before") == 200
    taken = server.log.count(DECIDES)
    os.kill(decider.pid, trouble)
    try:
        later = [OpenConnection(server) for _ in range(IN_A_ROW)]
        for number, buyer in enumerate(later):
            until(lambda buyer=buyer, number=number: buyer.reserve(f"later-{number}") == 200)
        until(lambda: server.log.count(DECIDES) > taken)
    finally:
        if trouble == signal.SIGSTOP:
            os.kill(decider.pid, signal.SIGCONT)
    until(lambda: in_a_row(lambda: role(server) == "decides"), 120)
    assert [buyer.reserve(f"again-{number}") for number, buyer in enumerate(later)] == [
        200
    ] * IN_A_ROW
    for buyer in (first, *later):
        buyer.close()
    expected = {f"{word}-{number}" for word in ("later", "again") for number in range(IN_A_ROW)}
    assert asyncio.run(sessions(shop.target)) == {"before", *expected}


def test_the_next_decider_gets_the_connections_after_a_restart_of_the_worker(
    server: Server, shop: BenchShop
) -> None:
    first = connection_to_decider(server)
    decider = worker_of(server, first)
    assert first.reserve("before") == 200
    decider.terminate()
    until(lambda: not decider.is_running() or decider.status() == psutil.STATUS_ZOMBIE)
    first.close()
    until(lambda: in_a_row(lambda: role(server) == "decides"), 120)
    second = OpenConnection(server)
    assert worker_of(server, second) != decider
    assert second.reserve("after") == 200
    second.close()
    assert asyncio.run(sessions(shop.target)) == {"before", "after"}
