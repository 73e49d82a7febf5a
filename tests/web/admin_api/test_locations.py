"""Locations over HTTP: their fields, and closing one only when nothing is open there."""

from typing import Any

import pytest

from fancymonkey.core.locations.accounts import StockState, account_of
from fancymonkey.core.locations.close import CloseLocation
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Kind, Level, Line
from fancymonkey.core.outcomes import Answer as CoreAnswer
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.transfers.edit import CreateTransfer
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop

PATH = "/api/admin/locations"
OWNER = {"authorization": f"Bearer {PASSWORD}"}
BERLIN: dict[str, Any] = {
    "id": "berlin",
    "name": "Studio Berlin",
    "address": "Torstraße 1\n10119 Berlin",
    "country": "de",
    "postalCode": "10119",
    "latitude": 52.5300004,
    "longitude": 13.4,
    "timeZone": "Europe/Berlin",
    "pickup": True,
    "pickupLeadDays": 2,
}


async def send(shop: Shop, method: str, body: Any, path: str = PATH, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await shop.client.request(method, path, body, OWNER | named)


async def listed(shop: Shop) -> dict[str, Any]:
    answer = await shop.client.get(PATH, OWNER)
    assert answer.status == 200
    return {row["id"]: row for row in answer.json["locations"]}


async def stock_at(shop: Shop, location: str, units: int, size: str = "M") -> CoreAnswer:
    return await shop.engine.submit(Adjust(sku=f"{HOODIE}/{size}", location=location, delta=units))


async def test_a_shop_has_one_location_from_the_start(shop: Shop) -> None:
    assert list(await listed(shop)) == ["main"]


async def test_a_location_is_added_with_all_its_fields(any_shop: Shop) -> None:
    shop = any_shop
    answer = await send(shop, "POST", BERLIN)
    assert answer.status == 200, answer.json
    added = answer.json["location"]
    assert added == (await listed(shop))["berlin"]
    assert added | {"updatedAt": None} == {
        **BERLIN,
        "country": "DE",
        "latitude": 52.53,
        "priority": 2,
        "sellsOnline": True,
        "acceptsReturns": True,
        "receivesPurchases": True,
        "active": True,
        "updatedAt": None,
    }
    again = await send(shop, "POST", {**BERLIN, "name": "Another"})
    assert (again.status, again.json["code"]) == (409, "already_there")
    assert again.json["location"] == "berlin"
    await shop.check()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Berlin"),
        ("id", "berlin:damaged"),
        ("id", "-berlin"),
        ("id", "b" * 41),
        ("id", ""),
        ("name", "  "),
        ("name", "two\nlines"),
        ("country", "Germany"),
        ("country", "ZZ"),
        ("latitude", 90.1),
        ("longitude", -181),
        ("latitude", None),
        ("latitude", "52.5"),
        ("timeZone", "Europe/Atlantis"),
        ("timeZone", "../etc/passwd"),
        ("timeZone", "Europe"),
        ("priority", 0),
        ("priority", None),
        ("pickup", "yes"),
    ],
)
async def test_a_field_that_is_not_valid_is_refused_by_name(
    shop: Shop, field: str, value: Any
) -> None:
    answer = await send(shop, "POST", {**BERLIN, field: value})
    assert (answer.status, answer.json["code"]) == (422, "invalid_request")
    assert field in answer.json["detail"]
    assert list(await listed(shop)) == ["main"]


async def test_a_change_leaves_the_other_fields(any_shop: Shop) -> None:
    shop = any_shop
    await send(shop, "POST", BERLIN)
    before = (await listed(shop))["berlin"]
    renamed = await send(shop, "PUT", {"id": "berlin", "name": "Shop Berlin", "priority": 1})
    assert renamed.status == 200
    after = renamed.json["location"]
    assert after == {
        **before,
        "name": "Shop Berlin",
        "priority": 1,
        "updatedAt": before["updatedAt"],
    }
    unset = await send(shop, "PUT", {"id": "berlin", "latitude": None, "longitude": None})
    assert (unset.json["location"]["latitude"], unset.json["location"]["longitude"]) == (None, None)
    main = await send(shop, "PUT", {"id": "main", "name": "Store room"})
    assert main.json["location"]["name"] == "Store room"
    unknown = await send(shop, "PUT", {"id": "paris", "name": "Paris"})
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_location")
    assert unknown.json["location"] == "paris"


