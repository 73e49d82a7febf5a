"""Guesses at the admin password, from many addresses and through every endpoint."""

import base64
import http.client
import itertools
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.accounts.audit_log import AuditLog
from fancymonkey.errors import ConfigError
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor, accounts, code_of
from tests.support.server import Server
from tests.web.client import Answer, Client
from tests.web.shops import CRON, HOODIE, PASSWORD, Clock, Shop, running

ME = "/api/admin/me"
GUESSES = 100
HOME = "203.0.113.7"
ROW = {"productId": HOODIE, "size": "M", "lowStockThreshold": 5}


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(MemoryStore()) as shop:
        yield shop


SPREADS: dict[str, Callable[[int], str]] = {
    "one /64": lambda n: f"2001:db8:1:2::{n:x}",
    "one /56": lambda n: f"2001:db8:1:{n % 256:x}::1",
    "one /48": lambda n: f"2001:db8:1:{n:x}::1",
    "many /48": lambda n: f"2001:db8:{n:x}::1",
    "one /24": lambda n: f"198.51.100.{n % 254 + 1}",
    "all of IPv4": lambda n: f"{n % 90 + 11}.{n // 90}.{n % 251}.9",
    "mapped": lambda n: f"::ffff:198.51.100.{n % 254 + 1}",
    "both": lambda n: f"198.51.100.{n}" if n % 2 else f"2001:db8:{n:x}::1",
}


async def bearer(client: Client, guess: str) -> Answer:
    return await client.get(ME, {"Authorization": f"Bearer {guess}"})


async def body(client: Client, guess: str) -> Answer:
    return await client.post("/api/inventory/update", {"password": guess, "updates": [ROW]})


async def bulk(client: Client, guess: str) -> Answer:
    change = {"action": "set", "filter": {"productIds": []}, "changes": {"lowStockThreshold": 5}}
    return await client.post("/api/inventory/bulk-update", {"password": guess, **change})


async def cron(client: Client, guess: str) -> Answer:
    return await client.get("/api/cron/release-expired", {"Authorization": f"Bearer {guess}"})


async def release(client: Client, guess: str) -> Answer:
    return await client.get("/api/inventory/release", {"Authorization": f"bearer {guess}"})


async def reconcile(client: Client, guess: str) -> Answer:
    headers = {"Authorization": f"Bearer {guess}"}
    return await client.post("/api/payments/reconcile", b"", headers)


async def login(client: Client, guess: str) -> Answer:
    return await client.post("/api/admin/login", {"name": "owner", "password": guess})


WAYS = (bearer, body, bulk, cron, release, reconcile, login)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spread", SPREADS)
async def test_any_spread_of_addresses_is_stopped(shop: Shop, spread: str, way: Any) -> None:
    statuses = []
    for number in range(GUESSES):
        client = shop.client.elsewhere(SPREADS[spread](number))
        statuses.append((await way(client, f"guess {number}")).status)
    assert set(statuses) <= {401, 429}
    assert statuses.count(401) <= 20
    assert statuses[-1] == 429


async def test_all_ways_together_are_stopped(shop: Shop) -> None:
    """The ways share one count; only the log-in has the account's."""
    tried = 0
    for number in range(300):
        client = shop.client.elsewhere(f"2001:db8:{number:x}::1")
        tried += (await WAYS[number % len(WAYS)](client, f"guess {number}")).status == 401
    assert tried <= 40


async def test_a_right_guess_that_comes_too_late_is_refused_too(shop: Shop) -> None:
    for number in range(GUESSES):
        await bearer(shop.client.elsewhere(f"2001:db8:{number:x}::1"), f"guess {number}")
    stranger = shop.client.elsewhere("2001:db8:ffff::1")
    for way in WAYS[:-1]:
        assert (await way(stranger, PASSWORD)).status == 429, way
    shop.clock.forward(15 * 60)
    assert (await bearer(stranger, PASSWORD)).status == 200, "it ends by itself"


async def test_the_owner_gets_in_from_where_they_were_before(shop: Shop) -> None:
    home = shop.client.elsewhere(HOME)
    assert (await bearer(home, PASSWORD)).status == 200
    for number in range(GUESSES):
        await bearer(shop.client.elsewhere(f"2001:db8:{number:x}::1"), f"guess {number}")
    for way in WAYS[:-1]:
        answer = await way(home, PASSWORD)
        assert answer.status in (200, 404, 503), (way, answer.body)  # no Stripe: nothing to compare


