"""Undoes a receipt of a transfer by further entries: UndoReceipt."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import MAX_QUANTITY, Level
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.transfers.answers import find
from fancymonkey.core.transfers.edit import save
from fancymonkey.core.transfers.moves import book_difference, move, transit_of
from fancymonkey.core.transfers.receive import accounts_of, with_arrivals, with_line
from fancymonkey.core.transfers.transfer import (
    Receipt,
    Transfer,
    TransferStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoReceipt(Command):
    """Puts the units of a receipt back into transit; None: of the latest one.

    Units that it found are taken off again. Refused as `insufficient_stock` if units of it were
    sold, are held or moved on; as `nothing_to_do` without such a receipt.
    """

    transfer_id: str
    receipt: int | None = None
    version: int | None = None


def needs_undo_receipt(command: UndoReceipt, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield Transfer, command.transfer_id
    transfer = state.get(Transfer, command.transfer_id)
    if transfer is not None:
        for receipt in _receipts(transfer, command):
            for account in accounts_of(transfer, receipt.rejected_to):
                yield Level, (receipt.sku, account)


def undo_receipt(state: State, command: UndoReceipt) -> Answer:
    """Applies an `UndoReceipt`."""
    transfer = find(
        state,
        command.transfer_id,
        command.version,
        TransferStatus.PARTLY_RECEIVED,
        TransferStatus.RECEIVED,
        TransferStatus.CLOSED_SHORT,
    )
    if isinstance(transfer, Refused):
        return transfer
    receipts = _receipts(transfer, command)
    if not receipts:
        return Refused(Code.NOTHING_TO_DO, "There is no such receipt that can be undone.")
    with state.savepoint() as savepoint:
        for receipt in receipts:
            refused = _fault(state, transfer, receipt)
            if refused is not None:
                savepoint.undo()
                return refused
            transfer = _put_back(state, command, transfer, receipt)
    undone = tuple(
        replace(receipt, undone=receipt.undone or receipt in receipts)
        for receipt in transfer.receipts
    )
    return save(state, with_arrivals(state, replace(transfer, receipts=undone)))


def _receipts(transfer: Transfer, command: UndoReceipt) -> list[Receipt]:
    """The rows of the receipt to undo."""
    rows = [receipt for receipt in transfer.receipts if not receipt.undone]
    number = command.receipt
    if number is None:
        number = max((receipt.number for receipt in rows), default=0)
    return [receipt for receipt in rows if receipt.number == number]


def _fault(state: State, transfer: Transfer, receipt: Receipt) -> Refused | None:
    transit, accepted, rejected = accounts_of(transfer, receipt.rejected_to)
    short: list[dict[str, Any]] = []
    for units, account in ((receipt.accepted, accepted), (receipt.rejected, rejected)):
        free = max(0, state.level(receipt.sku, account).available)
        if units > free:
            short.append({"sku": receipt.sku, "requested": units, "available": free})
    if short:
        message = "Units of this receipt were sold, are held or were moved since."
        return Refused(Code.INSUFFICIENT_STOCK, message, short)
    on_the_way = state.level(receipt.sku, transit).on_hand
    if on_the_way + receipt.accepted + receipt.rejected - receipt.found > MAX_QUANTITY:
        message = f"Not more than {MAX_QUANTITY} units can be in transit to a location."
        return Refused(Code.OUT_OF_RANGE, message, {"sku": receipt.sku})
    return None


def _put_back(state: State, command: UndoReceipt, transfer: Transfer, receipt: Receipt) -> Transfer:
    """Books the opposite of a receipt, and returns the transfer without it."""
    _, accepted, rejected = accounts_of(transfer, receipt.rejected_to)
    transit = transit_of(transfer)
    move(state, command, transfer, receipt.sku, receipt.accepted, accepted, transit)
    move(state, command, transfer, receipt.sku, receipt.rejected, rejected, transit)
    book_difference(
        state, command, transfer, receipt.sku, -receipt.found, "receipt of found units undone"
    )
    line = transfer.line(receipt.sku)
    after = replace(
        line,
        accepted=line.accepted - receipt.accepted,
        rejected=line.rejected - receipt.rejected,
        found=line.found - receipt.found,
    )
    return with_line(transfer, after)
