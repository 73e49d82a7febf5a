"""Bugs of transfers, moves between states, and safety stock."""

from tests.mutants.planted import bug

TRANSFERS_TEST = "store/scenarios/test_transfers.py::test_"
MOVES = "store/scenarios/test_moves.py::test_"

TRANSFERS = [
    bug(
        "transfers",
        "a rejected unit is lost",
        "core.transfers.receive:_receive_line",
        "move(state, command, transfer, line.sku, line.rejected, transit, rejected)",
        "book_difference(state, command, transfer, line.sku, -line.rejected, reason)",
        f"{TRANSFERS_TEST}a19_rejected_units_are_damaged_and_the_rest_stays_in_transit[memory]",
    ),
    bug(
        "transfers",
        "units are sent that buyers hold",
        "core.transfers.send:_units_fault",
        ".available)",
        ".on_hand)",
        f"{TRANSFERS_TEST}only_free_units_are_sent_and_holds_count[memory]",
    ),
    bug(
        "transfers",
        "the transit is forgotten when units came back",
        "core.transfers.finish:_account_for",
        "came_back=line.came_back + quantity",
        "came_back=line.came_back",
        f"{TRANSFERS_TEST}a23_cancelled_units_came_back[memory]",
    ),
    bug(
        "transfers",
        "a second receiver overwrites the first",
        "core.transfers.answers:find",
        "version != transfer.version",
        "version > transfer.version",
        f"{TRANSFERS_TEST}the_second_of_two_receivers_sees_what_was_received[memory]",
    ),
    bug(
        "transfers",
        "units of an undone receipt stay found",
        "core.transfers.undo_receipt:_put_back",
        "-receipt.found",
        "0",
        f"{TRANSFERS_TEST}the_undo_of_a_receipt_is_a_compensation[memory]",
    ),
    bug(
        "transfers",
        "held units move to another location",
        "core.stock.move:_fault",
        "level.on_hand if stays else max(0, level.available)",
        "level.on_hand",
        f"{MOVES}only_free_units_move_to_another_location[memory]",
    ),
    bug(
        "transfers",
        "the undo of a move ignores later counts",
        "core.changes.undo:_move_fault",
        "key in command.counted",
        "False",
        f"{MOVES}a_move_is_not_undone_after_a_count_or_without_its_units[memory]",
    ),
]
