"""Payments that take days: while one is pending, no other event ends or reduces its hold.

A hold may have several checkout sessions. Each payment is stored by its session: its deadline, or
that it has ended. So events in any order have the same result.
"""

import json

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Reservation, Status
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.core.state import Key, State

FOLDER = "pending_payments"
"""The folder of the pending payments, by the hold's id."""

OVER = 0
"""Replaces the deadline of a payment that has failed."""

KEPT = 30 * DAY_MS
"""The time (ms) for which a failed payment is stored."""

SESSIONS_MAX = 50
"""The most sessions that are stored of a hold."""


def needs_pending(hold: Reservation) -> Key:
    """The row that the rules of this file read."""
    return Document, (FOLDER, hold.reservation_id)


def payment_pending(state: State, hold: Reservation) -> bool:
    """Whether a payment of this live hold is pending, and its time is not up."""
    document = state.get(Document, (FOLDER, hold.reservation_id))
    return pending_until(document, hold, state.now) is not None


def pending_until(document: Document | None, hold: Reservation, now: int) -> int | None:
    """The time (ms) until which a live hold waits for a pending payment, or None."""
    if hold.status is not Status.HELD:
        return None
    return max((until for until in _read(document).values() if until > now), default=None)


def begin_payment(state: State, hold: Reservation, session: str, until: int) -> bool:
    """Records that a payment is pending until a time (ms). False if it has failed already."""
    sessions = _sessions(state, hold)
    known = sessions.get(session)
    if known == OVER:
        return False
    if known is None or known < until:
        _keep(state, hold, {**sessions, session: until})
    return True


def end_payment(state: State, hold: Reservation, session: str) -> bool:
    """Records that a session's payment has failed. Returns whether it was pending.

    An unknown session is recorded as well: its beginning may come later.
    """
    sessions = _sessions(state, hold)
    known = sessions.get(session)
    if known != OVER:
        sessions.pop(session, None)
        _keep(state, hold, {**sessions, session: OVER})
    return bool(known)


def refuse_pending() -> Refused:
    """The refusal to release the units of a pending payment."""
    return Refused(
        Code.PAYMENT_PENDING,
        "A payment for this hold is in progress. Its units stay held until the payment succeeds "
        "or fails.",
    )


def _sessions(state: State, hold: Reservation) -> dict[str, int]:
    return _read(state.get(Document, (FOLDER, hold.reservation_id)))


def _read(document: Document | None) -> dict[str, int]:
    return {} if document is None or not document.body else dict(json.loads(document.body))


def _keep(state: State, hold: Reservation, sessions: dict[str, int]) -> None:
    if len(sessions) > SESSIONS_MAX:  # ended payments are removed first
        order = sorted(sessions.items(), key=lambda row: row[1] != OVER)
        sessions = dict(order[-SESSIONS_MAX:])
    place = (FOLDER, hold.reservation_id)
    before = state.get(Document, place)
    version = 1 if before is None else before.version + 1
    until = max(state.now + KEPT, *sessions.values())
    state.put(Document(*place, version, state.now, json.dumps(sessions), until))
