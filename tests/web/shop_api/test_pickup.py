"""Units for pick-up at a location: today, and from a date on."""

from typing import Any

import pytest

from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import SetItem
from fancymonkey.core.stock.safety_stock import SetSafetyStock
from tests.web.shops import HOODIE, PASSWORD, Shop

OWNER = {"authorization": f"Bearer {PASSWORD}"}
SKU = f"{HOODIE}/M"  # 20 at main
BY_LOCATION = "/api/inventory/get?locations=true"
BERLIN = Location("berlin", "Berlin", priority=2, pickup=True, pickup_lead_days=2)
TOKYO = Location(
    "tokyo", "Tokyo", priority=3, pickup=True, pickup_lead_days=0, time_zone="Asia/Tokyo"
)
ATTIC = Location("attic", "Attic", priority=4, sells_online=False)
# The tests begin on 2025-10-07 at 12:00 UTC, which is 21:00 in Tokyo.


async def with_locations(shop: Shop, *locations: Location) -> Shop:
    for location in locations:
        await shop.engine.submit(AddLocation(location=location))
    return shop


async def pickup(shop: Shop, size: str = "M") -> dict[str, Any]:
    """The units for pick-up by location: today, later, and the date of the later ones."""
    answer = await shop.client.get(f"{BY_LOCATION}&productId={HOODIE}")
    (product,) = answer.json["inventory"]
    (row,) = [row for row in product["sizes"] if row["size"] == size]
    return {
        place["location"]: (
            place["pickup"]["today"],
            place["pickup"]["later"],
            place["pickup"]["from"],
        )
        for place in row["locations"]
        if "pickup" in place
    }


async def test_a_shop_with_one_location_has_no_units_for_pick_up(any_shop: Shop) -> None:
    only = Location("main", "Main", pickup=True, pickup_lead_days=1)
    await any_shop.engine.submit(EditLocation(location=only))
    assert await pickup(any_shop) == {}
    assert (
        "pickup" not in (await any_shop.client.get(BY_LOCATION)).body.decode().split("summary")[0]
    )


async def test_units_of_other_locations_can_be_collected_after_the_lead_days(
    any_shop: Shop,
) -> None:
    shop = await with_locations(any_shop, BERLIN, ATTIC)
    assert await pickup(shop) == {"berlin": (0, 20, "2025-10-09")}  # it never had any
    await shop.update({"stock": 5, "location": "berlin"}, {"stock": 9, "location": "attic"})
    assert await pickup(shop) == {"berlin": (5, 20, "2025-10-09")}  # the attic sells nothing online
    await shop.reserve("s1", quantity=3)  # at main
    assert await pickup(shop) == {"berlin": (5, 17, "2025-10-09")}
    await shop.check()


async def test_the_units_for_pick_up_are_those_that_a_hold_can_take(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, BERLIN, TOKYO, ATTIC)
    await shop.update(
        {"stock": 5, "location": "berlin"},
        {"stock": 4, "location": "tokyo"},
        {"stock": 9, "location": "attic"},
    )
    item = shop.engine.view.items[SKU]
    await shop.engine.submit(SetSafetyStock(sku=item.sku, location="tokyo", quantity=1))
    today, later, _ = (await pickup(shop))["berlin"]
    assert (today, later) == (5, 23)

    async def reserve(quantity: int) -> Any:
        body = {"productId": HOODIE, "size": "M", "sessionId": "s1", "pickupAt": "berlin"}
        return await shop.client.post("/api/inventory/reserve", {**body, "quantity": quantity})

    assert (await reserve(today + later + 1)).status == 409
    answer = await reserve(today + later)
    assert answer.status == 200, answer.json
    assert await pickup(shop) == {"berlin": (0, 0, "2025-10-09"), "tokyo": (0, 0, "2025-10-07")}
    await shop.check()


async def test_a_location_without_lead_days_promises_no_date(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, Location("berlin", "Berlin", priority=2, pickup=True))
    assert await pickup(shop) == {}
    await shop.update({"stock": 5, "location": "berlin"})
    assert await pickup(shop) == {"berlin": (5, 20, None)}


