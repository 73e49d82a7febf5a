"""Bundles: definitions, circles, versions, and their undo."""

from dataclasses import fields, replace

import pytest

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition, definition_of
from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.changes.undo import Undo
from fancymonkey.core.command import Command
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Kind
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.adjust import Adjust, Count, Return
from tests.core.builders import CoreShop, take

TOGETHER = Bundle(0, BundlePolicy.TOGETHER)


def of(*parts: tuple[str, int], rules: Bundle = TOGETHER) -> Definition:
    return Definition(rules, tuple(Component(sku, quantity) for sku, quantity in parts))


def define(sku: str, definition: Definition | None) -> SetBundle:
    return SetBundle(sku=sku, location=DEFAULT_LOCATION, definition=definition)


def undo_of(shop: CoreShop, act: str) -> object:
    return shop.do(
        Undo(undoes=act, change_id=f"{act}-undo", location=DEFAULT_LOCATION, actor="owner")
    )


def item(shop: CoreShop, sku: str) -> Item:
    row: Item = shop.image.rows[Item][sku]
    return row


def refusal(answer: object) -> Refused:
    assert isinstance(answer, Refused), answer
    return answer


def test_a_size_becomes_a_bundle_and_each_change_is_the_next_version() -> None:
    shop = CoreShop()
    assert isinstance(shop.do(define("b/M", of(("a/S", 1), ("a/M", 2)))), Accepted)
    assert item(shop, "b/M").bundle == replace(TOGETHER, version=1)
    assert item(shop, "b/M").components == (Component("a/S", 1), Component("a/M", 2))
    (entry,) = shop.new
    assert (entry.kind, entry.sku) == (Kind.EDITED, "b/M")
    assert entry.reason == "bundle of a/S + 2 × a/M"
    shop.do(define("b/M", of(("a/S", 1), ("a/M", 2))))
    assert shop.new == []
    shop.do(define("b/M", of(("a/S", 3))), define("b/M", None), define("b/M", of(("a/S", 4))))
    bundle = item(shop, "b/M").bundle
    assert bundle is not None
    assert bundle.version == 3


def test_b5_a_circle_is_refused_with_its_path() -> None:
    shop = CoreShop()
    shop.do(define("a/M", of(("b/M", 1))), define("b/M", of(("b/S", 2))))
    circle = refusal(shop.do(define("b/S", of(("a/S", 1), ("a/M", 1)))))
    assert circle.code is Code.BUNDLE_CYCLE
    assert circle.detail["path"] == ["b/S", "a/M", "b/M", "b/S"]
    itself = refusal(shop.do(define("a/S", of(("a/S", 1)))))
    assert itself.detail["path"] == ["a/S", "a/S"]


def test_b5_a_pack_of_its_sibling_is_not_a_circle() -> None:
    shop = CoreShop()
    assert isinstance(shop.do(define("a/M", of(("a/S", 6)))), Accepted)


def test_an_unknown_part_is_refused_by_name() -> None:
    unknown = refusal(CoreShop().do(define("a/M", of(("a/S", 1), ("c/M", 1)))))
    assert unknown.code is Code.UNKNOWN_ITEM
    assert unknown.detail == [{"sku": "c/M"}]


PICK = ChoiceGroup("tees", 3)


@pytest.mark.parametrize(
    "definition",
    [
        Definition(TOGETHER, ()),
        of(("a/S", 0)),
        of(("a/S", -1)),
        of(("a/S", 1), ("a/S", 1)),
        of(*((f"a/{number}", 1) for number in range(101))),
        of(("a/S", 1), rules=replace(TOGETHER, sold_from=5, sold_until=5)),
        of(("a/S", 1), rules=replace(TOGETHER, max_per_order=0)),
        of(("a/S", 1), rules=replace(TOGETHER, max_sold=0)),
        Definition(TOGETHER, (Component("a/S", 2, "tees"),), (PICK,)),
        Definition(TOGETHER, (Component("a/S", 3, "shoes"),), (PICK,)),
        Definition(TOGETHER, (Component("a/S", 3, "tees"),), (PICK, PICK)),
        Definition(TOGETHER, (Component("a/S", 3, "tees"),), (ChoiceGroup("tees", 0),)),
        Definition(TOGETHER, (Component("a/S", 3, ""),), (ChoiceGroup("", 1),)),
        Definition(TOGETHER, (Component("a/S", 1, keep=-1),)),
    ],
)
def test_an_invalid_definition_is_refused(definition: Definition) -> None:
    shop = CoreShop()
    assert refusal(shop.do(define("b/M", definition))).code is Code.INVALID_BUNDLE
    assert item(shop, "b/M").bundle is None


