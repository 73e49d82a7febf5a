"""Security headers are on every answer, of every layer."""

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor
from tests.accounts.routes import NEEDS
from tests.accounts.test_routes_by_role import concrete
from tests.web.client import Answer
from tests.web.shops import PASSWORD, Shop, running

PATHS = sorted(
    {concrete(path) for method, path in NEEDS if "live" not in path and path != "/demo/stripe"}
    | {
        "/nothing",
        "/admin/",
        "/admin/nothing.html",
        "/admin/admin-login.html",
        "/admin/pages/login.js",
    }
    | {"/static/nothing", "/api/admin/nothing", "/static/vendor", "/static/%2e%2e/app.py"}
)
FOR_ALL = "/v1/fancymonkey.js"
PICTURED = ("/", "/index.html", "/admin/products.html")


@pytest.fixture
async def owner(shop: Shop) -> Visitor:
    return await Visitor(shop.client).logged_in()


def check(path: str, answer: Answer) -> None:
    assert answer.header("x-content-type-options") == "nosniff"
    policy = answer.header("content-security-policy") or ""
    assert "frame-ancestors 'none'" in policy
    assert path == FOR_ALL or policy.startswith("default-src 'none'")
    if path in PICTURED:  # pictures of products may come from other hosts; nothing else may
        policy = policy.replace("img-src 'self' data: https:;", "")
    for word in ("unsafe", "*", "http:", "https:", "blob:"):
        assert word not in policy
    wanted = "cross-origin" if path == FOR_ALL and answer.status == 200 else "same-origin"
    assert answer.header("cross-origin-resource-policy") == wanted
    kind = answer.header("content-type") or ""
    if kind.startswith("text/"):
        assert "charset=utf-8" in kind or path.endswith(".svg"), kind
    if "html" in kind:
        assert answer.header("cross-origin-opener-policy") == "same-origin"
        assert answer.header("referrer-policy") == "same-origin"


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_is_guarded(shop: Shop, owner: Visitor, path: str) -> None:
    for method in ("GET", "POST", "PUT", "OPTIONS"):
        for visitor in (owner, Visitor(shop.client)):
            answer = await visitor.send(method, path)
            assert answer.status < 500 or answer.code == "not_configured"
            check(path, answer)
            assert answer.header("server") is None
            assert answer.header("x-powered-by") is None


KEPT = ("content-security-policy", "referrer-policy", "cross-origin-opener-policy")
"""A browser replaces the headers of its stored response with those of a 304."""


async def test_a_304_has_the_policies_of_its_200(shop: Shop, owner: Visitor) -> None:
    tagged = 0
    for path in PATHS:
        full = await owner.get(path)
        tag = full.header("etag")
        if full.status != 200 or tag is None:
            continue
        tagged += 1
        again = await owner.get(path, headers={"If-None-Match": tag})
        assert again.status in (200, 304), path
        for name in KEPT:
            assert again.header(name) == full.header(name), (path, name)
        assert again.header("access-control-allow-origin") == full.header(
            "access-control-allow-origin"
        )
    assert tagged > 10


@pytest.mark.parametrize("path", PATHS)
async def test_over_https_browsers_stay_there(shop: Shop, path: str) -> None:
    for scheme, wanted in (("https", "max-age=31536000"), ("http", None)):
        answer = await Visitor(shop.client, scheme=scheme).get(path)
        assert answer.header("strict-transport-security") == wanted


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for method, path in NEEDS
        if method == "GET" and path.startswith("/api/admin/") and "live" not in path
    ),
)
async def test_the_owners_answers_are_not_cached(owner: Visitor, path: str) -> None:
    answer = await owner.get(path)
    assert (answer.header("cache-control") or "").startswith(("no-store", "private, no-cache"))
    turned_away = await Visitor(owner.client).get(path)
    assert turned_away.header("cache-control") == "no-store"


async def test_data_has_types_that_no_browser_runs(shop: Shop, owner: Visitor) -> None:
    """Script in a product's name is data: the answer with it is JSON or a file to save."""
    evil = "<script>alert(1)</script>"
    body = {
        "productId": "prod_hoodie_001",
        "size": "M",
        "quantity": 1,
        "sessionId": evil,
    }
    await owner.client.post("/api/inventory/reserve", body)
    update = {
        "updates": [{"productId": "prod_hoodie_001", "size": "M", "stock": 3, "reason": evil}]
    }
    await owner.post("/api/inventory/update", update)
    for path in (
        *("/api/inventory/get", "/api/admin/inventory", "/api/admin/holds", "/api/admin/history"),
        *("/api/admin/explain?sku=prod_hoodie_001/M", f"/api/admin/explain?sku={evil}"),
        *("/api/admin/changes", f"/api/checkout/status?sessionId={evil}", f"/api/cron/{evil}"),
    ):
        answer = await owner.get(path)
        assert answer.header("content-type") in ("application/json", "application/problem+json")
        assert answer.header("x-content-type-options") == "nosniff"
    answer = await owner.get("/api/admin/history?format=csv")
    assert (answer.header("content-disposition") or "").startswith("attachment")


@pytest.mark.parametrize(
    "path", [path for _, path in NEEDS if "/admin/" in path or "/payments/" in path]
)
async def test_no_other_origin_may_use_the_owners_side(path: str) -> None:
    async with running(MemoryStore(), cors_origins=("*",)) as shop:
        for origin in ("https://shop.example", "https://evil.example", "null"):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = await shop.client.request("OPTIONS", concrete(path), b"", asked)
            assert answer.header("access-control-allow-origin") is None
            assert answer.header("access-control-allow-credentials") is None


async def test_no_secret_is_in_an_address(owner: Visitor) -> None:
    """URLs are logged, so secrets are read only from headers and bodies."""
    for query in (f"password={PASSWORD}", f"token={owner.cookies['fm_access']}"):
        for path in ("/api/admin/me", "/api/admin/audit-log", "/api/admin/users"):
            answer = await owner.client.get(f"{path}?{query}")
            assert answer.status == 401
        row = {"productId": "prod_hoodie_001", "size": "M", "stock": 3}
        answer = await owner.client.post(f"/api/inventory/update?{query}", {"updates": [row]})
        assert answer.status == 401
