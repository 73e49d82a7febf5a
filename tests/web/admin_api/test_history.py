"""Holds, history, explanations and the overview, for the owner."""

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest

from fancymonkey.core.catalogue.products import EditFields
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.store.in_memory.store import MemoryStore
from tests.payments.conftest import OWNER, opened
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop, running
from tests.web.signing import deliver, event

SKU = f"{HOODIE}/M"


async def get(shop: Shop, path: str) -> Any:
    answer = await shop.client.get(f"/api/admin/{path}", OWNER)
    assert answer.status == 200, answer
    return answer.json


async def release(shop: Shop, *ids: str, **more: Any) -> Answer:
    body = {"ids": list(ids), **more}
    return await shop.client.post("/api/admin/holds/release", body, OWNER)


async def test_holds_are_listed_the_first_to_end_in_front(any_shop: Shop) -> None:
    for number in range(5):
        any_shop.clock.forward(1)
        await any_shop.reserve(f"cs_{number}", quantity=number + 1)
    await any_shop.reserve("other", product="prod_tee_001")
    page = await get(any_shop, f"holds?sku={SKU}")
    assert [hold["sessionId"] for hold in page["holds"]] == [f"cs_{n}" for n in range(5)]
    assert (page["total"], page["units"], page["next"]) == (5, 15, None)
    first = await get(any_shop, "holds?limit=4")
    page = await get(any_shop, f"holds?limit=4&after={first['next']}")
    assert [len(first["holds"]), len(page["holds"]), page["next"]] == [4, 2, None]
    assert first["total"] == page["total"] == 6
    any_shop.clock.forward(3600)
    assert (await get(any_shop, "holds"))["total"] == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("emerald _001/m", ["cs_m"]),
        ("HOODIES", ["cs_m", "cs_l"]),
        ("prod_tee", ["cs_tee"]),
        ("cs_l", ["cs_l"]),
        ("emerald tee", []),
    ],
)
async def test_holds_are_found_by_words_and_by_an_id(
    any_shop: Shop, words: str, expected: list[str]
) -> None:
    await any_shop.reserve("cs_m")
    any_shop.clock.forward(1)
    await any_shop.reserve("cs_l", "L")
    any_shop.clock.forward(1)
    await any_shop.reserve("cs_tee", product="prod_tee_001")
    answer = await get(any_shop, f"holds?q={quote(words)}")
    assert [hold["sessionId"] for hold in answer["holds"]] == expected
    if words != "cs_l":
        assert answer["total"] == answer["units"] == len(expected)
    await any_shop.release("cs_m")
    ended = await get(any_shop, f"holds?q={quote(words)}&status=released&since=2025-01-01")
    assert [hold["sessionId"] for hold in ended["holds"]] == [
        session for session in expected if session == "cs_m" or words == "cs_l"
    ]


async def test_listed_lines_have_the_names_of_their_products(shop: Shop) -> None:
    await shop.reserve("cs_1")
    (hold,) = (await get(shop, "holds"))["holds"]
    assert hold["lines"][0]["name"] == "MIDNIGHT EMERALD HOODIE"
    answer = await get(shop, "history?limit=1")
    assert answer["entries"][0]["name"] == "MIDNIGHT EMERALD HOODIE"
    assert answer["revision"] == answer["entries"][0]["revision"]


