"""Bundles in products.json are read, checked, and written unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Accepted
from fancymonkey.store.json.store import JsonStore
from tests.store.json_shop import SEED, hold, open_shop

HOODIE = {"productId": "prod_hoodie_001", "size": "M", "quantity": 1}
PAIR = [HOODIE, {"productId": "prod_hoodie_001", "size": "L", "quantity": 2}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "products.json"
    products = json.loads(SEED)
    products.insert(0, {"id": "prod_set", "name": "SET", "sizes": {"OS": {"bundle": PAIR}}})
    path.write_text(json.dumps(products, indent=2))
    return path


def write(path: Path, bundle: Any) -> None:
    products = json.loads(path.read_text())
    products[0]["sizes"]["OS"]["bundle"] = bundle
    path.write_text(json.dumps(products, indent=2))


def written(path: Path) -> Any:
    return json.loads(path.read_text())[0]["sizes"]["OS"]["bundle"]


async def item(store: JsonStore) -> Item:
    item = await store.find(Item, "prod_set/OS")
    assert item is not None
    return item


async def test_a_bundle_whose_parts_come_later_in_the_file_is_taken_in(path: Path) -> None:
    text = path.read_text()
    store = await open_shop(path.parent)
    bundle = await item(store)
    assert bundle.bundle == Bundle(1, BundlePolicy.TOGETHER)
    assert bundle.components == (
        Component("prod_hoodie_001/M", 1),
        Component("prod_hoodie_001/L", 2),
    )
    await hold(store, "s1", "prod_hoodie_001/M", 1)
    await store.mirror.reconcile()
    assert written(path) == PAIR
    assert path.read_text().count(text[text.index('"bundle"') : text.index('"productId"')]) == 1
    await store.close()
    again = await open_shop(path.parent)
    assert await item(again) == bundle
    await again.close()


async def test_edits_of_a_bundle_are_taken_in_one_version_each(path: Path) -> None:
    store = await open_shop(path.parent)
    option = {"productId": "prod_hoodie_001", "size": "M", "max": 2}
    choose = {"policy": "split", "groups": [{"name": "any", "choose": 2, "options": [option]}]}
    write(path, choose)
    await store.mirror.reconcile()
    changed = await item(store)
    assert changed.bundle == Bundle(2, BundlePolicy.SPLIT)
    assert changed.groups == (ChoiceGroup("any", 2),)
    assert written(path) == choose
    write(path, None)
    await store.mirror.reconcile()
    assert (await item(store)).bundle is None
    assert written(path) is None
    await store.close()


async def test_a_change_of_the_service_is_written_into_the_file(path: Path) -> None:
    store = await open_shop(path.parent)
    definition = Definition(
        Bundle(0, BundlePolicy.TOGETHER, max_sold=9), (Component("prod_hoodie_001/M", 3, keep=1),)
    )
    command = SetBundle(sku="prod_set/OS", location=DEFAULT_LOCATION, definition=definition)
    commit = await store.run([command], 5, 0)
    assert isinstance(commit.answers[0], Accepted)
    await store.mirror.reconcile()
    assert written(path) == {
        "policy": "together",
        "components": [{"productId": "prod_hoodie_001", "size": "M", "quantity": 3, "keep": 1}],
        "maxSold": 9,
    }
    before = (await store.snapshot()).revision
    await store.mirror.reconcile()
    assert (await store.snapshot()).revision == before
    await store.close()


@pytest.mark.parametrize(
    "bundle",
    [
        [],
        "prod_hoodie_001",
        [{"productId": "prod_hoodie_001"}],
        [{**HOODIE, "quantity": 0}],
        [{**HOODIE, "qty": 2}],
        {"policy": "near", "components": [HOODIE]},
        {"groups": [{"name": "any", "choose": 3, "options": [{"productId": "a", "size": "b"}]}]},
    ],
)
async def test_a_bundle_that_is_not_valid_is_a_mistake_of_the_file(path: Path, bundle: Any) -> None:
    store = await open_shop(path.parent)
    before = await item(store)
    write(path, bundle)
    await store.mirror.reconcile()
    assert any("bundle is not valid" in text for text in await store.health_problems())
    assert await item(store) == before
    await store.close()


@pytest.mark.parametrize(
    ("bundle", "text"),
    [
        ([{"productId": "prod_set", "size": "OS", "quantity": 1}], "cannot contain itself"),
        ([{"productId": "prod_none", "size": "OS", "quantity": 1}], "No such product or size"),
    ],
)
async def test_a_bundle_that_the_rules_refuse_is_reported_and_reset(
    path: Path, bundle: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_shop(path.parent)
    write(path, bundle)
    await store.mirror.reconcile()
    assert text in caplog.text
    assert written(path) == PAIR
    await store.close()
