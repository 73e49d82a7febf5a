"""A hostile API key or visitor tries to fill the audit log with refused requests."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fancymonkey.accounts.audit_log import KNOWN_MOST, MERGED, REFUSED_MOST
from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor, accounts, made
from tests.web.shops import HOODIE, PASSWORD, Shop, running

MANY = 400
UPDATE = "/api/inventory/update"
ROWS = {"updates": [{"productId": HOODIE, "size": "M", "stock": 30}]}
OWNER = {"Authorization": f"Bearer {PASSWORD}"}
BOUND = KNOWN_MOST + 2
"""Entries of one refused actor in an hour: single entries, then one entry for all others."""


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(MemoryStore()) as shop:
        yield shop


async def acts_of(shop: Shop, actor: str) -> list[dict[str, Any]]:
    answer = await shop.client.get(f"/api/admin/audit-log?limit=1000&actor={actor}", OWNER)
    entries: list[dict[str, Any]] = answer.json["entries"]
    return entries


async def key(shop: Shop, right: str) -> dict[str, str]:
    _, secret = await accounts(shop).keys.make("thief", right, "owner", None)
    return {"Authorization": f"Bearer {secret}"}


async def refused_requests(shop: Shop, way: str, number: int) -> int:
    """Sends one refused request in one of the ways; returns its status."""
    headers = await key(shop, "read") if number == 0 else refused_requests.headers  # type: ignore[attr-defined]
    refused_requests.headers = headers  # type: ignore[attr-defined]
    client = shop.client
    if way == "addresses":
        client = client.elsewhere(f"198.51.{number // 250}.{number % 250 + 1}")
    path = {
        "paths": f"/api/cron/job-{number}{'x' * 500}",
        "bodies": "/api/admin/undo",
        "keys": "/api/admin/keys/make",
        "users": "/api/admin/users/add",
    }.get(way, UPDATE)
    return (await client.post(path, {**ROWS, "n": number}, headers)).status


@pytest.mark.parametrize("way", ["same", "addresses", "paths", "bodies", "keys", "users"])
async def test_refused_requests_of_a_key_are_merged(shop: Shop, way: str) -> None:
    statuses = {await refused_requests(shop, way, number) for number in range(MANY)}
    assert statuses == {403}
    entries = await acts_of(shop, "key%20thief")
    assert KNOWN_MOST < len(entries) <= BOUND
    assert sum(act["count"] for act in entries) == MANY, "each of them counts"
    (merged,) = [act for act in entries if act["what"] == MERGED]
    assert f"{MANY - KNOWN_MOST} in this hour" in merged["about"]
    assert len(str(merged)) < 1500


async def test_wrong_requests_of_a_key_that_may_change_stock_are_merged_too(shop: Shop) -> None:
    headers = await key(shop, "stock")
    for _ in range(MANY):
        answer = await shop.client.post(UPDATE, {"updates": "nonsense"}, headers)
        assert answer.status == 422
    assert len(await acts_of(shop, "key%20thief")) <= BOUND


async def test_a_viewer_can_fill_it_no_more_than_a_key(shop: Shop) -> None:
    eve = Visitor(shop.client.elsewhere("198.51.100.3"))
    await eve.logged_in("eve", await made(shop, "eve", "viewer"))
    for _ in range(MANY):
        assert (await eve.post(UPDATE, ROWS)).status == 403
    assert len(await acts_of(shop, "eve")) <= BOUND + 1  # and the log-in


async def test_a_flood_of_refused_requests_is_counted_completely(shop: Shop) -> None:
    for number in range(MANY):
        client = shop.client.elsewhere(f"198.51.{number // 250}.{number % 250 + 1}")
        await client.get("/api/admin/me", {"Authorization": f"Bearer fmk_{number}"})
    entries = await acts_of(shop, "somebody")
    assert REFUSED_MOST < len(entries) <= REFUSED_MOST + 2
    assert sum(act["count"] for act in entries) == MANY


async def test_each_hour_begins_again_and_loses_nothing(shop: Shop) -> None:
    headers = await key(shop, "read")
    for _ in range(3):
        await asyncio.gather(*[shop.client.post(UPDATE, ROWS, headers) for _ in range(50)])
        shop.clock.forward(3600)
    entries = await acts_of(shop, "key%20thief")
    assert len(entries) == 3 * (KNOWN_MOST + 1)
    assert sum(act["count"] for act in entries) == 150


async def test_actions_of_a_key_have_an_entry_each(shop: Shop) -> None:
    headers = await key(shop, "stock")
    for _ in range(KNOWN_MOST + 10):
        assert (await shop.client.post(UPDATE, ROWS, headers)).status == 200
    entries = await acts_of(shop, "key%20thief")
    assert [act["count"] for act in entries] == [1] * (KNOWN_MOST + 10)
