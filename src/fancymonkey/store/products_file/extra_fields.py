"""The fields of the owner's file that no rule reads: the picture's address among them."""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fancymonkey.core.model import Item, Product
from fancymonkey.store.products_file.lossless_json import NULL, Branch, Leaf, parse, quote, text_of
from fancymonkey.store.products_file.read import ID_FIELDS, PRODUCT_FIELDS, SIZE_FIELDS

IMAGE = "image"
BLANK = (
    '{"id":null,"name":null,"category":null,"price":null,"image":null,"sizes":null,'
    '"restockDate":null,"lastUpdated":null}'
)
"""What a new product with a picture has: every field of the format, in its order."""


@lru_cache(maxsize=8192)
def image_of(extra: str) -> str | None:
    """The picture's address as the owner's fields have it; None where it is no text."""
    if f'"{IMAGE}"' not in extra:
        return None
    found = json.loads(extra, parse_int=Decimal).get(IMAGE)
    return found if isinstance(found, str) and found else None


def with_image(extra: str, url: str | None) -> str:
    """The owner's fields with another picture."""
    if url is None and f'"{IMAGE}"' not in extra:
        return extra
    found = parse(BLANK if extra == "{}" else extra, "extra").node
    assert isinstance(found, Branch)
    found.put(IMAGE, Leaf(NULL if url is None else quote(url)))
    return text_of(found)


def others_of(row: Product | Item) -> dict[str, Any]:
    """The owner's fields that the service does not know."""
    if row.extra == "{}":
        return {}
    known = {*SIZE_FIELDS} if isinstance(row, Item) else {*PRODUCT_FIELDS, *ID_FIELDS, IMAGE}
    found: dict[str, Any] = json.loads(row.extra, parse_float=Decimal, parse_int=Decimal)
    return {name: value for name, value in found.items() if name not in known}
