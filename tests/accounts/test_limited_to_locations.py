"""Keys and users limited to Berlin: no endpoint lets them see or change another location."""

import asyncio
import json
from typing import Any

import pytest

from fancymonkey.accounts.model import Right, Role
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.accounts import account_of
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.routing import Routing
from fancymonkey.core.model import Line
from tests.accounts import routes
from tests.accounts.client import Visitor, accounts
from tests.accounts.routes import NEEDS, READ, STOCK, STOCK_OR_CRON, STOCK_OR_CRON_NO_COOKIE
from tests.web.client import Answer
from tests.web.shops import HOODIE, PASSWORD, Shop

OWNER = {"authorization": f"Bearer {PASSWORD}"}
SKU = f"{HOODIE}/M"
ROW = {"productId": HOODIE, "size": "M"}
REFUSED = (403, "location_not_allowed")

BY_LOCATION = {
    *("/api/admin/me", "/api/admin/sessions", "/api/admin/sessions/revoke"),
    *("/api/admin/inventory", "/api/admin/inventory/live", "/api/admin/history"),
    *("/api/admin/explain", "/api/admin/holds"),
    *("/api/admin/holds/release", "/api/admin/changes", "/api/admin/acts", "/api/admin/undo"),
    *("/api/admin/locations", "/api/admin/stock", "/api/admin/stock/move"),
    *("/api/admin/stock/safety", "/api/inventory/update", "/api/inventory/bulk-update"),
    *("/api/admin/orders", "/api/admin/orders/ship", "/api/admin/orders/move"),
    *("/api/admin/orders/pick-list", "/api/admin/orders/packing-slips"),
    *("/api/admin/export", "/api/admin/import", "/api/admin/overview"),
    *("/api/admin/orders/cancel", "/api/admin/orders/return", "/api/admin/transfers"),
    *(f"/api/admin/transfers/{step}" for step in ("send", "receive", "undo-receipt")),
    *("/api/admin/transfers/close", "/api/admin/transfers/cancel"),
}
"""The routes that know locations. All others are closed to limited callers."""


class Limited:
    """A caller with a key for one location."""

    def __init__(self, shop: Shop, secret: str) -> None:
        self.shop = shop
        self._headers = {"authorization": f"Bearer {secret}"}

    async def get(self, path: str) -> Answer:
        return await self.shop.client.get(f"/api/admin/{path}", self._headers)

    async def send(self, path: str, body: Any, method: str = "POST") -> Answer:
        path = path if path.startswith("/") else f"/api/admin/{path}"
        return await self.shop.client.request(method, path, body, self._headers)

    async def first_events(self, count: int, change: Any) -> list[Any]:
        """The data of the first live messages; the change is made after the first one."""
        client, done = self.shop.client, asyncio.Event()
        asked = [{"type": "http.request", "body": b"", "more_body": False}]
        events: list[Any] = []
        buffer = bytearray()

        async def receive() -> Any:
            if asked:
                return asked.pop()
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            buffer.extend(message.get("body", b""))
            while b"\n\n" in buffer:
                block, _, remainder = bytes(buffer).partition(b"\n\n")
                buffer[:] = remainder
                data = [row[6:] for row in block.split(b"\n") if row.startswith(b"data: ")]
                events.extend(json.loads(row) for row in data)
                if data and len(events) == 1:
                    await change()
            if len(events) >= count:
                done.set()

        scope = client.scope("GET", "/api/admin/inventory/live", self._headers)
        await asyncio.wait_for(client.app(scope, receive, send), 30)
        return events[:count]


async def limited(shop: Shop, right: Right = Right.STOCK, *locations: str) -> Limited:
    limits = locations or ("berlin",)
    _, secret = await accounts(shop).keys.make("till", right, "owner", None, limits)
    return Limited(shop, secret)


