"""A request without a secret learns nothing about other holds: no ids, sessions or lines."""

import re
from typing import Any

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.client import Answer, Client
from tests.web.fast_path_client import FastPathClient
from tests.web.shops import CRON, HOODIE, PASSWORD, TTL, Shop, running

RELEASE = "/api/inventory/release"
VICTIMS = [f"victim-{number:02}-of-the-shop" for number in range(20)]
SECRETS = re.compile(r"victim-|res_[0-9a-f]{36}")


async def ended_holds(shop: Shop) -> None:
    for session in VICTIMS:
        assert (await shop.reserve(session, "L")).status == 200
    shop.clock.now += TTL + 1


def harvest(answer: Answer) -> list[str]:
    text = answer.body.decode() + repr(answer.headers)
    return SECRETS.findall(text)


WITHOUT_A_SECRET: dict[str, Any] = {
    "nothing": {},
    "another scheme": {"Authorization": f"Basic {CRON}"},
    "an empty bearer": {"Authorization": "Bearer "},
    "a secret elsewhere": {"X-Authorization": f"Bearer {CRON}", "Cookie": f"secret={CRON}"},
    "an idempotency key": {"Idempotency-Key": "mine"},
}


@pytest.mark.parametrize("way", [Client, FastPathClient])
@pytest.mark.parametrize("name", WITHOUT_A_SECRET)
async def test_an_outsider_gets_no_ids_by_releasing_expired_holds(
    way: type[Client], name: str
) -> None:
    async with running(MemoryStore(), client=way) as shop:
        await ended_holds(shop)
        body = {"releaseExpired": True}
        answer = await shop.client.post(RELEASE, body, WITHOUT_A_SECRET[name])
        assert (answer.status, answer.json["released"]) == (200, len(VICTIMS))
        assert harvest(answer) == []
        assert answer.json["reservations"] == []


@pytest.mark.parametrize("way", [Client, FastPathClient])
@pytest.mark.parametrize("bearer", ["wrong", CRON.upper(), CRON + " ", PASSWORD[:-1], "fm_x"])
async def test_a_wrong_secret_is_refused_and_tidies_nothing_for_its_owner(
    way: type[Client], bearer: str
) -> None:
    async with running(MemoryStore(), client=way) as shop:
        await ended_holds(shop)
        headers = {"Authorization": f"Bearer {bearer}x"}
        answer = await shop.client.post(RELEASE, {"releaseExpired": True}, headers)
        assert (answer.status, answer.code) == (401, "unauthorized")
        assert harvest(answer) == []


@pytest.mark.parametrize("way", [Client, FastPathClient])
@pytest.mark.parametrize("secret", [CRON, PASSWORD])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_scheduler_and_the_owner_get_the_ended_holds(
    way: type[Client], secret: str, method: str
) -> None:
    async with running(MemoryStore(), client=way) as shop:
        await ended_holds(shop)
        body: Any = {"releaseExpired": True} if method == "POST" else b""
        headers = {"Authorization": f"Bearer {secret}"}
        answer = await shop.client.request(method, RELEASE, body, headers)
        assert answer.status == 200
        assert {row["sessionId"] for row in answer.json["reservations"]} == set(VICTIMS)


async def test_the_right_admin_bearer_by_get_is_never_counted_as_a_wrong_one() -> None:
    async with running(MemoryStore()) as shop:
        headers = {"Authorization": f"Bearer {PASSWORD}"}
        for _ in range(40):
            assert (await shop.client.get(RELEASE, headers)).status == 200
        assert (await shop.client.get("/api/admin/me", headers)).status == 200


OPEN_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/api/inventory/get", b""),
    ("GET", f"/api/inventory/get?productId={HOODIE}", b""),
    ("GET", "/api/shop", b""),
    ("GET", "/api/checkout/status?sessionId=victim", b""),
    ("GET", "/api/checkout/status?sessionId=res_", b""),
    ("GET", "/healthz", b""),
    ("GET", "/readyz", b""),
    ("GET", "/metrics", b""),
    ("POST", RELEASE, {"sessionId": "victim"}),
    ("POST", RELEASE, {"sessionId": "manual/1"}),
    (
        "POST",
        "/api/inventory/reserve",
        {"productId": HOODIE, "size": "L", "quantity": 999, "sessionId": "thief"},
    ),
    (
        "POST",
        "/api/inventory/reserve",
        {
            "productId": HOODIE,
            "size": "L",
            "quantity": 1,
            "sessionId": "thief",
            "replaces": "victim",
        },
    ),
    ("POST", "/api/checkout", {"productId": HOODIE, "size": "L", "sessionId": "thief"}),
]


@pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])
@pytest.mark.parametrize(("method", "path", "body"), OPEN_CALLS)
async def test_no_open_answer_names_the_holds_of_others(
    method: str, path: str, body: Any, ended: bool
) -> None:
    async with running(MemoryStore()) as shop:
        await ended_holds(shop)
        shop.clock.now -= 0 if ended else TTL
        answer = await shop.client.request(method, path, body)
        leaked = set(harvest(answer))
        if answer.status == 200 and path.endswith("reserve"):
            leaked.discard(answer.json["reservation"]["id"])
        assert leaked == set(), answer
