"""Finds the known field of products.json that a mistyped name probably stands for."""

import re
from functools import lru_cache

from fancymonkey.core.keys import skeleton

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
        if (distance := min(_distance(form, _plain(field)) for form in (plain, singular)))
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


def _distance(left: str, other: str) -> int:
    """The number of letters to add, drop, replace or swap (optimal string alignment)."""
    if abs(len(left) - len(other)) > 3:
        return 4
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and left[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
