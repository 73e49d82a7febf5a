"""Privilege escalation: every route answers exactly the callers that have its right."""

import asyncio
from typing import Any

import pytest

from fancymonkey.settings.settings import Settings
from tests.accounts import routes
from tests.accounts.client import Visitor, accounts, made
from tests.accounts.routes import (
    ACCOUNT,
    ADMIN,
    ADMIN_BUT_NO_KEY,
    ADMIN_PASSWORD_ALONE,
    BROWSER,
    NEEDS,
    OPEN,
    PAGE,
    READ,
    SIGNED,
    STOCK,
    STOCK_OR_CRON,
    STOCK_OR_CRON_NO_COOKIE,
    served,
)
from tests.web.client import Client
from tests.web.shops import CRON as CRON_SECRET
from tests.web.shops import PASSWORD, Shop

WHO = (
    *("anonymous", "viewer", "staff", "owner"),
    *("key read", "key stock", "key admin", "cron secret", "password"),
)
RIGHTS = {
    "viewer": 1,
    "staff": 2,
    "owner": 3,
    "key read": 1,
    "key stock": 2,
    "key admin": 3,
    "password": 3,
}
SESSIONS = {"viewer", "staff", "owner"}
LEAST = {
    READ: 1,
    STOCK: 2,
    ADMIN: 3,
    ADMIN_BUT_NO_KEY: 3,
    ADMIN_PASSWORD_ALONE: 3,
    STOCK_OR_CRON: 2,
    STOCK_OR_CRON_NO_COOKIE: 2,
}
NO_COOKIE = (STOCK_OR_CRON_NO_COOKIE, ADMIN_PASSWORD_ALONE)
BODIES = routes.bodies()
LET_IN = 0


def expected(need: str, who: str) -> int:
    """The status of the answer: LET_IN, 401 (no session), 403 (no right), 303 (to the login)."""
    if need in (OPEN, SIGNED):
        return LET_IN
    if need == BROWSER:
        return LET_IN if who in SESSIONS else 401
    if need == PAGE:
        return LET_IN if who in SESSIONS else 303
    if who == "cron secret":
        return LET_IN if need in (STOCK_OR_CRON, STOCK_OR_CRON_NO_COOKIE) else 401
    if who == "anonymous" or (need in NO_COOKIE and who in SESSIONS):
        return 401
    if need in (ADMIN_BUT_NO_KEY, ADMIN_PASSWORD_ALONE) and who == "key admin":
        return 403
    if need == ACCOUNT:
        return LET_IN if who in SESSIONS else 403
    return LET_IN if RIGHTS[who] >= LEAST[need] else 403


def test_every_route_is_in_the_table_and_nothing_else() -> None:
    everything = served(Settings()) | served(Settings.of(demo=True))
    assert everything == NEEDS.keys()


def test_open_routes_are_those_of_buyers_probes_and_logins() -> None:
    """A route must not become open by mistake: this list is short."""
    closed = [route for route, need in NEEDS.items() if need not in (OPEN, SIGNED)]
    assert all(
        path.startswith(
            ("/api/admin/", "/api/payments/", "/api/cron/", "/admin", "/api/inventory/")
        )
        for _, path in closed
    )
    opened = [route for route, need in NEEDS.items() if need in (OPEN, SIGNED)]
    assert [path for _, path in opened if "admin" in path or "payments" in path] == [
        "/api/admin/login",
        "/api/admin/logout",
    ]


async def callers(shop: Shop) -> dict[str, Visitor]:
    """One of each, at an address of their own."""
    rights = {}
    for number, who in enumerate(WHO):
        rights[who] = Visitor(shop.client.elsewhere(f"198.51.100.{number}"))
    for who in ("viewer", "staff"):
        await rights[who].logged_in(who, await made(shop, who, who))
    await rights["owner"].logged_in()
    for right in ("read", "stock", "admin"):
        _, secret = await accounts(shop).keys.make(right, right, "owner", None)
        rights[f"key {right}"].bearer = secret  # type: ignore[attr-defined]
    rights["cron secret"].bearer = CRON_SECRET  # type: ignore[attr-defined]
    rights["password"].bearer = PASSWORD  # type: ignore[attr-defined]
    return rights


