"""Each route declares its right, and the right is checked before a body is read."""

from typing import Any

import pytest
from fastapi import APIRouter
from starlette.routing import Mount

from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from fancymonkey.web.routing.access import Public, Requires, public, requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.routes import methods_of, routes_of
from tests.accounts.routes import (
    ACCOUNT,
    ADMIN,
    ADMIN_BUT_NO_KEY,
    ADMIN_PASSWORD_ALONE,
    BROWSER,
    NEEDS,
    OPEN,
    READ,
    SIGNED,
    STOCK,
    STOCK_OR_CRON,
    STOCK_OR_CRON_NO_COOKIE,
)
from tests.accounts.test_routes_by_role import IN_THE_BODY, concrete
from tests.web.shops import Shop

DECLARED: dict[str, Requires | Public] = {
    OPEN: Public(),
    SIGNED: Public(),
    BROWSER: Public(),
    READ: Requires("read"),
    STOCK: Requires("stock"),
    ADMIN: Requires("admin"),
    ADMIN_BUT_NO_KEY: Requires("admin", person=True),
    ADMIN_PASSWORD_ALONE: Requires("admin", person=True),
    STOCK_OR_CRON: Requires("stock", schedule=True),
    STOCK_OR_CRON_NO_COOKIE: Requires("stock", schedule=True),
    ACCOUNT: Requires("read", account=True),
}
"""The access that a route declares for each need of the table."""

NO_COOKIE = (STOCK_OR_CRON_NO_COOKIE, ADMIN_PASSWORD_ALONE)


def routes() -> dict[tuple[str, str], Any]:
    """The app's own routes by method and path."""
    api = create_app(Settings(), Engine(MemoryStore())).api
    return {
        (method, route.path): route
        for route in routes_of(api)
        if not isinstance(route, Mount)
        for method in methods_of(route) or {"WEBSOCKET"}
    }


def test_every_route_declares_the_right_of_the_table() -> None:
    paths = routes()
    assert len(paths) > 30
    for (method, path), route in paths.items():
        if method == "WEBSOCKET":
            continue
        assert isinstance(route, AuthorizedRoute), path
        need, access = NEEDS[method, path], route.access
        wanted = DECLARED[need]
        assert isinstance(access, type(wanted)), path
        if isinstance(access, Requires):
            assert isinstance(wanted, Requires)
            assert (access.right, access.person, access.account, access.schedule) == (
                *(wanted.right, wanted.person, wanted.account, wanted.schedule),
            ), path
            assert access.cookie is (need not in NO_COOKIE), path
            assert access.in_body is (path in IN_THE_BODY), path


@pytest.mark.parametrize(
    "declared", [[], None, [public(), requires("read")], [requires("read"), requires("stock")]]
)
def test_a_route_without_one_right_does_not_start(declared: Any) -> None:
    router = APIRouter(route_class=AuthorizedRoute)

    async def handler() -> None: ...

    with pytest.raises(TypeError, match="declare its right"):
        router.post("/somewhere", dependencies=declared)(handler)


async def test_no_body_is_read_before_the_right_is_checked(shop: Shop) -> None:
    asked = 0
    for method, path in NEEDS:
        need = NEEDS[method, path]
        if need in (OPEN, SIGNED, BROWSER) or path in IN_THE_BODY or method in ("MOUNT", "GET"):
            continue
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            raise AssertionError(f"{path} reads a body of a stranger")  # noqa: B023

        async def send(message: Any) -> None:
            sent.append(message)  # noqa: B023

        await shop.client.app(shop.client.scope(method, concrete(path)), receive, send)
        assert sent[0]["status"] == 401, path
        asked += 1
    assert asked > 25


async def test_a_login_from_another_site_is_refused_before_its_body_is_read(shop: Shop) -> None:
    async def receive() -> dict[str, Any]:
        raise AssertionError("the body is read")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = shop.client.scope("POST", "/api/admin/login", {"Origin": "https://evil.example"})
    await shop.client.app(scope, receive, send)
    assert sent[0]["status"] == 403


INVALID = "invalid_request"


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (b'{"name":"ada","role":"<evil>","password":"six blue owls sing"}', "role", INVALID),
        (b'{"name":["<evil>"],"role":"staff","password":"six blue owls sing"}', "name", INVALID),
        (b'{"name":"ada","role":"staff","<evil>":1}', "password", "unknown_field"),
    ],
)
async def test_a_body_that_is_not_valid_is_never_repeated(
    shop: Shop, body: bytes, place: str, code: str
) -> None:
    headers = {"Authorization": "Bearer correct horse"}
    answer = await shop.client.post("/api/admin/users/add", body, headers)
    assert (answer.status, answer.code) == (422, code)
    assert place in answer.json["detail"]
    assert b"evil" not in answer.body


@pytest.mark.parametrize("body", [b"", b"{", b'{"name":NaN}', b'{"x":"\\ud800"}', b"[" * 100_000])
async def test_a_body_that_is_not_json_is_400(shop: Shop, body: bytes) -> None:
    headers = {"Authorization": "Bearer correct horse"}
    answer = await shop.client.post("/api/admin/users/add", body, headers)
    assert (answer.status, answer.code) == (400, "invalid_json")


async def test_no_value_of_a_body_is_converted(shop: Shop) -> None:
    headers = {"Authorization": "Bearer correct horse"}
    for days in ('"7"', "7.0", "true"):
        body = f'{{"label":"x","days":{days}}}'.encode()
        answer = await shop.client.post("/api/admin/keys/make", body, headers)
        assert (answer.status, answer.code) == (422, "invalid_request"), days


async def test_the_content_type_makes_no_difference(shop: Shop) -> None:
    """Scripts often send none, or that of a form, which is what curl sends."""
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"Authorization": "Bearer correct horse", "Content-Type": kind}
        answer = await shop.client.post("/api/admin/keys/make", {"label": "x"}, headers)
        assert answer.status == 200, kind


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("fbclid=" + "x" * 600, "unknown_parameter"),
        ("a=%ff", "invalid_request"),
        ("&".join(["a=1"] * 2000), "invalid_request"),
    ],
    ids=["long", "encoding", "many"],
)
async def test_a_query_is_checked_only_where_it_is_read(shop: Shop, query: str, code: str) -> None:
    """Advertisements and mails add parameters of their own to the addresses of pages."""
    for path in ("/", "/success.html", "/healthz", "/api/shop"):
        assert (await shop.client.get(f"{path}?{query}")).status == 200, path
    headers = {"Authorization": "Bearer correct horse"}
    answer = await shop.client.get(f"/api/admin/holds?{query}", headers)
    assert (answer.status, answer.code) == (422, code)


async def test_a_request_builds_no_route(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI's `include_router` builds the routes again, at the first request that needs them."""
    built: list[str] = []
    build = AuthorizedRoute.get_route_handler
    monkeypatch.setattr(
        AuthorizedRoute, "get_route_handler", lambda route: built.append(route.path) or build(route)
    )
    for method, path in (("GET", "/api/nothing"), ("PATCH", "/api/shop"), ("GET", "/docs/")):
        assert (await shop.client.request(method, path)).status in (404, 405, 307)
    create_app(Settings(), Engine(MemoryStore()))
    assert not built, "the routes are built once for all apps"
    router = APIRouter(route_class=AuthorizedRoute)
    router.add_api_route("/api/new", lambda: None, dependencies=[public()])
    assert built == ["/api/new"], "the patched method is the one that builds a route"
