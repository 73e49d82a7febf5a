"""The ends of a hold: Release, Capture, expiry."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fancymonkey.core.bundles.sales import count_bundles
from fancymonkey.core.catalogue.renames import needs_renames, renamed
from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.holds.ended import Captured, Expired, Released
from fancymonkey.core.holds.give_back import give_back
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import (
    Allocation,
    Kind,
    Reservation,
    SessionLink,
    Status,
    lines_of,
)
from fancymonkey.core.orders.rows import Buyer
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.amounts import Money
from fancymonkey.core.payments.issues import issue_of, needs_issues, raise_issue
from fancymonkey.core.payments.pending import (
    end_payment,
    needs_pending,
    payment_pending,
    refuse_pending,
)
from fancymonkey.core.payments.rows import Checkout, IssueKind, IssueStatus, Stage
from fancymonkey.core.state import Key, State, by_deadline
from fancymonkey.core.stock.answers import MovedLine, moved_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """Releases a hold. A hold that has ended stays as it is, and the answer is an acceptance.

    `others` are further ids to try if `ref` means no hold. With `payment_session` or `number` the
    hold is released only if that is the session of its latest checkout (the attempt `number`, if
    the session is not known yet), or if it never had one: the end of an older session does not end
    the hold, nor does that of a session which the service ends for another basket. `failed`: that
    session's payment, which took days, has failed. While another payment is pending the hold
    stays, unless the release is `deliberate`: a decision of the owner.
    """

    ref: str
    others: tuple[str, ...] = ()
    reason: str = ""
    payment_session: str | None = None
    number: int | None = None
    failed: bool = False
    deliberate: bool = False

    @property
    def of_attempt(self) -> bool:
        """Whether it concerns one attempt to pay, not the hold itself."""
        return self.payment_session is not None or self.number is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture(Command):
    """Turns a hold into a sale because it was paid.

    A payment is a fact and is never refused: if the hold has ended, or fewer units are on hand than
    it held, the available units are sold and the rest is backordered. Capturing twice changes
    nothing. `others` are further ids to try if `ref` means no hold, `intent` is the provider's id
    of the payment itself, `money` the paid amount. With `refund_late` a late payment that cannot be
    served whole moves no stock and is due for a refund instead. A late payment, a backorder and a
    second payment of the same hold each raise a payment issue.

    With `on_shipment` the units stay on hand, allocated to the order, until they leave. `total` is
    the paid amount in the smallest unit of `currency`; `buyer` is stored only with the order.
    """

    ref: str
    others: tuple[str, ...] = ()
    payment_id: str | None = None
    intent: str | None = None
    refund_late: bool = False
    money: Money | None = None
    on_shipment: bool = False
    total: int | None = None
    currency: str = ""
    buyer: Buyer | None = None

    @property
    def about(self) -> str | None:
        """The id under which issues of this payment are stored."""
        return self.intent or self.payment_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Command):
    """Ends every hold that is due. Each batch does so first; this command also returns them.

    It ends no other hold.
    """


def needs_ref(command: Release | Capture, state: State) -> Iterator[Key]:
    """The rows that `release` and `capture` read."""
    for ref in (command.ref, *command.others):
        yield from needs_hold(state, ref)
    if isinstance(command, Release):
        hold = _find(state, command)
        if hold is not None:
            yield needs_pending(hold)
            if command.of_attempt:
                yield Checkout, hold.reservation_id
        return
    hold = _find(state, command)
    if hold is not None and hold.status is not Status.HELD:
        for allocation in hold.allocations:
            yield from needs_renames(allocation, state)
    for id_ in (command.payment_id, command.intent):
        if id_ is not None:
            yield from needs_hold(state, id_)
    if command.about is not None:
        yield from needs_issues(command.about, *RAISED)


def release(state: State, command: Release) -> Answer:
    """Applies a `Release`."""
    hold = _find(state, command)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found for this session.")
    if hold.status is not Status.HELD:
        return Accepted(Released(*_summary(state, hold, ())))
    if command.of_attempt and not _frees(state, hold, command):
        return Accepted(Released(*_summary(state, hold, ())))
    pending = payment_pending(state, hold)
    if pending and not command.deliberate:
        return refuse_pending()
    ended = give_back(state, hold, Status.RELEASED, command, command.reason)
    return Accepted(Released(*_summary(state, ended, ended.allocations), payment_pending=pending))


def _frees(state: State, hold: Reservation, command: Release) -> bool:
    """Whether the end of one attempt to pay is the end of the hold."""
    # An expired session has not failed: a late or wrong event ends no pending payment.
    session = command.payment_session if command.failed else None
    was_pending = session is not None and end_payment(state, hold, session)
    latest = _is_latest(state, hold, command)
    checkout = state.get(Checkout, hold.reservation_id)
    if payment_pending(state, hold):
        if latest and checkout is not None:  # it is the last pending payment of the hold
            state.put(replace(checkout, stage=Stage.CLOSED))
        return False
    if latest and checkout is not None and checkout.replaced and not command.failed:
        state.put(replace(checkout, stage=Stage.CLOSED))
        return False
    over = checkout is not None and checkout.stage is Stage.CLOSED
    return latest or (was_pending and over)


def capture(state: State, command: Capture) -> Answer:
    """Applies a `Capture`."""
    hold = captured_by(state, command)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found for this payment.")
    if hold.status is Status.CAPTURED:
        return _again(state, hold, command)
    late = hold.status is not Status.HELD
    if late:
        hold = renamed(state, hold)
        refunded = _refund_instead(state, hold, command)
        if refunded is not None:
            return refunded
    backordered = []
    for allocation in hold.allocations:
        missing = _sell(state, allocation, hold, command, late=late)
        if missing:
            backordered.append(replace(allocation, quantity=missing))
    paid = Reservation(  # not `replace`: every sale runs this
        hold.reservation_id,
        hold.session_id,
        Status.CAPTURED,
        hold.allocations,
        hold.created_at,
        hold.expires_at,
        state.now,
        command.payment_id,
        late,
        hold.sold_lines,
        hold.parts,
        hold.route,
    )
    state.put(paid)
    count_bundles(state, hold, paid)
    _link(state, paid, command.payment_id, command.intent)
    if command.about is not None and (late or backordered):
        concern = IssueKind.LATE_PAYMENT if late else IssueKind.BACKORDER
        raise_issue(state, concern, command.about, paid, command.about, tuple(backordered))
    lines = lines_of(backordered) if backordered else ()
    return Accepted(Captured(*_summary(state, paid, paid.allocations), backordered=lines))


def captured_by(state: State, command: Capture) -> Reservation | None:
    """The hold of a payment: the one that it has bought, or to which its ids belong."""
    hold = None if command.payment_id is None else state.hold(command.payment_id)
    if hold is None or hold.payment_id != command.payment_id:
        hold = _find(state, command)
    return hold


RAISED = (IssueKind.LATE_PAYMENT, IssueKind.BACKORDER, IssueKind.SECOND_PAYMENT)
"""The issues that a payment may raise."""

UNSOLD = (IssueKind.LATE_PAYMENT, IssueKind.SECOND_PAYMENT)
"""The issues of a known payment that has bought nothing."""


def _again(state: State, hold: Reservation, command: Capture) -> Answer:
    """A payment of a hold that has been captured: the same one, or money that is owed back."""
    about = command.about
    second = None not in (about, hold.payment_id) and hold.payment_id != command.payment_id
    if second and command.intent is not None and state.hold(command.intent) == hold:
        second = False  # the same payment, reported under another session
    if (
        second
        and about is not None
        and not any(issue_of(state, concern, about) for concern in UNSOLD)
    ):
        progress = IssueStatus.DUE if command.refund_late else IssueStatus.OPEN
        raise_issue(state, IssueKind.SECOND_PAYMENT, about, hold, about, progress=progress)
        _link(state, hold, command.payment_id)
        return Accepted(Captured(*_summary(state, hold, ()), outcome="second payment"))
    return Accepted(Captured(*_summary(state, hold, ())))


def _refund_instead(state: State, hold: Reservation, command: Capture) -> Answer | None:
    """The answer to a late payment that is refunded, not served; None if it is served."""
    about = command.about
    if about is None:
        return None
    if issue_of(state, IssueKind.LATE_PAYMENT, about) is not None:
        return Accepted(Captured(*_summary(state, hold, ())))
    if not command.refund_late or all(
        allocation.quantity <= state.level(*allocation.key).available
        for allocation in hold.allocations
    ):
        return None
    hold = replace(hold, payment_id=command.payment_id, late=True)
    state.put(hold)
    raise_issue(
        state,
        IssueKind.LATE_PAYMENT,
        about,
        hold,
        about,
        hold.allocations,
        progress=IssueStatus.DUE,
    )
    _link(state, hold, command.payment_id)
    return Accepted(Captured(*_summary(state, hold, ()), outcome="refund due"))


def _link(state: State, hold: Reservation, *ids: str | None) -> None:
    """Links these ids to this hold; another live hold keeps its ids.

    The id of a payment belongs to the hold that it bought, so that the refund of a payment without
    a hold returns no units.
    """
    for id_ in ids:
        named = None if id_ is None else state.hold(id_)
        if id_ is not None and (named is None or named.status is not Status.HELD):
            state.put(SessionLink(id_, hold.reservation_id))


def _is_latest(state: State, hold: Reservation, command: Release) -> bool:
    checkout = state.get(Checkout, hold.reservation_id)
    if checkout is None:
        return True
    if checkout.payment_session is None:
        return command.number in (None, checkout.number)
    return checkout.payment_session == command.payment_session


def _find(state: State, command: Release | Capture) -> Reservation | None:
    for ref in (command.ref, *command.others):
        hold = state.hold(ref)
        if hold is not None:
            return hold
    return None


def _sell(
    state: State, sale: Allocation, hold: Reservation, command: Capture, *, late: bool
) -> int:
    """Sells an allocation; returns how many units of it are backordered."""
    level = state.level(sale.sku, sale.location)
    # A late payment must not take units of other holds. A live hold has its units, unless a count
    # has found fewer.
    there = max(0, level.available if late else level.on_hand - level.allocated)
    taken = min(sale.quantity, there)
    keeps = command.on_shipment
    state.book_movement(
        Kind.ALLOCATED if keeps else Kind.SOLD if late else Kind.CAPTURED,
        sale.sku,
        sale.location,
        command,
        on_hand=0 if keeps else -taken,
        allocated=taken if keeps else 0,
        reserved=0 if late else -sale.quantity,
        backordered=sale.quantity - taken,
        reservation=hold,
        reason="late payment" if late else "",
        cause=command.cause or command.payment_id or "",
    )
    return sale.quantity - taken


def expire(state: State, command: Expire) -> Answer:
    """Applies an `Expire`: the batch has ended the due holds already."""
    holds = [Released(*_summary(state, hold, hold.allocations)) for hold in state.expired]
    return Accepted(Expired(tuple(holds), state.revision))


def expire_due(state: State, due: Iterable[Reservation]) -> None:
    """Ends every hold whose deadline has come, the oldest first."""
    for row in sorted(due, key=by_deadline):
        if row.status is Status.HELD and row.expires_at is not None and row.expires_at <= state.now:
            state.expired.append(give_back(state, row, Status.EXPIRED, _CLOCK))


_CLOCK = Expire(actor="clock")


def _summary(
    state: State, hold: Reservation, moved: Sequence[Allocation]
) -> tuple[str, str, str, bool, tuple[MovedLine, ...], int]:
    """The first fields of an answer: a hold, with the units that were just moved."""
    return (
        hold.reservation_id,
        hold.session_id,
        str(hold.status),
        hold.late,
        moved_lines(state, moved),
        state.revision,
    )
