"""Files of older versions and of people: read with a report, or refused.

One row a file: its content and the report. A refusal names the place and the reason, and the store
is unchanged.
"""

import logging
from pathlib import Path

import pytest

from fancymonkey.core.model import Level
from fancymonkey.errors import DataError
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.products_file.edits.assumptions import assumptions
from fancymonkey.store.products_file.read import read_products
from fancymonkey.store.verify import verify_store

WHOLE = '{"id":"a","name":"A","price":5,"sizes":{"M":{"stock":3,"lowStockThreshold":2}}}'


def sized(size: str) -> str:
    return f'[{{"id":"a","name":"A","price":5,"sizes":{{"M":{size}}}}}]'


def without(name: str, value: str) -> str:
    return "[" + WHOLE.replace(f',"{name}":{value}', "") + "]"


def beside(field: str) -> str:
    return "[" + WHOLE.replace(',"price"', f',{field},"price"') + "]"


TAKEN: dict[str, tuple[str, int | None, list[str]]] = {
    "all that is needed": (f"[{WHOLE}]", 3, []),
    "an object with a list": (f'{{"version":2,"products":[{WHOLE}]}}', 3, []),
    "productId": (f"[{WHOLE.replace('id', 'productId', 1)}]", 3, []),
    "a byte order mark": (f"\ufeff[{WHOLE}]", 3, []),
    "line ends of Windows": (f"[\r\n{WHOLE}\r\n]\r\n", 3, []),
    "no name": (without("name", '"A"'), 3, ["line 1, column 2: product a: name"]),
    "no price": (without("price", "5"), 3, ["product a: price is missing"]),
    "no stock": (sized('{"lowStockThreshold":2}'), 0, ["stock is missing; 0 is taken"]),
    "no stock but null": (sized('{"stock":null,"lowStockThreshold":2}'), 0, ["stock is missing"]),
    "no threshold": (sized('{"stock":3}'), 3, ["lowStockThreshold is missing; 5 is taken"]),
    "no sizes": ('[{"id":"a","name":"A","price":5}]', None, ["it has no sizes"]),
    "sizes of null": ('[{"id":"a","name":"A","price":5,"sizes":null}]', None, ["it has no sizes"]),
    "reserved without a hold": (
        sized('{"stock":3,\n"reserved":2,"lowStockThreshold":2}'),
        3,
        ["line 2, column 12: product a, size M: reserved is 2 and there is no hold; 0 is taken"],
    ),
    "reserved beyond stock": (
        sized('{"stock":1,"reserved":9,"lowStockThreshold":2}'),
        1,
        ["reserved is 9 and there is no hold"],
    ),
    "fields nobody knows": (
        beside('"tags":[[{"x":[1]}]]'),
        3,
        [],
    ),
    "an empty list": ("[]", None, []),
    "a last change that is no time": (
        beside('"lastUpdated":"yesterday"'),
        3,
        [],
    ),
}
REFUSED = {
    "a negative stock": (sized('{"stock":-1}'), "product a, size M: stock must be from 0 to"),
    "a negative reserved": (sized('{"stock":1,"reserved":-2}'), "reserved must be from 0 to"),
    "half a unit": (sized('{"stock":1.5}'), "stock must be a whole number"),
    "a stock with an exponent": (sized('{"stock":1e2}'), "stock must be a whole number"),
    "a stock of text": (sized('{"stock":"3"}'), "stock must be a whole number"),
    "a stock of a list": (sized('{"stock":[3]}'), "stock must be a whole number"),
    "a stock of true": (sized('{"stock":true}'), "stock must be a whole number"),
    "a stock beyond all": (sized('{"stock":99999999999999}'), "stock must be from 0 to"),
    "a stock of no number": (sized('{"stock":NaN}'), "line 1, column"),
    "a threshold of text": (sized('{"lowStockThreshold":"5"}'), "must be a whole number"),
    "sold out of text": (sized('{"soldOut":"no"}'), "soldOut must be true or false"),
    "an id twice": (f"[{WHOLE},\n{WHOLE}]", "line 2, column 1: the product a appears twice"),
    "an id of a number": ('[{"id":7}]', "id must be a text in double quotes"),
    "no id": ('[{"name":"A"}]', "a product has neither id nor productId"),
    "an empty id": ('[{"id":""}]', "id must not be empty"),
    "an id with a slash": ('[{"id":"a/b"}]', "must not contain a slash"),
    "a size twice": ('[{"id":"a","sizes":{"M":{},"M":{}}}]', "line 1, column"),
    "a field twice": (sized('{"stock":1,"stock":2}'), "line 1, column"),
    "a size without a name": ('[{"id":"a","sizes":{"":{}}}]', "a size must have a name"),
    "a size of a number": ('[{"id":"a","sizes":{"M":3}}]', "a size must be an object"),
    "sizes as a list": ('[{"id":"a","sizes":[{"size":"M"}]}]', "sizes must be an object"),
    "a price below nothing": ('[{"id":"a","price":-5}]', "price must be a number of 0 or more"),
    "a price of text": ('[{"id":"a","price":"5.00"}]', "price must be a number"),
    "a name of a number": ('[{"id":"a","name":5}]', "name must be a text"),
    "a product of text": ('["a"]', "a product must be an object"),
    "no list at all": ('{"inventory":[]}', "there is no list of products"),
    "only a number": ("5", "a list of products is expected"),
    "an empty file": ("", "line 1, column 1"),
    "a comma too many": (f"[{WHOLE},]", "line 1, column"),
    "a comment": (f"[ // all\n{WHOLE}]", "line 1, column 3"),
    "cut off": (f"[{WHOLE[:40]}", "line 1, column"),
    "something behind": (f"[{WHOLE}] x", "there is more text after the end"),
    "deep nesting": ("[" * 2000, "line 1, column"),
    "half a character": ('[{"id":"\\ud800"}]', "line 1, column"),
}


@pytest.mark.parametrize("name", TAKEN)
async def test_the_file_is_applied_and_assumptions_are_reported(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text, stock, expected = TAKEN[name]
    data = text.encode()
    assumed = assumptions(read_products(data, "products.json"))
    assert len(assumed) == len(expected), assumed
    assert all(part in line for part, line in zip(expected, assumed, strict=True)), assumed
    (tmp_path / "products.json").write_bytes(data)
    store = JsonStore(tmp_path)
    with caplog.at_level(logging.WARNING):
        await store.open(0)
    for part in expected:
        assert any(part in record.getMessage() for record in caplog.records)
    levels = {row.sku: row async for row in store.scan(Level)}
    assert {sku: row.on_hand for sku, row in levels.items()} == (
        {} if stock is None else {"a/M": stock}
    )
    assert not any(row.reserved for row in levels.values())
    assert (await verify_store(store)).clean
    await store.close()


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_with_line_and_reason(name: str, tmp_path: Path) -> None:
    text, reason = REFUSED[name]
    path = tmp_path / "products.json"
    path.write_text(text, "utf-8")
    store = JsonStore(tmp_path)
    with pytest.raises(DataError) as caught:
        await store.open(0)
    await store.close()
    assert "products.json, line " in str(caught.value)
    assert reason in str(caught.value)
    assert path.read_text("utf-8") == text


def test_text_that_is_not_utf_8_is_refused_with_its_place() -> None:
    with pytest.raises(DataError, match="line 2, column 8: it is not UTF-8 text"):
        read_products(b'[{"id":\n"prod_a\xff"}]', "products.json")
