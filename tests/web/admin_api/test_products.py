"""Products over HTTP: add, change, archive, restore, and the undo of each."""

import json
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.model import Item, Product
from fancymonkey.store.open import open_store
from tests.payments.conftest import OWNER
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop, running

CAP = {
    "productId": "prod_cap_009",
    "name": "CANOPY CAP",
    "category": "caps",
    "price": 24.5,
    "image": "https://cdn.example/cap.webp",
    "sizes": [{"size": "OS", "stock": 40}, {"size": "XL", "priceId": "price_1"}],
}


async def products(shop: Shop, query: str = "") -> dict[str, dict[str, Any]]:
    answer = await shop.client.get(f"/api/admin/products{query}", OWNER)
    assert answer.status == 200, answer
    return {product["productId"]: product for product in answer.json["products"]}


async def add(shop: Shop, **more: Any) -> Answer:
    return await shop.client.post("/api/admin/products", {**CAP, **more}, OWNER)


async def change(shop: Shop, **body: Any) -> Answer:
    body = {"productId": HOODIE, **body}
    return await shop.client.request("PUT", "/api/admin/products", body, OWNER)


async def archive(shop: Shop, **body: Any) -> Answer:
    body = {"productId": HOODIE, **body}
    return await shop.client.post("/api/admin/products/archive", body, OWNER)


async def undo(shop: Shop, act: str) -> Answer:
    return await shop.client.post("/api/admin/undo", {"changeId": act}, OWNER)


async def test_a_product_is_added_shown_sold_and_undone(any_shop: Shop) -> None:
    done = await add(any_shop)
    assert done.status == 200, done
    made = done.json["product"]
    assert (made["name"], made["price"], made["image"]) == ("CANOPY CAP", 24.5, CAP["image"])
    assert [(size["size"], size["stock"]) for size in made["sizes"]] == [("OS", 40), ("XL", 0)]
    assert b'"price":24.5' in done.body
    shown = await any_shop.client.get("/api/inventory/get?productId=prod_cap_009")
    assert shown.json["inventory"][0]["image"] == CAP["image"]
    again = await add(any_shop)
    assert (again.status, again.code) == (409, "already_there")
    assert (await undo(any_shop, done.json["changeId"])).status == 200
    assert "prod_cap_009" not in await products(any_shop)
    assert (await products(any_shop, "?archived=true"))["prod_cap_009"]["archived"]
    assert "off sale" in (await add(any_shop)).json["detail"]
    await any_shop.check()


async def test_missing_fields_stay(any_shop: Shop) -> None:
    before = (await products(any_shop))[HOODIE]
    size = {"size": "M", "lowStockThreshold": 9, "skuId": None}
    done = await change(any_shop, price="61.90", restockDate="2026-12-01", sizes=[size])
    assert done.status == 200, done
    after = done.json["product"]
    assert (after["price"], after["restockDate"], after["name"]) == (
        61.9,
        "2026-12-01",
        before["name"],
    )
    sizes = {size["size"]: size for size in after["sizes"]}
    assert (sizes["M"]["lowStockThreshold"], sizes["M"]["skuId"]) == (9, None)
    assert sizes["M"]["priceId"] == f"price_{HOODIE}_m"
    assert sizes["L"] == {size["size"]: size for size in before["sizes"]}["L"]
    assert (await undo(any_shop, done.json["changeId"])).status == 200
    back = (await products(any_shop))[HOODIE]
    assert {**back, "lastUpdated": ""} == {**before, "lastUpdated": ""}
    await any_shop.check()


async def test_a_size_is_added_with_its_stock(any_shop: Shop) -> None:
    done = await change(any_shop, sizes=[{"size": "3/4", "stock": 7, "soldOut": True}])
    made = done.json["product"]["sizes"][-1]
    assert (made["size"], made["stock"], made["soldOut"]) == ("3/4", 7, True)
    there = await change(any_shop, sizes=[{"size": "3/4", "stock": 8}])
    assert (there.status, there.code) == (422, "conflicting_fields")
    assert (await undo(any_shop, done.json["changeId"])).status == 200
    assert "3/4" not in [size["size"] for size in (await products(any_shop))[HOODIE]["sizes"]]