async def status_of(visitor: Visitor, method: str, path: str, body: Any) -> int:
    """The status of an answer, also of one that never ends."""
    bearer = getattr(visitor, "bearer", None)
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    if not path.endswith("/live"):
        return (await visitor.send(method, path, body, headers)).status
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    headers |= {"Cookie": cookies} if cookies else {}
    return await _begun(visitor.client, path, headers)


async def _begun(client: Client, path: str, headers: dict[str, str]) -> int:
    began: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not began.done():
            began.set_result(message["status"])

    task = asyncio.create_task(client.app(client.scope("GET", path, headers), receive, send))
    try:
        return await asyncio.wait_for(began, 10)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def concrete(path: str) -> str:
    """A path with values in place of its parameters."""
    return {"/admin": "/admin/holds.html", "/static": "/static/tokens.css"}.get(
        path, path.replace("{job}", "release-expired")
    )


ASKED = [route for route in NEEDS if route[0] != "WEBSOCKET" and route[1] != "/demo/stripe"]


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_a_route_opens_for_whom_it_should(shop: Shop, method: str, path: str) -> None:
    need = NEEDS[method, path]
    body = BODIES.get((method, path), b"")
    method = "GET" if method == "MOUNT" else method
    got = {}
    for who, visitor in (await callers(shop)).items():
        status = await status_of(visitor, method, concrete(path), body)
        assert status < 500 or status in (502, 503), (who, status)
        proven = path in ("/api/admin/password",) or path.startswith("/api/admin/factor/")
        if proven and who in SESSIONS:
            assert status in (403, 409, 422), "asked again who it is"
            status = LET_IN
        if path == "/api/admin/login":
            assert status == 401
            status = LET_IN
        got[who] = status if status in (401, 403, 303) else LET_IN
    assert got == {who: expected(need, who) for who in WHO}


IN_THE_BODY = {"/api/inventory/update", "/api/inventory/bulk-update"}
"""Their password may be in the body, so that is read first."""


async def test_outsiders_get_no_details_about_their_events(shop: Shop) -> None:
    """The right is checked before the body is read, with any body."""
    got = {}
    for method, path in ASKED:
        if expected(NEEDS[method, path], "anonymous") == 401 and path not in IN_THE_BODY:
            for body in (b"", b"{}", b"{", b'{"changeId": 7, "ids": 7, "productId": 7}'):
                answer = await shop.client.request(method, concrete(path), body)
                got[method, path, body] = answer.status
    assert len(got) > 100
    assert {asked: status for asked, status in got.items() if status != 401} == {}


@pytest.mark.parametrize("path", ["update", "bulk-update"])
async def test_the_password_in_the_body_opens_what_it_always_did(shop: Shop, path: str) -> None:
    body = BODIES["POST", f"/api/inventory/{path}"]
    for password, status in ((PASSWORD, 200), ("wrong", 401), ("", 401)):
        answer = await shop.client.post(f"/api/inventory/{path}", {**body, "password": password})
        assert answer.status == status


async def test_only_an_owner_ends_sessions_of_others(shop: Shop) -> None:
    visitors = await callers(shop)
    rows = (await visitors["owner"].get("/api/admin/sessions")).json["sessions"]
    ids = {row["user"]: row["id"] for row in rows}
    for who in ("viewer", "staff"):
        assert [
            row["user"] for row in (await visitors[who].get("/api/admin/sessions")).json["sessions"]
        ] == [who]
        answer = await visitors[who].post("/api/admin/sessions/revoke", {"sessionId": ids["owner"]})
        assert answer.code == "unknown_account"
