"""A hold in its present state, read from the store without a command."""

from dataclasses import dataclass

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Reservation, Status
from fancymonkey.core.payments.pending import FOLDER, pending_until
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.engine.engine import Engine

READS = 3
"""The number of reads of a hold that changes while its checkout is read."""


@dataclass(frozen=True, slots=True)
class HoldDetails:
    """A hold and its latest checkout at the time `at`, in ms.

    The state is at least as new as `revision`. `payment_pending`: a payment is pending.
    """

    reservation: Reservation
    checkout: Checkout | None
    payment_pending: bool
    at: int
    revision: int

    @property
    def id(self) -> str:
        """The hold's own id."""
        return self.reservation.reservation_id

    @property
    def status(self) -> Status:
        """The status now: a hold has expired at its deadline, before the expiry is booked."""
        return status_at(self.reservation, self.at)

    @property
    def held(self) -> bool:
        """Whether the hold is live."""
        return self.status is Status.HELD

    @property
    def at_checkout(self) -> bool:
        """Whether its latest checkout can still be paid."""
        return self.checkout is not None and self.checkout.stage is not Stage.CLOSED


def status_at(hold: Reservation, now: int) -> Status:
    """The status of a hold at a time (ms): from its deadline on it has expired."""
    over = hold.expires_at is not None and hold.expires_at <= now
    return Status.EXPIRED if hold.status is Status.HELD and over else hold.status


async def find_hold(engine: Engine, ref: str) -> HoldDetails | None:
    """The hold that an id means, or None. Raises StoreUnavailable.

    A hold that changes between the reads of its rows is read again. A command that follows from the
    answer checks what it depends on, because the hold may change at any time after it.
    """
    revision = engine.view.revision
    hold = await engine.store.reservation(ref)
    if hold is None:
        return None
    reads = 0
    while True:
        checkout = await engine.store.find(Checkout, hold.reservation_id)
        payments = await engine.store.find(Document, (FOLDER, hold.reservation_id))
        after = await engine.store.reservation(ref)
        reads += 1
        if after is None or after == hold or reads == READS:
            break
        hold = after
    now = engine.clock()
    pending = pending_until(payments, hold, now) is not None
    return HoldDetails(hold, checkout, pending, now, revision)
