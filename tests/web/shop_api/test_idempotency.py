"""`Idempotency-Key`: a repeated request has one effect and the same answer."""

import asyncio
from typing import Any

import pytest

from fancymonkey.store.open import open_store
from tests.web.client import Answer, Client
from tests.web.shops import HOODIE, PASSWORD, Shop, ledger, running

BOTH_WAYS = True

KEY = {"Idempotency-Key": "4f6b-1"}
ROW = {"productId": HOODIE, "size": "M"}
RESERVE = {**ROW, "quantity": 2, "sessionId": "cs_1"}
REQUESTS: dict[str, dict[str, Any]] = {
    "reserve": RESERVE,
    "release": {"sessionId": "cs_0"},
    "update": {"password": PASSWORD, "updates": [{**ROW, "adjustStock": 5}]},
    "bulk-update": {
        "password": PASSWORD,
        "action": "adjust",
        "filter": {"lowStockOnly": True},
        "changes": {"stock": 10},
    },
}
OTHERS: dict[str, dict[str, Any]] = {
    "reserve": {**RESERVE, "quantity": 3},
    "release": {"sessionId": "cs_9"},
    "update": {"password": PASSWORD, "updates": [{**ROW, "adjustStock": 6}]},
    "bulk-update": {**REQUESTS["bulk-update"], "changes": {"stock": 11}},
}


async def send(client: Client, name: str, body: Any, headers: Any = KEY) -> Answer:
    return await client.post(f"/api/inventory/{name}", body, headers)


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_same_again_changes_nothing_and_answers_the_same(
    any_shop: Shop, name: str
) -> None:
    await any_shop.reserve("cs_0")
    first = await send(any_shop.client, name, REQUESTS[name])
    assert first.status == 200
    after = await ledger(any_shop.engine.store)
    any_shop.clock.forward(61)
    again = await send(any_shop.client, name, REQUESTS[name])
    assert (again.status, again.body) == (200, first.body)
    assert await ledger(any_shop.engine.store) == after


@pytest.mark.parametrize("name", REQUESTS)
async def test_64_at_once_have_one_effect_and_one_answer(any_shop: Shop, name: str) -> None:
    await any_shop.reserve("cs_0")
    before = len(await ledger(any_shop.engine.store))
    answers = await asyncio.gather(
        *[send(any_shop.client, name, REQUESTS[name]) for _ in range(64)]
    )
    assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}
    moved = {"reserve": 1, "release": 1, "update": 1, "bulk-update": 2}[name]
    assert len(await ledger(any_shop.engine.store)) == before + moved
    await any_shop.check()


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_key_that_was_used_for_something_else_is_refused(shop: Shop, name: str) -> None:
    await shop.reserve("cs_0")
    assert (await send(shop.client, name, REQUESTS[name])).status == 200
    before = await ledger(shop.engine.store)
    other = OTHERS[name]
    if name == "release":  # other fields of a release of the same session
        other = {**REQUESTS[name], "releaseExpired": True}
    answer = await send(shop.client, name, other)
    assert (answer.status, answer.code) == (409, "idempotency_conflict")
    assert await ledger(shop.engine.store) == before


@pytest.mark.parametrize("second", REQUESTS)
@pytest.mark.parametrize("first", REQUESTS)
async def test_a_key_is_free_for_other_paths_and_other_sessions(
    shop: Shop, first: str, second: str
) -> None:
    """Any caller can use any key: one space for all would let callers use up the owner's keys."""
    if first == second and first.endswith("update"):
        return  # the same caller and path: that is a conflict
    await shop.reserve("cs_0")
    await shop.reserve("cs_9")
    assert (await send(shop.client, first, REQUESTS[first])).status == 200
    other = OTHERS[second]
    if second == "reserve":
        other = {**other, "sessionId": "cs_2"}
    answer = await send(shop.client, second, other)
    assert answer.status == 200, answer


