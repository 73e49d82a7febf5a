"""Transfers on every store: each unit has a location at every moment."""

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import SafetyStock
from fancymonkey.core.locations.edit import EditLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Line
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.core.stock.safety_stock import SetSafetyStock
from fancymonkey.core.transfers.edit import CreateTransfer, EditTransfer
from fancymonkey.core.transfers.finish import CancelTransfer, CloseTransfer
from fancymonkey.core.transfers.receive import ReceivedLine, ReceiveTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import (
    Missing,
    RejectTo,
    Transfer,
    TransferLine,
    TransferStatus,
)
from fancymonkey.core.transfers.undo_receipt import UndoReceipt
from fancymonkey.store.contract import Store
from tests.store.transfer_shop import DAMAGED, TRANSIT, M, S, TransferShop


@pytest.fixture
async def shop(store: Store) -> TransferShop:
    return await TransferShop(store).begin()


async def test_a19_rejected_units_are_damaged_and_the_rest_stays_in_transit(
    shop: TransferShop,
) -> None:
    await shop.sent(10)
    assert await shop.accounts() == {TRANSIT: 10}
    await shop.do(shop.receipt(4, 3))
    assert await shop.accounts() == {"berlin": 4, DAMAGED: 3, TRANSIT: 3}
    stock = await shop.stock()
    assert (stock.on_hand, stock.available, stock.damaged, stock.in_transit) == (4, 4, 3, 3)
    transfer = await shop.transfer()
    assert transfer.status is TransferStatus.PARTLY_RECEIVED
    assert transfer.lines == (TransferLine(M, 10, 10, 4, 3),)
    await shop.check(10)


async def test_a20_more_than_sent_is_found_with_a_reason(shop: TransferShop) -> None:
    await shop.do(Adjust(sku=M, location="main", delta=15))
    await shop.sent(25)
    refused = await shop.refused(shop.receipt(30))
    assert refused.code is Code.REASON_REQUIRED
    assert refused.detail["difference"] == 5
    await shop.check(25)
    await shop.do(shop.receipt(30, reason="the box had 30"))
    assert await shop.accounts() == {"berlin": 30}
    transfer = await shop.transfer()
    assert (transfer.status, transfer.lines[0].found) == (TransferStatus.RECEIVED, 5)
    assert await shop.differences() == {"transfer 1: found: the box had 30": 5}
    await shop.check(30)


async def test_a20_within_a_tolerance_differences_need_no_reason(
    shop: TransferShop,
) -> None:
    await shop.sent(10)
    assert (await shop.refused(shop.receipt(12, tolerance=10))).code is Code.REASON_REQUIRED
    await shop.do(shop.receipt(11, tolerance=10))
    await shop.check(11)


async def test_a20_the_tolerance_counts_all_receipts_together(shop: TransferShop) -> None:
    await shop.sent(10)
    await shop.do(shop.receipt(9, tolerance=10))
    assert (await shop.refused(shop.receipt(3, tolerance=10))).code is Code.REASON_REQUIRED
    await shop.do(shop.receipt(2, tolerance=10))
    await shop.check(11)


async def test_a22_another_pack_size_is_a_difference_that_demands_a_reason(
    shop: TransferShop,
) -> None:
    await shop.sent(5)
    assert (await shop.refused(shop.receipt(10))).code is Code.REASON_REQUIRED
    await shop.do(shop.receipt(10, reason="packs of 2"))
    assert (await shop.transfer()).lines[0].found == 5
    await shop.check(15)


async def test_a23_cancelled_units_came_back(shop: TransferShop) -> None:
    await shop.sent(4)
    refused = await shop.refused(CancelTransfer(transfer_id="t1"))
    assert refused.code is Code.REASON_REQUIRED
    await shop.do(CancelTransfer(transfer_id="t1", outcome=Missing.CAME_BACK))
    assert await shop.accounts() == {"main": 10}
    transfer = await shop.transfer()
    assert (transfer.status, transfer.in_transit) == (TransferStatus.CANCELLED, 0)
    await shop.check(10)


