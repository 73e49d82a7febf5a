"""What is to be sent, kept in the store until it is; and what was sent, for a month."""

import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from msgspec import Struct

from fancymonkey.alerts.events import AlertEvent, stamped
from fancymonkey.alerts.quiet_hours import DAY, SECOND, QuietHours
from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite
from fancymonkey.engine.documents import DocumentCollection, StoredDocument, put_documents_command
from fancymonkey.engine.engine import Engine

KEPT = 30 * DAY
COLLECT = 5 * SECOND
"""How long an alert waits for others that go with it in one message."""
RECENT = 30 * SECOND
ATTEMPTS_KEPT = 20

WAITING, DONE, FAILED, DROPPED = "waiting", "done", "failed", "dropped"


class Attempt(Struct, rename="camel"):
    """One try: when, how long it took (ms), the status of the answer, and what went wrong."""

    at: int
    took: int
    status: int | None = None
    error: str = ""


class Delivery(Struct, rename="camel"):
    """Something that one target is to hear. `due` is when it is tried next, `tries` how often."""

    target: str
    happening: AlertEvent
    made_at: int
    due: int
    state: str = WAITING
    tries: int = 0
    attempts: list[Attempt] = []


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """Somebody who hears: a channel of the owner's (`alert`) or another system's endpoint."""

    name: str
    types: frozenset[str]
    alert: bool


class Outbox:
    """Deliveries that wait, deliveries that are over, and the happenings of the last month."""

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
        """The documents that tell the targets; alerts are also kept to be looked up.

        `fresh`: refused as stale where such a happening is kept already.
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
        """The document that tells one target, whether it asked for this or not."""
        now = self.engine.clock()
        due = self.when(one, now) if alert else now
        name = stamped("dlv", now, secrets.token_hex(7))
        return self.waiting.draft(name, Delivery(target, one, now, due), 0)

    def when(self, one: AlertEvent, now: int) -> int:
        """When an alert may go: after the quiet hours, or in a moment, with others."""
        if one.sort.urgent:
            return now
        ends = self.quiet.until(now) if self.quiet else None
        return now + COLLECT if ends is None else ends

    async def recent(self) -> AsyncIterator[StoredDocument[Delivery]]:
        """What was put in lately, by whichever process."""
        # What was sent leaves an empty row for a day: those of before are not even looked at.
        last = stamped("dlv", self.engine.clock() - RECENT, "g")
        async for row in self.engine.store.scan(Document, (self.waiting.name, "")):
            if row.folder != self.waiting.name or row.name > last:
                return
            kept = await self.waiting.get(row.name) if row.body else None
            if kept is not None:
                yield kept

    async def hears(self, since: int, until: int) -> set[tuple[str, str]]:
        """Who has got, or is to get, which of the happenings that were put in at these times."""
        # In this order: what is sent meanwhile goes from the one to the other.
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
        """Puts what one target has not got in for others, and ends it there. Raises Stale."""
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
        """Keeps a failed try. Raises Stale where another process has it."""
        version = await self.waiting.put(kept.name, value, kept.version)
        return StoredDocument(kept.name, value, version, kept.at, kept.until)

    async def close(self, closed: Iterable[tuple[StoredDocument[Delivery], Delivery]]) -> None:
        """Moves what is over into the log, all at once. Raises Stale."""
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
    """The delivery after one more try."""
    attempts = [*value.attempts, attempt][-ATTEMPTS_KEPT:]
    return Delivery(
        value.target, value.happening, value.made_at, due, state, value.tries + 1, attempts
    )
