"""Edits of products.json that would empty the shop, count units twice, or have no effect."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.model import Item, Level, Product
from fancymonkey.store.json.store import JsonStore
from tests.store.json_shop import close, hold, open_shop

Rows = list[dict[str, Any]]

SHOP: Rows = [
    {
        "id": "tee",
        "name": "TEE",
        "price": 20,
        "colour": "red",
        "sizes": {
            "M": {"skuId": "sku_m", "priceId": "price_m", "stock": 20},
            "L": {"stock": 5},
        },
    },
    {"id": "cap", "name": "CAP", "price": 15, "reserved": 3, "sizes": {"OS": {"stock": 7}}},
    {"id": "pin", "name": "PIN", "price": 5, "sizes": {"ONE": {"stock": 9}}},
]


def copy() -> Rows:
    rows: Rows = json.loads(json.dumps(SHOP))
    return rows


async def opened(folder: Path, rows: Rows | None = None) -> JsonStore:
    (folder / "products.json").write_text(json.dumps(rows or SHOP, indent=2))
    return await open_shop(folder)


async def edit(store: JsonStore, folder: Path, rows: Rows) -> list[str]:
    """The problems of the shop after an edit."""
    (folder / "products.json").write_text(json.dumps(rows, indent=2))
    await store.mirror.reconcile()
    return list(await store.health_problems())


async def units(store: JsonStore) -> dict[str, int]:
    """The units of the sizes on sale."""
    live = {row.sku async for row in store.scan(Item) if not row.archived}
    off = {row.product_id async for row in store.scan(Product) if row.archived}
    return {
        row.sku: row.on_hand
        async for row in store.scan(Level)
        if row.sku in live and row.sku.partition("/")[0] not in off
    }


MISPLACED: dict[str, tuple[str, Any, str]] = {
    "a stock of a product": ("tee", {"stock": 30}, "product tee: stock belongs in a size"),
    "sold out of a product": ("tee", {"soldOut": True}, "tee: soldOut belongs in a size"),
    "a threshold of a product": ("tee", {"lowStockThreshold": 2}, "belongs in a size"),
    "locations of a product": ("tee", {"locations": {"main": {"stock": 1}}}, "belongs in a size"),
    "a bundle of a product": ("tee", {"bundle": []}, "bundle belongs in a size"),
    "a restock date of a size": ("tee/M", {"restockDate": "2027-01-01"}, "belongs in the product"),
    "a price of a size": ("tee/M", {"price": 25}, "price belongs in the product, beside its sizes"),
    "a price of a new size": ("pin/TWO", {"stock": 1, "price": 5}, "price belongs in the product"),
    "sizes of a size": ("tee/M", {"sizes": {"S": {}}}, "sizes belongs in the product"),
}


@pytest.mark.parametrize("name", MISPLACED)
async def test_a_field_at_the_wrong_level_is_refused(name: str, tmp_path: Path) -> None:
    where, fields, words = MISPLACED[name]
    store = await opened(tmp_path)
    before = await units(store)
    rows = copy()
    product_id, _, size = where.partition("/")
    product = next(row for row in rows if row["id"] == product_id)
    (product["sizes"].setdefault(size, {}) if size else product).update(fields)
    (problem,) = await edit(store, tmp_path, rows)
    assert re.search(rf"products\.json, line \d+, .*{words}", problem)
    assert await units(store) == before
    assert await edit(store, tmp_path, SHOP) == []
    await close(store)


@pytest.mark.parametrize(
    ("product_id", "fields"),
    [
        ("cap", {"reserved": 4}),  # the owner's own since the first file
        ("pin", {"stock": None}),
        ("tee", {"bundle": "summer", "locations": "shelf 3"}),
        ("pin", {"colour": "red"}),
    ],
)
async def test_own_fields_stay_the_owners(
    product_id: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    store = await opened(tmp_path)
    rows = copy()
    next(row for row in rows if row["id"] == product_id).update(fields)
    assert await edit(store, tmp_path, rows) == []
    await close(store)


async def test_a_price_of_a_size_since_the_first_file_stays_the_owners(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = copy()
    rows[0]["sizes"]["M"]["price"] = 25
    store = await opened(tmp_path, rows)
    assert "size M: price is not used here; it belongs in the product" in caplog.text
    rows[0]["name"] = "SHIRT"
    assert await edit(store, tmp_path, rows) == []
    await close(store)


@pytest.mark.parametrize("text", ["[]", '{"products": []}', " [ \n ] "])
async def test_a_file_without_products_takes_none_off_sale(text: str, tmp_path: Path) -> None:
    store = await opened(tmp_path)
    before = await units(store)
    (tmp_path / "products.json").write_text(text)
    await store.mirror.reconcile()
    (problem,) = await store.health_problems()
    assert re.search(r"line 1, column \d+: it has no products, and the shop has 3", problem)
    assert await units(store) == before
    assert await edit(store, tmp_path, SHOP) == []
    await close(store)


async def test_the_only_product_may_be_taken_out(tmp_path: Path) -> None:
    store = await opened(tmp_path, SHOP[:1])
    assert await edit(store, tmp_path, []) == []
    assert await units(store) == {}
    await close(store)


@pytest.mark.parametrize("name", ["", " ", "\u00a0"])
async def test_a_name_is_not_emptied(name: str, tmp_path: Path) -> None:
    store = await opened(tmp_path)
    rows = copy()
    rows[0]["name"] = name
    (problem,) = await edit(store, tmp_path, rows)
    assert "product tee: name must not be empty" in problem
    await close(store)


def renamed(rows: Rows) -> None:
    rows[0]["id"] = "shirt"


def renamed_with_another_name(rows: Rows) -> None:
    rows[0] |= {"id": "shirt", "name": "SHIRT"}


def renamed_without_ids(rows: Rows) -> None:
    rows[2]["id"] = "badge"


def size_moved(rows: Rows) -> None:
    rows[1]["sizes"]["M"] = rows[0]["sizes"].pop("M")


MOVES = {
    "a product with a new id": (renamed, "tee/M", "shirt/M"),
    "with a new name as well": (renamed_with_another_name, "tee/M", "shirt/M"),
    "without ids of sizes": (renamed_without_ids, "pin/ONE", "badge/ONE"),
    "a size in another product": (size_moved, "tee/M", "cap/M"),
}


@pytest.mark.parametrize("name", MOVES)
async def test_units_that_move_are_not_counted_twice_while_buyers_hold_them(
    name: str, tmp_path: Path
) -> None:
    change, old, _ = MOVES[name]
    store = await opened(tmp_path)
    before = await units(store)
    await hold(store, "s1", old, 2)
    rows = copy()
    change(rows)
    problems = await edit(store, tmp_path, rows)
    assert any("Buyers hold units of it" in problem for problem in problems), problems
    assert any("none of these edits was applied" in problem for problem in problems)
    assert await units(store) == before
    listed = json.loads((tmp_path / "products.json").read_text())
    assert {row["id"] for row in listed} == {"tee", "cap", "pin"}
    await close(store)


@pytest.mark.parametrize("name", MOVES)
async def test_units_move_without_holds(name: str, tmp_path: Path) -> None:
    change, old, new = MOVES[name]
    store = await opened(tmp_path)
    before = await units(store)
    rows = copy()
    change(rows)
    assert await edit(store, tmp_path, rows) == []
    after = await units(store)
    assert old not in after
    assert after[new] == before[old]
    assert sum(after.values()) == sum(before.values())
    await close(store)