async def test_a23_cancelled_units_are_lost(shop: TransferShop) -> None:
    await shop.sent(4)
    lost = CancelTransfer(transfer_id="t1", outcome=Missing.LOST, reason="the van was stolen")
    await shop.do(lost)
    assert await shop.accounts() == {"main": 6}
    assert (await shop.transfer()).lines[0].lost == 4
    assert await shop.differences() == {"transfer 1: lost: the van was stolen": -4}
    await shop.check(6)


async def test_a_draft_moves_nothing_and_is_cancelled(shop: TransferShop) -> None:
    await shop.draft(10)
    assert await shop.accounts() == {"main": 10}
    await shop.do(CancelTransfer(transfer_id="t1"))
    assert (await shop.refused(SendTransfer(transfer_id="t1"))).code is Code.WRONG_STATUS
    await shop.check(10)


async def test_a_short_transfer_is_closed_with_its_loss(shop: TransferShop) -> None:
    await shop.sent(10)
    await shop.do(shop.receipt(8))
    no_reason = CloseTransfer(transfer_id="t1", outcome=Missing.LOST)
    assert (await shop.refused(no_reason)).code is Code.REASON_REQUIRED
    await shop.do(CloseTransfer(transfer_id="t1", outcome=Missing.LOST, reason="not in the box"))
    transfer = await shop.transfer()
    assert (transfer.status, transfer.lines[0].lost) == (TransferStatus.CLOSED_SHORT, 2)
    assert await shop.accounts() == {"berlin": 8}
    await shop.check(8)
    close = CloseTransfer(transfer_id="t1", outcome=Missing.FOUND, reason="under the shelf")
    await shop.do(close)
    assert await shop.accounts() == {"berlin": 10}
    assert (await shop.refused(close)).code is Code.NOTHING_TO_DO
    await shop.check(10)


async def test_missing_units_came_back_in_part_and_the_rest_is_lost(shop: TransferShop) -> None:
    await shop.sent(10)
    await shop.do(shop.receipt(5))
    part = (Line(M, 3),)
    await shop.do(CloseTransfer(transfer_id="t1", outcome=Missing.CAME_BACK, lines=part))
    assert (await shop.transfer()).status is TransferStatus.PARTLY_RECEIVED
    too_many = CloseTransfer(
        transfer_id="t1", outcome=Missing.LOST, lines=part, reason="not in the box"
    )
    assert (await shop.refused(too_many)).code is Code.OUT_OF_RANGE
    await shop.do(CloseTransfer(transfer_id="t1", outcome=Missing.LOST, reason="not in the box"))
    assert await shop.accounts() == {"main": 3, "berlin": 5}
    assert (await shop.transfer()).status is TransferStatus.CLOSED_SHORT
    await shop.check(8)


async def test_missing_units_were_found_at_the_destination(shop: TransferShop) -> None:
    await shop.sent(10)
    await shop.do(shop.receipt(8))
    await shop.do(CloseTransfer(transfer_id="t1", outcome=Missing.FOUND))
    assert await shop.accounts() == {"berlin": 10}
    assert (await shop.transfer()).status is TransferStatus.RECEIVED
    await shop.check(10)


async def test_rejected_units_go_back_to_the_source_and_not_on_sale(shop: TransferShop) -> None:
    await shop.sent(10)
    lines = (ReceivedLine(M, 7, 3, RejectTo.BACK),)
    await shop.do(ReceiveTransfer(transfer_id="t1", lines=lines))
    assert await shop.accounts() == {"berlin": 7, "main:returned": 3}
    await shop.check(10)


async def test_only_free_units_are_sent_and_holds_count(shop: TransferShop) -> None:
    hold = Reserve(
        reservation_id="r1", session_id="s1", lines=(Line(M, 3),), location="main", ttl=900
    )
    await shop.do(hold)
    await shop.draft(8)
    refused = await shop.refused(SendTransfer(transfer_id="t1"))
    assert refused.code is Code.INSUFFICIENT_STOCK
    assert refused.detail == [{"sku": M, "requested": 8, "available": 7}]
    await shop.do(SendTransfer(transfer_id="t1", lines=(Line(M, 7),)))
    assert (await shop.transfer()).lines == (TransferLine(M, 8, 7),)
    assert (await shop.stock()).short == 0
    await shop.check(10)


