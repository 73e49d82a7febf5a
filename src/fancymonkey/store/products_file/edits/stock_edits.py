"""Edits of stock in products.json: totals and locations, checked against each other.

- Only the total was edited: the default location takes the difference.
- Only locations were edited: the total follows.
- Both were edited: they must add up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.store.products_file.fields.size_locations import total_stock
from fancymonkey.store.products_file.lossless_json import Branch, where
from fancymonkey.store.products_file.read import Catalogue, Described, Size

OnHand = Mapping[str, int]
"""The units on hand of a size in the store, by location."""


class StockDisagrees(ValueError):
    """The total and the locations of a size cannot both be right; the text has the reason."""


def edited_stock(file: Size, versions: Sequence[Size], on_hand: OnHand) -> dict[str, int]:
    """The stock to set, by location; empty if it was not edited. Raises StockDisagrees.

    `versions` are the versions of the size that the file may be an edit of.
    """
    by_location = {
        location: units.stock
        for location, units in file.locations.items()
        if all(units.stock != version.stock_at(location) for version in versions)
    }
    known = all(file.stock != version.stock for version in versions)
    total_edited = known and (file.fields.get("stock", True) or not file.locations)
    in_all = total_stock(file.locations)
    if file.locations and (in_all == file.stock or not total_edited):
        return by_location
    if not total_edited:
        return {}
    if by_location:
        listed = ", ".join(f"{id_} {units.stock}" for id_, units in file.locations.items())
        raise StockDisagrees(
            f"stock is {file.stock}, and the locations add up to {in_all} ({listed}); correct one"
        )
    if not file.locations and not any(version.locations for version in versions):
        return {DEFAULT_LOCATION: file.stock}
    return _by_total(file.stock, on_hand)


def _by_total(total: int, on_hand: OnHand) -> dict[str, int]:
    """The default location takes the difference of an edited total."""
    before = sum(on_hand.values())
    there = on_hand.get(DEFAULT_LOCATION, 0)
    after = there + total - before
    if after < 0:
        raise StockDisagrees(
            f"stock {total} is {before - total} fewer than the {before} on hand, and "
            f"{DEFAULT_LOCATION}, which takes the difference, has {there}; lower the stock of the "
            "other locations in `locations`"
        )
    return {} if total == before else {DEFAULT_LOCATION: after}


def stock_mistakes(
    catalogue: Catalogue,
    versions: Callable[[str], Sequence[Described]],
    on_hand: Callable[[str], OnHand],
) -> list[str]:
    """Each size whose total and locations disagree, with its place in the file.

    `versions` has the versions of a product, `on_hand` the units of a SKU.
    """
    return [
        f"{where(catalogue.text, at)}: {text}"
        for slot, (id_, described) in zip(
            catalogue.list.slots, catalogue.products.items(), strict=True
        )
        if isinstance(slot.node, Branch)
        for at, text in _of_product(slot.node, described, versions(id_), on_hand)
    ]


def _of_product(
    node: Branch,
    file: Described,
    versions: Sequence[Described],
    on_hand: Callable[[str], OnHand],
) -> Iterator[tuple[int, str]]:
    sizes = node.get("sizes")
    if not isinstance(sizes, Branch):
        return
    for slot, size in zip(sizes.slots, file.sizes, strict=True):
        sku = size.item.sku
        try:
            edited_stock(size, sizes_of(sku, versions), on_hand(sku))
        except StockDisagrees as disagrees:
            yield slot.node.at, f"product {file.product.product_id}, size {slot.name}: {disagrees}"


def sizes_of(sku: str, versions: Sequence[Described]) -> list[Size]:
    """A size in each version that has it."""
    return [size for version in versions for size in version.sizes if size.item.sku == sku]
