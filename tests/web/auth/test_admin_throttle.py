"""Guesses of the owner's password: few per minute and address, and no other caller is refused."""

import asyncio
import logging
from typing import Any

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.auth.shared_secrets import ADDRESSES_MAX, FAILURES_MAX, Throttle
from fancymonkey.web.http.messages import Problem
from tests.web.client import Answer, Client
from tests.web.shops import CRON, HOODIE, PASSWORD, Clock, Shop, running

PATHS = ("update", "bulk-update")


async def attempt(client: Client, password: str, path: str = "update") -> Answer:
    body: dict[str, Any] = {
        "password": password,
        "updates": [{"productId": HOODIE, "size": "M", "lowStockThreshold": 5}],
        "action": "set",
        "filter": {"productIds": []},
        "changes": {"lowStockThreshold": 5},
    }
    return await client.post(f"/api/inventory/{path}", body)


async def test_at_most_20_wrong_passwords_a_minute(shop: Shop) -> None:
    statuses = [(await attempt(shop.client, f"guess {n}", PATHS[n % 2])).status for n in range(40)]
    wrong = statuses.count(401)
    assert 1 <= wrong <= 20
    assert statuses == [401] * wrong + [429] * (40 - wrong)


async def test_the_refusal_has_the_time_to_retry_and_then_it_works(shop: Shop) -> None:
    while (await attempt(shop.client, "wrong")).status == 401:
        pass
    refused = await attempt(shop.client, PASSWORD)
    assert (refused.status, refused.code) == (429, "too_many_attempts")
    wait = int(refused.header("retry-after") or "")
    assert 0 < wait <= 60
    shop.clock.forward(wait)
    assert (await attempt(shop.client, PASSWORD)).status == 200


async def test_the_minute_slides(shop: Shop) -> None:
    for _ in range(FAILURES_MAX):
        assert (await attempt(shop.client, "wrong")).status == 401
        shop.clock.forward(1)
    assert (await attempt(shop.client, "wrong")).status == 429
    shop.clock.forward(60 - FAILURES_MAX)
    assert (await attempt(shop.client, "wrong")).status == 401  # the first one is a minute ago
    assert (await attempt(shop.client, "wrong")).status == 429


async def test_another_address_is_not_affected(shop: Shop) -> None:
    for _ in range(30):
        await attempt(shop.client, "wrong")
    assert (await attempt(shop.client.elsewhere("198.51.100.9"), PASSWORD)).status == 200


async def test_guesses_at_once_count_one_by_one(shop: Shop) -> None:
    answers = await asyncio.gather(*[attempt(shop.client, f"guess {n}") for n in range(100)])
    assert sum(answer.status == 401 for answer in answers) == FAILURES_MAX


async def test_one_network_of_ipv6_counts_as_one_address(shop: Shop) -> None:
    """A client with one address of IPv6 has 2^64 of them."""
    answers = [
        await attempt(shop.client.elsewhere(f"2001:db8:1:2::{number:x}"), "wrong")
        for number in range(1, 41)
    ]
    assert sum(answer.status == 401 for answer in answers) == FAILURES_MAX
    assert (await attempt(shop.client.elsewhere("2001:db8:1:3::1"), PASSWORD)).status == 200


async def test_right_passwords_are_never_too_many(shop: Shop) -> None:
    for _ in range(60):
        assert (await attempt(shop.client, PASSWORD)).status == 200


async def test_guesses_at_the_cron_secret_are_throttled_too(shop: Shop) -> None:
    statuses = [
        (
            await shop.client.get(
                "/api/inventory/release", {"Authorization": f"Bearer guess {number}"}
            )
        ).status
        for number in range(40)
    ]
    assert statuses.count(401) <= 20
    assert statuses[-1] == 429
    shop.clock.forward(60)
    right = await shop.client.get("/api/inventory/release", {"Authorization": f"Bearer {CRON}"})
    assert right.status == 200


def test_a_flood_of_addresses_is_forgotten_in_turn_and_memory_stays() -> None:
    throttle = Throttle(Clock())
    for number in range(ADDRESSES_MAX + 100):
        throttle.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(throttle._failures) == ADDRESSES_MAX
    for _ in range(FAILURES_MAX):
        throttle.failed("10.0.255.255")
    with pytest.raises(Problem):
        throttle.check("10.0.255.255")


@pytest.mark.parametrize("password", ["pässwörd", "😀" * 10, "a b\tc", "x" * 5000, "日本"])
async def test_any_text_can_be_the_password(password: str) -> None:
    async with running(MemoryStore(), admin_password=password, cron_secret=password) as shop:
        assert (await attempt(shop.client, password)).status == 200
        assert (await attempt(shop.client, password + "x")).status == 401
        assert (await attempt(shop.client, password[:-1])).status == 401
        answer = await shop.client.get(
            "/api/inventory/release", {"Authorization": f"Bearer {password}"}
        )
        assert answer.status == 200


@pytest.mark.parametrize("given", ["", " ", "ä", "\ud7ff", "x" * 100_000])
async def test_any_text_can_be_a_wrong_password(shop: Shop, given: str) -> None:
    assert (await attempt(shop.client, given)).status == 401


@pytest.mark.parametrize("given", [None, 1, True, [], {}, ["correct horse"]])
async def test_a_password_must_be_a_text(shop: Shop, given: Any) -> None:
    answer = await attempt(shop.client, given)
    assert (answer.status, answer.code) == (422, "invalid_request")


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_password_the_owners_endpoints_refuse_every_request(path: str) -> None:
    async with running(MemoryStore(), admin_password=None, cron_secret=None) as shop:
        for given in ("", "None", PASSWORD):
            answer = await attempt(shop.client, given, path)
            assert (answer.status, answer.code) == (403, "admin_disabled")
        for value in ("Bearer ", "Bearer None", "Bearer"):
            answer = await shop.client.get("/api/inventory/release", {"Authorization": value})
            assert answer.status == 401


async def test_no_password_is_ever_stored_or_logged(
    any_shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "swordfish-sesame"
    await attempt(any_shop.client, wrong)
    await any_shop.update({"stock": 3}, {"size": "?"}, idempotency_key="k1")
    await any_shop.bulk("set", {"Idempotency-Key": "k2"}, changes={"stock": 4})

    async def broken(*arguments: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(any_shop.engine.store, "run", broken)
    monkeypatch.setattr(any_shop.engine.store, "run_now", lambda *arguments: None)
    assert (await any_shop.update({"stock": 5})).status == 500
    monkeypatch.undo()
    text = await any_shop.stored_text() + caplog.text
    assert "a bug" in text
    assert "Outcome(command_id='request:" in text  # it has the answers to both keys
    for secret in (PASSWORD, wrong, CRON):
        assert secret not in text