async def test_the_owner_may_send_the_safety_stock(shop: TransferShop) -> None:
    await shop.do(SetSafetyStock(sku=M, location="main", quantity=6))
    item = await shop.store.find(Item, M)
    assert item is not None
    assert item.safety_stock == (SafetyStock("main", 6),)
    await shop.sent(10)
    assert await shop.accounts() == {TRANSIT: 10}


async def test_of_parallel_transfers_of_the_last_units_one_wins(shop: TransferShop) -> None:
    await shop.draft(10, "t1")
    await shop.draft(10, "t2")
    commands: list[Command] = [SendTransfer(transfer_id=id_) for id_ in ("t1", "t2")]
    first, second = (await shop.store.run(commands, 2_000, 0)).answers
    assert isinstance(first, Accepted)
    assert isinstance(second, Refused)
    assert second.code is Code.INSUFFICIENT_STOCK
    assert await shop.accounts() == {TRANSIT: 10}
    await shop.check(10)


async def test_the_second_of_two_receivers_sees_what_was_received(shop: TransferShop) -> None:
    await shop.sent(10)
    seen = (await shop.transfer()).version
    await shop.do(shop.receipt(10, version=seen))
    refused = await shop.refused(shop.receipt(10, version=seen))
    assert refused.code is Code.STALE
    assert refused.detail["transfer"]["lines"][0]["accepted"] == 10
    assert refused.detail["transfer"]["receipts"][0]["actor"] == "ben"
    assert (await shop.refused(shop.receipt(10))).code is Code.WRONG_STATUS
    await shop.check(10)


async def test_the_undo_of_a_receipt_is_a_compensation(shop: TransferShop) -> None:
    await shop.sent(10)
    await shop.do(shop.receipt(4, 1))
    await shop.do(shop.receipt(6, reason="one more"))
    await shop.do(UndoReceipt(transfer_id="t1"))
    assert await shop.accounts() == {"berlin": 4, DAMAGED: 1, TRANSIT: 5}
    assert (await shop.transfer()).status is TransferStatus.PARTLY_RECEIVED
    await shop.check(10)
    await shop.do(UndoReceipt(transfer_id="t1"))
    assert await shop.accounts() == {TRANSIT: 10}
    transfer = await shop.transfer()
    assert transfer.status is TransferStatus.IN_TRANSIT
    assert transfer.lines == (TransferLine(M, 10, 10),)
    assert (await shop.refused(UndoReceipt(transfer_id="t1"))).code is Code.WRONG_STATUS
    await shop.check(10)


async def test_sold_units_keep_their_receipt(shop: TransferShop) -> None:
    await shop.sent(10)
    await shop.do(shop.receipt(10))
    await shop.do(Adjust(sku=M, location="berlin", delta=-1))
    refused = await shop.refused(UndoReceipt(transfer_id="t1"))
    assert refused.code is Code.INSUFFICIENT_STOCK
    assert (await shop.transfer()).status is TransferStatus.RECEIVED
    await shop.check(9)


async def test_a_box_may_have_another_size_than_the_list(shop: TransferShop) -> None:
    await shop.sent(10)
    wrong = ReceiveTransfer(transfer_id="t1", lines=(ReceivedLine(S, 2),))
    assert (await shop.refused(wrong)).code is Code.REASON_REQUIRED
    lines = (ReceivedLine(M, 8), ReceivedLine(S, 2))
    await shop.do(ReceiveTransfer(transfer_id="t1", lines=lines, reason="packed wrong"))
    assert await shop.accounts(S) == {"main": 10, "berlin": 2}
    await shop.check(10)
    await shop.check(12, S)


