"""Routing over HTTP: the location that a buyer names, the owner's rules, and the limits."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.services.locations.postal_codes import table_command
from fancymonkey.store.in_memory.store import MemoryStore
from tests.payments.conftest import opened
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop, running

OWNER = {"authorization": f"Bearer {PASSWORD}"}
RULES = "/api/admin/locations/routing"


def location(
    id_: str, name: str, country: str, latitude: str, longitude: str, **more: Any
) -> Location:
    return Location(
        id_, name, country=country, latitude=Decimal(latitude), longitude=Decimal(longitude), **more
    )


HAMBURG = location("main", "Hamburg", "DE", "53.55", "10.0")
MUNICH = location("munich", "Munich", "DE", "48.14", "11.58", priority=2)
PARIS = location("paris", "Paris", "FR", "48.86", "2.35", priority=3, pickup=True)
STORE = location("store", "Repair", "DE", "52.5", "13.4", priority=4, sells_online=False)


async def with_locations(shop: Shop) -> Shop:
    """20 M in Hamburg, 5 in Munich, 3 in Paris, 9 in a location that sells nothing online."""
    await shop.engine.submit(EditLocation(location=HAMBURG))
    for location in (MUNICH, PARIS, STORE):
        await shop.engine.submit(AddLocation(location=location))
    await shop.update(
        {"stock": 5, "location": "munich"},
        {"stock": 3, "location": "paris"},
        {"stock": 9, "location": "store"},
    )
    return shop


async def reserve(shop: Shop, session: str, quantity: int = 1, **more: Any) -> Answer:
    body = {"productId": HOODIE, "size": "M", "quantity": quantity, "sessionId": session, **more}
    return await shop.client.post("/api/inventory/reserve", body)


def locations_of(answer: Answer) -> list[tuple[str, int]]:
    assert answer.status == 200, answer.json
    rows = answer.json["reservation"]["allocations"]
    assert all((row["productId"], row["size"]) == (HOODIE, "M") for row in rows)
    return [(row["location"], row["quantity"]) for row in rows]


async def test_a_shop_with_one_location_answers_as_ever(any_shop: Shop) -> None:
    answer = await reserve(any_shop, "s1", shipTo={"country": "DE"})
    assert answer.status == 200
    plain = await reserve(any_shop, "s2")
    assert "allocations" not in plain.json["reservation"]
    assert "because" not in plain.json["reservation"]


async def test_units_come_from_the_nearest_location(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    near_munich = {"latitude": 48.2, "longitude": 11.5}
    answer = await reserve(shop, "s1", shipTo=near_munich)
    assert locations_of(answer) == [("munich", 1)]
    assert any("Munich" in text for text in answer.json["reservation"]["because"])
    assert locations_of(await reserve(shop, "s2", shipTo={"country": "FR", "postalCode": "1"})) == [
        ("paris", 1)
    ]
    assert locations_of(await reserve(shop, "s3")) == [("main", 1)]  # by priority
    await shop.check()


async def test_a_location_without_coordinates_is_found_by_its_address(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    table = {"10": (52.53, 13.38), "8": (48.1, 11.5)}
    await shop.engine.submit(table_command(shop.engine, "DE 1", table))
    berlin = Location("berlin", "Berlin", country="DE", postal_code="10115", priority=9)
    lisbon = Location("lisbon", "Lisbon", country="PT", priority=10)
    for location in (berlin, lisbon):
        await shop.engine.submit(AddLocation(location=location))
        await shop.update({"stock": 4, "location": location.location_id})
    near_berlin = {"latitude": 52.4, "longitude": 13.3}
    answer = await reserve(shop, "s1", shipTo=near_berlin)
    assert locations_of(answer) == [("berlin", 1)]
    in_spain = {"latitude": 39.5, "longitude": -6.4}
    assert locations_of(await reserve(shop, "s2", shipTo=in_spain)) == [
        ("lisbon", 1)
    ]  # its country
    moved = replace(berlin, postal_code="", latitude=Decimal("40.4"), longitude=Decimal("-3.7"))
    await shop.engine.submit(EditLocation(location=moved))
    near_hamburg = await reserve(shop, "s3", shipTo={"latitude": 53.0, "longitude": 11.5})
    assert locations_of(near_hamburg) == [("main", 1)]
    await shop.check()


async def test_a1_a_line_is_split_where_no_single_location_has_it_whole(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    assert sorted(locations_of(await reserve(shop, "s1", 28))) == [
        ("main", 20),
        ("munich", 5),
        ("paris", 3),
    ]
    short = await reserve(shop, "s2", 1)
    assert (short.status, short.json["code"]) == (409, "insufficient_stock")
    await shop.check()


async def test_units_come_from_the_named_location_only(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    assert locations_of(await reserve(shop, "s1", 3, location="paris")) == [("paris", 3)]
    short = await reserve(shop, "s2", 1, location="paris")
    assert (short.status, short.json["code"]) == (409, "insufficient_stock")
    assert short.json["lines"][0]["available"] == 0
    unknown = await reserve(shop, "s3", 1, location="rome")
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_location")
    both = await reserve(shop, "s3", 1, location="paris", shipTo={"country": "FR"})
    assert (both.status, both.json["code"]) == (422, "conflicting_fields")


async def test_a32_a_pick_up_takes_the_units_of_its_location_first(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    assert locations_of(await reserve(shop, "s1", 4, pickupAt="paris"))[0] == ("paris", 3)
    await shop.check()


async def test_a31_a_location_that_does_not_sell_online_serves_no_web_order(shop: Shop) -> None:
    await with_locations(shop)
    refused = await reserve(shop, "s1", 29)
    assert (refused.status, refused.json["lines"][0]["available"]) == (409, 28)


@pytest.mark.parametrize(
    "ship_to",
    [
        {},
        {"country": "Atlantis", "postalCode": "???"},
        {"country": "ZZ"},
        {"postalCode": "10119"},
        {"country": "DE", "postalCode": "\N{SNOWMAN}"},
    ],
)
async def test_an_unknown_address_leaves_it_to_the_next_rule(
    shop: Shop, ship_to: dict[str, Any]
) -> None:
    await with_locations(shop)
    assert locations_of(await reserve(shop, "s1", shipTo=ship_to)) == [("main", 1)]


@pytest.mark.parametrize("ship_to", [{"latitude": 5}, {"latitude": 91, "longitude": 0}, "DE"])
async def test_coordinates_that_are_not_valid_are_refused(shop: Shop, ship_to: Any) -> None:
    await with_locations(shop)
    assert (await reserve(shop, "s1", shipTo=ship_to)).status == 422


async def test_several_lines_have_their_allocations(shop: Shop) -> None:
    await with_locations(shop)
    body = {
        "sessionId": "s1",
        "shipTo": {"country": "FR"},
        "lines": [
            {"productId": HOODIE, "size": "M", "quantity": 2},
            {"productId": HOODIE, "size": "S", "quantity": 1},
        ],
    }
    answer = await shop.client.post("/api/inventory/reserve", body)
    rows = answer.json["reservation"]["allocations"]
    assert {(row["size"], row["location"], row["quantity"]) for row in rows} == {
        ("M", "main", 2),  # one parcel: only Hamburg has both
        ("S", "main", 1),
    }


async def test_a_repeated_request_gets_the_same_allocations(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    body = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "s", "location": "paris"}
    key = {"idempotency-key": "k"}
    first = await shop.client.post("/api/inventory/reserve", body, key)
    again = await shop.client.post("/api/inventory/reserve", body, key)
    assert first.json == again.json
    other = await shop.client.post("/api/inventory/reserve", {**body, "location": "munich"}, key)
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")


async def test_the_owner_chooses_the_order_of_the_rules(any_shop: Shop) -> None:
    shop = await with_locations(any_shop)
    first = await shop.client.get(RULES, OWNER)
    assert first.json["rules"][0] == "same_country"
    near_paris = {"country": "DE", "postalCode": "", "latitude": 48.9, "longitude": 2.3}
    assert locations_of(await reserve(shop, "s1", shipTo=near_paris)) == [("munich", 1)]
    changed = await shop.client.request("PUT", RULES, {"rules": ["most_stock", "priority"]}, OWNER)
    assert changed.json["rules"] == ["most_stock", "priority"]
    assert locations_of(await reserve(shop, "s2", shipTo=near_paris)) == [("main", 1)]
    await shop.client.request("PUT", RULES, {"rules": ["nearest"]}, OWNER)
    assert locations_of(await reserve(shop, "s3", shipTo=near_paris)) == [("paris", 1)]
    entries = await shop.engine.store.entries_after(0)
    assert any(entry.reason == "routing: nearest" for entry in entries)


@pytest.mark.parametrize("rules", [[], ["nearest", "nearest"], ["cheapest"], "nearest"])
async def test_an_order_of_rules_that_is_not_valid_is_refused(shop: Shop, rules: Any) -> None:
    answer = await shop.client.request("PUT", RULES, {"rules": rules}, OWNER)
    assert answer.status == 422


@pytest.fixture
async def whole_lines() -> AsyncIterator[Shop]:
    """A shop that does not split lines, and sends at most two parcels."""
    async with running(MemoryStore(), split_lines=False, max_parcels=2) as shop:
        yield await with_locations(shop)


async def test_without_split_lines_buyers_see_the_best_single_location(whole_lines: Shop) -> None:
    assert (await whole_lines.size())["available"] == 20
    short = await reserve(whole_lines, "s1", 21)
    assert (short.status, short.json["lines"][0]["available"]) == (409, 20)
    await reserve(whole_lines, "s2", 18)
    assert (await whole_lines.size())["available"] == 5
    assert locations_of(await reserve(whole_lines, "s3", 5)) == [("munich", 5)]


async def test_parcels_are_limited() -> None:
    async with running(MemoryStore(), max_parcels=2) as shop:
        await with_locations(shop)
        assert (await reserve(shop, "s1", 28)).status == 409
        assert len(locations_of(await reserve(shop, "s2", 25))) == 2


async def test_a_checkout_is_routed_and_keeps_its_allocations() -> None:
    async with opened(MemoryStore()) as till:
        shop = await with_locations(till.shop)
        body = {"productId": HOODIE, "size": "M", "sessionId": "b1", "shipTo": {"country": "FR"}}
        answer = await shop.client.post("/api/checkout", body)
        assert locations_of(answer) == [("paris", 1)]
        assert answer.json["reservation"]["because"]
        status = await shop.client.get("/api/checkout/status?sessionId=b1")
        assert locations_of(status) == [("paris", 1)]
