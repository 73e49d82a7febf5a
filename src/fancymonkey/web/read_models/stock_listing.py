"""The shop's stock as prepared JSON: encoded once per change, not once per request."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from fancymonkey.core.keys import normal_form
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import is_low
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view.view import View
from fancymonkey.free_memory import return_free_memory
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.etag import etag_of_sum, is_known
from fancymonkey.web.http.messages import JSON, NOSNIFF, Problem, Response
from fancymonkey.web.http.pieces import Body, Pieces
from fancymonkey.web.http.problems.refusals import refusal
from fancymonkey.web.read_models.listing_query import EVERYTHING, ListingQuery, read_query
from fancymonkey.web.read_models.pickup import PickupDates, pickup_dates
from fancymonkey.web.read_models.product_json import (
    ProductJson,
    is_shown,
    location_out,
    product_json,
)
from fancymonkey.web.read_models.product_pages import ProductMaker, ProductPage, ProductPages

StockShown = tuple[str | None, bool]
"""See `ListingQuery.stock_shown`."""

LOCATIONS_KEPT = 4
"""The most locations whose products are kept as JSON."""
LOCATIONS_BYTES = 256_000_000
"""The most bytes that they may have together, if there are several."""
PRODUCTS_KEPT = 4096
"""The most products of requests for one product that are kept as JSON."""
FILTERED_BYTES = 64_000_000
"""The most bytes of responses with a filter that are kept until the next change."""
LONG_BYTES = 1_000_000
"""A longer response consists of pieces, which it shares with the next one."""
FREED_BYTES = 16_000_000
"""From this length on new JSON leaves much free memory behind."""


REVALIDATE = (b"cache-control", b"no-cache")


@dataclass(frozen=True, slots=True)
class Listed:
    """A response, its ETag, and the 304 response."""

    reply: Response
    tag: bytes
    unchanged: Response


@dataclass(slots=True)
class Selection:
    """The products of a response: their JSON, each with a comma, and their counts."""

    parts: list[bytes] = field(default_factory=list)
    products: int = 0
    low: int = 0
    out: int = 0
    sum: int = 0
    """A checksum of the checksums of the products, whichever pages they are in."""

    def add_page(self, page: ProductPage) -> None:
        """Adds all products of a page."""
        self.products += page.shown
        self.low += sum(page.low)
        self.out += sum(page.out)
        self.sum = crc32(page.sums, self.sum)
        if page.shown:
            self.parts.append(page.body)

    def add_places(self, page: ProductPage, places: Sequence[int]) -> None:
        """Adds some products of a page."""
        self.products += len(places)
        self.low += sum(page.low[place] for place in places)
        self.out += sum(page.out[place] for place in places)
        self.sum = crc32(array("I", [page.sums[place] for place in places]), self.sum)
        whole = len(places) == page.shown
        self.parts.append(page.body if whole else b"".join(map(page.json_of, places)))

    def add(self, *products: ProductJson) -> None:
        """Adds products."""
        for product in products:
            self.products += 1
            self.low += product.low
            self.out += product.out
            self.sum = crc32(product.body, self.sum)
        if products:
            self.parts.append(b",".join([*(product.body for product in products), b""]))


class StockListing:
    """Responds to `GET /api/inventory/get` from the engine's view."""

    def __init__(self, engine: Engine, spelling: Spelling) -> None:
        self._engine = engine
        self._spelling = spelling
        self._change = -1
        self._kept: dict[ListingQuery, Listed] = {}
        self._filtered_bytes = 0
        self._products: dict[tuple[str, StockShown], ProductJson] = {}
        self._pages = ProductPages(engine.view, self._maker(EVERYTHING))
        self._pages_with: dict[StockShown, ProductPages] = {}
        """The pages by location."""
        self._pickup_dates: PickupDates = {}

    def whole(self) -> Body:
        """The response without a filter, as JSON."""
        return self._answer(EVERYTHING).reply.body

    def reply(self, query: bytes, seen: bytes | None) -> Response:
        """The response to a query string, or 304 if `seen` (If-None-Match) has its ETag.

        Raises Problem 422 if the query makes no sense, 404 for an unknown location.
        """
        question = read_query(query) if query else EVERYTHING
        if question.location is not None and question.location not in self._engine.view.locations:
            raise unknown_location(question.location)
        answer = self._answer(question)
        if seen is not None and is_known(seen, answer.tag):
            return answer.unchanged
        return answer.reply

    def _answer(self, question: ListingQuery) -> Listed:
        engine = self._engine
        view = engine.view
        due = view.next_due()
        if due is not None and due <= engine.clock():
            engine.expire_view()
        if view.changes != self._change:
            self._kept.clear()
            self._filtered_bytes = 0
            self._change = view.changes
        if question.by_location:
            self._follow_dates()
        answer = self._kept.get(question)
        if answer is None:
            chosen = self._choose(question)
            answer = self._make(chosen, question)
            self._keep(question, answer, chosen.products)
        return answer

    def _keep(self, question: ListingQuery, answer: Listed, products: int) -> None:
        """Keeps a response until the next change.

        A product's response is made quickly from its JSON, and unknown values are not kept: so
        there are never more responses here than categories, for any requests.
        """
        if not products or question.product_id is not None or question.location is not None:
            return
        if question.filtered:
            self._filtered_bytes += len(answer.reply.body)
            if self._filtered_bytes > FILTERED_BYTES:
                return
        self._kept[question] = answer

    def _follow_dates(self) -> None:
        """Drops answers by location at midnight: their dates of pick-up are those of yesterday."""
        dates = pickup_dates(self._engine.view, self._engine.clock(), self._engine.zone)
        if dates != self._pickup_dates:
            self._pickup_dates = dates
            self._kept.clear()
            by_location = [shown for shown in self._pages_with if shown[1]]
            for stock_shown in by_location:
                del self._pages_with[stock_shown]
            self._products = {
                key: product for key, product in self._products.items() if not key[1][1]
            }

    def _dates_for(self, question: ListingQuery) -> PickupDates | None:
        return self._pickup_dates if question.by_location else None

    def _choose(self, question: ListingQuery) -> Selection:
        chosen = Selection()
        if question.product_id is not None:
            self._choose_one(question, self._spelling.product(question.product_id), chosen)
            return chosen
        pages, least, new_bytes = self._pages_of(question), self._least(question), 0
        for page in pages.pages():
            places = self._places(page, question.category)
            if not places:
                continue
            whole = len(places) == len(page.ids)
            if pages.update(page, least, None if whole else set(places)):
                new_bytes += len(page.body)
            if not question.filtered:
                chosen.add_page(page)
            elif not question.low_only:
                chosen.add_places(page, places)
            else:
                ids = [page.ids[place] for place in places if page.low[place]]
                chosen.add(*(self._low_product(id_, question) for id_ in ids))
        if new_bytes > FREED_BYTES:
            return_free_memory()
        return chosen

    def _places(self, page: ProductPage, category: str | None) -> Sequence[int]:
        """The places in a page of the products of a category; None means all."""
        if category is None:
            return range(len(page.ids))
        products = self._engine.view.products
        return [
            place
            for place, id_ in enumerate(page.ids)
            if (product := products.get(id_)) is not None
            and not product.archived
            and normal_form(product.category) == category
        ]

    def _choose_one(self, question: ListingQuery, product_id: str, chosen: Selection) -> None:
        product = self._engine.view.products.get(product_id)
        if product is None or product.archived:
            return
        if question.category not in (None, normal_form(product.category)):
            return
        shown = self._product_of(product_id, question)
        if not question.low_only:
            chosen.add(shown)
        elif shown.low:
            chosen.add(self._low_product(product_id, question))

    def _pages_of(self, question: ListingQuery) -> ProductPages:
        """The pages with the stock that the question means."""
        stock_shown, pages_with = question.stock_shown, self._pages_with
        if stock_shown == EVERYTHING.stock_shown:
            return self._pages
        pages = pages_with.pop(stock_shown, None)
        if pages is None:
            pages = ProductPages(self._engine.view, self._maker(question))
        pages_with[stock_shown] = pages  # the latest is the last
        size = sum(pages_at.size for pages_at in pages_with.values())
        while len(pages_with) > LOCATIONS_KEPT or (size > LOCATIONS_BYTES and len(pages_with) > 1):
            size -= pages_with.pop(next(iter(pages_with))).size
        return pages

    def _maker(self, question: ListingQuery) -> ProductMaker:
        """Makes the JSON of products for the pages of a question."""
        view = self._engine.view

        def make(product_id: str, change: int) -> ProductJson | None:
            product = view.products.get(product_id)
            if product is None or product.archived:
                return None
            known = self._products.get((product_id, question.stock_shown))
            if known is not None and known.change == change:
                return known
            return self._product_with(product_id, question, change)

        return make

    def _make(self, chosen: Selection, question: ListingQuery) -> Listed:
        view = self._engine.view
        locations = b""
        if question.by_location:
            rows = [location_out(row) for row in view.locations.values() if is_shown(row)]
            locations = b',"locations":' + encode(rows)
        tail = b"".join(
            (
                b'],"summary":',
                encode(
                    {
                        "totalProducts": chosen.products,
                        "lowStockItems": chosen.low,
                        "outOfStockItems": chosen.out,
                    }
                ),
                locations,
                b',"revision":%d}' % view.revision,
            )
        )
        parts = [HEAD, *chosen.parts]
        if chosen.parts:
            parts[-1] = parts[-1][:-1]  # without its comma
        parts.append(tail)
        body = Pieces(parts)
        tag = etag_of_sum(view.revision, crc32(tail, chosen.sum))
        headers = [REVALIDATE, NOSNIFF, (b"etag", tag)]
        reply = Response(200, body if len(body) > LONG_BYTES else bytes(body), [JSON, *headers])
        return Listed(reply, tag, Response(304, b"", headers))

    def product(self, product_id: str) -> ProductJson:
        """The JSON of a product with all sizes on sale."""
        return self._product_of(product_id, EVERYTHING)

    def _product_of(self, product_id: str, question: ListingQuery) -> ProductJson:
        """A product with the stock that the question means, kept until it changes."""
        change = max(self._engine.view.touched.get(product_id, 0), self._least(question))
        key = (product_id, question.stock_shown)
        product = self._products.get(key)
        if product is None or product.change != change:
            product = self._products[key] = self._product_with(product_id, question, change)
            if len(self._products) > PRODUCTS_KEPT:
                del self._products[next(iter(self._products))]
        return product

    def _least(self, question: ListingQuery) -> int:
        """The change of the view before which JSON is out of date: it may lack a location."""
        return self._engine.view.changed_locations_at if question.by_location else 0

    def _product_with(self, product_id: str, question: ListingQuery, change: int) -> ProductJson:
        """A product with the stock that the question means."""
        view = self._engine.view
        sizes = list(_sizes(view, product_id, question.location))
        return product_json(view, product_id, sizes, change, dates=self._dates_for(question))

    def _low_product(self, product_id: str, question: ListingQuery) -> ProductJson:
        """A product with its low sizes only."""
        view = self._engine.view
        pairs = _sizes(view, product_id, question.location)
        sizes = [pair for pair in pairs if is_low(*pair)]
        return product_json(view, product_id, sizes, 0, dates=self._dates_for(question))


HEAD = b'{"success":true,"inventory":['


def unknown_location(location_id: str) -> Problem:
    """The response to an id that no location has."""
    text = f"There is no location {location_id}."
    return refusal(Refused(Code.UNKNOWN_LOCATION, text, {"location": location_id}))


def _sizes(view: View, product_id: str, location: str | None) -> Iterator[tuple[Item, SkuStock]]:
    for sku in view.sizes[product_id]:
        item = view.items[sku]
        if not item.archived:
            yield item, view.online_stock(sku) if location is None else view.stock_at(sku, location)
