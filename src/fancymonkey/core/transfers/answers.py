"""Parts of answers about transfers: the transfer as JSON, refusals, and its checks."""

from typing import Any

from fancymonkey.core.answers import FlatAnswer
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.state import State
from fancymonkey.core.transfers.transfer import Transfer, TransferLine, TransferStatus


def as_json(transfer: Transfer) -> dict[str, Any]:
    """The transfer as answers and details of refusals have it; times in ms."""
    return {
        "id": transfer.transfer_id,
        "number": transfer.number,
        "from": transfer.from_location,
        "fromName": transfer.from_name,
        "fromAddress": transfer.from_address,
        "to": transfer.to_location,
        "toName": transfer.to_name,
        "toAddress": transfer.to_address,
        "status": str(transfer.status),
        "lines": [_line_json(line) for line in transfer.lines],
        "receipts": [
            {
                "number": receipt.number,
                "at": receipt.at,
                "actor": receipt.actor,
                "sku": receipt.sku,
                "accepted": receipt.accepted,
                "rejected": receipt.rejected,
                "rejectedTo": str(receipt.rejected_to),
                "found": receipt.found,
                "undone": receipt.undone,
            }
            for receipt in transfer.receipts
        ],
        "trackingNumber": transfer.tracking_number,
        "expectedAt": transfer.expected_at,
        "note": transfer.note,
        "createdBy": transfer.created_by,
        "createdAt": transfer.created_at,
        "sentAt": transfer.sent_at,
        "endedAt": transfer.ended_at,
        "updatedAt": transfer.updated_at,
        "version": transfer.version,
    }


def _line_json(line: TransferLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "quantity": line.quantity,
        "sent": line.sent,
        "accepted": line.accepted,
        "rejected": line.rejected,
        "inTransit": line.in_transit,
        "cameBack": line.came_back,
        "lost": line.lost,
        "found": line.found,
    }


@dataclass(frozen=True, slots=True)
class TransferChanged(FlatAnswer):
    """A transfer after a command, as JSON: a repeated request gets it as it was then."""

    transfer: dict[str, Any]
    revision: int


def accepted(state: State, transfer: Transfer) -> Accepted:
    """The answer with a transfer as it is now."""
    return Accepted(TransferChanged(as_json(transfer), state.revision))


def find(
    state: State, transfer_id: str, version: int | None, *statuses: TransferStatus
) -> Transfer | Refused:
    """The transfer in one of these states, as the caller saw it; or the refusal."""
    transfer = state.get(Transfer, transfer_id)
    if transfer is None:
        return Refused(Code.UNKNOWN_TRANSFER, "No such transfer.", {"transferId": transfer_id})
    if version is not None and version != transfer.version:
        return Refused(
            Code.STALE,
            "This transfer has changed since you saw it.",
            {"transfer": as_json(transfer)},
        )
    if transfer.status not in statuses:
        words = transfer.status.replace("_", " ")
        return Refused(
            Code.WRONG_STATUS,
            f"This transfer is {words}: this step is not possible.",
            {"transfer": as_json(transfer)},
        )
    return transfer


def reason_fault(reason: str, message: str, detail: dict[str, Any]) -> Refused | None:
    """The refusal of a change without the reason that it needs; or None."""
    return None if reason.strip() else Refused(Code.REASON_REQUIRED, message, detail)
