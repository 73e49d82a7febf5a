"""The totals of a SKU over its locations, as a value and in the view that every page reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Level, Line
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.stock.sku_stock import SkuStock, totals
from fancymonkey.engine.view.view import View
from fancymonkey.store.in_memory.store import MemoryStore
from tests.store.scripts import catalogue

M = "prod_a/M"


def test_every_quantity_is_added_up_and_the_latest_change_counts() -> None:
    levels = [
        Level(M, "main", 10, 3, 2, 5, 1, 0, 900),
        Level(M, "shed", 4, 4, 1, 0, 2, 1, 700),
    ]
    stock = SkuStock.of(M, levels)
    assert stock == SkuStock(M, 14, 7, 3, 5, 3, 1, 900, withheld=-1)
    assert stock.available == 5  # the shed is one short, and takes nothing from the five at main
    assert SkuStock.of(M, reversed(levels)) == stock


def test_a_sku_without_a_level_has_nothing() -> None:
    assert SkuStock.of(M, ()) == SkuStock(M, 0, 0, 0, 0, 0, 0, 0)
    assert SkuStock(M).available == 0


LEVELS = st.builds(
    Level,
    st.just(M),
    st.sampled_from(["main", "shed", "shed:damaged", "berlin", "berlin:in_transit"]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
)
SAFETY = st.builds(SafetyStock, st.sampled_from(["main", "shed"]), st.integers(0, 9))


@given(
    st.lists(LEVELS, max_size=5, unique_by=lambda level: level.location),
    st.lists(SAFETY, max_size=2, unique_by=lambda row: row.location),
)
@settings(max_examples=300, deadline=None)
def test_the_totals_of_a_reserve_are_those_of_the_stock(
    levels: list[Level], safety: list[SafetyStock]
) -> None:
    stock = SkuStock.of(M, levels, tuple(safety))
    assert totals(levels, tuple(safety)) == (stock.on_hand, stock.reserved, stock.available)


async def shown() -> tuple[MemoryStore, View]:
    """A shop that has taken in units at a second location, and its view."""
    store, view = MemoryStore(), View()
    await store.run([*catalogue(), AddLocation(location=Location("shed", "Shed"))], 1, 0)
    view.reset(await store.snapshot())
    return store, view


async def test_the_view_shows_units_at_every_location() -> None:
    store, view = await shown()
    assert view.stock(M) == SkuStock(M, on_hand=10, updated_at=1)
    commit = await store.run([Adjust(sku=M, delta=4, location="shed")], 50, view.revision)
    other = View()
    other.reset(await store.snapshot())
    for entries in (commit.entries, []):
        view.apply(entries)
        assert view.stock(M) == other.stock(M) == SkuStock(M, on_hand=14, updated_at=50)
    (row,) = [row for row in view.stocked(["prod_a"]) if row.item.sku == M]
    assert row.stock == view.stock(M)
    assert view.level(M, "shed").on_hand == 4
    assert view.stock("prod_a/nothing") == SkuStock("prod_a/nothing")


async def test_a_location_that_comes_with_the_levels_of_a_batch_is_shown() -> None:
    store, view = await shown()
    commit = await store.run([Adjust(sku=M, delta=4, location="shed")], 50, view.revision)
    view.take(commit.entries, commit.changed[Level])
    assert view.stock(M).on_hand == 14


async def test_units_of_holds_whose_time_is_up_do_not_count_at_any_location() -> None:
    store, view = await shown()
    holds = [
        Reserve(reservation_id=name, session_id=name, lines=(Line(M, count),), location=at, ttl=100)
        for name, count, at in (("r1", 2, DEFAULT_LOCATION), ("r2", 3, "shed"))
    ]
    await store.run([Adjust(sku=M, delta=4, location="shed"), *holds], 50, 0)
    view.reset(await store.snapshot())
    assert (view.stock(M).reserved, view.stock(M).available) == (5, 9)
    assert view.unbooked_expiries(M, None) == 0
    assert view.stop_counting_due(150)
    assert (view.stock(M).reserved, view.stock(M).available) == (0, 14)
    assert view.unbooked_expiries(M, None) == 5
