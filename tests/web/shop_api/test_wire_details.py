"""Guarantees to clients, one for each test, on every store."""

import re

import pytest

from fancymonkey.core.model import Event
from tests.web.shops import CRON, HOODIE, PASSWORD, Shop, ledger
from tests.web.signing import PATH, deliver, event

BOTH_WAYS = True

RELEASE = "/api/inventory/release"


async def test_a_refused_reserve_has_requested_and_available(
    any_shop: Shop,
) -> None:
    before = await ledger(any_shop.engine.store)
    answer = await any_shop.reserve("cs_1", quantity=21)
    assert (answer.status, answer.code) == (409, "insufficient_stock")
    line = {"productId": HOODIE, "size": "M", "requested": 21, "available": 20}
    assert answer.json["lines"] == [line]
    assert await ledger(any_shop.engine.store) == before


async def test_reserve_of_lines_names_every_line_that_is_short_and_holds_none(
    any_shop: Shop,
) -> None:
    lines = [
        {"productId": HOODIE, "size": size, "quantity": quantity}
        for size, quantity in (("S", 4), ("M", 1), ("XL", 1))
    ]
    answer = await any_shop.client.post(
        "/api/inventory/reserve", {"sessionId": "cs_1", "lines": lines}
    )
    assert (answer.status, answer.code) == (409, "insufficient_stock")
    assert answer.json["lines"] == [
        {"productId": HOODIE, "size": "S", "requested": 4, "available": 3},
        {"productId": HOODIE, "size": "XL", "requested": 1, "available": 0},
    ]
    assert [(await any_shop.size(size))["reserved"] for size in ("S", "M", "XL")] == [0, 0, 0]


async def test_reserve_of_lines_holds_all_of_them(any_shop: Shop) -> None:
    lines = [
        {"productId": HOODIE, "size": "M", "quantity": 2},
        {"productId": "prod_hoodie_002", "size": "S/M", "quantity": 1},
    ]
    answer = await any_shop.client.post(
        "/api/inventory/reserve", {"sessionId": "cs_1", "lines": lines}
    )
    assert answer.status == 200
    body = answer.json
    assert body["reservation"]["lines"] == lines
    assert body["reservation"]["expiresAt"] == "2025-10-07T12:30:00.000Z"
    assert body["stock"] == [
        {"productId": HOODIE, "size": "M", "total": 20, "reserved": 2, "available": 18},
        {"productId": "prod_hoodie_002", "size": "S/M", "total": 4, "reserved": 1, "available": 3},
    ]
    assert (await any_shop.size("S/M", "prod_hoodie_002"))["reserved"] == 1


@pytest.mark.parametrize(
    ("product", "size"),
    [("nothing", "M"), (HOODIE, "XXL"), (f"{HOODIE}/M", "M"), ("prod_hoodie_002/S", "M")],
)
async def test_reserve_of_an_unknown_product_or_size_is_404(
    any_shop: Shop, product: str, size: str
) -> None:
    answer = await any_shop.reserve("cs_1", size, product=product)
    assert (answer.status, answer.code) == (404, "unknown_item")
    assert answer.json["lines"] == [{"productId": product, "size": size}]


async def test_reserve_of_a_size_that_the_owner_marked_sold_out(any_shop: Shop) -> None:
    await any_shop.update({"soldOut": True})
    answer = await any_shop.reserve("cs_1")
    assert (answer.status, answer.code) == (409, "sold_out")
    assert answer.json["lines"] == [
        {"productId": HOODIE, "size": "M", "requested": 1, "available": 20}
    ]


async def test_reserve_again_sets_the_quantity_and_keeps_the_deadline(any_shop: Shop) -> None:
    first = (await any_shop.reserve("cs_1", quantity=19)).json["reservation"]
    any_shop.clock.forward(60)
    again = (await any_shop.reserve("cs_1", quantity=20)).json
    assert again["reservation"]["id"] == first["id"]
    assert again["reservation"]["expiresAt"] == first["expiresAt"]
    assert again["reservation"]["expiresInMinutes"] == 29
    assert again["stock"] == {"total": 20, "reserved": 20, "available": 0}


