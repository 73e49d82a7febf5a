"""Finds fields of products.json at the wrong level: a stock of a product, a date of a size."""

from collections.abc import Iterator, Sequence

from fancymonkey.store.products_file.lossless_json import Branch, Leaf, Node
from fancymonkey.store.products_file.read import Fields

OF_SIZES = ("stock", "reserved", "soldOut", "lowStockThreshold", "bundle", "locations")
OF_PRODUCTS = ("price", "restockDate", "sizes")

_OWN_TEXTS = frozenset({"bundle", "locations"})
"""Fields of sizes that a product may have with another meaning, if they are not objects."""

Mistake = tuple[int, str]
"""A place in the file, and the text."""


def misplaced_in_product(
    node: Branch, before: Sequence[Fields], own: set[str]
) -> Iterator[Mistake]:
    """Fields of sizes that an edit has added to a product. `own` are the owner's own names."""
    for name, value in _added(node, OF_SIZES, before, own):
        if name not in _OWN_TEXTS or isinstance(value, Branch):
            yield value.at, f'{name} belongs in a size: write "sizes": {{"M": {{"{name}": …}}}}'


def misplaced_in_size(node: Branch, before: Sequence[Fields], own: set[str]) -> Iterator[Mistake]:
    """Fields of products that an edit has added to a size."""
    for name, value in _added(node, OF_PRODUCTS, before, own):
        yield value.at, f"{name} belongs in the product, beside its sizes"


def _added(
    node: Branch, names: Sequence[str], before: Sequence[Fields], own: set[str]
) -> Iterator[tuple[str, Node]]:
    for slot in node.slots:
        empty = isinstance(slot.node, Leaf) and slot.node.text == "null"
        known = slot.name in own or any(slot.name in fields for fields in before)
        if slot.name in names and not known and not empty:
            yield slot.name, slot.node
