"""Stock by location over HTTP: updates, the owner's rows, what buyers see, and the live feed."""

from typing import Any

from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.engine.view.feed import LevelChange
from fancymonkey.web.read_models.live_messages import ShopView
from fancymonkey.web.server.turns import Turns
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop

OWNER = {"authorization": f"Bearer {PASSWORD}"}
BERLIN = Location("berlin", "Studio Berlin", priority=2, pickup=True)
STORE = Location("store", "Repair", priority=3, sells_online=False)
SKU = f"{HOODIE}/M"  # 20 at main


async def with_locations(shop: Shop, *locations: Location) -> Shop:
    for location in locations:
        await shop.engine.submit(AddLocation(location=location))
    return shop


async def inventory(shop: Shop, query: str = "") -> dict[str, Any]:
    answer = await shop.client.get(f"/api/admin/inventory{query}", OWNER)
    assert answer.status == 200, answer.json
    return {row["sku"]: row for row in answer.json["rows"]}


async def get(shop: Shop, query: str) -> dict[str, Any]:
    """The size M as `get` shows it."""
    answer = await shop.client.get(f"/api/inventory/get?productId={HOODIE}{query}")
    (product,) = answer.json["inventory"]
    return next(dict(row) for row in product["sizes"] if row["size"] == "M")