async def test_a_repeated_request_adds_once(shop: Shop) -> None:
    first = await send(shop, "POST", BERLIN, idempotency_key="a")
    again = await send(shop, "POST", BERLIN, idempotency_key="a")
    assert (first.status, again.status) == (200, 200)
    other = await send(shop, "POST", {**BERLIN, "id": "hamburg"}, idempotency_key="a")
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")
    assert list(await listed(shop)) == ["main", "berlin"]


async def test_an_empty_location_is_closed_and_reopened(any_shop: Shop) -> None:
    shop = any_shop
    await send(shop, "POST", BERLIN)
    await stock_at(shop, "berlin", 2)
    await stock_at(shop, "berlin", -2)
    for _ in range(2):  # closing it again changes nothing
        closed = await send(shop, "POST", {"id": "berlin"}, f"{PATH}/close", idempotency_key="c")
        assert closed.status == 200, closed.json
        assert closed.json["location"]["active"] is False
    refused = await stock_at(shop, "berlin", 1)
    assert getattr(refused, "code", None) == "location_closed"
    by_change = await send(shop, "PUT", {"id": "main", "active": False})
    assert (by_change.status, by_change.json["code"]) == (422, "conflicting_fields")
    opened = await send(shop, "PUT", {"id": "berlin", "active": True, "name": "Berlin again"})
    assert opened.json["location"]["active"] is True
    assert opened.json["location"]["name"] == "Berlin again"
    assert (await stock_at(shop, "berlin", 1)).data.on_hand == 21
    await shop.check()


async def test_a_location_with_units_is_not_closed_and_the_units_are_listed(any_shop: Shop) -> None:
    shop = any_shop
    await send(shop, "POST", BERLIN)
    await stock_at(shop, "berlin", 3)
    refused = await send(shop, "POST", {"id": "berlin"}, f"{PATH}/close")
    assert (refused.status, refused.json["code"]) == (409, "location_in_use")
    assert refused.json["counts"] == {"stock": 1, "holds": 0, "transfers": 0}
    (row,) = refused.json["stock"]
    assert (row["productId"], row["size"], row["onHand"]) == (HOODIE, "M", 3)
    assert (await listed(shop))["berlin"]["active"] is True


@pytest.mark.parametrize("state", list(StockState))
async def test_units_that_are_not_for_sale_keep_a_location_open(
    shop: Shop, state: StockState
) -> None:
    await send(shop, "POST", BERLIN)
    level = Level(f"{HOODIE}/M", account_of("berlin", state), on_hand=1)
    shop.engine.view.levels[level.key] = level
    refused = await send(shop, "POST", {"id": "berlin"}, f"{PATH}/close")
    assert refused.json["stock"][0]["account"] == level.location


async def test_an_open_transfer_keeps_both_of_its_locations_open(any_shop: Shop) -> None:
    shop = any_shop
    await send(shop, "POST", BERLIN)
    await send(shop, "POST", {"id": "hamburg", "name": "Hamburg"})
    lines = [{"productId": HOODIE, "size": "M", "quantity": 2}]
    draft = {"from": "hamburg", "to": "berlin", "lines": lines}
    made = await send(shop, "POST", draft, "/api/admin/transfers")
    assert made.status == 200, made.json
    for id_ in ("berlin", "hamburg"):
        refused = await send(shop, "POST", {"id": id_}, f"{PATH}/close")
        assert (refused.status, refused.json["counts"]["transfers"]) == (409, 1)
        (row,) = refused.json["transfers"]
        assert (row["status"], row["from"], row["to"]) == ("draft", "hamburg", "berlin")
    cancelled = {"id": made.json["transfer"]["id"]}
    await send(shop, "POST", cancelled, "/api/admin/transfers/cancel")
    closed = await send(shop, "POST", {"id": "berlin"}, f"{PATH}/close")
    assert closed.status == 200, closed.json


