"""Gives a hold a further id, and a new deadline: Attach."""

from collections.abc import Iterator

from fancymonkey.core.answers import FlatAnswer
from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.holds.deadline import set_deadline
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import HELD, SessionLink
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.pending import needs_pending, payment_pending, refuse_pending
from fancymonkey.core.state import FOREVER, Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Command):
    """Lets a further id (a Stripe session) mean this hold, and may move its deadline, in ms."""

    ref: str
    session_id: str
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Attached(FlatAnswer):
    """A hold after an `Attach`, and its deadline in ms."""

    reservation_id: str
    expires_at: int | None
    revision: int


def needs_attach(command: Attach, state: State) -> Iterator[Key]:
    """The rows that `attach` reads."""
    yield from needs_hold(state, command.ref)
    yield from needs_hold(state, command.session_id)
    hold = state.hold(command.ref)
    if hold is not None:
        yield needs_pending(hold)


def attach(state: State, command: Attach) -> Answer:
    """Applies an `Attach`."""
    hold = state.hold(command.ref)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found with this id.")
    other = state.hold(command.session_id)
    elsewhere = other is not None and other.reservation_id != hold.reservation_id
    if other is not None and elsewhere:
        taken = command.session_id in (other.payment_id, other.reservation_id)
        if taken or other.status is HELD:
            return Refused(Code.SESSION_IN_USE, "This session id belongs to another hold.")
    if hold.status is not HELD:
        return Refused(Code.HOLD_ENDED, f"This hold has ended: {hold.status}.")
    if command.expires_at is not None and command.expires_at <= state.now:
        return Refused(Code.OUT_OF_RANGE, "This deadline is in the past.")
    if other is None or elsewhere:
        state.put(SessionLink(command.session_id, hold.reservation_id))
    sooner = command.expires_at is not None and command.expires_at < (hold.expires_at or FOREVER)
    if sooner and payment_pending(state, hold):
        return refuse_pending()
    if command.expires_at is not None and command.expires_at != hold.expires_at:
        hold = set_deadline(state, hold, command.expires_at, command)
    return Accepted(Attached(hold.reservation_id, hold.expires_at, state.revision))
