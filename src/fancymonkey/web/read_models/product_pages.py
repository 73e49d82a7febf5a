"""The JSON of a shop's products in pages: a page has products that follow one another.

A response with all products consists of pages. A change makes one page again, and the next response
shares all others with the former one: so memory has the JSON of a large shop once, also for
the moment in which a response takes the place of another.
"""

from array import array
from collections.abc import Callable, Collection
from zlib import crc32

from fancymonkey.engine.view.view import View
from fancymonkey.web.read_models.product_json import ProductJson

PAGE_PRODUCTS = 128
"""Products of a page, of about a kilobyte each."""
SHORT_PAGES = 16
"""Short pages that are always allowed."""
UNKNOWN = -1
"""In place of a change: the JSON of the product has not been made yet."""

ProductMaker = Callable[[str, int], ProductJson | None]
"""Makes the JSON of a product as of a change; None if it is not on sale."""


class ProductPage:
    """Products with their JSON, each followed by a comma. One that is not on sale has none."""

    __slots__ = ("body", "changes", "ends", "ids", "low", "out", "shown", "sums")

    def __init__(self, ids: list[str]) -> None:
        count = len(ids)
        self.ids = ids
        self.body = b""
        self.changes = array("q", [UNKNOWN]) * count
        """The change of the view as of which each is known."""
        self.ends = array("I", [0]) * count
        self.sums = array("I", [0]) * count
        """The checksum of the JSON of each, 0 without JSON."""
        self.low = array("I", [0]) * count
        self.out = array("I", [0]) * count
        self.shown = 0
        """The number of products with JSON."""

    def json_of(self, place: int) -> bytes:
        """The JSON of a product with its comma, empty if it has none."""
        return self.body[self.ends[place - 1] if place else 0 : self.ends[place]]

    def make_again(
        self, changes: "array[int]", make: ProductMaker, places: Collection[int] | None
    ) -> None:
        """Makes the JSON of products that have changed; only of those in `places`, if given."""
        parts: list[bytes] = []
        longer: dict[int, int] = {}
        done = 0
        for place, (change, known) in enumerate(zip(changes, self.changes, strict=True)):
            if change == known or (places is not None and place not in places):
                continue
            begin, end = self.ends[place - 1] if place else 0, self.ends[place]
            product = make(self.ids[place], change)
            part = b"" if product is None else product.body + b","
            parts += (self.body[done:begin], part)
            done = end
            if len(part) != end - begin:
                longer[place] = len(part) - (end - begin)
            self.shown += bool(part) - (begin < end)
            self.changes[place] = change
            self.sums[place] = crc32(part) if part else 0
            self.low[place] = 0 if product is None else product.low
            self.out[place] = 0 if product is None else product.out
        parts.append(self.body[done:])
        self.body = b"".join(parts)
        moved = 0
        for place in range(min(longer), len(self.ends)) if longer else ():
            moved += longer.get(place, 0)
            self.ends[place] += moved


class ProductPages:
    """All products of the view, in the owner's order."""

    def __init__(self, view: View, make: ProductMaker) -> None:
        self._view = view
        self._make = make
        self._order: list[str] | None = None
        self._pages: list[ProductPage] = []

    @property
    def size(self) -> int:
        """The bytes of all JSON."""
        return sum(len(page.body) for page in self._pages)

    def pages(self) -> list[ProductPage]:
        """The pages of all products. Call `update` for each that is used."""
        order = self._view.order
        if order is not self._order:
            self._pages, self._order = _cut(order, self._pages), order
        return self._pages

    def update(
        self, page: ProductPage, least: int = 0, places: Collection[int] | None = None
    ) -> bool:
        """Makes the JSON of changed products of a page again; returns whether there were any.

        `least` is a change of the view that all of them had. With `places`, only these are used.
        """
        touched = self._view.touched
        changes = array("q", [touched.get(id_, 0) for id_ in page.ids])
        if least:
            changes = array("q", [max(change, least) for change in changes])
        if changes == page.changes:
            return False
        page.make_again(changes, self._make, places)
        return True


def _cut(order: list[str], pages: list[ProductPage]) -> list[ProductPage]:
    """Pages of these products. Former ones stay where they have the same products in order.

    The last one is made again, so that it fills up where products are added at the end. New
    products in between make short pages, and many of them a new start.
    """
    few = len(pages) <= 2 * len(order) // PAGE_PRODUCTS + SHORT_PAGES
    former = {page.ids[0]: page for page in pages[:-1]} if few else {}
    cut: list[ProductPage] = []
    start = place = 0
    while place < len(order):
        page = former.get(order[place])
        if page is not None and order[place : place + len(page.ids)] == page.ids:
            if start < place:
                cut.append(ProductPage(order[start:place]))
            cut.append(page)
            start = place = place + len(page.ids)
            continue
        place += 1
        if place - start == PAGE_PRODUCTS or place == len(order):
            cut.append(ProductPage(order[start:place]))
            start = place
    return cut
