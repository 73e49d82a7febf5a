"""Every store keeps the owner's layout of products.json and writes it again."""

import json
from pathlib import Path

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Level, Product
from fancymonkey.core.stock.adjust import Count
from fancymonkey.store.contract import Store
from fancymonkey.store.copy import compare, copy
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.products_file.owners_text import MAX_CHARACTERS
from tests.store.json_shop import SEED, at, open_shop
from tests.store.products_file.test_products_file import STYLES

WAYS = {
    **STYLES,
    "object in Windows' way": STYLES["object"].replace("\n", "\r\n"),
    "byte order mark and Windows": "\ufeff" + STYLES["windows"],
    "no last line end": SEED.rstrip("\n"),
    "many last line ends": SEED + "\n\n",
    "list before other fields": '{"products": ' + SEED.rstrip() + ', "shop": "Fancy", "v": 2}\n',
    "ids as productId": SEED.replace('"id"', '"productId"'),
    "price with zeros": SEED.replace("58,", "58.00,").replace("19.90", "1.990e1"),
}


async def through(source: Store, target: Store, folder: Path) -> JsonStore:
    """Copies a store into another, and from there into a folder."""
    await copy(source, target)
    assert await compare(source, target) == []
    store = JsonStore(folder)
    await store.open(at(5))
    await copy(target, store)
    assert await compare(target, store) == []
    return store


@pytest.mark.parametrize("way", WAYS)
async def test_a_file_is_restored_byte_for_byte(way: str, store: Store, tmp_path: Path) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    first.mkdir()
    (first / "products.json").write_bytes(WAYS[way].encode())
    source = await open_shop(first)
    back = await through(source, store, last)
    await source.close()
    await back.close()
    assert (last / "products.json").read_bytes() == WAYS[way].encode()


async def test_only_changes_differ_after_a_copy(store: Store, tmp_path: Path) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    first.mkdir()
    (first / "products.json").write_text(SEED)
    source = await open_shop(first)
    await copy(source, store)
    await source.close()
    await store.run(
        [Count(sku="prod_hoodie_001/L", location=DEFAULT_LOCATION, quantity=9)], at(3), 0
    )
    back = JsonStore(last)
    await back.open(at(5))
    await copy(store, back)
    await back.close()
    lines = (last / "products.json").read_text().splitlines()
    changed = [line for line in lines if line not in SEED.splitlines()]
    assert [line.strip().partition(":")[0] for line in changed] == ['"stock"', '"lastUpdated"']
    assert len(lines) == len(SEED.splitlines())


async def test_the_latest_shape_counts_also_when_it_was_edited(
    store: Store, tmp_path: Path
) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    first.mkdir()
    path = first / "products.json"
    path.write_text(SEED)
    source = await open_shop(first)
    text = json.dumps({"mine": 1, "products": json.loads(SEED)}, indent=1)
    path.write_text(text)
    await source.mirror.reconcile()
    back = await through(source, store, last)
    await source.close()
    await back.close()
    assert (last / "products.json").read_text() == text


async def test_a_store_of_an_older_version_gets_the_shape_at_its_next_start(
    tmp_path: Path,
) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path)
    rows = store.image.rows
    for kind in rows:
        if kind.TABLE == "document":
            rows[kind].clear()
    await store.mirror.open(store._entries_since)
    assert any(kind.TABLE == "document" and rows[kind] for kind in rows)
    await store.close()


async def test_of_a_long_file_the_first_products_are_kept_and_all_come_back(
    store: Store, tmp_path: Path
) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    first.mkdir()
    products = [
        {"id": f"p{number}", "note": "x" * 2000, "sizes": {"M": {"stock": number}}}
        for number in range(3 * MAX_CHARACTERS // 2000)
    ]
    text = json.dumps(products, indent="\t") + "\n"
    (first / "products.json").write_text(text)
    source = await open_shop(first)
    back = await through(source, store, last)
    await source.close()
    assert len([row async for row in back.scan(Product)]) == len(products)
    assert len([row async for row in back.scan(Level)]) == len(products)
    await back.close()
    assert (last / "products.json").read_text() == text


async def test_a_file_that_was_deleted_comes_back_in_its_own_shape(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(STYLES["windows"].encode())
    await (await open_shop(tmp_path)).close()
    path.unlink()
    await (await open_shop(tmp_path)).close()
    assert path.read_bytes() == STYLES["windows"].encode()
