"""Random commands and random edits of the file: in the end both sides are equal."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.model import Level
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.products_file.read import read_products
from fancymonkey.store.products_file.write import ProductWithSizes, listed_products
from tests.core.builders import balance
from tests.store.scripts import batches, catalogue, script


def described(listed: ProductWithSizes) -> dict[str, Any]:
    """The fields of a product in the file."""
    product = listed.product
    return {
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "restock_date": product.restock_date,
        "sizes": [
            (
                size.item.size,
                size.on_hand,
                size.reserved,
                size.item.sold_out,
                size.item.low_stock_threshold,
                json.loads(size.item.extra).get("colour"),
            )
            for size in listed.sizes
        ],
    }


async def truth(store: JsonStore) -> dict[str, Any]:
    snapshot = await store.snapshot()
    rows = listed_products(snapshot.products, snapshot.items, snapshot.levels)
    return {listed.product.product_id: described(listed) for listed in rows}


def in_file(path: Path) -> dict[str, Any]:
    products = read_products(path.read_bytes(), path.name).products
    return {
        id_: {
            "name": product.product.name,
            "category": product.product.category,
            "price": product.product.price,
            "restock_date": product.product.restock_date,
            "sizes": [
                (
                    size.item.size,
                    size.stock,
                    size.reserved,
                    size.item.sold_out,
                    size.item.low_stock_threshold,
                    json.loads(size.item.extra).get("colour"),
                )
                for size in product.sizes
            ],
        }
        for id_, product in products.items()
    }


def edit(path: Path, chance: random.Random) -> None:
    """One random edit of the file by its owner."""
    shop = json.loads(path.read_text())
    products = shop["products"]
    chance.shuffle(products) if chance.random() < 0.2 else None
    if chance.random() < 0.15:
        products.insert(0, {"productId": f"new{chance.randrange(4)}", "sizes": {"M": {"stock": 2}}})
    if len(products) > 1 and chance.random() < 0.15:
        products.pop(chance.randrange(len(products)))
    shop["products"] = list({row.get("id", row.get("productId")): row for row in products}.values())
    product = chance.choice(shop["products"])
    product["name"] = chance.choice(["A", "B", "ö"])
    product["price"] = chance.choice([1, 2.5, None])
    product["restockDate"] = chance.choice([None, "2026-01-01"])
    sizes = product.get("sizes") or {}
    if sizes and chance.random() < 0.2:
        sizes.pop(chance.choice(list(sizes)))
    if chance.random() < 0.2:
        sizes["XXL"] = {**sizes.get("XXL", {}), "stock": 1, "colour": "red"}
    for size in sizes.values():
        field, value = chance.choice(
            [
                ("stock", chance.randrange(15)),
                ("reserved", chance.randrange(3)),
                ("soldOut", chance.random() < 0.5),
                ("lowStockThreshold", chance.randrange(9)),
                ("colour", chance.choice(["red", "blue"])),
            ]
        )
        size[field] = value
    product["sizes"] = sizes
    path.write_text(json.dumps(shop, indent=chance.choice([None, 2, "\t"])))


@pytest.mark.parametrize("seed", range(12))
async def test_both_sides_are_equal_in_the_end(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "products.json"
    store = JsonStore(tmp_path)
    await store.open(0)
    await store.run(catalogue(), 1, 0)
    await store.mirror.reconcile()
    for commands, now in batches(seed, script(seed, 80)):
        await store.run(commands, now, 0)
        if chance.random() < 0.4:
            edit(path, chance)
        if chance.random() < 0.3:
            await store.close()
            if chance.random() < 0.5:
                edit(path, chance)
            store = JsonStore(tmp_path)
            await store.open(now)
        await store.mirror.reconcile()
        assert list(in_file(path).items()) == list((await truth(store)).items())
        revision, text = (await store.snapshot()).revision, path.read_bytes()
        await store.mirror.reconcile()
        assert ((await store.snapshot()).revision, path.read_bytes()) == (revision, text)
    entries = await store.entries_after(0, 10**6)
    async for level in store.scan(Level):
        assert balance(entries, level.sku, level.location).on_hand == level.on_hand
    await store.close()
