"""The history, the holds and the overview of one location, and holds by their bundles."""

from typing import Any

import pytest

from tests.web.admin_api.test_bundles import HOODIE_AND_TEE, SET, TEE, add
from tests.web.client import Answer
from tests.web.shop_api.test_bundle_holds import reserve as reserve_bundles
from tests.web.shop_api.test_routing import OWNER, reserve, with_locations
from tests.web.shops import HOODIE, Shop

SKU = f"{HOODIE}/M"


async def ask(shop: Shop, path: str) -> Answer:
    return await shop.client.get(f"/api/admin/{path}", OWNER)


async def test_the_history_and_explanation_of_one_location(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    entries = (await ask(shop, "history?location=munich")).json["entries"]
    assert [(row["location"], row["change"]) for row in entries] == [("munich", {"stock": 5})]
    of_size = (await ask(shop, f"history?location=munich&sku={SKU}")).json["entries"]
    assert of_size == entries
    explanation = (await ask(shop, f"explain?sku={SKU}&location=munich")).json
    assert (explanation["closing"]["stock"], explanation["entries"]) == (5, 1)
    assert (await ask(shop, f"explain?sku={SKU}")).json["closing"]["stock"] == 37


@pytest.mark.parametrize(
    "path", ["history", "holds", f"explain?sku={SKU}", "orders", "transfers", "export", "inventory"]
)
async def test_an_unknown_location_is_refused(any_shop: Shop, path: str) -> None:
    joint = "&" if "?" in path else "?"
    answer = await ask(any_shop, f"{path}{joint}location=atlantis")
    assert (answer.status, answer.code) == (404, "unknown_location")


async def test_holds_with_units_at_a_location(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    await reserve(shop, "s1", 2, location="munich")
    await reserve(shop, "s2", 22)
    holds = (await ask(shop, "holds?location=munich")).json
    assert (holds["total"], holds["units"]) == (2, 2 + 2)
    assert (await ask(shop, "holds?location=paris")).json["holds"] == []
    (row,) = (await ask(shop, "holds?location=main")).json["holds"]
    await shop.release("s1")
    since = "2025-10-07T00:00:00Z"
    ended = f"holds?status=released&since={since}"
    assert len((await ask(shop, f"{ended}&location=munich")).json["holds"]) == 1
    assert (await ask(shop, f"{ended}&location=main")).json["holds"] == []
    assert (await ask(shop, f"holds?id={row['id']}&location=paris")).json["holds"] == []


async def test_holds_are_found_by_the_bundle_and_by_its_parts(any_shop: Shop) -> None:
    shop = any_shop
    await add(shop, HOODIE_AND_TEE)
    assert (await reserve_bundles(shop, "set", 2)).status == 200
    await shop.reserve("single", quantity=1)
    by_bundle = (await ask(shop, f"holds?sku={SET}/OS")).json
    assert [hold["lines"][0]["productId"] for hold in by_bundle["holds"]] == [SET]
    assert (by_bundle["total"], by_bundle["units"]) == (1, 2 + 4)
    assert (await ask(shop, f"holds?q={SET}")).json["total"] == 1
    by_part = (await ask(shop, f"holds?sku={SKU}")).json
    assert (by_part["total"], by_part["units"]) == (2, 3)
    assert (await ask(shop, f"holds?sku={TEE}/M")).json["total"] == 1
    await shop.release("set")
    ended = f"holds?status=released&since=2025-10-07T00:00:00Z&sku={SET}/OS"
    assert len((await ask(shop, ended)).json["holds"]) == 1


async def test_the_overview_lists_each_location(any_shop: Shop) -> None:
    assert "locations" not in (await ask(any_shop, "overview")).json
    shop = await with_locations(any_shop)
    answer: dict[str, Any] = (await ask(shop, "overview")).json
    rows = {row["location"]: row for row in answer["locations"]}
    assert list(rows) == ["main", "munich", "paris", "store"]
    assert (rows["munich"]["units"], rows["munich"]["low"], rows["paris"]["low"]) == (5, 1, 1)
    assert sum(row["units"] for row in answer["locations"]) == answer["stock"]["units"]
    assert sum(row["value"] for row in answer["locations"]) == answer["stock"]["value"]
