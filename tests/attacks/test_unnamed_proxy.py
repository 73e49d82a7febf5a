"""Behind an unnamed proxy limits hold, buyers stay apart, and the owner can log in."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.http.clients.private_networks import UNCLEAR, hint_of
from tests.support.server import Server
from tests.web.client import Client
from tests.web.shops import HOODIE, PASSWORD, Shop, running

RESERVE = "/api/inventory/reserve"
PROXY = "172.18.0.1"
STRANGER, OWNER, BUYER = "198.51.100.7", "203.0.113.9", "192.0.2.55"
BEARER = {"Authorization": f"Bearer {PASSWORD}"}


def appended(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": f"8.8.8.8, {address}"}


def overwritten(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address, "X-Real-IP": address, "X-Forwarded-Proto": "https"}


def two_proxies(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": f"9.9.9.9, {address}, 10.0.0.7"}


def with_port(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": f"{address}:4711"}


def real_ip(address: str) -> dict[str, str]:
    return {"X-Real-IP": address}


def standard(address: str) -> dict[str, str]:
    return {"Forwarded": f'for=9.9.9.9, for="{address}";proto=https;by=10.0.0.1'}


def evading(address: str) -> dict[str, str]:
    """The client names the proxy itself."""
    return {"X-Forwarded-For": f"{PROXY}, {address}"}


KINDS = [appended, overwritten, two_proxies, with_port, real_ip, standard, evading]


async def hold(shop: Shop, session: str, headers: dict[str, str], quantity: int = 1) -> int:
    client = shop.client.elsewhere(PROXY)
    body = {
        "productId": "prod_tee_001",
        "size": "M",
        "quantity": quantity,
        "sessionId": session,
    }
    return (await client.post(RESERVE, body, headers)).status


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trusted", [(), ("10.9.9.9",)], ids=["none", "another"])
async def test_one_visitor_never_holds_the_stock_and_others_still_can(
    kind: Any, trusted: tuple[str, ...]
) -> None:
    async with running(MemoryStore(), rate_limit=True, trusted_proxies=trusted) as shop:
        for number in range(110):
            await hold(shop, f"bad{number}", kind(STRANGER))
        held = (await shop.size("M", "prod_tee_001"))["reserved"]
        assert held <= 6  # a share of 6 % of 100, without contention
        for number in range(20):
            assert await hold(shop, f"good{number}", kind(f"81.2.{number}.9")) == 200


async def test_clients_with_forged_headers_count_as_one() -> None:
    """A proxy that sets one header hands on the others as they were sent."""
    async with running(MemoryStore(), rate_limit=True) as shop:
        for number in range(110):
            made_up = {"X-Forwarded-For": f"45.{number}.1.1", "X-Real-IP": STRANGER}
            await hold(shop, f"bad{number}", made_up)
        assert (await shop.size("M", "prod_tee_001"))["reserved"] <= 6
        assert await hold(shop, "good", real_ip(BUYER)) == 200


async def test_near_callers_without_a_proxy_are_not_limited() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        for number in range(80):
            assert await hold(shop, f"s{number}", {}) == 200


async def test_an_outsider_cannot_change_the_client_address() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        client = shop.client.elsewhere(STRANGER)
        for number in range(110):
            body = {**TEE, "sessionId": f"s{number}"}
            await client.post(RESERVE, body, overwritten(f"45.{number}.1.1"))
        assert (await shop.size("M", "prod_tee_001"))["reserved"] <= 6


TEE = {"productId": "prod_tee_001", "size": "M", "quantity": 1}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", ["bearer", "body", "login"])
async def test_wrong_passwords_of_others_never_lock_the_owner_out(kind: Any, secret: str) -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        client = shop.client.elsewhere(PROXY)
        statuses = []
        for number in range(100 if secret == "login" else 20):
            statuses.append(await guess(client, secret, f"wrong {number}", kind(STRANGER)))
        assert statuses[-1] == 429
        assert await guess(client, secret, PASSWORD, kind(OWNER)) == 200
        assert (await client.get("/api/admin/me", {**BEARER, **kind(OWNER)})).status == 200


async def guess(client: Client, secret: str, password: str, headers: dict[str, str]) -> int:
    if secret == "bearer":
        bearer = {"Authorization": f"Bearer {password}"}
        return (await client.get("/api/admin/me", {**bearer, **headers})).status
    if secret == "body":
        row = {"productId": HOODIE, "size": "M", "adjustStock": 1}
        body: dict[str, Any] = {"password": password, "updates": [row]}
        return (await client.post("/api/inventory/update", body, headers)).status
    login = {"name": "owner", "password": password}
    return (await client.post("/api/admin/login", login, headers)).status


async def test_the_overview_reports_it(caplog: pytest.LogCaptureFixture) -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        overview = "/api/admin/overview"
        before = (await shop.client.get(overview, BEARER)).json["health"]["proxy"]
        assert before == {"ok": True, "requests": 0}
        for number in range(5):
            await hold(shop, f"s{number}", real_ip(STRANGER))
        after = (await shop.client.get(overview, BEARER)).json["health"]["proxy"]
        assert after == {"ok": False, "requests": 5}
        warnings = [
            row.getMessage() for row in caplog.records if "TRUSTED_PROXIES" in row.getMessage()
        ]
        assert len(warnings) == 1
        assert PROXY in warnings[0]


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({}, None),
        ({"x-forwarded-for": "garbage, é,, unknown"}, None),
        ({"x-forwarded-for": "10.0.0.1, 192.168.0.4"}, None),
        ({"x-forwarded-for": "," * 5000 + STRANGER}, STRANGER),
        ({"x-forwarded-for": "[2001:db8::1]:443"}, "2001:db8::1"),
        ({"x-forwarded-for": "2001:db8::1"}, "2001:db8::1"),
        ({"x-forwarded-for": "::ffff:198.51.100.7"}, STRANGER),
        ({"x-forwarded-for": STRANGER, "x-real-ip": "10.0.0.1"}, STRANGER),
        ({"x-forwarded-for": STRANGER, "x-real-ip": OWNER}, UNCLEAR),
        ({"forwarded": 'For="[2001:db8::7]:80"'}, "2001:db8::7"),
        ({"forwarded": "for=_hidden;by=x"}, None),
        ({"cf-connecting-ip": STRANGER}, None),
    ],
)
def test_the_client_named_by_headers(headers: dict[str, str], hint: str | None) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    assert hint_of(raw) == hint


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    env = {"ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT": "on"}
    with Server(data=tmp_path / "shop", env=env, arguments=["--init"]) as made:
        yield made


def send(server: Server, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
    connection = HTTPConnection(server.host, server.port, timeout=20)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_on_a_real_server(server: Server) -> None:
    _, stock = send(server, "GET", "/api/inventory/get", {})
    rows = [(row, size) for row in stock["inventory"] for size in row["sizes"]]
    product, size = max(rows, key=lambda pair: pair[1]["available"])
    body = {"productId": product["productId"], "size": size["size"], "quantity": 1}
    for number in range(40):
        send(server, "POST", RESERVE, appended(STRANGER), {**body, "sessionId": f"s{number}"})
    _, stock = send(server, "GET", f"/api/inventory/get?productId={product['productId']}", {})
    (row,) = [other for other in stock["inventory"][0]["sizes"] if other["size"] == size["size"]]
    assert 0 < row["reserved"] <= max(3, size["stock"] * 6 // 100)
    wrong = {"Authorization": "Bearer wrong", **appended(STRANGER)}
    assert [send(server, "GET", "/api/admin/me", wrong)[0] for _ in range(17)][-1] == 429
    right = {"Authorization": f"Bearer {PASSWORD}", **appended(OWNER)}
    assert send(server, "GET", "/api/admin/me", right)[0] == 200
    assert server.log.count("that is not in TRUSTED_PROXIES") == 1
