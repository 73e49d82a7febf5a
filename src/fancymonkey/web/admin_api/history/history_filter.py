"""The query parameters that choose entries of the ledger."""

from typing import Annotated

from fastapi import Query

from fancymonkey.core.changes.bulk import search_text
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.core.model import Entry, Kind
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.view.view import View
from fancymonkey.web.auth.location_limits import check_locations
from fancymonkey.web.http.query_params import Text, Time, WholeParam, Words, instant
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.dependencies import Caller, Context

NEWEST = 1 << 60
"""A revision after every entry."""

WORDS_OF = "Search words; the name or ids of the product or size must contain all of them"


class HistoryFilter:
    """The filter of entries, as a query string has it."""

    def __init__(
        self,
        context: Context,
        caller: Caller,
        sku: Annotated[Text | None, Query(description="As `prod_hoodie_001/M`")] = None,
        q: Annotated[Words | None, Query(description=WORDS_OF)] = None,
        since: Annotated[
            Time | None, Query(alias="from", description="Only entries at or after this time")
        ] = None,
        to: Annotated[Time | None, Query(description="Only entries before this time")] = None,
        kind: Annotated[
            list[Kind] | None,
            Query(description="Only this kind of entry; repeat for several"),
        ] = None,
        actor: Annotated[
            list[Text] | None,
            Query(description="Only entries by this actor; repeat for several"),
        ] = None,
        cause: Annotated[
            Text | None, Query(description="Only entries of this change, event or payment")
        ] = None,
        before: Annotated[
            int, WholeParam(0, NEWEST), Query(description="`next` of the previous page")
        ] = NEWEST,
        location: Annotated[
            Text | None, Query(description="Only entries at this location, in every state")
        ] = None,
    ) -> None:
        if location is not None:
            check_locations(caller, location)
            if location not in context.engine.view.locations:
                raise unknown_location(location)
        self.locations = caller.locations if location is None else (location,)
        self.sku = sku
        self.skus = products_named(context.engine.view, q) if q else None
        self.since, self.until = instant("from", since), instant("to", to)
        self.kinds, self.actors, self.cause = set(kind or ()), set(actor or ()), cause
        self.before = before

    def has(self, entry: Entry) -> bool:
        """Whether an entry matches."""
        return (
            entry.revision < self.before
            and (not self.locations or self._is_there(entry))
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and (not self.kinds or entry.kind in self.kinds)
            and (not self.actors or entry.actor in self.actors)
            and (self.cause is None or entry.cause == self.cause)
            and (self.skus is None or entry.sku in self.skus)
        )

    def _is_there(self, entry: Entry) -> bool:
        """Whether an entry is about units at one of the chosen locations."""
        return "/" in entry.sku and split_account(entry.location)[0] in self.locations


def products_named(view: View, words: str) -> set[str]:
    """The SKUs and product ids whose names or ids contain every word.

    Products that are off sale have a history too. A product matches words that it has itself,
    without its sizes.
    """
    wanted = words.lower().split()
    matches = set()
    for product in view.products.values():
        skus = view.sizes.get(product.product_id, [])
        rows = [StockRow(product, view.items[sku], SkuStock(sku)) for sku in skus]
        for row in rows:
            text = search_text(row)
            if all(word in text for word in wanted):
                matches.add(row.item.sku)
        text = f"{product.product_id}\n{product.name}\n{product.category}".lower()
        if all(word in text for word in wanted):
            matches.add(product.product_id)
    return matches