def test_a_set_with_choices_is_not_a_part_and_a_bundle_is_not_an_option() -> None:
    shop = CoreShop()
    choose = Definition(TOGETHER, (Component("a/S", 3, "tees"),), (PICK,))
    shop.do(define("b/M", choose))
    assert refusal(shop.do(define("b/S", of(("b/M", 1))))).code is Code.INVALID_BUNDLE
    shop.do(define("b/M", of(("a/S", 2))))
    option = Definition(TOGETHER, (Component("b/M", 3, "tees"),), (PICK,))
    assert refusal(shop.do(define("b/S", option))).code is Code.INVALID_BUNDLE
    assert isinstance(shop.do(define("b/S", of(("b/M", 1)))), Accepted)


def test_a_change_of_a_bundle_that_the_owner_has_not_seen_is_refused() -> None:
    shop = CoreShop()
    seen = of(("a/S", 1))
    shop.do(define("b/M", seen), define("b/M", of(("a/S", 2))))
    stale = refusal(shop.do(replace(define("b/M", of(("a/S", 3))), expected=(seen,))))
    assert stale.code is Code.STALE


@pytest.mark.parametrize(
    "command",
    [
        Count(sku="b/M", location=DEFAULT_LOCATION, quantity=3),
        Adjust(sku="b/M", location=DEFAULT_LOCATION, delta=3),
        Return(sku="b/M", location=DEFAULT_LOCATION, quantity=3, reason="refund"),
        SetReserved(sku="b/M", location=DEFAULT_LOCATION, quantity=1),
    ],
)
def test_the_stock_of_a_bundle_can_be_set_only_if_it_has_pre_built_units(command: Command) -> None:
    shop = CoreShop(on_hand=0)
    shop.do(define("b/M", of(("a/S", 1))))
    assert refusal(shop.do(command)).code is Code.IS_BUNDLE
    built = CoreShop(on_hand=5)
    built.do(define("b/M", of(("a/S", 1))))
    assert isinstance(built.do(command), Accepted)


def test_a_change_of_a_bundle_is_undone_and_redone() -> None:
    shop = CoreShop()
    first, second = of(("a/S", 1)), of(("a/M", 2), rules=replace(TOGETHER, max_sold=9))
    for act, definition in (("one", first), ("two", second)):
        change = define("b/M", definition)
        shop.do(ChangeSet(change_id=act, action="product", command=change, actor="owner"))
    assert isinstance(undo_of(shop, "two"), Accepted)
    assert definition_of(item(shop, "b/M")) == first
    assert item(shop, "b/M").bundle == replace(TOGETHER, version=3)
    assert isinstance(undo_of(shop, "two-undo"), Accepted)
    assert definition_of(item(shop, "b/M")) == second
    assert isinstance(undo_of(shop, "two-undo-undo"), Accepted)
    assert refusal(undo_of(shop, "one")).code is Code.CANNOT_UNDO  # its version has changed since


def test_a_count_of_bundles_keeps_every_other_field_of_its_row() -> None:
    shop = CoreShop()
    shop.do(define("b/M", of(("a/S", 1))))
    row = BundleSales("b/M", 4, 2, 1)
    assert all(getattr(row, field.name) != field.default for field in fields(BundleSales))
    shop.image.rows[BundleSales]["b/M"] = row
    shop.do(take("s1", b_M=2))
    assert shop.image.rows[BundleSales]["b/M"] == replace(row, held=4)
