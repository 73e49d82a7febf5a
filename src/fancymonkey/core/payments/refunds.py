"""Refunds and their effect on stock, and how payment issues are resolved.

A refund returns nothing to stock by itself: the goods may be with the buyer. It raises an issue,
and units come back when the owner decides so, each at most once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation, Line, Reservation, Status
from fancymonkey.core.orders.money import book_failed_refund, book_refund, money_key
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.orders.shares import units_gone
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.answers import IssueResolved, PaymentNews
from fancymonkey.core.payments.issues import issue_of, needs_issues, raise_issue
from fancymonkey.core.payments.refund_names import (
    WHOLE,
    all_refunds_failed,
    is_new_refund,
    needs_names,
)
from fancymonkey.core.payments.returned_units import (
    allocations_of,
    cancel_undelivered,
    left_of,
    needs_units,
    take_back,
)
from fancymonkey.core.payments.rows import FACTS, IssueKind, IssueStatus, PaymentIssue
from fancymonkey.core.state import Key, State

OWED = (IssueKind.LATE_PAYMENT, IssueKind.BACKORDER, IssueKind.SECOND_PAYMENT)
"""The issues that a refund of the payment may resolve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefund(Command):
    """The provider has given money back for a payment, all of it (`whole`) or a part.

    A whole refund removes the undelivered units from the backorders. With `take_back` it returns
    the rest at once, else an issue asks the owner. A part that pays for no more than the cancelled
    or returned units opens no issue. `ref` is the payment's id, `others` are further ids to try,
    `refund` is the refund's own id if the report has one. `amount` is that of the refund, or
    without its id the sum of all of them, in the smallest unit. The same report again changes
    nothing; a further refund opens the issue again for the remaining units.
    """

    ref: str
    others: tuple[str, ...] = ()
    whole: bool
    refund: str = ""
    note: str = ""
    take_back: bool = False
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIssue(Command):
    """Resolves a payment issue, or a part of one.

    `returned` are the units that come back to stock now (only after a refund), never more than the
    issue has left. It stays open while units are left, unless `then` closes it. `then` is `due` if
    the shop makes the refund itself.
    """

    issue_id: str
    returned: tuple[Line, ...] = ()
    then: IssueStatus | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMissingPayment(Command):
    """Raises an issue for a captured hold whose payment was never made, according to the provider.

    It changes no stock. The same report again changes nothing.
    """

    ref: str
    payment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(Command):
    """A refund (`refund`, its own id) of the payment `ref` has not reached the buyer.

    `amount` is that of the refund, in the smallest unit. The issues that it has resolved stay
    resolved. The failure is one issue of its own. If no other refund is valid, the question about
    the units is withdrawn.
    """

    ref: str
    refund: str
    amount: int | None = None


def needs_refund(
    command: RecordRefund | ResolveIssue | ReportMissingPayment | RefundFailed, state: State
) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    if isinstance(command, RefundFailed):
        yield from needs_hold(state, command.ref)
        yield from needs_issues(command.ref, *OWED)
        yield from needs_issues(command.refund, IssueKind.REFUND_FAILED)
        yield needs_names(command.ref)
        owed, hold = _owed(state, (command.ref,)), state.hold(command.ref)
        if owed is not None and owed.reservation_id is not None:
            yield Reservation, owed.reservation_id
        if hold is not None:
            yield from needs_issues(hold.reservation_id, IssueKind.REFUNDED)
            yield Order, hold.reservation_id
            yield money_key(hold.reservation_id)
        return
    if isinstance(command, ReportMissingPayment):
        yield from needs_hold(state, command.ref)
        yield from needs_issues(command.payment, IssueKind.NOT_PAID)
        return
    if isinstance(command, ResolveIssue):
        yield PaymentIssue, command.issue_id
        issue = state.get(PaymentIssue, command.issue_id)
        if issue is None:
            return
        hold = None
        if issue.reservation_id is not None:
            yield Reservation, issue.reservation_id
            hold = state.get(Reservation, issue.reservation_id)
        if hold is not None:
            yield from needs_units(hold, state)
        yield from needs_issues(issue.payment, *OWED)
        return
    for ref in (command.ref, *command.others):
        yield from needs_hold(state, ref)
        yield from needs_issues(ref, *OWED)
    hold = _paid(state, command)
    if hold is not None:
        yield needs_names(command.ref)
        yield from needs_issues(hold.reservation_id, IssueKind.REFUNDED)
        yield from needs_units(hold, state)
        yield money_key(hold.reservation_id)