@pytest.fixture
async def chain(shop: Shop) -> Shop:
    """Berlin with 5 M, Hamburg with 7 M, and 20 M in the first location."""
    for id_ in ("berlin", "hamburg"):
        await shop.engine.submit(AddLocation(location=Location(id_, id_.title())))
    await shop.update({"stock": 5, "location": "berlin"}, {"stock": 7, "location": "hamburg"})
    return shop


async def owner(shop: Shop, path: str, body: Any, method: str = "POST") -> Any:
    answer = await shop.client.request(method, f"/api/admin/{path}", body, OWNER)
    assert answer.status == 200, answer.json
    return answer.json


async def units(shop: Shop) -> dict[str, int]:
    """The units on hand in every account."""
    levels = shop.engine.view.levels.items()
    return {location: level.on_hand for (sku, location), level in levels if sku == SKU}


def verdict(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


CLOSED = [
    route
    for route, need in NEEDS.items()
    if need in (READ, STOCK, STOCK_OR_CRON, STOCK_OR_CRON_NO_COOKIE) and route[1] not in BY_LOCATION
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_a_route_without_a_location_check_is_closed(
    chain: Shop, method: str, path: str
) -> None:
    caller = await limited(chain)
    before = await units(chain)
    body = routes.bodies().get((method, path), b"")
    answer = await caller.send(path.replace("{job}", "release-expired"), body, method)
    assert verdict(answer) == REFUSED
    assert "limited to berlin" in answer.json["detail"]
    assert answer.json["locations"] == ["berlin"]
    assert await units(chain) == before


async def test_the_routes_with_location_checks_are_the_listed_ones() -> None:
    """A new route is closed until it is listed here, with its attacks below."""
    assert {path for _, path in NEEDS} >= BY_LOCATION
    assert len(CLOSED) > 15


WRITES: dict[str, tuple[str, str, Any]] = {
    "count elsewhere": (
        *("POST", "/api/inventory/update"),
        {"updates": [{**ROW, "location": "hamburg", "stock": 1}]},
    ),
    "count without a location": (
        "POST",
        "/api/inventory/update",
        {"updates": [{**ROW, "stock": 1}]},
    ),
    "one row here and one elsewhere": (
        *("POST", "/api/inventory/update"),
        {
            "updates": [
                {**ROW, "location": "berlin", "stock": 1},
                {**ROW, "location": "hamburg", "adjustStock": -1},
            ]
        },
    ),
    "the threshold": (
        *("POST", "/api/inventory/update"),
        {"updates": [{**ROW, "location": "berlin", "lowStockThreshold": 1}]},
    ),
    "sold out": (
        *("POST", "/api/inventory/update"),
        {"updates": [{**ROW, "location": "berlin", "soldOut": True}]},
    ),
    "the restock date": (
        *("POST", "/api/inventory/update"),
        {"updates": [{**ROW, "location": "berlin", "restockDate": "2027-01-01"}]},
    ),
    "end holds by reserved": (
        *("POST", "/api/inventory/update"),
        {"updates": [{**ROW, "location": "berlin", "reserved": 0}]},
    ),
    "bulk elsewhere": (
        *("POST", "/api/inventory/bulk-update"),
        {"action": "set", "filter": {"location": "hamburg"}, "changes": {"stock": 1}},
    ),
    "bulk without a location": (
        *("POST", "/api/inventory/bulk-update"),
        {"action": "adjust", "filter": {}, "changes": {"stock": -1}},
    ),
    "bulk settings": (
        *("POST", "/api/inventory/bulk-update"),
        {"action": "set", "filter": {"location": "berlin"}, "changes": {"lowStockThreshold": 1}},
    ),
    "bulk reset": (
        *("POST", "/api/inventory/bulk-update"),
        {"action": "reset", "filter": {"location": "berlin"}, "changes": {}},
    ),
    "a move from elsewhere into it": (
        *("POST", "/api/admin/stock/move"),
        {**ROW, "quantity": 1, "location": "hamburg", "toLocation": "berlin", "reason": "x"},
    ),
    "a move out of it": (
        *("POST", "/api/admin/stock/move"),
        {**ROW, "quantity": 1, "location": "berlin", "toLocation": "hamburg", "reason": "x"},
    ),
    "damage elsewhere": (
        *("POST", "/api/admin/stock/move"),
        {**ROW, "quantity": 1, "location": "hamburg", "to": "damaged", "reason": "x"},
    ),
    "safety stock elsewhere": (
        *("POST", "/api/admin/stock/safety"),
        {**ROW, "location": "hamburg", "quantity": 2},
    ),
    "a transfer from elsewhere": (
        *("POST", "/api/admin/transfers"),
        {"from": "hamburg", "to": "berlin", "lines": [{**ROW, "quantity": 1}]},
    ),
}


@pytest.mark.parametrize("attack", WRITES)
async def test_a_write_elsewhere_is_refused_and_changes_nothing(chain: Shop, attack: str) -> None:
    caller = await limited(chain)
    revision = chain.engine.view.revision
    method, path, body = WRITES[attack]
    assert verdict(await caller.send(path, body, method)) == REFUSED
    assert chain.engine.view.revision == revision


async def test_it_works_at_its_own_location(chain: Shop) -> None:
    caller = await limited(chain)
    rows = {"updates": [{**ROW, "location": "berlin", "stock": 9, "reason": "count"}]}
    answer = await caller.send("/api/inventory/update", rows)
    (row,) = answer.json["results"]["details"]["successful"]
    assert (row["stock"], row["previous"]["stock"]) == (9, 5)
    assert row["locations"] == [{"location": "berlin", "stock": 9, "reserved": 0, "available": 9}]
    bulk = {"action": "adjust", "filter": {"location": "berlin", "skus": [SKU]}}
    answer = await caller.send("/api/inventory/bulk-update", {**bulk, "changes": {"stock": 1}})
    assert [row["stock"] for row in answer.json["results"]["details"]["successful"]] == [10]
    move = {**ROW, "quantity": 2, "location": "berlin", "to": "damaged", "reason": "wet"}
    assert (await caller.send("stock/move", move)).status == 200
    assert await units(chain) == {"main": 20, "berlin": 8, "berlin:damaged": 2, "hamburg": 7}


async def test_the_numbers_of_other_locations_stay_unseen(chain: Shop) -> None:
    """Hamburg has 7 units and the shop 32: neither number is in any answer."""
    await chain.update({"stock": 4711, "location": "hamburg"})
    await owner(
        chain,
        "transfers",
        {"from": "hamburg", "to": "main", "lines": [{**ROW, "quantity": 4713}]},
    )
    caller = await limited(chain)
    for path in (
        *("inventory", f"history?sku={SKU}", "history", "history?kind=counted"),
        *(f"explain?sku={SKU}", "holds", "changes", "transfers?status=all", "orders"),
        *(f"stock?productId={HOODIE}&size=M", "locations"),
    ):
        answer = await caller.get(path)
        assert answer.status == 200, (path, answer.json)
        text = answer.body.decode()
        for number in ("4711", "4713", str(4711 + 25), str(4711 - 7)):
            assert number not in text, path
    rows = (await caller.get("inventory")).json["rows"]
    (row,) = [row for row in rows if row["sku"] == SKU]
    assert (row["stock"], row["location"]) == (5, "berlin")
    (level,) = (await caller.get(f"stock?productId={HOODIE}&size=M")).json["locations"]
    assert (level["location"], level["stock"]) == ("berlin", 5)
    assert (await caller.get(f"explain?sku={SKU}")).json["closing"]["stock"] == 5
    entries = (await caller.get("history")).json["entries"]
    assert {entry["location"] for entry in entries} == {"berlin"}
    assert [row["id"] for row in (await caller.get("locations")).json["locations"]] == ["berlin"]


@pytest.mark.parametrize(
    "path",
    [
        *("inventory?location=hamburg", "history?location=hamburg", "holds?location=hamburg"),
        *(f"explain?sku={SKU}&location=hamburg", "orders?location=hamburg"),
        "transfers?location=hamburg",
    ],
)
async def test_another_location_cannot_be_read_by_name(chain: Shop, path: str) -> None:
    assert verdict(await (await limited(chain)).get(path)) == REFUSED


async def test_with_several_locations_a_read_names_one(chain: Shop) -> None:
    caller = await limited(chain, Right.READ, "berlin", "main")
    assert verdict(await caller.get("inventory")) == REFUSED
    assert (await caller.get("inventory?location=main")).status == 200
    assert verdict(await caller.get("inventory?location=hamburg")) == REFUSED
    entries = (await caller.get("history?kind=added&kind=counted&kind=adjusted")).json["entries"]
    assert {entry["location"] for entry in entries} == {"berlin", "main"}


async def test_only_its_own_changes_can_be_undone(chain: Shop) -> None:
    caller = await limited(chain)
    ids = {}
    for location in ("hamburg", "berlin"):
        body = {"updates": [{**ROW, "location": location, "adjustStock": 1}]}
        answer = await chain.client.post("/api/inventory/update", body, OWNER)
        ids[location] = answer.json["changeId"]
    both = {
        "updates": [
            {**ROW, "location": "berlin", "adjustStock": 1},
            {**ROW, "location": "hamburg", "adjustStock": 1},
        ]
    }
    answer = await chain.client.post("/api/inventory/update", both, OWNER)
    before = await units(chain)
    for change in (ids["hamburg"], answer.json["changeId"]):
        for more in ({}, {"partial": True}, {"dryRun": True}):
            answer = await caller.send("undo", {"changeId": change, **more})
            assert verdict(answer) == REFUSED
    assert await units(chain) == before
    listed = (await caller.get("changes")).json["changes"]
    assert ids["berlin"] in {row["id"] for row in listed}
    assert ids["hamburg"] not in {row["id"] for row in listed}
    assert (await caller.send("undo", {"changeId": ids["berlin"]})).status == 200
    assert (await units(chain))["berlin"] == before["berlin"] - 1


async def test_a_settings_change_cannot_be_undone(chain: Shop) -> None:
    body = {"updates": [{**ROW, "location": "berlin", "stock": 6, "lowStockThreshold": 2}]}
    answer = await chain.client.post("/api/inventory/update", body, OWNER)
    caller = await limited(chain)
    change = {"changeId": answer.json["changeId"]}
    assert verdict(await caller.send("undo", change)) == REFUSED


async def sent(shop: Shop, source: str, destination: str) -> dict[str, Any]:
    body = {"from": source, "to": destination, "lines": [{**ROW, "quantity": 2}]}
    transfer: dict[str, Any] = (await owner(shop, "transfers", body))["transfer"]
    return (await owner(shop, "transfers/send", {"id": transfer["id"]}))["transfer"]  # type: ignore[no-any-return]


async def test_transfers_are_sent_from_and_received_at_its_location(chain: Shop) -> None:
    caller = await limited(chain)
    draft = {"from": "berlin", "to": "hamburg", "lines": [{**ROW, "quantity": 1}]}
    own = (await caller.send("transfers", draft)).json["transfer"]
    assert (await caller.send("transfers/send", {"id": own["id"]})).status == 200
    line = {**ROW, "accepted": 1, "rejected": 0}
    receive = {"id": own["id"], "lines": [line]}
    assert verdict(await caller.send("transfers/receive", receive)) == REFUSED
    close = {"id": own["id"], "outcome": "lost", "reason": "x"}
    assert verdict(await caller.send("transfers/close", close)) == REFUSED
    incoming = await sent(chain, "hamburg", "berlin")
    for path, body in (
        ("transfers/send", {}),
        ("transfers/cancel", {"outcome": "came_back", "reason": "x"}),
        ("transfers/close", {"outcome": "came_back", "reason": "x"}),
        ("transfers/receive", {"lines": [{**line, "rejected": 1, "rejectedTo": "back"}]}),
    ):
        answer = await caller.send(path, {"id": incoming["id"], **body})
        assert verdict(answer) == REFUSED, path
    change = {"id": incoming["id"], "note": "mine"}
    assert verdict(await caller.send("transfers", change, "PUT")) == REFUSED
    receive = {"id": incoming["id"], "lines": [line]}
    assert (await caller.send("transfers/receive", receive)).status == 200
    undo = {"id": incoming["id"], "receipt": 1}
    assert (await caller.send("transfers/undo-receipt", undo)).status == 200


async def test_a_receipt_that_sent_units_back_is_undone_at_both_ends_only(chain: Shop) -> None:
    incoming = await sent(chain, "hamburg", "berlin")
    lines = [{**ROW, "accepted": 1, "rejected": 1, "rejectedTo": "back"}]
    await owner(chain, "transfers/receive", {"id": incoming["id"], "lines": lines, "reason": "x"})
    undo = {"id": incoming["id"], "receipt": 1}
    assert verdict(await (await limited(chain)).send("transfers/undo-receipt", undo)) == REFUSED
    both = await limited(chain, Right.STOCK, "berlin", "hamburg")
    assert (await both.send("transfers/undo-receipt", undo)).status == 200


async def test_a_transfer_between_others_does_not_exist(chain: Shop) -> None:
    other = await sent(chain, "hamburg", "main")
    caller = await limited(chain)
    assert (await caller.get("transfers?status=all")).json["transfers"] == []
    assert (await caller.get(f"transfers?id={other['id']}")).json["transfers"] == []
    body = {"id": other["id"], "lines": [{**ROW, "accepted": 1, "rejected": 0}]}
    assert verdict(await caller.send("transfers/receive", body)) == (404, "unknown_transfer")


async def held(shop: Shop, name: str, **units_at: int) -> None:
    """A hold with units from several locations."""
    for location, number in units_at.items():
        level = shop.engine.view.level(SKU, location)
        spare = level.available - number
        if spare > 0:
            await shop.update({"adjustStock": -spare, "location": location})
    for location in {"main", "berlin", "hamburg"} - units_at.keys():
        await shop.update({"stock": 0, "location": location})
    answer = await shop.engine.submit(
        Reserve(
            reservation_id=f"res_{name}",
            session_id=name,
            lines=(Line(SKU, sum(units_at.values())),),
            location="main",
            ttl=10**7,
            routing=Routing(),
        )
    )
    assert {row.location: row.quantity for row in answer.data.allocations} == units_at  # type: ignore[union-attr]


async def test_a_hold_with_units_elsewhere_shows_and_releases_only_its_own(chain: Shop) -> None:
    await held(chain, "both", berlin=2, hamburg=3)
    caller = await limited(chain)
    answer = (await caller.get("holds")).json
    (hold,) = answer["holds"]
    assert (answer["units"], hold["lines"][0]["quantity"]) == (2, 2)
    assert [row["location"] for row in hold["allocations"]] == ["berlin"]
    assert "route" not in hold
    release = await caller.send("holds/release", {"ids": ["res_both"]})
    assert verdict(release) == REFUSED
    assert (await chain.engine.store.reservation("both")).status == "held"  # type: ignore[union-attr]


async def test_a_hold_elsewhere_is_not_listed(chain: Shop) -> None:
    await held(chain, "far", hamburg=3)
    caller = await limited(chain)
    for path in ("holds", "holds?id=res_far", "holds?q=res_far", f"holds?sku={SKU}"):
        answer = (await caller.get(path)).json
        assert (answer["holds"], answer["total"]) == ([], 0), path


async def test_orders_are_shipped_from_its_location_only(chain: Shop) -> None:
    await held(chain, "both", berlin=2, hamburg=3)
    await chain.engine.submit(Capture(ref="both", payment_id="pi_1"))
    caller = await limited(chain)
    (order,) = (await caller.get("orders")).json["orders"]
    assert [row["location"] for row in order["allocations"]] == ["berlin"]
    assert (order["history"], order["amount"]) == ([], None)
    name = {"id": "res_both"}
    for path, body in (
        ("orders/ship", {}),
        ("orders/ship", {"location": "hamburg"}),
        ("orders/move", {"to": "berlin"}),
        ("orders/move", {"location": "hamburg", "to": "berlin"}),
        ("orders/move", {"location": "berlin", "to": "hamburg"}),
        ("orders/cancel", {}),
        ("orders/cancel", {"location": "hamburg"}),
        ("orders/return", {"state": "for_sale"}),
        ("orders/return", {"location": "hamburg", "state": "for_sale"}),
    ):
        answer = await caller.send(path, {**name, **body})
        assert answer.status in (403, 422), (path, body, answer.json)
        assert answer.status == 422 or answer.code == "location_not_allowed", path
    three = {**name, "location": "berlin", "lines": [{**ROW, "quantity": 3}]}
    await chain.update({"adjustStock": 5, "location": "berlin"})
    answer = await caller.send("orders/ship", three)
    assert verdict(answer) == (409, "too_many_units"), "the third unit is Hamburg's"
    answer = await caller.send("orders/ship", {**name, "location": "berlin"})
    assert answer.status == 200, answer.json
    (parcel,) = answer.json["order"]["shipments"]
    assert (parcel["location"], parcel["lines"][0]["quantity"]) == ("berlin", 2)
    back = {**name, "location": "berlin", "lines": [{**ROW, "quantity": 1}], "state": "damaged"}
    assert (await caller.send("orders/return", back)).status == 200
    level = chain.engine.view.levels[SKU, account_of("berlin", "damaged")]  # type: ignore[arg-type]
    assert level.on_hand == 1


async def test_an_order_elsewhere_does_not_exist(chain: Shop) -> None:
    await held(chain, "far", hamburg=3)
    await chain.engine.submit(Capture(ref="far", payment_id="pi_1"))
    caller = await limited(chain)
    answer = (await caller.get("orders")).json
    assert answer["orders"] == []
    assert set(answer["counts"].values()) == {0}
    assert (await caller.get("orders?id=res_far")).json["orders"] == []
    ship = await caller.send("orders/ship", {"id": "res_far", "location": "berlin"})
    assert verdict(ship) == (404, "unknown_order")


async def test_product_edits_are_refused(chain: Shop) -> None:
    caller = await limited(chain)
    edit = {"productId": HOODIE, "name": "Mine"}
    assert verdict(await caller.send("products", edit, "PUT")) == (403, "not_allowed")


async def test_a_user_is_limited_too_and_the_log_shows_it(chain: Shop) -> None:
    users = accounts(chain).users
    await users.add("ana", Role.STAFF, "six blue owls sing", ["berlin"])
    ana = Visitor(chain.client.elsewhere("198.51.100.7"))
    await ana.logged_in("ana", "six blue owls sing")
    me = (await ana.get("/api/admin/me")).json["user"]
    assert me["locations"] == ["berlin"]
    body = {"updates": [{**ROW, "location": "hamburg", "stock": 1}]}
    assert verdict(await ana.post("/api/inventory/update", body)) == REFUSED
    body = {"updates": [{**ROW, "location": "berlin", "stock": 1}]}
    assert (await ana.post("/api/inventory/update", body)).status == 200
    answer = await chain.client.get("/api/admin/audit-log?actor=ana", OWNER)
    texts = [
        (row["status"], row["about"]) for row in answer.json["entries"] if "update" in row["what"]
    ]
    assert sorted(status for status, _ in texts) == [200, 403]
    assert all("limited to berlin" in about for _, about in texts)


async def test_a_limit_holds_for_running_sessions_at_once(chain: Shop) -> None:
    users = accounts(chain).users
    await users.add("ana", Role.STAFF, "six blue owls sing")
    ana = Visitor(chain.client.elsewhere("198.51.100.7"))
    await ana.logged_in("ana", "six blue owls sing")
    assert (await ana.get("/api/admin/inventory")).status == 200
    await owner_limits(chain, "ana", ["berlin"])
    assert (await ana.get("/api/admin/inventory?location=hamburg")).status == 401


async def owner_limits(shop: Shop, name: str, locations: list[str]) -> Answer:
    boss = await Visitor(shop.client).logged_in()
    return await boss.post("/api/admin/users/limit", {"name": name, "locations": locations})


async def test_a_key_of_a_limited_person_has_no_more_than_the_person(chain: Shop) -> None:
    """An owner makes a key, becomes staff of Berlin, and the key ends."""
    users = accounts(chain).users
    await users.add("bob", Role.OWNER, "six blue owls sing")
    keys = accounts(chain).keys
    _, secret = await keys.make("sheet", Right.STOCK, "bob", None)
    _, narrow = await keys.make("till", Right.STOCK, "bob", None, ["berlin"])
    assert await keys.check(secret)
    await users.set_role(await users.get("bob"), Role.STAFF, ["berlin"])
    assert await keys.check(secret) is None
    assert await keys.check(narrow)
    await users.set_role(await users.get("bob"), Role.STAFF, ["hamburg"])
    assert await keys.check(narrow) is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("users/add", {"name": "eve", "role": "owner", "password": "six blue owls sing"}),
        ("keys/make", {"label": "till", "right": "admin"}),
    ],
)
async def test_an_owner_cannot_be_limited(chain: Shop, path: str, body: Any) -> None:
    boss = await Visitor(chain.client).logged_in()
    answer = await boss.post(f"/api/admin/{path}", {**body, "locations": ["berlin"]})
    assert verdict(answer) == (422, "invalid_request")
    assert "owner" in answer.json["detail"].lower()


