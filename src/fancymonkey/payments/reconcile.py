"""Compares Stripe with the ledger, and mends what was missed by the commands that webhooks use.

Stripe's events are read again since the last comparison, then its checkout sessions one by one: a
webhook that never came, a session that outlived its hold, an answer that was lost.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fancymonkey.core.command import Command
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.model import Cursor
from fancymonkey.core.outcomes import Accepted
from fancymonkey.core.payments.checkout import CheckoutOpened
from fancymonkey.core.payments.refunds import ReportMissingPayment
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.records import MoveCursor, RecordRun
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.turned_away import HOUR
from fancymonkey.errors import PaymentError, PaymentUnknown
from fancymonkey.payments import events
from fancymonkey.payments.checkout import Checkouts, Hold, inspect
from fancymonkey.payments.events import Event, PaymentPolicy
from fancymonkey.payments.gateway import PaymentSession
from fancymonkey.payments.refunds import give_due

log = logging.getLogger(__name__)

JOB = "reconcile"
OVERLAP = HOUR
"""Events are read again from a while before the last comparison: Stripe lists some late."""
SESSION_LIFE = 25 * HOUR
"""No session of Stripe is open for longer than a day."""
FIRST = 30 * 24 * HOUR
"""How far back Stripe's list of events goes."""

_event = msgspec.json.Decoder(Event)


@dataclass(slots=True)
class Report:
    """What a comparison found. `mended` was put right, `open` needs a person."""

    since: int
    events: int = 0
    sessions: int = 0
    mended: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """`balanced`, `mended` or `open`."""
        return "open" if self.open else "mended" if self.mended else "balanced"

    def lines(self) -> list[str]:
        """The report for people."""
        seen = f"{self.sessions} checkout sessions and {self.events} Stripe events compared."
        if self.outcome == "balanced":
            return [seen, "Books balance."]
        mended = [f"mended: {text}" for text in self.mended]
        return [seen, *mended, *(f"look at: {text}" for text in self.open)]

    def told(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "outcome": self.outcome,
            "events": self.events,
            "sessions": self.sessions,
            "mended": self.mended,
            "open": self.open,
        }


