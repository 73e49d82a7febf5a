"""The outbox: deliveries kept in the store until they are sent, and a log of the last month."""

import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from msgspec import Struct, field

from fancymonkey.alerts.backoff import SECOND
from fancymonkey.alerts.events import AlertEvent, stamped
from fancymonkey.alerts.quiet_hours import QuietHours
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite
from fancymonkey.engine.documents import DocumentCollection, StoredDocument, put_documents_command
from fancymonkey.engine.engine import Engine

KEPT = 30 * DAY_MS
COLLECT = 5 * SECOND
"""The time for which an alert waits for others, so that they go in one message."""
RECENT = 30 * SECOND
ATTEMPTS_KEPT = 20

WAITING, DONE, FAILED, DROPPED = "waiting", "done", "failed", "dropped"


class Attempt(Struct, rename="camel"):
    """One attempt: when, its duration (ms), the status of the response, and the error."""

    at: int
    took: int
    status: int | None = None
    error: str = ""


class Delivery(Struct, rename="camel"):
    """One event for one target. `due` is the time of the next attempt, `tries` counts them."""

    target: str
    event: AlertEvent = field(name="happening")
    made_at: int
    due: int
    state: str = WAITING
    tries: int = 0
    attempts: list[Attempt] = []


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """A receiver of events: a channel of the owner (`alert`) or a webhook."""

    name: str
    types: frozenset[str]
    alert: bool


class Outbox:
    """Waiting deliveries, ended deliveries, and the events of the last month."""

    def __init__(self, engine: Engine, quiet: QuietHours | None = None) -> None:
        self.engine = engine
        self.quiet = quiet
        self.waiting = DocumentCollection(engine, "outbox", Delivery)
        self.log = DocumentCollection(engine, "deliveries", Delivery)
        self.happened = DocumentCollection(engine, "happenings", AlertEvent)

    def drafts(
        self,
        events: Iterable[AlertEvent],
        targets: Iterable[DeliveryTarget],
        *,
        fresh: bool = True,
    ) -> list[DocumentWrite]:
        """Returns the deliveries to the targets; alerts are also kept for lookup.

        `fresh`: the write is refused as stale if the event is already kept.
        """
        targets = list(targets)
        drafts: list[DocumentWrite] = []
        for event in events:
            if event.sort.alert:
                until = self.engine.clock() + KEPT
                expected = 0 if fresh else None
                drafts.append(self.happened.draft(event.id, event, expected, until))
            drafts += [
                self.draft(event, target.name, alert=target.alert)
                for target in targets
                if event.type in target.types
            ]
        return drafts

    def draft(self, event: AlertEvent, target: str, *, alert: bool) -> DocumentWrite:
        """Returns the delivery to one target, for any of its event types."""
        now = self.engine.clock()
        due = self.when(event, now) if alert else now
        name = stamped("dlv", now, secrets.token_hex(7))
        return self.waiting.draft(name, Delivery(target, event, now, due), 0)

    def when(self, event: AlertEvent, now: int) -> int:
        """The time at which an alert is due: after the quiet hours, or in a moment, with others."""
        if event.sort.urgent:
            return now
        ends = self.quiet.until(now) if self.quiet else None
        return now + COLLECT if ends is None else ends

    async def recent(self) -> AsyncIterator[StoredDocument[Delivery]]:
        """Returns the recent deliveries of all processes."""
        # A sent delivery leaves an empty row for a day: older ones are not read.
        last = stamped("dlv", self.engine.clock() - RECENT, "g")
        async for row in self.engine.store.scan(Document, (self.waiting.name, "")):
            if row.folder != self.waiting.name or row.name > last:
                return
            stored = await self.waiting.get(row.name) if row.body else None
            if stored is not None:
                yield stored

    async def recipients(self, since: int, until: int) -> set[tuple[str, str]]:
        """Returns which targets have or will get which of the events of this time span."""
        # In this order: a delivery sent between the two reads moves from the first to the second.
        deliveries = {
            (stored.value.target, stored.value.event.id) for stored in await self.waiting.all()
        }
        async for stored in self.log.after(stamped("dlv", until + SECOND, "")):
            if stored.value.made_at < since - SECOND:
                break
            if stored.value.state != DROPPED:
                deliveries.add((stored.value.target, stored.value.event.id))
        return deliveries

    async def redirect(
        self, stored: StoredDocument[Delivery], over: Delivery, targets: Iterable[str]
    ) -> list[StoredDocument[Delivery]]:
        """Moves an undelivered event to other targets, and ends it here. Raises Conflict."""
        now, delivery = self.engine.clock(), stored.value
        due = delivery.made_at if delivery.tries else min(delivery.due, now)
        new = {
            stamped("dlv", delivery.made_at, secrets.token_hex(7)): Delivery(
                target, delivery.event, delivery.made_at, due
            )
            for target in targets
        }
        drafts = [self.waiting.draft(name, value, 0) for name, value in new.items()]
        versions = await put_documents_command(self.engine, *drafts, *self._ended(stored, over))
        return [
            StoredDocument(name, value, version, now, None)
            for (name, value), version in zip(new.items(), versions, strict=False)
        ]

    async def postpone(
        self, stored: StoredDocument[Delivery], value: Delivery
    ) -> StoredDocument[Delivery]:
        """Stores a failed attempt. Raises Conflict if another process has the delivery."""
        version = await self.waiting.put(stored.name, value, stored.version)
        return StoredDocument(stored.name, value, version, stored.at, stored.until)

    async def close(self, closed: Iterable[tuple[StoredDocument[Delivery], Delivery]]) -> None:
        """Moves ended deliveries into the log, all at once. Raises Conflict."""
        drafts = [draft for stored, value in closed for draft in self._ended(stored, value)]
        if drafts:
            await put_documents_command(self.engine, *drafts)

    def _ended(
        self, stored: StoredDocument[Delivery], value: Delivery
    ) -> tuple[DocumentWrite, DocumentWrite]:
        until = self.engine.clock() + KEPT
        gone = self.waiting.draft(stored.name, None, stored.version)
        return gone, self.log.draft(stored.name, value, None, until)


def tried(value: Delivery, attempt: Attempt, state: str, due: int) -> Delivery:
    """The delivery after one more attempt."""
    attempts = [*value.attempts, attempt][-ATTEMPTS_KEPT:]
    return Delivery(value.target, value.event, value.made_at, due, state, value.tries + 1, attempts)
