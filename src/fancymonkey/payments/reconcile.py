"""Compares Stripe with the ledger, and corrects the ledger with the commands that webhooks use.

It reads Stripe's events since the last comparison, and then each checkout session. It finds
webhooks that never arrived, sessions that outlived their hold, and answers that were lost.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.model import Cursor, Status
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.payments.checkout import CheckoutOpened
from fancymonkey.core.payments.refunds import ReportMissingPayment
from fancymonkey.core.payments.rows import JobRun, Stage
from fancymonkey.core.records import MoveCursor, RecordRun
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.hold_details import HoldDetails, find_hold
from fancymonkey.errors import PaymentUnknown
from fancymonkey.payments import events
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.events import PaymentPolicy, StripeEvent
from fancymonkey.payments.gateway import PaymentSession
from fancymonkey.payments.refunds import give_due
from fancymonkey.text import counted

log = logging.getLogger(__name__)

JOB = "reconcile"
OVERLAP = HOUR
"""The overlap (ms) with the last comparison: Stripe lists some events late."""
SESSION_LIFE = 25 * HOUR
"""Longer (ms) than any session of Stripe is open, which is at most a day."""
FIRST = 30 * DAY_MS
"""The age (ms) of the oldest events that Stripe lists."""

_event = msgspec.json.Decoder(StripeEvent)


@dataclass(slots=True)
class Report:
    """The result of a comparison. `open` points need a decision."""

    since: int
    events: int = 0
    sessions: int = 0
    corrected: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """`balanced`, `corrected` or `open`."""
        return "open" if self.open else "corrected" if self.corrected else "balanced"

    def lines(self) -> list[str]:
        """The report for people."""
        sessions = counted(self.sessions, "checkout session")
        compared = f"{sessions} and {counted(self.events, 'Stripe event')} compared."
        if self.outcome == "balanced":
            return [compared, "No differences."]
        changes = [f"corrected: {text}" for text in self.corrected]
        return [compared, *changes, *(f"please check: {text}" for text in self.open)]

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "outcome": self.outcome,
            "events": self.events,
            "sessions": self.sessions,
            "corrected": self.corrected,
            "open": self.open,
        }


class Reconciler:
    """Runs comparisons of Stripe with the ledger."""

    def __init__(self, engine: Engine, checkouts: Checkouts, policy: PaymentPolicy) -> None:
        self._engine = engine
        self._checkouts = checkouts
        self._gateway = checkouts.gateway
        self._policy = policy

    async def run(self, since: int | None = None) -> Report:
        """Compares everything since the last comparison, or since a time in ms; stores the report.

        Raises PaymentError and StoreError; the job stores a failed run.
        """
        started = self._engine.clock()
        if since is None:
            since = (await last_run(self._engine, started)) or started - FIRST
        report = Report(since)
        await self._events(report)
        await self._sessions(report)
        for issue in await give_due(self._engine, self._gateway):
            report.corrected.append(f"payment {issue.payment} was refunded")
        await self._store_run(started, report.outcome, report.as_json())
        await self._engine.submit(MoveCursor(name=JOB, at=started))
        return report

    async def _store_run(self, started: int, outcome: str, report: dict[str, Any]) -> None:
        took = max(0, self._engine.clock() - started)
        # Runs without a finding are stored once per hour: the last replaces the others.
        at = started // HOUR * HOUR if outcome == "balanced" else started
        text = msgspec.json.encode(report).decode()
        await self._engine.submit(RecordRun(run=JobRun(JOB, at, took, outcome, text)))

    async def _events(self, report: Report) -> None:
        since = max(0, report.since - OVERLAP)
        raw = [row async for row in self._gateway.events(since, events.TYPES)]
        for text in reversed(raw):  # the oldest first
            report.events += 1
            try:
                event = _event.decode(text)
            except msgspec.DecodeError:
                log.warning("an event of Stripe is malformed and was skipped")
                continue
            command = events.record(event, self._policy, self._engine.clock())
            answer = await self._engine.submit(command)
            if isinstance(answer, Accepted) and answer.data.first:
                self._report_event(report, event, answer.data.outcome)

    def _report_event(self, report: Report, event: StripeEvent, outcome: str) -> None:
        if outcome not in ("no change", "ignored", "not ours", "unknown_session"):
            report.corrected.append(f"missed {event.type} of {event.data.object.id}: {outcome}")

    async def _sessions(self, report: Report) -> None:
        since = max(0, report.since - SESSION_LIFE)
        sessions = [session async for session in self._gateway.sessions(since)]
        for session in reversed(sessions):
            if session.reservation_id is None:
                continue  # another system's session
            hold = await find_hold(self._engine, session.reservation_id)
            if hold is None and not session.ours:
                continue  # another system's session, with an id of that system
            report.sessions += 1
            if hold is None:
                if session.paid:
                    report.open.append(
                        f"{session.id} was paid for the hold {session.reservation_id}, which is "
                        "not in the ledger"
                    )
                continue
            await self._compare(report, session, hold)

    async def _compare(self, report: Report, session: PaymentSession, hold: HoldDetails) -> None:
        id_, held = hold.id, hold.held
        if session.paid:
            await self._correct(report, session, "paid", f"{session.id} was paid, {id_}")
            return
        if hold.status is Status.CAPTURED and hold.reservation.payment_id == session.id:
            await self._engine.submit(ReportMissingPayment(ref=id_, payment=session.id, actor=JOB))
            report.open.append(f"{id_} was captured for {session.id}, which is unpaid at Stripe")
        elif session.status == "complete" and held:
            await self._correct(report, session, "pending", "")
        elif session.status == "expired" and held:
            await self._correct(report, session, "expired", f"{session.id} has expired, {id_}")
        elif session.status == "open" and not held:
            await self._end(report, session, f"{id_} had ended")
        elif session.status == "open" and _outdated(hold, session):
            await self._end(report, session, f"{id_} has had another checkout since")
        elif session.status == "open" and _lost(hold, session):
            await self._engine.submit(
                CheckoutOpened(
                    ref=id_,
                    number=session.number or 0,
                    payment_session=session.id,
                    amount=session.subtotal,
                    currency=session.currency,
                    actor=JOB,
                )
            )
            report.corrected.append(f"{session.id} belongs to {id_}, its answer was lost")

    async def _end(self, report: Report, session: PaymentSession, why: str) -> None:
        """Ends a session that must no longer be paid."""
        try:
            ended = await self._gateway.expire(session.id)
        except PaymentUnknown as error:
            report.open.append(f"{session.id} can still be paid, {why}: {error}")
            return
        if ended.status == "expired":
            report.corrected.append(f"{session.id} could still be paid, {why}")

    async def _correct(
        self, report: Report, session: PaymentSession, state: str, text: str
    ) -> None:
        """Carries out the event that this state of the session should have brought."""
        answer = await self._engine.submit(
            RecordEvent(
                event_id=f"{JOB}:{session.id}:{state}",
                type=f"{JOB}.{state}",
                object_id=session.id,
                effect=self._effect(session, state),
                actor=JOB,
            )
        )
        if isinstance(answer, Accepted) and answer.data.first and text:
            outcome = answer.data.outcome
            if outcome not in ("no change", "ignored"):
                report.corrected.append(f"{text}: {outcome}")

    def _effect(self, session: PaymentSession, state: str) -> Command | None:
        type_ = {"paid": events.COMPLETED, "pending": events.COMPLETED, "expired": events.EXPIRED}
        metadata: dict[str, Any] = {"reservationId": session.reservation_id}
        if session.number is not None:
            metadata["checkout"] = str(session.number)
        obj = events.EventObject(
            id=session.id,
            payment_status=session.payment_status,
            metadata=metadata,
            payment_intent=session.intent,
            **session.money,
            **session.buyer,
        )
        event = StripeEvent(f"{JOB}:{session.id}:{state}", type_[state], events.EventData(obj))
        return events.effect_of(event, self._policy, self._engine.clock())


def _lost(hold: HoldDetails, session: PaymentSession) -> bool:
    checkout = hold.checkout
    return (
        checkout is not None
        and checkout.stage is Stage.OPENING
        and checkout.number == session.number
    )


def _outdated(hold: HoldDetails, session: PaymentSession) -> bool:
    """Whether the hold has a later attempt, whose lines may differ from those of this session."""
    checkout = hold.checkout
    return checkout is not None and session.number is not None and session.number < checkout.number


async def last_run(engine: Engine, now: int) -> int | None:
    """The start of the last successful comparison (ms), or None if none is known.

    A clock that ran ahead may have left a cursor in the future; then the stored runs are used.
    """
    async for row in engine.store.scan(Cursor):
        if row.name == JOB:
            at = row.revision if row.at is None else row.at  # earlier versions kept the time there
            if at <= now:
                return at
    last = None
    async for run in engine.store.scan(JobRun, (JOB, 0)):
        if run.job != JOB or run.started_at > now:
            break
        if run.outcome != "failed":
            last = run.started_at
    return last
