"""Events of another account or mode: they move nothing, and a payment raises an issue."""

from collections.abc import Iterator

from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Reservation
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.answers import PaymentNews
from fancymonkey.core.payments.issues import needs_issues, raise_issue
from fancymonkey.core.payments.rows import IssueKind
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteForeign(Command):
    """Records an event of another account than the shop's, or of the other mode: test or live.

    `refs` are the ids that may mean a hold; if one does, the payment raises an issue with the
    reason `why`. Nothing else changes.
    """

    refs: tuple[str, ...]
    payment: str
    why: str


def needs_foreign(command: NoteForeign, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    for ref in command.refs:
        yield from needs_hold(state, ref)
    yield from needs_issues(command.payment, IssueKind.FOREIGN_PAYMENT)


def note_foreign(state: State, command: NoteForeign) -> Answer:
    """Applies a `NoteForeign`."""
    hold = _meant(state, command)
    if not command.refs:  # no payment: there is nothing to decide
        return Accepted(PaymentNews("not ours"))
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found for this payment.")
    raise_issue(
        state, IssueKind.FOREIGN_PAYMENT, command.payment, hold, command.payment, note=command.why
    )
    return Accepted(PaymentNews("not ours"))


def _meant(state: State, command: NoteForeign) -> Reservation | None:
    for ref in command.refs:
        hold = state.hold(ref)
        if hold is not None:
            return hold
    return None