def _paid(state: State, command: RecordRefund) -> Reservation | None:
    """The hold to which the payment's id belongs: the one that the payment bought."""
    for ref in (command.ref, *command.others):
        hold = state.hold(ref)
        if hold is not None:
            return hold
    return None


def record_refund(state: State, command: RecordRefund) -> Answer:
    """Applies a `RecordRefund`."""
    hold = _paid(state, command)
    owed = _owed(state, (command.ref, *command.others))
    if hold is None and owed is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found for this payment.")
    second = owed is not None and owed.concern is IssueKind.SECOND_PAYMENT
    if hold is None or hold.status is not Status.CAPTURED or second:  # it bought nothing
        if owed is not None and command.whole:
            _close(state, owed, IssueStatus.DONE, command.note)
        return Accepted(PaymentNews("refund noted"))
    paid_for = _pays_for_units_that_are_back(state, command, hold)
    is_new = is_new_refund(state, command.ref, WHOLE if command.whole else command.refund)
    if paid_for and (is_new or issue_of(state, IssueKind.REFUNDED, hold.reservation_id) is None):
        return Accepted(PaymentNews("refund noted"))
    issue = raise_issue(
        state, IssueKind.REFUNDED, hold.reservation_id, hold, command.ref, left_of(state, hold)
    )
    if not is_new:
        asked = issue.closed_at is None
        return Accepted(PaymentNews("return proposed" if asked else "no change"))
    units = issue.allocations
    if command.whole:
        units = _cancel_undelivered(state, owed, units, command)
        if command.take_back:
            units = take_back(state, issue, units, command, only_on_sale=True)
    if not units:  # no unit is left to decide about
        if not issue.allocations and issue.closed_at is not None:
            return Accepted(PaymentNews("no change"))
        _close(state, replace(issue, allocations=()), IssueStatus.DONE, command.note)
        return Accepted(PaymentNews("returned"))
    after = replace(issue, allocations=units, note=command.note)
    if issue.closed_at is not None:
        after = replace(after, progress=IssueStatus.OPEN, opened_at=state.now, closed_at=None)
    if after != issue:
        state.put(after)
    return Accepted(PaymentNews("return proposed"))


def _pays_for_units_that_are_back(state: State, command: RecordRefund, hold: Reservation) -> bool:
    """Records the refund in the order.

    Returns whether all refunds together pay for no more than the units that were cancelled or
    returned.
    """
    order = state.get(Order, hold.reservation_id)
    if order is None:
        return False
    money = book_refund(state, order, command.refund, command.amount, command, whole=command.whole)
    if command.whole or command.amount is None or order.total is None:
        return False
    return money.refunded <= money.value(order, units_gone(order))


def report_missing_payment(state: State, command: ReportMissingPayment) -> Answer:
    """Applies a `ReportMissingPayment`."""
    hold = state.hold(command.ref)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found with this id.")
    raise_issue(state, IssueKind.NOT_PAID, command.payment, hold, command.payment, hold.allocations)
    return Accepted(PaymentNews("in doubt"))


def refund_failed(state: State, command: RefundFailed) -> Answer:
    """Applies a `RefundFailed`."""
    hold, owed = state.hold(command.ref), _owed(state, (command.ref,))
    if hold is None and owed is not None and owed.reservation_id is not None:
        hold = state.get(Reservation, owed.reservation_id)
    if hold is None:
        return Refused(Code.UNKNOWN_SESSION, "No hold was found for this payment.")
    order = state.get(Order, hold.reservation_id)
    if order is not None:
        book_failed_refund(state, order, command.refund, command.amount, command)
    raise_issue(state, IssueKind.REFUND_FAILED, command.refund, hold, command.ref)
    _withdraw(state, hold, command)
    return Accepted(PaymentNews("refund failed"))


