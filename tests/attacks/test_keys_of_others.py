"""An `Idempotency-Key` belongs to its caller and path: keys of other callers have no effect."""

import hashlib
from typing import Any

import pytest

from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line, Outcome
from fancymonkey.core.records import StoreResult
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from fancymonkey.web.http.bodies import wire
from tests.store.conftest import target
from tests.web.client import Client
from tests.web.fast_path_client import FastPathClient
from tests.web.shops import HOODIE, PASSWORD, Shop, running

__all__ = ["target"]

RESERVE, RELEASE = "/api/inventory/reserve", "/api/inventory/release"
OWNER = {"Authorization": f"Bearer {PASSWORD}"}
DAYS = [f"restock-2026-12-{day:02}" for day in range(1, 31)]
ROW = {"productId": HOODIE, "size": "M"}


async def stored_outcomes(shop: Shop) -> list[Outcome]:
    return [row async for row in shop.engine.store.scan(Outcome)]


@pytest.mark.parametrize("way", [Client, FastPathClient])
async def test_an_attacker_cannot_use_up_the_keys_of_the_owner(
    target: str, way: type[Client]
) -> None:
    async with running(open_store(target), client=way) as shop:
        await shop.reserve("stranger")
        for key in DAYS:
            assert (await shop.release("stranger", Idempotency_Key=key)).status == 200
        answer = await shop.update({"adjustStock": 5}, Idempotency_Key=DAYS[0])
        assert (answer.status, answer.json["results"]["successful"]) == (200, 1), answer
        assert (await shop.size())["stock"] == 25
        again = await shop.update({"adjustStock": 5}, Idempotency_Key=DAYS[0])
        assert again.body == answer.body
        assert (await shop.size())["stock"] == 25
        await shop.check()


CALLS: dict[str, tuple[str, Any]] = {
    "reserve of another session": (RESERVE, {**ROW, "quantity": 1, "sessionId": "owner"}),
    "release of another session": (RELEASE, {"sessionId": "second"}),
    "update": ("/api/inventory/update", {"updates": [{**ROW, "adjustStock": 5}]}),
    "bulk-update": (
        "/api/inventory/bulk-update",
        {"action": "adjust", "filter": {}, "changes": {"stock": 1}},
    ),
    "product": (
        "/api/admin/products",
        {"productId": "new", "name": "New", "sizes": [{"size": "M"}]},
    ),
    "holds": ("/api/admin/holds/release", {"ids": ["manual/none"]}),
}


@pytest.mark.parametrize("name", CALLS)
async def test_the_key_of_a_reserve_is_free_for_every_other_caller(name: str) -> None:
    path, body = CALLS[name]
    async with running(MemoryStore()) as shop:
        await shop.reserve("second")
        assert (await shop.reserve("stranger", Idempotency_Key="k")).status == 200
        answer = await shop.client.post(path, body, {**OWNER, "Idempotency-Key": "k"})
        assert answer.code != "idempotency_conflict" if answer.status != 200 else True
        assert answer.status in (200, 404), answer
        assert answer.status == 200 or path.startswith("/api/admin/"), answer


async def test_one_caller_still_cannot_use_a_key_for_two_requests() -> None:
    async with running(MemoryStore()) as shop:
        assert (await shop.reserve("a", quantity=1, Idempotency_Key="k")).status == 200
        assert (await shop.reserve("a", quantity=2, Idempotency_Key="k")).code == (
            "idempotency_conflict"
        )
        assert (await shop.update({"adjustStock": 1}, Idempotency_Key="k")).status == 200
        assert (await shop.update({"adjustStock": 2}, Idempotency_Key="k")).status == 409


@pytest.mark.parametrize("call", ["release ended", "reserve same", "replace same", "update none"])
async def test_an_answer_that_changed_nothing_is_not_kept(call: str) -> None:
    async with running(MemoryStore()) as shop:
        await shop.reserve("s")
        if call == "release ended":
            await shop.release("s")
        for number in range(30):
            key = f"key-{number}"
            if call == "release ended":
                answer = await shop.release("s", Idempotency_Key=key)
            elif call == "reserve same":
                answer = await shop.reserve("s", Idempotency_Key=key)
            elif call == "replace same":
                body = {**ROW, "quantity": 1, "sessionId": "s", "replaces": "nobody"}
                headers = {"Idempotency-Key": key}
                answer = await shop.client.post(RESERVE, body, headers)
            else:
                answer = await shop.update({"size": "none", "stock": 1}, Idempotency_Key=key)
            assert answer.status == 200, answer
        assert await stored_outcomes(shop) == []


async def test_answers_with_a_change_are_stored_under_a_short_id() -> None:
    async with running(MemoryStore()) as shop:
        await shop.reserve("s" * 200, Idempotency_Key="k" * 255)
        (row,) = await stored_outcomes(shop)
        assert len(row.command_id) <= 64
        assert "kkkk" not in row.command_id


async def test_answers_that_an_earlier_version_kept_are_given_again(target: str) -> None:
    """In that version the id was the key alone, for any caller and path."""
    async with running(open_store(target)) as shop:
        body = wire.ReserveBody("s", HOODIE, "M", 2)
        digest = hashlib.sha256(RESERVE.encode() + b"\n" + wire.encode(body)).hexdigest()
        old = Reserve(
            reservation_id="res_old",
            location=DEFAULT_LOCATION,
            session_id="s",
            lines=(Line(f"{HOODIE}/M", 2),),
            ttl=1000_000,
            command_id="key:upgrade",
            digest=digest,
        )
        await shop.engine.submit(old)
        again = await shop.reserve("s", quantity=2, Idempotency_Key="upgrade")
        assert (again.status, again.json["reservation"]["id"]) == (200, "res_old")
        await shop.release("s")
        again = await shop.reserve("s", quantity=2, Idempotency_Key="upgrade")
        assert again.json["reservation"]["id"] == "res_old"  # one effect, also after its end
        assert (await shop.size())["reserved"] == 0
        other = await shop.reserve("s", quantity=1, Idempotency_Key="upgrade")
        assert other.status == 200  # the old key belonged to another request: it has no effect here
        rows = [row.command_id for row in await stored_outcomes(shop)]
        assert len(rows) == 2
        await shop.check()


async def test_a_bulk_update_that_an_earlier_version_began_means_the_same_sizes() -> None:
    async with running(MemoryStore()) as shop:
        body = wire.BulkBody("adjust", changes=wire.BulkChanges(stock=1))
        text = wire.encode([body.action, body.filter, body.changes])
        digest = hashlib.sha256(b"/api/inventory/bulk-update\n" + text).hexdigest()
        sku = f"{HOODIE}/S"
        await shop.engine.submit(StoreResult(texts=(sku,), command_id="key:b", digest=digest))
        answer = await shop.bulk("adjust", {"Idempotency-Key": "b"}, changes={"stock": 1})
        assert answer.json["results"]["successful"] == 1, answer
        assert (await shop.size("S"))["stock"] == 4
        assert (await shop.size("M"))["stock"] == 20


async def test_a_command_without_an_entry_that_is_not_about_stock_is_kept() -> None:
    async with running(MemoryStore()) as shop:
        first = StoreResult(texts=("a",), command_id="x", digest="d")
        await shop.engine.submit(CommandGroup(commands=(first,)))
        again = await shop.engine.submit(StoreResult(texts=("b",), command_id="x", digest="d"))
        assert again.data == ["a"]  # type: ignore[union-attr]
