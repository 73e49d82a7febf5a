"""Guesses of secrets behind an unnamed proxy, or behind a chain of named proxies."""

from typing import Any

import pytest

from fancymonkey.accounts.audit_log import AuditLog
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.auth.shared_secrets import FAILURES_MAX
from tests.accounts.client import accounts
from tests.attacks.test_admin_password import WAYS, bearer, cron
from tests.web.client import Client, Headers
from tests.web.shops import CRON, PASSWORD, Shop, running

PROXY = "172.18.0.1"
STRANGER, OWNER = "198.51.100.7", "203.0.113.9"
SPREAD_MAX = 20


class Through(Client):
    """Every request has these headers, as a proxy hands it on."""

    def __init__(self, app: Any, address: str, forwarding: dict[str, str]) -> None:
        super().__init__(app, address)
        self.forwarding = forwarding

    def scope(self, method: str, target: str, headers: Headers = ()) -> dict[str, Any]:
        return super().scope(method, target, {**self.forwarding, **dict(headers)})


def through(shop: Shop, forwarding: dict[str, str], peer: str = PROXY) -> Client:
    return Through(shop.client.app, peer, forwarding)


def appended(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": f"{OWNER}, {address}"}


def made_up(number: int) -> dict[str, str]:
    """Contradictory headers: the proxy appends to one and forwards the other unchanged."""
    return {"X-Forwarded-For": STRANGER, "X-Real-IP": f"203.0.113.{number % 250}"}


@pytest.mark.parametrize("way", WAYS)
async def test_made_up_headers_close_nothing_to_scripts_beside_the_proxy(way: Any) -> None:
    """They count as one client of their own, and not as the proxy's machine."""
    async with running(MemoryStore(), rate_limit=True) as shop:
        for number in range(FAILURES_MAX):
            answer = await way(through(shop, made_up(number)), f"guess {number}")
            assert answer.status == 401
        assert (await way(through(shop, made_up(99)), "guess 99")).status == 429
        beside = shop.client.elsewhere(PROXY)
        assert (await cron(beside, CRON)).status == 200
        assert (await bearer(beside, PASSWORD)).status == 200
        assert (await bearer(through(shop, appended(STRANGER)), PASSWORD)).status == 200


@pytest.mark.parametrize("way", WAYS)
async def test_an_unnamed_proxy_limits_unknown_clients_and_not_the_owner(
    way: Any,
) -> None:
    async with running(MemoryStore()) as shop:
        home = through(shop, appended(OWNER))
        assert (await way(home, PASSWORD)).status in (200, 503)  # no Stripe: nothing to compare
        statuses = []
        for number in range(100):
            stranger = through(shop, appended(f"45.{number}.{number}.9"))
            statuses.append((await way(stranger, f"guess {number}")).status)
        assert statuses.count(401) <= SPREAD_MAX
        assert statuses[-1] == 429
        assert (await way(through(shop, appended("45.0.0.77")), PASSWORD)).status == 429
        assert (await way(home, PASSWORD)).status in (200, 503)


async def test_the_owners_address_in_a_header_of_a_foreign_client_has_no_effect() -> None:
    async with running(MemoryStore()) as shop:
        home = through(shop, appended(OWNER))
        assert (await bearer(home, PASSWORD)).status == 200
        for number in range(60):
            await bearer(through(shop, appended(STRANGER)), f"guess {number}")
            shop.clock.forward(5)
        assert (await bearer(home, PASSWORD)).status == 200


async def test_a_client_behind_two_named_proxies_cannot_choose_an_address() -> None:
    """The peer of a request is the address that uvicorn has read from the headers."""
    named = ("10.0.0.1", "10.0.0.2")
    async with running(MemoryStore(), trusted_proxies=named) as shop:
        statuses = []
        for number in range(40):
            chain = {"X-Forwarded-For": f"45.{number}.1.1, 192.168.1.20, 10.0.0.2"}
            client = through(shop, chain, "192.168.1.20")
            statuses.append((await bearer(client, f"guess {number}")).status)
        assert statuses == [401] * FAILURES_MAX + [429] * (40 - FAILURES_MAX)


async def test_audit_entries_have_the_peer_and_no_forged_address() -> None:
    async with running(MemoryStore()) as shop:
        acts: AuditLog = accounts(shop).audit_log
        for number in range(SPREAD_MAX + 5):
            await bearer(through(shop, appended(f"45.{number}.1.1")), f"guess {number}")
        entries = await acts.latest(1000)
        assert any("is being guessed" in entry.what for entry in entries)
        assert {entry.address for entry in entries} == {PROXY}
