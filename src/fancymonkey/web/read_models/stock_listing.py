"""The shop's stock as prepared JSON: encoded once per change, not once per request."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

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
from fancymonkey.web.http.etag import etag_of, is_known
from fancymonkey.web.http.known_params import CACHED_BYTES, KnownParams
from fancymonkey.web.http.messages import JSON, NOSNIFF, Problem, Response
from fancymonkey.web.http.problems.refusals import refusal
from fancymonkey.web.read_models.pickup import PickupDates, pickup_dates
from fancymonkey.web.read_models.product_json import (
    ProductJson,
    is_shown,
    location_out,
    product_json,
)

LISTING_PARAMS = KnownParams(
    ("productId", "category", "lowStockOnly", "location", "locations"), tolerant=True
)
"""The parameters of the listing."""

LOCATIONS_KEPT = 4
"""The most locations whose products are kept as JSON."""


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


REVALIDATE = (b"cache-control", b"no-cache")


SHARED_BYTES = 1_000_000
"""From this length on the response with all products is the only copy of their JSON."""
LONG_BYTES = 16_000_000
"""From this length on the pieces of a response leave much free memory behind."""
SHARED_PRODUCTS = 1000
"""The JSON of as many new products is put together: small pieces would leave gaps in memory."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A response, its ETag, and the 304 response."""

    reply: Response
    tag: bytes
    unchanged: Response