async def test_release_lists_the_released_lines_and_twice_changes_nothing(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    first = await any_shop.release("cs_1")
    assert (first.status, first.json["released"]) == (200, 1)
    assert (await any_shop.size())["reserved"] == 0
    before = await ledger(any_shop.engine.store)
    again = await any_shop.release("cs_1")
    assert (again.status, again.json["released"]) == (200, 0)
    assert again.json["reservation"]["status"] == "released"
    assert await ledger(any_shop.engine.store) == before


async def test_release_of_an_unknown_session_is_404(any_shop: Shop) -> None:
    answer = await any_shop.release("cs_nobody")
    assert (answer.status, answer.code) == (404, "unknown_session")


async def test_release_expired_needs_no_password_and_tidies_only_what_has_ended(
    any_shop: Shop,
) -> None:
    await any_shop.reserve("cs_old", quantity=2)
    any_shop.clock.forward(1200)
    await any_shop.reserve("cs_new", quantity=3)
    any_shop.clock.forward(599)
    answer = await any_shop.client.post(RELEASE, {"releaseExpired": True})
    assert (answer.status, answer.json["released"]) == (200, 0)
    assert (await any_shop.size())["reserved"] == 5
    any_shop.clock.forward(1)
    assert (await any_shop.size())["reserved"] == 3  # with or without a booked expiry
    await any_shop.client.post(RELEASE, {"releaseExpired": True})
    assert (await any_shop.size())["reserved"] == 3
    await any_shop.check()


async def test_release_by_get_does_the_same_for_a_bearer_of_the_cron_secret(
    any_shop: Shop,
) -> None:
    for wrong in ("", "Bearer", "Bearer wrong", f"Basic {CRON}", f"Bearer {CRON}x", CRON):
        refused = await any_shop.client.get(RELEASE, {"Authorization": wrong})
        assert (refused.status, refused.code) == (401, "unauthorized"), wrong
        assert refused.header("www-authenticate") == "Bearer"
    assert (await any_shop.client.get(RELEASE)).status == 401
    answer = await any_shop.client.get(RELEASE, {"Authorization": f"Bearer {CRON}"})
    assert answer.status == 200
    assert answer.json["reservations"] == []


async def test_update_with_a_wrong_password_is_401_and_changes_nothing(any_shop: Shop) -> None:
    for path, body in (
        ("update", {"updates": [{"productId": HOODIE, "size": "M", "stock": 1}]}),
        ("bulk-update", {"action": "set", "changes": {"stock": 1}}),
    ):
        answer = await any_shop.client.post(
            f"/api/inventory/{path}", {**body, "password": PASSWORD + " "}
        )
        assert (answer.status, answer.code) == (401, "wrong_password")
    assert (await any_shop.size())["stock"] == 20


async def test_update_of_good_and_bad_rows_does_the_good_and_explains_the_bad(
    any_shop: Shop,
) -> None:
    answer = await any_shop.update(
        {"stock": 30},
        {"size": "XXL", "stock": 1},
        {"size": "S", "stock": 5, "adjustStock": 1},
        {"size": "S", "adjustStock": -4},
        {"size": "L", "stock": 9, "expected": 57},
        {"size": "L", "adjustStock": -8},
        {"size": "L"},
        {"size": "L", "stock": "9"},
        {"size": "L", "stock": -1},
        {"size": "L", "stock": True},
        {"size": "L", "expected": 58},
        {"size": "L", "adjustStock": 0, "receipt": True},
        {"size": "L", "restockDate": "soon"},
        {"size": "S", "reserved": 4},
    )
    assert answer.status == 200
    results = answer.json["results"]
    assert answer.json["success"] is True
    assert (results["successful"], results["failed"]) == (2, 12)
    assert [row["stock"] for row in results["details"]["successful"]] == [30, 50]
    failed = {row["index"]: row for row in results["details"]["failed"]}
    assert {index: row["code"] for index, row in failed.items()} == {
        1: "unknown_item",
        2: "conflicting_fields",
        3: "below_zero",
        4: "stale",
        6: "nothing_to_do",
        7: "invalid_request",
        8: "invalid_request",
        9: "invalid_request",
        10: "conflicting_fields",
        11: "conflicting_fields",
        12: "invalid_request",
        13: "insufficient_stock",
    }
    assert all(row["reason"] and row["productId"] == HOODIE for row in failed.values())
    assert [row["size"] for row in failed.values()][:3] == ["XXL", "S", "S"]
    await any_shop.check()


async def test_update_with_a_stale_expected_returns_the_present_value(any_shop: Shop) -> None:
    answer = await any_shop.update({"stock": 9, "expected": 21})
    (row,) = answer.json["results"]["details"]["failed"]
    assert (row["code"], row["expected"], row["onHand"]) == ("stale", 21, 20)
    assert answer.json["success"] is False
    right = await any_shop.update({"stock": 9, "expected": 20})
    assert right.json["results"]["successful"] == 1


async def test_update_of_reserved_lists_the_ended_holds(any_shop: Shop) -> None:
    held = (await any_shop.reserve("cs_1", quantity=2)).json["reservation"]
    answer = await any_shop.update({"reserved": 0})
    (row,) = answer.json["results"]["details"]["successful"]
    assert row["holdsEnded"] == [{"reservationId": held["id"], "sessionId": "cs_1"}]
    assert (row["reserved"], row["previous"]["reserved"]) == (0, 2)


async def test_low_stock_only_keeps_low_sizes_and_the_products_that_have_one(
    any_shop: Shop,
) -> None:
    answer = await any_shop.client.get("/api/inventory/get?lowStockOnly=true")
    texts = {
        row["productId"]: [size["size"] for size in row["sizes"]]
        for row in answer.json["inventory"]
    }
    assert texts == {HOODIE: ["S"], "prod_hoodie_002": ["S/M"]}
    assert answer.json["summary"] == {"totalProducts": 2, "lowStockItems": 2, "outOfStockItems": 0}
    assert answer.json["inventory"][0]["totals"] == {"stock": 3, "reserved": 0, "available": 3}


async def test_the_summary_counts_sizes(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", "S", 3)
    summary = (await any_shop.client.get("/api/inventory/get")).json["summary"]
    assert summary == {"totalProducts": 3, "lowStockItems": 1, "outOfStockItems": 2}


async def test_sizes_keep_the_owners_order_and_numbers_stay_what_they_were(any_shop: Shop) -> None:
    body = (await any_shop.client.get("/api/inventory/get")).body
    sizes = re.findall(rb'"size":"([^"]+)"', body)
    assert sizes == [b"S", b"M", b"L", b"XL", b"M", b"S/M", b"M"]
    assert re.findall(rb'"price":([^,]+)', body) == [b"58", b"62.50", b"24"]


async def test_times_are_utc_with_milliseconds(any_shop: Shop) -> None:
    any_shop.clock.now += 7
    answer = await any_shop.reserve("cs_1")
    assert answer.json["reservation"]["expiresAt"] == "2025-10-07T12:30:00.007Z"
    updated = (await any_shop.client.get("/api/inventory/get")).json["inventory"][0]["lastUpdated"]
    assert updated == "2025-10-07T12:00:00.007Z"


async def test_bulk_dry_run_returns_exactly_what_would_change_and_changes_nothing(
    any_shop: Shop,
) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    before = await ledger(any_shop.engine.store)
    for action, changes in (
        ("set", {"stock": 7, "lowStockThreshold": 2}),
        ("adjust", {"stock": -4}),
        ("reset", {}),
    ):
        body = {"action": action, "filter": {"category": "hoodies"}, "changes": changes}
        dry = await any_shop.bulk(**body, dryRun=True)
        assert dry.status == 200
        assert dry.json["dryRun"] is True
        assert await ledger(any_shop.engine.store) == before
        done = await any_shop.bulk(**body)
        assert done.json["results"] == dry.json["results"]
        before = await ledger(any_shop.engine.store)
    await any_shop.check()


async def test_an_event_for_an_unknown_session_is_200_and_kept(any_shop: Shop) -> None:
    answer = await deliver(any_shop, event("completed", "cs_nobody"))
    assert answer.status == 200
    assert answer.json == {
        "success": True,
        "received": True,
        "outcome": "unknown_session",
        "duplicate": False,
    }
    events = [row async for row in any_shop.engine.store.scan(Event)]
    assert [(row.event_id, row.outcome) for row in events] == [("evt_1", "unknown_session")]


async def test_a_bad_or_old_signature_is_400_and_nothing_is_stored(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1")
    wrong = await deliver(any_shop, event("completed", "cs_1"), secret="whsec_other")
    assert (wrong.status, wrong.code) == (400, "bad_signature")
    assert (await any_shop.client.post(PATH, event("completed", "cs_1"))).status == 400
    assert [row async for row in any_shop.engine.store.scan(Event)] == []
    assert (await any_shop.size())["stock"] == 20


async def test_a_completed_session_that_is_unpaid_changes_no_stock(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    answer = await deliver(any_shop, event("completed", "cs_1", status="unpaid"))
    assert answer.status == 200
    assert await any_shop.size() == {**await any_shop.size(), "stock": 20, "reserved": 2}


async def test_a_payment_is_captured_once_by_session_or_by_hold(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    for number, id_ in enumerate(("evt_1", "evt_1", "evt_2")):
        answer = await deliver(any_shop, event("completed", "cs_1", id_=id_))
        assert (answer.status, answer.json["duplicate"]) == (200, number == 1)
    hold = (await any_shop.reserve("buyer", quantity=3)).json["reservation"]["id"]
    for reference in ({"client_reference_id": hold}, {"metadata": {"reservationId": hold}}):
        paid = event("completed", "cs_2", id_=f"evt_{len(reference)}_{next(iter(reference))}")
        paid["data"]["object"] |= reference
        assert (await deliver(any_shop, paid)).status == 200
    assert await any_shop.size() == {**await any_shop.size(), "stock": 15, "reserved": 0}
    await any_shop.check()


async def test_an_expired_session_gives_its_hold_back(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    answer = await deliver(any_shop, event("expired", "cs_1", status="unpaid"))
    assert answer.json["outcome"] == "done"
    assert (await any_shop.size())["available"] == 20


@pytest.mark.parametrize("call", ["release", "reserve", "replaces"])
async def test_buyers_cannot_see_the_owners_own_holds(any_shop: Shop, call: str) -> None:
    await any_shop.update({"reserved": 7, "reason": "for the fair"})
    (hold,) = any_shop.engine.view.holds
    line = {"productId": HOODIE, "size": "M", "quantity": 1}
    path, body = {
        "release": (RELEASE, {"sessionId": hold}),
        "reserve": ("/api/inventory/reserve", {**line, "sessionId": hold}),
        "replaces": ("/api/inventory/reserve", {**line, "sessionId": "s", "replaces": hold}),
    }[call]
    for name in (hold, "manual/x"):
        body = {key: name if value == hold else value for key, value in body.items()}
        answer = await any_shop.client.post(path, body)
        assert (answer.status, answer.code) == (404, "unknown_session")
    assert list(any_shop.engine.view.holds) == [hold]
    assert (await any_shop.size())["reserved"] == 7


async def test_the_owner_ends_a_hold_of_their_own_by_its_id(any_shop: Shop) -> None:
    await any_shop.update({"reserved": 7})
    (hold,) = any_shop.engine.view.holds
    owner = {"Authorization": f"Bearer {PASSWORD}"}
    answer = await any_shop.client.post("/api/admin/holds/release", {"ids": [hold]}, owner)
    assert (answer.status, answer.json["released"]) == (200, 1)
    assert (await any_shop.size())["reserved"] == 0
