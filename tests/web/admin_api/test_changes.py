"""The owner's table, change sets, and their undo, over HTTP."""

import asyncio
import json
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, RemoveProduct, UpsertProduct
from fancymonkey.core.changes.bulk import CHUNK
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from tests.payments.conftest import OWNER
from tests.web import documented
from tests.web.client import Answer
from tests.web.openapi.test_openapi import shape
from tests.web.shops import HOODIE, Shop

ROW = {"productId": HOODIE, "size": "M"}


async def table(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    answer = await shop.client.get(f"/api/admin/inventory{query}", OWNER)
    assert answer.status == 200, answer
    rows: list[dict[str, Any]] = answer.json["rows"]
    return rows


async def change(shop: Shop, *rows: dict[str, Any]) -> Answer:
    body = {"updates": [{**ROW, **row} for row in rows]}
    return await shop.client.post("/api/inventory/update", body, OWNER)


async def undo(shop: Shop, act: str, **more: Any) -> Answer:
    return await shop.client.post("/api/admin/undo", {"changeId": act, **more}, OWNER)


def skus(rows: list[dict[str, Any]]) -> list[str]:
    return [row["sku"] for row in rows]


async def test_the_table_has_every_size_as_it_is_now(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    rows = await table(any_shop)
    assert len(rows) == 7
    assert skus(rows)[:2] == [f"{HOODIE}/S", f"{HOODIE}/M"]
    row = rows[1]
    assert (row["stock"], row["reserved"], row["available"], row["status"]) == (
        20,
        2,
        18,
        "in_stock",
    )
    any_shop.clock.forward(3600)  # a hold whose deadline has passed no longer counts
    assert (await table(any_shop))[1]["reserved"] == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=emerald%20xl", [f"{HOODIE}/XL"]),
        ("?q=PRICE_prod_tee", ["prod_tee_001/M"]),
        ("?q=nothing%20like%20it", []),
        ("?status=low&status=out", [f"{HOODIE}/S", f"{HOODIE}/XL", "prod_hoodie_002/S/M"]),
        ("?category=tees", ["prod_tee_001/M"]),
        ("?productId=prod_hoodie_002&sort=-stock", ["prod_hoodie_002/M", "prod_hoodie_002/S/M"]),
        ("?category=hoodies&sort=price&status=in_stock", [
            f"{HOODIE}/M", f"{HOODIE}/L", "prod_hoodie_002/M"]),
    ],
)  # fmt: skip
async def test_rows_are_chosen_and_sorted(shop: Shop, query: str, expected: list[str]) -> None:
    assert skus(await table(shop, query)) == expected


@pytest.mark.parametrize(
    "query", ["?sort=colour", "?status=gone", "?archived=maybe", "?q=" + "x" * 501, "?q=%ff"]
)
async def test_a_bad_query_is_reported(shop: Shop, query: str) -> None:
    answer = await shop.client.get(f"/api/admin/inventory{query}", OWNER)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_an_unchanged_table_is_not_sent_again(shop: Shop) -> None:
    first = await shop.client.get("/api/admin/inventory", OWNER)
    tag = first.header("etag")
    assert tag is not None
    seen = {**OWNER, "If-None-Match": tag}
    assert (await shop.client.get("/api/admin/inventory", seen)).status == 304
    await shop.reserve("cs_1")
    assert (await shop.client.get("/api/admin/inventory", seen)).status == 200


async def test_two_people_change_the_same_cell(any_shop: Shop) -> None:
    first = await change(any_shop, {"stock": 18, "was": {"stock": 20}, "reason": "Count"})
    assert first.json["results"]["successful"] == 1
    second = await change(any_shop, {"stock": 25, "was": {"stock": 20}})
    (row,) = second.json["results"]["details"]["failed"]
    assert (row["code"], row["field"], row["expected"], row["present"]) == (
        "stale",
        "stock",
        20,
        18,
    )
    assert row["lastChange"]["actor"] == "admin"
    assert (row["lastChange"]["kind"], row["lastChange"]["reason"]) == ("counted", "Count")
    assert second.json["changeId"] is None


