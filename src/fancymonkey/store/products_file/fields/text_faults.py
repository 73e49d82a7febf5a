"""Finds texts of products.json that no other way into the shop accepts: invisible, or too long."""

from collections.abc import Iterable, Iterator, Sequence

from fancymonkey.core.keys import key_fault, name_fault
from fancymonkey.core.model import Item, Product

LONGEST = 500
"""Characters of a name or category."""

LONGEST_ID = 200
"""Characters of a `skuId` or `priceId`."""

FIELDS = {"sku_id": "skuId", "price_id": "priceId"}


def product_text_faults(product: Product, before: Sequence[Product]) -> Iterator[str]:
    """Faults of the name and the category, unless an earlier version of the product has them."""
    for field in ("name", "category"):
        text: str = getattr(product, field)
        if not _known(text, (getattr(old, field) for old in before)):
            fault = name_fault(text)
            yield from _described(field, text, fault, LONGEST)


def item_text_faults(item: Item, before: Sequence[Item]) -> Iterator[str]:
    """Faults of the ids of a size, unless an earlier version of the size has them."""
    for field, name in FIELDS.items():
        text: str | None = getattr(item, field)
        if text is not None and not _known(text, (getattr(old, field) for old in before)):
            yield from _described(name, text, key_fault(text), LONGEST_ID)


def _known(text: str, before: Iterable[str | None]) -> bool:
    return any(text == old for old in before)


def _described(name: str, text: str, fault: str | None, longest: int) -> Iterator[str]:
    if fault is not None:
        yield f"{name} {text[:40]!r} is not a valid text: {fault[0].lower()}{fault[1:-1]}"
    elif len(text) > longest:
        yield f"{name} has {len(text)} characters, and may have {longest}"
