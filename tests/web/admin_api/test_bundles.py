"""Bundles over HTTP: defining, trying, showing, building in advance, and undoing all of that."""

from typing import Any

import pytest

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from tests.payments.conftest import OWNER
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop

TEE = "prod_tee_001"
SET = "prod_set_010"


def part(product: str, size: str = "M", quantity: int = 1, **more: int) -> dict[str, Any]:
    return {"productId": product, "size": size, "quantity": quantity, **more}


def option(product: str, size: str = "M", most: int = 1) -> dict[str, Any]:
    return {"productId": product, "size": size, "max": most}


def fixed(*parts: dict[str, Any], policy: str = "together", **rules: Any) -> dict[str, Any]:
    return {"policy": policy, "components": list(parts), **rules}


def choose(count: int, *options: dict[str, Any]) -> dict[str, Any]:
    group = {"name": "tees", "choose": count, "options": list(options)}
    return {"policy": "together", "groups": [group]}


HOODIE_AND_TEE = fixed(part(HOODIE), part(TEE, quantity=2))


async def add(shop: Shop, bundle: Any, product: str = SET, size: str = "OS") -> Answer:
    body = {
        "productId": product,
        "name": "THE SET",
        "price": 90,
        "sizes": [{"size": size, "bundle": bundle}],
    }
    return await shop.client.post("/api/admin/products", body, OWNER)


async def change(
    shop: Shop, bundle: Any, product: str = SET, size: str = "OS", **more: Any
) -> Answer:
    body = {"productId": product, "sizes": [{"size": size, "bundle": bundle, **more}]}
    return await shop.client.request("PUT", "/api/admin/products", body, OWNER)


async def listed(shop: Shop) -> list[Any]:
    answer = await shop.client.get(f"/api/inventory/get?productId={SET}")
    return list(answer.json["inventory"])


async def shown(shop: Shop) -> dict[str, Any]:
    return await shop.size("OS", SET)


async def test_a_bundle_is_added_shown_changed_and_undone(any_shop: Shop) -> None:
    done = await add(any_shop, HOODIE_AND_TEE)
    assert done.status == 200, done
    (size,) = done.json["product"]["sizes"]
    assert size["bundle"] == {**HOODIE_AND_TEE, "version": 1}
    row = await shown(any_shop)
    assert (row["stock"], row["available"], row["reserved"]) == (20, 20, 0)
    assert row["bundle"] == HOODIE_AND_TEE
    changed = await change(any_shop, fixed(part(TEE, quantity=30), policy="split"))
    assert changed.json["product"]["sizes"][0]["bundle"]["version"] == 2
    assert (await shown(any_shop))["available"] == 3
    undone = await any_shop.client.post("/api/admin/undo", {"act": changed.json["act"]}, OWNER)
    assert undone.status == 200, undone
    assert (await shown(any_shop))["bundle"] == HOODIE_AND_TEE
    ordinary = await change(any_shop, None)
    assert "bundle" not in ordinary.json["product"]["sizes"][0]
    assert (await shown(any_shop))["available"] == 0
    await any_shop.check()


async def test_a_sale_of_a_part_changes_its_bundles_at_once(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)
    tag = (await any_shop.client.get("/api/inventory/get")).header("etag")
    assert tag is not None
    assert (await any_shop.reserve("s", quantity=19)).status == 200
    fresh = await any_shop.client.get("/api/inventory/get", {"if-none-match": tag})
    assert fresh.status == 200
    row = await shown(any_shop)
    assert (row["available"], row["isLowStock"], row["isOutOfStock"]) == (1, True, False)
    await any_shop.reserve("t", quantity=1)
    row = await shown(any_shop)
    assert (row["available"], row["isOutOfStock"]) == (0, True)
    assert row["backBy"] == "2025-10-07T12:30:00.000Z"


async def test_an_unknown_part_and_a_circle_are_named(any_shop: Shop) -> None:
    unknown = await add(any_shop, fixed(part(HOODIE), part("prod_none", "X")))
    assert (unknown.status, unknown.code) == (404, "unknown_item")
    assert unknown.json["lines"] == [{"productId": "prod_none", "size": "X"}]
    assert (await any_shop.client.get(f"/api/inventory/get?productId={SET}")).json[
        "inventory"
    ] == []
    await add(any_shop, HOODIE_AND_TEE)
    circle = await change(any_shop, fixed(part(SET, "OS")), product=TEE, size="M")
    assert (circle.status, circle.code) == (422, "bundle_cycle")
    assert circle.json["path"] == [
        {"productId": TEE, "size": "M"},
        {"productId": SET, "size": "OS"},
        {"productId": TEE, "size": "M"},
    ]


