"""CORS: only the configured origins, only on the shop's paths."""

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.client import Answer, Client
from tests.web.shops import HOODIE, ORIGIN, PASSWORD, Shop, running

BOTH_WAYS = True

SHARED = ("/api/inventory/get", "/api/inventory/reserve", "/api/inventory/release")
OWNERS = ("/api/inventory/update", "/api/inventory/bulk-update", "/api/webhooks/stripe")
OTHERS = ("https://evil.example", "null", "", f"{ORIGIN}.evil.example", f"{ORIGIN}:8443", "*")
BODY = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "cs_1"}
ALLOW = "access-control-allow-origin"


async def preflight(client: Client, path: str, origin: str) -> Answer:
    return await client.request(
        "OPTIONS",
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, idempotency-key",
        },
    )


@pytest.mark.parametrize("path", SHARED)
async def test_a_configured_origin_may_ask_and_read(client: Client, path: str) -> None:
    asked = await preflight(client, path, ORIGIN)
    assert asked.status == 204
    assert asked.header(ALLOW) == ORIGIN
    assert asked.header("vary") == "Origin"
    assert asked.header("access-control-max-age") == "600"
    headers = (asked.header("access-control-allow-headers") or "").lower()
    assert {"content-type", "idempotency-key", "if-none-match"} <= set(headers.split(", "))
    methods = set((asked.header("access-control-allow-methods") or "").split(", "))
    assert {"GET", "POST"} <= methods
    method = "GET" if path.endswith("get") else "POST"
    answer = await client.request(method, path, BODY, {"Origin": ORIGIN})
    assert answer.header(ALLOW) == ORIGIN
    assert answer.header("vary") == "Origin"
    assert "Retry-After" in (answer.header("access-control-expose-headers") or "")
    assert answer.header("access-control-allow-credentials") is None


async def test_errors_can_be_read_too(shop: Shop) -> None:
    for body, status in ((b"", 400), ({**BODY, "quantity": 99}, 409), ({}, 422)):
        answer = await shop.client.post("/api/inventory/reserve", body, {"Origin": ORIGIN})
        assert answer.status == status
        assert answer.header(ALLOW) == ORIGIN
    tag = (await shop.client.get("/api/inventory/get")).header("etag") or ""
    unchanged = await shop.client.get(
        "/api/inventory/get", {"Origin": ORIGIN, "If-None-Match": tag}
    )
    assert (unchanged.status, unchanged.header(ALLOW)) == (304, ORIGIN)
    assert unchanged.header("vary") == "Origin"


@pytest.mark.parametrize("path", SHARED)
@pytest.mark.parametrize("origin", OTHERS)
async def test_another_origin_may_not(client: Client, path: str, origin: str) -> None:
    asked = await preflight(client, path, origin)
    assert asked.header(ALLOW) is None
    assert asked.header("access-control-allow-methods") is None
    method = "GET" if path.endswith("get") else "POST"
    answer = await client.request(method, path, BODY, {"Origin": origin})
    assert answer.header(ALLOW) is None
    assert answer.header("vary") == "Origin"  # a cache must not give it to a right one


@pytest.mark.parametrize("path", OWNERS)
@pytest.mark.parametrize("origin", [ORIGIN, *OTHERS])
async def test_the_owners_endpoints_have_no_cors(client: Client, path: str, origin: str) -> None:
    asked = await preflight(client, path, origin)
    assert asked.header(ALLOW) is None
    answer = await client.post(path, {"password": PASSWORD}, {"Origin": origin})
    assert answer.header(ALLOW) is None


async def test_without_an_origin_the_answer_has_vary(
    client: Client,
) -> None:
    answer = await client.get("/api/inventory/get")
    assert (answer.header(ALLOW), answer.header("vary")) == (None, "Origin")


async def test_without_origins_there_are_no_cors_headers(shop: Shop) -> None:
    async with running(MemoryStore(), cors_origins=()) as closed:
        for origin in (ORIGIN, "null"):
            answer = await closed.client.get("/api/inventory/get", {"Origin": origin})
            assert (answer.header(ALLOW), answer.header("vary")) == (None, None)
            assert (await preflight(closed.client, SHARED[1], origin)).header(ALLOW) is None


async def test_a_star_means_any_origin_but_not_for_the_owners_paths() -> None:
    async with running(MemoryStore(), cors_origins=("*",)) as open_to_all:
        client = open_to_all.client
        for origin in (ORIGIN, "null", "https://evil.example"):
            answer = await client.get("/api/inventory/get", {"Origin": origin})
            assert answer.header(ALLOW) in (origin, "*")
            assert (await preflight(client, OWNERS[0], origin)).header(ALLOW) is None


async def test_an_origin_is_compared_without_regard_to_case(client: Client) -> None:
    answer = await client.get("/api/inventory/get", {"Origin": "HTTPS://Shop.Example"})
    assert answer.header(ALLOW) == "HTTPS://Shop.Example"


async def test_the_live_feed_follows_the_same_rules(client: Client) -> None:
    asked = await preflight(client, "/api/inventory/live", ORIGIN)
    assert (asked.status, asked.header(ALLOW)) == (204, ORIGIN)
    assert (await preflight(client, "/api/inventory/live", OTHERS[0])).header(ALLOW) is None
    refused = await client.get("/api/inventory/live", {"Origin": OTHERS[0]})
    assert (refused.status, refused.code) == (403, "origin_not_allowed")
    garbage = await client.get("/api/inventory/live?since=x", {"Origin": ORIGIN})
    assert (garbage.status, garbage.header(ALLOW)) == (422, ORIGIN)
