"""A flood of logins from changing networks, beside an owner who logs in."""

import asyncio
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from fancymonkey.accounts.model import Busy
from fancymonkey.accounts.passwords import WAITING_MAX, Passwords
from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor
from tests.support.server import Server
from tests.web.shops import CHEAP, Shop, running

pytestmark = pytest.mark.slow

PASSWORD = "four words without sense"
LOGIN = "/api/admin/login"
PER_SECOND = 80
SECONDS = 4.0


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(MemoryStore()) as shop:
        yield shop


async def test_a_known_client_does_not_wait_for_unknown_ones() -> None:
    free = threading.Event()

    class Stuck(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            if password == "stranger":
                free.wait(30)
            return bool(super().verify(hash, password))

    hashed = await Passwords(CHEAP).hash(PASSWORD)
    passwords = Passwords(Stuck(time_cost=1, memory_cost=64, parallelism=1))
    strangers = [
        asyncio.create_task(passwords.fits(hashed, "stranger")) for _ in range(WAITING_MAX + 20)
    ]
    try:
        for _ in range(5):
            assert await asyncio.wait_for(passwords.fits(hashed, PASSWORD, known=True), 20)
        assert await asyncio.wait_for(passwords.hash(PASSWORD), 20)
    finally:
        free.set()
        done = await asyncio.gather(*strangers, return_exceptions=True)
    assert sum(isinstance(answer, Busy) for answer in done) == 20
    assert done.count(False) == WAITING_MAX


@pytest.mark.parametrize(
    ("spread", "most"),
    [
        ("2001:db8:7:{wide:x}::1", 60),  # one /48
        ("2001:db8:7:{small:x}::{n:x}", 30),  # one /56
        ("198.51.100.{n}", 60),  # one /24
        ("::ffff:198.51.100.{n}", 60),
        ("198.51.100.7", 15),
    ],
)
async def test_unknown_clients_are_counted_per_network(shop: Shop, spread: str, most: int) -> None:
    """Each under another name, so that no account's count stops them."""
    checked = 0
    for number in range(200):
        address = spread.format(n=number, small=number % 200, wide=number * 256)
        stranger = Visitor(shop.client.elsewhere(address))
        checked += (await stranger.log_in(f"name{number}", "x")).status == 401
    assert checked == most


async def test_a_known_browser_passes_regardless_of_its_network(shop: Shop) -> None:
    owner = await Visitor(shop.client.elsewhere("198.51.100.200")).logged_in()
    for number in range(200):
        stranger = Visitor(shop.client.elsewhere(f"198.51.100.{number % 199}"))
        await stranger.log_in("owner" if number % 2 else f"name{number}", "x")
    assert (await owner.log_in()).status == 200


async def test_a_known_browser_passes_from_the_address_of_an_attack(shop: Shop) -> None:
    owner = await Visitor(shop.client).logged_in()
    for number in range(60):
        await Visitor(shop.client).log_in("owner", f"guess {number}")
    assert (await owner.log_in()).status == 200
    assert (await Visitor(shop.client).log_in()).status == 429, "without its cookie it is unknown"


async def test_a_known_address_passes_without_a_cookie(shop: Shop) -> None:
    await Visitor(shop.client).logged_in()
    for number in range(60):
        await Visitor(shop.client.elsewhere(f"192.0.{number}.1")).log_in("owner", "x")
    assert (await Visitor(shop.client).log_in()).status == 200
    assert (await Visitor(shop.client.elsewhere("192.0.99.1")).log_in()).status == 429


async def test_an_address_known_for_one_account_is_unknown_for_others(shop: Shop) -> None:
    from tests.accounts.client import made

    password = await made(shop, "eve", "viewer")
    await Visitor(shop.client).logged_in("eve", password)
    tried = 0
    for number in range(60):
        tried += (await Visitor(shop.client).log_in("owner", f"guess {number}")).status == 401
        shop.clock.forward(5)
    assert tried <= 20


class Flood:
    """Wrong log-ins at a steady pace from networks that change each time."""

    def __init__(self, server: Server, addresses: Iterator[str]) -> None:
        self._server, self._addresses = server, addresses
        self._lock, self._over = threading.Lock(), threading.Event()
        self.statuses: list[int] = []

    def run(self, threads: int = 45) -> list[threading.Thread]:
        """Begins, and returns the thread to join at the end."""
        made = [threading.Thread(target=self._attack, args=(threads,)) for _ in range(threads)]
        for thread in made:
            thread.start()
        return made

    def stop(self) -> None:
        """Ends it."""
        self._over.set()

    def _attack(self, threads: int) -> None:
        with closing(HTTPConnection(self._server.host, self._server.port, timeout=60)) as client:
            while not self._over.wait(threads / PER_SECOND):
                with self._lock:
                    number, address = len(self.statuses), next(self._addresses)
                    self.statuses.append(0)
                body = json.dumps({"name": f"name{number}", "password": "x"})
                client.request("POST", LOGIN, body, {"X-Forwarded-For": address})
                answer = client.getresponse()
                answer.read()
                self.statuses[number] = answer.status


@pytest.mark.parametrize("spread", ["2001:db8:{n:x}::1", "11.{a}.{b}.1"])
def test_the_owner_gets_in_beside_eighty_log_ins_a_second(tmp_path: Path, spread: str) -> None:
    env = {"ADMIN_PASSWORD": PASSWORD, "TRUSTED_PROXIES": "127.0.0.1"}
    with (
        Server(data=tmp_path / "data", env=env, costly_hashes=True) as server,
        httpx.Client(base_url=server.url, timeout=30) as owner,
    ):
        body = {"name": "owner", "password": PASSWORD}
        home = {"X-Forwarded-For": "203.0.113.7"}
        assert owner.post("/api/admin/login", json=body, headers=home).status_code == 200
        numbers = itertools.count(1)
        flood = Flood(server, (spread.format(n=n, a=n // 200, b=n % 200) for n in numbers))
        threads = flood.run()
        statuses, until = [], time.monotonic() + SECONDS
        try:
            while time.monotonic() < until:
                away = {"X-Forwarded-For": f"192.0.2.{len(statuses) + 1}"}  # on the way
                for headers in (home, away):
                    answer = owner.post("/api/admin/login", json=body, headers=headers)
                    statuses.append(answer.status_code)
        finally:
            flood.stop()
            for thread in threads:
                thread.join()
        assert statuses == [200] * len(statuses), statuses
        assert len(statuses) >= 4
        assert len(flood.statuses) > WAITING_MAX  # more than the queue holds
        assert set(flood.statuses) <= {401, 429, 503}