@pytest.mark.parametrize(
    ("field", "seen", "present", "new"),
    [
        ("lowStockThreshold", 4, 5, 9),
        ("soldOut", True, False, False),
        ("restockDate", "2026-01-01", None, "2026-02-02"),
    ],
)
async def test_an_edited_text_column_is_compared_too(
    shop: Shop, field: str, seen: Any, present: Any, new: Any
) -> None:
    answer = await change(shop, {field: new, "was": {field: seen}})
    (row,) = answer.json["results"]["details"]["failed"]
    assert (row["code"], row["field"], row["present"]) == ("stale", field, present)
    answer = await change(shop, {field: new, "was": {field: present}})
    assert answer.json["results"]["failed"] == 0


@pytest.mark.parametrize(
    "row", [{"adjustStock": 1, "was": {"stock": 20}}, {"stock": 1, "was": {"soldOut": False}}]
)
async def test_was_belongs_to_the_changed_field(shop: Shop, row: dict[str, Any]) -> None:
    answer = await change(shop, row)
    (failed,) = answer.json["results"]["details"]["failed"]
    assert failed["code"] == "conflicting_fields"


async def test_a_change_is_undone_and_sales_survive(any_shop: Shop) -> None:
    done = await change(any_shop, {"stock": 25, "lowStockThreshold": 9, "reason": "Count"})
    act = done.json["changeId"]
    await any_shop.reserve("cs_1", quantity=3)
    back = await undo(any_shop, act)
    assert back.status == 200, back
    (row,) = back.json["rows"]
    assert {change["field"]: change["to"] for change in row["changes"]} == {
        "stock": 20,
        "lowStockThreshold": 5,
    }
    size = await any_shop.size()
    assert (size["stock"], size["reserved"], size["lowStockThreshold"]) == (20, 3, 5)
    acts = (await any_shop.client.get("/api/admin/changes", OWNER)).json["changes"]
    assert [change["action"] for change in acts] == ["undo", "update"]
    assert acts[0]["undoes"] == act
    assert (acts[1]["undoneBy"], acts[1]["undoable"]) == (back.json["changeId"], False)
    again = await undo(any_shop, act)
    assert (again.status, again.code) == (409, "already_undone")
    await any_shop.check()


async def test_a_later_count_is_not_undone(any_shop: Shop) -> None:
    act = (await change(any_shop, {"adjustStock": 5})).json["changeId"]
    await change(any_shop, {"stock": 22})
    for more in ({}, {"dryRun": True}, {"partial": True}):
        back = await undo(any_shop, act, **more)
        assert (back.status, back.code) == (409, "cannot_undo")
        named = {**ROW, "name": "MIDNIGHT EMERALD HOODIE"}
        assert back.json["failed"] == [
            {**named, "reason": "The stock was counted since: 22 on hand."}
        ]
    assert (await any_shop.size())["stock"] == 22


async def test_a_bulk_of_several_portions_is_one_change_set(shop: Shop) -> None:
    sizes = {f"S{number}": 1 for number in range(CHUNK + 20)}
    items = tuple(
        NewItem(Item(sku_of("big", size), "big", size, place), 1)
        for place, size in enumerate(sizes)
    )
    await shop.engine.submit(
        UpsertProduct(
            product=Product("big", "Big", "big", position=9), location=DEFAULT_LOCATION, items=items
        )
    )
    body = {"action": "set", "filter": {"category": ["big"]}, "changes": {"stock": 7}}
    dry = await shop.client.post("/api/inventory/bulk-update", {**body, "dryRun": True}, OWNER)
    assert (dry.json["changeId"], dry.json["results"]["successful"]) == (None, CHUNK + 20)
    key = {**OWNER, "Idempotency-Key": "once"}
    done = await shop.client.post("/api/inventory/bulk-update", body, key)
    again = await shop.client.post("/api/inventory/bulk-update", body, key)
    assert again.body == done.body
    (act,) = (await shop.client.get("/api/admin/changes", OWNER)).json["changes"]
    assert (act["id"], act["changed"]) == (done.json["changeId"], CHUNK + 20)
    dry = await undo(shop, act["id"], dryRun=True)
    assert (dry.json["changeId"], len(dry.json["rows"])) == (None, CHUNK + 20)
    await change(shop, {"productId": "big", "size": "S3", "stock": 2})
    refused = await undo(shop, act["id"])
    assert refused.code == "cannot_undo"
    assert [row["size"] for row in refused.json["failed"]] == ["S3"]
    assert (await undo(shop, act["id"], partial=True)).status == 200
    stocks = {row["size"]: row["stock"] for row in await table(shop, "?category=big")}
    assert stocks == {**sizes, "S3": 2}
    await shop.check()


