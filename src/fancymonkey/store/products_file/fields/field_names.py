"""Finds the known field of products.json that a mistyped name probably stands for."""

import re
from functools import lru_cache

from fancymonkey.core.keys import skeleton
from fancymonkey.spelling import edit_distance

PRODUCT_NAMES = (
    "id",
    "productId",
    "name",
    "category",
    "price",
    "image",
    "sizes",
    "restockDate",
    "lastUpdated",
)
SIZE_NAMES = (
    "skuId",
    "priceId",
    "soldOut",
    "stock",
    "reserved",
    "lowStockThreshold",
    "bundle",
    "locations",
)

OWN = frozenset({"images", "location"})
"""Names of owners' own fields, although they look like a known field."""

_NEAR = {"id": 0, "category": 2, "restockDate": 2, "lowStockThreshold": 3}
"""The number of wrong letters that are tolerated, by field; one for all other fields."""


@lru_cache(maxsize=4096)
def intended(name: str, known: tuple[str, ...]) -> str | None:
    """The known field that this unknown name probably stands for, or None."""
    if name in known or name in OWN or len(name) > 60:
        return None
    same = spelled_like(name, known)
    if same is not None:
        return same
    if re.search(r"[0-9]", name):  # price2, name_2: one more of a kind
        return None
    plain = _plain(name)
    singular = re.sub("ies$", "y", plain)
    near = [
        (distance, field)
        for field in known
        if (distance := min(edit_distance(form, _plain(field)) for form in (plain, singular)))
        <= _NEAR.get(field, 1)
    ]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def spelled_like(name: str, known: tuple[str, ...]) -> str | None:
    """The known field that differs in case, underscores, spaces or look-alike letters only."""
    if name in known:
        return None
    plain = _plain(name)
    return next((field for field in known if _plain(field) == plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", skeleton(name))