@pytest.mark.parametrize(
    "bundle",
    [
        {},
        {"components": []},
        {"policy": "near", "components": [part(HOODIE)]},
        fixed(part(HOODIE, quantity=0)),
        fixed(part(HOODIE, quantity=-1)),
        fixed(part(HOODIE, quantity=10**10)),
        fixed(part(HOODIE), part(HOODIE)),
        fixed({"productId": HOODIE}),
        fixed(part(HOODIE), soldFrom="soon"),
        fixed(part(HOODIE), soldFrom="2026-12-01T00:00Z", soldUntil="2026-12-01T00:00Z"),
        fixed(part(HOODIE), maxPerOrder=0),
        choose(3, option(HOODIE), option(TEE)),
        choose(0, option(HOODIE)),
        {"groups": [{"name": "", "choose": 1, "options": [option(HOODIE)]}]},
        {"groups": [{"name": "a", "choose": 1, "options": []}]},
        "prod_tee_001",
        [part(HOODIE)],
        fixed({"productId": HOODIE, "size": "M", "quantity": 1.5}),
    ],
)
async def test_an_invalid_definition_is_refused(shop: Shop, bundle: Any) -> None:
    answer = await add(shop, bundle)
    assert answer.status == 422, answer
    preview = await shop.client.post("/api/admin/bundles/preview", {"bundle": bundle}, OWNER)
    assert preview.status == 422, preview
    assert await listed(shop) == []


async def test_a_preview_counts_and_names_the_scarce_part(shop: Shop) -> None:
    async def preview(bundle: Any, **more: Any) -> Answer:
        body = {"bundle": bundle, **more}
        return await shop.client.post("/api/admin/bundles/preview", body, OWNER)

    answer = await preview(HOODIE_AND_TEE)
    assert (answer.status, answer.json["available"]) == (200, 20)
    assert answer.json["scarce"] == [{"productId": HOODIE, "size": "M"}]
    picked = await preview(choose(3, option(HOODIE, "S", 2), option(HOODIE, "L", 2)))
    assert (picked.json["available"], picked.json["scarce"]) == (
        3,
        [{"productId": HOODIE, "size": "S"}],
    )
    unknown = await preview(fixed(part("none", "X")))
    assert (unknown.status, unknown.code) == (404, "unknown_item")
    itself = await preview(fixed(part(HOODIE)), productId=HOODIE, size="M")
    assert (itself.status, itself.code) == (422, "invalid_bundle")
    assert await listed(shop) == []


async def test_a_bundle_has_no_stock_to_set_until_some_are_built(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)

    async def set_stock(count: int) -> Answer:
        return await any_shop.update({"productId": SET, "size": "OS", "stock": count})

    refused = (await set_stock(3)).json
    assert refused["results"]["details"]["failed"][0]["code"] == "is_bundle"
    assemble = {"productId": SET, "size": "OS", "quantity": 5}
    built = await any_shop.client.post("/api/admin/bundles/assemble", assemble, OWNER)
    assert built.status == 200, built
    assert built.json["stock"] == {"productId": SET, "size": "OS", "preBuilt": 5}
    assert (await any_shop.size("M", TEE))["stock"] == 90
    assert (await any_shop.size("M"))["stock"] == 15
    assert (await shown(any_shop))["available"] == 20
    assert (await set_stock(6)).json["results"]["successful"] == 1
    assert (await shown(any_shop))["available"] == 21
    apart = {**assemble, "quantity": -2}
    assert (await any_shop.client.post("/api/admin/bundles/assemble", apart, OWNER)).status == 200
    assert (await any_shop.size("M", TEE))["stock"] == 94
    undone = await any_shop.client.post("/api/admin/undo", {"act": built.json["act"]}, OWNER)
    assert (undone.status, undone.code) == (409, "cannot_undo")  # counted, and too few are left
    await any_shop.check()


