"""`fancymonkey check`: its report about a products.json, with every mistake and its line."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.store.json_shop import open_shop

TWO = """[
  {"id": "tee", "name": "TEE", "price": 20,
   "sizes": {"M": {"stock": 20, "lowStockThreshold": 5, "skuId": "s1", "priceId": "p1"},
             "L": {"stock": 5, "lowStockThreshold": 5, "skuId": "s2", "priceId": "p1"}}},
  {"id": "cap", "name": "CAP", "price": 9,
   "sizes": {"OS": {"stock": 3, "lowStockThreshold": 5, "skuId": "s3", "priceId": "p2"}}}
]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "products.json"
    path.write_text(text)
    return path


def test_a_good_file(cli: Run, tmp_path: Path) -> None:
    result = cli("check", written(tmp_path, TWO))
    assert result.exit_code == 0
    assert result.output == ("2 products and 3 sizes can be imported; 0 assumptions made.\n")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"stock": 5', '"stok": 5', ["line 4", "size L: stok is not a field", "probably stock"]),
        ('"sizes": {"OS"', '"size": {"OS"', ["line 6", "product cap: size", "probably sizes"]),
        ('"OS"', '"L "', ["'L '", "Remove the space"]),
        ('"L": {', '"M ": {', ["'M '", "looks like 'M'", "Remove the space"]),
        ('"id": "cap"', '"id": "TEE"', ["line 5", "'TEE'", "looks like 'tee'"]),
        ('"price": 9', '"price": 9, "restockDate": "soon"', ["line 5", "must be a date"]),
    ],
)
def test_a_mistake_is_named_with_its_line(
    cli: Run, tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    path = written(tmp_path, TWO.replace(old, new, 1))
    result = cli("check", path)
    assert result.exit_code == 1
    assert all(word in result.output for word in ("products.json, line ", *words)), result.output
    report = json.loads(cli("check", path, "--json").output)
    assert report["taken"] is False
    assert len(report["mistakes"]) == 1


PLACES = '"stock": 5, "locations": {"main": {"stock": 2}, "berlin": {"stock": 3}}'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"stock": 5', '"stock": 6', ["size L: stock is 6", "add up to 5", "main 2, berlin 3"]),
        ('"berlin"', '"Main"', ["there is no location 'Main'", "probably main"]),
        ('"berlin"', '"a b"', ["'a b' is not a valid id"]),
        ('{"stock": 3}', "3", ["location berlin: a location must be an object"]),
        ('"stock": 3', '"stock": 3.5', ["location berlin: stock must be a whole number"]),
        ('"stock": 3', '"stok": 3', ["stok is not a field of a location; probably stock"]),
    ],
)
def test_locations_are_checked(
    cli: Run, tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    good = TWO.replace('"stock": 5', PLACES)
    assert cli("check", written(tmp_path, good)).exit_code == 0
    result = cli("check", written(tmp_path, good.replace(old, new, 1)))
    assert result.exit_code == 1
    assert all(word in result.output for word in ("products.json, line 4", *words)), result.output


def test_all_mistakes_are_named_at_once(cli: Run, tmp_path: Path) -> None:
    text = TWO.replace('"stock": 5', '"stok": 5').replace('"name": "CAP"', '"Name": "CAP"')
    result = json.loads(cli("check", written(tmp_path, text), "--json").output)
    assert ["line 4" in result["mistakes"][0], "line 5" in result["mistakes"][1]] == [True, True]


def test_reinterpreted_and_unused_fields_are_named(cli: Run, tmp_path: Path) -> None:
    text = TWO.replace('"price": 9', '"price": 9, "restockDate": "31.12.2026", "stock": 4')
    text = text.replace('"stock": 3', '"stock": 3, "price": 8')
    result = cli("check", written(tmp_path, text))
    assert result.exit_code == 0
    assert "products.json, line 5, " in result.output
    assert "product cap: restockDate 31.12.2026 is read as 2026-12-31" in result.output
    assert "product cap: stock is not used here; it belongs in a size" in result.output
    assert "size OS: price is not used here; it belongs in the product" in result.output


def test_shared_ids_are_named_and_taken_in(cli: Run, tmp_path: Path) -> None:
    path = written(tmp_path, TWO.replace('"p2"', '"p1"').replace('"s3"', '"s2"'))
    result = cli("check", path)
    assert result.exit_code == 0
    assert "priceId p1 is used by tee and cap" in result.output
    assert "skuId s2 is used by tee/L and cap/OS" in result.output
    assert len(json.loads(cli("check", path, "--json").output)["sharedIds"]) == 2


def test_beside_a_store_it_is_compared_with_the_last_version(cli: Run, tmp_path: Path) -> None:
    async def opened() -> None:
        await (await open_shop(tmp_path)).close()

    path = written(tmp_path, TWO)
    asyncio.run(opened())
    path.write_text(TWO.replace('"stock": 5, ', ""))
    result = cli("check", path)
    assert result.exit_code == 1
    assert "size L: stock was there before and is missing" in result.output
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    result = cli("check", written(elsewhere, path.read_text()))
    assert result.exit_code == 0
    assert "size L: stock is missing; 0 is taken" in result.output
