"""Receives transfers: ReceiveTransfer."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.accounts import StockState, account_of
from fancymonkey.core.model import MAX_QUANTITY, Item, Level
from fancymonkey.core.orders.waiting import needs_waiting
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.plural import units as counted_units
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import unmovable_item
from fancymonkey.core.transfers.answers import as_json, find, reason_fault
from fancymonkey.core.transfers.edit import lines_limit_fault, save
from fancymonkey.core.transfers.moves import book_difference, move, transit_of
from fancymonkey.core.transfers.transfer import (
    ON_THE_WAY,
    Receipt,
    RejectTo,
    Transfer,
    TransferLine,
    TransferStatus,
)


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """The units of a SKU that arrived: accepted for sale, or rejected."""

    sku: str
    accepted: int
    rejected: int = 0
    rejected_to: RejectTo = RejectTo.DAMAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveTransfer(Command):
    """Books units of a transfer that arrived; the others stay in transit.

    Units beyond those in transit are found units. They need a `reason`, unless they are at most
    `tolerance` percent of the units that were sent of the SKU. Rejected units go into a state at
    the destination, or back to the source as `returned`.
    """

    transfer_id: str
    lines: tuple[ReceivedLine, ...]
    version: int | None = None
    reason: str = ""
    tolerance: int = 0


def needs_receive(command: ReceiveTransfer, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield Transfer, command.transfer_id
    transfer = state.get(Transfer, command.transfer_id)
    if transfer is not None:
        for line in command.lines:
            yield Item, line.sku
            for account in accounts_of(transfer, line.rejected_to):
                yield Level, (line.sku, account)
                yield from needs_waiting((line.sku, account), state)


def accounts_of(transfer: Transfer, rejected_to: RejectTo) -> tuple[str, str, str]:
    """The accounts of the units in transit, of the accepted and of the rejected units."""
    if rejected_to is RejectTo.BACK:
        rejected = account_of(transfer.from_location, StockState.RETURNED)
    else:
        rejected = account_of(transfer.to_location, StockState(rejected_to))
    return transit_of(transfer), transfer.to_location, rejected


def receive_transfer(state: State, command: ReceiveTransfer) -> Answer:
    """Applies a `ReceiveTransfer`."""
    transfer = find(state, command.transfer_id, command.version, *ON_THE_WAY)
    if isinstance(transfer, Refused):
        return transfer
    lines = tuple(line for line in command.lines if line.accepted or line.rejected)
    if not lines:
        return Refused(Code.NOTHING_TO_DO, "At least one unit has to be accepted or rejected.")
    with state.savepoint() as savepoint:
        number = 1 + max((receipt.number for receipt in transfer.receipts), default=0)
        for line in lines:
            refused = _line_fault(state, transfer, line, command)
            if refused is not None:
                savepoint.undo()
                return refused
            transfer = _receive_line(state, transfer, line, command, number)
        refused = lines_limit_fault(len(transfer.lines))
        if refused is not None:
            savepoint.undo()
            return refused
    return save(state, with_arrivals(state, transfer))


def with_arrivals(state: State, transfer: Transfer) -> Transfer:
    """The transfer in the state that its lines and receipts show."""
    if not transfer.in_transit:
        short = any(line.lost or line.came_back for line in transfer.lines)
        status = TransferStatus.CLOSED_SHORT if short else TransferStatus.RECEIVED
        return replace(transfer, status=status, ended_at=state.now)
    arrived = any(not receipt.undone for receipt in transfer.receipts)
    status = TransferStatus.PARTLY_RECEIVED if arrived else TransferStatus.IN_TRANSIT
    return replace(transfer, status=status, ended_at=None)


def with_line(transfer: Transfer, line: TransferLine) -> Transfer:
    """The transfer with this line in place of the one of its SKU, or as a further one."""
    if all(row.sku != line.sku for row in transfer.lines):
        return replace(transfer, lines=(*transfer.lines, line))
    lines = tuple(line if row.sku == line.sku else row for row in transfer.lines)
    return replace(transfer, lines=lines)


def _line_fault(
    state: State, transfer: Transfer, line: ReceivedLine, command: ReceiveTransfer
) -> Refused | None:
    """The refusal of a received line; or None."""
    refused = unmovable_item(state, line.sku)
    if refused is not None:
        return refused
    _, accepted, rejected = accounts_of(transfer, line.rejected_to)
    for units, account in ((line.accepted, accepted), (line.rejected, rejected)):
        if units < 0 or state.level(line.sku, account).on_hand + units > MAX_QUANTITY:
            message = f"A location has from 0 to {MAX_QUANTITY} units of a size."
            return Refused(Code.OUT_OF_RANGE, message, {"sku": line.sku})
    present = transfer.line(line.sku)
    more = line.accepted + line.rejected - present.in_transit
    if more <= 0 or (present.found + more) * 100 <= present.sent * command.tolerance:
        return None
    return reason_fault(
        command.reason,
        f"{counted_units(line.accepted + line.rejected)} arrived, {present.in_transit} expected: "
        f"the other {more} need a reason.",
        {"sku": line.sku, "difference": more, "transfer": as_json(transfer)},
    )


def _receive_line(
    state: State, transfer: Transfer, line: ReceivedLine, command: ReceiveTransfer, number: int
) -> Transfer:
    """Books a received line, and returns the transfer with it."""
    present = transfer.line(line.sku)
    surplus = max(0, line.accepted + line.rejected - present.in_transit)
    transit, accepted, rejected = accounts_of(transfer, line.rejected_to)
    reason = f"found: {command.reason}" if command.reason else "found"
    book_difference(state, command, transfer, line.sku, surplus, reason)
    move(state, command, transfer, line.sku, line.accepted, transit, accepted)
    move(state, command, transfer, line.sku, line.rejected, transit, rejected)
    after = replace(
        present,
        accepted=present.accepted + line.accepted,
        rejected=present.rejected + line.rejected,
        found=present.found + surplus,
    )
    receipt = Receipt(
        number,
        state.now,
        command.actor,
        line.sku,
        line.accepted,
        line.rejected,
        line.rejected_to,
        surplus,
    )
    return replace(with_line(transfer, after), receipts=(*transfer.receipts, receipt))