async def test_a_bulk_change_of_the_selected_rows(shop: Shop) -> None:
    body = {
        "action": "set",
        "filter": {"skus": [f"{HOODIE}/S", "prod_hoodie_002/S/M"], "q": "ash"},
        "changes": {"lowStockThreshold": 1},
    }
    done = await shop.client.post("/api/inventory/bulk-update", body, OWNER)
    (row,) = done.json["results"]["details"]["successful"]
    assert (row["productId"], row["size"]) == ("prod_hoodie_002", "S/M")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"changeId": "act_unknown"}, "unknown_change"),
        ({"changeId": ""}, "invalid_request"),
        ({}, "invalid_request"),
        ({"changeId": "a/b/\u2028"}, "unknown_change"),
    ],
)
async def test_malformed_undo_requests_are_refused(
    shop: Shop, body: dict[str, Any], code: str
) -> None:
    answer = await shop.client.post("/api/admin/undo", body, OWNER)
    assert answer.code == code


@pytest.mark.parametrize("path", ["/api/admin/inventory", "/api/admin/changes"])
async def test_outsiders_see_nothing(shop: Shop, path: str) -> None:
    assert (await shop.client.get(path)).status == 401
    assert (await shop.client.get(path, {"Authorization": "Bearer wrong"})).status == 401
    assert (await shop.client.get(path + "/live")).status in (401, 404)


