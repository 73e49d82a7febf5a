"""A products.json that was opened before a sale and is saved after it reverts no sale."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fancymonkey.core.catalogue.products import (
    AddItem,
    AddProduct,
    EditFields,
    NewItem,
    RemoveItem,
    RemoveProduct,
)
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.core.stock.adjust import Count, SetItem
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.products_file.edits.older_versions import NAME, OlderVersions
from fancymonkey.store.products_file.read import Catalogue, read_products
from tests.store.json_shop import at, hold, open_shop, sell

OLDER_VERSIONS = "fancymonkey.store.products_file.edits.older_versions"

PLAIN = """[
  {
    "id": "tee",
    "name": "TEE",
    "price": 20,
    "sizes": {
      "M": {"stock": 20, "skuId": "m"},
      "L": {"stock": 5, "skuId": "l"}
    }
  },
  {
    "id": "cap",
    "name": "CAP",
    "sizes": {"OS": {"stock": 9}}
  }
]
"""


def stamped(value: str) -> str:
    return PLAIN.replace('"name": "TEE"', f'"name": "TEE", "lastUpdated": {value}')


STAMPS = {
    "none": PLAIN,
    "null": stamped("null"),
    "empty": stamped('""'),
    "words": stamped('"yesterday"'),
    "no ISO time": stamped('"07.10.2025 12:00"'),
    "a number": stamped("1759795200"),
    "far in the future": stamped('"2099-01-01T00:00:00.000Z"'),
    "with an offset": stamped('"2025-10-07T02:00:00+02:00"'),
    "without a zone": stamped('"2025-10-07T00:00:00"'),
    "a day": stamped('"2025-10-07"'),
    "a list": stamped("[]"),
}


async def stocks(store: JsonStore) -> dict[str, int]:
    rows = [row async for row in store.scan(Level)]
    return {row.sku: row.on_hand for row in rows}


async def buy(store: JsonStore, sku: str, units: int, number: int) -> None:
    await hold(store, f"s{number}", sku, units, step=10 * number)
    await store.mirror.reconcile()
    await sell(store, f"s{number}", step=10 * number + 1)
    await store.mirror.reconcile()


def save(path: Path, text: str) -> None:
    path.write_text(text)


def replace(path: Path, text: str) -> None:
    """As most editors do, and `mv`."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def sync(path: Path, text: str) -> None:
    """As rsync does: the file comes with its old time."""
    replace(path, text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.mark.parametrize("sales", [1, 2, 5])
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("stamp", STAMPS)
async def test_only_what_was_edited_counts(
    stamp: str, restarts: bool, sales: int, tmp_path: Path
) -> None:
    path = tmp_path / "products.json"
    path.write_text(STAMPS[stamp])
    store = await open_shop(tmp_path)
    opened = path.read_text()
    for number in range(sales):
        await buy(store, "tee/M", 2, number + 1)
        if restarts:
            await store.close()
            store = await open_shop(tmp_path)
    path.write_text(opened.replace('"stock": 5', '"stock": 6'))
    await store.mirror.reconcile()
    left = 20 - 2 * sales
    assert await stocks(store) == {"tee/M": left, "tee/L": 6, "cap/OS": 9}
    await store.close()
    sizes = json.loads(path.read_text())[0]["sizes"]
    assert (sizes["M"]["stock"], sizes["L"]["stock"]) == (left, 6)


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("way", [save, replace, sync])
@pytest.mark.parametrize("stamp", ["none", "null", "far in the future", "with an offset"])
async def test_the_old_file_itself_comes_back(
    stamp: str, way: Callable[[Path, str], None], stopped: bool, tmp_path: Path
) -> None:
    """By a move, a sync, or `git checkout`, beside the service or while it is down."""
    path = tmp_path / "products.json"
    path.write_text(STAMPS[stamp])
    store = await open_shop(tmp_path)
    first = path.read_text()
    await buy(store, "tee/M", 2, 1)
    second = path.read_text()
    await buy(store, "tee/L", 1, 2)
    for old in (first, second, first):
        if stopped:
            await store.close()
        way(path, old)
        if stopped:
            store = await open_shop(tmp_path)
        await store.mirror.reconcile()
        assert await stocks(store) == {"tee/M": 18, "tee/L": 4, "cap/OS": 9}
        sizes = json.loads(path.read_text())[0]["sizes"]
        assert (sizes["M"]["stock"], sizes["L"]["stock"]) == (18, 4)
    await store.close()


async def test_an_editor_that_stays_open_may_save_repeatedly(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(PLAIN)
    store = await open_shop(tmp_path)
    buffer = path.read_text()
    await buy(store, "tee/M", 2, 1)
    buffer = buffer.replace('"stock": 5', '"stock": 6')
    path.write_text(buffer)
    await store.mirror.reconcile()
    await buy(store, "tee/M", 1, 2)
    await buy(store, "tee/L", 1, 3)
    buffer = buffer.replace('"TEE"', '"T-SHIRT"')
    path.write_text(buffer)
    await store.mirror.reconcile()
    assert await stocks(store) == {"tee/M": 17, "tee/L": 5, "cap/OS": 9}
    await buy(store, "tee/L", 1, 4)
    buffer = buffer.replace('"stock": 9', '"stock": 12')
    path.write_text(buffer)
    await store.mirror.reconcile()
    assert await stocks(store) == {"tee/M": 17, "tee/L": 4, "cap/OS": 12}
    products = await store.catalogue(["tee"])
    assert products[0][0].name == "T-SHIRT"
    await store.close()


@pytest.mark.parametrize("stamp", STAMPS)
async def test_a_new_number_in_a_fresh_file_counts(stamp: str, tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(STAMPS[stamp])
    store = await open_shop(tmp_path)
    await buy(store, "tee/M", 2, 1)
    for number in (25, 18, 20, 3):  # the file had 18 and 20 before: they still count
        rows = json.loads(path.read_text())
        rows[0]["sizes"]["M"]["stock"] = number
        path.write_text(json.dumps(rows, indent=2))
        await store.mirror.reconcile()
        assert (await stocks(store))["tee/M"] == number
    assert await store.health_problems() == []
    await store.close()


async def test_a_new_number_in_an_old_version_counts_and_is_reported(
    tmp_path: Path,
) -> None:
    path = tmp_path / "products.json"
    path.write_text(PLAIN)
    store = await open_shop(tmp_path)
    opened = path.read_text()
    await buy(store, "tee/M", 2, 1)
    path.write_text(opened.replace('"stock": 20', '"stock": 30'))
    await store.mirror.reconcile()
    assert (await stocks(store))["tee/M"] == 30
    (problem,) = await store.health_problems()
    assert "tee/M: stock 30 was typed into an older version" in problem
    await store.close()


async def test_an_ambiguous_file_undoes_no_sale_and_is_reported(tmp_path: Path) -> None:
    """A user has removed `lastUpdated`, so nothing shows which version it was."""
    path = tmp_path / "products.json"
    path.write_text(stamped('"2025-10-07T00:00:00.000Z"'))
    store = await open_shop(tmp_path)
    opened = json.loads(path.read_text())
    await buy(store, "tee/M", 2, 1)
    del opened[0]["lastUpdated"]
    opened[0]["sizes"]["L"]["stock"] = 7
    path.write_text(json.dumps(opened))
    await store.mirror.reconcile()
    assert await stocks(store) == {"tee/M": 18, "tee/L": 7, "cap/OS": 9}
    (problem,) = await store.health_problems()
    assert "tee/M: stock 20 is of an older version; it stays 18" in problem
    edited = path.read_text().replace('"stock": 18', '"stock": 19')
    path.write_text(edited)
    await store.mirror.reconcile()
    assert (await stocks(store))["tee/M"] == 19
    assert await store.health_problems() == []
    await store.close()


async def test_other_changes_of_the_owner_stay(tmp_path: Path) -> None:
    """Price, switch, threshold and date from the dashboard, which the old file does not have."""
    path = tmp_path / "products.json"
    path.write_text(PLAIN)
    store = await open_shop(tmp_path)
    opened = path.read_text()
    changes = [
        EditFields(
            key="tee",
            location=DEFAULT_LOCATION,
            fields=(("name", "T-SHIRT"), ("category", "shirts")),
            actor="owner",
        ),
        SetItem(
            sku="tee/M",
            location=DEFAULT_LOCATION,
            sold_out=True,
            low_stock_threshold=2,
            actor="owner",
        ),
        SetItem(sku="tee/L", location=DEFAULT_LOCATION, restock_date="2027-01-01", actor="owner"),
        EditFields(
            key="tee/L", location=DEFAULT_LOCATION, fields=(("price_id", "price_l"),), actor="owner"
        ),
        Count(sku="cap/OS", location=DEFAULT_LOCATION, quantity=4, actor="owner"),
    ]
    await store.run(changes, at(5), 0)
    await store.mirror.reconcile()
    before = await store.snapshot()
    path.write_text(opened.replace('"stock": 5', '"stock": 8'))
    await store.mirror.reconcile()
    after = await store.snapshot()
    names = [(row.name, row.category, row.restock_date) for row in after.products]
    assert names == [(row.name, row.category, row.restock_date) for row in before.products]
    assert [(row.sold_out, row.low_stock_threshold, row.price_id) for row in after.items] == [
        (row.sold_out, row.low_stock_threshold, row.price_id) for row in before.items
    ]
    assert await stocks(store) == {"tee/M": 20, "tee/L": 8, "cap/OS": 4}
    await store.close()


async def test_other_additions_and_removals_stay(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(PLAIN)
    store = await open_shop(tmp_path)
    opened = path.read_text()
    await buy(store, "tee/M", 2, 1)
    changes = [
        AddItem(
            new=NewItem(Item("tee/XL", "tee", "XL", 2), 3), location=DEFAULT_LOCATION, actor="owner"
        ),
        RemoveItem(sku="tee/L", location=DEFAULT_LOCATION, actor="owner"),
        AddProduct(
            product=Product("sock", "SOCK", position=5),
            location=DEFAULT_LOCATION,
            items=(NewItem(Item("sock/OS", "sock", "OS"), 6),),
            actor="owner",
        ),
        RemoveProduct(
            product_id="cap", location=DEFAULT_LOCATION, before=("cap/OS",), actor="owner"
        ),
    ]
    await store.run(changes, at(30), 0)
    await store.mirror.reconcile()
    path.write_text(opened.replace('"TEE"', '"T-SHIRT"'))
    await store.mirror.reconcile()
    sizes = {row["id"]: list(row["sizes"]) for row in json.loads(path.read_text())}
    assert sizes == {"tee": ["M", "XL"], "sock": ["OS"]}
    assert (await store.catalogue(["tee"]))[0][0].name == "T-SHIRT"
    assert (await stocks(store))["tee/M"] == 18
    await store.close()


async def test_a_rescue_from_damage(tmp_path: Path) -> None:
    """Stored older versions may be incomplete, foreign or missing: the shop still opens."""
    path = tmp_path / "products.json"
    path.write_text(PLAIN)
    store = await open_shop(tmp_path)
    opened = path.read_text()
    await buy(store, "tee/M", 2, 1)
    await store.close()
    past = tmp_path / "state" / NAME
    whole = past.read_bytes()
    for damaged in (whole + b"\n0000 {", b"\xff\x00\n" + whole, whole[:-7], whole * 2):
        past.write_bytes(damaged)
        store = await open_shop(tmp_path)
        path.write_text(opened)
        await store.mirror.reconcile()
        assert (await stocks(store))["tee/M"] == 18
        await store.close()
    past.unlink()
    past.mkdir()  # it cannot be written either
    store = await open_shop(tmp_path)
    await buy(store, "tee/M", 1, 2)
    assert (await stocks(store))["tee/M"] == 17
    await store.close()


async def test_stored_versions_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{OLDER_VERSIONS}.KEPT_CHARACTERS", 2000)
    path = tmp_path / "products.json"
    path.write_text(PLAIN)
    store = await open_shop(tmp_path)
    for number in range(1, 40):
        await store.run(
            [Count(sku="tee/M", location=DEFAULT_LOCATION, quantity=number, actor="owner")],
            at(number),
            0,
        )
        await store.mirror.reconcile()
    assert (tmp_path / "state" / NAME).stat().st_size < 8000
    opened = path.read_text()
    await store.run(
        [Count(sku="tee/M", location=DEFAULT_LOCATION, quantity=99, actor="owner")], at(50), 0
    )
    await store.mirror.reconcile()
    path.write_text(opened)
    await store.mirror.reconcile()
    assert (await stocks(store))["tee/M"] == 99
    await store.close()


def test_of_many_versions_only_those_that_match_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = OlderVersions(tmp_path)
    for number in range(500):
        sizes = f'{{"M": {{"stock": {number}}}}}'
        text = f'{{"id": "tee", "lastUpdated": "{number}", "sizes": {sizes}}}'
        past.keep(number + 1, {"tee": text})
    read = []

    def counted(data: bytes, name: str, *, lenient: bool = False) -> Catalogue:
        read.append(data)
        return read_products(data, name, lenient=lenient)

    monkeypatch.setattr(f"{OLDER_VERSIONS}.read_products", counted)
    older = past.versions("tee", '"7"')
    assert len(read) == 1
    assert [(at, version.sizes[0].stock) for at, version in older.versions] == [(8, 7)]
    assert older.followed == 9
    assert past.versions("cap", "").versions == []
