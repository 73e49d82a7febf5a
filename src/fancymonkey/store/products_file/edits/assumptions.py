"""Lists the values assumed for fields that a products.json leaves open."""

from collections.abc import Iterator

from fancymonkey.store.products_file.lossless_json import NULL, Branch, Leaf, Node, where
from fancymonkey.store.products_file.read import (
    DEFAULT_THRESHOLD,
    SIZE_FIELDS,
    Catalogue,
    Described,
)

SIZE_DEFAULTS = {"stock": "0 is taken", "lowStockThreshold": f"{DEFAULT_THRESHOLD} is taken"}

MISPLACED_IN_PRODUCT = SIZE_FIELDS - {"skuId", "priceId"}
MISPLACED_IN_SIZE = frozenset({"price", "restockDate"})


def assumptions(catalogue: Catalogue) -> list[str]:
    """Each field that the file leaves open and its assumed value, with the place in the file."""
    texts = []
    for slot, described in zip(catalogue.list.slots, catalogue.products.values(), strict=True):
        if isinstance(slot.node, Branch):
            for at, text in _product(slot.node, described):
                texts.append(f"{where(catalogue.text, at)}: {text}")
    return texts


def _product(node: Branch, described: Described) -> Iterator[tuple[int, str]]:
    subject = f"product {described.product.product_id}"
    if _is_open(node, "name"):
        yield node.at, f"{subject}: name is missing; its id is taken"
    if _is_open(node, "price"):
        yield node.at, f"{subject}: price is missing; it can be sold by its sizes' priceId only"
    date = node.get("restockDate")
    read = described.product.restock_date
    if isinstance(date, Leaf) and date.string is not None and date.string.strip() != (read or ""):
        yield date.at, f"{subject}: restockDate {date.string} is read as {read}"
    for name in sorted(MISPLACED_IN_PRODUCT & described.fields.keys()):
        yield node.at, f"{subject}: {name} is not used here; it belongs in a size"
    sizes = node.get("sizes")
    if not isinstance(sizes, Branch) or not sizes.slots:
        yield node.at, f"{subject}: it has no sizes, so there is nothing to sell"
        return
    for slot, size in zip(sizes.slots, described.sizes, strict=True):
        if not isinstance(slot.node, Branch):
            continue
        label = f"{subject}, size {size.item.size}"
        for name in sorted(MISPLACED_IN_SIZE & size.fields.keys()):
            yield slot.node.at, f"{label}: {name} is not used here; it belongs in the product"
        for name, taken in SIZE_DEFAULTS.items():
            if _is_open(slot.node, name):
                yield slot.node.at, f"{label}: {name} is missing; {taken}"
        reserved = slot.node.get("reserved")
        if size.reserved and reserved is not None:
            text = f"reserved is {size.reserved} and there is no hold; 0 is taken, so all"
            yield reserved.at, f"{label}: {text} {size.stock} in stock can be sold"


def _is_open(node: Branch, name: str) -> bool:
    value: Node | None = node.get(name)
    return value is None or (isinstance(value, Leaf) and value.text == NULL)