async def test_neighbours_in_its_network_close_no_known_address(shop: Shop) -> None:
    home = shop.client.elsewhere("198.51.100.200")
    assert (await bearer(home, PASSWORD)).status == 200
    for number in range(GUESSES):
        await bearer(shop.client.elsewhere(f"198.51.100.{number}"), f"guess {number}")
    assert (await bearer(home, PASSWORD)).status == 200


async def test_where_the_owner_was_is_known_after_a_restart() -> None:
    store, clock = MemoryStore(), Clock()
    async with running(store, clock) as shop:
        assert (await bearer(shop.client.elsewhere(HOME), PASSWORD)).status == 200
        fresh = shop.client.app._shop.guesses.__class__  # the counts of a new process
        web = shop.client.app._shop
        web.guesses = fresh(clock, web.throttle.__class__(clock), web.accounts.places, _silent)
        for number in range(GUESSES):
            await bearer(shop.client.elsewhere(f"2001:db8:{number:x}::1"), f"guess {number}")
        assert (await bearer(shop.client.elsewhere("192.0.2.1"), PASSWORD)).status == 429
        assert (await bearer(shop.client.elsewhere(HOME), PASSWORD)).status == 200
        assert HOME not in str([place async for place in web.accounts.places.folder.after("")])


async def _silent(name: str, address: str) -> None:
    """No alarm."""


async def test_a_known_address_has_as_many_guesses_as_an_unknown_one(shop: Shop) -> None:
    home = shop.client.elsewhere(HOME)
    assert (await bearer(home, PASSWORD)).status == 200
    tried = 0
    for number in range(200):
        tried += (await bearer(home, f"guess {number}")).status == 401
        shop.clock.forward(4)  # below what the count of a minute stops
    assert tried <= 40


async def test_keys_and_the_scheduler_continue_to_work(shop: Shop) -> None:
    _, key = await accounts(shop).keys.make("sheet", "stock", "owner", None)
    scheduler = shop.client.elsewhere("192.0.2.50")
    assert (await cron(scheduler, CRON)).status == 200
    for number in range(GUESSES):
        await cron(shop.client.elsewhere(f"2001:db8:{number:x}::1"), f"guess {number}")
    assert (await bearer(shop.client.elsewhere("192.0.2.51"), key)).status == 200
    assert (await cron(scheduler, CRON)).status == 200


async def test_wrong_keys_do_not_block_the_password(shop: Shop) -> None:
    for number in range(GUESSES):
        await bearer(shop.client.elsewhere(f"2001:db8:{number:x}::1"), f"fmk_{number}_x")
    assert (await bearer(shop.client.elsewhere("192.0.2.1"), PASSWORD)).status == 200


async def test_the_right_password_on_the_schedulers_path_is_not_a_failure(shop: Shop) -> None:
    for _ in range(30):
        assert (await release(shop.client, PASSWORD)).status == 200
    assert (await bearer(shop.client, PASSWORD)).status == 200


async def test_the_owner_gets_one_alert(shop: Shop) -> None:
    acts: AuditLog = accounts(shop).audit_log
    received: list[str] = []

    async def hear(message: Any) -> None:
        received.append(message.type)

    shop.client.app._shop.alerts.report = hear
    for number in range(3 * GUESSES):
        await bearer(shop.client.elsewhere(f"2001:db8:{number:x}::1"), f"guess {number}")
        shop.clock.forward(5)
    whats = [act.what for act in await acts.latest(1000)]
    assert sum("is being guessed" in what for what in whats) == 1
    assert received == ["secret.guessed"]
    assert "guess 3" not in await shop.stored_text()


# The second factor.


async def with_factor(shop: Shop) -> tuple[Visitor, str]:
    """An owner who has a second factor, and its secret."""
    owner = await Visitor(shop.client.elsewhere("192.0.2.9")).logged_in()
    begun = await owner.post("/api/admin/factor/begin", {"password": PASSWORD})
    secret: str = begun.json["secret"]
    done = await owner.post("/api/admin/factor/confirm", {"code": code_of(shop.client, secret)})
    assert done.status == 200, done.body
    return owner, secret


@pytest.mark.parametrize("way", [bearer, body, bulk, cron, release, reconcile])
async def test_the_password_by_itself_passes_no_second_factor(shop: Shop, way: Any) -> None:
    await with_factor(shop)
    answer = await way(shop.client, PASSWORD)
    assert (answer.status, answer.code) == (401, "code_needed")
    assert "API key" in answer.json["detail"]


@pytest.mark.parametrize(
    "path",
    ["users/add", "users/role", "users/password", "users/reset-factor", "keys/make", "migrate"],
)
async def test_it_takes_no_second_factor_away(shop: Shop, path: str) -> None:
    await with_factor(shop)
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    answer = await shop.client.post(f"/api/admin/{path}", {"name": "owner"}, headers)
    assert (answer.status, answer.code) == (401, "code_needed")
    (user,) = await accounts(shop).users.all()
    assert user.factor is not None


