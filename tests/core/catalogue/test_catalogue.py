"""Products and sizes are added, changed and archived, row by row."""

from dataclasses import replace

import pytest

from fancymonkey.core.catalogue.products import NewItem, RemoveProduct, UpsertProduct
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY, Item, Product
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from tests.core.builders import CoreShop, Row, entry_text, named, take, upsert

ALL = ("a/S", "a/M")
GONE = RemoveProduct(product_id="a", location=DEFAULT_LOCATION, before=ALL)


def sized(*sizes: str, on_hand: int = 5, before: tuple[str, ...] = ALL) -> UpsertProduct:
    """Product a with exactly these sizes."""
    items = tuple(NewItem(Item(f"a/{size}", "a", size), on_hand) for size in sizes)
    return replace(upsert("a"), items=items, before=before)


S, M = (new.item for new in upsert("a").items)


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "a new product",
                [],
                upsert("c", 2, 7),
                {"product_id": "c"},
                ["added c", "added c/S on_hand+7", "added c/M on_hand+7"],
            ),
            Row("the same again", [], upsert("a"), {"product_id": "a"}),
            Row("stock of a size that exists is left alone", [], upsert("a", on_hand=99), {}),
            Row(
                "another name",
                [],
                replace(upsert("a"), product=Product("a", "New", "hoodies")),
                {},
                ["edited a"],
            ),
            Row(
                "another threshold of one size",
                [],
                replace(
                    upsert("a"), items=(NewItem(S), NewItem(replace(M, low_stock_threshold=1)))
                ),
                {},
                ["edited a/M"],
            ),
            Row(
                "one more size",
                [],
                replace(upsert("a"), items=(*upsert("a").items, *sized("XL", on_hand=3).items)),
                {},
                ["added a/XL on_hand+3"],
            ),
            Row(
                "one size fewer",
                [],
                replace(upsert("a"), items=(NewItem(S),), before=ALL),
                {},
                ["removed a/M"],
            ),
            Row(
                "a size that buyers hold stays",
                [take("s1", a_M=2)],
                replace(upsert("a"), items=(NewItem(S),), before=ALL),
                Code.LIVE_HOLDS,
            ),
            Row("less than nothing of a new size", [], sized("XL", on_hand=-1), Code.BELOW_ZERO),
            Row(
                "more than there can be of a new size",
                [],
                sized("XL", on_hand=MAX_QUANTITY + 1),
                Code.OUT_OF_RANGE,
            ),
            Row(
                "a product comes back, its stock as it was",
                [Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3), GONE],
                upsert("a", on_hand=99),
                {},
                ["added a", "added a/S", "added a/M"],
            ),
            Row(
                "a size that was sold out meanwhile by payments comes back as it is",
                [take("s1", a_M=5), Release(ref="s1"), GONE, Capture(ref="s1", payment_id="p")],
                upsert("a"),
                {},
                ["added a", "added a/S", "added a/M"],
            ),
            Row(
                "remove", [], GONE, {"product_id": "a"}, ["removed a/S", "removed a/M", "removed a"]
            ),
            Row("remove twice", [GONE], GONE, Code.UNKNOWN_PRODUCT),
            Row(
                "remove nothing",
                [],
                RemoveProduct(product_id="c", location=DEFAULT_LOCATION),
                Code.UNKNOWN_PRODUCT,
            ),
            Row("remove over live holds", [take("s1", a_S=1)], GONE, Code.LIVE_HOLDS),
            Row(
                "remove once they have ended",
                [take("s1", a_S=1)],
                GONE,
                {},
                ["expired a/S reserved-1", "removed a/S", "removed a/M", "removed a"],
                at=1000,
            ),
        ]
    )
)
def test_catalogue(row: Row) -> None:
    row.check()


def test_a_size_comes_back_from_the_archive_with_its_stock() -> None:
    shop = CoreShop()
    shop.do(Count(sku="a/M", location=DEFAULT_LOCATION, quantity=3), GONE, upsert("a", on_hand=99))
    assert shop.numbers("a/M") == (3, 0, 0)
    assert not shop.image.rows[Item]["a/M"].archived
    assert not shop.image.rows[Product]["a"].archived
    shop.do(take("s1", a_M=3))
    shop.audit()


def test_live_holds_are_named() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2))
    answer = shop.do(GONE)
    assert isinstance(answer, Refused)
    assert answer.detail == [{"sku": "a/M", "reserved": 2}]


def test_a_refused_upsert_changes_nothing() -> None:
    shop = CoreShop()
    before = shop.image.snapshot()
    bad = replace(
        upsert("a", on_hand=1),
        product=Product("a", "New"),
        items=(NewItem(S), NewItem(Item("a/XL", "a", "XL"), -1)),
    )
    assert isinstance(shop.do(bad), Refused)
    assert shop.image.snapshot() == before


def test_only_a_change_moves_the_time_of_a_product() -> None:
    shop = CoreShop()
    shop.do(upsert("a"), at=7)
    assert shop.image.rows[Product]["a"].updated_at == 0
    shop.do(replace(upsert("a"), product=Product("a", "New", "hoodies")), at=9)
    assert shop.image.rows[Product]["a"].updated_at == 9


def test_nothing_about_a_removed_size_can_be_changed_but_its_payments() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=2), Release(ref="s1"), GONE)
    for command in (
        Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1),
        Count(sku="a/M", location=DEFAULT_LOCATION, quantity=1),
        SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True),
        take("s2", a_M=1),
    ):
        answer = shop.do(command)
        assert isinstance(answer, Refused)
        assert answer.code is Code.UNKNOWN_ITEM
    shop.do(Capture(ref="s1", payment_id="p"))
    assert [entry_text(entry) for entry in shop.new] == ["sold a/M on_hand-2"]
