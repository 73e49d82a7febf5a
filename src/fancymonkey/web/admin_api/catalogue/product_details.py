"""A product with all its fields, as the pages of products list it."""

from typing import cast

from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.engine.engine import Engine
from fancymonkey.store.products_file.fields.bundle_json import definition_out
from fancymonkey.store.products_file.fields.extra_fields import image_of, others_of
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.catalogue.bundle_models import BundleOut
from fancymonkey.web.admin_api.catalogue.product_models import ProductOut, SizeOut

ListedProduct = tuple[Product, list[tuple[Item, SkuStock]]]
"""A product with its sizes."""


def product_with_sizes(engine: Engine, product_id: str) -> ListedProduct:
    """A product of the view with its sizes. Raises KeyError."""
    view = engine.view
    skus = view.sizes.get(product_id, ())
    return view.products[product_id], [(view.items[sku], view.stock(sku)) for sku in skus]


def product_out(
    product: Product, sizes: list[tuple[Item, SkuStock]], *, archived: bool
) -> ProductOut:
    """The fields of a product; sizes that are off sale only if `archived` or the product is."""
    off = archived or product.archived
    return {
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "image": image_of(product.extra),
        "restockDate": product.restock_date,
        "archived": product.archived,
        "lastUpdated": iso(product.updated_at),
        "other": others_of(product),
        "sizes": [_size_out(*size) for size in sizes if off or not size[0].archived],
    }


def _size_out(item: Item, stock: SkuStock) -> SizeOut:
    size: SizeOut = {
        "size": item.size,
        "skuId": item.sku_id,
        "priceId": item.price_id,
        "lowStockThreshold": item.low_stock_threshold,
        "soldOut": item.sold_out,
        "archived": item.archived,
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "other": others_of(item),
    }
    if item.bundle is not None:
        size["bundle"] = cast("BundleOut", definition_out(item))
    return size
