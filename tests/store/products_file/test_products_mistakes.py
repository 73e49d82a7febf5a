"""Mistyped, lost and look-alike names in products.json are refused with their line."""

import json
import logging
import re
from pathlib import Path

import pytest

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.errors import DataError
from fancymonkey.store.json.store import JsonStore
from tests.store.json_shop import at, open_shop

TEE = """[
  {
    "id": "tee",
    "name": "TEE",
    "category": "shirts",
    "price": 20,
    "restockDate": "2026-12-31",
    "colour": "red",
    "sizes": {
      "M": {
        "skuId": "sku_m",
        "priceId": "price_m",
        "soldOut": true,
        "stock": 20,
        "reserved": 0,
        "lowStockThreshold": 3
      },
      "L": {
        "stock": 5
      }
    }
  }
]
"""

EDITS: dict[str, tuple[str, str, str]] = {
    # mistyped names: the former text, the present text, the report
    "stok": ('"stock": 20', '"stok": 20', "line 14, .*size M: stok .*stock"),
    "a capital letter": ('"stock": 20', '"Stock": 20', "size M: Stock .*stock"),
    "all capitals": ('"stock": 20', '"STOCK": 20', "size M: STOCK .*stock"),
    "a plural": ('"stock": 20', '"stocks": 20', "size M: stocks .*stock"),
    "letters swapped": ('"stock": 20', '"sotck": 20', "size M: sotck .*stock"),
    "a letter twice": ('"stock": 20', '"stockk": 20', "size M: stockk .*stock"),
    "a Cyrillic letter": ('"stock": 20', '"st\u043eck": 20', "size M: .* .*stock"),
    "a space in the name": ('"stock": 20', '"stock ": 20', "size M: stock  .*stock"),
    "an invisible character": ('"stock": 20', '"sto\u200bck": 20', "size M: .*stock"),
    "size for sizes": ('"sizes"', '"size"', "line 9, .*product tee: size .*sizes"),
    "Sizes": ('"sizes"', '"Sizes"', "product tee: Sizes .*sizes"),
    "prise": ('"price": 20', '"prise": 20', "line 6, .*product tee: prise .*price"),
    "prices": ('"price": 20', '"prices": 20', "product tee: prices .*price"),
    "nmae": ('"name"', '"nmae"', "product tee: nmae .*name"),
    "categorie": ('"category"', '"categorie"', "product tee: categorie .*category"),
    "categories": ('"category"', '"categories"', "product tee: categories .*category"),
    "restock_date": ('"restockDate"', '"restock_date"', "restock_date .*restockDate"),
    "restokDate": ('"restockDate"', '"restokDate"', "restokDate .*restockDate"),
    "soldout": ('"soldOut"', '"soldout"', "size M: soldout .*soldOut"),
    "sold-out": ('"soldOut"', '"sold-out"', "size M: sold-out .*soldOut"),
    "sold_out": ('"soldOut"', '"sold_out"', "size M: sold_out .*soldOut"),
    "lowstockthreshold": ('"lowStockThreshold"', '"lowstockthreshold"', "lowStockThreshold"),
    "low_stock_treshold": ('"lowStockThreshold"', '"low_stock_treshold"', "lowStockThreshold"),
    "sku_id": ('"skuId"', '"sku_id"', "size M: sku_id .*skuId"),
    "PriceID": ('"priceId"', '"PriceID"', "size M: PriceID .*priceId"),
    "resreved": ('"reserved": 0', '"resreved": 0', "size M: resreved .*reserved"),
    "beside the known field": ('"stock": 20', '"stock": 20, "stok": 25', "stok .*stock"),
    "the same in capitals beside it": ('"stock": 5', '"stock": 5, "STOCK": 9', "size L: STOCK"),
    "ID": ('"id": "tee"', '"ID": "tee"', "neither id nor productId; probably ID is meant"),
    # lost fields
    "no stock": ('\n        "stock": 20,', "", "line 10, .*size M: stock was there before"),
    "a stock of null": ('"stock": 20', '"stock": null', "size M: stock was there before"),
    "no price": ('\n    "price": 20,', "", "line 2, .*product tee: price was there before"),
    "no name": ('\n    "name": "TEE",', "", "product tee: name was there before"),
    "no category": ('\n    "category": "shirts",', "", "product tee: category was there"),
    "no restock date": ('\n    "restockDate": "2026-12-31",', "", "restockDate was there"),
    "no SKU id": ('\n        "skuId": "sku_m",', "", "size M: skuId was there before"),
    "no price id": ('\n        "priceId": "price_m",', "", "size M: priceId was there before"),
    "no sold out": ('\n        "soldOut": true,', "", "size M: soldOut was there before"),
    "no threshold": (',\n        "lowStockThreshold": 3', "", "lowStockThreshold was there"),
    "sizes of null": (TEE[TEE.index('{\n      "M"') : TEE.index("\n  }\n]")], "null", "sizes was"),
    # wrong types
    "a stock of text": ('"stock": 20', '"stock": "20"', "line 14, .*stock must be a whole number"),
    "half a unit": ('"stock": 20', '"stock": 20.5', "stock must be a whole number"),
    "a stock of true": ('"stock": 20', '"stock": true', "stock must be a whole number"),
    "a stock of a list": ('"stock": 20', '"stock": []', "stock must be a whole number"),
    "sold out of text": ('"soldOut": true', '"soldOut": "true"', "soldOut must be true or false"),
    # dates
    "a date of words": ('"2026-12-31"', '"soon"', "line 7, .*restockDate must be a date"),
    "a day that is none": ('"2026-12-31"', '"31.02.2027"', "restockDate must be a date"),
    "a date of America": ('"2026-12-31"', '"12/31/2026"', "restockDate must be a date"),
    "a short year": ('"2026-12-31"', '"31.12.26"', "restockDate must be a date"),
    "a date of a number": ('"2026-12-31"', "20261231", "restockDate must be a text"),
    # keys
    "a space behind a size": ('"L": {', '"L ": {', "line 18, .*'L ': Remove the space.*'L'"),
    "a no-break space": ('"L": {', '"L\u00a0": {', "unusual space .*'L'"),
    "a size twice but for a space": ('"L": {', '"L": {}, "L ": {', "Remove the space.*'L'"),
    "an invisible character in a size": ('"L": {', '"L\u200b": {', "invisible .*'L'"),
    "a Cyrillic size": ('"M": {', '"\u041c": {', "looks like 'M', which exists already"),
    "a size in the other case beside it": ('"L": {', '"L": {}, "l": {', "looks like 'L'"),
    "a full-width letter": ('"L": {', '"\uff2c": {', "looks like 'L'"),
    "a space before an id": ('"id": "tee"', '"id": " tee"', "line 2, .*space.*'tee'"),
    "a Cyrillic id": ('"id": "tee"', '"id": "t\u0435e"', "looks like 'tee'"),
    "marks apart": ('"L": {', '"L": {}, "Gro\u0308\u00dfe": {', r"\(NFD\)"),
}


