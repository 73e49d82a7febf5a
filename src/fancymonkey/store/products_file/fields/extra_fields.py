"""The fields of the owner's file that no rule reads, such as the URL of the image."""

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
"""The fields of a new product with an image: every field of the format, in order."""


@lru_cache(maxsize=8192)
def image_of(extra: str) -> str | None:
    """The URL of the image in the owner's fields; None if it is not a text."""
    if f'"{IMAGE}"' not in extra:
        return None
    url = json.loads(extra, parse_int=Decimal).get(IMAGE)
    return url if isinstance(url, str) and url else None


def with_image(extra: str, url: str | None) -> str:
    """The owner's fields with another image."""
    if url is None and f'"{IMAGE}"' not in extra:
        return extra
    fields = parse(BLANK if extra == "{}" else extra, "extra").node
    assert isinstance(fields, Branch)
    fields.put(IMAGE, Leaf(NULL if url is None else quote(url)))
    return text_of(fields)


def others_of(row: Product | Item) -> dict[str, Any]:
    """The owner's fields that the service does not know."""
    if row.extra == "{}":
        return {}
    known = {*SIZE_FIELDS} if isinstance(row, Item) else {*PRODUCT_FIELDS, *ID_FIELDS, IMAGE}
    fields: dict[str, Any] = json.loads(row.extra, parse_float=Decimal, parse_int=Decimal)
    return {name: value for name, value in fields.items() if name not in known}
