"""Limits on one client's requests, by their cost; and the client behind proxies."""

from typing import Any

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fancymonkey.commands.operation.serve import _config
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.http.clients.rate_limits import CLIENTS_MAX, RATES, RateLimit, class_of
from fancymonkey.web.http.messages import Problem
from tests.accounts.routes import NEEDS
from tests.web.client import Answer, Client
from tests.web.shops import HOODIE, PASSWORD, Clock, running

ASKED = {
    "read": ("GET", "/api/inventory/get"),
    "buy": ("POST", "/api/inventory/reserve"),
    "change": ("POST", "/api/inventory/update"),
    "admin": ("GET", "/api/admin/users"),
    "login": ("POST", "/api/admin/login"),
    "live": ("GET", "/api/inventory/live?since=x"),
    "document": ("GET", "/openapi.json"),
}


async def flood(client: Client, name: str) -> list[Answer]:
    """All requests that a class allows at once, and one more."""
    method, path = ASKED[name]
    burst = RATES[name].burst
    # The bucket is emptied without asking the app ten thousand times.
    limits = client.app._app._limits
    for _ in range(burst - 2):
        limits.take(method, path.partition("?")[0], client_of(client))
    return [await client.request(method, path, b"{") for _ in range(3)]


def client_of(client: Client) -> str:
    from fancymonkey.web.http.messages import network

    return network(client.address)


@pytest.mark.parametrize("name", RATES)
async def test_a_flood_of_each_class_has_to_wait_and_only_that(name: str) -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        *before, last = await flood(shop.client, name)
        assert 429 not in [answer.status for answer in before]
        assert (last.status, last.code) == (429, "too_many_requests")
        assert last.header("retry-after") == "1"
        for other, (method, path) in ASKED.items():
            answer = await shop.client.request(method, path, b"{")
            assert (answer.status == 429) is (other == name), other
        method, path = ASKED[name]
        elsewhere = await shop.client.elsewhere("198.51.100.9").request(method, path, b"{")
        assert elsewhere.status != 429
        shop.clock.forward(1)
        assert (await shop.client.request(method, path, b"{")).status != 429


async def test_a_script_may_change_many_rows_one_by_one() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        for number in range(1200):
            row = {"productId": HOODIE, "size": "M", "stock": number % 7}
            body = {"password": PASSWORD, "updates": [row]}
            assert (await shop.client.post("/api/inventory/update", body)).status == 200


async def test_ipv6_counts_by_the_network_that_a_customer_has() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        await flood(shop.client.elsewhere("2001:db8:1:1::1"), "buy")
        method, path = ASKED["buy"]
        for address, full in (
            ("2001:db8:1:1:ffff::9", True),
            ("2001:db8:1:2::1", False),
        ):
            answer = await shop.client.elsewhere(address).request(method, path, b"{")
            assert (answer.status == 429) is full


async def test_probes_are_never_refused() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        for name in ("read", "document"):
            await flood(shop.client, name)
        for path in ("/healthz", "/readyz"):
            assert (await shop.client.get(path)).status == 200


async def test_metrics_are_limited_except_for_private_networks() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        await flood(shop.client, "document")
        assert (await shop.client.get("/metrics")).status == 429
        for address in ("127.0.0.1", "10.0.0.9", "::1"):
            monitor = shop.client.elsewhere(address)
            for _ in range(RATES["document"].burst + 5):
                assert (await monitor.get("/metrics")).status == 200


async def test_off_means_off() -> None:
    async with running(MemoryStore(), rate_limit=False) as shop:
        assert shop.client.app._limits is None
        for _ in range(RATES["login"].burst + 5):
            assert (await shop.client.post("/api/admin/login", b"{")).status == 400


def test_every_route_is_in_a_class_that_fits() -> None:
    for method, path in NEEDS:
        limit_class = class_of("GET" if method == "WEBSOCKET" else method, path)
        if path.startswith(("/api/admin/", "/admin", "/api/payments", "/api/cron")):
            assert limit_class in ("admin", "login", "live"), path
        elif path in ("/healthz", "/readyz"):
            assert limit_class is None
        elif path in ("/metrics", "/openapi.json", "/docs"):
            assert limit_class == "document"
        else:
            assert limit_class in ("read", "buy", "live", "change"), path


def test_a_million_addresses_take_no_more_than_their_share_of_memory() -> None:
    limit = RateLimit(Clock(), RATES["buy"])
    for number in range(CLIENTS_MAX + 1000):
        limit.take(str(number))
    assert len(limit._buckets) == CLIENTS_MAX
    for _ in range(RATES["buy"].burst):
        limit.take("somebody")
    with pytest.raises(Problem):
        limit.take("somebody")


PROXY = "192.0.2.1"
CLIENT = "203.0.113.50"


async def seen(trusted: tuple[str, ...], peer: str, headers: dict[str, str]) -> tuple[str, bool]:
    """The recorded client of a request from `peer`, and whether it counts as https."""
    async with running(MemoryStore(), trusted_proxies=trusted) as shop:
        config = _config(Settings.of(trusted_proxies=trusted), 1)
        app: Any = shop.client.app
        if config.proxy_headers:
            app = ProxyHeadersMiddleware(app, trusted_hosts=config.forwarded_allow_ips)
        client = Client(app, peer)
        body = {"password": PASSWORD, "updates": [{"productId": HOODIE, "size": "M", "stock": 5}]}
        assert (await client.post("/api/inventory/update", body, headers)).status == 200
        (act,) = await shop.client.app._shop.accounts.audit_log.latest(1)
        answer = await client.post(
            "/api/admin/login", {"name": "owner", "password": PASSWORD}, headers
        )
        secure = all(b"; Secure" in value for key, value in answer.headers if key == b"set-cookie")
        return act.address, secure


@pytest.mark.parametrize(
    ("trusted", "peer", "headers", "address", "https"),
    [
        ((), PROXY, {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}, PROXY, False),
        (("192.0.2.1",), PROXY, {"X-Forwarded-For": CLIENT}, CLIENT, False),
        (
            *(("192.0.2.0/24",), PROXY),
            *({"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}, CLIENT, True),
        ),
        (("192.0.2.1",), "198.51.100.7", {"X-Forwarded-For": CLIENT}, "198.51.100.7", False),
        (
            *(("192.0.2.1",), "198.51.100.7"),
            *({"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}, "198.51.100.7", False),
        ),
        # The client wrote the first addresses itself: the last one that is not ours counts.
        (("192.0.2.1",), PROXY, {"X-Forwarded-For": f"10.0.0.1, {CLIENT}"}, CLIENT, False),
        (("192.0.2.1",), PROXY, {"X-Forwarded-For": f"192.0.2.1, {CLIENT}"}, CLIENT, False),
        (("192.0.2.0/24",), PROXY, {"X-Forwarded-For": f"{CLIENT}, 192.0.2.9"}, CLIENT, False),
        (("192.0.2.1",), PROXY, {"X-Real-IP": CLIENT, "Forwarded": f"for={CLIENT}"}, PROXY, False),
        (("192.0.2.1",), PROXY, {}, PROXY, False),
    ],
)
async def test_only_the_word_of_trusted_proxies_counts(
    trusted: tuple[str, ...], peer: str, headers: dict[str, str], address: str, https: bool
) -> None:
    assert await seen(trusted, peer, headers) == (address, https)
