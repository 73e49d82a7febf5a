"""Three real servers on one PostgreSQL: the one that decides is killed, stopped, and restarted.

On one machine they use its sockets. On three they share no folder, and the connections are TCP.
"""

import asyncio
import json
import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException

import httpx
import pytest

from bench.shops import HOT, BenchShop, Places, sample
from fancymonkey.core.model import Entry, Reservation
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from fancymonkey.store.postgres.store import CROWDED
from fancymonkey.store.verify import verify_store
from tests.support.server import Server

pytestmark = pytest.mark.postgres
DECIDES = "this server decides for all servers"
FOLLOWS = "another server decides for this one"
PAUSE_SECONDS = 0.05
PROBES = 10
SELL_SECONDS = 1.0
"""Seconds until other servers sell again."""


def until(check: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def target(places: Places) -> str:
    """A filled database."""
    return places.shop("postgres", sample()).target


@pytest.fixture(params=["one machine", "three machines"])
def servers(request: pytest.FixtureRequest, target: str) -> Iterator[list[Server]]:
    """The decider and two followers."""
    with several(
        BenchShop("postgres", target, program=None), 3, apart=request.param != "one machine"
    ) as started:
        yield started


@contextmanager
def several(shop: BenchShop, count: int, *, apart: bool) -> Iterator[list[Server]]:
    """The decider and its followers; `apart`: each as if on a machine of its own."""
    with ExitStack() as stack:
        started = [start(shop, stack, apart=apart)]
        until(lambda: DECIDES in started[0].log)
        started += [start(shop, stack, apart=apart) for _ in range(count - 1)]
        for server in started[1:]:
            until(lambda server=server: FOLLOWS in server.log)
        yield started


def start(shop: BenchShop, stack: ExitStack, *, apart: bool = True) -> Server:
    """A running server; `apart`: as if on a machine of its own."""
    env = {"LOG_LEVEL": "info"}
    if apart:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp"))
        env |= {"XDG_RUNTIME_DIR": folder, "CLUSTER_ADDRESS": "127.0.0.1"}
    return stack.enter_context(shop.server(env=env))


class Buyers:
    """Threads that reserve one unit each time; every session is new. They keep the answers.

    `places` are the servers at which they buy, by default all. Between two units a buyer pauses,
    but not within `crowding`: the trouble of a test meets a crowd, its long waits do not need one.
    """

    def __init__(self, servers: list[Server], places: tuple[int, ...] | None = None) -> None:
        self.accepted: list[tuple[float, int, str]] = []
        self.unknown: list[tuple[float, int, str]] = []
        self._servers, self._running, self._pause = servers, True, PAUSE_SECONDS
        self._pool = ThreadPoolExecutor(6)
        self._work = [
            self._pool.submit(self._buy, place, number)
            for place in (range(len(servers)) if places is None else places)
            for number in range(2)
        ]

    @contextmanager
    def crowding(self) -> Iterator[None]:
        """Buys without a pause within this context."""
        self._pause = 0.0
        try:
            yield
        finally:
            self._pause = PAUSE_SECONDS

    def _buy(self, place: int, number: int) -> None:
        count = 0
        with closing(self._connection(place)) as connection:
            while self._running:
                count += 1
                session = f"buyer-{place}-{number}-{count}-{os.getpid()}"
                try:
                    status = reserve(connection, session)
                except (OSError, HTTPException):
                    self.unknown.append((time.monotonic(), place, session))
                    connection.close()
                    time.sleep(0.05)
                    continue
                assert status in (200, 503)
                answers = self.accepted if status == 200 else self.unknown
                answers.append((time.monotonic(), place, session))
                time.sleep(self._pause)

    def _connection(self, place: int) -> HTTPConnection:
        server = self._servers[place]
        return HTTPConnection(server.host, server.port, timeout=20)

    def come(self, place: int, number: int) -> float:
        """A new buyer, who comes shortly after the one before. Returns when the buyer has a
        unit.
        """
        time.sleep(number / PROBES * SELL_SECONDS)
        session = f"late-{place}-{number}-{time.monotonic_ns()}"
        with closing(self._connection(place)) as connection:
            sold = reserve(connection, session) == 200
        at = time.monotonic()
        (self.accepted if sold else self.unknown).append((at, place, session))
        return at if sold else 0.0

    def sold_since(self, at: float, places: tuple[int, ...]) -> bool:
        """Whether each of these servers has sold something after a moment."""
        return {place for time_, place, _ in self.accepted if time_ > at} >= set(places)

    def stop(self) -> None:
        self._running = False
        for work in self._work:
            work.result(60)
        self._pool.shutdown()


def reserve(connection: HTTPConnection, session: str) -> int:
    """Reserves a unit. Returns the status of the answer."""
    body = {"productId": HOT[0], "size": HOT[1], "quantity": 1, "sessionId": session}
    connection.request("POST", "/api/inventory/reserve", json.dumps(body))
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


async def check(target: str, buyers: Buyers) -> None:
    """Every answered hold is stored once, with one unit; nothing else but unknown ones is."""
    store = open_store(target, read_only=True)
    await store.open(0)
    try:
        held = {row.session_id: row async for row in store.scan(Reservation)}
        entries = await _ledger(store)
        assert (await verify_store(store)).clean
    finally:
        await store.close()
    answered = {session for _, _, session in buyers.accepted}
    unknown = {session for _, _, session in buyers.unknown}
    assert answered <= held.keys()
    assert held.keys() <= answered | unknown
    assert [entry.revision for entry in entries] == list(range(1, len(entries) + 1))
    made = Counter(entry.reservation_id for entry in entries if entry.reserved > 0)
    assert set(made.values()) == {1}
    assert len(made) == len(held)


async def _ledger(store: Store) -> list[Entry]:
    entries: list[Entry] = []
    while page := await store.entries_after(len(entries)):
        entries += page
    return entries


def test_others_sell_at_once_when_the_decider_is_killed_or_stopped(
    servers: list[Server], target: str
) -> None:
    first, *others = servers
    buyers = Buyers(servers)
    try:
        until(lambda: buyers.sold_since(0, (0, 1, 2)))
        usual = wait(buyers, (1, 2), lambda: None)  # on a busy machine a sale takes long
        waits = [wait(buyers, (1, 2), first.kill)]
        until(lambda: any(DECIDES in server.log for server in others))
        decider = others[0] if DECIDES in others[0].log else others[1]
        left = 3 - servers.index(decider)
        until(lambda: servers[left].log.count(FOLLOWS) >= 2)
        settle(decider)
        try:
            waits.append(wait(buyers, (left,), lambda: decider.send_signal(signal.SIGSTOP)))
            until(lambda: DECIDES in servers[left].log)
        finally:
            decider.send_signal(signal.SIGCONT)
        until(lambda: decider.log.count(FOLLOWS) >= 2)  # it follows its successor
        again = time.monotonic()
        until(lambda: buyers.sold_since(again, (1, 2)))
    finally:
        buyers.stop()
    assert max(waits) < SELL_SECONDS + 2 * usual
    asyncio.run(check(target, buyers))


def settle(server: Server) -> None:
    """Returns when it takes no lock: one that is stopped under the lock blocks others for 2 s."""

    def batches() -> float:
        text = httpx.get(f"{server.url}/metrics", timeout=20).text
        (line,) = re.findall(r"^fancymonkey_batches_total (\S+)", text, re.MULTILINE)
        return float(line)

    enough = batches() + 2 * CROWDED
    until(lambda: batches() > enough)


def until_crowded() -> None:
    """Returns when no buyer is within a pause that began before the crowd."""
    time.sleep(2 * PAUSE_SECONDS)


def wait(buyers: Buyers, places: tuple[int, ...], trouble: Callable[[], object]) -> float:
    """Seconds from a failure until each of these servers has sold to a buyer who came after it."""
    with buyers.crowding(), ThreadPoolExecutor(PROBES * len(places)) as pool:
        until_crowded()
        began = time.monotonic()
        trouble()
        answers = {
            place: [pool.submit(buyers.come, place, number) for number in range(PROBES)]
            for place in places
        }
        sold = {place: [work.result() for work in waiting] for place, waiting in answers.items()}
    return max(min(at for at in times if at) for times in sold.values()) - began


def test_a_rolling_restart_refuses_only_what_was_in_flight_there(
    servers: list[Server], target: str
) -> None:
    """The decider ends first: the others get every answer, and one of them decides."""
    buyers = Buyers(servers)
    try:
        until(lambda: buyers.sold_since(0, (0, 1, 2)))
        with buyers.crowding():
            until_crowded()
            assert servers[0].stop() == 0
            until(lambda: any(DECIDES in server.log for server in servers[1:]))
        again = time.monotonic()
        until(lambda: buyers.sold_since(again, (1, 2)))
    finally:
        buyers.stop()
    assert [place for _, place, _ in buyers.unknown if place != 0] == []
    asyncio.run(check(target, buyers))
