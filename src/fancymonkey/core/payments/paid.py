"""A capture with its consequences: a different amount, a payment used twice, earlier news."""

from collections.abc import Iterator

from fancymonkey.core.command import Rules
from fancymonkey.core.holds import end
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.model import Reservation, Status
from fancymonkey.core.orders.open import Sale, needs_open, open_order
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.payments import early_events
from fancymonkey.core.payments.amounts import difference, needs_tally
from fancymonkey.core.payments.issues import needs_issues, raise_issue
from fancymonkey.core.payments.rows import IssueKind
from fancymonkey.core.state import Key, State

CHECKED = (IssueKind.AMOUNT_DIFFERS, IssueKind.PAYMENT_REUSED)


def needs_capture(command: Capture, state: State) -> Iterator[Key]:
    """The rows that `capture` reads."""
    yield from end.needs_ref(command, state)
    paid = end.captured_by(state, command)
    if paid is not None and paid.status is not Status.CAPTURED:
        yield from needs_open(paid, state)
    about = command.about
    if about is None:
        return
    hold = end.captured_by(state, command)
    yield from early_events.needs_early(state, about, hold)
    yield from needs_issues(about, *CHECKED)
    if hold is not None and command.money is not None:
        yield from needs_tally(state, hold, command.payment_id)


def capture(state: State, command: Capture) -> Answer:
    """Applies a `Capture`: it opens the order. Then it applies earlier news of the payment."""
    about = command.about
    other = None if command.intent is None else state.hold(command.intent)
    mark = len(state.entries)
    answer = end.capture(state, command)
    if not isinstance(answer, Accepted):
        return answer
    hold = state.get(Reservation, answer.data.reservation_id)
    assert hold is not None
    bought = bool(answer.data.lines)  # just now
    if bought:
        sale = Sale(
            command.payment_id,
            command.intent,
            command.total,
            command.currency,
            command.on_shipment,
            command.buyer,
        )
        open_order(state, hold, sale, state.entries[mark:], command)
    if about is None:
        return answer
    if bought:
        _check(state, command, hold, other, about)
    early_events.replay(state, about, hold, command)
    return answer


def _check(
    state: State, command: Capture, hold: Reservation, other: Reservation | None, about: str
) -> None:
    """Raises the issues of this payment for the owner."""
    if command.money is not None:
        words = difference(state, hold, command.payment_id, command.money)
        if words is not None:
            raise_issue(
                state, IssueKind.AMOUNT_DIFFERS, about, hold, about, hold.allocations, note=words
            )
    if (
        other is not None
        and other.status is Status.CAPTURED
        and other.reservation_id != hold.reservation_id
    ):
        words = (
            f"One payment has bought two holds: {other.reservation_id} and "
            f"{hold.reservation_id}. A refund covers the units of the second only."
        )
        raise_issue(
            state, IssueKind.PAYMENT_REUSED, about, hold, about, hold.allocations, note=words
        )


RULES: Rules = {Capture: (needs_capture, capture)}
"""The capture of a hold with its effects on payments."""
