"""A payment that the buyer's bank disputes: one payment issue, for reports in any order.

No stock moves by itself: the parcel may still be here, or with the buyer.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fancymonkey.core.command import Command, needs_hold
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation, Reservation, Status
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.payments.answers import PaymentNews
from fancymonkey.core.payments.issues import issue_of, needs_issues
from fancymonkey.core.payments.rows import IssueKind, IssueStatus, PaymentIssue, issue_id
from fancymonkey.core.state import Key, State

FOLDER = "disputes"
"""The folder of the known facts of each dispute, by its id."""

ENDED = ("won", "lost", "warning_closed", "prevented")
"""States in which nothing can be answered any more."""

SETTLED = ("won", "warning_closed", "prevented")
"""States in which the shop keeps its money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDispute(Command):
    """A payment (`ref`) is disputed, or its dispute continues or has ended.

    `at` is the time of the report (ms), `status` the provider's status, `funds` whether the money
    was `withdrawn` or `reinstated`, if reported. `amount`, `reason` and `due` are for people. A
    report that is older than the known facts changes nothing.
    """

    ref: str
    dispute: str
    at: int = 0
    status: str = ""
    funds: str = ""
    amount: str = ""
    reason: str = ""
    due: str = ""


def needs_dispute(command: NoteDispute, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield Document, (FOLDER, command.dispute)
    yield from needs_issues(command.dispute, IssueKind.DISPUTED)
    if command.ref:
        yield from needs_hold(state, command.ref)


def note_dispute(state: State, command: NoteDispute) -> Answer:
    """Applies a `NoteDispute`; `unknown` means that the payment is not known yet."""
    before = issue_of(state, IssueKind.DISPUTED, command.dispute)
    place = (FOLDER, command.dispute)
    document = state.get(Document, place)
    facts: dict[str, Any] = (
        {} if document is None or not document.body else json.loads(document.body)
    )
    known = _merged(facts, command)
    if known != facts:
        version = 1 if document is None else document.version + 1
        state.put(Document(*place, version, state.now, json.dumps(known)))
    hold = state.hold(command.ref) if command.ref else None
    note = _words(known)
    if before is not None:  # the text that the owner has added stays
        note += before.note.removeprefix(_words(facts))
    after = _with_issue(state, before, command, hold, known, note if known != facts else None)
    if after != before:
        state.put(after)
    outcome = "disputed" if after != before else "no change"
    return Accepted(PaymentNews(outcome, unknown=hold is None))


def _merged(facts: dict[str, Any], command: NoteDispute) -> dict[str, Any]:
    """The facts after a report: the latest value of each, and an end stays an end."""
    after = dict(facts)
    named = ("amount", "reason", "due")
    newer = command.at >= facts.get("at", 0)
    for name in named:
        value = getattr(command, name)
        if value and (newer or not facts.get(name)):
            after[name] = value
    status = facts.get("status")
    if status in ENDED:
        better = newer and command.status in ENDED
    else:
        better = newer or not status or command.status in ENDED
    if command.status and better:
        after["status"] = command.status
    if command.funds and command.at >= facts.get("funds_at", 0):
        # Of the same second: what is reinstated was withdrawn before.
        same = command.at == facts.get("funds_at") and facts.get("funds") == "reinstated"
        after |= {"funds": facts["funds"] if same else command.funds, "funds_at": command.at}
    after["at"] = max(command.at, facts.get("at", 0))
    return after


def _with_issue(
    state: State,
    before: PaymentIssue | None,
    command: NoteDispute,
    hold: Reservation | None,
    known: dict[str, Any],
    note: str | None,
) -> PaymentIssue:
    """The issue of the dispute with the facts that are known now.

    Without a `note` only the hold may be new.
    """
    paid = hold is not None and hold.status is Status.CAPTURED
    units: tuple[Allocation, ...] = hold.allocations if hold is not None and paid else ()
    if before is None:
        before = PaymentIssue(
            issue_id(IssueKind.DISPUTED, command.dispute),
            IssueKind.DISPUTED,
            IssueStatus.OPEN,
            None,
            command.ref,
            (),
            state.now,
        )
    after = replace(before, payment=before.payment or command.ref)
    if hold is not None and before.reservation_id is None:
        after = replace(after, reservation_id=hold.reservation_id, allocations=units)
    if note is None:
        return after
    status = known.get("status")
    after = replace(after, note=note)
    if status in SETTLED:
        progress, closed_at = IssueStatus.DONE, before.closed_at or state.now
        if before.progress is IssueStatus.DISMISSED:
            progress = IssueStatus.DISMISSED
        return replace(after, progress=progress, closed_at=closed_at)
    if status == "lost" and before.closed_at is not None and _LOST not in before.note:
        # The owner had closed the issue, and now the money is gone.
        return replace(after, progress=IssueStatus.OPEN, opened_at=state.now, closed_at=None)
    return after


_LOST = (
    "The dispute is lost: the bank keeps the money. Stop the parcel, or return the units to stock."
)
_STATES = {
    "needs_response": "Respond in Stripe's dashboard.",
    "warning_needs_response": "This is an inquiry. Respond in Stripe's dashboard.",
    "under_review": "The bank is reviewing the response.",
    "warning_under_review": "This is an inquiry; the bank is reviewing the response.",
    "won": "The dispute is won: the money stays with the shop.",
    "warning_closed": "The inquiry has ended without a dispute.",
    "prevented": "The dispute was prevented: the money stays with the shop.",
    "lost": _LOST,
}


def _words(known: dict[str, Any]) -> str:
    """The known facts as text."""
    status = known.get("status", "")
    first = [part for part in (known.get("amount"), known.get("reason")) if part]
    parts = [f"{', reason: '.join(first)}."] if first else []
    if known.get("due") and status not in ENDED:
        parts.append(f"Respond by {known['due']}.")
    if known.get("funds"):
        parts.append(f"The money was {known['funds']}.")
    if status:
        parts.append(_STATES.get(status, f"It is {status.replace('_', ' ')}."))
    return " ".join(parts)