@pytest.mark.parametrize(
    ("field", "seen", "new"),
    [
        ("name", "OLD NAME", "NEW"),
        ("price", 57.99, 60),
        ("restockDate", "2026-01-01", None),
        ("image", "https://a.example/x.png", None),
        ("category", "tees", "tops"),
    ],
)
async def test_an_outdated_value_is_reported(
    any_shop: Shop, field: str, seen: Any, new: Any
) -> None:
    before = await products(any_shop)
    body = {"name": "OTHER", field: new, "was": {field: seen}}
    refused = await change(any_shop, **body)
    assert (refused.status, refused.code) == (409, "stale"), refused
    assert refused.json["field"] == field
    assert await products(any_shop) == before


async def test_an_update_with_current_values_succeeds(shop: Shop) -> None:
    was = {"name": "MIDNIGHT EMERALD HOODIE", "price": 58.00, "image": None, "restockDate": None}
    done = await change(shop, name="EMERALD", was=was)
    assert done.json["product"]["name"] == "EMERALD"
    assert (await change(shop, sizes=[{"size": "M", "soldOut": True, "was": {"soldOut": True}}])
            ).code == "stale"  # fmt: skip


BAD = [
    {"name": ""},
    {"name": "x" * 201},
    {"name": "a\nb"},
    {"price": -1},
    {"price": 1e300},
    {"price": "1e999999999"},
    {"price": "NaN"},
    {"price": "Infinity"},
    {"price": 1.1234567},
    {"image": "http://a.example/x.png"},
    {"image": "javascript:alert(1)"},
    {"image": "https://user:pw@a.example/x.png"},
    {"image": "https:///x.png"},
    {"image": "https://a.example/x y.png"},
    {"image": 'https://a.example/"onerror=alert(1)'},
    {"image": "https://[::1/x"},
    {"restockDate": "soon"},
    {"sizes": [{"size": ""}]},
    {"sizes": [{"size": "\t"}]},
    {"sizes": [{"size": "M"}, {"size": "M"}]},
    {"sizes": [{"size": "M", "lowStockThreshold": -1}]},
    {"sizes": [{"size": "M", "skuId": "a\0b"}]},
]


@pytest.mark.parametrize("bad", BAD, ids=[json.dumps(body)[:50] for body in BAD])
async def test_invalid_requests_are_refused(shop: Shop, bad: dict[str, Any]) -> None:
    revision = shop.engine.view.revision
    for answer in (await add(shop, **bad), await change(shop, **bad)):
        assert (answer.status, answer.code) == (422, "invalid_request"), answer
    assert shop.engine.view.revision == revision


@pytest.mark.parametrize("id_", ["a/b", " ", "\n", ""])
async def test_an_id_is_one_line_without_a_slash(shop: Shop, id_: str) -> None:
    assert (await add(shop, productId=id_)).status == 422


async def test_changes_without_effect_and_of_unknown_products(shop: Shop) -> None:
    assert (await change(shop)).code == "nothing_to_do"
    assert (await change(shop, productId="none", name="x")).code == "unknown_product"
    assert (await archive(shop, productId="none")).code == "unknown_product"
    assert (await archive(shop, size="none")).code == "unknown_item"
    same = await change(shop, name="MIDNIGHT EMERALD HOODIE")
    assert same.json["changeId"] is None


async def test_off_sale_and_back_with_its_sizes(any_shop: Shop) -> None:
    await archive(any_shop, size="XL")
    gone = await archive(any_shop)
    assert gone.json["product"]["archived"]
    assert HOODIE not in await products(any_shop)
    assert (await any_shop.reserve("cs_1")).code == "unknown_item"
    assert (await archive(any_shop)).json["changeId"] is None  # it is archived already
    back = (await archive(any_shop, archived=False)).json["product"]
    assert {size["size"]: size["archived"] for size in back["sizes"]} == {
        "S": False,
        "M": False,
        "L": False,
        "XL": True,
    }
    assert [size["stock"] for size in back["sizes"]] == [3, 20, 58, 0]
    await archive(any_shop, size="XL", archived=False)
    assert not any(size["archived"] for size in (await products(any_shop))[HOODIE]["sizes"])
    await any_shop.check()


async def test_taking_off_sale_is_undone(any_shop: Shop) -> None:
    act = (await archive(any_shop)).json["changeId"]
    assert (await undo(any_shop, act)).status == 200
    assert (await any_shop.reserve("cs_1")).status == 200
    act = (await archive(any_shop, size="L")).json["changeId"]
    assert (await undo(any_shop, act)).status == 200
    assert (await any_shop.size("L"))["stock"] == 58


