"""The reason why a location was chosen, in the history, the explanation and the list of holds."""

from typing import Any

from tests.web.shop_api.test_routing import OWNER, reserve, with_locations
from tests.web.shops import HOODIE, Shop

NEAR_MUNICH = {"latitude": 48.2, "longitude": 11.5}
SKU = f"{HOODIE}/M"


async def ask(shop: Shop, path: str) -> Any:
    answer = await shop.client.get(f"/api/admin/{path}", OWNER)
    assert answer.status == 200, answer.json
    return answer.json


async def test_the_history_has_the_reasons_and_the_other_routes(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    hold = await reserve(shop, "s1", shipTo=NEAR_MUNICH)
    (entry,) = (await ask(shop, f"history?sku={SKU}&kind=reserved"))["entries"]
    route = entry["route"]
    assert route["because"] == hold.json["reservation"]["because"]
    assert route["chosen"] == {"locations": ["munich"], "parcels": 1, "km": 9}
    assert route["alternatives"] == [
        {"locations": ["main"], "parcels": 1, "km": 604},
        {"locations": ["paris"], "parcels": 1, "km": 677},
    ]
    assert (await ask(shop, "history?kind=reserved"))["entries"][0]["route"] == route
    others = (await ask(shop, f"history?sku={SKU}&kind=counted"))["entries"]
    assert others
    assert all("route" not in entry for entry in others)


async def test_the_explanation_has_the_routes_of_the_latest_holds(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    for number in range(3):
        await reserve(shop, f"s{number}", shipTo=NEAR_MUNICH)
    routes = (await ask(shop, f"explain?sku={SKU}"))["routes"]
    assert [(row["location"], row["quantity"]) for row in routes] == [("munich", 1)] * 3
    assert routes[0]["at"] >= routes[-1]["at"]
    assert routes[0]["chosen"]["km"] == 9


async def test_a_hold_shows_its_units_by_location_and_its_route(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    await reserve(shop, "s1", 22)
    (hold,) = (await ask(shop, "holds"))["holds"]
    assert {row["location"]: row["quantity"] for row in hold["allocations"]} == {
        "main": 20,
        "munich": 2,
    }
    assert hold["route"]["chosen"]["parcels"] == 2


async def test_a_shop_with_one_location_has_none_of_it(any_shop: Shop) -> None:
    await reserve(any_shop, "s1", shipTo=NEAR_MUNICH)
    (hold,) = (await ask(any_shop, "holds"))["holds"]
    assert not hold.keys() & {"allocations", "route"}
    assert "routes" not in await ask(any_shop, f"explain?sku={SKU}")
    (entry,) = (await ask(any_shop, f"history?sku={SKU}&kind=reserved"))["entries"]
    assert not entry.keys() & {"location", "route"}
