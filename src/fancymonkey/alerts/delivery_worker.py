"""Delivers the outbox. Each target has its own lane, so that none waits for another."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

from fancymonkey.alerts import event_texts
from fancymonkey.alerts.backoff import GIVE_UP, MINUTE, SECOND, delay
from fancymonkey.alerts.channels import KEY, Channel, send_reporting
from fancymonkey.alerts.events import stamped
from fancymonkey.alerts.message import SHOWN, AlertMessage
from fancymonkey.alerts.outbox import (
    DONE,
    DROPPED,
    FAILED,
    Attempt,
    Delivery,
    DeliveryTarget,
    Outbox,
    tried,
)
from fancymonkey.alerts.webhook_client import WebhookClient
from fancymonkey.alerts.webhooks import UnknownWebhook, WebhookEndpoint, Webhooks
from fancymonkey.engine.documents import Conflict, StoredDocument, put_documents_command
from fancymonkey.errors import StoreError

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Concurrent requests to one webhook while it succeeds."""
MOST_WAITING = 10_000
"""The most waiting deliveries of one target; further ones are dropped and logged so."""
REST_MAX = 60 * SECOND
ALL_EVERY = 5 * MINUTE
"""The interval at which all waiting deliveries are read: another process's clock may be wrong."""
HANDED_ON = "The channel was removed. The alert goes to the other channels."
GONE = "The channel or webhook was removed."

Waiting = dict[str, StoredDocument[Delivery]]
Closed = list[tuple[StoredDocument[Delivery], Delivery]]


class _DeliveryLane:
    """One target: its waiting and running deliveries, and its recent results."""

    def __init__(self) -> None:
        self.waiting: Waiting = {}
        self.under_way: set[str] = set()
        self.failures = 0
        self.rest_until = 0


