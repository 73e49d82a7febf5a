"""Products, sizes and locations as buyers see them, as JSON."""

from dataclasses import dataclass
from typing import Any

from fancymonkey.core.dates import shown_date
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import is_low
from fancymonkey.engine.view.view import View
from fancymonkey.spreadsheets.cells.cells import loadable
from fancymonkey.store.products_file.fields.bundle_json import public_definition
from fancymonkey.store.products_file.fields.extra_fields import image_of
from fancymonkey.timestamps import iso
from fancymonkey.web.http.bodies.wire import encode, left
from fancymonkey.web.read_models.pickup import PickupDates, pickup_by_location


@dataclass(slots=True)
class ProductJson:
    """A product as JSON, with its counts for the summary."""

    change: int
    body: bytes
    low: int
    out: int


def is_shown(location: Location) -> bool:
    """Whether buyers see the stock at a location by itself."""
    return location.active and (location.sells_online or location.pickup)


def location_out(location: Location) -> dict[str, Any]:
    """A location as buyers see it."""
    return {
        "id": location.location_id,
        "name": location.name,
        "address": location.address,
        "sellsOnline": location.sells_online,
        "pickup": location.pickup,
    }


def stock_by_location(view: View, sku: str, dates: PickupDates) -> list[dict[str, Any]]:
    """The stock of a SKU at each location that buyers see, and its units for pick-up there."""
    stocks = view.stock_by_location(sku)
    pickup = pickup_by_location(view, stocks, dates)
    rows = []
    for id_, location in view.locations.items():
        if not is_shown(location) or not (id_ in stocks or id_ in pickup):
            continue
        stock = stocks.get(id_) or SkuStock(sku)
        row: dict[str, Any] = {
            "location": id_,
            "stock": stock.on_hand,
            "reserved": stock.reserved,
            "available": left(stock.available),
        }
        if id_ in pickup:
            row["pickup"] = pickup[id_]
        rows.append(row)
    return rows


def size_out(
    view: View, item: Item, stock: SkuStock, online: SkuStock | None = None
) -> dict[str, Any]:
    """A size, in the seed's shape with further fields for a shop page.

    `online` is the stock over all locations that sell online, if the caller has it already.
    """
    out = stock.available <= 0 and not item.sold_out
    back_by = view.back_by(item.sku, online) if out else None
    bundle = {} if item.bundle is None else {"bundle": public_definition(item)}
    return {
        "size": item.size,
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": left(stock.available),
        "lowStockThreshold": item.low_stock_threshold,
        "isLowStock": is_low(item, stock),
        "isOutOfStock": stock.available <= 0,
        "soldOut": item.sold_out,
        "backBy": None if back_by is None else iso(back_by),
        "skuId": item.sku_id,
        "priceId": item.price_id,
        **bundle,
    }


def _picture(product: Product) -> dict[str, str]:
    """The URL of the image, if the owner has set a valid one."""
    image = image_of(product.extra)
    return {} if image is None or not loadable(image) else {"image": image}


def product_json(
    view: View,
    product_id: str,
    sizes: list[tuple[Item, SkuStock]],
    change: int,
    *,
    dates: PickupDates | None = None,
) -> ProductJson:
    """A product with these sizes, as of a change of its stock; by location too if `dates` is given.

    `dates` are those of the pick-up locations.
    """
    product = view.products[product_id]
    rows = [size_out(view, item, stock) for item, stock in sizes]
    if dates is not None:
        for row, (item, _) in zip(rows, sizes, strict=True):
            row["locations"] = stock_by_location(view, item.sku, dates)
    body = encode(
        {
            "productId": product.product_id,
            "name": product.name,
            "category": product.category,
            "price": product.price,
            "sizes": rows,
            "totals": {
                "stock": sum(stock.on_hand for _, stock in sizes),
                "reserved": sum(stock.reserved for _, stock in sizes),
                "available": sum(left(stock.available) for _, stock in sizes),
            },
            "restockDate": shown_date(product.restock_date),
            **_picture(product),
            "lastUpdated": iso(
                max([product.updated_at, *(stock.updated_at for _, stock in sizes)])
            ),
        }
    )
    return ProductJson(
        change,
        body,
        sum(is_low(item, stock) for item, stock in sizes),
        sum(stock.available <= 0 for _, stock in sizes),
    )
