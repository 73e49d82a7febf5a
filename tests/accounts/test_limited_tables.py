"""Export, import and overview of callers who are limited to locations, and their part of orders."""

import csv
import io
import json

import pytest

from fancymonkey.accounts.model import Right
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.routing import Routing
from fancymonkey.core.model import Line
from fancymonkey.core.orders.rows import Buyer
from fancymonkey.core.stock.adjust import Adjust
from tests.accounts.test_limited_to_locations import (
    HOODIE,
    REFUSED,
    SKU,
    Limited,
    chain,
    limited,
    owner,
    units,
    verdict,
)
from tests.web.client import Answer
from tests.web.shops import Shop

__all__ = ["chain"]  # the fixture


async def rows(caller: Limited, query: str = "") -> list[dict[str, str]]:
    answer = await caller.get(f"export?{query}")
    assert answer.status == 200, answer
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


def table(*lines: str, columns: str = "productId,size,location,stock") -> bytes:
    return "\r\n".join((columns, *lines)).encode()


async def take(caller: Limited, body: bytes, query: str = "mode=apply") -> Answer:
    return await caller.send(f"import?{query}", body)


async def test_an_export_has_own_rows_alone(chain: Shop) -> None:
    await chain.update({"stock": 4711, "location": "hamburg"})
    caller = await limited(chain)
    for query in (
        "",
        "locations=true",
        "location=berlin",
        "format=csv&columns=size,location,stock",
    ):
        exported = await rows(caller, query)
        assert {row["location"] for row in exported} == {"berlin"}, query
        assert "4711" not in json.dumps(exported)
    (hoodie,) = [
        row for row in await rows(caller) if (row["productId"], row["size"]) == (HOODIE, "M")
    ]
    assert hoodie["stock"] == "5"
    assert verdict(await caller.get("export?location=hamburg")) == REFUSED
    both = await limited(chain, Right.READ, "berlin", "main")
    assert {row["location"] for row in await rows(both)} == {"berlin", "main"}
    assert (await caller.get("export?format=xlsx")).status == 200


async def test_the_query_of_an_export_reads_the_stock_at_own_locations(chain: Shop) -> None:
    """The shop has 32 units of M, and Berlin 5, later none."""
    caller = await limited(chain)
    exported = await rows(caller, "status=out")
    assert "M" not in {row["size"] for row in exported if row["productId"] == HOODIE}
    await chain.update({"stock": 0, "location": "berlin"})
    exported = await rows(caller, "status=out")
    assert "M" in {row["size"] for row in exported if row["productId"] == HOODIE}


async def test_an_exported_table_comes_back_as_an_import(chain: Shop) -> None:
    caller = await limited(chain)
    body = (await caller.get("export")).body.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(body)))
    for line in lines:
        if (line["productId"], line["size"]) == (HOODIE, "M"):
            line["stock"] = "9"
    text = io.StringIO()
    writer = csv.DictWriter(text, lines[0].keys())
    writer.writeheader()
    writer.writerows(lines)
    await chain.update({"adjustStock": -1, "location": "berlin"})
    answer = await take(caller, text.getvalue().encode())
    assert answer.status in (200, 422), answer
    assert answer.json["faults"][0]["reason"].startswith("it has changed since the export")
    await chain.update({"adjustStock": 1, "location": "berlin"})
    answer = await take(caller, text.getvalue().encode())
    assert answer.status == 200, answer
    assert answer.json["counts"]["applied"] == 1
    assert await units(chain) == {"main": 20, "berlin": 9, "hamburg": 7}
    undone = await caller.send("undo", {"changeId": answer.json["changeId"]})
    assert undone.status == 200
    assert (await units(chain))["berlin"] == 5


OTHERS = {
    "another location": f"{HOODIE},M,hamburg,1",
    "its name": f"{HOODIE},M,Hamburg,1",
    "an unknown location": f"{HOODIE},M,atlantis,1",
    "no location": f"{HOODIE},M,,1",
    "the first location": f"{HOODIE},M,main,19",
}


@pytest.mark.parametrize("line", OTHERS)
async def test_a_row_of_another_location_is_refused_with_its_reason(chain: Shop, line: str) -> None:
    await chain.update({"stock": 4711, "location": "hamburg"})
    caller = await limited(chain)
    body = table(OTHERS[line], f"{HOODIE},M,berlin,8")
    refused = await take(caller, body)
    assert (refused.status, refused.code) == (422, "import_faults")
    (fault,) = refused.json["faults"]
    assert (fault["row"], fault["column"], fault["code"]) == (2, "location", "location_not_allowed")
    assert "limited to berlin" in fault["reason"]
    assert "4711" not in refused.body.decode()
    assert (await units(chain))["berlin"] == 5
    answer = await take(caller, body, "mode=apply&rows=good")
    assert answer.json["counts"] == {
        "rows": 2,
        "new": 0,
        "changed": 1,
        "unchanged": 0,
        "faults": 1,
        "applied": 1,
    }
    assert await units(chain) == {"main": 20, "berlin": 8, "hamburg": 4711}


