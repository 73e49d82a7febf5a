"""ETag and If-None-Match: a repeated request gets 304 if nothing has changed."""

import pytest

from fancymonkey.engine.engine import Engine
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.read_models.stock_listing import StockListing
from tests.web.shops import HOODIE, Shop

BOTH_WAYS = True

GET = "/api/inventory/get"


async def tag_of(shop: Shop, query: str = "") -> str:
    tag = (await shop.client.get(f"{GET}?{query}")).header("etag")
    assert tag is not None
    assert tag.startswith('"')
    assert tag.endswith('"')
    return tag


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "W/{}",
        "*",
        ' "x" , {}',
        '"x",{}',
        'W/"x", W/{}, "y"',
        ",,{},,",
        "\t{}\t",
    ],
)
async def test_a_tag_that_is_known_means_304(shop: Shop, form: str) -> None:
    tag = await tag_of(shop)
    answer = await shop.client.get(GET, {"If-None-Match": form.format(tag)})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.header("etag") == tag
    assert answer.header("cache-control") == "no-cache"
    assert answer.header("content-length") is None
    assert answer.header("content-type") is None


@pytest.mark.parametrize(
    "form", ['"x"', "", "x", 'W/"x"', "{0}x", "x{0}", "{1}", "w/{0}", "W/ {0}", '"{1}']
)
async def test_another_tag_means_200(shop: Shop, form: str) -> None:
    tag = await tag_of(shop)
    value = form.format(tag, tag.strip('"'))
    answer = await shop.client.get(GET, {"If-None-Match": value})
    assert answer.status == 200
    assert answer.json["success"] is True


async def test_a_change_makes_another_tag(any_shop: Shop) -> None:
    tags = [await tag_of(any_shop)]
    await any_shop.reserve("cs_1")
    tags.append(await tag_of(any_shop))
    any_shop.clock.forward(1800)  # the hold ends, and its entry is not written yet
    tags.append(await tag_of(any_shop))
    await any_shop.update({"soldOut": True})
    tags.append(await tag_of(any_shop))
    assert len(set(tags)) == 4
    for tag in tags[:-1]:
        assert (await any_shop.client.get(GET, {"If-None-Match": tag})).status == 200


async def test_each_question_has_its_own_tag(shop: Shop) -> None:
    queries = ("", "category=tees", "lowStockOnly=true", f"productId={HOODIE}")
    assert len({await tag_of(shop, query) for query in queries}) == 4


async def test_head_gets_it_too(shop: Shop) -> None:
    tag = await tag_of(shop)
    answer = await shop.client.request("HEAD", GET, headers={"If-None-Match": tag})
    assert answer.status == 304


async def test_another_engine_on_the_same_store_answers_the_same(any_shop: Shop) -> None:
    """A worker, or the service after a restart: the same bytes, so the same tag."""
    await any_shop.reserve("cs_1")
    any_shop.clock.forward(1)
    await any_shop.update({"soldOut": True}, {"size": "S", "restockDate": "2026-01-01"})
    any_shop.clock.forward(1)
    await any_shop.update({"size": "L", "lowStockThreshold": 60})
    other = Engine(any_shop.engine.store, any_shop.clock)
    other._show(await any_shop.engine.store.snapshot())
    assert StockListing(other, Spelling(other)).whole() == (await any_shop.client.get(GET)).body


async def test_an_edit_moves_last_updated(any_shop: Shop) -> None:
    for number, row in enumerate(({"soldOut": True}, {"lowStockThreshold": 9}), 1):
        any_shop.clock.forward(1)
        await any_shop.update(row)
        listed = (await any_shop.client.get(GET)).json["inventory"]
        assert listed[0]["lastUpdated"] == f"2025-10-07T12:00:0{number}.000Z"
        assert listed[1]["lastUpdated"] == "2025-10-07T12:00:00.000Z"
