"""The SKUs that a change of locations concerns."""

from collections.abc import ItemsView

from fancymonkey.core.locations.edit import AddLocation, EditLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.stock.adjust import Count
from fancymonkey.engine.view.location_index import skus_at
from fancymonkey.engine.view.view import View
from tests.core.builders import CoreShop

BERLIN = Location("berlin", "Berlin", priority=2, updated_at=0)


class Unread(dict[str, tuple[str, ...]]):
    """The accounts of a large shop, which no command may iterate over."""

    def items(self) -> ItemsView[str, tuple[str, ...]]:
        raise AssertionError("every SKU was read")


def test_a_location_without_stock_is_added_without_a_look_at_the_skus() -> None:
    main = (DEFAULT_LOCATION,)
    accounts = Unread({f"p/{number}": main for number in range(1000)})
    assert skus_at({"berlin"}, accounts, {main: main}) == set()
    assert skus_at(set(), accounts, {main: main}) == set()


def test_only_skus_with_an_account_there_are_found() -> None:
    main, both = ("main",), ("main", "berlin")
    accounts = {"a/S": main, "a/M": both, "b/S": ("berlin:damaged",)}
    assert skus_at({"berlin"}, accounts, set(accounts.values())) == {"a/M"}
    assert skus_at({"main"}, accounts, set(accounts.values())) == {"a/S", "a/M"}


def test_the_view_names_the_skus_that_buyers_see_with_another_stock() -> None:
    shop, view = CoreShop(), View()
    view.reset(shop.image.snapshot())
    shop.do(AddLocation(location=BERLIN))
    view.apply(shop.entries[view.revision :])
    assert view.set_locations([BERLIN]) == set()
    shop.do(Count(sku="a/M", location="berlin", quantity=3))
    view.apply(shop.entries[view.revision :])
    before = view.online_stock("a/M").on_hand
    changes = view.touched["a"]
    hidden = Location("berlin", "Berlin", priority=2, sells_online=False)
    shop.do(EditLocation(location=hidden))
    view.apply(shop.entries[view.revision :])
    assert view.set_locations([hidden]) == {"a/M"}
    assert view.online_stock("a/M").on_hand == before - 3
    assert view.touched["a"] > changes
    assert view.set_locations([BERLIN]) == {"a/M"}