async def test_the_samples_are_what_is_really_answered(shop: Shop) -> None:
    sent = documented.requests("dashboard")
    path = "/api/admin/"
    await shop.reserve("cs_1", quantity=2)
    got = {"list_inventory": await shop.client.get(f"{path}inventory?q={HOODIE}", OWNER)}
    got["explain"] = await shop.client.get(f"{path}explain?sku={HOODIE}/M", OWNER)
    act = (await change(shop, {"stock": 25, "reason": "Count"})).json["changeId"]
    got["list_changes"] = await shop.client.get(f"{path}changes", OWNER)
    got["history"] = await shop.client.get(f"{path}history?limit=1", OWNER)
    got["undo"] = await shop.client.post(f"{path}undo", {**sent["undo"], "changeId": act}, OWNER)
    got["list_holds"] = await shop.client.get(f"{path}holds", OWNER)
    got["overview"] = await shop.client.get(f"{path}overview?days=1", OWNER)
    ids = [hold["id"] for hold in got["list_holds"].json["holds"]]
    body = {**sent["release_holds"], "ids": ids}
    got["release_holds"] = await shop.client.post(f"{path}holds/release", body, OWNER)
    table = (await shop.client.get(f"{path}export?q=emerald", OWNER)).body.decode("utf-8-sig")
    bad = table.replace("_m,20,", "_m,27,").replace("_l,58,", "_l,many,")
    got["import_table"] = await shop.client.post(f"{path}import", bad.encode(), OWNER)
    got["add_product"] = await shop.client.post(f"{path}products", sent["add_product"], OWNER)
    got["change_product"] = await shop.client.request(
        "PUT", f"{path}products", sent["change_product"], OWNER
    )
    got["list_products"] = await shop.client.get(f"{path}products?productId={HOODIE}", OWNER)
    part = {"productId": HOODIE, "size": "L", "quantity": 1}
    bundle = {"policy": "together", "components": [part]}
    got["preview_bundle"] = await shop.client.post(
        f"{path}bundles/preview", {"bundle": bundle}, OWNER
    )
    cap = {"productId": "prod_cap_009", "sizes": [{"size": "OS", "bundle": bundle}]}
    await shop.client.request("PUT", f"{path}products", cap, OWNER)
    got["assemble_bundles"] = await shop.client.post(
        f"{path}bundles/assemble",
        {**sent["assemble_bundles"], "productId": "prod_cap_009"},
        OWNER,
    )
    got["archive_product"] = await shop.client.post(
        f"{path}products/archive", sent["archive_product"], OWNER
    )
    locations = f"{path}locations"
    got["add_location"] = await shop.client.post(locations, sent["add_location"], OWNER)
    put = ("PUT", locations, sent["change_location"], OWNER)
    got["change_location"] = await shop.client.request(*put)
    got["list_locations"] = await shop.client.get(locations, OWNER)
    got["set_routing_rules"] = await shop.client.request(
        "PUT", f"{locations}/routing", sent["set_routing_rules"], OWNER
    )
    got["routing_rules"] = await shop.client.get(f"{locations}/routing", OWNER)
    got["store_postal_codes"] = await shop.client.request(
        "PUT", f"{locations}/postal-codes", sent["store_postal_codes"], OWNER
    )
    closing = f"{locations}/close"
    got["close_location"] = await shop.client.post(closing, sent["close_location"], OWNER)
    assert got.keys() == documented.answers("dashboard").keys()
    for name, answer in got.items():
        assert answer.status == 200, name
        assert shape(answer.json) == shape(documented.answers("dashboard")[name]), name


async def listen(shop: Shop, query: str, until: int) -> list[tuple[str, Any]]:
    """The first messages of the live table."""
    changes: list[tuple[str, Any]] = []
    enough = asyncio.Event()
    scope = shop.client.scope("GET", f"/api/admin/inventory/live{query}", OWNER)
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        for part in message.get("body", b"").decode().split("\n\n"):
            if "\nevent: " in part:
                lines = dict(line.split(": ", 1) for line in part.splitlines())
                changes.append((lines["event"], json.loads(lines["data"])))
        if len(changes) >= until:
            enough.set()

    async with asyncio.timeout(10):
        await shop.client.app(scope, receive, send)
    return changes


async def test_the_live_table_resumes_and_sends_rows(shop: Shop) -> None:
    ((kind, whole),) = await listen(shop, "", 1)
    assert (kind, len(whole["rows"]), whole["revision"]) == ("snapshot", 7, 10)
    await shop.reserve("cs_1", quantity=2)
    await change(shop, {"size": "S", "restockDate": "2026-01-01"})
    ((kind, missed),) = await listen(shop, f"?since={whole['revision']}", 1)
    assert kind == "change"
    rows = {row["sku"]: row for row in missed["rows"]}
    assert rows[f"{HOODIE}/M"]["reserved"] == 2
    assert rows[f"{HOODIE}/S"]["restockDate"] == "2026-01-01"
    assert missed["removed"] == []
    await shop.engine.submit(
        RemoveProduct(
            product_id="prod_tee_001",
            location=DEFAULT_LOCATION,
            before=("prod_tee_001/M",),
            actor="admin",
        )
    )
    ((kind, gone),) = await listen(shop, f"?since={missed['revision']}", 1)
    assert (gone["rows"], gone["removed"]) == ([], ["prod_tee_001/M"])


async def test_the_live_table_is_for_the_owner(shop: Shop) -> None:
    assert (await shop.client.get("/api/admin/inventory/live")).status == 401
    answer = await shop.client.get("/api/admin/inventory/live?since=soon", OWNER)
    assert (answer.status, answer.code) == (422, "invalid_request")