def _withdraw(state: State, hold: Reservation, command: RefundFailed) -> None:
    """Withdraws the question about the units if no valid refund is left."""
    nothing = all_refunds_failed(state, command.ref, command.refund)
    asked = issue_of(state, IssueKind.REFUNDED, hold.reservation_id)
    if nothing and asked is not None and asked.closed_at is None and asked.payment == command.ref:
        _close(state, asked, IssueStatus.DISMISSED, "the refund has failed")


def _owed(state: State, refs: Iterable[str]) -> PaymentIssue | None:
    """The issue of units owed for this payment, or of money to pay back, or None."""
    for ref in refs:
        for concern in OWED:
            issue = issue_of(state, concern, ref)
            if issue is not None:
                return issue
    return None


def resolve_issue(state: State, command: ResolveIssue) -> Answer:
    """Applies a `ResolveIssue`."""
    issue = state.get(PaymentIssue, command.issue_id)
    if issue is None:
        return Refused(Code.UNKNOWN_ISSUE, "This payment issue does not exist.")
    if issue.closed_at is not None:
        if command.returned or command.then is not issue.progress:
            return Refused(Code.ISSUE_CLOSED, f"This payment issue is already {issue.progress}.")
        return Accepted(_answer(issue))
    parts = _split(issue, command.returned)
    if parts is None:
        return Refused(
            Code.OUT_OF_RANGE, "Only refunded units can be returned to stock, each of them once."
        )
    back, left = parts
    if back:
        owed = _owed(state, (issue.payment,))
        take_back(state, issue, _cancel_undelivered(state, owed, back, command), command)
    after = replace(issue, allocations=left) if command.returned else issue
    then = command.then
    if then is None and issue.allocations and not left:
        then = IssueStatus.DONE
    after = _close(state, after, then or after.progress, command.note)
    return Accepted(_answer(after, state.revision))


def _split(
    issue: PaymentIssue, returned: tuple[Line, ...]
) -> tuple[tuple[Allocation, ...], tuple[Allocation, ...]] | None:
    """The issue's units that these lines return, and its others; None if it has too few."""
    if not returned:
        return (), issue.allocations
    if issue.concern is not IssueKind.REFUNDED:
        return None
    left = {units.key: units.quantity for units in issue.allocations}
    back: list[Allocation] = []
    for line in returned:
        missing = line.quantity
        for sku, location in left if missing > 0 else ():
            units = min(missing, left[sku, location]) if sku == line.sku else 0
            if units:
                left[sku, location] -= units
                missing -= units
                back.append(Allocation(sku, units, location))
        if line.quantity < 1 or missing:
            return None
    return tuple(back), allocations_of(left)


def _cancel_undelivered(
    state: State,
    owed: PaymentIssue | None,
    allocations: tuple[Allocation, ...],
    command: RecordRefund | ResolveIssue,
) -> tuple[Allocation, ...]:
    """Strikes the undelivered units among these off the backorders; returns the rest.

    The units that are still owed count, not the status of the issue: a backorder that the owner
    keeps, or that the shop refunds, is closed as an issue and still waits for goods.
    """
    if owed is None:
        return allocations
    delivered, waiting = cancel_undelivered(state, owed, allocations, command)
    after = replace(owed, allocations=waiting)
    if owed.closed_at is None:
        _close(state, after, IssueStatus.DONE, "refunded")
    elif after != owed:
        state.put(after)
    return delivered


def _close(state: State, issue: PaymentIssue, progress: IssueStatus, note: str) -> PaymentIssue:
    """Writes the issue with this status, and returns it."""
    over = progress in (IssueStatus.DONE, IssueStatus.DISMISSED)
    after = replace(
        issue,
        progress=progress,
        closed_at=state.now if over else None,
        note=f"{issue.note} {note}".strip() if issue.concern in FACTS else note or issue.note,
    )
    state.put(after)
    return after


def _answer(issue: PaymentIssue, revision: int | None = None) -> IssueResolved:
    lines = tuple((line.sku, line.quantity) for line in issue.lines)
    return IssueResolved(issue.issue_id, issue.progress, lines, revision)