async def test_the_date_is_the_day_at_the_location_and_moves_at_its_midnight(shop: Shop) -> None:
    await with_locations(shop, BERLIN, TOKYO)
    await shop.update({"stock": 1, "location": "tokyo"})
    first = await shop.client.get(BY_LOCATION)
    seen = {"if-none-match": first.header("etag")}
    assert (await shop.client.get(BY_LOCATION, seen)).status == 304
    before = {"berlin": (0, 21, "2025-10-09"), "tokyo": (1, 20, "2025-10-07")}
    assert await pickup(shop) == before
    shop.clock.forward(3 * 3600 - 0.001)
    assert await pickup(shop) == before
    assert (await shop.client.get(BY_LOCATION, seen)).status == 304
    shop.clock.forward(0.001)  # midnight in Tokyo
    assert await pickup(shop) == {**before, "tokyo": (1, 20, "2025-10-08")}
    second = await shop.client.get(BY_LOCATION, seen)
    assert second.status == 200
    shop.clock.forward(9 * 3600)  # midnight of the shop
    assert (await pickup(shop))["berlin"] == (0, 21, "2025-10-10")
    seen = {"if-none-match": second.header("etag")}
    assert (await shop.client.get(BY_LOCATION, seen)).status == 200


async def test_a_location_with_an_unknown_time_zone_has_the_days_of_the_shop(shop: Shop) -> None:
    lost = Location(
        "lost", "Lost", priority=2, pickup=True, pickup_lead_days=1, time_zone="Mars/Olympus"
    )
    await with_locations(shop, lost)
    assert await pickup(shop) == {"lost": (0, 20, "2025-10-08")}


async def test_an_expired_hold_is_ready_for_pick_up_again(shop: Shop) -> None:
    await with_locations(shop, BERLIN)
    await shop.reserve("s1", quantity=2)
    assert (await pickup(shop))["berlin"] == (0, 18, "2025-10-09")
    shop.clock.forward(3600)
    assert (await pickup(shop))["berlin"] == (0, 20, "2025-10-09")


async def test_a_short_location_takes_no_unit_of_another(shop: Shop) -> None:
    await with_locations(shop, BERLIN, TOKYO)
    await shop.update({"stock": 5, "location": "berlin"}, {"stock": 3, "location": "tokyo"})
    await shop.reserve("s1", quantity=20)
    await shop.update({"stock": 1})  # 19 units are missing at main
    assert await pickup(shop) == {
        "berlin": (5, 3, "2025-10-09"),
        "tokyo": (3, 5, "2025-10-07"),
    }


async def test_a_closed_location_has_no_pick_up(shop: Shop) -> None:
    await with_locations(shop, BERLIN, TOKYO)
    closed = await shop.client.post("/api/admin/locations/close", {"id": "berlin"}, OWNER)
    assert closed.status == 200, closed.json
    assert list(await pickup(shop)) == ["tokyo"]


async def test_sold_out_is_a_switch_of_its_own(shop: Shop) -> None:
    await with_locations(shop, BERLIN)
    await shop.engine.submit(SetItem(sku=SKU, location="main", sold_out=True))
    assert (await pickup(shop))["berlin"] == (0, 20, "2025-10-09")


async def test_lead_days_are_set_and_removed(any_shop: Shop) -> None:
    client, path = any_shop.client, "/api/admin/locations"
    body = {"id": "berlin", "name": "Berlin", "pickup": True}
    added = await client.post(path, body, OWNER)
    assert added.json["location"]["pickupLeadDays"] is None
    for days in (0, 365, None):
        sent = {"id": "berlin", "pickupLeadDays": days}
        answer = await client.request("PUT", path, sent, OWNER)
        assert answer.status == 200, answer.json
        assert answer.json["location"]["pickupLeadDays"] == days
        stored = await any_shop.engine.store.find(Location, "berlin")
        assert stored is not None
        assert stored.pickup_lead_days == days
    await any_shop.check()


@pytest.mark.parametrize("days", [-1, 366, 1.5, "2", True])
async def test_lead_days_that_are_not_valid_are_refused(shop: Shop, days: Any) -> None:
    body = {"id": "berlin", "name": "Berlin", "pickupLeadDays": days}
    answer = await shop.client.post("/api/admin/locations", body, OWNER)
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    assert "pickupLeadDays" in answer.json["detail"]
