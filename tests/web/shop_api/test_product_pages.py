"""The JSON of all products is there once, in pages that a new response shares with the former."""

import gc
import random
import tracemalloc
from dataclasses import replace
from decimal import Decimal

import pytest

from fancymonkey.core.model import Entry, Item, Kind, Level, Product
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view.view import View
from fancymonkey.store.contract import StockSnapshot
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.http.pieces import Body, Pieces
from fancymonkey.web.read_models import product_pages, stock_listing
from fancymonkey.web.read_models.product_pages import PAGE_PRODUCTS, ProductPage
from fancymonkey.web.read_models.stock_listing import StockListing

SIZES = ("S", "M", "L")


def product(number: int) -> Product:
    category = "tees" if number % 3 else "hats"
    return Product(f"p{number:04}", f"Thing {number}", category, Decimal(5), number)


def rows_of(number: int) -> tuple[list[Item], list[Level]]:
    id_ = f"p{number:04}"
    items = [
        Item(f"{id_}/{size}", id_, size, place, low_stock_threshold=number % 2 * 9)
        for place, size in enumerate(SIZES)
    ]
    return items, [Level(item.sku, "main", on_hand=7) for item in items]


def shop_of(count: int) -> Engine:
    """An engine with a view of this many products."""
    engine = Engine(MemoryStore())
    items, levels = [], []
    for number in range(count):
        more_items, more_levels = rows_of(number)
        items += more_items
        levels += more_levels
    engine.view.reset(StockSnapshot(0, list(map(product, range(count))), items, levels))
    return engine


def listing_of(engine: Engine) -> StockListing:
    return StockListing(engine, Spelling(engine))


def sell(view: View, number: int, size: str = "M") -> None:
    """One unit less of a size."""
    sku = f"p{number:04}/{size}"
    after = view.levels[sku, "main"].on_hand - 1
    entry = Entry(
        view.revision + 1, 0, Kind.SOLD, sku, "main", on_hand=-1, on_hand_after=after, actor="test"
    )
    view.apply([entry])


def parts(body: Body) -> list[bytes]:
    assert isinstance(body, Pieces)
    return list(body.parts)


