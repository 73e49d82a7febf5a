"""products.json: its valid forms, and the owner's layout, which stays."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fancymonkey.core.model import Item, Level, Product
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.read import read_products, time_of
from fancymonkey.store.products_file.write import time_text
from tests.store.json_shop import SEED, at, close, hold, open_shop, release

VALUE = json.loads(SEED)
STYLES = {
    "two spaces": SEED,
    "four spaces": json.dumps(VALUE, indent=4),
    "tabs": json.dumps(VALUE, indent="\t") + "\n",
    "minified": json.dumps(VALUE, separators=(",", ":")),
    "one line": json.dumps(VALUE) + "\n",
    "object": json.dumps({"shop": "Fancy", "products": VALUE, "later": [1, 2]}, indent=2) + "\n",
    "escapes": json.dumps(VALUE, indent=2, ensure_ascii=True),
    "windows": json.dumps(VALUE, indent=2, ensure_ascii=False).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + SEED,
    "one product a line": "[\n" + ",\n".join("  " + json.dumps(row) for row in VALUE) + "\n]\n",
    "odd spaces": SEED.replace('"stock":', '"stock"  :\t').replace("},", "} ,"),
    "odd numbers": SEED.replace("58,", "58.50,").replace("0.25", "2.50e-1"),
}


@pytest.mark.parametrize("style", STYLES)
async def test_an_unchanged_file_is_not_written(tmp_path: Path, style: str) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(STYLES[style].encode())
    for _ in range(2):
        await close(await open_shop(tmp_path))
        assert path.read_bytes() == STYLES[style].encode()


@pytest.mark.parametrize("style", STYLES)
async def test_only_what_changed_changes(tmp_path: Path, style: str) -> None:
    source = STYLES[style]
    path = tmp_path / "products.json"
    path.write_bytes(source.encode())
    store = await open_shop(tmp_path)
    await hold(store, "s1", "prod_hoodie_001/M", 2)
    await store.mirror.reconcile()
    held = path.read_bytes().decode()
    expected = source.replace("2025-10-07T00:00:00.000Z", time_text(at(1)), 1)
    first = expected.index("reserved")
    expected = expected[:first] + expected[first:].replace("0", "2", 1)
    assert held == expected
    await release(store, "s1")
    await close(store)
    expected = source.replace("2025-10-07T00:00:00.000Z", time_text(at(2)), 1)
    assert path.read_bytes().decode() == expected


async def test_fields_with_their_default_are_not_added(tmp_path: Path) -> None:
    source = '[{"id": "tee", "sizes": {"M": {"stock": 3}, "L": {}}}]'
    path = tmp_path / "products.json"
    path.write_text(source)
    store = await open_shop(tmp_path)
    assert path.read_text() == source
    await hold(store, "s1", "tee/M", 1)
    await store.mirror.reconcile()
    assert path.read_text() == source.replace('"stock": 3', '"stock": 3, "reserved": 1').replace(
        "}}}]", '}}, "lastUpdated": "' + time_text(at(1)) + '"}]'
    )
    await release(store, "s1")
    await close(store)
    assert path.read_text() == source.replace('"stock": 3', '"stock": 3, "reserved": 0').replace(
        "}}}]", '}}, "lastUpdated": "' + time_text(at(2)) + '"}]'
    )


async def test_a_file_is_parsed(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path)
    products, items = await store.catalogue(["prod_hoodie_001"])
    (product,) = products
    assert (product.name, product.category) == ("MIDNIGHT EMERALD HOODIE", "hoodies")
    assert product.price == Decimal(58)
    assert product.updated_at == time_of("2025-10-07T00:00:00.000Z")
    assert json.loads(product.extra)["material"] == "cotton – 350 g"
    assert json.loads(product.extra)["name"] is None
    medium = next(item for item in items if item.size == "M")
    assert (medium.sku_id, medium.price_id) == ("sku_m", "price_m")
    assert (medium.low_stock_threshold, medium.sold_out, medium.position) == (5, False, 0)
    levels = {row.sku: row async for row in store.scan(Level)}
    assert levels["prod_hoodie_001/M"].on_hand == 20
    assert levels["prod_cap_001/One Size / OS"].on_hand == 0
    await close(store)


async def test_a_missing_file_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(SEED)
    await close(await open_shop(tmp_path))
    path.unlink()
    await close(await open_shop(tmp_path))
    assert path.read_text() == SEED  # the store keeps the owner's text


async def test_an_empty_folder_is_an_empty_shop(tmp_path: Path) -> None:
    store = await open_shop(tmp_path / "new")
    assert [row async for row in store.scan(Product)] == []
    assert [row async for row in store.scan(Item)] == []
    await close(store)
    assert not (tmp_path / "new" / "products.json").exists()


def edited(old: str, new: str) -> str:
    assert old in SEED
    return SEED.replace(old, new, 1)


BAD = {
    "cut off": (SEED[:-10], r"line \d+, column \d+: "),
    "comma": (
        edited('"stock": 20,', '"stock": 20'),
        r"line 11, column 9: a comma or } is expected",
    ),
    "comma at the end": ('[{"id": "a"},]', r"line 1, column 14: a value is expected"),
    "comment": ("[] // none", r"line 1, column 4: there is more text after the end"),
    "no list": ('{"items": []}', "there is no list of products"),
    "by id": (
        '{"products": {"p1": {"name": "Hoodie"}}}',
        r'line 1, column 14: the products are an object by id.*"products": \[{"id": "p1", …}',
    ),
    "by id alone": ('{"p1": {"sizes": {}}, "p2": {"name": "x"}}', 'an object by id.*"id": "p1"'),
    "by id, none": ('{"products": {}}', "the products are an object by id"),
    "no object": ("[1]", "a product must be an object"),
    "text": ('"x"', "a list of products is expected"),
    "below zero": (
        edited('"stock": 20', '"stock": -3'),
        r"line 10, .*size M: stock must be from 0",
    ),
    "half": (edited('"stock": 20', '"stock": 1.5'), "stock must be a whole number"),
    "text for stock": (edited('"stock": 20', '"stock": "20"'), "stock must be a whole number"),
    "switch for stock": (edited('"stock": 20', '"stock": true'), "stock must be a whole number"),
    "too many": (edited('"stock": 20', '"stock": 9000000000'), "stock must be from 0 to"),
    "huge": (edited('"stock": 20', '"stock": ' + "9" * 5000), "stock must be a whole number"),
    "NaN": (edited('"stock": 20', '"stock": NaN'), "a value is expected"),
    "reserved": (edited('"reserved": 0', '"reserved": "no"'), "reserved must be a whole number"),
    "sold out": (edited('"soldOut": false', '"soldOut": "no"'), "soldOut must be true or false"),
    "price": (edited("58,", '"£58",'), "product prod_hoodie_001: price must be a number"),
    "price below zero": (edited("58,", "-58,"), "price must be a number of 0 or more"),
    "huge price": (edited("58,", "1e999,"), "price must be a number of 0 or more"),
    "name": (edited('"MIDNIGHT EMERALD HOODIE"', "7"), "name must be a text"),
    "sizes": ('[{"id": "a", "sizes": ["M"]}]', "product a: sizes must be an object"),
    "size": ('[{"id": "a", "sizes": {"M": 3}}]', "product a, size M: a size must be an object"),
    "size without a name": ('[{"id": "a", "sizes": {"": {}}}]', "a size must have a name"),
    "same key twice": (edited('"reserved": 0', '"stock": 0'), 'the key "stock" appears twice'),
    "same id twice": ('[{"id": "a"}, {"id": "a"}]', "column 15: the product a appears twice"),
    "no id": ('[{"name": "a"}]', "a product has neither id nor productId"),
    "empty id": ('[{"id": ""}]', "id must not be empty"),
    "slash": ('[{"productId": "a/b"}]', "productId must not be empty and must not contain a slash"),
    "number as id": ('[{"id": 7}]', "id must be a text"),
    "NUL": ('[{"id": "a\\u0000"}]', "NUL or half a surrogate pair"),
    "surrogate": ('[{"id": "a\\ud800"}]', "NUL or half a surrogate pair"),
    "control character": ('[{"id": "a\n"}]', "line 1, column 11: invalid control character"),
    "deep": ("[" * 100_000, "nested deeper than"),
    "empty": ("", "line 1, column 1: the text ends too early"),
}


@pytest.mark.parametrize("name", BAD)
def test_invalid_input_is_refused_with_its_place(name: str) -> None:
    text, message = BAD[name]
    with pytest.raises(DataError, match="products.json, line .*" + message.removeprefix("line ")):
        read_products(text.encode(), "products.json")


def test_text_that_is_not_utf8_is_refused_with_its_place() -> None:
    with pytest.raises(DataError, match=r"products\.json, line 2, column 3: it is not UTF-8"):
        read_products(b"[\n  \xff]", "products.json")


async def test_a_bad_file_and_no_state_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED[:-5])
    with pytest.raises(DataError, match=r"products.json, line \d+"):
        await open_shop(tmp_path)
    (tmp_path / "products.json").write_text(SEED)
    await close(await open_shop(tmp_path))


@pytest.mark.parametrize("text", ["2025-10-07T00:00:00.000Z", "2025-10-07T02:00:00+02:00"])
def test_times(text: str) -> None:
    assert time_text(time_of(text) or 0) == "2025-10-07T00:00:00.000Z"
    assert time_of("soon") is None
