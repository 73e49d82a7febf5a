"""Bundles in the view: their stock follows from their parts, and so do touches and dates."""

from dataclasses import replace

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.command import Command
from fancymonkey.core.item_parts import Bundle, BundlePolicy, Component, SafetyStock
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item
from fancymonkey.core.stock.adjust import Count
from fancymonkey.engine.view.view import View
from tests.core.builders import CoreShop, take

TOGETHER = Bundle(0, BundlePolicy.TOGETHER)


def of(rules: Bundle = TOGETHER, **parts: int) -> Definition:
    return Definition(
        rules, tuple(Component(name.replace("_", "/"), count) for name, count in parts.items())
    )


class BundleShop(CoreShop):
    """Five of each of a/S, a/M, b/S; b/M is a bundle without units of its own."""

    def __init__(self, definition: Definition) -> None:
        super().__init__()
        self.view = View()
        self.view.reset(self.image.snapshot())
        self.see(Count(sku="b/M", location=DEFAULT_LOCATION, quantity=0), define(definition))

    def see(self, *commands: Command, at: int | None = None) -> set[str]:
        """Runs the commands, and shows them; returns the products that were touched."""
        before = dict(self.view.touched)
        self.do(*commands, at=at)
        self.view.stop_counting_due(self.now)
        self.view.apply(self.entries[self.view.revision :])
        rows = self.image.snapshot()
        self.view.set_catalogue(
            (), [row for row in rows.items if row != self.view.items.get(row.sku)]
        )
        self.view.set_bundle_sales(rows.bundle_sales)
        return {id_ for id_, change in self.view.touched.items() if before.get(id_) != change}

    def stock(self) -> tuple[int, int]:
        stock = self.view.stock("b/M")
        assert stock.on_hand == stock.available == self.view.online_stock("b/M").available
        return stock.available, stock.reserved


def define(definition: Definition | None) -> SetBundle:
    return SetBundle(sku="b/M", location=DEFAULT_LOCATION, definition=definition)


def test_the_stock_of_a_bundle_is_what_its_parts_make_after_holds() -> None:
    shop = BundleShop(of(a_S=1, a_M=2))
    assert shop.stock() == (2, 0)
    touched = shop.see(take("s", a_M=2))
    assert touched == {"a", "b"}
    assert shop.stock() == (1, 0)
    assert shop.view.stock("b/M").unsold == 2
    assert shop.see(take("t", b_S=2)) == {"b"}
    shop.see(define(None))
    assert shop.view.stock("b/M").bundles_unsold is None
    assert shop.see(take("s", a_S=1)) == {"a"}


def test_a_bundle_is_back_when_the_last_short_part_may_be() -> None:
    shop = BundleShop(of(a_S=1, a_M=2))
    assert shop.view.back_by("b/M") is None
    shop.see(take("s", ttl=1000, a_S=5), take("t", ttl=3000, a_M=4))
    assert shop.stock() == (0, 0)
    assert shop.view.back_by("b/M") == 3000
    shop.see(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0), take("u", b_S=1))
    assert shop.view.back_by("b/M") == 3000  # the hold may be released


def test_a_bundle_counts_again_exactly_at_the_deadline_of_a_hold() -> None:
    shop = BundleShop(of(a_S=1))
    shop.see(take("s", ttl=1000, a_S=5))
    assert shop.stock()[0] == 0
    before = shop.view.touched["b"]
    assert shop.view.stop_counting_due(1000)
    assert shop.stock()[0] == 5
    assert shop.view.touched["b"] > before


def test_a_bundle_is_sold_between_its_dates_only() -> None:
    shop = BundleShop(of(replace(TOGETHER, sold_from=2000, sold_until=4000), a_S=1))
    assert shop.stock()[0] == 0
    assert shop.view.next_due() == 2000
    shop.view.bundles.take_switched()
    assert shop.view.stop_counting_due(2000)
    assert shop.stock()[0] == 5
    assert shop.view.bundles.take_switched() == {"b/M"}
    assert shop.view.next_due() == 4000
    assert shop.view.stop_counting_due(4000)
    assert shop.stock()[0] == 0
    assert shop.view.next_due() is None


def test_a_maximum_of_sales_and_units_to_keep_limit_a_bundle() -> None:
    shop = BundleShop(of(replace(TOGETHER, max_sold=3), a_S=1))
    assert shop.stock()[0] == 3
    keep = Definition(TOGETHER, (Component("a/S", 1, keep=4),))
    shop.see(define(keep))
    assert shop.stock()[0] == 1


def test_pre_built_bundles_count_as_well() -> None:
    shop = BundleShop(of(a_S=1))
    shop.see(define(None), Count(sku="b/M", location=DEFAULT_LOCATION, quantity=2))
    shop.see(define(of(a_S=1)))
    assert shop.stock()[0] == 7


def test_b7_places_count_alone_or_together_by_the_policy() -> None:
    shop = BundleShop(of(a_S=1, a_M=1))
    berlin = Location("berlin", "Berlin", priority=2)
    shop.do(AddLocation(location=berlin))
    shop.view.set_locations([berlin])
    shop.see(
        Count(sku="a/S", location=DEFAULT_LOCATION, quantity=0),
        Count(sku="a/S", location="berlin", quantity=1),
    )
    assert shop.stock()[0] == 0
    shop.see(define(of(replace(TOGETHER, policy=BundlePolicy.SPLIT), a_S=1, a_M=1)))
    assert shop.stock()[0] == 1
    shop.view.set_locations([replace(berlin, sells_online=False)])
    assert shop.stock()[0] == 0


def test_without_split_lines_the_best_location_counts() -> None:
    shop = BundleShop(of(a_S=1))
    berlin = Location("berlin", "Berlin", priority=2)
    shop.do(AddLocation(location=berlin))
    shop.view.set_locations([berlin])
    shop.see(Count(sku="a/S", location="berlin", quantity=3))
    assert shop.stock()[0] == 8
    shop.view.split_lines = False
    assert shop.stock()[0] == 5
    shop.see(define(of(replace(TOGETHER, policy=BundlePolicy.SPLIT), a_S=2)))
    assert shop.stock()[0] == 2


def test_safety_stock_of_a_part_and_a_part_off_sale_are_respected() -> None:
    shop = BundleShop(of(a_S=1))
    part = shop.view.items["a/S"]
    shop.view.set_catalogue((), [replace(part, safety_stock=(SafetyStock("main", 3),))])
    assert shop.stock()[0] == 2
    shop.view.set_catalogue((), [replace(part, archived=True)])
    assert shop.stock()[0] == 0


def test_a_bundle_of_a_missing_part_has_no_stock() -> None:
    """As in data of another shop, or in edited data."""
    shop = BundleShop(of(a_S=1))
    lost = replace(shop.view.items["b/M"], components=(Component("gone/M", 1),))
    shop.view.set_catalogue((), [lost])
    assert shop.stock()[0] == 0
    shop.view.set_catalogue((), [Item("gone/M", "b", "gone")])  # no units, but a part
    assert shop.stock()[0] == 0
    assert shop.view.bundles.recipes["b/M"] is not None