async def test_buyers_who_hold_it_are_in_the_way_until_their_holds_are_ended(
    any_shop: Shop,
) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    for body in ({}, {"size": "M"}):
        refused = await archive(any_shop, **body)
        assert (refused.status, refused.code) == (409, "live_holds")
        assert refused.json["lines"] == [{"productId": HOODIE, "size": "M", "reserved": 2}]
    assert (await archive(any_shop, size="S")).status == 200
    done = await archive(any_shop, endHolds=True)
    assert done.status == 200, done
    assert any_shop.engine.view.stock(f"{HOODIE}/M").reserved == 0
    await any_shop.check()


async def test_a_repeated_request_is_one(any_shop: Shop) -> None:
    key = {**OWNER, "Idempotency-Key": "once"}
    first = await any_shop.client.post("/api/admin/products", CAP, key)
    again = await any_shop.client.post("/api/admin/products", CAP, key)
    assert first.status == again.status == 200
    assert first.json["changeId"] == again.json["changeId"]
    other = await any_shop.client.post("/api/admin/products", {**CAP, "name": "X"}, key)
    assert other.code == "idempotency_conflict"


FILE = """[
  {"id": "p1", "name": "One", "description": "soft, \\u003cb\\u003e", "weight": 1.50, "image": "old.png",
   "price": 9.90, "sizes": {"M": {"stock": 3, "shelf": "A7"}}, "tags": ["a", {"b": 123456789012345678901234567890}]}
]
"""  # noqa: E501


async def test_the_owners_own_fields_stay(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(FILE, "utf-8")
    async with running(open_store(str(tmp_path)), fill=False) as shop:
        product = (await products(shop))["p1"]
        assert product["other"]["description"] == "soft, <b>"
        assert product["other"]["tags"][1] == {"b": 123456789012345678901234567890}
        assert (product["image"], product["sizes"][0]["other"]) == ("old.png", {"shelf": "A7"})
        shown = (await shop.client.get("/api/inventory/get")).json["inventory"][0]
        assert "image" not in shown  # no page may load it
        done = await change(
            shop,
            productId="p1",
            name="Two",
            image="https://a.example/n.png",
            sizes=[{"size": "M", "soldOut": True}],
            was={"image": "old.png"},
        )
        assert done.status == 200, done
        assert done.json["product"]["other"] == product["other"]
        await add(shop)
    file = (tmp_path / "products.json").read_text("utf-8")
    assert '"description": "soft, \\u003cb\\u003e", "weight": 1.50' in file
    assert '"image": "https://a.example/n.png"' in file
    assert '"shelf": "A7"' in file
    assert list(json.loads(file)[1]) == [
        *("id", "name", "category", "price", "image", "sizes", "restockDate", "lastUpdated")
    ]
    async with running(open_store(str(tmp_path)), fill=False) as shop:
        acts = await undo(shop, done.json["changeId"])
        fields = {
            change["field"]: change["to"] for row in acts.json["rows"] for change in row["changes"]
        }
        assert fields["image"] == "old.png"
        assert (await products(shop))["p1"]["image"] == "old.png"
        await shop.check()


async def test_only_an_owner_may(shop: Shop) -> None:
    for method, path in (
        ("POST", "/api/admin/products"),
        ("PUT", "/api/admin/products"),
        ("POST", "/api/admin/products/archive"),
    ):
        assert (await shop.client.request(method, path, CAP)).status == 401
    assert (await shop.client.get("/api/admin/products")).status == 401


async def test_changes_of_a_size_are_in_the_ledger(shop: Shop) -> None:
    done = await change(shop, price=60, name="EMERALD", reason="autumn")
    entry = (await shop.engine.store.entries_after(shop.engine.view.revision - 1))[0]
    assert entry.reason == "autumn: name MIDNIGHT EMERALD HOODIE → EMERALD; price 58 → 60"
    assert (entry.cause, entry.actor) == (done.json["changeId"], "admin")
    product = await shop.engine.store.find(Product, HOODIE)
    assert product is not None
    assert str(product.price) == "60"
    assert await shop.engine.store.find(Item, f"{HOODIE}/M") is not None
