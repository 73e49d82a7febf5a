"""The bodies and answers of transfers."""

from typing import Annotated, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.core.transfers.edit import MOST_LINES
from fancymonkey.core.transfers.transfer import TransferStatus
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Number, Ok, Text, example

Units = Annotated[int, Field(ge=0, le=MAX_QUANTITY)]
Some = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Version = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Day = Annotated[str, Field(max_length=40)]
Code = Annotated[str, Field(max_length=200)]
Choice = Literal[
    "draft",
    "in_transit",
    "partly_received",
    "received",
    "closed_short",
    "cancelled",
    "open",
    "overdue",
    "all",
]

_ID = "tr_8e6c1d2f0a59b0c4d2e6f81a"
_AT = "2025-10-07T12:00:00.000Z"
_SIZE = {"productId": "prod_hoodie_001", "size": "M"}
_NAME = "MIDNIGHT EMERALD HOODIE"
_TRANSFER = {
    "id": _ID,
    "number": 12,
    "from": "main",
    "fromName": "Main",
    "fromAddress": "",
    "to": "berlin",
    "toName": "Berlin",
    "toAddress": "Karl-Marx-Allee 1, 10178 Berlin",
    "status": "partly_received",
    "lines": [
        {
            **_SIZE,
            "name": _NAME,
            "quantity": 10,
            "sent": 10,
            "accepted": 4,
            "rejected": 3,
            "inTransit": 3,
            "cameBack": 0,
            "lost": 0,
            "found": 0,
        }
    ],
    "receipts": [
        {
            **_SIZE,
            "name": _NAME,
            "number": 1,
            "at": _AT,
            "actor": "ben",
            "accepted": 4,
            "rejected": 3,
            "rejectedTo": "damaged",
            "found": 0,
            "undone": False,
        }
    ],
    "trackingNumber": "1Z999AA10123456784",
    "expectedAt": "2025-10-06T21:59:59.999Z",
    "note": "",
    "createdBy": "ana",
    "createdAt": _AT,
    "sentAt": _AT,
    "endedAt": None,
    "updatedAt": _AT,
    "version": 3,
}


class TransferLineBody(JsonBody):
    """The units of a size."""

    product_id: Id
    size: Id
    quantity: Some


class ReceivedLineBody(JsonBody):
    """The units of a size that arrived; rejected ones go to `rejectedTo`."""

    product_id: Id
    size: Id
    accepted: Units = 0
    rejected: Units = 0
    rejected_to: Literal["damaged", "quarantine", "back"] = "damaged"


Lines = Annotated[list[TransferLineBody], Field(min_length=1, max_length=MOST_LINES)]


class CreateTransferBody(JsonBody):
    """A transfer to plan. `expectedAt` is a time, or a day as a whole."""

    model_config = example(
        {
            "from": "main",
            "to": "berlin",
            "lines": [{**_SIZE, "quantity": 10}],
            "expectedAt": "2025-10-10",
        }
    )

    from_: Annotated[Id, Field(alias="from")]
    to: Id
    lines: Lines
    expected_at: Day | None = None
    tracking_number: Code = ""
    note: Text = ""


class ChangeTransferBody(JsonBody):
    """The changes of an open transfer; `expectedAt` "" removes the date, `lines` need a draft."""

    model_config = example({"id": _ID, "trackingNumber": "1Z999AA10123456784"})

    id: Id
    version: Version | None = None
    lines: Lines | None = None
    expected_at: Day | None = None
    tracking_number: Code | None = None
    note: Text | None = None


class SendTransferBody(JsonBody):
    """The transfer to send; without `lines` all planned units leave."""

    model_config = example({"id": _ID, "trackingNumber": "1Z999AA10123456784"})

    id: Id
    version: Version | None = None
    lines: Lines | None = None
    expected_at: Day | None = None
    tracking_number: Code | None = None


class ReceiveTransferBody(JsonBody):
    """The units that arrived. More than those in transit need a `reason`."""

    model_config = example({"id": _ID, "lines": [{**_SIZE, "accepted": 4, "rejected": 3}]})

    id: Id
    version: Version | None = None
    lines: Annotated[list[ReceivedLineBody], Field(min_length=1, max_length=MOST_LINES)]
    reason: Text = ""


class UndoReceiptBody(JsonBody):
    """The receipt to undo, by its `number`; without one the latest."""

    model_config = example({"id": _ID, "receipt": 1})

    id: Id
    version: Version | None = None
    receipt: Version | None = None


class CloseTransferBody(JsonBody):
    """The whereabouts of the units that did not arrive: all of them, or those of `lines`."""

    model_config = example({"id": _ID, "outcome": "lost", "reason": "not in the box"})

    id: Id
    version: Version | None = None
    outcome: Literal["lost", "came_back", "found"]
    lines: Lines | None = None
    reason: Text = ""


class CancelTransferBody(JsonBody):
    """The transfer to cancel; after it was sent, with the whereabouts of its units."""

    model_config = example({"id": _ID, "outcome": "came_back"})

    id: Id
    version: Version | None = None
    outcome: Literal["lost", "came_back"] | None = None
    reason: Text = ""


class TransferLineOut(TypedDict):
    """A line of a transfer."""

    productId: str
    size: str
    name: str
    quantity: int
    sent: int
    accepted: int
    rejected: int
    inTransit: int
    cameBack: int
    lost: int
    found: int


class ReceiptOut(TypedDict):
    """Units of a size that one receipt booked."""

    productId: str
    size: str
    name: str
    number: int
    at: str
    actor: str
    accepted: int
    rejected: int
    rejectedTo: str
    found: int
    undone: bool


_From = TypedDict("_From", {"from": str})


class TransferOut(_From):
    """A transfer. Times are null where it has not happened."""

    id: str
    number: int
    fromName: str
    fromAddress: str
    to: str
    toName: str
    toAddress: str
    status: TransferStatus
    lines: list[TransferLineOut]
    receipts: list[ReceiptOut]
    trackingNumber: str
    expectedAt: str | None
    note: str
    createdBy: str
    createdAt: str
    sentAt: str | None
    endedAt: str | None
    updatedAt: str
    version: int


class ListedTransfer(TransferOut):
    """A transfer of a list: the days it is overdue (0: it is not), units and value on the way."""

    overdueDays: int
    inTransit: int
    value: Number


class PlaceName(TypedDict):
    """A location to choose."""

    id: str
    name: str


class OverdueOut(TypedDict):
    """All overdue transfers: how many, for how many days at most, their units and value."""

    transfers: int
    days: int
    units: int
    value: Number


@with_config(
    example(
        {
            "success": True,
            "transfers": [{**_TRANSFER, "overdueDays": 1, "inTransit": 3, "value": 174}],
            "overdue": {"transfers": 1, "days": 1, "units": 3, "value": 174},
            "locations": [{"id": "main", "name": "Main"}, {"id": "berlin", "name": "Berlin"}],
            "currency": "usd",
            "next": None,
            "revision": 84,
        }
    )
)
class TransferList(TypedDict):
    """Transfers, the newest first."""

    success: Ok
    transfers: list[ListedTransfer]
    overdue: OverdueOut
    locations: list[PlaceName]
    currency: str
    next: str | None
    revision: int


@with_config(example({"success": True, "transfer": _TRANSFER, "revision": 84}))
class ChangedTransfer(TypedDict):
    """The transfer after the request."""

    success: Ok
    transfer: TransferOut
    revision: int
