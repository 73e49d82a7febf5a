"""Ids of the payment provider that are used twice."""

import pytest

from fancymonkey.core.catalogue.shared_ids import shared_ids
from fancymonkey.core.model import Item, sku_of


def item(product: str, size: str, sku: str | None, price: str | None, *, off: bool = False) -> Item:
    return Item(sku_of(product, size), product, size, sku_id=sku, price_id=price, archived=off)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([item("a", "S", "1", "p"), item("a", "M", "2", "p")], []),
        ([item("a", "S", None, None), item("b", "S", None, None)], []),
        ([item("a", "S", "", ""), item("b", "S", "", "")], []),
        ([item("a", "S", "1", "p"), item("b", "S", "2", "p", off=True)], []),
        ([item("a", "S", "1", "p"), item("b", "S", "2", "p")], ["priceId p is used by a and b"]),
        (
            [item("a", "S", "1", "p"), item("b", "S", "2", "p"), item("c", "S", "3", "p")],
            ["priceId p is used by a, b and c"],
        ),
        ([item("a", "S", "1", "p"), item("a", "M", "1", "q")], ["skuId 1 is used by a/S and a/M"]),
        (
            [item("a", "S", "1", "p"), item("b", "S", "1", "p")],
            ["priceId p is used by a and b", "skuId 1 is used by a/S and b/S"],
        ),
    ],
)
def test_each_is_named_once(items: list[Item], words: list[str]) -> None:
    shared = shared_ids(items)
    assert len(shared) == len(words)
    assert all(text.startswith(begin) for text, begin in zip(shared, words, strict=True))
