"""The reason why a hold cannot have the lines that a buyer asks for."""

from collections.abc import Sequence

from fancymonkey.core.model import HELD, Reservation, Status
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.payments.pending import payment_pending, refuse_pending
from fancymonkey.core.payments.rows import Checkout, Stage
from fancymonkey.core.state import State

Fault = dict[str, str | int]
"""A line that is at fault, as JSON."""


def open_checkout(state: State, hold: Reservation) -> Refused | None:
    """The reason why the lines of a hold cannot change now: the buyer is paying for them."""
    if payment_pending(state, hold):
        return refuse_pending()
    checkout = state.get(Checkout, hold.reservation_id)
    if checkout is None or checkout.stage is Stage.CLOSED:
        return None
    return Refused(
        Code.CHECKOUT_OPEN, "This hold has an open checkout. Pay for it, or release it first."
    )


def faulty_lines(
    closed: list[Fault], short: Sequence[Fault], odd: list[Fault], ttl: int
) -> Refused | None:
    """The refusal of lines that are at fault; the first reason counts."""
    if closed:
        return Refused(Code.SOLD_OUT, "The shop has marked this size as sold out.", closed)
    if short:
        return Refused(Code.INSUFFICIENT_STOCK, "Not enough stock is available.", short)
    if odd or ttl < 1:
        return Refused(
            Code.OUT_OF_RANGE, "A hold needs at least one unit and a duration above zero.", odd
        )
    return None


def has_line(hold: Reservation | None, sku: str, quantity: int) -> bool:
    """Whether a live hold has as many of the SKU, wherever its units are."""
    return (
        hold is not None
        and hold.status is HELD
        and any(line.sku == sku and line.quantity >= quantity for line in hold.lines)
    )


def ended_session(session_id: str, hold: Reservation) -> Refused | None:
    """The reason why the session of an ended hold cannot hold anything again, or None."""
    if hold.status is Status.CAPTURED and hold.payment_id == session_id:
        return Refused(
            Code.SESSION_PAID,
            "This session has already been paid. Start a new one with a new sessionId.",
        )
    if hold.reservation_id == session_id:
        # This id belongs to the old hold permanently: a new one could never be found by it.
        return Refused(Code.HOLD_ENDED, f"This hold has ended: {hold.status}.")
    return None
