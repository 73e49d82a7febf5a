"""Moves between states and locations, and safety stock, on every store."""

from functools import partial
from typing import Any

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.accounts import StockState
from fancymonkey.core.model import Item, Kind, Line
from fancymonkey.core.outcomes import Accepted, Code
from fancymonkey.core.stock.adjust import Count
from fancymonkey.core.stock.move import MoveStock
from fancymonkey.core.stock.safety_stock import SetSafetyStock
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.engine.engine import Engine
from fancymonkey.services.changes.change_runner import ChangeRunner
from fancymonkey.services.changes.undo import Undone, find_change_set, undo_change_set
from fancymonkey.spreadsheets.imports.import_plan import with_actor
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from tests.store.transfer_shop import M, TransferShop


def moved(quantity: int = 1, **fields: Any) -> MoveStock:
    return MoveStock(
        **{
            "sku": M,
            "quantity": quantity,
            "from_location": "main",
            "to_location": "main",
            "reason": "looked at",
            **fields,
        }
    )


def hold(units: int, id_: str = "r1") -> Reserve:
    return Reserve(
        reservation_id=id_, session_id=id_, lines=(Line(M, units),), location="main", ttl=900
    )


@pytest.fixture
async def shop(store: Store) -> TransferShop:
    return await TransferShop(store).begin()


async def test_a17_a_return_at_a_location_that_does_not_sell_is_moved_to_the_shop(
    shop: TransferShop,
) -> None:
    back = moved(1, from_state=StockState.RETURNED, from_location="repair", to_location="repair")
    refused = await shop.refused(back)
    assert refused.code is Code.BELOW_ZERO
    out = moved(1, to_location="repair", to_state=StockState.RETURNED)
    await shop.do(out)
    assert await shop.accounts() == {"main": 9, "repair:returned": 1}
    assert (await shop.stock()).available == 9
    await shop.do(moved(1, from_location="repair", from_state=StockState.RETURNED))
    assert await shop.accounts() == {"main": 10}
    assert (await shop.stock()).available == 10
    await shop.check(10)


async def test_a28_one_damaged_unit_is_one_fewer_for_sale(shop: TransferShop) -> None:
    data = await shop.do(moved(1, to_state=StockState.DAMAGED))
    assert (data.on_hand, data.available) == (9, 9)
    assert await shop.accounts() == {"main": 9, "main:damaged": 1}
    entries = (await shop.store.entries_after(0, 1000))[-2:]
    assert {entry.kind for entry in entries} == {Kind.MOVED}
    assert [(entry.location, entry.on_hand) for entry in entries] == [
        ("main", -1),
        ("main:damaged", 1),
    ]
    assert {entry.reason for entry in entries} == {"looked at"}
    await shop.check(10)


async def test_promised_units_that_are_damaged_are_short_and_no_hold_ends(
    shop: TransferShop,
) -> None:
    await shop.do(hold(8))
    await shop.do(moved(5, to_state=StockState.QUARANTINE))
    stock = await shop.stock()
    assert (stock.on_hand, stock.reserved, stock.short, stock.quarantine) == (5, 8, 3, 5)
    await shop.do(moved(5, from_state=StockState.QUARANTINE))
    assert (await shop.stock()).short == 0
    await shop.check(10)


async def test_only_free_units_move_to_another_location(shop: TransferShop) -> None:
    await shop.do(hold(8))
    assert (await shop.refused(moved(3, to_location="berlin"))).code is Code.BELOW_ZERO
    await shop.do(moved(2, to_location="berlin"))
    assert await shop.accounts() == {"main": 8, "berlin": 2}
    await shop.check(10)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, Code.NOTHING_TO_DO),
        ({"to_location": "nowhere"}, Code.UNKNOWN_LOCATION),
        ({"to_state": StockState.IN_TRANSIT}, Code.OUT_OF_RANGE),
        ({"to_state": StockState.DAMAGED, "quantity": 11}, Code.BELOW_ZERO),
        ({"to_state": StockState.DAMAGED, "quantity": 0}, Code.OUT_OF_RANGE),
        ({"to_state": StockState.DAMAGED, "sku": "prod_a/nothing"}, Code.UNKNOWN_ITEM),
    ],
)
async def test_an_invalid_move_is_refused(
    shop: TransferShop, fields: dict[str, Any], code: Code
) -> None:
    assert (await shop.refused(moved(**fields))).code is code
    await shop.check(10)


