"""The sample catalogue: sixteen products of a shop that does not exist."""

import json
from decimal import Decimal
from importlib.resources import files
from typing import Any

from fancymonkey.core.catalogue import NewItem, UpsertProduct
from fancymonkey.core.model import Item, Product, sku_of


def products_json() -> bytes:
    """The catalogue as the file `products.json` of a JSON store."""
    return files(__name__).joinpath("products.json").read_bytes()


def commands() -> list[UpsertProduct]:
    """The catalogue as commands for any other store."""
    products = json.loads(products_json(), parse_float=Decimal)
    return [_upsert(position, product) for position, product in enumerate(products)]


def _upsert(position: int, found: dict[str, Any]) -> UpsertProduct:
    product = Product(
        found["id"],
        found["name"],
        found["category"],
        Decimal(found["price"]),
        position,
        found["restockDate"],
        extra=_rest(
            found, ("id", "name", "category", "price", "sizes", "restockDate", "lastUpdated")
        ),
    )
    items = tuple(
        NewItem(_item(found["id"], size, number, data), data["stock"])
        for number, (size, data) in enumerate(found["sizes"].items())
    )
    return UpsertProduct(product=product, items=items, actor="init", reason="sample catalogue")


def _item(product_id: str, size: str, position: int, found: dict[str, Any]) -> Item:
    known = ("skuId", "priceId", "soldOut", "stock", "reserved", "lowStockThreshold")
    return Item(
        sku_of(product_id, size),
        product_id,
        size,
        position,
        found["skuId"],
        found["priceId"],
        found["lowStockThreshold"],
        found["soldOut"],
        extra=_rest(found, known),
    )


def _rest(found: dict[str, Any], known: tuple[str, ...]) -> str:
    """All fields in the owner's order, the known ones blanked."""
    blanked = {name: None if name in known else value for name, value in found.items()}
    return json.dumps(blanked, ensure_ascii=False)
