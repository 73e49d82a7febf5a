"""Change sets and their undo: changes are undone by new entries, once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fancymonkey.core.catalogue.products import NewItem, RemoveProduct, UpsertProduct
from fancymonkey.core.changes.bulk import Change, chain
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.changes.undo import Undo
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Level, Line, Product
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.adjust import Adjust, Count
from tests.core.builders import CoreShop, entry_text, upsert

SKU = "a/M"


def act(*commands: Command, id_: str = "act_1", part: int = 0) -> ChangeSet:
    return ChangeSet(
        change_id=id_,
        action="test",
        part=part,
        command=CommandGroup(commands=commands),
        actor="ana",
    )


def changed(sku: str = SKU, **change: Any) -> Command:
    return chain(sku, Change(**change), location=DEFAULT_LOCATION, actor="ana", cause="act_1")


def undo(shop: CoreShop, of: str = "act_1", id_: str = "act_2", **more: Any) -> Any:
    return shop.do(Undo(undoes=of, change_id=id_, location=DEFAULT_LOCATION, actor="ben", **more))


def on_hand(shop: CoreShop, sku: str = SKU) -> int:
    level: Level = shop.image.rows[Level][sku, "main"]
    return level.on_hand


def sell(shop: CoreShop, quantity: int) -> None:
    shop.do(
        Reserve(
            reservation_id="r",
            location=DEFAULT_LOCATION,
            session_id="s",
            lines=(shop_line(quantity),),
            ttl=1000,
        ),
        Capture(ref="s", payment_id="p"),
    )


def shop_line(quantity: int) -> Any:
    return Line(SKU, quantity)


@pytest.mark.parametrize(
    "change", [{"count": 9}, {"count": 2}, {"adjust": 4}, {"adjust": -3}, {"count": 5}]
)
def test_a_change_of_stock_is_undone_by_its_opposite(change: dict[str, int]) -> None:
    shop = CoreShop()
    answer = shop.do(act(changed(**change)))
    after = on_hand(shop)
    if after == 5:  # nothing changed: there is nothing to undo
        assert answer.data.change_id is None
        assert undo(shop).code is Code.UNKNOWN_CHANGE
        return
    assert answer.data.change_id == "act_1"
    assert undo(shop).data.stored()["rows"] == [
        {"key": SKU, "changes": [{"field": "stock", "from": after, "to": 5}]}
    ]
    assert on_hand(shop) == 5
    assert [entry_text(entry) for entry in shop.new] == [f"adjusted {SKU} on_hand{5 - after:+d}"]
    assert (shop.new[0].actor, shop.new[0].cause) == ("ben", "act_2")


def test_sales_since_survive() -> None:
    shop = CoreShop()
    shop.do(act(changed(count=9)))
    sell(shop, 2)
    assert on_hand(shop) == 7
    undo(shop)
    assert on_hand(shop) == 3


def test_fields_are_put_back_and_the_undo_can_be_undone() -> None:
    shop = CoreShop()
    shop.do(act(changed(low_stock_threshold=9, sold_out=True, restock_date="2026-01-01", adjust=1)))
    assert isinstance(undo(shop), Accepted)
    item, product = shop.image.rows[Item][SKU], shop.image.rows[Product]["a"]
    assert (item.low_stock_threshold, item.sold_out, product.restock_date) == (5, False, None)
    assert isinstance(undo(shop, "act_2", "act_3"), Accepted)
    item, product = shop.image.rows[Item][SKU], shop.image.rows[Product]["a"]
    assert (item.low_stock_threshold, item.sold_out) == (9, True)
    assert (product.restock_date, on_hand(shop)) == ("2026-01-01", 6)


def test_once_only() -> None:
    shop = CoreShop()
    shop.do(act(changed(adjust=1)))
    undo(shop)
    again = undo(shop, id_="act_3")
    assert isinstance(again, Refused)
    assert (again.code, on_hand(shop)) == (Code.ALREADY_UNDONE, 5)


def test_it_refuses_everything_or_does_a_part() -> None:
    shop = CoreShop()
    shop.do(act(changed(adjust=4), changed("b/M", adjust=4)))
    shop.do(Adjust(sku=SKU, location=DEFAULT_LOCATION, delta=-6, reason="lost"))
    refused = undo(shop)
    assert refused.code is Code.CANNOT_UNDO
    assert refused.detail["failed"] == [
        {"key": SKU, "reason": "Only 3 on hand, fewer than the 4 to remove."}
    ]
    assert (on_hand(shop), on_hand(shop, "b/M")) == (3, 9)
    done = undo(shop, partial=True)
    assert [row.key for row in done.data.failed] == [SKU]
    assert (on_hand(shop), on_hand(shop, "b/M")) == (3, 5)


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        (changed(low_stock_threshold=8), "The threshold was changed again. It is now 8."),
        (
            RemoveProduct(product_id="a", location=DEFAULT_LOCATION, before=("a/S", "a/M")),
            "It is off sale.",
        ),
    ],
)
def test_a_later_change_is_not_overwritten(since: Command, reason: str) -> None:
    shop = CoreShop()
    change = {"adjust": 1} if isinstance(since, RemoveProduct) else {"low_stock_threshold": 7}
    shop.do(act(changed(**change)), since)
    assert undo(shop).detail["failed"] == [{"key": SKU, "reason": reason}]


def test_counts_and_movements_since_the_export_are_compared() -> None:
    shop = CoreShop()
    shop.do(act(changed(adjust=1)))
    assert undo(shop, seen=((SKU, 5),)).code is Code.STALE
    assert undo(shop, seen=((SKU, 6),), counted=(SKU,)).code is Code.CANNOT_UNDO
    assert isinstance(undo(shop, seen=((SKU, 6),)), Accepted)


def test_holds_that_were_ended_do_not_come_back() -> None:
    shop = CoreShop()
    sell_none = Reserve(
        reservation_id="r",
        location=DEFAULT_LOCATION,
        session_id="s",
        lines=(shop_line(2),),
        ttl=1000,
    )
    shop.do(sell_none, act(changed(reserved=0, adjust=1)))
    assert "holds" in undo(shop).detail["failed"][0]["reason"].lower()
    assert isinstance(undo(shop, partial=True), Accepted)  # the stock alone
    assert on_hand(shop) == 5


def test_units_that_filled_a_backorder_stay_sold() -> None:
    shop = CoreShop(on_hand=2)
    shop.do(
        Reserve(
            reservation_id="r",
            location=DEFAULT_LOCATION,
            session_id="s",
            lines=(shop_line(2),),
            ttl=1000,
        )
    )
    shop.do(Count(sku=SKU, location=DEFAULT_LOCATION, quantity=1), Capture(ref="s", payment_id="p"))
    shop.do(act(changed(adjust=5)))
    assert on_hand(shop) == 4
    assert undo(shop).code is Code.CANNOT_UNDO


def test_a_product_is_put_back_whole() -> None:
    shop = CoreShop()
    new = UpsertProduct(
        product=Product("a", "New name", "caps", Decimal("9.50")),
        location=DEFAULT_LOCATION,
        items=(NewItem(replace(shop.image.rows[Item][SKU], price_id="price_x")),),
        before=("a/S", "a/M"),
        actor="ana",
        cause="act_1",
    )
    before = (shop.image.rows[Product]["a"], dict(shop.image.rows[Item]))
    shop.do(act(new))
    assert shop.image.rows[Item]["a/S"].archived
    assert isinstance(undo(shop), Accepted)
    assert replace(shop.image.rows[Product]["a"], updated_at=before[0].updated_at) == before[0]
    assert shop.image.rows[Item] == before[1]


def test_a_new_product_goes_off_sale_with_its_stock_and_comes_back() -> None:
    shop = CoreShop()
    shop.do(act(upsert("c", 2, 7)))
    assert isinstance(undo(shop), Accepted)
    assert shop.image.rows[Product]["c"].archived
    assert (shop.image.rows[Item]["c/M"].archived, on_hand(shop, "c/M")) == (True, 0)
    assert isinstance(undo(shop, "act_2", "act_3"), Accepted)
    assert (shop.image.rows[Item]["c/M"].archived, on_hand(shop, "c/M")) == (False, 7)


def test_portions_are_one_change_set() -> None:
    shop = CoreShop()
    shop.do(act(changed(adjust=1)), act(changed("b/M", adjust=2), part=1))
    for part in (0, 1):
        assert isinstance(undo(shop, part=part), Accepted)
    assert (on_hand(shop), on_hand(shop, "b/M")) == (5, 5)


def test_a_dry_run_leaves_no_act_and_refusals_neither() -> None:
    shop = CoreShop()
    shop.do(DryRun(command=act(changed(adjust=1))))
    assert undo(shop).code is Code.UNKNOWN_CHANGE
    refused = ChangeSet(
        change_id="act_1",
        action="test",
        command=CommandGroup(commands=(changed(adjust=-9),), all_or_nothing=True),
    )
    assert isinstance(shop.do(refused), Refused)
    assert undo(shop).code is Code.UNKNOWN_CHANGE
