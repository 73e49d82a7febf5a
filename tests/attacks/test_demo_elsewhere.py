"""A demo has a published password: DNS rebinding, and a proxy in front of it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fancymonkey.errors import ConfigError
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from tests.support.server import Server
from tests.web.shops import running

pytestmark = pytest.mark.slow

LOGIN = {"name": "owner", "password": PUBLISHED_PASSWORD}
BEARER = {"Authorization": f"Bearer {PUBLISHED_PASSWORD}"}
ROW = {"productId": "prod_hoodie_001", "size": "M", "lowStockThreshold": 5}
HERE = ("localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:8000", "[::1]:8000")
ELSEWHERE = (
    *("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example"),
    *("localhost@evil.example", "evil.example#localhost", "2130706433", "127.1", "0.0.0.0", "::1"),
    *("127.0.0.1:8000:80", "localhost:evil", "", " ", "[::1].evil.example", "192.168.0.7"),
)
PATHS = (
    ("GET", "/"),
    ("GET", "/api/inventory/get"),
    ("POST", "/api/inventory/reserve"),
    ("POST", "/api/admin/login"),
    ("GET", "/api/admin/me"),
    ("POST", "/api/admin/migrate"),
    ("GET", "/admin/"),
    ("GET", "/metrics"),
    ("GET", "/api/cron/release-expired"),
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("demo") / "data"
    with Server(data=data, arguments=["--demo", "--init"]) as server:
        yield server


def ask(
    server: Server, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes]:
    """A request with exactly the given headers; without a Host, that of the server is sent."""
    with closing(HTTPConnection(server.host, server.port, timeout=20)) as connection:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_page_that_rebinds_its_name_reaches_nothing(demo: Server, host: str) -> None:
    for method, path in PATHS:
        status, body = ask(demo, method, path, LOGIN, Host=host, **BEARER)
        assert status in (400, 421), (method, path, status, body)


@pytest.mark.parametrize("host", HERE)
def test_the_demo_answers_on_this_machine(demo: Server, host: str) -> None:
    assert ask(demo, "GET", "/", Host=host)[0] == 200
    assert ask(demo, "POST", "/api/admin/login", LOGIN, Host=host)[0] == 200
    assert ask(demo, "GET", "/api/admin/me", Host=host, **BEARER)[0] == 200


def test_a_rebinding_page_gets_no_live_connection(demo: Server) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    status, _ = ask(demo, "GET", "/api/inventory/live", Host="evil.example", **upgrade)
    assert status in (400, 403, 421)
    status, _ = ask(
        demo, "GET", "/api/inventory/live", Host="evil.example", Accept="text/event-stream"
    )
    assert status in (400, 421)


@pytest.mark.parametrize("lines", ["", "Host: localhost\r\nHost: evil.example\r\n"])
def test_a_request_without_one_host_is_refused(demo: Server, lines: str) -> None:
    with closing(socket.create_connection((demo.host, demo.port), timeout=20)) as connection:
        connection.sendall(f"GET /api/inventory/get HTTP/1.1\r\n{lines}\r\n".encode())
        assert connection.recv(64).split()[1] in (b"400", b"421")


def test_a_rebinding_page_moves_no_store(demo: Server, tmp_path: Path) -> None:
    to = {"to": f"{tmp_path}/thief"}
    for host in ("evil.example", "localhost"):
        status, _ = ask(demo, "POST", "/api/admin/migrate", to, Host=host, **BEARER)
        assert status in (400, 403, 421)
    assert not (tmp_path / "thief").exists()


@pytest.mark.parametrize(
    "header",
    [
        ("X-Forwarded-For", "203.0.113.7"),
        ("X-Forwarded-Host", "shop.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=203.0.113.7"),
        ("X-Real-IP", "203.0.113.7"),
        ("Via", "1.1 proxy"),
        ("Origin", "https://shop.example"),
        ("Origin", "null"),
    ],
)
def test_the_published_password_opens_nothing_through_a_proxy(
    demo: Server, header: tuple[str, str]
) -> None:
    more = dict([header])
    assert ask(demo, "GET", "/api/admin/me", **BEARER, **more)[0] == 403
    assert ask(demo, "POST", "/api/admin/login", LOGIN, **more)[0] == 403
    body = {"password": PUBLISHED_PASSWORD, "updates": [ROW]}
    assert ask(demo, "POST", "/api/inventory/update", body, **more)[0] == 403
    assert ask(demo, "GET", "/api/inventory/get", **more)[0] == 200, "buyers see the demo"


def test_a_named_proxy_leaves_no_published_password(tmp_path: Path) -> None:
    with Server(data=tmp_path / "data", arguments=["--demo", "--init"]) as before:
        assert ask(before, "POST", "/api/admin/login", LOGIN)[0] == 200  # makes the account
    env = {"TRUSTED_PROXIES": "127.0.0.1"}
    with Server(data=tmp_path / "data", arguments=["--demo"], env=env) as server:
        assert PUBLISHED_PASSWORD not in server.log
        for headers in ({}, {"X-Forwarded-For": "203.0.113.7"}):
            assert ask(server, "GET", "/api/admin/me", **BEARER, **headers)[0] in (401, 403)
            assert ask(server, "POST", "/api/admin/login", LOGIN, **headers)[0] == 403


@pytest.mark.parametrize(
    "more", [{}, {"HOST": "0.0.0.0"}, {"TRUSTED_PROXIES": "10.0.0.1"}, {"DEMO": "off"}]
)
def test_the_published_password_is_refused_at_the_start(more: dict[str, str]) -> None:
    wanted = {"DEMO": "on", "ADMIN_PASSWORD": PUBLISHED_PASSWORD, **more}
    if more:
        with pytest.raises(ConfigError, match="published"):
            Settings.load(wanted, file=Path(os.devnull))
    else:
        assert Settings.load(wanted, file=Path(os.devnull)).published


def test_a_demo_with_a_password_of_its_own_takes_it_through_a_proxy(tmp_path: Path) -> None:
    env = {"ADMIN_PASSWORD": "my own words"}
    with Server(data=tmp_path / "data", arguments=["--demo", "--init"], env=env) as server:
        own = {"Authorization": "Bearer my own words", "X-Forwarded-For": "203.0.113.7"}
        assert ask(server, "GET", "/api/admin/me", **own)[0] == 200
        assert ask(server, "GET", "/api/admin/me", **{**own, **BEARER})[0] == 401


async def test_an_account_with_the_published_password_opens_in_no_real_shop() -> None:
    async with running(MemoryStore()) as shop:
        from fancymonkey.accounts.model import Role
        from tests.accounts.client import Visitor, accounts

        await accounts(shop).users._make("old", Role.OWNER, PUBLISHED_PASSWORD)
        assert (await Visitor(shop.client).log_in("old", PUBLISHED_PASSWORD)).status == 403
