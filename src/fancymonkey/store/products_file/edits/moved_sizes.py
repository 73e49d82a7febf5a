"""Finds sizes that an edit moves to another product: a product with a new id, or a size elsewhere.

The size under its new name begins with units of its own, so its old name has to leave with them. As
a removal is refused while buyers hold units, both are one command that has all of its effect, or
none.
"""

from collections.abc import Collection, Mapping

from fancymonkey.core.model import Item
from fancymonkey.store.products_file.edits.store_rows import StoreRows
from fancymonkey.store.products_file.read import Described

Products = Mapping[str, Described]

Pair = tuple[str, str]
"""The id of the product that loses sizes, and of the one that gets them."""


def moved_sizes(file: Products, removed: Collection[str], store: StoreRows) -> list[Pair]:
    """The products between which an edit moves sizes. `removed` products are not in the file."""
    sources: dict[object, str] = {}
    for id_ in {*removed, *file}:
        listed = {size.item.sku for size in file[id_].sizes} if id_ in file else set()
        for item in store.live_items(id_):
            if item.sku not in listed:
                sources |= dict.fromkeys(_ids(item), id_)
    for id_ in removed:
        sizes = [item.size for item in store.live_items(id_)]
        sources[_look(store.products[id_].name, sizes)] = id_
    pairs: dict[Pair, None] = {}
    for id_, described in file.items():
        live = {item.sku for item in store.live_items(id_)}
        entering = [size.item for size in described.sizes if size.item.sku not in live]
        marks: list[object] = [mark for item in entering for mark in _ids(item)]
        if not live:
            marks.append(_look(described.product.name, [item.size for item in entering]))
        for mark in marks:
            source = sources.get(mark, id_)
            if source != id_:
                pairs[source, id_] = None
    return list(pairs)


def _ids(item: Item) -> list[tuple[str, str]]:
    """The ids by which a size is known under any name."""
    names = (("sku", item.sku_id), ("price", item.price_id))
    return [(name, id_) for name, id_ in names if id_]


def _look(name: str, sizes: Collection[str]) -> tuple[str, frozenset[str]]:
    return name, frozenset(sizes)


def joined(pairs: list[Pair]) -> list[set[str]]:
    """The products that belong together, directly or through others."""
    groups: list[set[str]] = []
    for pair in pairs:
        touching = [group for group in groups if not group.isdisjoint(pair)]
        groups = [group for group in groups if group not in touching]
        groups.append(set(pair).union(*touching))
    return groups
