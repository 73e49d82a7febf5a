"""Raises payment issues: at most one for each payment and concern, for any number of reports."""

from fancymonkey.core.model import Allocation, Reservation
from fancymonkey.core.payments.rows import IssueKind, IssueStatus, PaymentIssue, issue_id
from fancymonkey.core.state import Key, State


def needs_issues(about: str, *concerns: IssueKind) -> list[Key]:
    """The rows that `raise_issue` and `issue_of` read."""
    return [(PaymentIssue, issue_id(concern, about)) for concern in concerns]


def issue_of(state: State, concern: IssueKind, about: str) -> PaymentIssue | None:
    """The issue of this concern about a payment or hold, or None."""
    return state.get(PaymentIssue, issue_id(concern, about))


def raise_issue(
    state: State,
    concern: IssueKind,
    about: str,
    hold: Reservation,
    payment: str,
    allocations: tuple[Allocation, ...] = (),
    progress: IssueStatus = IssueStatus.OPEN,
    note: str = "",
) -> PaymentIssue:
    """The issue of this concern, raised now if there was none."""
    issue = issue_of(state, concern, about)
    if issue is None:
        issue = PaymentIssue(
            issue_id(concern, about),
            concern,
            progress,
            hold.reservation_id,
            payment,
            allocations,
            state.now,
            None if progress in (IssueStatus.OPEN, IssueStatus.DUE) else state.now,
            note,
        )
        state.put(issue)
    return issue
