"""Attacks by a caller without any right."""

import base64
import json
from typing import Any

import jwt
import pytest

from fancymonkey.accounts.login import ACCOUNT_MOST, ADDRESS_MOST
from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor, accounts
from tests.web.shops import HOODIE, PASSWORD, Shop, running

ME = "/api/admin/me"
UPDATE = "/api/inventory/update"
ROWS = {"updates": [{"productId": HOODIE, "size": "M", "stock": 30}]}


def coded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def forged(shop: Shop, good: str) -> dict[str, str]:
    """Tokens that must open nothing, by their fault."""
    head, body, sign = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    (key, *_) = accounts(shop).sessions._tokens._keys
    kid = {"kid": header["kid"]}
    never = {name: value for name, value in claims.items() if name != "exp"}
    return {
        "no algorithm": f"{coded({**header, 'alg': 'none'})}.{body}.",
        "no algorithm, capitals": f"{coded({**header, 'alg': 'nOnE'})}.{body}.{sign}",
        "another key": jwt.encode(claims, b"x" * 32, "HS256", kid),
        "empty key": jwt.encode(claims, b"\0" * 32, "HS256", kid),
        "another algorithm": jwt.encode(claims, key.raw * 2, "HS512", kid),
        "right key, another algorithm": jwt.encode(claims, key.raw + b"\0" * 32, "HS512", kid),
        "public key as secret": f"{coded({**header, 'alg': 'RS256'})}.{body}.{sign}",
        "unknown key": jwt.encode(claims, key.raw, "HS256", {"kid": "deadbeef"}),
        "no key id": jwt.encode(claims, key.raw, "HS256"),
        "key id of no text": f"{coded({**header, 'kid': ['x']})}.{body}.{sign}",
        "path as key id": jwt.encode(claims, b"x" * 32, "HS256", {"kid": "../../dev/null"}),
        "embedded key": jwt.encode(
            claims, b"x" * 32, "HS256", {**kid, "jwk": {"kty": "oct", "k": coded(b"x" * 32)}}
        ),
        "another user": f"{head}.{coded({**claims, 'sid': 'other'})}.{sign}",
        "no end": jwt.encode(never, key.raw, "HS256", kid),
        "end is no number": f"{head}.{coded({**claims, 'exp': 'x'})}.{sign}",
        "another audience": jwt.encode({**claims, "aud": "renew"}, key.raw, "HS256", kid),
        "another issuer": jwt.encode({**claims, "iss": "other"}, key.raw, "HS256", kid),
        "expired": jwt.encode({**claims, "exp": claims["iat"] - 1}, key.raw, "HS256", kid),
        "session of no text": jwt.encode({**claims, "sid": {"a": 1}}, key.raw, "HS256", kid),
        "session of nobody": jwt.encode({**claims, "sid": "0" * 32}, key.raw, "HS256", kid),
        "no signature": f"{head}.{body}.",
        "cut": good[:-4],
        "nothing": "",
        "dots": "..",
        "deep": f"{coded(b'[' * 5000)}.{body}.{sign}",
        "no json": f"{coded(b'{')}.{body}.{sign}",
        "long": "A" * 100_000,
        "no ascii": "ü.ü.ü",
    }


async def test_forged_tokens_open_nothing(shop: Shop, visitor: Visitor) -> None:
    await visitor.logged_in()
    good = visitor.cookies["fm_access"]
    tokens = await forged(shop, good)
    for wrong, token in tokens.items():
        visitor.cookies = {"fm_access": token}
        answer = await visitor.get(ME)
        assert answer.status == 401, wrong
        page = await visitor.get("/admin/")
        assert page.status == 303, wrong
        visitor.cookies = {"fm_renew": token}
        assert (await visitor.post("/api/admin/refresh")).status == 401, wrong
    visitor.cookies = {"fm_access": good}
    assert (await visitor.get(ME)).status == 200