async def test_a_limit_names_locations_that_exist(chain: Shop) -> None:
    boss = await Visitor(chain.client).logged_in()
    body = {"label": "till", "right": "stock", "locations": ["atlantis"]}
    answer = await boss.post("/api/admin/keys/make", body)
    assert verdict(answer) == (422, "invalid_request")
    assert "atlantis" in answer.json["detail"]


async def test_the_log_has_who_was_limited(chain: Shop) -> None:
    boss = await Visitor(chain.client).logged_in()
    password = "six blue owls sing"
    user = {"name": "ana", "role": "staff", "password": password, "locations": ["berlin"]}
    assert (await boss.post("/api/admin/users/add", user)).status == 200
    key = {"label": "till", "right": "stock", "locations": ["berlin", "main"]}
    made = (await boss.post("/api/admin/keys/make", key)).json
    assert made["key"]["locations"] == ["berlin", "main"]
    rows = (await boss.get("/api/admin/audit-log")).json["entries"]
    texts = json.dumps([row["about"] for row in rows])
    assert "ana: role staff at berlin" in texts
    assert "till: right stock at berlin and main" in texts
    (ana,) = [
        row for row in (await boss.get("/api/admin/users")).json["users"] if row["name"] == "ana"
    ]
    assert ana["locations"] == ["berlin"]


async def test_live_rows_come_as_notices_without_numbers(chain: Shop) -> None:
    """The stream of a limited caller reports that something has changed, without the numbers."""
    caller = await limited(chain)
    events = await caller.first_events(2, lambda: chain.update({"stock": 4711, "location": "main"}))
    assert [event["rows"] for event in events] == [[], []]
    assert all(event["removed"] == [] for event in events)
    assert "4711" not in json.dumps(events)
