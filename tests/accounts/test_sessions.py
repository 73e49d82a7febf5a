"""Sessions from login to end, and the limits of a stolen token."""

import asyncio
from typing import Any

import pytest

from fancymonkey.accounts.sessions import ACCESS_LIFE, GRACE
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.admin_api.stock import stock_live
from tests.accounts.client import Visitor, accounts, made
from tests.web.shops import HOODIE, PASSWORD, Shop, running

ME = "/api/admin/me"
REFRESH = "/api/admin/refresh"
UPDATE = "/api/inventory/update"
ROWS = {"updates": [{"productId": HOODIE, "size": "M", "stock": 30}]}


async def test_the_first_login_makes_the_owner_of_the_settings(any_shop: Shop) -> None:
    visitor = Visitor(any_shop.client)
    answer = await visitor.log_in()
    assert answer.status == 200
    assert answer.json["user"] == {
        "name": "owner",
        "role": "owner",
        "right": "admin",
        "secondFactor": False,
        "recoveryCodesLeft": 0,
    }
    assert (await visitor.get(ME)).json == answer.json
    (user,) = await accounts(any_shop).users.all()
    assert user.password.startswith("$argon2id$")
    assert PASSWORD not in await any_shop.stored_text()
    assert visitor.cookies["fm_access"] not in await any_shop.stored_text()


async def test_the_owner_may_have_an_email_as_name() -> None:
    async with running(MemoryStore(), owner_email="Mo@Shop.Example") as shop:
        assert (await Visitor(shop.client).log_in("mo@shop.example ")).status == 200
        assert (await Visitor(shop.client).log_in("owner")).status == 401


async def test_the_owner_is_not_called_as_the_admin_password_is() -> None:
    async with running(MemoryStore(), owner_email="Admin") as shop:
        answer = await Visitor(shop.client).log_in("admin")
        assert (answer.status, answer.code) == (422, "invalid_request")
        assert await accounts(shop).users.folder.all() == []


async def test_without_a_password_set_there_is_no_owner() -> None:
    async with running(MemoryStore(), admin_password=None) as shop:
        assert (await Visitor(shop.client).log_in()).code == "wrong_credentials"
        assert (await shop.client.get(ME)).code == "admin_disabled"


@pytest.mark.parametrize(
    ("name", "password"), [("owner", "wrong"), ("nobody", PASSWORD), ("own er", ""), ("", "x")]
)
async def test_wrong_credentials_get_the_same_answer(
    visitor: Visitor, name: str, password: str
) -> None:
    answer = await visitor.log_in(name, password)
    assert answer.status in (401, 422)
    if answer.status == 401:
        assert answer.json["detail"] == "Name, password or code is incorrect."
    assert not visitor.cookies


async def test_cookies_cannot_be_read_by_scripts_nor_sent_by_other_sites(visitor: Visitor) -> None:
    await visitor.log_in()
    assert visitor.cookies.keys() == {"fm_access", "fm_renew", "fm_device"}
    for cookie in visitor.set:
        assert "; HttpOnly" in cookie
        assert "; SameSite=Strict" in cookie
        assert "; Path=/;" in cookie
        assert "Domain" not in cookie


async def test_over_https_cookies_are_secure_and_of_this_host(shop: Shop) -> None:
    visitor = await Visitor(shop.client, scheme="https").logged_in()
    assert all(name.startswith("__Host-") for name in visitor.cookies)
    assert all("; Secure" in cookie for cookie in visitor.set)
    plain = Visitor(shop.client, scheme="https")
    plain.cookies = {name.removeprefix("__Host-"): v for name, v in visitor.cookies.items()}
    assert (await plain.get(ME)).status == 401, "another host may have planted these"


async def test_a_session_changes_stock_and_is_named_in_the_ledger(
    shop: Shop, visitor: Visitor
) -> None:
    password = await made(shop, "Ada", "staff")
    await visitor.logged_in("ada", password)
    assert (await visitor.post(UPDATE, ROWS)).status == 200
    assert (await shop.size())["stock"] == 30
    entries = await shop.engine.store.entries_after(0, 1000)
    assert entries[-1].actor == "ada"


async def test_ten_minutes_later_it_is_renewed(shop: Shop, visitor: Visitor) -> None:
    await visitor.logged_in()
    old = dict(visitor.cookies)
    shop.clock.now += ACCESS_LIFE
    assert (await visitor.get(ME)).code == "session_expired"
    answer = await visitor.post(REFRESH)
    assert answer.status == 200
    assert answer.json["session"]["csrf"] == visitor.csrf
    assert old["fm_access"] != visitor.cookies["fm_access"]
    assert old["fm_renew"] != visitor.cookies["fm_renew"]
    assert (await visitor.get(ME)).status == 200


async def test_it_ends_without_a_sign_of_life_and_in_any_case(shop: Shop, visitor: Visitor) -> None:
    await visitor.logged_in()
    shop.clock.forward(60 * 60)
    assert (await visitor.post(REFRESH)).code == "no_session"
    await visitor.logged_in()
    for _ in range(14):
        shop.clock.forward(50 * 60)
        last = await visitor.post(REFRESH)
    assert last.status == 200
    shop.clock.forward(20 * 60)
    assert (await visitor.post(REFRESH)).code == "no_session"
    assert (await visitor.get(ME)).status == 401