async def test_with_a_code_it_opens_once(shop: Shop) -> None:
    _, secret = await with_factor(shop)
    headers = {
        "Authorization": f"Bearer {PASSWORD}",
        "X-Second-Factor": code_of(shop.client, secret, 1),
    }
    assert (await shop.client.get(ME, headers)).status == 200
    assert (await shop.client.get(ME, headers)).code == "not_proven"


async def test_guesses_at_the_code_are_counted(shop: Shop) -> None:
    await with_factor(shop)
    statuses = []
    for number in range(40):
        client = shop.client.elsewhere(f"2001:db8:{number:x}::1")
        headers = {"Authorization": f"Bearer {PASSWORD}", "X-Second-Factor": f"{number:06}"}
        statuses.append((await client.get(ME, headers)).status)
    assert statuses.count(403) <= 20
    assert statuses[-1] == 429


async def test_scripts_continue_with_a_key(shop: Shop) -> None:
    owner, _ = await with_factor(shop)
    made = await owner.post("/api/admin/keys/make", {"label": "sheet", "right": "stock"})
    headers = {"Authorization": f"Bearer {made.json['secret']}"}
    answer = await shop.client.post("/api/inventory/update", {"updates": [ROW]}, headers)
    assert answer.status == 200


# The least length, at the start.


@pytest.mark.parametrize("password", ["a", "hunter2", "elevenchars", "äöüäöüäöüäö", "  short    "])
def test_a_short_password_starts_nothing(password: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ADMIN_PASSWORD should have 12 characters") as raised:
        Settings.load({"ADMIN_PASSWORD": password}, file=Path(os.devnull))
    assert password.strip() not in str(raised.value) or len(password.strip()) == 1
    assert Settings.load({"ADMIN_PASSWORD": password, "DEMO": "on"}, file=Path(os.devnull))


def test_a_server_with_a_short_password_ends_with_a_clear_error(tmp_path: Path) -> None:
    server = Server(data=tmp_path / "data", env={"ADMIN_PASSWORD": "elevenchars"})
    assert server.launch().wait() != 0
    assert "ADMIN_PASSWORD should have 12 characters or more" in server.log
    assert "Traceback" not in server.log
    assert "elevenchars" not in server.log
    server.close()


def test_twelve_characters_are_enough() -> None:
    assert Settings.load({"ADMIN_PASSWORD": "twelve chars"}, file=Path(os.devnull))


# A real server, behind a proxy whose headers are accepted.

REAL = "four words without sense"


def attempts(server: Server, addresses: Iterator[str], guesses: list[str]) -> list[int]:
    """The statuses of these guesses, each from another address."""
    statuses = []
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as connection:
        for guess, address in zip(guesses, addresses, strict=False):
            headers = {"Authorization": f"Bearer {guess}", "X-Forwarded-For": address}
            connection.request("GET", ME, headers=headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    return statuses


@pytest.mark.slow
def test_a_real_server_stops_guesses_within_a_hundred(tmp_path: Path) -> None:
    env = {"ADMIN_PASSWORD": REAL, "TRUSTED_PROXIES": "127.0.0.1"}
    with Server(data=tmp_path / "data", env=env) as server:
        assert attempts(server, iter([HOME]), [REAL]) == [200]
        spread = (f"2001:db8:7:{number // 14:x}::{number:x}" for number in itertools.count())
        statuses = attempts(server, spread, [f"guess {number}" for number in range(150)])
        assert statuses.index(429) < 100
        assert attempts(server, iter(["2001:db8:7:ffff::1"]), [REAL]) == [429]
        assert attempts(server, iter([HOME]), [REAL]) == [200]
        server.stop()
        server.start()
        attempts(server, (f"192.0.{n}.1" for n in range(99)), [f"guess {n}" for n in range(99)])
        assert attempts(server, iter(["192.0.2.77"]), [REAL]) == [429]
        assert attempts(server, iter([HOME]), [REAL]) == [200]


def test_basic_credentials_are_never_compared(tmp_path: Path) -> None:
    with (
        Server(data=tmp_path / "data", env={"ADMIN_PASSWORD": REAL}) as server,
        closing(http.client.HTTPConnection(server.host, server.port)) as connection,
    ):
        coded = base64.b64encode(f"admin:{REAL}".encode()).decode()
        connection.request("GET", ME, headers={"Authorization": f"Basic {coded}"})
        answer = connection.getresponse()
        assert answer.status == 401
        assert json.loads(answer.read())["code"] == "unauthorized"
