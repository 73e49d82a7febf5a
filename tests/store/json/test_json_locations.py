"""The units of a size by location in products.json: written, edited, checked, and refused."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.backup.catalogue_history import as_edit
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.close import CloseLocation
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import MAX_QUANTITY, Level, Line
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.store.copy import copy
from fancymonkey.store.json.store import JsonStore
from fancymonkey.store.open import open_store
from fancymonkey.store.products_file import write
from fancymonkey.store.verify import verify_store
from tests.store.json_shop import at, open_shop

TEE = """[
  {
    "id": "tee",
    "name": "TEE",
    "price": 20,
    "sizes": {
      "M": {
        "stock": 12,
        "reserved": 0
      },
      "L": {
        "stock": 5
      }
    },
    "lastUpdated": "2026-11-01T00:00:00.000Z"
  }
]
"""

BERLIN = Location("berlin", "Studio Berlin")
HAMBURG = Location("hamburg", "Hamburg")


async def run(store: JsonStore, *commands: Any, step: int = 1) -> None:
    for answer in (await store.run(list(commands), at(step), 0)).answers:
        assert isinstance(answer, Accepted), answer
    await store.mirror.reconcile()


async def two_locations(folder: Path, text: str = TEE) -> JsonStore:
    """M: 12 in main and 8 in Berlin; L: 5 in main."""
    (folder / "products.json").write_text(text)
    store = await open_shop(folder)
    await run(
        store,
        AddLocation(location=BERLIN),
        AddLocation(location=HAMBURG),
        Count(sku="tee/M", location="berlin", quantity=8),
    )
    return store


async def stocks(store: JsonStore, sku: str = "tee/M") -> dict[str, int]:
    rows = [row async for row in store.scan(Level)]
    return {row.location: row.on_hand for row in rows if row.sku == sku}


def size(path: Path, name: str = "M") -> dict[str, Any]:
    products = json.loads(path.read_text())
    return products[0]["sizes"][name]  # type: ignore[no-any-return]


def edit(path: Path, change: Callable[[dict[str, Any]], object], name: str = "M") -> None:
    products = json.loads(path.read_text())
    change(products[0]["sizes"][name])
    path.write_text(json.dumps(products, indent=2) + "\n")


def totals(stock: int | None = None, **at_locations: Any) -> Callable[[dict[str, Any]], None]:
    def change(fields: dict[str, Any]) -> None:
        if stock is not None:
            fields["stock"] = stock
        for location, units in at_locations.items():
            fields["locations"].setdefault(location, {})["stock"] = units

    return change


async def test_a_size_lists_its_locations_once_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(TEE)
    store = await open_shop(tmp_path)
    await run(store, AddLocation(location=BERLIN))
    assert path.read_text() == TEE
    await run(store, Count(sku="tee/M", location="berlin", quantity=8))
    assert size(path)["stock"] == 20
    assert size(path)["locations"] == {
        "main": {"stock": 12, "reserved": 0},
        "berlin": {"stock": 8, "reserved": 0},
    }
    assert size(path, "L") == {"stock": 5}
    await run(
        store,
        Reserve(
            reservation_id="r1",
            location="berlin",
            session_id="s1",
            lines=(Line("tee/M", 3),),
            ttl=1_800_000,
        ),
    )
    assert (size(path)["stock"], size(path)["reserved"]) == (20, 3)
    assert size(path)["locations"]["berlin"] == {"stock": 8, "reserved": 3}
    await run(store, Capture(ref="s1", payment_id="p1"), step=2)
    assert (size(path)["stock"], size(path)["reserved"]) == (17, 0)
    text = path.read_text()
    await store.close()
    again = await open_shop(tmp_path)
    assert await stocks(again) == {"main": 12, "berlin": 5}
    assert not again.mirror.health_problems
    await again.close()
    assert path.read_text() == text


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], dict[str, int]]] = {
    "the total up": (totals(25), {"main": 17, "berlin": 8}),
    "the total down": (totals(9), {"main": 1, "berlin": 8}),
    "the total down to the other locations": (totals(8), {"main": 0, "berlin": 8}),
    "a location up": (totals(berlin=10), {"main": 12, "berlin": 10}),
    "a location to zero": (totals(berlin=0), {"main": 12, "berlin": 0}),
    "the default location": (totals(main=2), {"main": 2, "berlin": 8}),
    "both locations": (totals(main=1, berlin=2), {"main": 1, "berlin": 2}),
    "units from one to the other": (totals(main=15, berlin=5), {"main": 15, "berlin": 5}),
    "a location and the total": (totals(22, berlin=10), {"main": 12, "berlin": 10}),
    "all three": (totals(3, main=1, berlin=2), {"main": 1, "berlin": 2}),
    "a location that the size has not had": (
        totals(hamburg=4),
        {"main": 12, "berlin": 8, "hamburg": 4},
    ),
    "a new location and the total": (
        totals(24, hamburg=4),
        {"main": 12, "berlin": 8, "hamburg": 4},
    ),
    "the reserved units of a location": (
        lambda fields: fields["locations"]["berlin"].update(reserved=5),
        {"main": 12, "berlin": 8},
    ),
    "the order of the locations": (
        lambda fields: fields.update(locations=dict(reversed(fields["locations"].items()))),
        {"main": 12, "berlin": 8},
    ),
}


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("case", EDITS)
async def test_an_edit_is_taken_in(case: str, stopped: bool, tmp_path: Path) -> None:
    change, expected = EDITS[case]
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    if stopped:
        await store.close()
    edit(path, change)
    if stopped:
        store = await open_shop(tmp_path)
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert await stocks(store) == expected
    assert size(path)["stock"] == sum(expected.values())
    assert {id_: units["stock"] for id_, units in size(path)["locations"].items()} == expected
    assert (await verify_store(store)).clean
    await store.close()


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "both, and they disagree": (
        totals(30, berlin=10),
        ["line 7", "size M", "stock is 30", "add up to 22", "main 12, berlin 10"],
    ),
    "both, by one": (totals(21, main=14), ["stock is 21", "add up to 22"]),
    "a total below the other locations": (
        totals(7),
        ["line 7", "stock 7 is 13 fewer than the 20", "main", "has 12"],
    ),
    "a total of zero": (totals(0), ["20 fewer than the 20", "in `locations`"]),
    "the id in capitals": (totals(BERLIN=8), ["'BERLIN'", "probably berlin is meant"]),
    "a letter too many": (totals(berlinn=8), ["'berlinn'", "probably berlin is meant"]),
    "the name of a location": (
        lambda fields: fields["locations"].update({"Studio Berlin": {"stock": 3}}),
        ["there is no location 'Studio Berlin'", "probably berlin is meant"],
    ),
    "a Cyrillic letter": (
        lambda fields: fields["locations"].update({"b\u0435rlin": {"stock": 3}}),
        ["probably berlin is meant"],
    ),
    "a space": (
        lambda fields: fields["locations"].update({" berlin": {"stock": 3}}),
        ["probably berlin is meant"],
    ),
    "an account": (
        lambda fields: fields["locations"].update({"berlin:damaged": {"stock": 3}}),
        ["'berlin:damaged' is not a valid id of a location"],
    ),
    "a location that does not exist": (totals(zurich=3), ["no location 'zurich'; add it first"]),
    "a float": (totals(berlin=8.5), ["location berlin: stock must be a whole number"]),
    "a negative number": (totals(berlin=-1), ["location berlin: stock must be from 0"]),
    "a text": (totals(berlin="8"), ["location berlin: stock must be a whole number"]),
    "a switch": (totals(berlin=True), ["location berlin: stock must be a whole number"]),
    "too many": (totals(berlin=MAX_QUANTITY + 1), ["location berlin: stock must be from 0 to"]),
    "a null": (
        lambda fields: fields["locations"]["berlin"].update(stock=None),
        ["location berlin: stock is missing"],
    ),
    "no stock": (
        lambda fields: fields["locations"]["berlin"].pop("stock"),
        ["location berlin: stock is missing; write its value"],
    ),
    "stok": (
        lambda fields: fields["locations"]["berlin"].update(stok=9),
        ["location berlin: stok is not a field of a location; probably stock is meant"],
    ),
    "a field of another kind": (
        lambda fields: fields["locations"]["berlin"].update(shelf="A1"),
        ["shelf is not a field of a location; it has only stock and reserved"],
    ),
    "a number as a location": (
        lambda fields: fields["locations"].update(berlin=8),
        ["location berlin: a location must be an object with stock"],
    ),
    "a list of locations": (
        lambda fields: fields.update(locations=["berlin"]),
        ["size M: locations must be an object such as"],
    ),
    "a text for locations": (
        lambda fields: fields.update(locations="berlin"),
        ["size M: locations must be an object"],
    ),
    "no locations": (
        lambda fields: fields.pop("locations"),
        ["size M: locations was there before and is missing"],
    ),
    "locations of null": (
        lambda fields: fields.update(locations=None),
        ["size M: locations was there before and is missing"],
    ),
    "no locations in the object": (
        lambda fields: fields.update(locations={}),
        ["size M: locations was there before and is missing"],
    ),
    "one location fewer": (
        lambda fields: fields["locations"].pop("berlin"),
        ["location berlin was there before and is missing; write its stock, or 0"],
    ),
    "Locations": (
        lambda fields: fields.update(Locations=fields.pop("locations")),
        ["Locations is not a field of the format; probably locations is meant"],
    ),
    "no total": (lambda fields: fields.pop("stock"), ["stock was there before and is missing"]),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_an_edit_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    change, words = REFUSED[case]
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    edit(path, change)
    text = path.read_text()
    await store.mirror.reconcile()
    (problem,) = store.mirror.health_problems
    for word in ("products.json, line ", "product tee", *words):
        assert word in problem, problem
    assert await stocks(store) == {"main": 12, "berlin": 8}
    await run(store, Adjust(sku="tee/M", location="berlin", delta=1))
    assert path.read_text() == text, "a refused file stays as the owner left it"
    checking = JsonStore(tmp_path, read_only=True)
    await checking.open(at(9))
    assert any(words[-1] in text for text in await checking.health_problems())
    await checking.close()
    await store.close()


async def test_a_refused_file_that_is_corrected_is_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    edit(path, totals(30, berlin=10))
    await store.mirror.reconcile()
    assert store.mirror.health_problems
    edit(path, totals(22))
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert await stocks(store) == {"main": 12, "berlin": 10}
    await store.close()


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


def checkout(path: Path, text: str) -> None:
    """As git does: the file is removed first."""
    path.unlink()
    path.write_text(text)


WITHOUT = TEE.replace(',\n    "lastUpdated": "2026-11-01T00:00:00.000Z"', "")


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("way", [save, replace, sync, checkout])
@pytest.mark.parametrize("text", [TEE, WITHOUT], ids=["stamped", "without lastUpdated"])
async def test_an_older_file_reverts_no_sale(
    text: str, way: Callable[[Path, str], None], restarts: bool, tmp_path: Path
) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path, text)
    opened = path.read_text()
    await run(store, Adjust(sku="tee/M", location="berlin", delta=-2), step=5)
    await run(store, Adjust(sku="tee/M", location="main", delta=-1), step=6)
    if restarts:
        await store.close()
        store = await open_shop(tmp_path)
    way(path, opened)
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert await stocks(store) == {"main": 11, "berlin": 6}
    way(path, opened.replace('"stock": 5', '"stock": 6'))
    await store.mirror.reconcile()
    assert await stocks(store) == {"main": 11, "berlin": 6}
    assert await stocks(store, "tee/L") == {"main": 6}
    await store.close()


@pytest.mark.parametrize("text", [TEE, WITHOUT], ids=["stamped", "without lastUpdated"])
async def test_an_edit_of_an_older_file_counts_for_its_location(text: str, tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path, text)
    opened = path.read_text()
    await run(store, Adjust(sku="tee/M", location="berlin", delta=-2), step=5)
    path.write_text(opened)
    edit(path, totals(main=15))
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert await stocks(store) == {"main": 15, "berlin": 6}
    assert size(path)["stock"] == 21
    await store.close()


async def test_a_file_from_before_the_second_location_takes_no_unit_away(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    checkout(path, TEE)
    await store.mirror.reconcile()
    assert await stocks(store) == {"main": 12, "berlin": 8}
    checkout(path, TEE.replace('"stock": 12', '"stock": 15'))
    await store.mirror.reconcile()
    assert await stocks(store) == {"main": 15, "berlin": 8}
    assert size(path)["stock"] == 23
    await store.close()


@pytest.mark.parametrize("edited", [None, 13])
async def test_a_file_of_the_version_before_has_the_stock_of_the_default_location(
    edited: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until now `stock` was that of `main`, also where other locations had units."""
    path = tmp_path / "products.json"
    with monkeypatch.context() as former:
        listed = write.listed_products
        module = "fancymonkey.store.products_file.sync.listed_products"
        former.setattr(module, lambda *rows: listed(*rows[:2], at_default(rows[2])))
        store = await two_locations(tmp_path)
        assert size(path) == {"stock": 12, "reserved": 0}
        await store.close()
    if edited is not None:
        edit(path, totals(edited))
    store = await open_shop(tmp_path)
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert await stocks(store) == {"main": edited or 12, "berlin": 8}
    await run(store, Adjust(sku="tee/M", location="berlin", delta=1))
    assert size(path)["stock"] == (edited or 12) + 9
    assert size(path)["locations"]["berlin"]["stock"] == 9
    await store.close()