async def test_a_stolen_renewal_ends_the_session_for_both(shop: Shop, visitor: Visitor) -> None:
    await visitor.logged_in()
    thief = visitor.twin()
    assert (await visitor.post(REFRESH)).status == 200
    shop.clock.now += GRACE + 1
    assert (await thief.post(REFRESH)).code == "no_session"
    assert (await visitor.get(ME)).code == "no_session"
    acts = await accounts(shop).audit_log.latest(1)
    assert acts[0].what == "session ended: a refresh token was used twice"


async def test_two_windows_can_renew_at_once(any_shop: Shop) -> None:
    first = await Visitor(any_shop.client).logged_in()
    two = first.twin()
    answers = await asyncio.gather(first.post(REFRESH), two.post(REFRESH))
    assert [answer.status for answer in answers] == [200, 200]
    first.cookies |= two.cookies | first.cookies  # they share one jar
    any_shop.clock.now += ACCESS_LIFE
    winner = first if first.cookies["fm_renew"] != two.cookies["fm_renew"] else two
    assert (await winner.post(REFRESH)).status == 200


async def test_logging_out_ends_it_on_the_server_too(visitor: Visitor) -> None:
    await visitor.logged_in()
    thief = visitor.twin()
    assert (await visitor.post("/api/admin/logout")).status == 200
    assert visitor.cookies.keys() == {"fm_device"}
    assert (await thief.get(ME)).code == "no_session"
    assert (await thief.post(REFRESH)).code == "no_session"
    assert (await visitor.post("/api/admin/logout")).status == 200, "twice does no harm"


async def test_a_login_never_reuses_an_existing_session(shop: Shop, visitor: Visitor) -> None:
    """Session fixation: an attacker's planted session gets nothing of the victim."""
    attacker = await visitor.logged_in("mallory", await made(shop, "mallory", "viewer"))
    victim = attacker.twin()
    await victim.log_in()
    assert victim.cookies["fm_access"] != attacker.cookies["fm_access"]
    assert (await attacker.get(ME)).code == "no_session"
    assert (await victim.get(ME)).json["user"]["name"] == "owner"


async def test_sessions_are_listed_and_ended(shop: Shop, visitor: Visitor) -> None:
    password = await made(shop, "ada", "staff")
    here = await visitor.logged_in("ada", password)
    there = await visitor.elsewhere("198.51.100.4").logged_in("ada", password)
    owner = await visitor.elsewhere("198.51.100.5").logged_in()
    listed = (await here.get("/api/admin/sessions")).json["sessions"]
    assert {(row["user"], row["address"], row["current"]) for row in listed} == {
        ("ada", "203.0.113.7", True),
        ("ada", "198.51.100.4", False),
    }
    everybody = (await owner.get("/api/admin/sessions")).json["sessions"]
    assert len(everybody) == 3
    (owners,) = [row["id"] for row in everybody if row["user"] == "owner"]
    revoke = "/api/admin/sessions/revoke"
    assert (await here.post(revoke, {"sessionId": owners})).code == "unknown_account"
    assert (await here.post(revoke, {"others": True})).json["ended"] == 1
    assert (await there.get(ME)).code == "no_session"
    (left,) = [row["id"] for row in listed if row["current"]]
    assert (await owner.post(revoke, {"sessionId": left})).json["ended"] == 1
    assert (await here.get(ME)).code == "no_session"
    assert (await owner.post(revoke, {})).code == "invalid_request"


async def test_a_login_of_one_worker_opens_the_doors_of_another(any_shop: Shop) -> None:
    """Keys and sessions are in the store: each process reads what the other has written."""
    from fancymonkey.web.app import create_app
    from tests.web.client import Client

    other = Client(create_app(any_shop.settings, any_shop.engine))
    visitor = await Visitor(any_shop.client).logged_in()
    second = visitor.twin()
    second.client = other
    assert (await second.get(ME)).status == 200
    assert (await second.post(REFRESH)).status == 200
    assert (await second.post("/api/admin/logout")).status == 200
    assert (await visitor.get(ME)).code == "no_session"


async def test_the_live_table_ends_with_the_session(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_live, "CHECK_SECONDS", 0.05)
    await visitor.logged_in()
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    scope = visitor.client.scope("GET", "/api/admin/inventory/live", {"Cookie": cookie})
    sent: list[Any] = []
    begun = asyncio.Event()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)
        if b"snapshot" in message.get("body", b""):
            begun.set()

    async with asyncio.timeout(10):
        listening = asyncio.create_task(visitor.client.app(scope, receive, send))
        await begun.wait()
        await visitor.post("/api/admin/logout")
        await listening
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_renewal_and_a_new_password_at_once_end_no_session(
    shop: Shop, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.logged_in()
    sessions = accounts(shop).sessions
    (session,) = await sessions.live()
    user = (await accounts(shop).users.get("owner")).value
    get = sessions.folder.get

    async def renewed_meanwhile(name: str) -> Any:
        answer = await get(name)
        monkeypatch.undo()
        assert (await visitor.post(REFRESH)).status == 200
        return answer

    monkeypatch.setattr(sessions.folder, "get", renewed_meanwhile)
    await sessions.adopt(session.session_id, user)
    shop.clock.forward(60)
    assert (await visitor.post(REFRESH)).status == 200
