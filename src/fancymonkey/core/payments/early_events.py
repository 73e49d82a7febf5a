"""News of a payment that is not known yet: stored, and applied when the payment arrives.

A payment provider does not repeat an accepted event. News of foreign payments is removed after a
while.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.model import Event, Reservation
from fancymonkey.core.orders.money import money_key
from fancymonkey.core.outcomes import Accepted, Code
from fancymonkey.core.payments.answers import outcome_of
from fancymonkey.core.payments.disputes import NoteDispute, needs_dispute, note_dispute
from fancymonkey.core.payments.issues import needs_issues
from fancymonkey.core.payments.refund_names import needs_names
from fancymonkey.core.payments.refunds import (
    RecordRefund,
    RefundFailed,
    needs_refund,
    record_refund,
    refund_failed,
)
from fancymonkey.core.payments.rows import IssueKind
from fancymonkey.core.state import Key, State

FOLDER = "early_news"
"""The folder of news of payments that are not known yet, by the payment's id."""

KEPT = 30 * DAY_MS
"""The time (ms) for which news of an unknown payment is stored."""

NEWS_MAX = 40
"""The most stored news of a payment; the oldest is removed."""

NAME_MAX = 200
"""News of a longer id is not stored."""

News = RecordRefund | RefundFailed | NoteDispute
_KINDS: dict[str, type[News]] = {
    kind.__name__: kind for kind in (RecordRefund, RefundFailed, NoteDispute)
}


def needs_remember(command: Command | None) -> Iterator[Key]:
    """The row that `remember` reads."""
    if isinstance(command, RecordRefund | RefundFailed | NoteDispute) and command.ref:
        yield Document, (FOLDER, command.ref)


def remember(state: State, command: Command | None) -> None:
    """Stores news of a payment that is not known; ignores any other command."""
    if not isinstance(command, RecordRefund | RefundFailed | NoteDispute):
        return
    if not 0 < len(command.ref) <= NAME_MAX:
        return
    place = (FOLDER, command.ref)
    document = state.get(Document, place)
    row: dict[str, Any] = {"kind": type(command).__name__, **asdict(command)}
    row.pop("others", None)  # the payment's own id is all that events have
    rows = [] if document is None or not document.body else json.loads(document.body)
    same = [earlier for earlier in rows if {**earlier, "cause": ""} == {**row, "cause": ""}]
    if same:
        return
    body = json.dumps([*rows, row][-NEWS_MAX:])
    version = 1 if document is None else document.version + 1
    state.put(Document(*place, version, state.now, body, state.now + KEPT))


def needs_early(state: State, payment: str, hold: Reservation | None) -> Iterator[Key]:
    """The rows that `replay` reads."""
    yield Document, (FOLDER, payment)
    news = _news(state, payment)
    if not news:
        return
    yield needs_names(payment)
    yield from ((Event, command.cause) for command in news)
    if hold is not None:
        yield from needs_issues(hold.reservation_id, IssueKind.REFUNDED)
        yield money_key(hold.reservation_id)
    for command in news:
        if isinstance(command, NoteDispute):
            yield from needs_dispute(command, state)
        else:
            yield from needs_refund(command, state)


def replay(state: State, payment: str, hold: Reservation, cause: Capture) -> None:
    """Applies the stored news of a payment that has just become known."""
    news = _news(state, payment)
    if not news:
        return
    outcomes = {command.cause: "no change" for command in news}
    for command in _in_order(news):
        if isinstance(command, NoteDispute):
            answer = note_dispute(state, command)
        elif isinstance(command, RefundFailed):
            answer = refund_failed(state, command)
        else:
            answer = record_refund(state, command)
        if isinstance(answer, Accepted):
            outcomes[command.cause] = outcome_of(answer.data)
    for event_id, outcome in outcomes.items():  # each has its effect now: none is tried again
        event = state.get(Event, event_id)
        if event is not None and event.outcome == Code.UNKNOWN_SESSION:
            state.put(replace(event, outcome=outcome))
    document = state.get(Document, (FOLDER, payment))
    assert document is not None
    state.put(Document(FOLDER, payment, document.version + 1, state.now, "", state.now))


def _in_order(news: list[News]) -> Iterator[News]:
    """The news in its order: valid refunds, then those that failed, then disputes.

    A whole refund is left out where a refund has failed and none is valid.
    """
    failed = {report.refund for report in news if isinstance(report, RefundFailed)}
    refunds = [report for report in news if isinstance(report, RecordRefund)]
    valid = [report for report in refunds if report.refund and report.refund not in failed]
    for report in refunds:
        charge = not report.refund and (not failed or bool(valid))
        if charge or report in valid:
            yield report
    yield from (report for report in news if isinstance(report, RefundFailed))
    yield from (report for report in news if isinstance(report, NoteDispute))


def _news(state: State, payment: str) -> list[News]:
    document = state.get(Document, (FOLDER, payment))
    if document is None or not document.body:
        return []
    return [_read(row) for row in json.loads(document.body)]


def _read(row: dict[str, Any]) -> News:
    kind: Callable[..., News] = _KINDS[row["kind"]]
    fields = {name: value for name, value in row.items() if name != "kind"}
    return kind(**fields)