def at_default(levels: Any) -> list[Level]:
    return [level for level in levels if level.location == DEFAULT_LOCATION]


async def test_a_new_store_adds_the_locations_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(TEE)
    edit(
        path,
        lambda fields: fields.update(
            stock=9, locations={"main": {"stock": 2}, "berlin": {"stock": 7, "reserved": 0}}
        ),
    )
    text = path.read_text()
    store = await open_shop(tmp_path)
    assert not store.mirror.health_problems
    rows = [row async for row in store.scan(Location)]
    assert [(row.key, row.name) for row in rows] == [("berlin", "berlin")]
    assert await stocks(store) == {"main": 2, "berlin": 7}
    await store.mirror.reconcile()
    assert path.read_text() == text, "what the owner has left out stays out"
    await store.close()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stock": 9, "locations": {"berlin": {"stock": 7}}}, "stock is 9, and the locations add"),
        ({"stock": 7, "locations": {"Berlin Mitte": {"stock": 7}}}, "is not a valid id"),
        ({"stock": 7, "locations": {"": {"stock": 7}}}, "'' is not a valid id"),
        ({"stock": 7, "locations": {"a:damaged": {"stock": 7}}}, "is not a valid id"),
        ({"stock": 7, "locations": {"Main": {"stock": 7}}}, "probably main is meant"),
    ],
)
async def test_a_new_store_refuses_a_file_that_does_not_add_up(
    fields: dict[str, Any], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "products.json"
    path.write_text(TEE)
    edit(path, lambda old: (old.clear(), old.update(fields)))
    with pytest.raises(Exception, match=words):
        await open_shop(tmp_path)


async def test_the_total_may_be_left_out_of_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(TEE)
    edit(path, lambda fields: (fields.clear(), fields.update(locations={"main": {"stock": 3}})))
    store = await open_shop(tmp_path)
    assert await stocks(store) == {"main": 3}
    await store.mirror.reconcile()
    assert "locations" not in size(path), "a shop with one location has totals only"
    assert size(path)["stock"] == 3
    await store.close()


async def test_a_new_size_may_have_stock_at_several_locations(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    products = json.loads(path.read_text())
    products[0]["sizes"]["S"] = {
        "stock": 5,
        "locations": {"berlin": {"stock": 4}, "main": {"stock": 1}},
    }
    products.append(
        {"id": "cap", "name": "CAP", "sizes": {"OS": {"locations": {"hamburg": {"stock": 3}}}}}
    )
    path.write_text(json.dumps(products))
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert await stocks(store, "tee/S") == {"main": 1, "berlin": 4}
    assert (await stocks(store, "cap/OS"))["hamburg"] == 3
    await store.close()


@pytest.mark.parametrize("old", ["before the second location", "with both"])
@pytest.mark.parametrize("stock", [False, True])
async def test_a_rollback_restores_the_locations_with_the_stock_only(
    stock: bool, old: str, tmp_path: Path
) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    version = TEE.encode() if old == "before the second location" else path.read_bytes()
    await run(store, Count(sku="tee/M", location="berlin", quantity=3), step=5)
    await run(store, Count(sku="tee/M", location="main", quantity=1), step=6)
    path.write_bytes(as_edit(version, path.read_bytes(), stock=stock))
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    elsewhere = 0 if old == "before the second location" else 8
    expected = {"main": 12, "berlin": elsewhere} if stock else {"main": 1, "berlin": 3}
    assert await stocks(store) == expected
    await store.close()


async def test_a_closed_location_leaves_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    await run(store, Count(sku="tee/M", location="berlin", quantity=0))
    assert size(path)["locations"]["berlin"]["stock"] == 0
    await run(store, CloseLocation(location_id="berlin", levels=(("tee/M", "berlin"),)))
    await run(store, Adjust(sku="tee/M", location="main", delta=1))
    assert size(path) == {"stock": 13, "reserved": 0}
    edit(
        path,
        lambda fields: fields.update(locations={"berlin": {"stock": 3}, "main": {"stock": 13}}),
    )
    with caplog.at_level(logging.WARNING):
        await store.mirror.reconcile()
    assert "closed" in caplog.text
    assert (await stocks(store))["berlin"] == 0
    await store.close()


async def test_totals_may_be_larger_than_one_quantity(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    store = await two_locations(tmp_path)
    await run(
        store,
        Count(sku="tee/M", location="main", quantity=MAX_QUANTITY),
        Count(sku="tee/M", location="berlin", quantity=MAX_QUANTITY),
    )
    assert size(path)["stock"] == 2 * MAX_QUANTITY
    edit(path, totals(berlin=1))
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert size(path)["stock"] == MAX_QUANTITY + 1
    await store.close()


async def test_an_own_field_named_location_stays(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(TEE)
    store = await open_shop(tmp_path)
    edit(path, lambda fields: fields.update(location="shelf 3"))
    await store.mirror.reconcile()
    assert not store.mirror.health_problems
    assert size(path)["location"] == "shelf 3"
    await store.close()


async def test_a_move_to_another_store_and_back_keeps_the_locations(tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    for folder in (there, back):
        folder.mkdir()
    source = tmp_path / "source"
    source.mkdir()
    store = await two_locations(source)
    sqlite = open_store(f"sqlite:///{there}/shop.db")
    await sqlite.open(at(10))
    await copy(store, sqlite)
    again = JsonStore(back)
    await again.open(at(11))
    await copy(sqlite, again)
    await sqlite.close()
    await again.close()
    await store.close()
    assert size(back / "products.json") == size(source / "products.json")
    assert size(back / "products.json")["locations"]["berlin"] == {"stock": 8, "reserved": 0}
    opened = await open_shop(back)
    assert await stocks(opened) == {"main": 12, "berlin": 8}
    assert not opened.mirror.health_problems
    await opened.close()
