"""Mistakes in bundles of products.json: removed bundles, removed parts, and names with their
place.
"""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.model import Item
from fancymonkey.store.json.store import JsonStore
from tests.store.json_shop import close, open_shop

PARTS = [{"productId": "tee", "size": "M"}, {"productId": "cap", "size": "OS"}]
OPTIONS = [{"productId": "tee", "size": "M"}, {"productId": "cap", "size": "OS"}]
CHOICE = {"groups": [{"name": "any", "choose": 1, "options": OPTIONS}]}
SHOP: list[dict[str, Any]] = [
    {"id": "tee", "name": "TEE", "price": 20, "sizes": {"M": {"stock": 20}, "L": {"stock": 5}}},
    {"id": "cap", "name": "CAP", "price": 15, "sizes": {"OS": {"stock": 7}}},
    {"id": "set", "name": "SET", "price": 30, "sizes": {"ONE": {"bundle": PARTS}}},
    {"id": "mix", "name": "MIX", "price": 30, "sizes": {"ONE": {"bundle": CHOICE}}},
]
TEXT = json.dumps(SHOP, indent=2)


async def edited(folder: Path, text: str) -> tuple[JsonStore, list[str]]:
    """A shop after an edit of its file, and its problems."""
    path = folder / "products.json"
    path.write_text(TEXT)
    store = await open_shop(folder)
    assert await store.health_problems() == []
    path.write_text(text)
    await store.mirror.reconcile()
    return store, list(await store.health_problems())


async def parts(store: JsonStore, sku: str) -> list[str]:
    item = await store.find(Item, sku)
    assert item is not None
    return [part.sku for part in item.components]


def with_part(**fields: Any) -> str:
    """The shop with other fields of the second part of the set."""
    rows = json.loads(TEXT)
    rows[2]["sizes"]["ONE"]["bundle"][1] |= fields
    return json.dumps(rows, indent=2)


def with_bundle(bundle: Any) -> str:
    rows = json.loads(TEXT)
    rows[2]["sizes"]["ONE"]["bundle"] = bundle
    return json.dumps(rows, indent=2)


def line_of(text: str, part: str) -> int:
    return text[: text.rindex(part)].count("\n") + 1


NAMES: dict[str, tuple[str, str, str]] = {
    "a part's number": (with_part(quantiy=2), '"quantiy"', "probably quantity is meant"),
    "a part's product": (with_part(productID="cap"), '"productID"', "probably productId is meant"),
    "an unknown field": (with_part(colour="red"), '"colour"', "it has productId, size, quantity"),
    "a bundle's list": (with_bundle({"component": PARTS}), '"component"', "components is meant"),
    "a limit": (with_bundle({"components": PARTS, "maxPerOder": 2}), '"maxPerOder"', "maxPerOrder"),
    "half a part": (with_part(quantity=2.0), '"quantity"', "quantity must be a whole number"),
    "no part": (with_part(quantity=0), '"quantity"', "quantity must be a whole number from 1"),
    "a number in quotes": (
        with_part(quantity="2"),
        '"quantity"',
        "quantity must be a whole number",
    ),
    "a size of a number": (with_part(size=5), '"size": 5', "size must be a text in double quotes"),
}


@pytest.mark.parametrize("name", NAMES)
async def test_a_mistake_in_a_bundle_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    text, part, words = NAMES[name]
    store, problems = await edited(tmp_path, text)
    (problem,) = problems
    line = line_of(text, part)
    place = rf"products\.json, line {line}, .*set, size ONE: a bundle is not valid: .*{words}"
    assert re.search(place, problem)
    assert await parts(store, "set/ONE") == ["tee/M", "cap/OS"]
    await close(store)


async def test_a_name_in_a_group_is_checked_as_well(tmp_path: Path) -> None:
    text = TEXT.replace('"choose": 1', '"chose": 1')
    store, (problem,) = await edited(tmp_path, text)
    assert f"line {line_of(text, 'chose')}, " in problem
    assert "chose is not a field there; probably choose is meant" in problem
    await close(store)


async def test_a_lost_bundle_is_refused(tmp_path: Path) -> None:
    rows = json.loads(TEXT)
    del rows[2]["sizes"]["ONE"]["bundle"]
    store, (problem,) = await edited(tmp_path, json.dumps(rows, indent=2))
    assert "size ONE: bundle was there before and is missing" in problem
    assert await parts(store, "set/ONE") == ["tee/M", "cap/OS"]
    await close(store)


async def test_a_bundle_is_removed_on_purpose(tmp_path: Path) -> None:
    store, problems = await edited(tmp_path, with_bundle(None))
    assert problems == []
    assert await parts(store, "set/ONE") == []
    await close(store)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('"id": "cap"', '"id": "hat"', "cap/OS"),
        ('"OS": {', '"ONE": {', "cap/OS"),
        ('"M": {', '"m": {', "tee/M"),
        ('"M": {', '"Medium": {', "tee/M"),
    ],
)
async def test_a_part_does_not_leave_a_bundle_in_silence(
    old: str, new: str, part: str, tmp_path: Path
) -> None:
    store, (problem,) = await edited(tmp_path, TEXT.replace(old, new, 1))
    assert re.search(rf"line \d+, .*size ONE: the part {part} is not in the file", problem)
    assert await parts(store, "set/ONE") == ["tee/M", "cap/OS"]
    await close(store)


async def test_a_part_and_its_bundles_change_together(tmp_path: Path) -> None:
    text = TEXT.replace('"OS"', '"ONE"')
    store, problems = await edited(tmp_path, text)
    assert problems == []
    assert await parts(store, "set/ONE") == ["tee/M", "cap/ONE"]
    assert await parts(store, "mix/ONE") == ["tee/M", "cap/ONE"]
    await close(store)


@pytest.mark.parametrize(("part", "near"), [("caap", "cap/OS"), ("CAP", "cap/OS"), ("tea", None)])
async def test_an_unknown_part_is_named_with_the_likely_one(
    part: str, near: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    size = "OS" if near else "unheard-of"
    with caplog.at_level(logging.WARNING):
        store, (problem,) = await edited(tmp_path, with_part(productId=part, size=size))
    assert f"set/ONE: No such product or size. {part}/{size}" in problem
    assert ("is meant" in problem) is (near is not None)
    assert near is None or f"(probably {near} is meant)" in problem
    assert ".. " not in caplog.text
    await close(store)
