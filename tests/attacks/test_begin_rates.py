"""The holds and checkouts that one source begins in a minute are limited."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from fancymonkey.core.holds.limits import ClientSource, HoldLimits
from fancymonkey.core.model import Reservation, SessionLink
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.http.clients.begin_rates import STRIPE_A_MINUTE, BeginRate
from fancymonkey.web.http.messages import Problem
from tests.payments.conftest import Till, opened
from tests.web.shops import HOODIE, Clock, Shop, running

pytestmark = pytest.mark.slow

RESERVE, RELEASE, CHECKOUT = "/api/inventory/reserve", "/api/inventory/release", "/api/checkout"
ONE = "198.51.100.7"
BASKET = {"productId": HOODIE, "size": "L", "quantity": 1}
Address = Callable[[int], str]


def one_address(number: int) -> str:
    return ONE


def one_network(number: int) -> str:
    return f"198.51.100.{number % 250}"


def one_v6(number: int) -> str:
    return f"2001:db8:0:1::{number:x}"


def one_v6_network(number: int) -> str:
    return f"2001:db8:0:{number:x}::1"


async def loop(till: Till, number: int, address: str) -> int:
    """A checkout and its release at once. The status of the checkout."""
    client = till.shop.client.elsewhere(address)
    session = f"s{number}"
    answer = await client.post(CHECKOUT, {**BASKET, "sessionId": session})
    await client.post(RELEASE, {"sessionId": session})
    return answer.status


@pytest.mark.parametrize(
    ("address", "most"),
    [(one_address, 10), (one_network, 50), (one_v6, 10), (one_v6_network, 50)],
)
async def test_checkout_and_release_in_a_loop_is_bounded(address: Address, most: int) -> None:
    async with opened(MemoryStore(), rate_limit=True) as till:
        statuses = Counter([await loop(till, number, address(number)) for number in range(70)])
        assert statuses == {200: most, 429: 70 - most}
        assert len(till.sessions) == most
        elsewhere = await loop(till, 1000, "203.0.113.5")
        assert elsewhere == 200
        till.shop.clock.forward(61)
        assert await loop(till, 1001, address(0)) == 200


@pytest.mark.parametrize("how", ["same basket", "other basket", "replaces", "without lines"])
async def test_every_request_to_stripe_counts(how: str) -> None:
    async with opened(MemoryStore(), rate_limit=True, checkouts_per_hold=100) as till:
        client = till.shop.client.elsewhere(ONE)
        statuses = []
        await client.post(RESERVE, {**BASKET, "sessionId": "s"})
        for number in range(15):
            body: dict[str, Any] = {**BASKET, "sessionId": "s"}
            if how == "other basket":
                body["quantity"] = 1 + number % 2
            elif how == "replaces":
                body = {**BASKET, "sessionId": f"s{number + 1}", "replaces": f"s{number}"}
            elif how == "without lines":
                body = {"sessionId": "s"}
            statuses.append((await client.post(CHECKOUT, body)).status)
        assert statuses == [200] * 10 + [429] * 5


async def test_refused_holds_do_not_count() -> None:
    async with opened(
        MemoryStore(), rate_limit=True, hold_units=0, hold_contention_percent=0
    ) as till:
        client = till.shop.client.elsewhere(ONE)
        for number in range(30):
            body = {**BASKET, "quantity": 59, "sessionId": f"s{number}"}
            assert (await client.post(CHECKOUT, body)).code == "insufficient_stock"
        assert (await client.post(CHECKOUT, {**BASKET, "sessionId": "s"})).status == 200
        body = {**BASKET, "sessionId": "t"}
        refused = await client.post(CHECKOUT, {**body, "size": "none"})
        assert refused.status == 404


async def test_the_answer_has_the_time_to_retry() -> None:
    async with opened(MemoryStore(), rate_limit=True) as till:
        for number in range(10):
            await loop(till, number, ONE)
        answer = await till.shop.client.elsewhere(ONE).post(CHECKOUT, {**BASKET, "sessionId": "s"})
        assert (answer.status, answer.code) == (429, "too_many_requests")
        assert answer.header("retry-after") == "6"
        assert "checkouts" in answer.json["detail"]
        till.shop.clock.forward(6)
        assert await loop(till, 11, ONE) == 200


def test_a_crowd_of_known_networks_leaves_half_of_stripe_to_others() -> None:
    pace = BeginRate(Clock(), "checkouts", 10, 5, STRIPE_A_MINUTE)
    taken = 0
    for number in range(2000):
        source = ClientSource(f"net{number % 20}", f"a{number % 200}", HoldLimits())
        try:
            pace.take(source)
        except Problem:
            continue
        taken += 1
    assert STRIPE_A_MINUTE / 2 - 20 <= taken <= STRIPE_A_MINUTE / 2 + 20
    for number in range(100):
        pace.take(ClientSource(f"new{number}", "a", HoldLimits()))


def test_callers_nearby_never_use_up_what_is_for_others() -> None:
    pace = BeginRate(Clock(), "checkouts", 10, 5, STRIPE_A_MINUTE)
    for _ in range(STRIPE_A_MINUTE // 2):
        pace.take(None)
    with pytest.raises(Problem) as refused:
        pace.take(None)
    assert refused.value.status == 429
    pace.take(ClientSource("net", "a", HoldLimits()))


async def churn(shop: Shop, number: int, address: str, session: str = "") -> int:
    client = shop.client.elsewhere(address)
    session = session or f"session-{number}"
    answer = await client.post(RESERVE, {**BASKET, "sessionId": session})
    await client.post(RELEASE, {"sessionId": session})
    return answer.status


@pytest.mark.parametrize(
    ("address", "most"),
    [(one_address, 60), (one_network, 600), (one_v6, 60), (one_v6_network, 600)],
)
async def test_holds_begun_in_a_minute_are_bounded(address: Address, most: int) -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        statuses = Counter([await churn(shop, number, address(number)) for number in range(700)])
        assert statuses == {200: most, 429: 700 - most}
        assert await churn(shop, 1000, "203.0.113.5") == 200
        shop.clock.forward(60)
        assert await churn(shop, 1001, address(0)) == 200


async def test_many_at_once_are_counted_too() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        answers = await asyncio.gather(*[churn(shop, number, ONE) for number in range(200)])
        assert Counter(answers)[200] <= 60


async def test_repeated_changes_of_a_hold_are_bounded() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        client, statuses = shop.client.elsewhere(ONE), []
        for number in range(100):
            body = {**BASKET, "quantity": 1 + number % 2, "sessionId": "s"}
            statuses.append((await client.post(RESERVE, body)).status)
        assert Counter(statuses) == {200: 60, 429: 40}


async def test_requests_from_nearby_are_not_limited() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        for number in range(100):
            assert await churn(shop, number, "192.168.1.4") == 200


LONG = ["x" * 200, "é" * 199, "cs_live_" + "-" * 100, "manual" + "/" * 100, "cs_test_ " + "a" * 90]


@pytest.mark.parametrize("session", LONG)
async def test_long_session_ids_are_kept_short_and_work_as_before(session: str) -> None:
    async with running(MemoryStore()) as shop:
        first = await shop.reserve(session)
        if session.startswith("manual/"):
            assert first.status == 404
            return
        assert first.json["reservation"]["sessionId"] == session
        second = await shop.reserve(session, quantity=2)
        assert second.json["reservation"]["id"] == first.json["reservation"]["id"]
        status = await shop.client.get(f"/api/checkout/status?sessionId={quote(session, safe='')}")
        assert status.json["reservation"]["sessionId"] == session
        for kind in (SessionLink, Reservation):
            rows = [row async for row in shop.engine.store.scan(kind)]
            assert all(len(row.session_id) <= 64 for row in rows)  # type: ignore[attr-defined]
        released = await shop.release(session)
        assert released.json["reservation"]["sessionId"] == session
        assert released.json["released"] == 1


async def test_ids_of_stripe_are_kept_as_they_are() -> None:
    session = "cs_live_" + "a1B2" * 20
    async with running(MemoryStore()) as shop:
        await shop.reserve(session)
        rows = [row async for row in shop.engine.store.scan(SessionLink)]
        assert [row.session_id for row in rows] == [session]  # type: ignore[attr-defined]
