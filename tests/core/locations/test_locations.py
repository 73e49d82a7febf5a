"""Locations: adding and changing them, accounts, and the stock of several."""

from dataclasses import replace

import pytest

from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.accounts import StockState, account_of, is_for_sale, split_account
from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location, first_location
from fancymonkey.core.model import Kind, Level
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.store.in_memory.store import MemoryStore

BERLIN = Location("berlin", "Berlin", country="DE", priority=2)


async def answer(store: MemoryStore, command: AddLocation | EditLocation) -> Accepted | Refused:
    (answer,) = (await store.run([command], 5, 0)).answers
    return answer


async def test_a_location_is_added_once() -> None:
    store = MemoryStore()
    assert isinstance(await answer(store, AddLocation(location=BERLIN)), Accepted)
    assert await store.find(Location, "berlin") == replace(BERLIN, updated_at=5)
    (entry,) = await store.entries_after(0)
    assert (entry.kind, entry.sku, entry.location) == (Kind.LOCATION_EDITED, "", "berlin")
    again = await answer(store, AddLocation(location=BERLIN))
    assert isinstance(again, Refused)
    assert again.code is Code.ALREADY_THERE


async def test_the_first_location_exists_from_the_start_and_can_be_renamed() -> None:
    store = MemoryStore()
    taken = await answer(store, AddLocation(location=Location(DEFAULT_LOCATION, "Store")))
    assert isinstance(taken, Refused)
    renamed = replace(first_location(), name="Store room")
    assert isinstance(await answer(store, EditLocation(location=renamed)), Accepted)
    stored = await store.find(Location, DEFAULT_LOCATION)
    assert stored is not None
    assert stored.name == "Store room"


async def test_an_edit_of_an_unknown_or_changed_location_is_refused() -> None:
    store = MemoryStore()
    unknown = await answer(store, EditLocation(location=BERLIN))
    assert isinstance(unknown, Refused)
    assert unknown.code is Code.UNKNOWN_LOCATION
    await answer(store, AddLocation(location=BERLIN))
    seen = replace(BERLIN, name="Hamburg")
    stale = await answer(store, EditLocation(location=BERLIN, expected=seen))
    assert isinstance(stale, Refused)
    assert stale.code is Code.STALE


@pytest.mark.parametrize("state", [None, *StockState])
def test_an_account_is_a_location_and_a_state(state: StockState | None) -> None:
    account = account_of("berlin", state)
    assert split_account(account) == ("berlin", state)
    assert is_for_sale(account) == (state is None)


def test_a_short_location_takes_nothing_from_the_others() -> None:
    short = Level("a/M", "main", on_hand=1, reserved=3, short=2)
    stock = SkuStock.of("a/M", [short, Level("a/M", "berlin", on_hand=5)])
    assert (stock.on_hand, stock.reserved, stock.short, stock.available) == (6, 3, 2, 5)
    assert SkuStock.of("a/M", [short]).available == -2


def test_units_that_are_not_for_sale_are_counted_by_their_state() -> None:
    levels = [Level("a/M", account_of("main", state), on_hand=2) for state in (None, *StockState)]
    stock = SkuStock.of("a/M", levels)
    assert (stock.on_hand, stock.available) == (2, 2)
    assert (stock.damaged, stock.quarantine, stock.returned, stock.in_transit) == (2, 2, 2, 2)


@pytest.mark.parametrize(("on_hand", "offered"), [(5, 2), (3, 0), (1, 0), (0, 0)])
def test_safety_stock_is_not_offered(on_hand: int, offered: int) -> None:
    levels = [Level("a/M", "main", on_hand=on_hand), Level("a/M", "berlin", on_hand=1)]
    safety = (SafetyStock("main", 3),)
    stock = SkuStock.of("a/M", levels, safety)
    assert (stock.on_hand, stock.available) == (on_hand + 1, offered + 1)
    assert SkuStock.of("a/M", levels[:1], safety).available == offered
