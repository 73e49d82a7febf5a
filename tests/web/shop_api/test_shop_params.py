"""Query parameters of the hot endpoints: refused if they are nearly known, else listed."""

import pytest

from tests.payments.conftest import OWNER
from tests.web.shops import HOODIE, Shop

BOTH_WAYS = True


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("location=", 422),
        ("lowStockOnly", 422),
        ("locations=", 422),
        ("category=", 200),  # products may have no category
        (f"productId={HOODIE}&productId={HOODIE}", 200),
        ("category=tees&category=hoodies", 422),
    ],
)
async def test_get_answers_empty_and_repeated_parameters(
    shop: Shop, query: str, status: int
) -> None:
    assert (await shop.client.get(f"/api/inventory/get?{query}")).status == status


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        *(("loction", "location"), ("Location", "location"), ("productid", "productId")),
        *(("product_id", "productId"), ("product", "productId"), ("categry", "category")),
        *(("low_stock_only", "lowStockOnly"), ("lowstock", "lowStockOnly")),
        *(("locatoins", "locations"), ("LOCATIONS", "locations")),
    ],
)
async def test_get_refuses_what_is_nearly_a_parameter(shop: Shop, wrong: str, right: str) -> None:
    answer = await shop.client.get(f"/api/inventory/get?{wrong}=berlin&utm_source=mail")
    assert (answer.status, answer.code) == (422, "unknown_parameter")
    assert (answer.json["parameter"], answer.json["nearest"]) == (wrong, right)
    assert f"Did you mean {right}?" in answer.json["detail"]


async def test_get_lists_other_unknown_parameters_and_shares_its_answer(shop: Shop) -> None:
    plain = await shop.client.get("/api/inventory/get")
    answer = await shop.client.get("/api/inventory/get?size=M&_=1764&colour=red&colour=blue&a%20b=")
    assert (answer.status, answer.body) == (200, plain.body)
    assert answer.header("ignored-parameters") == "size, _, colour, ?"
    assert plain.header("ignored-parameters") is None
    known = await shop.client.get("/api/inventory/get?category=tees")
    assert known.header("ignored-parameters") is None
    tag = {"If-None-Match": str(plain.header("etag"))}
    unchanged = await shop.client.get("/api/inventory/get?size=M", tag)
    assert (unchanged.status, unchanged.header("ignored-parameters")) == (304, "size")
    head = await shop.client.request("HEAD", "/api/inventory/get?size=M")
    assert (head.status, head.header("ignored-parameters")) == (200, "size")


async def test_a_hold_is_made_in_spite_of_tracking_parameters(shop: Shop) -> None:
    body = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "s1"}
    answer = await shop.client.post("/api/inventory/reserve?utm_source=mail", body)
    assert (answer.status, answer.header("ignored-parameters")) == (200, "utm_source")
    for query in ("quantity=5", "quantty=5", "session_id=s2"):
        refused = await shop.client.post(f"/api/inventory/reserve?{query}", body)
        assert (refused.status, refused.code) == (422, "unknown_parameter")
        assert "belongs in the body" in refused.json["detail"]
    assert (await shop.size())["reserved"] == 2
    released = await shop.client.post("/api/inventory/release?_=1", {"sessionId": "s1"})
    assert (released.status, released.header("ignored-parameters")) == (200, "_")


async def test_more_unknown_parameters_than_a_page_has_are_refused(shop: Shop) -> None:
    many = "&".join(f"x{number}=1" for number in range(21))
    answer = await shop.client.get(f"/api/inventory/get?{many}")
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert (await shop.client.get(f"/healthz?{many}")).status == 200
    assert (await shop.client.get(f"/healthz?{many}&%ff=%fe")).status == 200


async def test_get_refuses_a_body_and_takes_an_empty_one(shop: Shop) -> None:
    get = "/api/inventory/get"
    answer = await shop.client.request("GET", get, b'{"location": "berlin"}')
    assert (answer.status, answer.code) == (422, "unexpected_body")
    assert (await shop.client.request("GET", get, b" {} ")).status == 200
    assert (await shop.client.get("/api/admin/orders", OWNER)).status == 200
    assert (await shop.client.request("GET", "/api/admin/orders", b"{}", OWNER)).status == 200