class StockListing:
    """Responds to `GET /api/inventory/get` from the engine's view."""

    def __init__(self, engine: Engine, spelling: Spelling) -> None:
        self._engine = engine
        self._spelling = spelling
        self._change = -1
        self._kept: dict[ListingQuery, Listed] = {}
        self._cards: dict[str, ProductJson] = {}
        self._cards_at: dict[tuple[str | None, bool], dict[str, ProductJson]] = {}
        self._pickup_dates: PickupDates = {}

    def whole(self) -> bytes:
        """The response without a filter, as JSON."""
        return self._answer(EVERYTHING).reply.body

    def reply(self, query: bytes, seen: bytes | None) -> Response:
        """The response to a query string, or 304 if `seen` (If-None-Match) has its ETag.

        Raises Problem 422 if the query makes no sense, 404 for an unknown location.
        """
        question = EVERYTHING
        if query:
            read = read_query if len(query) > CACHED_BYTES else _known_query
            question = read(query)
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
            self._change = view.changes
        if question.by_location:
            self._follow_dates()
        answer = self._kept.get(question)
        if answer is None:
            cards = self._choose(question)
            answer = self._make(cards, question)
            # A product's response is cheap to make from its card, and unknown values are not kept:
            # so there are never more responses here than categories, for any requests.
            if cards and question.product_id is None and question.location is None:
                self._kept[question] = answer
        return answer

    def _follow_dates(self) -> None:
        """Drops answers by location at midnight: their dates of pick-up are those of yesterday."""
        dates = pickup_dates(self._engine.view, self._engine.clock(), self._engine.zone)
        if dates != self._pickup_dates:
            self._pickup_dates = dates
            self._kept.clear()
            self._cards_at.clear()

    def _dates_for(self, question: ListingQuery) -> PickupDates | None:
        return self._pickup_dates if question.by_location else None

    def _choose(self, question: ListingQuery) -> list[ProductJson]:
        view = self._engine.view
        if question == EVERYTHING:
            return self._all_cards()
        product_id, category, low_only, *_ = question
        cards = []
        for id_ in view.order if product_id is None else (self._spelling.product(product_id),):
            product = view.products.get(id_)
            if product is None or product.archived:
                continue
            if category is not None and normal_form(product.category) != category:
                continue
            card = self._card_of(id_, question)
            if low_only and card.low:
                card = self._low_card(id_, question)
            if card.low or not low_only:
                cards.append(card)
        return cards

    def _all_cards(self) -> list[ProductJson]:
        """Those of all products: after each change one is new, and thousands are as they were."""
        view, known = self._engine.view, self._cards
        products, touched = view.products, view.touched
        cards: list[ProductJson] = []
        new: list[ProductJson] = []
        for id_ in view.order:
            product = products.get(id_)
            if product is None or product.archived:
                known.pop(id_, None)  # it may hold on to an old response
                continue
            card = known.get(id_)
            if card is None or card.change != touched.get(id_, 0):
                card = self.card(id_)
                new.append(card)
                if len(new) == SHARED_PRODUCTS:
                    _share(new, b",".join([card.body for card in new]), 0)
                    new.clear()
            cards.append(card)
        return cards

    def _make(self, cards: list[ProductJson], question: ListingQuery) -> Listed:
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
                        "totalProducts": len(cards),
                        "lowStockItems": sum(card.low for card in cards),
                        "outOfStockItems": sum(card.out for card in cards),
                    }
                ),
                locations,
                b',"revision":%d}' % view.revision,
            )
        )
        parts = [card.body for card in cards] or [b""]
        parts[0] = HEAD + parts[0]
        parts[-1] = b"".join((parts[-1], tail))
        body = b",".join(parts)
        if question == EVERYTHING and len(body) > SHARED_BYTES:
            _share(cards, body, len(HEAD))
            del parts  # which are parts of the former text: it is free memory only without them
            if len(body) > LONG_BYTES:
                return_free_memory()
        tag = etag_of(view.revision, body)
        headers = [REVALIDATE, NOSNIFF, (b"etag", tag)]
        return Listed(Response(200, body, [JSON, *headers]), tag, Response(304, b"", headers))

    def card(self, product_id: str) -> ProductJson:
        """A product with all sizes on sale."""
        return self._kept_card(self._cards, product_id, EVERYTHING)

    def _card_of(self, product_id: str, question: ListingQuery) -> ProductJson:
        """A product with the stock that the question means."""
        if question.stock_shown == EVERYTHING.stock_shown:
            return self.card(product_id)
        cards = self._cards_at.pop(question.stock_shown, None) or {}
        self._cards_at[question.stock_shown] = cards  # the latest is the last
        if len(self._cards_at) > LOCATIONS_KEPT:
            del self._cards_at[next(iter(self._cards_at))]
        return self._kept_card(cards, product_id, question)

    def _kept_card(
        self, cards: dict[str, ProductJson], product_id: str, question: ListingQuery
    ) -> ProductJson:
        view = self._engine.view
        change = view.touched.get(product_id, 0)
        if question.by_location:  # an older card may lack a location
            change = max(change, view.changed_locations_at)
        card = cards.get(product_id)
        if card is None or card.change != change:
            sizes = list(_sizes(view, product_id, question.location))
            card = product_json(view, product_id, sizes, change, dates=self._dates_for(question))
            cards[product_id] = card
        return card

    def _low_card(self, product_id: str, question: ListingQuery) -> ProductJson:
        """A product with its low sizes only."""
        view = self._engine.view
        pairs = _sizes(view, product_id, question.location)
        sizes = [pair for pair in pairs if is_low(*pair)]
        return product_json(view, product_id, sizes, 0, dates=self._dates_for(question))


EVERYTHING = ListingQuery()
HEAD = b'{"success":true,"inventory":['


def _share(cards: list[ProductJson], body: bytes, start: int) -> None:
    """Makes the JSON of each product a part of a text that has all of them from `start` on."""
    whole = memoryview(body)
    for card in cards:
        end = start + len(card.body)
        card.body = whole[start:end]
        start = end + 1


def read_query(query: bytes) -> ListingQuery:
    """The filter of a query string. Raises Problem 422."""
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


_known_query = lru_cache(maxsize=512)(read_query)


def _flag(fields: dict[str, list[str]], name: str) -> bool:
    text = fields.get(name, ["false"])[-1].lower()
    if text not in ("true", "false", "1", "0"):
        raise Problem(422, "invalid_request", f"{name} must be true or false.")
    return text in ("true", "1")


def unknown_location(location_id: str) -> Problem:
    """The response to an id that no location has."""
    text = f"There is no location {location_id}."
    return refusal(Refused(Code.UNKNOWN_LOCATION, text, {"location": location_id}))


def _sizes(view: View, product_id: str, location: str | None) -> Iterator[tuple[Item, SkuStock]]:
    for sku in view.sizes[product_id]:
        item = view.items[sku]
        if not item.archived:
            yield item, view.online_stock(sku) if location is None else view.stock_at(sku, location)