class Reconciler:
    """Runs comparisons."""

    def __init__(self, engine: Engine, checkouts: Checkouts, policy: PaymentPolicy) -> None:
        self._engine = engine
        self._checkouts = checkouts
        self._gateway = checkouts.gateway
        self._policy = policy

    async def run(self, since: int | None = None) -> Report:
        """Compares everything since the last comparison, or since a time in ms; keeps the report.

        Raises PaymentError and StoreError; the failed run is kept too, where the store works.
        """
        started = self._engine.clock()
        if since is None:
            since = (await last_run(self._engine, started)) or started - FIRST
        report = Report(since)
        try:
            await self._events(report)
            await self._sessions(report)
            for issue in await give_due(self._engine, self._gateway):
                report.mended.append(f"payment {issue.payment} was refunded")
        except PaymentError as error:
            failed = {**report.told(), "outcome": "failed", "error": str(error)}
            await self._keep(started, "failed", failed)
            raise
        await self._keep(started, report.outcome, report.told())
        await self._engine.submit(MoveCursor(name=JOB, revision=started))
        return report

    async def _keep(self, started: int, outcome: str, told: dict[str, Any]) -> None:
        took = max(0, self._engine.clock() - started)
        # What found nothing is kept once an hour: the last one speaks for the others.
        at = started // HOUR * HOUR if outcome == "balanced" else started
        text = msgspec.json.encode(told).decode()
        await self._engine.submit(RecordRun(run=JobRun(JOB, at, took, outcome, text)))

    async def _events(self, report: Report) -> None:
        since = max(0, report.since - OVERLAP)
        raw = [row async for row in self._gateway.events(since, events.TYPES)]
        for text in reversed(raw):  # the oldest first, as they happened
            report.events += 1
            try:
                event = _event.decode(text)
            except msgspec.DecodeError:
                log.warning("an event of Stripe makes no sense and is left out")
                continue
            command = events.record(event, self._policy, self._engine.clock())
            answer = await self._engine.submit(command)
            if isinstance(answer, Accepted) and answer.data["first"]:
                self._say(report, event, answer.data["outcome"])

    def _say(self, report: Report, event: Event, outcome: str) -> None:
        if outcome not in ("no change", "ignored", "not ours", "unknown_session"):
            thing = event.data.object.id
            report.mended.append(f"missed {event.type} of {thing}: {outcome}")

    async def _sessions(self, report: Report) -> None:
        since = max(0, report.since - SESSION_LIFE)
        found = [session async for session in self._gateway.sessions(since)]
        for session in reversed(found):
            if session.reservation_id is None:
                continue  # not made by us
            hold = await inspect(self._engine, session.reservation_id)
            if hold is None and not session.ours:
                continue  # another system's, with an id of its own
            report.sessions += 1
            if hold is None:
                if session.paid:
                    report.open.append(
                        f"{session.id} was paid for the hold {session.reservation_id}, which is "
                        "not in the books"
                    )
                continue
            await self._compare(report, session, hold)

    async def _compare(self, report: Report, session: PaymentSession, hold: Hold) -> None:
        id_, held = hold["reservation_id"], hold["status"] == "held"
        if session.paid:
            await self._mend(report, session, "paid", f"{session.id} was paid, {id_}")
            return
        if hold["status"] == "captured" and hold["payment_id"] == session.id:
            await self._engine.submit(ReportMissingPayment(ref=id_, payment=session.id, actor=JOB))
            report.open.append(f"{id_} was captured for {session.id}, which Stripe says is unpaid")
        elif session.status == "complete" and held:
            await self._mend(report, session, "pending", "")
        elif session.status == "expired" and held:
            await self._mend(report, session, "expired", f"{session.id} has expired, {id_}")
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
                    amount=session.asked,
                    currency=session.currency,
                    actor=JOB,
                )
            )
            report.mended.append(f"{session.id} belongs to {id_}, its answer was lost")

    async def _end(self, report: Report, session: PaymentSession, why: str) -> None:
        """Ends a session that must not be paid any more."""
        try:
            ended = await self._gateway.expire(session.id)
        except PaymentUnknown as error:
            report.open.append(f"{session.id} can still be paid, {why}: {error}")
            return
        if ended.status == "expired":
            report.mended.append(f"{session.id} could still be paid, {why}")

    async def _mend(self, report: Report, session: PaymentSession, what: str, text: str) -> None:
        """Does what the event would have done that this state of the session came with."""
        answer = await self._engine.submit(
            RecordEvent(
                event_id=f"{JOB}:{session.id}:{what}",
                type=f"{JOB}.{what}",
                object_id=session.id,
                effect=self._effect(session, what),
                actor=JOB,
            )
        )
        if isinstance(answer, Accepted) and answer.data["first"] and text:
            outcome = answer.data["outcome"]
            if outcome not in ("no change", "ignored"):
                report.mended.append(f"{text}: {outcome}")

    def _effect(self, session: PaymentSession, what: str) -> Command | None:
        type_ = {"paid": events.COMPLETED, "pending": events.COMPLETED, "expired": events.EXPIRED}
        metadata: dict[str, Any] = {"reservationId": session.reservation_id}
        if session.number is not None:
            metadata["checkout"] = str(session.number)
        thing = events.Object(
            id=session.id,
            payment_status=session.payment_status,
            metadata=metadata,
            payment_intent=session.intent,
            **session.money,
        )
        event = Event(f"{JOB}:{session.id}:{what}", type_[what], events.Data(thing))
        return events.effect_of(event, self._policy, self._engine.clock())


def _lost(hold: Hold, session: PaymentSession) -> bool:
    checkout = hold["checkout"]
    return (
        checkout is not None
        and checkout["stage"] == "opening"
        and checkout["number"] == session.number
    )


def _outdated(hold: Hold, session: PaymentSession) -> bool:
    """Whether the hold has had a later attempt: its lines may be others than this one pays for."""
    checkout = hold["checkout"]
    return (
        checkout is not None and session.number is not None and session.number < checkout["number"]
    )


async def last_run(engine: Engine, now: int) -> int | None:
    """When the last comparison that succeeded began, in ms, or None where nobody knows.

    A clock that ran ahead has left a cursor in the future, which says nothing: the runs before do.
    """
    async for row in engine.store.scan(Cursor):
        if isinstance(row, Cursor) and row.name == JOB and row.revision <= now:
            return row.revision
    last = None
    async for run in engine.store.scan(JobRun, (JOB, 0)):
        if not isinstance(run, JobRun) or run.job != JOB or run.started_at > now:
            break
        if run.outcome != "failed":
            last = run.started_at
    return last
