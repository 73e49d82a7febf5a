"""A count below the promised units: buyers read 0 available, the owner the true number."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.uvicorns import serving
from tests.web.shop_api.test_live import events, hear, next_event, socket
from tests.web.shops import HOODIE, PASSWORD, Shop

OWNER = {"Authorization": f"Bearer {PASSWORD}"}
GET = "/api/inventory/get"


@pytest.fixture
async def oversubscribed(shop: Shop) -> Shop:
    """Size M had 5 units and 4 are held; then a count found 2."""
    await shop.update({"stock": 5})
    await shop.reserve("cs_1", quantity=4)
    answer = await shop.update({"stock": 2})
    assert answer.json["results"]["details"]["successful"][0]["available"] == -2
    return shop


@pytest.fixture
async def url(oversubscribed: Shop) -> AsyncIterator[str]:
    async with serving(oversubscribed.client.app) as server:
        yield server


def numbers(body: Any) -> list[int]:
    """Every `available` in an answer."""
    if isinstance(body, dict):
        own = [body["available"]] if "available" in body else []
        return own + [number for part in body.values() for number in numbers(part)]
    if isinstance(body, list):
        return [number for part in body for number in numbers(part)]
    return []


@pytest.mark.parametrize(
    "query", ["", f"productId={HOODIE}", "category=hoodies", f"category=hoodies&productId={HOODIE}"]
)
async def test_no_answer_about_the_stock_is_negative(oversubscribed: Shop, query: str) -> None:
    answer = (await oversubscribed.client.get(f"{GET}?{query}")).json
    (product,) = [row for row in answer["inventory"] if row["productId"] == HOODIE]
    assert min(numbers(answer)) == 0
    size = next(row for row in product["sizes"] if row["size"] == "M")
    assert (size["stock"], size["reserved"], size["available"]) == (2, 4, 0)
    assert size["isOutOfStock"]
    # The available units of the other sizes are not reduced by it.
    assert product["totals"]["available"] == sum(row["available"] for row in product["sizes"])


async def test_an_answer_with_an_etag_is_the_same_and_stays_right(oversubscribed: Shop) -> None:
    shop = oversubscribed
    first = await shop.client.get(GET)
    seen = {"If-None-Match": first.header("etag") or ""}
    assert (await shop.client.get(GET, seen)).status == 304
    await shop.update({"stock": 6})
    again = await shop.client.get(GET, seen)
    assert again.status == 200
    assert (await shop.size())["available"] == 2
    await shop.update({"stock": 0})
    assert (await shop.size())["available"] == 0


async def test_a_refused_reserve_and_a_refused_line_have_0(oversubscribed: Shop) -> None:
    shop = oversubscribed
    refused = await shop.reserve("cs_2")
    assert refused.code == "insufficient_stock"
    assert numbers(refused.json) == [0]
    line = {"productId": HOODIE, "quantity": 1}
    body = {"sessionId": "cs_3", "lines": [{**line, "size": "M"}, {**line, "size": "XL"}]}
    refused = await shop.client.post("/api/inventory/reserve", body)
    assert numbers(refused.json) == [0, 0]


@pytest.mark.parametrize("lines", [False, True], ids=["one", "lines"])
async def test_the_buyer_who_holds_too_many_reads_0(oversubscribed: Shop, lines: bool) -> None:
    """The hold gets fewer units, and there are still too few for all holds."""
    shop = oversubscribed
    await shop.update({"stock": 8})
    await shop.reserve("cs_2", quantity=3)
    await shop.update({"stock": 2})
    wanted = {"productId": HOODIE, "size": "M", "quantity": 1}
    body = {"lines": [wanted]} if lines else wanted
    answer = await shop.client.post("/api/inventory/reserve", {"sessionId": "cs_2", **body})
    if answer.status == 200:
        assert numbers(answer.json) == [0]
    else:
        assert min(numbers(answer.json)) >= 0


async def test_a_released_hold_reads_0(oversubscribed: Shop) -> None:
    shop = oversubscribed
    await shop.update({"stock": 8})
    await shop.reserve("cs_2", quantity=3)
    await shop.update({"stock": 1})
    answer = await shop.release("cs_2")
    assert answer.status == 200
    assert numbers(answer.json) == [0]


async def test_the_live_feed_has_0(oversubscribed: Shop, url: str) -> None:
    shop = oversubscribed
    async with socket(url) as heard, events(url) as stream:
        for snapshot in (await hear(heard), await next_event(stream)):
            assert snapshot["type"] == "snapshot"
            assert min(numbers(snapshot)) == 0
        await shop.update({"stock": 1})
        for change in (await hear(heard), await next_event(stream)):
            assert change["type"] == "change"
            assert numbers(change) == [0]


async def test_over_the_wire_too(url: str) -> None:
    """On the fast path, which answers the hot endpoints without ASGI."""
    async with httpx.AsyncClient(base_url=url) as http:
        assert min(numbers((await http.get(GET)).json())) == 0
        body = {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "cs_9"}
        refused = await http.post("/api/inventory/reserve", json=body)
        assert numbers(refused.json()) == [0]


async def test_the_owner_reads_the_true_number(oversubscribed: Shop) -> None:
    shop = oversubscribed
    rows = (await shop.client.get("/api/admin/inventory", OWNER)).json["rows"]
    (row,) = [row for row in rows if row["sku"] == f"{HOODIE}/M"]
    assert row["available"] == -2
    why = await shop.client.get(f"/api/admin/explain?sku={HOODIE}/M", OWNER)
    assert why.json["closing"]["available"] == -2
