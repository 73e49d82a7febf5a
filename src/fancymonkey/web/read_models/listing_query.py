"""The filter of `GET /api/inventory/get`: which products, and which stock of them."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

from fancymonkey.core.keys import normal_form
from fancymonkey.web.http.known_params import CACHED_BYTES, KnownParams
from fancymonkey.web.http.messages import Problem


class ListingQuery(NamedTuple):
    """The filter: product, category, only low stock; and which stock is shown.

    `location` shows the stock there. `by_location` adds the stock at each location.
    """

    product_id: str | None = None
    category: str | None = None
    low_only: bool = False
    location: str | None = None
    by_location: bool = False

    @property
    def stock_shown(self) -> tuple[str | None, bool]:
        """The part of the question that decides which stock is shown."""
        return self.location, self.by_location

    @property
    def filtered(self) -> bool:
        """Whether only some products are shown."""
        return self.product_id is not None or self.category is not None or self.low_only


EVERYTHING = ListingQuery()

LISTING_PARAMS = KnownParams(
    ("productId", "category", "lowStockOnly", "location", "locations"), tolerant=True
)
"""The parameters of the listing."""


def read_query(query: bytes) -> ListingQuery:
    """The filter of a query string; that of a short one is remembered. Raises Problem 422."""
    return _read(query) if len(query) > CACHED_BYTES else _known_query(query)


def _read(query: bytes) -> ListingQuery:
    try:
        fields = parse_qs(query.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Problem(422, "invalid_request", "The query string is not valid.") from None
    product_id, category = fields.get("productId"), fields.get("category")
    location = fields.get("location")
    if location is not None and not location[-1]:
        raise Problem(422, "invalid_request", "location must not be empty.")
    return ListingQuery(
        product_id[-1] if product_id else None,
        normal_form(category[-1]) if category else None,
        _flag(fields, "lowStockOnly"),
        location[-1] if location else None,
        _flag(fields, "locations"),
    )


_known_query = lru_cache(maxsize=512)(_read)


def _flag(fields: dict[str, list[str]], name: str) -> bool:
    text = fields.get(name, ["false"])[-1].lower()
    if text not in ("true", "false", "1", "0"):
        raise Problem(422, "invalid_request", f"{name} must be true or false.")
    return text in ("true", "1")
