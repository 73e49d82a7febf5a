"""An import into a shop with several locations: the stock of a row is the total."""

import pytest

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from tests.web.imports.test_export import export
from tests.web.imports.test_import import apply, take
from tests.web.shops import HOODIE, Shop

SKU = f"{HOODIE}/M"  # 20 at main


async def with_berlin(shop: Shop) -> Shop:
    await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin")))
    await shop.update({"stock": 5, "location": "berlin"})
    return shop


def units(shop: Shop) -> tuple[int, int]:
    view = shop.engine.view
    return view.level(SKU, "main").on_hand, view.level(SKU, "berlin").on_hand


async def test_an_export_without_edits_changes_nothing(any_shop: Shop) -> None:
    shop = await with_berlin(any_shop)
    data = (await export(shop)).body
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert units(shop) == (20, 5)


@pytest.mark.parametrize("marked", [True, False])
async def test_an_edited_total_changes_the_default_location_by_the_difference(
    shop: Shop, marked: bool
) -> None:
    await with_berlin(shop)
    text = (await export(shop)).body.decode("utf-8-sig")
    row = next(line for line in text.splitlines() if "_m,25," in line)
    data = text.replace(row, row.replace("_m,25,", "_m,28,"))
    if not marked:
        data = f"productId,size,stock\r\n{HOODIE},M,28\r\n"
    answer = await apply(shop, data)
    assert answer.status == 200, answer.json
    assert units(shop) == (23, 5)
    await shop.check()


async def test_a_total_below_the_units_elsewhere_is_a_fault(shop: Shop) -> None:
    await with_berlin(shop)
    answer = await take(shop, f"productId,size,stock\r\n{HOODIE},M,4\r\n")
    assert "other locations" in str(answer.json)
    assert units(shop) == (20, 5)
