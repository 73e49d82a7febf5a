"""Transfers, moves and safety stock over HTTP: the examples of the document and the refusals."""

import asyncio
from typing import Any

import pytest

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.engine.view.view import View
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.web import documented
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop, running

OWNER = {"authorization": f"Bearer {PASSWORD}"}
SIZE = {"productId": HOODIE, "size": "M"}
DAY = 86_400


class Desk:
    """Sends requests about transfers as the owner."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def begin(self) -> "Desk":
        berlin = Location("berlin", "Berlin", "Karl-Marx-Allee 1, 10178 Berlin", priority=2)
        await self.shop.engine.submit(AddLocation(location=berlin))
        return self

    @property
    def view(self) -> View:
        return self.shop.engine.view

    async def post(self, what: str = "", *, key: str | None = None, **body: Any) -> Answer:
        headers = OWNER if key is None else {**OWNER, "idempotency-key": key}
        return await self.shop.client.post(f"/api/admin/transfers{what}", body, headers)

    async def done(self, what: str = "", **body: Any) -> dict[str, Any]:
        answer = await self.post(what, **body)
        assert answer.status == 200, answer.json
        transfer: dict[str, Any] = answer.json["transfer"]
        return transfer

    async def draft(self, quantity: int = 10, **more: Any) -> dict[str, Any]:
        lines = [{**SIZE, "quantity": quantity}]
        return await self.done(**{"from": "main", "to": "berlin", "lines": lines, **more})

    async def sent(self, quantity: int = 10, **more: Any) -> dict[str, Any]:
        draft = await self.draft(quantity, **more)
        return await self.done("/send", id=draft["id"])

    async def listed(self, query: str = "") -> dict[str, Any]:
        answer = await self.shop.client.get(f"/api/admin/transfers{query}", OWNER)
        assert answer.status == 200, answer.json
        body: dict[str, Any] = answer.json
        return body

    def accounts(self) -> dict[str, int]:
        sku = f"{HOODIE}/M"
        levels = self.view.levels.values()
        return {row.location: row.on_hand for row in levels if row.sku == sku and row.on_hand}


@pytest.fixture
async def desk(shop: Shop) -> Desk:
    return await Desk(shop).begin()


def arrived(accepted: int, rejected: int = 0, **more: Any) -> list[dict[str, Any]]:
    return [{**SIZE, "accepted": accepted, "rejected": rejected, **more}]


async def test_a19_a_transfer_is_planned_sent_and_received_in_parts(target: str) -> None:
    async with running(open_store(target)) as shop:
        desk = await Desk(shop).begin()
        draft = await desk.draft(10, expectedAt="2025-10-10", trackingNumber="1Z")
        assert (draft["status"], draft["number"]) == ("draft", 1)
        assert draft["expectedAt"] == "2025-10-10T23:59:59.999Z"
        assert desk.accounts() == {"main": 20}
        sent = await desk.done("/send", id=draft["id"], version=draft["version"])
        assert (sent["status"], sent["lines"][0]["inTransit"]) == ("in_transit", 10)
        assert desk.accounts() == {"main": 10, "berlin:in_transit": 10}
        got = await desk.done("/receive", id=draft["id"], lines=arrived(4, 3))
        line = got["lines"][0]
        assert got["status"] == "partly_received"
        assert (line["accepted"], line["rejected"], line["inTransit"]) == (4, 3, 3)
        assert (await shop.size())["stock"] == 14
        lost = await desk.done("/close", id=draft["id"], outcome="lost", reason="not there")
        assert (lost["status"], lost["lines"][0]["lost"]) == ("closed_short", 3)
        assert desk.accounts() == {"main": 10, "berlin": 4, "berlin:damaged": 3}
        await shop.check()


async def test_a20_more_than_sent_needs_a_reason(desk: Desk) -> None:
    transfer = await desk.sent(10)
    refused = await desk.post("/receive", id=transfer["id"], lines=arrived(12))
    assert (refused.status, refused.code) == (422, "reason_required")
    assert (refused.json["difference"], refused.json["productId"]) == (2, HOODIE)
    assert refused.json["transfer"]["lines"][0]["productId"] == HOODIE
    got = await desk.done("/receive", id=transfer["id"], lines=arrived(12), reason="two more")
    assert (got["status"], got["lines"][0]["found"]) == ("received", 2)
    await desk.shop.check()


async def test_a20_the_tolerance_is_a_setting() -> None:
    async with running(MemoryStore(), transfer_tolerance=20) as shop:
        desk = await Desk(shop).begin()
        transfer = await desk.sent(10)
        over = await desk.post("/receive", id=transfer["id"], lines=arrived(13))
        assert over.code == "reason_required"
        got = await desk.done("/receive", id=transfer["id"], lines=arrived(12))
        assert got["lines"][0]["found"] == 2


async def test_a23_a_transfer_in_transit_is_cancelled_with_the_whereabouts(desk: Desk) -> None:
    first, second = await desk.sent(4), await desk.sent(3)
    assert (await desk.post("/cancel", id=first["id"])).code == "reason_required"
    back = await desk.done("/cancel", id=first["id"], outcome="came_back")
    assert (back["status"], back["lines"][0]["cameBack"]) == ("cancelled", 4)
    lost = await desk.done("/cancel", id=second["id"], outcome="lost")
    assert lost["lines"][0]["lost"] == 3
    assert desk.accounts() == {"main": 17}
    assert (await desk.listed("?status=in_transit"))["transfers"] == []
    assert len((await desk.listed("?status=cancelled"))["transfers"]) == 2


async def test_of_parallel_transfers_of_the_last_units_one_wins(desk: Desk) -> None:
    drafts = [await desk.draft(20), await desk.draft(20)]
    answers = await asyncio.gather(*(desk.post("/send", id=draft["id"]) for draft in drafts))
    assert sorted(answer.status for answer in answers) == [200, 409]
    (loser,) = [answer for answer in answers if answer.status == 409]
    assert loser.code == "insufficient_stock"
    assert loser.json["lines"] == [{**SIZE, "requested": 20, "available": 0}]
    await desk.shop.check()


async def test_two_people_receive_the_same_transfer(desk: Desk) -> None:
    transfer = await desk.sent(10)
    body = {"id": transfer["id"], "version": transfer["version"], "lines": arrived(10)}
    assert (await desk.post("/receive", **body)).status == 200
    second = await desk.post("/receive", **body)
    assert (second.status, second.code) == (409, "stale")
    present = second.json["transfer"]
    assert (present["status"], present["lines"][0]["accepted"]) == ("received", 10)
    blind = await desk.post("/receive", id=transfer["id"], lines=arrived(10))
    assert (blind.status, blind.code) == (409, "wrong_status")
    await desk.shop.check()


async def test_a_repeated_request_has_one_effect_and_one_answer(desk: Desk) -> None:
    body = {"from": "main", "to": "berlin", "lines": [{**SIZE, "quantity": 5}]}
    first, again = [await desk.post(key="k", **body) for _ in range(2)]
    assert first.json == again.json
    id_ = first.json["transfer"]["id"]
    sent = [await desk.post("/send", key="k", id=id_) for _ in range(2)]
    assert sent[0].json == sent[1].json
    other = await desk.post("/send", key="k", id=id_, trackingNumber="2")
    assert other.code == "idempotency_conflict"
    assert desk.accounts() == {"main": 15, "berlin:in_transit": 5}


async def test_the_undo_of_a_receipt_puts_its_units_back_into_transit(desk: Desk) -> None:
    transfer = await desk.sent(10)
    await desk.done("/receive", id=transfer["id"], lines=arrived(10))
    back = await desk.done("/undo-receipt", id=transfer["id"], receipt=1)
    assert (back["status"], back["lines"][0]["inTransit"]) == ("in_transit", 10)
    assert back["receipts"][0]["undone"] is True
    await desk.shop.check()


async def test_overdue_transfers_have_days_and_value(desk: Desk) -> None:
    transfer = await desk.sent(3, expectedAt="2025-10-08")
    await desk.sent(2)
    assert (await desk.listed())["overdue"]["transfers"] == 0
    desk.shop.clock.forward(5 * DAY)  # from the 7th to the 12th
    answer = await desk.listed("?status=overdue")
    assert [row["id"] for row in answer["transfers"]] == [transfer["id"]]
    row = answer["transfers"][0]
    assert (row["overdueDays"], row["inTransit"], row["value"]) == (4, 3, 174)
    assert answer["overdue"] == {"transfers": 1, "days": 4, "units": 3, "value": 174}
    everything = await desk.listed()
    assert len(everything["transfers"]) == 2
    listed = await desk.listed(f"?id={transfer['id']}")
    assert [row["id"] for row in listed["transfers"]] == [transfer["id"]]


async def test_the_list_comes_in_pages_the_newest_first(desk: Desk) -> None:
    numbers = []
    for _ in range(3):
        await desk.draft(1)
        desk.shop.clock.forward(1)
    page = await desk.listed("?limit=2")
    numbers += [row["number"] for row in page["transfers"]]
    page = await desk.listed(f"?limit=2&after={page['next']}")
    numbers += [row["number"] for row in page["transfers"]]
    assert numbers == [3, 2, 1]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": "nowhere"}, 404, "unknown_location"),
        ({"to": "main"}, 422, "nothing_to_do"),
        ({"lines": []}, 422, "invalid_request"),
        ({"lines": [{**SIZE, "quantity": 0}]}, 422, "invalid_request"),
        ({"lines": [{"productId": "a/b", "size": "M", "quantity": 1}]}, 404, "unknown_item"),
        ({"lines": [{"productId": "no", "size": "M", "quantity": 1}]}, 404, "unknown_item"),
        ({"expectedAt": "soon"}, 422, "invalid_request"),
        ({"expectedAt": "9999-12-31"}, 200, ""),
        ({"lines": [{**SIZE, "quantity": 1_000_000_000}] * 2}, 422, "out_of_range"),
    ],
)
async def test_an_invalid_transfer_is_refused(
    desk: Desk, body: dict[str, Any], status: int, code: str
) -> None:
    lines = [{**SIZE, "quantity": 1}]
    answer = await desk.post(**{"from": "main", "to": "berlin", "lines": lines, **body})
    assert answer.status == status, answer.json
    assert not code or answer.code == code


@pytest.mark.parametrize("what", ["/send", "/cancel", "/undo-receipt"])
async def test_an_unknown_transfer_is_not_found(desk: Desk, what: str) -> None:
    answer = await desk.post(what, id="tr_nothing")
    assert (answer.status, answer.code) == (404, "unknown_transfer")


async def test_a_location_with_an_open_transfer_is_not_closed(desk: Desk) -> None:
    client, path = desk.shop.client, "/api/admin/locations/close"
    draft = await desk.draft(1, **{"from": "berlin", "to": "main"})
    refused = await client.post(path, {"id": "berlin"}, OWNER)
    assert (refused.status, refused.code) == (409, "location_in_use")
    open_there = {"id": draft["id"], "number": 1, "status": "draft", "from": "berlin", "to": "main"}
    assert refused.json["transfers"] == [open_there]
    await desk.done("/cancel", id=draft["id"])
    assert (await client.post(path, {"id": "berlin"}, OWNER)).status == 200
    lines = [{**SIZE, "quantity": 1}]
    closed = await desk.post(**{"from": "main", "to": "berlin", "lines": lines})
    assert (closed.status, closed.code) == (409, "location_closed")


async def test_units_are_moved_and_the_move_is_undone(desk: Desk) -> None:
    client = desk.shop.client
    body = {**SIZE, "quantity": 2, "from": "for_sale", "to": "damaged", "reason": "torn seam"}
    moved = await client.post("/api/admin/stock/move", body, OWNER)
    assert moved.status == 200, moved.json
    main, berlin = moved.json["locations"]
    assert (main["stock"], main["available"], main["damaged"]) == (18, 18, 2)
    assert (berlin["location"], berlin["stock"]) == ("berlin", 0)
    undone = await client.post("/api/admin/undo", {"changeId": moved.json["changeId"]}, OWNER)
    assert undone.status == 200, undone.json
    assert desk.accounts() == {"main": 20}
    no_reason = await client.post("/api/admin/stock/move", {**body, "reason": ""}, OWNER)
    assert no_reason.status == 422
    too_many = await client.post("/api/admin/stock/move", {**body, "quantity": 21}, OWNER)
    assert (too_many.status, too_many.code) == (409, "below_zero")
    elsewhere = {**body, "toLocation": "nowhere"}
    unknown = await client.post("/api/admin/stock/move", elsewhere, OWNER)
    assert (unknown.status, unknown.code) == (404, "unknown_location")
    await desk.shop.check()


async def test_a17_a_returned_unit_is_not_for_sale_until_it_is_moved(desk: Desk) -> None:
    client = desk.shop.client
    out = {**SIZE, "quantity": 1, "toLocation": "berlin", "to": "returned", "reason": "came back"}
    assert (await client.post("/api/admin/stock/move", out, OWNER)).status == 200
    assert (await desk.shop.size())["available"] == 19
    body = {**SIZE, "quantity": 1, "location": "berlin", "from": "returned", "reason": "it is fine"}
    assert (await client.post("/api/admin/stock/move", body, OWNER)).status == 200
    assert (await desk.shop.size())["available"] == 20
    assert desk.accounts() == {"main": 19, "berlin": 1}


async def test_safety_stock_is_not_offered(desk: Desk) -> None:
    client = desk.shop.client
    body = {**SIZE, "location": "main", "quantity": 15, "was": 0}
    answer = await client.post("/api/admin/stock/safety", body, OWNER)
    assert answer.status == 200, answer.json
    assert answer.json["locations"][0]["safetyStock"] == 15
    size = await desk.shop.size()
    assert size["available"] == 5
    stale = await client.post("/api/admin/stock/safety", body, OWNER)
    assert (stale.status, stale.code) == (409, "stale")
    place = await client.get(f"/api/admin/stock?productId={HOODIE}&size=M", OWNER)
    assert place.json["locations"][0]["available"] == 5
    assert (await client.get("/api/admin/stock?productId=no&size=M", OWNER)).code == "unknown_item"
    undone = await client.post("/api/admin/undo", {"changeId": answer.json["changeId"]}, OWNER)
    assert undone.json["rows"][0]["changes"][0]["field"] == "safetyStock"
    assert (await desk.shop.size())["available"] == 20


async def test_the_samples_are_what_is_really_answered(desk: Desk) -> None:
    sent, client = documented.requests("transfers"), desk.shop.client
    got: dict[str, Answer] = {}

    async def post(name: str, what: str, **more: Any) -> str:
        got[name] = await desk.post(what, **{**sent[name], **more})
        assert got[name].status == 200, got[name].json
        id_: str = got[name].json["transfer"]["id"]
        return id_

    drafts = [await post("create_transfer", "", expectedAt="2025-10-06") for _ in range(2)]
    change = {**sent["change_transfer"], "id": drafts[0]}
    got["change_transfer"] = await client.request("PUT", "/api/admin/transfers", change, OWNER)
    for draft in drafts:
        await post("send_transfer", "/send", id=draft)
    await post("cancel_transfer", "/cancel", id=drafts[1])
    await post("receive_transfer", "/receive", id=drafts[0])
    got["list_transfers"] = await client.get("/api/admin/transfers", OWNER)
    await post("undo_receipt", "/undo-receipt", id=drafts[0])
    await post("receive_transfer", "/receive", id=drafts[0])
    await post("close_transfer", "/close", id=drafts[0])
    for name in ("move_stock", "set_safety_stock"):
        path = f"/api/admin/stock/{'move' if name == 'move_stock' else 'safety'}"
        got[name] = await client.post(path, sent[name], OWNER)
    got["stock_by_location"] = await client.get(
        f"/api/admin/stock?productId={HOODIE}&size=M", OWNER
    )
    samples = documented.answers("transfers")
    assert got.keys() == samples.keys()
    for name, answer in got.items():
        assert answer.status == 200, (name, answer.json)
        assert documented.differs(answer.json, samples[name]) == [], name