def pages_of(listing: StockListing) -> list[ProductPage]:
    return listing._pages.pages()


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every response is a long one."""
    monkeypatch.setattr(stock_listing, "LONG_BYTES", 0)


@pytest.mark.usefixtures("long")
def test_a_change_makes_one_page_again_and_shares_the_others() -> None:
    engine = shop_of(10 * PAGE_PRODUCTS)
    listing = listing_of(engine)
    first = parts(listing.whole())
    assert parts(listing.whole()) == first
    sell(engine.view, 3 * PAGE_PRODUCTS + 5)
    second = parts(listing.whole())
    pairs = enumerate(zip(first, second, strict=True))
    different = [number for number, (old, new) in pairs if old is not new]
    # The page itself, the last one without its comma, and the end with the revision.
    assert different == [1 + 3, 10, 11]
    assert first[10] == second[10]


@pytest.mark.usefixtures("long")
def test_another_response_needs_the_memory_of_a_page_and_not_of_the_shop() -> None:
    engine = shop_of(60 * PAGE_PRODUCTS)
    listing = listing_of(engine)
    whole = len(listing.whole())
    sell(engine.view, 17)
    gc.collect()
    tracemalloc.start()
    try:
        assert len(listing.whole()) >= whole - 100
        stays, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert whole > 3_000_000
    assert peak < whole / 8
    assert stays < whole / 20


def test_the_json_of_a_shop_is_in_memory_once() -> None:
    engine = shop_of(60 * PAGE_PRODUCTS)
    listing = listing_of(engine)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        whole = len(listing.whole())
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1.08 * whole
    assert peak - before < 1.2 * whole


@pytest.mark.usefixtures("long")
def test_any_changes_result_in_the_response_of_a_new_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(product_pages, "PAGE_PRODUCTS", 4)
    queries = (b"", b"category=tees", b"lowStockOnly=true", b"locations=true", b"location=main")
    made, shared = 0, 0
    for seed in range(12):
        chance = random.Random(seed)
        engine = shop_of(chance.randrange(1, 40))
        view, listing = engine.view, listing_of(engine)
        for _ in range(25):
            _change(view, chance)
            query = chance.choice(queries)
            answer = listing.reply(query, None)
            new = listing_of(engine).reply(query, None)
            assert bytes(answer.body) == bytes(new.body)
            assert answer.headers == new.headers  # with the same ETag
            made += 1
        shared += len(pages_of(listing))
    assert made == 300
    assert shared > 50


def _change(view: View, chance: random.Random) -> None:
    """A sale, a product that comes, moves, goes or returns, or no change."""
    number = chance.randrange(len(view.products) + 3)
    known = view.products.get(f"p{number:04}")
    match chance.randrange(6):
        case 0 if known is None:
            items, levels = rows_of(number)
            place = chance.randrange(40)
            view.set_catalogue([replace(product(number), position=place)], items)
            for level in levels:
                if level.key not in view.levels:
                    view._set_level(level)
        case 1 if known is not None:
            view.set_catalogue([replace(known, position=chance.randrange(40))], [])
        case 2 if known is not None:
            view.set_catalogue([replace(known, archived=not known.archived)], [])
        case 3 if known is not None:
            item = view.items[f"{known.product_id}/M"]
            view.set_catalogue([], [replace(item, archived=not item.archived)])
        case 4 | 5 if known is not None and view.levels[f"{known.product_id}/M", "main"].on_hand:
            sell(view, number)


def test_new_products_leave_the_other_pages_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_pages, "PAGE_PRODUCTS", 10)
    engine = shop_of(100)
    view, listing = engine.view, listing_of(engine)
    listing.whole()
    before = pages_of(listing)
    assert [len(page.ids) for page in before] == [10] * 10
    for number in range(100, 125):  # at the end
        view.set_catalogue([product(number)], rows_of(number)[0])
        listing.whole()
    after = pages_of(listing)
    assert [page for page in before if page not in after] == before[-1:]
    assert [len(page.ids) for page in after] == [10] * 12 + [5]
    view.set_catalogue([replace(product(200), position=34)], rows_of(200)[0])  # in between
    listing.whole()
    again = pages_of(listing)
    assert len([page for page in after if page in again]) == 11
    for number in range(300, 600):
        place = number * 7 % 120
        view.set_catalogue([replace(product(number), position=place)], rows_of(number)[0])
        listing.whole()
    assert len(pages_of(listing)) <= 2 * 426 / 10 + 16 + 3
    assert bytes(listing.whole()) == bytes(listing_of(engine).whole())


def test_kept_responses_with_a_filter_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = shop_of(50)
    listing = listing_of(engine)
    size = len(listing.reply(b"category=hats", None).body)
    monkeypatch.setattr(stock_listing, "FILTERED_BYTES", size + 10)
    again = listing_of(engine)
    first = again.reply(b"category=hats", None)
    second = again.reply(b"category=tees", None)
    assert again.reply(b"category=hats", None) is first
    assert again.reply(b"category=tees", None) is not second
    assert again.reply(b"category=tees", None).body == second.body
    assert again.reply(b"", None) is again.reply(b"", None)


def test_products_of_single_requests_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_listing, "PRODUCTS_KEPT", 5)
    engine = shop_of(20)
    listing = listing_of(engine)
    for number in range(20):
        assert f"Thing {number}".encode() in listing.product(f"p{number:04}").body
        assert listing.product(f"p{number:04}") is listing.product(f"p{number:04}")
    assert len(listing._products) == 5


def test_many_locations_of_a_large_shop_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = shop_of(30)
    listing = listing_of(engine)
    listing.whole()
    listing.reply(b"locations=true", None)
    listing.reply(b"location=main", None)
    assert len(listing._pages_with) == 2
    monkeypatch.setattr(stock_listing, "LOCATIONS_BYTES", 1000)
    listing.reply(b"location=main", None)
    assert list(listing._pages_with) == [("main", False)]