async def test_no_token_passes_for_one_of_another_kind(visitor: Visitor) -> None:
    await visitor.logged_in()
    cookies = dict(visitor.cookies)
    for name in ("fm_renew", "fm_device"):
        visitor.cookies = {"fm_access": cookies[name]}
        assert (await visitor.get(ME)).status == 401
    for name in ("fm_access", "fm_device"):
        visitor.cookies = {"fm_renew": cookies[name]}
        assert (await visitor.post("/api/admin/refresh")).status == 401
    answer = await visitor.client.get(ME, {"Authorization": f"Bearer {cookies['fm_access']}"})
    assert answer.status == 401, "what is in a cookie is no bearer token"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "wrong"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": "http://shop.test.evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example/shop.test"},
        {"Sec-Fetch-Site": "", "Origin": "file://shop.test"},
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    shop: Shop, visitor: Visitor, headers: dict[str, str]
) -> None:
    await visitor.logged_in()
    answer = await visitor.post(UPDATE, ROWS, headers)
    assert (answer.status, answer.code) == (403, "cross_site")
    assert (await shop.size())["stock"] == 20
    if "X-CSRF-Token" not in headers:
        for path in ("/api/admin/logout", "/api/admin/refresh"):
            assert (await visitor.post(path, b"", headers)).code == "cross_site"
    assert (await visitor.get(ME)).status == 200


async def test_a_browser_without_fetch_metadata_shows_its_origin(visitor: Visitor) -> None:
    await visitor.logged_in()
    headers = {"Sec-Fetch-Site": "", "Origin": "http://shop.test"}
    assert (await visitor.post(UPDATE, ROWS, headers)).status == 200


