"""Pick lists and packing slips over HTTP: which orders, units and addresses are in a file."""

from typing import Any

import pytest

from fancymonkey.accounts.model import Right
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from tests.accounts.client import accounts
from tests.payments.conftest import OWNER
from tests.support.pdf_text import PdfPage, pdf_pages
from tests.web.admin_api.test_orders import SKU, buy, post
from tests.web.client import Answer
from tests.web.shops import HOODIE, Shop


async def fetch(shop: Shop, query: str, **headers: str) -> Answer:
    return await shop.client.get(f"/api/admin/orders/{query}", headers or OWNER)


async def pages(shop: Shop, query: str, **headers: str) -> list[PdfPage]:
    answer = await fetch(shop, query, **headers)
    assert answer.status == 200, answer
    assert answer.header("content-type") == "application/pdf"
    assert (answer.header("content-disposition") or "").startswith("attachment; filename=")
    assert answer.header("cache-control") == "no-store"
    return pdf_pages(answer.body)


async def key(shop: Shop, right: Right, *locations: str) -> dict[str, str]:
    _, secret = await accounts(shop).keys.make("till", right, "owner", None, locations)
    return {"authorization": f"Bearer {secret}"}


async def in_berlin(shop: Shop) -> None:
    await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin", "Torstr. 1")))
    await shop.engine.submit(Adjust(sku=SKU, location="berlin", delta=5))


async def test_several_orders_are_in_one_file_with_their_addresses(any_shop: Shop) -> None:
    for number in (1, 2, 3):
        await buy(any_shop, f"cs_{number}", quantity=number)
    first, second = await pages(any_shop, "packing-slips?id=3&id=cs_1")
    assert (first.bar_codes, second.bar_codes) == (["3"], ["1"])
    assert "SW1Y 4JH London" in first.lines
    assert "MIDNIGHT EMERALD HOODIE, M" in first.lines
    (listed,) = await pages(any_shop, "pick-list?id=3&id=1&id=%233")
    assert "Pick list, Main: 4 units" in listed.lines
    assert "#1, #3 × 3" in listed.lines
    assert "Ada" not in listed.text


async def test_without_ids_it_means_the_orders_to_ship(any_shop: Shop) -> None:
    for number in (1, 2, 3):
        await buy(any_shop, f"cs_{number}", quantity=1)
    await post(any_shop, "ship", id="2")
    slips = await pages(any_shop, "packing-slips")
    assert [page.bar_codes for page in slips] == [["1"], ["3"]]
    again = await pages(any_shop, "packing-slips?id=2")
    assert "Packing slip, order #2" in again[0].lines
    assert (await fetch(any_shop, "pick-list?id=2")).code == "nothing_to_ship"
    for number in (1, 3):
        await post(any_shop, "ship", id=str(number))
    answer = await fetch(any_shop, "packing-slips")
    assert (answer.status, answer.code) == (409, "nothing_to_ship")


async def test_an_order_at_two_locations_has_a_slip_for_each_parcel(any_shop: Shop) -> None:
    await in_berlin(any_shop)
    await buy(any_shop, quantity=3)
    line = {"productId": HOODIE, "size": "M", "quantity": 1}
    assert (await post(any_shop, "move", id="1", to="berlin", lines=[line])).status == 200
    berlin, main = await pages(any_shop, "packing-slips?id=1")
    assert "Torstr. 1" in berlin.lines
    assert "In another parcel: 2 units." in berlin.lines
    assert "In another parcel: 1 unit." in main.lines
    (only,) = await pages(any_shop, "packing-slips?id=1&location=berlin")
    assert "1" in only.lines
    titles = [page.lines[0] for page in await pages(any_shop, "pick-list")]
    assert titles == ["Pick list, Berlin: 1 unit", "Pick list, Main: 2 units"]
    assert (await fetch(any_shop, "pick-list?location=nowhere")).status == 404


async def test_a_limited_key_prints_own_units_and_finds_no_other_order(any_shop: Shop) -> None:
    await in_berlin(any_shop)
    await buy(any_shop, "cs_1", quantity=3)
    await buy(any_shop, "cs_2", quantity=2)
    line = {"productId": HOODIE, "size": "M", "quantity": 1}
    await post(any_shop, "move", id="1", to="berlin", lines=[line])
    limited = await key(any_shop, Right.STOCK, "berlin")
    (slip,) = await pages(any_shop, "packing-slips", **limited)
    assert slip.bar_codes == ["1"]
    assert "another parcel" not in slip.text
    assert "2" not in slip.lines
    assert (await fetch(any_shop, "packing-slips?id=2", **limited)).status == 404
    assert (await fetch(any_shop, "pick-list?location=main", **limited)).status == 403
    (listed,) = await pages(any_shop, "pick-list", **limited)
    assert listed.lines[0] == "Pick list, Berlin: 1 unit"


async def test_a_slip_needs_the_right_to_see_addresses(any_shop: Shop) -> None:
    await buy(any_shop)
    reader = await key(any_shop, Right.READ)
    assert (await fetch(any_shop, "packing-slips", **reader)).status == 403
    assert "Ada" not in (await pages(any_shop, "pick-list", **reader))[0].text
    assert (await any_shop.client.get("/api/admin/orders/pick-list")).status == 401


async def test_after_erasing_a_slip_has_no_address(any_shop: Shop) -> None:
    await buy(any_shop)
    await post(any_shop, "erase", id="1")
    (slip,) = await pages(any_shop, "packing-slips?id=1")
    assert "Ada" not in slip.text
    assert "MIDNIGHT EMERALD HOODIE, M" in slip.lines


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("packing-slips?id=99", 404),
        ("packing-slips?id=nothing", 404),
        ("packing-slips?paper=a3", 422),
        ("pick-list?" + "&".join(f"id={number}" for number in range(201)), 422),
    ],
)
async def test_a_wrong_query_is_refused(shop: Shop, query: str, status: int) -> None:
    await buy(shop)
    assert (await fetch(shop, query)).status == status


async def test_a_name_in_another_script_is_marked(shop: Shop) -> None:
    details: dict[str, Any] = {"name": "東京", "address": None}
    await buy(shop, customer_details=details, collected_information=None)
    (slip,) = await pages(shop, "packing-slips?id=1")
    assert "□□" in slip.lines
    assert any("CJK" in line for line in slip.lines)
