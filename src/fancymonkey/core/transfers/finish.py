"""Ends transfers whose units did not all arrive: CloseTransfer, CancelTransfer."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import MAX_QUANTITY, Level, Line
from fancymonkey.core.orders.waiting import needs_waiting
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.plural import units as counted_units
from fancymonkey.core.state import Key, State
from fancymonkey.core.transfers.answers import find, reason_fault
from fancymonkey.core.transfers.edit import planned, save
from fancymonkey.core.transfers.moves import book_difference, move, transit_of
from fancymonkey.core.transfers.receive import with_arrivals, with_line
from fancymonkey.core.transfers.transfer import (
    ON_THE_WAY,
    Missing,
    Receipt,
    RejectTo,
    Transfer,
    TransferLine,
    TransferStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTransfer(Command):
    """Accounts for the units that did not arrive: all of them, or those of `lines`.

    `lost` books them off and needs a reason, `came_back` puts them back on sale at the source,
    `found` accepts them at the destination. The last unit closes the transfer: as `received` where
    it was found, else as `closed_short`. Of a transfer that was closed short, lost units can be
    found later.
    """

    transfer_id: str
    outcome: Missing
    reason: str = ""
    version: int | None = None
    lines: tuple[Line, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTransfer(Command):
    """Ends a transfer of which no unit was received.

    A draft just ends. Of a transfer in transit, `outcome` is the whereabouts of its units: they
    `came_back` to the source, or are `lost`.
    """

    transfer_id: str
    outcome: Missing | None = None
    reason: str = ""
    version: int | None = None


def needs_finish(command: CloseTransfer | CancelTransfer, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    yield Transfer, command.transfer_id
    transfer = state.get(Transfer, command.transfer_id)
    if transfer is not None:
        for line in transfer.lines:
            for account in (transit_of(transfer), transfer.from_location, transfer.to_location):
                yield Level, (line.sku, account)
                yield from needs_waiting((line.sku, account), state)


def close_transfer(state: State, command: CloseTransfer) -> Answer:
    """Applies a `CloseTransfer`."""
    late = command.outcome is Missing.FOUND
    statuses = (*ON_THE_WAY, TransferStatus.CLOSED_SHORT) if late else ON_THE_WAY
    transfer = find(state, command.transfer_id, command.version, *statuses)
    if isinstance(transfer, Refused):
        return transfer
    missing = _missing(transfer)
    units = missing
    if command.lines is not None:
        units = {row.sku: row.quantity for row in planned(command.lines)}
    for sku, quantity in units.items():
        if not 0 < quantity <= missing.get(sku, 0):
            return Refused(
                Code.OUT_OF_RANGE,
                f"{counted_units(missing.get(sku, 0))} did not arrive: {quantity} is not possible.",
                {"sku": sku, "missing": missing.get(sku, 0)},
            )
    if not units:
        return Refused(Code.NOTHING_TO_DO, "No unit of this transfer is missing.")
    if command.outcome is Missing.LOST:
        refused = reason_fault(command.reason, "A loss needs a reason.", {})
        if refused is not None:
            return refused
    refused = _range_fault(state, transfer, command.outcome, units)
    if refused is not None:
        return refused
    after = _account_for(state, command, transfer, command.outcome, units)
    if transfer.status is TransferStatus.CLOSED_SHORT:
        return save(state, after)
    after = with_arrivals(state, after)
    if after.status is TransferStatus.IN_TRANSIT:  # a part of it is accounted for
        after = replace(after, status=TransferStatus.PARTLY_RECEIVED)
    return save(state, after)


def cancel_transfer(state: State, command: CancelTransfer) -> Answer:
    """Applies a `CancelTransfer`."""
    transfer = find(
        state,
        command.transfer_id,
        command.version,
        TransferStatus.DRAFT,
        TransferStatus.IN_TRANSIT,
    )
    if isinstance(transfer, Refused):
        return transfer
    if transfer.status is TransferStatus.IN_TRANSIT:
        if command.outcome not in (Missing.CAME_BACK, Missing.LOST):
            message = "Send as `outcome` whether the units came_back or are lost."
            return Refused(Code.REASON_REQUIRED, message)
        units = _missing(transfer)
        refused = _range_fault(state, transfer, command.outcome, units)
        if refused is not None:
            return refused
        transfer = _account_for(state, command, transfer, command.outcome, units)
    return save(state, replace(transfer, status=TransferStatus.CANCELLED, ended_at=state.now))


def _missing(transfer: Transfer) -> dict[str, int]:
    """The units in transit by SKU; of a transfer that was closed short, the lost ones."""
    if transfer.status is TransferStatus.CLOSED_SHORT:
        return {line.sku: line.lost for line in transfer.lines if line.lost}
    return {line.sku: line.in_transit for line in transfer.lines if line.in_transit}


def _range_fault(
    state: State, transfer: Transfer, outcome: Missing, units: dict[str, int]
) -> Refused | None:
    """The refusal if a location would have too many units; or None."""
    if outcome is Missing.LOST:
        return None
    came_back = outcome is Missing.CAME_BACK
    account = transfer.from_location if came_back else transfer.to_location
    for sku, quantity in units.items():
        if state.level(sku, account).on_hand + quantity > MAX_QUANTITY:
            message = f"A location has from 0 to {MAX_QUANTITY} units of a size."
            return Refused(Code.OUT_OF_RANGE, message, {"sku": sku})
    return None


def _account_for(
    state: State,
    command: CloseTransfer | CancelTransfer,
    transfer: Transfer,
    outcome: Missing,
    units: dict[str, int],
) -> Transfer:
    """Books missing units, and returns the transfer with them."""
    for sku, quantity in units.items():
        line, transit = transfer.line(sku), transit_of(transfer)
        if outcome is Missing.LOST:
            reason = f"lost: {command.reason}" if command.reason else "lost"
            book_difference(state, command, transfer, sku, -quantity, reason)
            transfer = with_line(transfer, replace(line, lost=line.lost + quantity))
        elif outcome is Missing.CAME_BACK:
            move(state, command, transfer, sku, quantity, transit, transfer.from_location)
            transfer = with_line(transfer, replace(line, came_back=line.came_back + quantity))
        else:
            transfer = _found(state, command, transfer, line, quantity)
    return transfer


def _found(
    state: State,
    command: CloseTransfer | CancelTransfer,
    transfer: Transfer,
    line: TransferLine,
    quantity: int,
) -> Transfer:
    """Accepts missing units at the destination, and returns the transfer with them."""
    was_lost = transfer.status is TransferStatus.CLOSED_SHORT
    if was_lost:
        reason = f"found again: {command.reason}" if command.reason else "found again"
        book_difference(state, command, transfer, line.sku, quantity, reason)
        line = replace(line, lost=line.lost - quantity)
    accounts = (transit_of(transfer), transfer.to_location)
    move(state, command, transfer, line.sku, quantity, *accounts)
    number = 1 + max((receipt.number for receipt in transfer.receipts), default=0)
    receipt = Receipt(number, state.now, command.actor, line.sku, quantity, 0, RejectTo.DAMAGED, 0)
    after = with_line(transfer, replace(line, accepted=line.accepted + quantity))
    return replace(after, receipts=(*after.receipts, receipt))
