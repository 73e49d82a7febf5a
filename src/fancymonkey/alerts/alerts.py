"""Alerts and webhooks: detects events, delivers them, and sends tests."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fancymonkey.alerts import event_texts
from fancymonkey.alerts.channels import Channel, send_reporting
from fancymonkey.alerts.delivery_worker import DeliveryWorker
from fancymonkey.alerts.detector import STORE_SECONDS, EventDetector
from fancymonkey.alerts.events import AlertEvent, event_type
from fancymonkey.alerts.message import AlertMessage
from fancymonkey.alerts.outbox import DeliveryTarget, Outbox
from fancymonkey.alerts.quiet_hours import QuietHours
from fancymonkey.alerts.webhook_address import Resolver, resolve
from fancymonkey.alerts.webhook_client import WebhookClient
from fancymonkey.alerts.webhooks import UnknownWebhook, Webhooks
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.core.stock.status import is_low
from fancymonkey.engine.documents import Conflict, DocumentCollection, put_documents_command
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.follow import heard
from fancymonkey.errors import StoreError
from fancymonkey.settings.event_names import EventName

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""The shortest time between two rounds: many changes make one."""
FALLBACK_SECONDS = 5.0
"""A round without a change: another process may have put a delivery into the outbox."""
REST_SECONDS = 10.0
"""The interval of the checks outside the ledger."""
UNHEALTHY_SECONDS = 8.0
"""After this time without the store, the owner gets an alert, before the lease is lost."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """The result of a test: the channel, and the error or an empty text."""

    name: str
    error: str = ""


class Alerts:
    """Alerts for the owner and webhooks for other systems."""

    def __init__(
        self,
        engine: Engine,
        channels: Iterable[Channel] = (),
        events: Iterable[str] = (),
        *,
        quiet: QuietHours | None = None,
        zone: ZoneInfo = ZoneInfo("UTC"),  # noqa: B008 - immutable
        link: str = "",
        private: bool = False,
        resolver: Resolver = resolve,
        jobs: Callable[[], Iterable[str]] = tuple,
        low_by_location: bool = False,
    ) -> None:
        self.channels = list(channels)
        self.events = frozenset(events)
        self.zone = zone
        self.outbox = Outbox(engine, quiet)
        self.webhooks = Webhooks(engine, resolver, private=private)
        self.running = False
        self._engine = engine
        self._jobs = jobs
        self._link = link
        self._poster = WebhookClient(engine.clock, resolver, private=private)
        self._owner = [
            DeliveryTarget(channel.key, self.events, alert=True) for channel in self.channels
        ]
        self._watch = EventDetector(engine, self.outbox, low_by_location)
        self._wake_event = asyncio.Event()
        self._sender = DeliveryWorker(
            self.outbox,
            self.webhooks,
            self.channels,
            self._poster,
            self._owner,
            link,
            delivered=self._wake_event,
        )
        self._days = DocumentCollection(engine, "told", str)
        self._looked = 0.0
        self._unhealthy_since: float | None = None
        self._reported = False

    async def targets(self) -> list[DeliveryTarget]:
        """Returns every channel and webhook. Raises StoreError."""
        return [*self._owner, *await self.webhooks.targets()]

    async def run(self) -> None:
        """Detects and sends until it is cancelled; runs in one of all processes."""
        self.running, loaded = True, False
        self._watch.forget()
        self._engine.feed.wake_events.add(self._wake_event)
        try:
            while True:
                wait = 0.0  # after a failed round
                self._wake_event.clear()
                try:
                    if not loaded:
                        await self._sender.load()
                        loaded = True
                    await self._round()
                    self._unhealthy_since, self._reported = None, False
                    wait = self._sender.seconds_to_next(FALLBACK_SECONDS) - LOOK_SECONDS
                except Conflict:
                    await asyncio.sleep(LOOK_SECONDS)
                except (StoreError, TimeoutError) as error:
                    log.debug("alerts postponed, the store is unavailable: %s", error)
                    await self._report_unhealthy(str(error))
                except Exception:
                    log.exception("a round of alerts failed")
                await asyncio.sleep(LOOK_SECONDS)
                if wait > 0:
                    await heard(self._wake_event, wait)
        finally:
            self._engine.feed.wake_events.discard(self._wake_event)
            self.running = False
            await self._sender.stop()
            await self._poster.close()

    async def once(self) -> int:
        """Runs one complete round, for installations without a running process. Raises StoreError.

        Returns how many deliveries still wait.
        """
        try:
            self._looked = 0.0
            await self._sender.load()
            await self._round()
            await self._sender.settle()
        finally:
            await self._sender.stop()
            await self._poster.close()
        return len(await self.outbox.waiting.all())

    async def _round(self) -> None:
        await self._watch.begun()
        async with asyncio.timeout(STORE_SECONDS):
            targets = await self.targets()
        more = True
        while more:
            async with asyncio.timeout(STORE_SECONDS):
                more = await self._watch.ledger(targets)
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout(STORE_SECONDS):
            if not self._looked or now - self._looked >= REST_SECONDS:
                await self._watch.conditions(targets, self._jobs())
                self._looked = now
            await self._sender.refresh()
            await self._sender.round()

    # While the store is unavailable, nothing can be written to it.

    async def _report_unhealthy(self, why: str) -> None:
        """Alerts the owner without the store, once, when it has been unavailable for a while."""
        now = asyncio.get_running_loop().time()
        if self._unhealthy_since is None:
            self._unhealthy_since = now
        if self._reported or now - self._unhealthy_since < UNHEALTHY_SECONDS:
            return
        self._reported = True
        text = why or "It is not responding."
        if EventName.STORE_UNHEALTHY in self.events:
            event = event_texts.unhealthy_store(
                [f"The store is unavailable. {text}"], self._engine.clock()
            )
            message = AlertMessage([event], self._link)
            await asyncio.gather(*(send_reporting(channel, message) for channel in self.channels))

    # Requests of people.

    async def test(self) -> list[TestResult]:
        """Sends a test to every channel now, and returns the result of each."""
        title = "Test alert"
        text = "This is a test. Alerts are delivered here."
        event = event_type(EventName.PING, self._engine.clock(), "test", title, text)

        async def send(channel: Channel) -> TestResult:
            return TestResult(
                channel.name, await send_reporting(channel, AlertMessage([event], self._link))
            )

        return list(await asyncio.gather(*(send(channel) for channel in self.channels)))

    async def report(self, event: AlertEvent) -> None:
        """Puts an event into the outbox for every target of its type."""
        drafts = self.outbox.drafts([event], await self.targets())
        with contextlib.suppress(Conflict):  # already reported
            await put_documents_command(self._engine, *drafts)
        self._wake_event.set()

    async def ping(self, id_: str) -> str:
        """Puts a test event into the outbox; returns the delivery id. Raises UnknownWebhook."""
        await self.webhooks.get(id_)
        now = self._engine.clock()
        event = event_type(EventName.PING, now, id_, "Test event", webhookId=id_)
        return await self._put(event, id_)

    async def redeliver(self, delivery: str) -> str:
        """Sends a logged event again, as a new delivery. Raises UnknownWebhook."""
        stored = await self.outbox.log.get(delivery)
        if stored is None:
            raise UnknownWebhook("No such delivery in the log.")
        await self.webhooks.get(stored.value.target)
        return await self._put(stored.value.event, stored.value.target)

    async def _put(self, event: AlertEvent, target: str) -> str:
        draft = self.outbox.draft(event, target, alert=False)
        await put_documents_command(self._engine, draft)
        self._wake_event.set()
        return draft.name

    async def digest(self) -> AlertEvent | None:
        """Sends today's digest once; None if nothing is low or out, or it was already sent."""
        now = self._engine.clock()
        day = event_texts.day(now, self.zone)
        rows = [
            row
            for row in self._engine.view.stocked()
            if not row.item.sold_out and (row.stock.available <= 0 or is_low(row.item, row.stock))
        ]
        issues = 0
        async for row in self._engine.store.scan(PaymentIssue):
            issues += row.closed_at is None
        if not rows and not issues:
            return None
        event = event_texts.digest(rows, issues, now, day)
        last = await self._days.get("digest")
        if last is not None and last.value == day:
            return None
        drafts = self.outbox.drafts([event], await self.targets())
        mark = self._days.draft("digest", day, 0 if last is None else last.version)
        with contextlib.suppress(Conflict):
            await put_documents_command(self._engine, mark, *drafts)
            self._wake_event.set()
            return event
        return None
