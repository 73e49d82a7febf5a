"""The shop's stock as prepared JSON: encoded once per change, not once per request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from fancymonkey.core.dates import shown_date
from fancymonkey.core.keys import normal_form
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Product
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import is_low
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view import View
from fancymonkey.spreadsheets.cells import loadable
from fancymonkey.store.products_file.bundle_json import public_definition
from fancymonkey.store.products_file.extra_fields import image_of
from fancymonkey.timestamps import iso
from fancymonkey.web.http.etag import etag_of, is_known
from fancymonkey.web.http.messages import JSON, NOSNIFF, Problem, Response
from fancymonkey.web.http.refusals import refusal
from fancymonkey.web.http.spelling import Spelling
from fancymonkey.web.http.wire import encode, left

PLACES_KEPT = 4
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
    def place(self) -> tuple[str | None, bool]:
        """The part of the question that decides which stock is shown."""
        return self.location, self.by_location


REVALIDATE = (b"cache-control", b"no-cache")


SHARED_BYTES = 1_000_000
"""From this length on the response with all products is the only copy of their JSON."""


@dataclass(slots=True)
class ProductJson:
    """A product as JSON, with its counts for the summary. The JSON may be a part of a response."""

    change: int
    body: bytes | memoryview
    low: int
    out: int


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

    def whole(self) -> bytes:
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
            self._change = view.changes
        answer = self._kept.get(question)
        if answer is None:
            cards = self._choose(question)
            answer = self._make(cards, question)
            # A product's response is cheap to make from its card, and unknown values are not kept:
            # so there are never more responses here than categories, for any requests.
            if cards and question.product_id is None and question.location is None:
                self._kept[question] = answer
        return answer

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
        cards = []
        for id_ in view.order:
            product = products.get(id_)
            if product is None or product.archived:
                known.pop(id_, None)  # it may hold on to an old response
                continue
            card = known.get(id_)
            if card is None or card.change != touched.get(id_, 0):
                card = self.card(id_)
            cards.append(card)
        return cards

    def _make(self, cards: list[ProductJson], question: ListingQuery) -> Listed:
        view = self._engine.view
        places = b""
        if question.by_location:
            rows = [location_out(row) for row in view.locations.values() if is_shown(row)]
            places = b',"locations":' + encode(rows)
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
                places,
                b',"revision":%d}' % view.revision,
            )
        )
        parts = [card.body for card in cards] or [b""]
        parts[0] = HEAD + parts[0]
        parts[-1] = b"".join((parts[-1], tail))
        body = b",".join(parts)
        if question == EVERYTHING and len(body) > SHARED_BYTES:
            _share(cards, body)
        tag = etag_of(view.revision, body)
        headers = [REVALIDATE, NOSNIFF, (b"etag", tag)]
        return Listed(Response(200, body, [JSON, *headers]), tag, Response(304, b"", headers))

    def card(self, product_id: str) -> ProductJson:
        """A product with all sizes on sale."""
        return self._kept_card(self._cards, product_id, EVERYTHING)

    def _card_of(self, product_id: str, question: ListingQuery) -> ProductJson:
        """A product with the stock that the question means."""
        if question.place == EVERYTHING.place:
            return self.card(product_id)
        cards = self._cards_at.pop(question.place, None) or {}
        self._cards_at[question.place] = cards  # the latest is the last
        if len(self._cards_at) > PLACES_KEPT:
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
            card = _card(view, product_id, sizes, change, by_location=question.by_location)
            cards[product_id] = card
        return card

    def _low_card(self, product_id: str, question: ListingQuery) -> ProductJson:
        """A product with its low sizes only."""
        view = self._engine.view
        pairs = _sizes(view, product_id, question.location)
        sizes = [pair for pair in pairs if is_low(*pair)]
        return _card(view, product_id, sizes, 0, by_location=question.by_location)


EVERYTHING = ListingQuery()
HEAD = b'{"success":true,"inventory":['


def _share(cards: list[ProductJson], body: bytes) -> None:
    """Makes the JSON of each product a part of the response that has all of them."""
    start, whole = len(HEAD), memoryview(body)
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
    location = fields.get("location", [""])[-1]
    return ListingQuery(
        product_id[-1] if product_id else None,
        normal_form(category[-1]) if category else None,
        _flag(fields, "lowStockOnly"),
        location or None,
        _flag(fields, "locations"),
    )


def _flag(fields: dict[str, list[str]], name: str) -> bool:
    text = fields.get(name, ["false"])[-1].lower()
    if text not in ("true", "false", "1", "0", ""):
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


def is_shown(location: Location) -> bool:
    """Whether buyers see the stock at a location by itself."""
    return location.active and (location.sells_online or location.pickup)


def location_out(location: Location) -> dict[str, Any]:
    """A location as buyers see it."""
    return {
        "id": location.location_id,
        "name": location.name,
        "address": location.address,
        "sellsOnline": location.sells_online,
        "pickup": location.pickup,
    }


def stock_by_location(view: View, sku: str) -> list[dict[str, Any]]:
    """The stock of a SKU at each location that buyers see."""
    return [
        {
            "location": id_,
            "stock": stock.on_hand,
            "reserved": stock.reserved,
            "available": left(stock.available),
        }
        for id_, stock in view.stock_by_location(sku).items()
        if is_shown(view.locations[id_])
    ]


def size_out(view: View, item: Item, stock: SkuStock) -> dict[str, Any]:
    """A size, in the seed's shape with further fields for a shop page."""
    back_by = view.back_by(item.sku) if stock.available <= 0 and not item.sold_out else None
    bundle = {} if item.bundle is None else {"bundle": public_definition(item)}
    return {
        "size": item.size,
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": left(stock.available),
        "lowStockThreshold": item.low_stock_threshold,
        "isLowStock": is_low(item, stock),
        "isOutOfStock": stock.available <= 0,
        "soldOut": item.sold_out,
        "backBy": None if back_by is None else iso(back_by),
        "skuId": item.sku_id,
        "priceId": item.price_id,
        **bundle,
    }


def _picture(product: Product) -> dict[str, str]:
    """The URL of the image, if the owner has set a valid one."""
    image = image_of(product.extra)
    return {} if image is None or not loadable(image) else {"image": image}


def _card(
    view: View,
    product_id: str,
    sizes: list[tuple[Item, SkuStock]],
    change: int,
    *,
    by_location: bool = False,
) -> ProductJson:
    product = view.products[product_id]
    rows = [size_out(view, item, stock) for item, stock in sizes]
    if by_location:
        for row, (item, _) in zip(rows, sizes, strict=True):
            row["locations"] = stock_by_location(view, item.sku)
    body = encode(
        {
            "productId": product.product_id,
            "name": product.name,
            "category": product.category,
            "price": product.price,
            "sizes": rows,
            "totals": {
                "stock": sum(stock.on_hand for _, stock in sizes),
                "reserved": sum(stock.reserved for _, stock in sizes),
                "available": sum(left(stock.available) for _, stock in sizes),
            },
            "restockDate": shown_date(product.restock_date),
            **_picture(product),
            "lastUpdated": iso(
                max([product.updated_at, *(stock.updated_at for _, stock in sizes)])
            ),
        }
    )
    return ProductJson(
        change,
        body,
        sum(is_low(item, stock) for item, stock in sizes),
        sum(stock.available <= 0 for _, stock in sizes),
    )