async def test_a_refused_line_leaves_no_trace_of_the_lines_before_it(shop: TransferShop) -> None:
    await shop.sent(10)
    before = await shop.transfer()
    lines = (ReceivedLine(M, 8), ReceivedLine("prod_a/nothing", 1))
    refused = await shop.refused(ReceiveTransfer(transfer_id="t1", lines=lines, reason="?"))
    assert refused.code is Code.UNKNOWN_ITEM
    assert await shop.transfer() == before
    await shop.check(10)


async def test_documents_keep_the_names_and_addresses_of_their_time(shop: TransferShop) -> None:
    await shop.sent(1)
    renamed = EditLocation(location=Location("berlin", "Berlin Mitte", "Elsewhere 2"))
    await shop.do(renamed)
    transfer = await shop.transfer()
    assert (transfer.to_name, transfer.to_address) == ("Berlin", "Karl-Marx-Allee 1")
    await shop.draft(1, "t2")
    assert (await shop.transfer("t2")).to_name == "Berlin Mitte"


async def test_a_draft_is_changed_and_its_number_counts_on(shop: TransferShop) -> None:
    await shop.draft(10)
    await shop.draft(1, "t2", "berlin", "repair")
    assert [(await shop.transfer(id_)).number for id_ in ("t1", "t2")] == [1, 2]
    change = EditTransfer(
        transfer_id="t1",
        version=1,
        lines=(Line(M, 2), Line(S, 1), Line(M, 1)),
        tracking_number="1Z",
        expected_at=9_000,
    )
    await shop.do(change)
    transfer = await shop.transfer()
    assert transfer.lines == (TransferLine(M, 3), TransferLine(S, 1))
    assert (transfer.tracking_number, transfer.expected_at) == ("1Z", 9_000)
    assert (await shop.refused(change)).code is Code.STALE
    await shop.do(SendTransfer(transfer_id="t1"))
    late = await shop.refused(EditTransfer(transfer_id="t1", lines=(Line(M, 1),)))
    assert late.code is Code.WRONG_STATUS
    await shop.do(EditTransfer(transfer_id="t1", expected_at=0))
    assert (await shop.transfer()).expected_at is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"from_location": "berlin"}, Code.NOTHING_TO_DO),
        ({"to_location": "nowhere"}, Code.UNKNOWN_LOCATION),
        ({"lines": ()}, Code.NOTHING_TO_DO),
        ({"lines": (Line(M, 0),)}, Code.OUT_OF_RANGE),
        ({"lines": (Line("prod_a/nothing", 1),)}, Code.UNKNOWN_ITEM),
        ({"transfer_id": "t1"}, Code.ALREADY_THERE),
    ],
)
async def test_an_invalid_transfer_is_refused(
    shop: TransferShop, change: dict[str, object], code: Code
) -> None:
    await shop.draft(1)
    fields = {
        "transfer_id": "t2",
        "from_location": "main",
        "to_location": "berlin",
        "lines": (Line(M, 1),),
    }
    refused = await shop.refused(CreateTransfer(**{**fields, **change}))  # type: ignore[arg-type]
    assert refused.code is code
    assert await shop.store.find(Transfer, "t2") is None


async def test_a_repeated_receipt_has_one_effect(shop: TransferShop) -> None:
    await shop.sent(10)
    once = shop.receipt(4, command_id="key", digest="a")
    assert await shop.do(once) == await shop.do(once)
    assert await shop.accounts() == {"berlin": 4, TRANSIT: 6}
    await shop.check(10)


async def test_units_that_arrive_fill_backorders(shop: TransferShop) -> None:
    await shop.do(Adjust(sku=M, location="berlin", delta=2))
    hold = Reserve(
        reservation_id="r1", session_id="s1", lines=(Line(M, 2),), location="berlin", ttl=900
    )
    await shop.do(hold)
    await shop.do(Adjust(sku=M, location="berlin", delta=-2))
    await shop.do(Capture(ref="r1", payment_id="pi_1"))
    await shop.sent(10)
    await shop.do(shop.receipt(10))
    assert await shop.accounts() == {"berlin": 8}
    await shop.check(8)