async def test_a_refusal_is_not_remembered(any_shop: Shop) -> None:
    body = {**RESERVE, "quantity": 25}
    assert (await send(any_shop.client, "reserve", body)).status == 409
    await any_shop.update({"adjustStock": 5})
    first = await send(any_shop.client, "reserve", body)
    assert first.status == 200
    assert (await send(any_shop.client, "reserve", body)).body == first.body
    assert (await send(any_shop.client, "reserve", RESERVE)).status == 409


async def test_a_key_survives_a_restart(target: str) -> None:
    store = open_store(target)
    async with running(store) as shop:
        first = await send(shop.client, "reserve", RESERVE)
        bulk = await send(
            shop.client, "bulk-update", REQUESTS["bulk-update"], {"Idempotency-Key": "b"}
        )
    async with running(store if target == "memory://" else open_store(target), fill=False) as shop:
        assert (await send(shop.client, "reserve", RESERVE)).body == first.body
        again = await send(
            shop.client, "bulk-update", REQUESTS["bulk-update"], {"Idempotency-Key": "b"}
        )
        assert again.body == bulk.body
        assert (await shop.size())["reserved"] == 2


async def test_how_the_json_is_written_makes_no_other_request(shop: Shop) -> None:
    first = await send(shop.client, "reserve", RESERVE)
    text = (
        b'{ "sessionId":"cs_1", "quantity":2,"size":"M",  "productId":"%s", "unknown": 1}'
        % HOODIE.encode()
    )
    again = await send(shop.client, "reserve", text)
    assert again.json == {**first.json, "ignored": ["unknown"]}


async def test_a_password_is_not_part_of_the_digest(shop: Shop) -> None:
    """A rotated password must not turn a retry into another request."""
    first = await send(shop.client, "update", REQUESTS["update"])
    async with running(shop.engine.store, fill=False, admin_password="rotated") as later:
        again = await send(later.client, "update", {**REQUESTS["update"], "password": "rotated"})
        assert (again.status, again.body) == (200, first.body)


async def test_a_bulk_update_of_more_than_one_piece_is_repeated_whole(shop: Shop) -> None:
    """The filter is applied once: a retry has the rows of the first attempt."""
    rows = [{**ROW, "adjustStock": 1} for _ in range(1200)]
    body = {"password": PASSWORD, "updates": rows}
    first = await send(shop.client, "update", body)
    assert first.json["results"]["successful"] == 1200
    assert (await send(shop.client, "update", body)).body == first.body
    assert (await shop.size())["stock"] == 1220


async def test_a_dry_run_leaves_its_key_free(shop: Shop) -> None:
    dry = {**REQUESTS["bulk-update"], "dryRun": True}
    assert (await send(shop.client, "bulk-update", dry)).status == 200
    assert (await send(shop.client, "bulk-update", REQUESTS["bulk-update"])).status == 200
    assert (await shop.size("S"))["stock"] == 13


@pytest.mark.parametrize(
    "key", [b"", b" ", b"a b", b"x" * 256, "schlüssel".encode(), b"\xff", b"a\x00b", b"a\tb"]
)
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_key_that_is_none_is_refused(shop: Shop, name: str, key: bytes) -> None:
    await shop.reserve("cs_0")
    before = await ledger(shop.engine.store)
    answer = await send(shop.client, name, REQUESTS[name], {"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")
    assert await ledger(shop.engine.store) == before


async def test_keys_of_the_longest_kind_and_odd_characters_work(shop: Shop) -> None:
    for key in ("x" * 255, "!#$%&'*+-.^_`|~\"()/:<=>?@[]{},;\\", "a#0"):
        answer = await send(shop.client, "reserve", RESERVE, {"Idempotency-Key": key})
        assert answer.status == 200


async def test_a_key_cannot_reach_into_another_ones_pieces(shop: Shop) -> None:
    await send(shop.client, "update", REQUESTS["update"])
    for suffix in ("#0", "#1", "/0", ":0"):
        answer = await send(
            shop.client, "reserve", RESERVE, {"Idempotency-Key": KEY["Idempotency-Key"] + suffix}
        )
        assert answer.status == 200