class DeliveryWorker:
    """Delivers the outbox, in the process that has the lease."""

    def __init__(
        self,
        outbox: Outbox,
        webhooks: Webhooks,
        channels: Iterable[Channel],
        poster: WebhookClient,
        owner: Iterable[DeliveryTarget] = (),
        link: str = "",
        *,
        delivered: asyncio.Event | None = None,
    ) -> None:
        self._outbox = outbox
        self._webhooks = webhooks
        self._channels = {channel.key: channel for channel in channels}
        self._poster = poster
        self._owner = tuple(owner)
        self._link = link
        self._delivered = delivered or asyncio.Event()  # set when a delivery has ended
        self._clock = outbox.engine.clock
        self._lanes: dict[str, _DeliveryLane] = {}
        self._over: set[str] = set()
        self._all_taken = 0
        self._unnoted: Closed = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Reads all waiting deliveries. Raises StoreError."""
        self._lanes.clear()
        self._over = {stored.name for stored, _ in self._unnoted}
        self._all_taken = self._clock()
        for stored in await self._outbox.waiting.all():
            self._take(stored)

    async def refresh(self) -> None:
        """Reads recently added deliveries, and from time to time all. Raises StoreError."""
        now = self._clock()
        if abs(now - self._all_taken) < ALL_EVERY:
            async for stored in self._outbox.recent():
                self._take(stored)
            return
        for stored in await self._outbox.waiting.all():
            self._take(stored)
        self._all_taken = now
        before = stamped("dlv", now - ALL_EVERY, "")
        unnoted = {stored.name for stored, _ in self._unnoted}
        self._over = {name for name in self._over if name < before or name in unnoted}

    def _take(self, stored: StoredDocument[Delivery]) -> None:
        if stored.name in self._over:
            return
        lane = self._lanes.setdefault(stored.value.target, _DeliveryLane())
        if stored.name not in lane.under_way:
            delivery = lane.waiting.get(stored.name)
            if delivery is None or delivery.version < stored.version:
                lane.waiting[stored.name] = stored

    def seconds_to_next(self, most: float) -> float:
        """The seconds until the next waiting delivery is due, at most `most`."""
        now = self._clock()
        times = [
            max(delivery.value.due, lane.rest_until)
            for lane in self._lanes.values()
            for delivery in lane.waiting.values()
        ]
        return min([most, *((at - now) / 1000 for at in times if at > now)])

    async def settle(self) -> None:
        """Waits until the running deliveries have ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Cancels the running deliveries; the next lease holder tries them again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def round(self) -> None:
        """Starts the due deliveries. Raises StoreError."""
        await self._retry_notes()
        endpoints = {stored.name: stored.value for stored in await self._webhooks.folder.all()}
        now = self._clock()
        for target, lane in list(self._lanes.items()):
            if not lane.waiting and not lane.under_way:
                del self._lanes[target]
                continue
            if target.startswith(KEY) and target not in self._channels:
                await self._redirect(lane)
                continue
            due = [stored for stored in lane.waiting.values() if stored.value.due <= now]
            due.sort(key=lambda stored: (stored.value.due, stored.value.made_at))
            if not due:
                continue
            endpoint = endpoints.get(target)
            if target in self._channels:
                self._start_message(lane, self._channels[target], due, now)
            elif endpoint is None or not endpoint.active:
                text = (
                    GONE
                    if endpoint is None
                    else f"The webhook is switched off. {endpoint.off_because}".strip()
                )
                await self._drop(lane, due, text)
            else:
                if len(lane.waiting) > MOST_WAITING:
                    extra = sorted(lane.waiting.values(), key=lambda stored: stored.value.made_at)
                    await self._drop(
                        lane,
                        extra[MOST_WAITING:],
                        "Too many deliveries are waiting for this target.",
                    )
                    due = [stored for stored in due if stored.name in lane.waiting]
                self._start_posts(lane, target, endpoint, due, now)

    # Alerts: all due ones go in one message.

    def _start_message(
        self, lane: _DeliveryLane, channel: Channel, due: list[StoredDocument[Delivery]], now: int
    ) -> None:
        quiet = self._outbox.quiet.until(now) if self._outbox.quiet else None
        if quiet is not None:
            due = [stored for stored in due if stored.value.event.sort.urgent]
        if due and not lane.under_way and lane.rest_until <= now:
            some = due[:SHOWN]
            self._begin(lane, some)
            self._start(self._message(lane, channel, some))

    async def _message(
        self, lane: _DeliveryLane, channel: Channel, some: list[StoredDocument[Delivery]]
    ) -> None:
        news = sorted((stored.value.event for stored in some), key=lambda event: event.at)
        fresh = [stored.value for stored in some if not stored.value.tries]
        held = any(
            delivery.due - delivery.made_at > REST_MAX for delivery in fresh
        )  # by the quiet hours
        began, loop = self._clock(), asyncio.get_running_loop()
        start = loop.time()
        error = await send_reporting(channel, AlertMessage(news, self._link, held))
        attempt = Attempt(began, round((loop.time() - start) * 1000), None, error)
        lane.failures = lane.failures + 1 if error else 0
        await self._note(lane, [(stored, attempt) for stored in some])

    async def _redirect(self, lane: _DeliveryLane) -> None:
        """Moves the alerts of a removed channel to each of the others, once."""
        some = sorted(lane.waiting.values(), key=lambda stored: stored.value.made_at)
        recipients = await self._outbox.recipients(some[0].value.made_at, some[-1].value.made_at)
        for stored in some:
            event = stored.value.event
            heirs = {to.name for to in self._owner if event.type in to.types}
            heirs -= {name for name, id_ in recipients if id_ == event.id}
            attempt = Attempt(self._clock(), 0, None, HANDED_ON if heirs else GONE)
            over = tried(stored.value, attempt, DROPPED, 0)
            with contextlib.suppress(Conflict):
                for new in await self._outbox.redirect(stored, over, heirs):
                    self._take(new)
                recipients |= {(name, event.id) for name in heirs}
            del lane.waiting[stored.name]
            self._over.add(stored.name)

    # Webhooks: one request each.

    def _start_posts(
        self,
        lane: _DeliveryLane,
        target: str,
        endpoint: WebhookEndpoint,
        due: list[StoredDocument[Delivery]],
        now: int,
    ) -> None:
        room = 1 if lane.failures else AT_ONCE
        if lane.rest_until > now:
            return
        for stored in due[: max(0, room - len(lane.under_way))]:
            self._begin(lane, [stored])
            self._start(self._post(lane, target, endpoint, stored))

    async def _post(
        self,
        lane: _DeliveryLane,
        target: str,
        endpoint: WebhookEndpoint,
        stored: StoredDocument[Delivery],
    ) -> None:
        attempt = await self._poster.post(endpoint, stored.value.event, stored.name)
        if attempt.error:
            lane.failures += 1
            pause = min(REST_MAX, SECOND << min(lane.failures, 10))
            lane.rest_until = self._clock() + pause
        else:
            lane.failures = 0
        await self._note(lane, [(stored, attempt)])
        await self._judge(target, endpoint, attempt)

    async def _judge(self, target: str, endpoint: WebhookEndpoint, attempt: Attempt) -> None:
        """Switches off a webhook that has failed for days, and reports it."""
        try:
            if not attempt.error:
                if endpoint.failing_since is not None:
                    await self._webhooks.record_success(target)
            elif await self._webhooks.record_failure(target, attempt.error):
                event = event_texts.off(endpoint.url, target, attempt.error, self._clock())
                targets = [*self._owner, *await self._webhooks.targets()]
                await put_documents_command(
                    self._outbox.engine, *self._outbox.drafts([event], targets)
                )
        except (StoreError, Conflict, UnknownWebhook) as error:
            log.info("the state of a webhook could not be stored: %s", error)

    # Results.

    def _begin(self, lane: _DeliveryLane, some: list[StoredDocument[Delivery]]) -> None:
        for stored in some:
            del lane.waiting[stored.name]
            lane.under_way.add(stored.name)

    async def _note(
        self, lane: _DeliveryLane, some: list[tuple[StoredDocument[Delivery], Attempt]]
    ) -> None:
        """Stores the results. If that fails now, it is done later, without sending again."""
        over: Closed = []
        try:
            for stored, attempt in some:
                if not attempt.error:
                    over.append((stored, tried(stored.value, attempt, DONE, 0)))
                elif self._clock() - stored.value.made_at >= GIVE_UP:
                    over.append((stored, tried(stored.value, attempt, FAILED, 0)))
                else:
                    await self._postpone(lane, stored, attempt)
            self._over.update(stored.name for stored, _ in over)
            await self._outbox.close(over)
        except Conflict as error:
            log.info("another process is also sending: %s", error)
        except StoreError as error:
            log.warning("sent deliveries could not be stored yet: %s", error)
            self._unnoted += over
        finally:
            lane.under_way -= {stored.name for stored, _ in some}

    async def _postpone(
        self, lane: _DeliveryLane, stored: StoredDocument[Delivery], attempt: Attempt
    ) -> None:
        last = stored.value.made_at + GIVE_UP
        due = min(self._clock() + delay(stored.value.tries + 1), last)
        value = tried(stored.value, attempt, stored.value.state, due)
        lane.waiting[stored.name] = StoredDocument(
            stored.name, value, stored.version, stored.at, stored.until
        )
        lane.waiting[stored.name] = await self._outbox.postpone(stored, value)

    async def _retry_notes(self) -> None:
        if not self._unnoted:
            return
        closed, self._unnoted = self._unnoted, []
        try:
            await self._outbox.close(closed)
        except Conflict:
            return
        except StoreError:
            self._unnoted = closed
            raise

    async def _drop(
        self, lane: _DeliveryLane, some: list[StoredDocument[Delivery]], why: str
    ) -> None:
        for start in range(0, len(some), SHOWN):
            part = some[start : start + SHOWN]
            attempt = Attempt(self._clock(), 0, None, why)
            closed = [(stored, tried(stored.value, attempt, DROPPED, 0)) for stored in part]
            for stored in part:
                lane.waiting.pop(stored.name, None)
                self._over.add(stored.name)
            try:
                await self._outbox.close(closed)
            except Conflict:
                continue

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._delivered.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("sending stopped", exc_info=task.exception())
