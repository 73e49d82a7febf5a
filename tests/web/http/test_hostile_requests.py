"""Malformed methods, paths, queries and headers."""

import pytest

from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.read_models.stock_listing import StockListing
from tests.web.client import Client
from tests.web.shops import HOODIE, ORIGIN, Shop, ledger

PATHS = {
    "/api/inventory/get": ("GET", "HEAD"),
    "/api/inventory/reserve": ("POST",),
    "/api/inventory/release": ("GET", "POST"),
    "/api/inventory/update": ("POST",),
    "/api/inventory/bulk-update": ("POST",),
    "/api/webhooks/stripe": ("POST",),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get", "É")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
async def test_other_methods_are_405_and_name_the_right_ones(
    client: Client, path: str, method: str
) -> None:
    if method in PATHS[path]:
        pytest.skip("a right one")
    answer = await client.request(method, path)
    assert answer.status == 405
    assert answer.header("allow") == ", ".join(sorted((*PATHS[path], "OPTIONS")))
    if method == "HEAD":
        assert answer.body == b""
    else:
        assert answer.code == "method_not_allowed"


@pytest.mark.parametrize("path", [*PATHS, "/api/inventory/live"])
async def test_options_without_an_origin_lists_the_methods(client: Client, path: str) -> None:
    answer = await client.request("OPTIONS", path)
    assert (answer.status, answer.body) == (204, b"")
    allowed = answer.header("allow")
    assert allowed is not None
    assert "OPTIONS" in allowed


async def test_head_of_get_has_the_same_head_and_no_body(client: Client) -> None:
    full = await client.get("/api/inventory/get?category=tees")
    head = await client.request("HEAD", "/api/inventory/get?category=tees")
    assert (head.status, head.headers, head.body) == (200, full.headers, b"")
    assert head.header("content-length") == str(len(full.body))


@pytest.mark.parametrize(
    "path",
    [
        "/api/inventory",
        "/api/inventory/",
        "/api/inventory/get/",
        "/api/inventory//get",
        "//api/inventory/get",
        "/API/inventory/get",
        "/api/inventory/get%00",
        "/api/inventory/get%2f",
        "/api/inventory/%2e%2e/inventory/get",
        "/api/inventory/nothing",
        "/%ff%fe",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%00",
        "/static/" + "x" * 5000,
        "/static/",
        "/favicon.ico/x",
        "/" + "x" * 60_000,
        "/api/inventory/reserve\n",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_there_is_nothing_elsewhere(client: Client, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert answer.status in (404, 405)
    assert answer.code in ("not_found", "method_not_allowed")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("productId=%00", 200),
        ("productId=%ff%fe", 200),
        ("productId=%ZZ", 200),
        ("productId=%", 200),
        ("productId=" + "x" * 60_000, 200),
        (f"productId={HOODIE}&productId={HOODIE}", 200),
        ("unknown=1&unknown", 200),
        ("&&&;=&", 200),
        ("productId=a%0d%0aSet-Cookie:x", 200),
        ("lowStockOnly=maybe", 422),
        ("lowStockOnly=true%00", 422),
        ("lowStockOnly=true&lowStockOnly=no", 422),
        ("&".join(f"a{n}=1" for n in range(50)), 422),
        ("productId=é", 422),
        ("\xff\xfe", 422),
    ],
)
async def test_garbage_in_the_query_is_answered_calmly(
    client: Client, query: str, status: int
) -> None:
    answer = await client.get(f"/api/inventory/get?{query}")
    assert answer.status == status
    if status == 422:
        assert answer.code == "invalid_request"


async def test_many_different_questions_do_not_push_out_the_usual_one(shop: Shop) -> None:
    """Answers are stored by request; requests that differ only in irrelevant parts share an
    answer.
    """
    listing = StockListing(shop.engine, Spelling(shop.engine))
    whole = listing.reply(b"", None)
    for number in range(500):
        assert listing.reply(b"nonsense=%d" % number, None) is whole
        listing.reply(b"productId=nothing%d" % number, None)
        listing.reply(b"category=nothing%d" % number, None)
    assert len(listing._kept) == 1
    listing.reply(b"category=tees", None)
    assert listing.reply(b"category=tees&x=1", None) is listing.reply(b"category=tees", None)


@pytest.mark.parametrize(
    "headers",
    [
        [("content-type", "text/plain")],
        [("content-type", "application/x-www-form-urlencoded")],
        [("content-type", b"\xff\xff")],
        [("x-" + "y" * 100, "z" * 8000)],
        [("origin", b"\xff\x00")],
        [("origin", "null")],
        [("host", "")],
        [("host", b"\xff"), ("host", "other")],
        [("cookie", "a=b; " * 500)],
        [("accept", "text/html"), ("accept-encoding", "br;q=x")],
        [("if-none-match", b"\xff")],
        [("expect", "100-continue")],
        [("x-forwarded-for", "1.2.3.4, garbage, é")],
        [("forwarded", 'for="_gaz\xff"')],
    ],
)
async def test_odd_headers_do_not_matter(
    shop: Shop, headers: list[tuple[str, str | bytes]]
) -> None:
    body = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "cs_1"}
    answer = await shop.client.post("/api/inventory/reserve", body, headers)
    assert answer.status == 200
    assert (await shop.client.get("/api/inventory/get", headers)).status == 200


@pytest.mark.parametrize(
    "value",
    [
        "Bearer schlüssel".encode(),
        b"Bearer \xff",
        b"\xff",
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer  cron secret",
        b"Bearer cron secret ",
        b"Bearer " + b"x" * 50_000,
        b"bearer\tcron secret",
    ],
)
async def test_authorization_that_is_none_is_401(shop: Shop, value: bytes) -> None:
    answer = await shop.client.get("/api/inventory/release", {"Authorization": value})
    assert (answer.status, answer.code) == (401, "unauthorized")


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "", "five", "0x10", "٣", "1, 1"])
async def test_a_content_length_that_is_none_is_not_believed(shop: Shop, length: str) -> None:
    body = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "cs_1"}
    answer = await shop.client.request(
        "POST", "/api/inventory/reserve", body, [("content-length", length)], length=None
    )
    assert answer.status == 200


async def test_refusals_do_not_repeat_the_sent_values(shop: Shop) -> None:
    secret = "hunter2-hunter2"
    before = await ledger(shop.engine.store)
    for path, body in (
        ("update", {"password": secret, "updates": [{}]}),
        ("bulk-update", {"password": secret, "action": "set"}),
        ("update", {"password": secret}),
        ("update", f'{{"password":"{secret}'.encode()),
    ):
        answer = await shop.client.post(f"/api/inventory/{path}", body, {"Origin": ORIGIN})
        assert answer.status >= 400
        assert secret.encode() not in answer.body
    assert await ledger(shop.engine.store) == before
