"""The outbox: deliveries kept in the store until they are sent, and a log of the last month."""

import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from msgspec import Struct

from fancymonkey.alerts.events import AlertEvent, stamped
from fancymonkey.alerts.quiet_hours import SECOND, QuietHours
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite
from fancymonkey.engine.documents import DocumentCollection, StoredDocument, put_documents_command
from fancymonkey.engine.engine import Engine

KEPT = 30 * DAY_MS
COLLECT = 5 * SECOND
"""How long an alert waits for others, so that they go in one message."""
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
    happening: AlertEvent
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
        happenings: Iterable[AlertEvent],
        targets: Iterable[DeliveryTarget],
        *,
        fresh: bool = True,
    ) -> list[DocumentWrite]:
        """Returns the deliveries to the targets; alerts are also kept for lookup.

        `fresh`: the write is refused as stale if the event is already kept.
        """
        targets = list(targets)
        found: list[DocumentWrite] = []
        for one in happenings:
            if one.sort.alert:
                until = self.engine.clock() + KEPT
                expected = 0 if fresh else None
                found.append(self.happened.draft(one.id, one, expected, until))
            found += [
                self.draft(one, target.name, alert=target.alert)
                for target in targets
                if one.type in target.types
            ]
        return found

    def draft(self, one: AlertEvent, target: str, *, alert: bool) -> DocumentWrite:
        """Returns the delivery to one target, whatever its event types are."""
        now = self.engine.clock()
        due = self.when(one, now) if alert else now
        name = stamped("dlv", now, secrets.token_hex(7))
        return self.waiting.draft(name, Delivery(target, one, now, due), 0)

    def when(self, one: AlertEvent, now: int) -> int:
        """When an alert is due: after the quiet hours, or in a moment, with others."""
        if one.sort.urgent:
            return now
        ends = self.quiet.until(now) if self.quiet else None
        return now + COLLECT if ends is None else ends

    async def recent(self) -> AsyncIterator[StoredDocument[Delivery]]:
        """Returns the recent deliveries of all processes."""
        # A sent delivery leaves an empty row for a day: older ones are not read at all.
        last = stamped("dlv", self.engine.clock() - RECENT, "g")
        async for row in self.engine.store.scan(Document, (self.waiting.name, "")):
            if row.folder != self.waiting.name or row.name > last:
                return
            kept = await self.waiting.get(row.name) if row.body else None
            if kept is not None:
                yield kept

    async def hears(self, since: int, until: int) -> set[tuple[str, str]]:
        """Returns which targets have or will get which of the events of this time span."""
        # In this order: a delivery sent between the two reads moves from the first to the second.
        found = {(kept.value.target, kept.value.happening.id) for kept in await self.waiting.all()}
        async for kept in self.log.after(stamped("dlv", until + SECOND, "")):
            if kept.value.made_at < since - SECOND:
                break
            if kept.value.state != DROPPED:
                found.add((kept.value.target, kept.value.happening.id))
        return found

    async def hand_on(
        self, kept: StoredDocument[Delivery], over: Delivery, targets: Iterable[str]
    ) -> list[StoredDocument[Delivery]]:
        """Moves an undelivered event to other targets, and ends it here. Raises Conflict."""
        now, one = self.engine.clock(), kept.value
        due = one.made_at if one.tries else min(one.due, now)
        new = {
            stamped("dlv", one.made_at, secrets.token_hex(7)): Delivery(
                target, one.happening, one.made_at, due
            )
            for target in targets
        }
        drafts = [self.waiting.draft(name, value, 0) for name, value in new.items()]
        versions = await put_documents_command(self.engine, *drafts, *self._ended(kept, over))
        return [
            StoredDocument(name, value, version, now, None)
            for (name, value), version in zip(new.items(), versions, strict=False)
        ]

    async def put_off(
        self, kept: StoredDocument[Delivery], value: Delivery
    ) -> StoredDocument[Delivery]:
        """Stores a failed attempt. Raises Conflict if another process has the delivery."""
        version = await self.waiting.put(kept.name, value, kept.version)
        return StoredDocument(kept.name, value, version, kept.at, kept.until)

    async def close(self, closed: Iterable[tuple[StoredDocument[Delivery], Delivery]]) -> None:
        """Moves ended deliveries into the log, all at once. Raises Conflict."""
        drafts = [draft for kept, value in closed for draft in self._ended(kept, value)]
        if drafts:
            await put_documents_command(self.engine, *drafts)

    def _ended(
        self, kept: StoredDocument[Delivery], value: Delivery
    ) -> tuple[DocumentWrite, DocumentWrite]:
        until = self.engine.clock() + KEPT
        gone = self.waiting.draft(kept.name, None, kept.version)
        return gone, self.log.draft(kept.name, value, None, until)


def tried(value: Delivery, attempt: Attempt, state: str, due: int) -> Delivery:
    """The delivery after one more attempt."""
    attempts = [*value.attempts, attempt][-ATTEMPTS_KEPT:]
    return Delivery(
        value.target, value.happening, value.made_at, due, state, value.tries + 1, attempts
    )