async def test_another_sites_page_cannot_log_a_browser_in(visitor: Visitor) -> None:
    body = {"name": "owner", "password": PASSWORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await visitor.client.post("/api/admin/login", body, headers)
        assert (answer.status, answer.code) == (403, "cross_site")
    assert (await visitor.client.post("/api/admin/login", body)).status == 200, "a script may"


async def test_guessing_from_one_address_has_to_wait(shop: Shop, visitor: Visitor) -> None:
    statuses = [(await visitor.log_in("owner", f"guess {n}")).status for n in range(25)]
    assert statuses.count(401) == ADDRESS_MOST
    last = await visitor.log_in()
    assert (last.status, last.code) == (429, "too_many_attempts")
    assert int(last.header("retry-after") or "") in range(1, 61)
    assert (await visitor.elsewhere("198.51.100.9").log_in()).status == 200
    shop.clock.forward(60)
    assert (await visitor.log_in()).status == 200


async def test_guessing_from_many_addresses_locks_out_unknown_clients_only(
    shop: Shop, visitor: Visitor
) -> None:
    await visitor.logged_in()
    await visitor.post("/api/admin/logout")
    visitor.csrf = ""
    wrong = 0
    for number in range(60):
        stranger = visitor.elsewhere(f"198.51.100.{number}")
        wrong += (await stranger.log_in("owner", f"guess {number}")).status == 401
    assert wrong == ACCOUNT_MOST
    late = visitor.elsewhere("192.0.2.77")
    assert (await late.log_in()).status == 429
    assert (await visitor.log_in()).status == 200, "this browser has logged in before"
    body = {"password": PASSWORD, **ROWS}
    assert (await late.client.post(UPDATE, body)).status == 200
    shop.clock.forward(15 * 60)
    assert (await late.log_in()).status == 200, "nobody is locked out for good"


@pytest.mark.parametrize("name", ["again owner", "device {iat} owner", "owner"])
async def test_guesses_of_others_do_not_stop_the_owner(visitor: Visitor, name: str) -> None:
    await visitor.logged_in()
    iat = jwt.decode(visitor.cookies["fm_device"], options={"verify_signature": False})["iat"]
    for number in range(40):
        stranger = visitor.elsewhere(f"198.51.100.{number}")
        await stranger.log_in(name.format(iat=iat), f"guess {number}")
    change = {"old": PASSWORD, "new": "six blue owls sing"}
    assert (await visitor.post("/api/admin/password", change)).status == 200
    assert (await visitor.log_in("owner", "six blue owls sing")).status == 200


async def test_a_remembered_browser_has_no_more_guesses_than_others(visitor: Visitor) -> None:
    await visitor.logged_in()
    tries = 0
    for number in range(40):
        thief = visitor.twin()
        thief.client = visitor.client.elsewhere(f"198.51.100.{number}")
        tries += (await thief.log_in("owner", f"guess {number}")).status == 401
    assert tries == ACCOUNT_MOST


async def test_forwarding_headers_of_unnamed_proxies_change_nothing(visitor: Visitor) -> None:
    statuses = []
    for number in range(25):
        headers = {
            "X-Forwarded-For": f"198.51.100.{number}",
            "X-Real-IP": f"198.51.100.{number}",
            "Forwarded": f"for=198.51.100.{number};proto=https",
            "X-Forwarded-Proto": "https",
        }
        body = {"name": "owner", "password": "wrong"}
        statuses.append((await visitor.post("/api/admin/login", body, headers)).status)
    assert statuses.count(401) == ADDRESS_MOST


async def test_closed_addresses_see_nothing_of_the_owners_side() -> None:
    from fancymonkey.settings.fields import several_networks

    allowed = several_networks("198.51.100.0/24, 2001:db8::/32")
    async with running(MemoryStore(), admin_allowed_ips=allowed) as shop:
        body = {"password": PASSWORD, **ROWS}
        inside = ("198.51.100.77", "2001:db8:1::5", "::ffff:198.51.100.9")
        for address in inside:
            visitor = Visitor(shop.client.elsewhere(address))
            assert (await visitor.log_in()).status == 200
            assert (await visitor.client.post(UPDATE, body)).status == 200
        for address in ("203.0.113.7", "2001:db9::1", "::1", "not an address"):
            other = Visitor(shop.client.elsewhere(address))
            other.cookies, other.csrf = visitor.cookies, visitor.csrf
            forwarded = {"X-Forwarded-For": inside[0]}
            for answer in (
                await other.get(ME, forwarded),
                await other.get("/admin/", forwarded),
                await other.get("/admin/admin-login.html", forwarded),
                await other.post("/api/admin/login", {"name": "owner", "password": PASSWORD}),
                await other.client.post(UPDATE, body),
                await other.client.get(ME, {"Authorization": f"Bearer {PASSWORD}"}),
            ):
                assert (answer.status, answer.code) == (403, "address_not_allowed")
        assert (await shop.client.get("/api/inventory/get")).status == 200


async def test_logins_that_fail_are_on_record_without_what_was_typed(
    shop: Shop, visitor: Visitor
) -> None:
    await visitor.log_in("owner", "a secret that was mistyped")
    shop.clock.forward(1)
    await visitor.log_in("typed into the wrong field", "x")
    shop.clock.forward(1)
    await visitor.log_in()
    acts = await accounts(shop).audit_log.latest(10)
    assert [(act.actor, act.status) for act in acts] == [
        ("owner", 200),
        ("somebody", 401),
        ("owner", 401),
    ]
    assert {act.address for act in acts} == {"203.0.113.7"}
    assert {act.what for act in acts} == {"POST /api/admin/login"}
    assert "mistyped" not in await shop.stored_text()
    assert "wrong field" not in await shop.stored_text()


async def test_a_flood_of_refused_logins_does_not_fill_the_store(
    shop: Shop, visitor: Visitor
) -> None:
    acts = accounts(shop).audit_log
    for number in range(300):
        await acts.record_refused("somebody", f"10.0.0.{number % 250}", "login", 401)
    entries = await acts.latest(1000)
    assert len(entries) == 101  # the last one stands for all others
    assert sum(act.count for act in entries) == 300
