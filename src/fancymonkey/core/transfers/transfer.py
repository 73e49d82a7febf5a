"""Transfers: units in transit from one location to another.

A transfer counts no units a second time: its units in transit are in the account `in_transit` of
its destination, and `fancymonkey verify` compares the two.
"""

from enum import StrEnum
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Row


class TransferStatus(StrEnum):
    """The state of a transfer."""

    DRAFT = "draft"
    IN_TRANSIT = "in_transit"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"


ON_THE_WAY = (TransferStatus.IN_TRANSIT, TransferStatus.PARTLY_RECEIVED)
"""The states in which a transfer has units in transit."""

OPEN = (TransferStatus.DRAFT, *ON_THE_WAY)
"""The states in which a transfer is not finished."""


class Missing(StrEnum):
    """The whereabouts of units that did not arrive."""

    LOST = "lost"
    CAME_BACK = "came_back"
    FOUND = "found"


class RejectTo(StrEnum):
    """The place of rejected units: a state at the destination, or the source."""

    DAMAGED = "damaged"
    QUARANTINE = "quarantine"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """The units of a SKU in a transfer.

    `quantity` is planned, `sent` has left. `accepted` and `rejected` units arrived, `came_back`
    units are at the source again, `lost` ones are gone. `found` units arrived or turned up beyond
    those that were sent and not lost.
    """

    sku: str
    quantity: int
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    came_back: int = 0
    lost: int = 0
    found: int = 0

    @property
    def in_transit(self) -> int:
        """The units that left and are not accounted for yet."""
        there = self.accepted + self.rejected + self.came_back
        return self.sent + self.found - there - self.lost


@dataclass(frozen=True, slots=True)
class Receipt:
    """The units of a SKU that one receipt of a transfer booked; `number` counts its receipts.

    `found` of them were more than those in transit. An `undone` receipt no longer counts.
    """

    number: int
    at: int
    actor: str
    sku: str
    accepted: int
    rejected: int
    rejected_to: RejectTo
    found: int
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Transfer(Row):
    """Units that go from one location to another.

    Ids sort the newest first; `number` counts the transfers of the shop. Names and addresses are
    those of the locations when it was made or sent. `version` counts its changes. Times are in ms,
    None or 0 where it has not happened.
    """

    TABLE: ClassVar[str] = "transfer"
    KEY: ClassVar[tuple[str, ...]] = ("transfer_id",)

    transfer_id: str
    number: int
    from_location: str
    to_location: str
    from_name: str
    from_address: str
    to_name: str
    to_address: str
    status: TransferStatus
    lines: tuple[TransferLine, ...]
    receipts: tuple[Receipt, ...] = ()
    tracking_number: str = ""
    expected_at: int | None = None
    note: str = ""
    created_by: str = ""
    created_at: int = 0
    sent_at: int | None = None
    ended_at: int | None = None
    updated_at: int = 0
    version: int = 1

    @property
    def key(self) -> str:
        return self.transfer_id

    def line(self, sku: str) -> TransferLine:
        """The line of a SKU; an empty one if the transfer does not have it."""
        return next((line for line in self.lines if line.sku == sku), TransferLine(sku, 0))

    @property
    def in_transit(self) -> int:
        """All units of the transfer in transit."""
        return sum(line.in_transit for line in self.lines)

    def is_overdue(self, now: int) -> bool:
        """Whether units are in transit after their expected time."""
        return self.status in ON_THE_WAY and self.expected_at is not None and self.expected_at < now
