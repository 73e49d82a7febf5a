"""Plans transfers: CreateTransfer, EditTransfer."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.locations.lookup import closed_location, location_of
from fancymonkey.core.model import MAX_QUANTITY, Item, Line
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import unmovable_item
from fancymonkey.core.transfers.answers import accepted, find
from fancymonkey.core.transfers.transfer import (
    ON_THE_WAY,
    Transfer,
    TransferLine,
    TransferStatus,
)

NUMBERS = ("transfers", "number")
"""The document whose version is the number of the latest transfer."""

MOST_LINES = 500
"""No transfer may have more lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTransfer(Command):
    """Plans a transfer; no unit moves yet.

    Lines of one SKU are added up. Refused without two different active locations, as
    `nothing_to_do` without a line, and as `already_there` if the id is taken.
    """

    transfer_id: str
    from_location: str
    to_location: str
    lines: tuple[Line, ...]
    tracking_number: str = ""
    expected_at: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTransfer(Command):
    """Changes an open transfer: a field that is None stays, and `expected_at` 0 removes the date.

    The lines of a draft only can change. With `version` it is refused as `stale` if the transfer
    has changed.
    """

    transfer_id: str
    version: int | None = None
    lines: tuple[Line, ...] | None = None
    tracking_number: str | None = None
    expected_at: int | None = None
    note: str | None = None


def needs_create(command: CreateTransfer, state: State) -> Iterator[Key]:
    """The rows that creating a transfer reads."""
    yield Transfer, command.transfer_id
    yield Document, NUMBERS
    yield Location, command.from_location
    yield Location, command.to_location
    for line in command.lines:
        yield Item, line.sku


def create_transfer(state: State, command: CreateTransfer) -> Answer:
    """Applies a `CreateTransfer`."""
    if state.get(Transfer, command.transfer_id) is not None:
        return Refused(Code.ALREADY_THERE, "This transfer already exists.")
    refused = closed_location(state, command.from_location)
    refused = refused or closed_location(state, command.to_location)
    refused = refused or _lines_fault(state, command.lines)
    if refused is not None:
        return refused
    if command.from_location == command.to_location:
        return Refused(Code.NOTHING_TO_DO, "A transfer needs two different locations.")
    transfer = Transfer(
        command.transfer_id,
        _next_number(state),
        command.from_location,
        command.to_location,
        *("", "", "", ""),
        TransferStatus.DRAFT,
        planned(command.lines),
        tracking_number=command.tracking_number,
        expected_at=command.expected_at,
        note=command.note,
        created_by=command.actor,
        created_at=state.now,
        updated_at=state.now,
    )
    transfer = with_locations(state, transfer)
    state.put(transfer)
    return accepted(state, transfer)


def needs_edit(command: EditTransfer, state: State) -> Iterator[Key]:
    """The rows that a change of a transfer reads."""
    yield Transfer, command.transfer_id
    for line in command.lines or ():
        yield Item, line.sku


def edit_transfer(state: State, command: EditTransfer) -> Answer:
    """Applies an `EditTransfer`."""
    states = (TransferStatus.DRAFT,) if command.lines is not None else ()
    transfer = find(
        state,
        command.transfer_id,
        command.version,
        *(states or (TransferStatus.DRAFT, *ON_THE_WAY)),
    )
    if isinstance(transfer, Refused):
        return transfer
    fields: dict[str, Any] = {}
    if command.lines is not None:
        refused = _lines_fault(state, command.lines)
        if refused is not None:
            return refused
        fields["lines"] = planned(command.lines)
    if command.tracking_number is not None:
        fields["tracking_number"] = command.tracking_number
    if command.expected_at is not None:
        fields["expected_at"] = command.expected_at or None
    if command.note is not None:
        fields["note"] = command.note
    after = replace(transfer, **fields)
    return save(state, after) if after != transfer else accepted(state, transfer)


def save(state: State, transfer: Transfer) -> Accepted:
    """Stores a changed transfer as its next version, and answers with it."""
    after = replace(transfer, updated_at=state.now, version=transfer.version + 1)
    state.put(after)
    return accepted(state, after)


def planned(lines: Iterable[Line]) -> tuple[TransferLine, ...]:
    """Lines with the planned units of each SKU."""
    units: dict[str, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return tuple(TransferLine(sku, quantity) for sku, quantity in units.items())


def with_locations(state: State, transfer: Transfer) -> Transfer:
    """The transfer with the present names and addresses of its locations."""
    source = location_of(state, transfer.from_location)
    destination = location_of(state, transfer.to_location)
    assert source is not None
    assert destination is not None
    return replace(
        transfer,
        from_name=source.name,
        from_address=source.address,
        to_name=destination.name,
        to_address=destination.address,
    )


def lines_limit_fault(lines: int) -> Refused | None:
    """The refusal of more lines than a transfer may have; or None."""
    if lines <= MOST_LINES:
        return None
    return Refused(Code.TOO_MANY_LINES, f"A transfer has at most {MOST_LINES} lines.")


def _lines_fault(state: State, lines: tuple[Line, ...]) -> Refused | None:
    """The refusal of lines that no transfer can have; or None."""
    if not lines:
        return Refused(Code.NOTHING_TO_DO, "A transfer needs at least one line.")
    for line in lines:
        refused = unmovable_item(state, line.sku)
        if refused is not None:
            return refused
    for row in planned(lines):
        if not 0 < row.quantity <= MAX_QUANTITY:
            return Refused(
                Code.OUT_OF_RANGE,
                f"A line has from 1 to {MAX_QUANTITY} units.",
                {"sku": row.sku, "quantity": row.quantity},
            )
    return lines_limit_fault(len(planned(lines)))


def _next_number(state: State) -> int:
    old = state.get(Document, NUMBERS)
    number = 1 if old is None else old.version + 1
    state.put(Document(*NUMBERS, number, state.now, "{}"))
    return number