async def stocks(store: JsonStore) -> dict[str, int]:
    rows = [row async for row in store.scan(Level)]
    return {row.sku: row.on_hand for row in rows}


@pytest.mark.parametrize("name", EDITS)
async def test_the_edit_is_refused_and_the_last_good_state_stays(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new, words = EDITS[name]
    assert old in TEE
    path = tmp_path / "products.json"
    path.write_text(TEE)
    store = await open_shop(tmp_path)
    before = await store.snapshot()
    text = TEE.replace(old, new, 1)
    path.write_text(text)
    with caplog.at_level(logging.ERROR):
        await store.mirror.reconcile()
    assert re.search(words, caplog.text), caplog.text
    (problem,) = await store.health_problems()
    assert problem.startswith("products.json, line ")
    assert await store.snapshot() == before
    assert path.read_text() == text
    await store.close()
    again = JsonStore(tmp_path, read_only=True)  # the finding of the doctor
    await again.open(at(1))
    assert any(
        problem.startswith("products.json, line ") for problem in await again.health_problems()
    )
    await again.close()
    path.write_text(TEE)
    store = await open_shop(tmp_path)
    assert await store.health_problems() == []
    assert await store.snapshot() == before
    await store.close()


TAKEN: dict[str, tuple[str, str]] = {
    "an own field": ('"colour": "red"', '"colour": "blue", "fabric": "cotton"'),
    "own fields that look a bit like known ones": (
        '"colour": "red"',
        '"sale": true, "title": "x", "images": [], "price2": 3, "sku": "x", "updatedAt": 1',
    ),
    "own fields of a size": ('"stock": 5', '"stock": 5, "cost": 4, "shock": "no"'),
    "prices beside price": ('"price": 20', '"price": 20, "prices": {"eur": 20}'),
    "an own field taken out": ('\n    "colour": "red",', ""),
    "no price on purpose": ('"price": 20', '"price": null'),
    "no date on purpose": ('"restockDate": "2026-12-31"', '"restockDate": null'),
    "an empty date": ('"restockDate": "2026-12-31"', '"restockDate": ""'),
    "another date": ('"2026-12-31"', '"1.2.2027"'),
    "a time": ('"2026-12-31"', '"2027-02-01T10:00:00Z"'),
    "a missing default": ('\n        "reserved": 0,', ""),
    "a size in the other case": ('"L": {', '"l": {'),
    "a size with accents": ('"L": {', '"Gr\u00f6\u00dfe 1": {}, "L": {'),
    "productId for id": ('"id": "tee"', '"productId": "tee"'),
    "no sizes on purpose": (TEE[TEE.index('{\n      "M"') : TEE.index("\n  }\n]")], "{}"),
}


@pytest.mark.parametrize("name", TAKEN)
async def test_plausible_values_are_accepted(name: str, tmp_path: Path) -> None:
    old, new = TAKEN[name]
    assert old in TEE
    path = tmp_path / "products.json"
    path.write_text(TEE)
    store = await open_shop(tmp_path)
    path.write_text(TEE.replace(old, new, 1))
    await store.mirror.reconcile()
    assert await store.health_problems() == []
    await store.close()
    products = json.loads(path.read_text())
    wanted = json.loads(TEE.replace(old, new, 1))
    for product in (*products, *wanted):
        product.pop("lastUpdated", None)
        product["restockDate"] = {"1.2.2027": "2027-02-01", "": None}.get(
            product["restockDate"], product["restockDate"]
        )
    assert products == wanted


@pytest.mark.parametrize(
    "text",
    [
        TEE.replace('"stock": 20', '"Stock": 20'),
        TEE.replace('"sizes"', '"size"'),
        TEE.replace('"L": {', '"L ": {'),
        TEE.replace('"2026-12-31"', '"soon"'),
        '{"Products": []}',
    ],
)
async def test_a_first_file_with_a_mistake_starts_no_shop(text: str, tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(text)
    with pytest.raises(DataError, match=r"products.json, line \d+"):
        await open_shop(tmp_path)
    assert (tmp_path / "products.json").read_text() == text


async def test_a_shop_that_has_such_names_opens_and_takes_other_edits_in(tmp_path: Path) -> None:
    """An earlier version has accepted them: they belong to the owner."""
    path = tmp_path / "products.json"
    store = await open_shop(tmp_path)
    extra = '{"id":null,"size":"wide","restockDate":null,"sizes":null}'
    items = (
        NewItem(Item("tee/L ", "tee", "L ", extra='{"stok":7,"stock":null}'), 5),
        NewItem(Item("tee/\u041c", "tee", "\u041c", 1), 20),
    )
    product = Product("tee", "TEE", restock_date="soon", extra=extra)
    await store.run(
        [UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items)], at(1), 0
    )
    await store.close()
    text = path.read_text()
    assert '"L ": ' in text
    assert '"stok": 7' in text
    store = await open_shop(tmp_path)
    assert await store.health_problems() == []
    path.write_text(text.replace('"stock": 20', '"stock": 22').replace('"soon"', '"2027-01-01"'))
    await store.mirror.reconcile()
    assert await store.health_problems() == []
    assert (await stocks(store))["tee/\u041c"] == 22
    await store.close()


async def test_several_mistakes_are_all_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "products.json"
    path.write_text(TEE)
    store = await open_shop(tmp_path)
    path.write_text(TEE.replace('"stock": 20', '"stok": 20').replace('"price":', '"prise":'))
    await store.mirror.reconcile()
    (problem,) = await store.health_problems()
    assert "more in the log" in problem
    assert "stok" in caplog.text
    assert "prise" in caplog.text
    await store.close()
