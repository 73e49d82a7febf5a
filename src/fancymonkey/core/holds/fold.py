"""Ended holds that bought nothing: after some time only the ledger has them."""

from fancymonkey.core.model import Reservation, Status


def bought_nothing(hold: Reservation, before: int) -> bool:
    """Whether a hold ended before a time (ms), and no payment for it ever came."""
    return (
        hold.status in (Status.RELEASED, Status.EXPIRED)
        and hold.payment_id is None
        and hold.ended_at is not None
        and hold.ended_at < before
    )
