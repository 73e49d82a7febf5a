"""A renamed size: returned units and late payments go to its present name."""

from dataclasses import replace

import pytest

from fancymonkey.core.catalogue.products import NewItem, RemoveItem, UpsertProduct
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.core.payments.refunds import RecordRefund, ResolveIssue
from fancymonkey.core.payments.rows import IssueStatus, PaymentIssue
from tests.core.builders import CoreShop, lines, take

PAY = Capture(ref="s1", payment_id="cs_1", intent="pi_1")
AUTO = RecordRefund(ref="pi_1", whole=True, note="ch_1", take_back=True)


def size(name: str, position: int, sku_id: str | None = None, price_id: str | None = None) -> Item:
    return Item(sku_of("a", name), "a", name, position, sku_id, price_id)


def product(shop: CoreShop, *items: tuple[Item, int]) -> UpsertProduct:
    """Product a with these sizes from now on."""
    before = tuple(item.sku for item in shop.image.rows[Item].values() if item.product_id == "a")
    new = tuple(NewItem(item, units) for item, units in items)
    row = replace(shop.image.rows[Product]["a"], archived=False)
    return UpsertProduct(product=row, location=DEFAULT_LOCATION, items=new, before=before)


def shop_with(*items: Item) -> CoreShop:
    """Two of M are sold; five are there of each size."""
    shop = CoreShop()
    shop.do(product(shop, *((item, 5) for item in items)))
    shop.do(take("s1", a_M=2), PAY)
    return shop


def open_issues(shop: CoreShop) -> list[dict[str, int]]:
    return [
        {units.sku: units.quantity for units in row.allocations}
        for row in shop.image.rows[PaymentIssue].values()
        if row.progress is IssueStatus.OPEN
    ]


S, M = size("S", 0), size("M", 1)
RENAMED = {
    "in the same place with the same units": ((S, M), (size("Medium", 1), 3), S),
    "with the same SKU id": (
        (S, replace(M, sku_id="k")),
        (size("Medium", 7, "k"), 9),
        S,
    ),
    "with the same price id": (
        (S, replace(M, price_id="p")),
        (size("Medium", 7, None, "p"), 9),
        S,
    ),
    "with a price id of all and a SKU id of its own": (
        (replace(S, price_id="p"), replace(M, price_id="p", sku_id="k")),
        (size("Medium", 7, "k", "p"), 9),
        replace(S, price_id="p"),
    ),
    "with a price id of all, in the same place": (
        (replace(S, price_id="p"), replace(M, price_id="p")),
        (size("Medium", 1, None, "p"), 3),
        replace(S, price_id="p"),
    ),
}


@pytest.mark.parametrize("how", RENAMED)
def test_units_come_back_to_the_renamed_size(how: str) -> None:
    at_first, (medium, units), small = RENAMED[how]
    shop = shop_with(*at_first)
    shop.do(product(shop, (small, 5), (medium, units)))
    shop.do(AUTO)
    assert shop.level("a/Medium").on_hand == units + 2
    assert shop.level("a/M").on_hand == 3
    assert open_issues(shop) == []
    shop.audit()


OTHERS = {
    "another SKU id": ((S, replace(M, sku_id="k")), (size("L", 1, "other"), 3)),
    "another price id": ((S, replace(M, price_id="p")), (size("L", 1, None, "other"), 3)),
    "another number of units": ((S, M), (size("L", 1), 8)),
    "another place": ((S, M), (size("L", 4), 3)),
}


@pytest.mark.parametrize("how", OTHERS)
def test_for_a_size_that_is_another_now_the_owner_decides(how: str) -> None:
    at_first, new = OTHERS[how]
    shop = shop_with(*at_first)
    shop.do(product(shop, (S, 5), new), AUTO)
    assert open_issues(shop) == [{"a/M": 2}]
    assert shop.level("a/M").on_hand == 3
    assert shop.level("a/L").on_hand == new[1]
    shop.do(AUTO)  # reported again
    assert open_issues(shop) == [{"a/M": 2}]
    shop.do(ResolveIssue(issue_id="refunded:h-s1", returned=lines(a_M=2)))
    assert open_issues(shop) == []
    shop.audit()


def test_a_size_that_was_taken_off_sale_is_asked_about_and_the_others_come_back() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2, b_S=1), PAY, RemoveItem(sku="a/M", location=DEFAULT_LOCATION), AUTO)
    assert open_issues(shop) == [{"a/M": 2}]
    assert shop.numbers("b/S") == (5, 0, 0)
    assert shop.numbers("a/M") == (3, 0, 0)


def test_two_renames_and_the_first_name_again() -> None:
    shop = shop_with(S, M)
    shop.do(product(shop, (S, 5), (size("Medium", 1), 3)))
    shop.do(product(shop, (S, 5), (size("Mid", 1), 3)))
    shop.do(take("s2", a_Mid=1), Capture(ref="s2", payment_id="cs_2", intent="pi_2"))
    shop.do(AUTO)
    assert shop.level("a/Mid").on_hand == 4
    shop.do(product(shop, (S, 5), (M, 4)))
    shop.do(RecordRefund(ref="pi_2", whole=True, take_back=True))
    assert shop.level("a/M").on_hand == 3 + 1  # a count would change the old 3 to 4
    assert open_issues(shop) == []
    shop.audit()


def test_the_owner_takes_units_back_under_the_new_name() -> None:
    shop = shop_with(S, M)
    shop.do(product(shop, (S, 5), (size("Medium", 1), 3)))
    shop.do(RecordRefund(ref="pi_1", whole=True))
    shop.do(ResolveIssue(issue_id="refunded:h-s1", returned=lines(a_M=1)))
    assert shop.level("a/Medium").on_hand == 4
    assert open_issues(shop) == [{"a/M": 1}]


def test_a_live_hold_keeps_its_size() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    before = shop.image.revision
    shop.do(product(shop, (S, 5), (size("Medium", 1), 5)))
    assert shop.image.revision == before
    assert shop.numbers("a/M") == (5, 2, 0)


def test_a_late_payment_takes_units_of_the_renamed_size() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2), Release(ref="s1"))
    shop.do(product(shop, (S, 5), (size("Medium", 1), 5)), PAY)
    assert shop.level("a/Medium").on_hand == 3
    assert shop.level("a/M").on_hand == 5
    shop.do(AUTO)
    assert shop.level("a/Medium").on_hand == 5
    shop.audit()
