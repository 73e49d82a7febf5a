"""A new size that runs low or out before the first look at it is reported."""

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.core.stock.adjust import Adjust
from tests.alerts.alert_shop import AlertShop, alert_shop

NEW = sku_of("prod_drop", "M")


async def add(shop: AlertShop, stock: int, *, threshold: int = 5, sold_out: bool = False) -> None:
    item = Item(NEW, "prod_drop", "M", low_stock_threshold=threshold, sold_out=sold_out)
    product = Product("prod_drop", "DROP TEE")
    items = (NewItem(item, stock),)
    await shop.engine.submit(UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items))


@pytest.mark.parametrize(
    ("stock", "sold", "threshold", "events"),
    [
        (20, 16, 5, [("stock.low",)]),
        (20, 20, 5, [("stock.out",)]),
        (20, 20, 0, [("stock.out",)]),
        (6, 1, 5, [("stock.low",)]),
        (20, 3, 5, []),
        (20, 19, 0, []),
        (3, 0, 5, []),
        (3, 1, 5, []),
        (0, 0, 5, []),
        (0, 0, 0, []),
    ],
)
async def test_a_new_size_is_compared_with_its_first_stock(
    stock: int, sold: int, threshold: int, events: list[tuple[str, ...]]
) -> None:
    async with alert_shop() as shop:
        await add(shop, stock, threshold=threshold)
        if sold:
            await shop.hold("h", sold, NEW)
            await shop.pay("h")
        await shop.look()
        assert shop.channel.sent_types == events
        await shop.look()
        assert shop.channel.sent_types == events


async def test_a_new_size_off_sale_is_not_reported() -> None:
    async with alert_shop() as shop:
        await add(shop, 20, sold_out=True)
        await shop.move(-20, NEW)
        await shop.look()
        assert shop.channel.sent_types == []


async def test_units_of_all_locations_count_for_a_new_size() -> None:
    async with alert_shop() as shop:
        await shop.engine.submit(AddLocation(location=Location("berlin", "Berlin"), actor="test"))
        await add(shop, 4)
        await shop.engine.submit(Adjust(sku=NEW, location="berlin", delta=4))
        await shop.engine.submit(Adjust(sku=NEW, location="berlin", delta=-4))
        await shop.look()
        assert shop.channel.sent_types == [("stock.low",)]