async def test_holds_that_ended_are_found_by_time_and_by_any_id(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1")
    await any_shop.release("cs_1")
    await any_shop.reserve("cs_2")
    page = await get(any_shop, "holds?status=released&since=2025-01-01")
    assert [hold["sessionId"] for hold in page["holds"]] == ["cs_1"]
    assert page["holds"][0]["endedAt"] is not None
    none = await get(any_shop, f"holds?status=released&since=2025-01-01&sku={HOODIE}/L")
    assert none["holds"] == []
    (row,) = (await get(any_shop, "holds?id=cs_2"))["holds"]
    assert row["status"] == "held"
    any_shop.clock.forward(3600)
    assert (await get(any_shop, "holds?id=cs_2"))["holds"][0]["status"] == "expired"
    assert (await get(any_shop, "holds?id=nobody"))["holds"] == []


async def test_holds_are_given_back_one_or_many(any_shop: Shop) -> None:
    held = [(await any_shop.reserve(f"cs_{n}")).json["reservation"]["id"] for n in range(3)]
    await any_shop.release("cs_0")
    answer = await release(any_shop, *held, "nobody", reason="they called")
    assert answer.json["released"] == 2
    assert [row["status"] for row in answer.json["results"]] == [*["released"] * 3, None]
    (entry,) = (await get(any_shop, "history?limit=1"))["entries"]
    assert (entry["reason"], entry["actor"], entry["cause"]) == (
        "they called",
        "admin",
        answer.json["changeId"],
    )
    assert {"to": "hold", "id": held[2]} in entry["links"]
    (act,) = (await get(any_shop, "changes"))["changes"]
    assert (act["action"], act["undoable"]) == ("release", False)
    undo = await any_shop.client.post("/api/admin/undo", {"changeId": act["id"]}, OWNER)
    assert undo.code == "cannot_undo"
    await any_shop.check()


async def test_a_hold_at_the_checkout_is_ended_there_too() -> None:
    async with opened(MemoryStore()) as till:
        opened_ = await till.checkout("buyer-1")
        id_ = opened_.json["reservation"]["id"]
        (hold,) = (await get(till.shop, "holds"))["holds"]
        assert hold["checkout"]["stage"] == "open"
        assert hold["checkout"]["paymentSession"] == opened_.json["sessionId"]
        assert (await release(till.shop, id_)).json["released"] == 1
        await till.settle()
        assert till.sessions[0]["status"] == "expired"


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": [""]}, {"ids": ["x"] * 501}, {"ids": "x"}, {"ids": [None]}]
)
async def test_malformed_release_requests_are_refused(shop: Shop, body: Any) -> None:
    answer = await shop.client.post("/api/admin/holds/release", body, OWNER)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_history_has_running_numbers_the_latest_first(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    await any_shop.update({"adjustStock": 5, "reason": "=cmd()"})
    await deliver(any_shop, event("completed", "cs_1"))
    page = await get(any_shop, f"history?sku={SKU}")
    texts = [
        (row["kind"], row["change"], row["stock"], row["reserved"], row["available"])
        for row in page["entries"]
    ]
    assert texts == [
        ("captured", {"stock": -2, "reserved": -2}, 23, 0, 23),
        ("adjusted", {"stock": 5}, 25, 2, 23),
        ("reserved", {"reserved": 2}, 20, 2, 18),
        ("added", {"stock": 20}, 20, 0, 20),
    ]
    captured = page["entries"][0]
    assert {link["to"] for link in captured["links"]} == {"event", "hold"}
    whole = (await get(any_shop, "history"))["entries"]
    assert [row for row in whole if row["sku"] == SKU] == page["entries"]


async def test_history_comes_in_pages_and_is_filtered(any_shop: Shop) -> None:
    for number in range(10):
        any_shop.clock.forward(60)
        await any_shop.update({"adjustStock": 1, "reason": str(number)})
    for where in (f"sku={SKU}&", ""):
        seen: list[str] = []
        before = ""
        while True:
            page = await get(any_shop, f"history?{where}kind=adjusted&limit=3{before}")
            seen += [row["reason"] for row in page["entries"]]
            if page["next"] is None:
                break
            before = f"&before={page['next']}"
        assert seen == [str(number) for number in reversed(range(10))]
        span = "from=2025-10-07T12:03:00Z&to=2025-10-07T12:05:00%2B00:00"
        page = await get(any_shop, f"history?{where}{span}")
        assert [row["reason"] for row in page["entries"]] == ["3", "2"]
        assert (await get(any_shop, f"history?{where}actor=nobody"))["entries"] == []
    act = (await get(any_shop, "changes?limit=1"))["changes"][0]["id"]
    page = await get(any_shop, f"history?cause={act}")
    assert [row["reason"] for row in page["entries"]] == ["9"]


async def test_history_as_a_file_runs_no_formula(shop: Shop) -> None:
    await shop.update({"adjustStock": -5, "reason": "=1+1"})
    answer = await shop.client.get(f"/api/admin/history?sku={SKU}&format=csv", OWNER)
    assert (answer.header("content-type") or "").startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [row["kind"] for row in rows] == ["adjusted", "added"]
    assert (rows[0]["reason"], rows[0]["stock"], rows[0]["stockAfter"]) == ("'=1+1", "-5", "15")


@pytest.mark.parametrize(
    "query",
    ["kind=gone", "from=yesterday", "to=9", "limit=0", "limit=1001", "before=-1", "format=xls"],
)
async def test_a_bad_question_about_history(shop: Shop, query: str) -> None:
    answer = await shop.client.get(f"/api/admin/history?{query}", OWNER)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_why_a_number_is_what_it_is(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    any_shop.clock.forward(60)
    await any_shop.update({"adjustStock": 5})
    await any_shop.update({"adjustStock": -1})
    await deliver(any_shop, event("completed", "cs_1"))
    explanation = await get(any_shop, f"explain?sku={SKU}")
    assert explanation["sentence"] == "22 available now: 22 on hand, none of them promised."
    assert [(step["kind"], step["entries"], step["stock"]) for step in explanation["steps"]] == [
        ("added", 1, 20),
        ("reserved", 1, 20),
        ("adjusted", 2, 24),
        ("captured", 1, 22),
    ]
    assert explanation["closing"]["stock"] == explanation["steps"][-1]["stock"] == 22
    then = await get(any_shop, f"explain?sku={SKU}&asOf=2025-10-07T12:00:30Z")
    assert (then["closing"]["stock"], then["closing"]["reserved"]) == (20, 2)
    since = await get(any_shop, f"explain?sku={SKU}&from=2025-10-07T12:00:30Z")
    assert (since["opening"], since["closing"]["stock"]) == (then["closing"], 22)
    assert (
        since["opening"]["stock"] + sum(step["change"].get("stock", 0) for step in since["steps"])
        == 22
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("sku=nothing/M", 404),
        ("", 404),
        (f"sku={SKU}&asOf=soon", 422),
        (f"sku={SKU}&asOf=2025-01-01&from=2025-02-01", 422),
        (f"sku={SKU}&asOf={quote('9999-12-31T23:59:59+00:00')}", 200),
        (f"sku={SKU}&asOf={quote('0001-01-01T00:00:00+14:00')}", 422),
    ],
)
async def test_malformed_explain_requests_are_refused(shop: Shop, query: str, status: int) -> None:
    answer = await shop.client.get(f"/api/admin/explain?{query}", OWNER)
    assert answer.status == status


async def test_the_overview_adds_up(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    await deliver(any_shop, event("completed", "cs_1"))
    any_shop.clock.forward(86_400)
    await any_shop.reserve("cs_2", quantity=3)
    assert (await any_shop.reserve("cs_3", size="XL")).status == 409
    await any_shop.engine._flush_demand()
    overview = await get(any_shop, "overview?days=3")
    assert [(day["day"], day["sold"], day["turnedAway"]) for day in overview["days"]] == [
        ("2025-10-06", 0, 0),
        ("2025-10-07", 2, 0),
        ("2025-10-08", 0, 1),
    ]
    assert overview["stock"]["units"] == 3 + 18 + 58 + 10 + 4 + 100
    assert overview["stock"]["value"] == (3 + 18 + 58) * 58 + 14 * 62.5 + 2400
    assert (overview["stock"]["out"], overview["stock"]["low"]) == (1, 2)
    assert (overview["holds"]["count"], overview["holds"]["units"]) == (1, 3)
    assert overview["health"]["webhook"]["lastOutcome"] == "done"
    assert overview["health"]["store"]["ok"]
    assert overview["health"]["catalogue"] == {"ok": True, "problems": []}
    assert overview["health"]["servers"] == {
        "role": "alone",
        "since": None,
        "followers": 0,
        "forwarded": 0,
        "behindMs": 0,
    }


async def test_the_overview_names_ids_that_are_shared(shop: Shop) -> None:
    items = list(shop.engine.view.items.values())
    first = items[0]
    second = next(item for item in items if item.product_id != first.product_id)
    for item in (first, second):
        fields = (("price_id", "price_x"), ("sku_id", "sku_x"))
        await shop.engine.submit(
            EditFields(key=item.sku, location=DEFAULT_LOCATION, fields=fields, actor="owner")
        )
    catalogue = (await get(shop, "overview?days=1"))["health"]["catalogue"]
    assert not catalogue["ok"]
    assert [text.partition(" is")[0] for text in catalogue["problems"]] == [
        "priceId price_x",
        "skuId sku_x",
    ]
    assert first.sku in catalogue["problems"][1]


async def test_days_are_those_of_the_zone(shop: Shop) -> None:
    await shop.reserve("cs_1", quantity=2)
    shop.clock.forward(3600 * 11)  # 23:00 in UTC, the next day in Berlin
    await shop.reserve("cs_2", quantity=1)
    await deliver(shop, event("completed", "cs_2"))
    utc = await get(shop, "overview?days=1")
    berlin = await get(shop, "overview?days=1&zone=Europe/Berlin")
    assert [utc["days"][0]["day"], berlin["days"][0]["day"]] == ["2025-10-07", "2025-10-08"]
    assert [utc["days"][0]["sold"], berlin["days"][0]["sold"]] == [1, 1]


@pytest.mark.parametrize(
    "query",
    [
        "days=0",
        "days=367",
        "days=x",
        "zone=Mars",
        "zone=../../etc/passwd",
        "zone=Europe",
        "zone=%00",
    ],
)
async def test_a_bad_question_about_the_overview(shop: Shop, query: str) -> None:
    answer = await shop.client.get(f"/api/admin/overview?{query}", OWNER)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_a_late_payment_waits_in_the_overview() -> None:
    async with running(MemoryStore()) as shop:
        await shop.reserve("cs_1", size="S", quantity=3)
        shop.clock.forward(3600)
        await shop.reserve("cs_2", size="S", quantity=3)
        await deliver(shop, event("completed", "cs_1"))
        overview = await get(shop, "overview?days=1")
        assert (overview["issues"]["latePayment"], overview["issues"]["open"]) == (1, 1)
        assert overview["stock"]["backordered"] == 3
        assert overview["days"][0]["sold"] == 3


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ("emerald", ["M", "L"]),
        ("EMERALD hoodie_001/m", ["M"]),
        ("hoodies", ["M", "L", "M"]),
        ("ash s/m", []),
        ("price_prod_hoodie_001_l", ["L"]),
        ("prod_hoodie_002", ["M"]),
        ("banana emerald", []),
        ("socks", []),
    ],
)
async def test_history_is_found_by_words(any_shop: Shop, words: str, sizes: list[str]) -> None:
    await any_shop.reserve("cs_1", "M")
    await any_shop.reserve("cs_2", "L")
    await any_shop.reserve("cs_3", "M", product="prod_hoodie_002")
    page = await get(any_shop, f"history?kind=reserved&q={quote(words)}")
    assert [entry["size"] for entry in reversed(page["entries"])] == sizes
    assert (page["meant"] == 0) == (words in ("banana emerald", "socks"))
    file = await any_shop.client.get(
        f"/api/admin/history?format=csv&kind=reserved&q={quote(words)}", OWNER
    )
    assert len(file.body.splitlines()) == 1 + len(sizes)


async def test_history_by_words_comes_in_pages_and_includes_sizes_off_sale(shop: Shop) -> None:
    for number in range(5):
        await shop.reserve(f"cs_{number}")
    await shop.client.post(
        "/api/admin/products/archive", {"productId": HOODIE, "endHolds": True}, OWNER
    )
    first = await get(shop, "history?q=emerald&kind=reserved&limit=3")
    page = await get(shop, f"history?q=emerald&kind=reserved&limit=3&before={first['next']}")
    assert [len(first["entries"]), len(page["entries"]), page["next"]] == [3, 2, None]
    product = await get(shop, "history?q=emerald&kind=removed")
    assert product["entries"]
    assert (await get(shop, "history"))["meant"] is None
