"""Changes of the shop's stock as live messages: encoded once for all listeners of a view."""

from abc import ABC, abstractmethod
from itertools import islice
from time import perf_counter
from typing import Any, Protocol

import msgspec

from fancymonkey.core.model import split_sku
from fancymonkey.engine.view.feed import LevelChange
from fancymonkey.engine.view.location_index import LOCATIONS
from fancymonkey.engine.view.view import View
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.pieces import Body, Pieces, pieces_of
from fancymonkey.web.read_models.product_json import size_out
from fancymonkey.web.read_models.stock_listing import StockListing
from fancymonkey.web.server.live_message import LiveMessage
from fancymonkey.web.server.turns import Turns

SKUS_OF_TURN = 50
"""SKUs that are encoded in one turn of the event loop, about half a millisecond."""


class ChangeBody(Protocol):
    """The JSON of a change, put together SKU by SKU."""

    def add(self, sku: str) -> None:
        """Adds the state of a SKU or product as it is now."""

    def json(self, revision: int) -> bytes:
        """The JSON of all that was added."""


class LiveView(ABC):
    """A view of the stock as messages."""

    def __init__(self, view: View, turns: Turns) -> None:
        self._view = view
        self._turns = turns
        self._last: tuple[int, LevelChange] | None = None
        self._message: LiveMessage | None = None

    @abstractmethod
    def snapshot(self) -> Body:
        """The JSON of everything."""

    @abstractmethod
    def change_body(self) -> ChangeBody:
        """A change without SKUs."""

    def of(self, change: LevelChange) -> LiveMessage:
        """The message for a change, from the view as it is now."""
        about = (self._view.changes, change)
        if about != self._last or self._message is None:
            self._message = self._fresh(change) if change.fresh else self._changed(change)
            self._last = (self._view.changes, change)
        return self._message

    async def encode(self, change: LevelChange) -> LiveMessage:
        """The same over several turns of the event loop, if there is much to encode.

        Changes during that time may be in the message, and follow in the next one in any case.
        """
        if change.fresh or len(change.skus) <= SKUS_OF_TURN:
            return self.of(change)
        body, skus, seconds = self.change_body(), iter(sorted(change.skus)), 0.0
        while part := list(islice(skus, SKUS_OF_TURN)):
            started = perf_counter()
            for sku in part:
                body.add(sku)
            seconds += perf_counter() - started
            await self._turns.piece()
        json = body.json(change.revision)
        return LiveMessage(json, change.revision, fresh=False, seconds=seconds)

    def _fresh(self, change: LevelChange) -> LiveMessage:
        started = perf_counter()
        json = self.snapshot()
        revision = max(self._view.revision, change.revision)
        return LiveMessage(json, revision, fresh=True, seconds=perf_counter() - started)

    def _changed(self, change: LevelChange) -> LiveMessage:
        started = perf_counter()
        body = self.change_body()
        for sku in sorted(change.skus):
            body.add(sku)
        json = body.json(change.revision)
        return LiveMessage(json, change.revision, fresh=False, seconds=perf_counter() - started)


class ShopView(LiveView):
    """The shop's stock, as `get` has it."""

    def __init__(self, view: View, listing: StockListing, turns: Turns) -> None:
        super().__init__(view, turns)
        self._listing = listing

    def snapshot(self) -> Body:
        """The whole inventory."""
        first, *others = pieces_of(self._listing.whole()).parts
        first = b'{"type":"snapshot",' + first[1:]
        return Pieces((first, *others)) if others else first

    def change_body(self) -> ChangeBody:
        """A change without SKUs."""
        return ShopChange(self._view, self._listing)


class ShopChange:
    """Sizes, whole products, and ids of products that are gone."""

    def __init__(self, view: View, listing: StockListing) -> None:
        self._view = view
        self._listing = listing
        self._sizes: list[dict[str, Any]] = []
        self._products: dict[str, msgspec.Raw] = {}
        self._removed: dict[str, None] = {}

    def add(self, sku: str) -> None:
        """Adds a size; its whole product where the size itself is gone or is none."""
        view = self._view
        if sku == LOCATIONS:
            return
        product_id, size = split_sku(sku)
        product, item = view.products.get(product_id), view.items.get(sku)
        if product is None or product.archived:
            self._removed[product_id] = None
        elif not size or item is None or item.archived:
            self._products[product_id] = msgspec.Raw(self._listing.product(product_id).body)
        else:
            stock = view.online_stock(sku)
            size_json = size_out(view, item, stock, online=stock)
            self._sizes.append({"productId": product_id, **size_json})

    def json(self, revision: int) -> bytes:
        """The message of type `change`."""
        return encode(
            {
                "type": "change",
                "revision": revision,
                "changes": self._sizes,
                "products": list(self._products.values()),
                "removed": list(self._removed),
            }
        )