def by_location(row: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {
        level["location"]: (level["stock"], level["reserved"], level["available"])
        for level in row["locations"]
    }


def rows_of(answer: Answer, outcome: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer.json["results"]["details"][outcome]
    return rows


async def test_a_shop_with_one_location_does_not_notice(any_shop: Shop) -> None:
    answer = await any_shop.update({"stock": 21})
    (row,) = rows_of(answer, "successful")
    assert "locations" not in row
    assert "locations" not in row["previous"]
    assert "locations" not in await get(any_shop, "")
    assert "locations" not in (await inventory(any_shop))[SKU]


async def test_an_update_changes_the_stock_of_its_location(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, BERLIN)
    answer = await shop.update(
        {"stock": 5, "location": "berlin"},
        {"adjustStock": 1},
        {"adjustStock": 1, "location": "paris"},
        {"adjustStock": -6, "location": "berlin"},
    )
    first, second = rows_of(answer, "successful")
    assert (first["stock"], first["available"]) == (25, 25)
    assert by_location(first) == {"berlin": (5, 0, 5), "main": (20, 0, 20)}
    assert by_location(first["previous"]) == {"main": (20, 0, 20)}
    assert by_location(second) == {"berlin": (5, 0, 5), "main": (21, 0, 21)}
    unknown, below = rows_of(answer, "failed")
    assert (unknown["index"], unknown["code"]) == (2, "unknown_location")
    assert (below["code"], below["onHand"]) == ("below_zero", 5)
    await shop.check()


async def test_an_undo_takes_the_units_back_from_their_location(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, BERLIN)
    act = (await shop.update({"stock": 5, "location": "berlin"})).json["changeId"]
    await shop.update({"adjustStock": 2})
    undone = await shop.client.post("/api/admin/undo", {"changeId": act}, OWNER)
    assert undone.status == 200, undone.json
    row = (await inventory(shop))[SKU]
    assert by_location(row) == {"main": (22, 0, 22), "berlin": (0, 0, 0)}
    await shop.check()


async def test_a_bulk_update_with_a_location_changes_and_reads_the_stock_there(
    any_shop: Shop,
) -> None:
    shop = await with_locations(any_shop, BERLIN)
    await shop.update({"stock": 2, "location": "berlin"})
    here = {"location": "berlin", "productIds": [HOODIE]}
    answer = await shop.bulk("adjust", filter={**here, "status": ["low"]}, changes={"stock": 3})
    (row,) = rows_of(answer, "successful")  # the other sizes have no units there
    assert by_location(row) == {"main": (20, 0, 20), "berlin": (5, 0, 5)}
    answer = await shop.bulk("set", filter=here, changes={"stock": 7})
    assert [row["stock"] for row in rows_of(answer, "successful")] == [10, 27, 65, 7]
    unknown = await shop.bulk("set", filter={"location": "paris"}, changes={"stock": 7})
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_location")
    await shop.check()


async def test_the_owners_rows_show_one_location_or_all(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, BERLIN, STORE)
    await shop.update({"stock": 5, "location": "berlin"}, {"stock": 2, "location": "store"})
    row = (await inventory(shop))[SKU]
    assert (row["stock"], row["available"], row["damaged"], row["incoming"]) == (27, 27, 0, 0)
    assert list(by_location(row)) == ["main", "berlin", "store"]
    row = (await inventory(shop, "?location=berlin"))[SKU]
    assert (row["stock"], row["location"]) == (5, "berlin")
    assert "locations" not in row
    low = await inventory(shop, "?location=store&status=low")
    assert list(low) == [SKU]
    unknown = await shop.client.get("/api/admin/inventory?location=paris", OWNER)
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_location")


async def test_buyers_see_the_sum_of_the_locations_that_sell_online(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, BERLIN, STORE)
    await shop.update({"stock": 5, "location": "berlin"}, {"stock": 2, "location": "store"})
    row = await get(shop, "")
    assert (row["stock"], row["available"]) == (25, 25)
    assert "locations" not in row
    assert (await get(shop, "&location=berlin"))["available"] == 5
    assert (await get(shop, "&location=store"))["available"] == 2
    row = await get(shop, "&locations=true")
    assert row["available"] == 25
    assert by_location(row) == {"main": (20, 0, 20), "berlin": (5, 0, 5)}
    answer = await shop.client.get("/api/inventory/get?locations=1")
    assert [(row["id"], row["pickup"]) for row in answer.json["locations"]] == [
        ("main", False),
        ("berlin", True),
    ]


async def test_a_location_is_known_or_refused(shop: Shop) -> None:
    unknown = await shop.client.get("/api/inventory/get?location=paris")
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_location")
    odd = await shop.client.get("/api/inventory/get?locations=maybe")
    assert (odd.status, odd.json["code"]) == (422, "invalid_request")


async def test_an_answer_by_location_has_an_etag_until_something_changes(shop: Shop) -> None:
    await with_locations(shop, BERLIN)
    await shop.update({"stock": 5, "location": "berlin"})
    for query in ("location=berlin", "locations=true", "location=berlin&locations=true"):
        path = f"/api/inventory/get?{query}"
        first = await shop.client.get(path)
        seen = {"if-none-match": first.header("etag")}
        assert (await shop.client.get(path, seen)).status == 304
        await shop.update({"adjustStock": 1, "location": "berlin"})
        assert (await shop.client.get(path, seen)).status == 200


async def test_an_answer_by_location_follows_a_change_of_the_location(any_shop: Shop) -> None:
    shop = await with_locations(any_shop, BERLIN)
    await shop.update({"stock": 5, "location": "berlin"})
    assert (await get(shop, "&locations=true"))["available"] == 25
    off = Location("berlin", "Studio Berlin", priority=2, sells_online=False)
    await shop.engine.submit(EditLocation(location=off))
    row = await get(shop, "&locations=true")
    assert row["available"] == 20
    assert by_location(row) == {"main": (20, 0, 20)}


def live_view(shop: Shop) -> ShopView:
    context = shop.client.app.api.state.context
    return ShopView(shop.engine.view, context.listing, Turns())


def text_of(messages: ShopView, change: LevelChange | None) -> str:
    assert change is not None
    return messages.of(change).body.decode()


async def test_the_live_feed_shows_what_buyers_see(shop: Shop) -> None:
    await with_locations(shop, BERLIN, STORE)
    listener = await shop.engine.subscribe(shop.engine.view.revision)
    messages = live_view(shop)
    await shop.engine.submit(Adjust(sku=SKU, location="store", delta=9))
    await shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=5))
    text = text_of(messages, await listener.next())
    assert '"available":25' in text
    off = Location("berlin", "Studio Berlin", priority=2, sells_online=False)
    before = shop.engine.view.revision
    await shop.engine.submit(EditLocation(location=off))
    text = text_of(messages, await listener.next())
    assert '"available":20' in text
    assert '"removed":[]' in text
    again = await shop.engine.subscribe(before)
    change = await again.next()
    assert change is not None
    assert change.fresh  # a page that connects again gets all present levels


async def test_a_new_location_sends_no_level_to_listeners(shop: Shop) -> None:
    listener = await shop.engine.subscribe(shop.engine.view.revision)
    messages = live_view(shop)
    card = shop.client.app.api.state.context.listing.product(HOODIE)
    await with_locations(shop, BERLIN)
    text = text_of(messages, await listener.next())
    assert '"changes":[],"products":[],"removed":[]' in text
    assert shop.client.app.api.state.context.listing.product(HOODIE) is card


async def test_safety_stock_is_not_offered_at_its_location(shop: Shop) -> None:
    await with_locations(shop, BERLIN)
    await shop.update({"stock": 5, "location": "berlin"})
    item = shop.engine.view.items[SKU]
    object.__setattr__(item, "safety_stock", (SafetyStock("berlin", 2),))
    shop.engine.view.set_catalogue([], [item])
    assert (await get(shop, ""))["available"] == 23
    assert (await get(shop, "&location=berlin"))["available"] == 3
