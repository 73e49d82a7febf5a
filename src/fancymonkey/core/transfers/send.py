"""Sends transfers: SendTransfer."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command, needs_item
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import closed_location
from fancymonkey.core.model import MAX_QUANTITY, Item, Level, Line
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import unmovable_item
from fancymonkey.core.transfers.answers import find
from fancymonkey.core.transfers.edit import lines_limit_fault, planned, save, with_locations
from fancymonkey.core.transfers.moves import move, transit_of
from fancymonkey.core.transfers.transfer import Transfer, TransferLine, TransferStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTransfer(Command):
    """Takes the units of a draft from its source into transit.

    Without `lines` the planned units leave. Held units stay; safety stock may be sent: it is
    withheld from buyers, not from the owner. Refused as `insufficient_stock` with every line that
    is short. `tracking_number` and `expected_at` (ms) replace those of the draft unless None.
    """

    transfer_id: str
    version: int | None = None
    lines: tuple[Line, ...] | None = None
    tracking_number: str | None = None
    expected_at: int | None = None


def needs_send(command: SendTransfer, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield Transfer, command.transfer_id
    for line in command.lines or ():
        yield Item, line.sku
    transfer = state.get(Transfer, command.transfer_id)
    if transfer is not None:
        yield Location, transfer.from_location
        yield Location, transfer.to_location
        for row in _leaving(transfer, command):
            yield from needs_item(row.sku, transfer.from_location)
            yield Level, (row.sku, transit_of(transfer))


def send_transfer(state: State, command: SendTransfer) -> Answer:
    """Applies a `SendTransfer`."""
    transfer = find(state, command.transfer_id, command.version, TransferStatus.DRAFT)
    if isinstance(transfer, Refused):
        return transfer
    leaving = _leaving(transfer, command)
    refused = closed_location(state, transfer.to_location)
    refused = refused or _units_fault(state, transfer, leaving)
    if refused is not None:
        return refused
    for row in leaving:
        accounts = (transfer.from_location, transit_of(transfer))
        move(state, command, transfer, row.sku, row.sent, *accounts)
    after = with_locations(state, transfer)
    tracking, expected = command.tracking_number, command.expected_at or None
    return save(
        state,
        replace(
            after,
            status=TransferStatus.IN_TRANSIT,
            lines=leaving,
            sent_at=state.now,
            tracking_number=transfer.tracking_number if tracking is None else tracking,
            expected_at=transfer.expected_at if command.expected_at is None else expected,
        ),
    )


def _leaving(transfer: Transfer, command: SendTransfer) -> tuple[TransferLine, ...]:
    """The lines with the units that leave, the planned lines first."""
    if command.lines is None:
        return tuple(replace(line, sent=line.quantity) for line in transfer.lines)
    units = {row.sku: row.quantity for row in planned(command.lines)}
    lines = [replace(line, sent=units.pop(line.sku, 0)) for line in transfer.lines]
    return (*lines, *(TransferLine(sku, 0, quantity) for sku, quantity in units.items()))


def _units_fault(
    state: State, transfer: Transfer, leaving: tuple[TransferLine, ...]
) -> Refused | None:
    """The refusal of units that the source cannot send; or None."""
    if not any(line.sent for line in leaving):
        return Refused(Code.NOTHING_TO_DO, "At least one unit has to be sent.")
    refused = lines_limit_fault(len(leaving))
    short = []
    for line in leaving:
        refused = refused or unmovable_item(state, line.sku)
        free = max(0, state.level(line.sku, transfer.from_location).available)
        if line.sent > free:
            short.append({"sku": line.sku, "requested": line.sent, "available": free})
        there = state.level(line.sku, transit_of(transfer)).on_hand
        if there + line.sent > MAX_QUANTITY or line.sent < 0:
            message = f"Not more than {MAX_QUANTITY} units can be in transit to a location."
            refused = refused or Refused(Code.OUT_OF_RANGE, message, {"sku": line.sku})
    if refused is None and short:
        message = f"Not enough stock is free at {transfer.from_name}."
        return Refused(Code.INSUFFICIENT_STOCK, message, short)
    return refused