async def test_safety_stock_is_kept_from_buyers_of_that_location(shop: TransferShop) -> None:
    data = await shop.do(SetSafetyStock(sku=M, location="main", quantity=4, reason="for fairs"))
    assert (data.on_hand, data.available) == (10, 6)
    item = await shop.store.find(Item, M)
    assert item is not None
    assert item.safety_stock == (SafetyStock("main", 4),)
    (entry,) = (await shop.store.entries_after(0, 1000))[-1:]
    assert (entry.kind, entry.reason) == (Kind.EDITED, "for fairs: safetyStock 0 → 4")
    stale = SetSafetyStock(sku=M, location="main", quantity=1, was=0)
    assert (await shop.refused(stale)).code is Code.STALE
    await shop.do(SetSafetyStock(sku=M, location="main", quantity=0, was=4))
    item = await shop.store.find(Item, M)
    assert item is not None
    assert item.safety_stock == ()
    await shop.check(10)


class Acts:
    """Runs changes as the endpoints do, on a running engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def run(self, command: Command) -> str:
        runner = ChangeRunner(self.engine, "ana", "move", "looked at")
        (answer,) = await runner.whole([partial(with_actor, command, "ana")])
        assert isinstance(answer, Accepted), answer
        assert runner.change_id is not None
        return runner.change_id

    async def undo(self, act: str) -> Undone:
        stored = await find_change_set(self.engine, act)
        return await undo_change_set(
            self.engine, "ana", act, stored, "main", partial=False, dry_run=False
        )

    def stock(self) -> SkuStock:
        return self.engine.view.stock(M)


@pytest.fixture
async def acts(target: str) -> Any:
    engine = Engine(open_store(target))
    await engine.open()
    await TransferShop(engine.store).begin()
    await engine._on_remote_commit(2**62)
    yield Acts(engine)
    await engine.close()


async def test_a_move_is_one_change_and_its_undo_moves_the_units_back(acts: Acts) -> None:
    act = await acts.run(moved(3, to_state=StockState.DAMAGED))
    assert (acts.stock().on_hand, acts.stock().damaged) == (7, 3)
    undone = await acts.undo(act)
    assert not undone.refused
    assert undone.rows[0].changes == [
        {"field": "stock at main:damaged", "from": 3, "to": 0},
        {"field": "stock at main", "from": 7, "to": 10},
    ]
    assert (acts.stock().on_hand, acts.stock().damaged) == (10, 0)
    again = await acts.undo(undone.change_id or "")  # the undo of an undo
    assert not again.refused
    assert (acts.stock().on_hand, acts.stock().damaged) == (7, 3)
    await TransferShop(acts.engine.store).check(10)


async def test_a_move_is_not_undone_after_a_count_or_without_its_units(acts: Acts) -> None:
    act = await acts.run(moved(3, to_state=StockState.DAMAGED))
    second = await acts.run(moved(2, from_state=StockState.DAMAGED, to_location="berlin"))
    undone = await acts.undo(act)
    assert undone.refused
    reason = undone.failed[0].reason
    assert reason == "Of the 3 units moved to main:damaged, only 1 can be moved back."
    assert not (await acts.undo(second)).refused
    await acts.run(Count(sku=M, location="main", quantity=9))
    counted = await acts.undo(act)
    assert counted.refused
    assert "counted" in counted.failed[0].reason
    assert (acts.stock().on_hand, acts.stock().damaged) == (9, 3)


async def test_the_undo_of_a_safety_stock_restores_the_one_before(acts: Acts) -> None:
    await acts.run(SetSafetyStock(sku=M, location="main", quantity=2))
    act = await acts.run(SetSafetyStock(sku=M, location="main", quantity=6))
    assert acts.stock().available == 4
    undone = await acts.undo(act)
    (row,) = undone.rows
    assert row.changes == [
        {
            "field": "safetyStock",
            "from": [{"location": "main", "quantity": 6}],
            "to": [{"location": "main", "quantity": 2}],
        }
    ]
    assert acts.stock().available == 8
    item = await acts.engine.store.find(Item, M)
    assert item is not None
    assert item.safety_stock == (SafetyStock("main", 2),)