async def test_the_first_location_is_never_closed(shop: Shop) -> None:
    await send(shop, "POST", BERLIN)
    for size in ("S", "M", "L"):
        level = shop.engine.view.level(f"{HOODIE}/{size}", "main")
        await stock_at(shop, "main", -level.on_hand, size)
    refused = await shop.engine.submit(CloseLocation(location_id="main"))
    assert getattr(refused, "code", None) == "location_in_use"


async def test_units_that_come_while_it_closes_reopen_it(shop: Shop) -> None:
    """The level is new: the caller did not know it when it asked to close the location."""
    await send(shop, "POST", BERLIN)
    submit = shop.engine.submit

    async def another_first(command: Any) -> CoreAnswer:
        if isinstance(command, CloseLocation):
            await submit(Adjust(sku=f"{HOODIE}/S", location="berlin", delta=4))
        return await submit(command)

    shop.engine.submit = another_first  # type: ignore[method-assign]
    refused = await send(shop, "POST", {"id": "berlin"}, f"{PATH}/close")
    assert (refused.status, refused.json["code"]) == (409, "location_in_use")
    assert refused.json["stock"][0]["size"] == "S"
    assert (await listed(shop))["berlin"]["active"] is True


async def test_the_ledger_names_the_owner_of_a_change(shop: Shop) -> None:
    await send(shop, "POST", {**BERLIN, "reason": "a second location"})
    entries = await shop.engine.store.entries_after(0)
    assert (entries[-1].kind, entries[-1].location) == (Kind.LOCATION_EDITED, "berlin")
    assert (entries[-1].actor, entries[-1].reason) == ("admin", "a second location")


async def test_an_unknown_location_takes_no_units(shop: Shop) -> None:
    refused = await stock_at(shop, "paris", 1)
    assert getattr(refused, "code", None) == "unknown_location"
    await shop.engine.submit(AddLocation(location=Location("paris", "Paris")))
    assert (await stock_at(shop, "paris", 1)).data.on_hand == 21


async def test_a_draft_that_is_planned_at_the_same_moment_keeps_a_location_open(
    any_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft comes after the look at open transfers and before the location closes."""
    shop = any_shop
    await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
    submit, planned = shop.engine.submit, []

    async def meanwhile(command: Any) -> CoreAnswer:
        if isinstance(command, CloseLocation) and not planned:
            line = Line(f"{HOODIE}/M", 1)
            draft = {"from_location": "main", "to_location": "berlin", "lines": (line,)}
            planned.append(await submit(CreateTransfer(transfer_id="tr_1", **draft)))
        return await submit(command)

    monkeypatch.setattr(shop.engine, "submit", meanwhile)
    answer = await send(shop, "POST", {"id": "berlin"}, f"{PATH}/close")
    assert planned
    assert (answer.status, answer.code) == (409, "location_in_use")
    assert [row["id"] for row in answer.json["transfers"]] == ["tr_1"]
    assert (await listed(shop))["berlin"]["active"] is True


async def test_a_closed_location_gets_no_draft(any_shop: Shop) -> None:
    await any_shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
    assert (await send(any_shop, "POST", {"id": "berlin"}, f"{PATH}/close")).status == 200
    body = {
        "from": "main",
        "to": "berlin",
        "lines": [{"productId": HOODIE, "size": "M", "quantity": 1}],
    }
    answer = await send(any_shop, "POST", body, "/api/admin/transfers")
    assert (answer.status, answer.code) == (409, "location_closed")