async def test_an_unknown_location_and_another_one_have_the_same_words(chain: Shop) -> None:
    caller = await limited(chain)
    reasons = []
    for place in ("hamburg", "atlantis"):
        answer = await take(caller, table(f"{HOODIE},M,{place},1"), "mode=preview")
        reasons.append(answer.json["faults"][0]["reason"].replace(place, "X"))
    assert reasons[0] == reasons[1]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lowStockThreshold", "3"),
        ("soldOut", "true"),
        ("restockDate", "2027-01-01"),
        ("price", "1"),
    ],
)
async def test_cells_of_the_whole_shop_are_refused(chain: Shop, column: str, value: str) -> None:
    caller = await limited(chain)
    revision = chain.engine.view.revision
    body = table(f"{HOODIE},M,berlin,{value}", columns=f"productId,size,location,{column}")
    answer = await take(caller, body)
    assert (answer.status, answer.json["faults"][0]["column"]) == (422, column)
    assert chain.engine.view.revision == revision


async def test_an_inventory_file_of_shopify_is_read_for_own_locations(chain: Shop) -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,SKU,Location,On hand (current),On hand (new)"
    lines = [
        f"{HOODIE},MIDNIGHT EMERALD HOODIE,Size,M,{HOODIE}/M,{place},{stock},{stock + 2}"
        for place, stock in (("Berlin", 5), ("Hamburg", 7))
    ]
    lines.append(f"{HOODIE},MIDNIGHT EMERALD HOODIE,Size,M,{HOODIE}/M,Hamburg,1,Not stocked")
    answer = await take(await limited(chain), table(*lines, columns=header), "mode=apply&rows=good")
    assert answer.status == 200, answer
    codes = [fault.get("code") for fault in answer.json["faults"]]
    assert codes == ["location_not_allowed"] * 2
    assert "units are there" not in answer.body.decode()
    assert await units(chain) == {"main": 20, "berlin": 7, "hamburg": 7}


async def test_the_overview_has_own_stock_holds_and_sales_alone(chain: Shop) -> None:
    await chain.update({"stock": 4711, "location": "hamburg"})
    for number, place in enumerate(("berlin", "hamburg", "hamburg")):
        routing = Routing(only_from=place)
        hold = Reserve(
            reservation_id=f"res_{number}",
            session_id=f"s{number}",
            lines=(Line(SKU, 2),),
            location="main",
            ttl=10**7,
            routing=routing,
        )
        await chain.engine.submit(hold)
    await chain.engine.submit(Capture(ref="s0", payment_id="cs_0"))
    await chain.engine.submit(Capture(ref="s1", payment_id="cs_1"))
    answer = await (await limited(chain)).get("overview")
    assert answer.status == 200, answer
    overview = answer.json
    assert overview["stock"]["units"] == 3
    assert [row["location"] for row in overview["locations"]] == ["berlin"]
    assert overview["holds"] == {"count": 0, "units": 0, "nextEnds": None}
    assert [sum(day[name] for day in overview["days"]) for name in ("sold", "returned")] == [2, 0]
    assert not {"issues", "health"} & overview.keys()
    assert "turnedAway" not in overview["days"][0]
    for number in ("4711", "4709", "4707"):
        assert number not in answer.body.decode()
    whole = await owner(chain, "overview", None, "GET")
    assert sum(day["sold"] for day in whole["days"]) == 4
    assert (whole["holds"]["units"], whole["issues"]["open"]) == (2, 0)


async def test_an_order_is_shown_as_its_own_part(chain: Shop) -> None:
    """The order has 2 × M from Berlin and 1 × L from Hamburg, which has left."""
    await chain.engine.submit(Adjust(sku=f"{HOODIE}/L", location="hamburg", delta=3))
    hold = Reserve(
        reservation_id="res_1",
        session_id="s1",
        lines=(Line(SKU, 2), Line(f"{HOODIE}/L", 1)),
        location="main",
        ttl=10**7,
        routing=Routing(only_from="main"),
    )
    await chain.engine.submit(hold)
    buyer = Buyer("Ada Lovelace", "ada@example.com")
    await chain.engine.submit(Capture(ref="s1", payment_id="cs_1", buyer=buyer))
    for size, place in (("M", "berlin"), ("L", "hamburg")):
        line = {"productId": HOODIE, "size": size, "quantity": 2 if size == "M" else 1}
        await owner(chain, "orders/move", {"id": "1", "to": place, "lines": [line]})
    ship = {"id": "1", "location": "hamburg", "trackingNumber": "SECRET77"}
    await owner(chain, "orders/ship", ship)
    caller = await limited(chain)
    (order,) = (await caller.get("orders?status=to_ship")).json["orders"]
    assert (order["status"], order["shipments"]) == ("to_ship", [])
    assert [(row["size"], row["quantity"]) for row in order["lines"]] == [("M", 2)]
    assert (await caller.get("orders?status=partly_shipped")).json["orders"] == []
    counts = (await caller.get("orders")).json["counts"]
    assert (counts["to_ship"], counts["partly_shipped"]) == (1, 0)
    assert (await caller.get("orders?q=secret77")).json["orders"] == []
    assert len((await caller.get("orders?q=ada@example.com")).json["orders"]) == 1
    assert "SECRET77" not in (await caller.get("orders?id=1")).body.decode()
    hamburg = await limited(chain, Right.STOCK, "hamburg")
    (part,) = (await hamburg.get("orders?status=shipped")).json["orders"]
    assert [row["size"] for row in part["lines"]] == ["L"]
    assert (await hamburg.get("orders")).json["counts"]["shipped"] == 1
    (whole,) = (await owner(chain, "orders", None, "GET"))["orders"]
    assert (whole["status"], len(whole["lines"])) == ("partly_shipped", 2)


async def test_metrics_and_alerts_are_closed(chain: Shop) -> None:
    caller = await limited(chain)
    for path in ("alerts", "audit-log", "products"):
        assert (await caller.get(path)).status == 403, path