async def test_building_in_advance_has_one_undo(any_shop: Shop) -> None:
    await add(any_shop, HOODIE_AND_TEE)
    assemble = {"productId": SET, "size": "OS", "quantity": 5}
    key = {**OWNER, "idempotency-key": "once"}
    built = await any_shop.client.post("/api/admin/bundles/assemble", assemble, key)
    again = await any_shop.client.post("/api/admin/bundles/assemble", assemble, key)
    assert again.json["stock"]["preBuilt"] == 5
    undone = await any_shop.client.post("/api/admin/undo", {"act": built.json["act"]}, OWNER)
    assert undone.status == 200, undone
    assert (await any_shop.size("M"))["stock"] == 20
    assert (await any_shop.size("M", TEE))["stock"] == 100
    redone = await any_shop.client.post("/api/admin/undo", {"act": undone.json["act"]}, OWNER)
    assert redone.status == 200, redone
    assert (await any_shop.size("M"))["stock"] == 15
    await any_shop.check()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"quantity": 21}, 409, "insufficient_stock"),
        ({"quantity": -1}, 409, "insufficient_stock"),
        ({"quantity": 0}, 422, "out_of_range"),
        ({"quantity": 1, "location": "nowhere"}, 404, "unknown_location"),
        ({"quantity": 1, "size": "none"}, 404, "unknown_item"),
        ({"quantity": 1, "productId": HOODIE, "size": "M"}, 422, "invalid_bundle"),
    ],
)
async def test_a_bundle_that_cannot_be_built_in_advance_is_refused(
    shop: Shop, body: dict[str, Any], status: int, code: str
) -> None:
    await add(shop, HOODIE_AND_TEE)
    sent = {"productId": SET, "size": "OS", **body}
    answer = await shop.client.post("/api/admin/bundles/assemble", sent, OWNER)
    assert (answer.status, answer.code) == (status, code), answer
    await shop.check()


async def test_a_change_of_a_bundle_that_has_changed_since_is_refused(shop: Shop) -> None:
    await add(shop, HOODIE_AND_TEE)
    stale = await change(shop, fixed(part(TEE)), was={"bundle": fixed(part(TEE))})
    assert (stale.status, stale.code) == (409, "stale")
    fresh = await change(shop, fixed(part(TEE)), was={"bundle": HOODIE_AND_TEE})
    assert fresh.status == 200, fresh


async def test_totals_count_the_units_of_parts_once(shop: Shop) -> None:
    path = "/api/admin/inventory"
    before = (await shop.client.get(path, OWNER)).json["totals"]
    await add(shop, HOODIE_AND_TEE)
    after = (await shop.client.get(path, OWNER)).json["totals"]
    assert (after["stock"], after["value"]) == (before["stock"], before["value"])
    assert after["rows"] == before["rows"] + 1


async def test_totals_count_pre_built_units_once(shop: Shop) -> None:
    """Two sets are built of two hoodies and four tees: six units became two."""
    await add(shop, HOODIE_AND_TEE)
    await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))

    async def counts() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
        table = (await shop.client.get("/api/admin/inventory", OWNER)).json
        overview = (await shop.client.get("/api/admin/overview", OWNER)).json
        shop.clock.forward(60_000)  # the overview keeps its numbers for some seconds
        (row,) = [row for row in table["rows"] if row["productId"] == SET]
        (main,) = [place for place in overview["locations"] if place["location"] == "main"]
        return table["totals"], overview["stock"], main, row

    before, *_ = await counts()
    assemble = {"productId": SET, "size": "OS", "quantity": 2}
    answer = await shop.client.post("/api/admin/bundles/assemble", assemble, OWNER)
    assert answer.status == 200, answer
    totals, stock, main, row = await counts()
    assert row["preBuilt"] == {"stock": 2, "reserved": 0, "available": 2}
    assert row["available"] == 20
    assert totals["stock"] == stock["units"] == main["units"] == before["stock"] - 4
    assert totals["available"] == before["available"] - 4
    body = {"productId": SET, "size": "OS", "quantity": 3, "sessionId": "s1"}
    assert (await shop.client.post("/api/inventory/reserve", body)).status == 200
    totals, stock, main, row = await counts()
    assert row["preBuilt"] == {"stock": 2, "reserved": 2, "available": 0}
    assert totals["reserved"] == stock["reserved"] == main["reserved"] == 5
    assert totals["available"] == totals["stock"] - 5
    assert totals["value"] == stock["value"] == main["value"]
