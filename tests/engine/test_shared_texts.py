"""Equal texts of a snapshot's rows become one object, and the rows stay what they were."""

from dataclasses import replace

import pytest

from fancymonkey.core.model import Item, Level, Product
from fancymonkey.engine.view import shared_texts
from fancymonkey.engine.view.shared_texts import SharedTexts
from fancymonkey.engine.view.view import View
from fancymonkey.store.contract import StockSnapshot


def new(text: str) -> str:
    """An equal text that is another object, as a store reads it."""
    return "".join(list(text))


def snapshot() -> StockSnapshot:
    products = [Product(new(id_), "Tee") for id_ in ("tee", "hat")]
    items = [
        Item(new(f"{id_}/{size}"), new(id_), new(size), place)
        for id_ in ("tee", "hat")
        for place, size in enumerate(("small", "large"))
    ]
    places = ("main", "store")
    levels = [
        Level(new(item.sku), new(place), int("5000"), updated_at=int("1790000000000"))
        for item in items
        for place in places
    ]
    return StockSnapshot(9, products, items, levels)


def test_a_view_has_one_object_for_equal_values() -> None:
    view = View()
    view.reset(snapshot())
    for item in view.items.values():
        assert item.product_id is view.products[item.product_id].product_id
        for (sku, place), level in view.levels.items():
            if sku == item.sku:
                assert level.sku is item.sku
                assert sku is item.sku
                assert place is level.location
    assert len({id(item.size) for item in view.items.values()}) == 2
    assert len({id(level.location) for level in view.levels.values()}) == 2
    assert len({id(level.on_hand) for level in view.levels.values()}) == 1
    assert len({id(level.updated_at) for level in view.levels.values()}) == 1


def test_the_rows_are_as_they_were() -> None:
    view, before = View(), snapshot()
    view.reset(snapshot())
    assert list(view.items.values()) == before.items
    assert list(view.levels.values()) == before.levels
    assert view.stock("tee/small").on_hand == 10_000
    level = replace(before.levels[0], on_hand=5001)
    view._set_level(level)
    assert view.stock("tee/small").on_hand == 10_001


def test_a_level_without_an_item_stays() -> None:
    view, rows = View(), snapshot()
    orphan = Level(new("gone/M"), new("main"), 3)
    view.reset(replace(rows, levels=[*rows.levels, orphan]))
    assert view.stock("gone/M").on_hand == 3


def test_few_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_texts, "NAMES_MAX", 2)
    names = SharedTexts()
    texts = [names.shared(new(text)) for text in ("a1", "b1", "c1", "a1", "c1")]
    assert texts == ["a1", "b1", "c1", "a1", "c1"]
    assert texts[3] is texts[0]
    assert texts[4] is not texts[2]
