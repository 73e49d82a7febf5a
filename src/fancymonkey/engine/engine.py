"""The engine: one store, the queue in front of it, the view of it, and its subscribers."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fancymonkey.core.command import Command
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.ledger import InvariantBroken
from fancymonkey.core.model import Entry, Level, TurnedAway
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.batcher import Batcher
from fancymonkey.engine.clock import Clock, system_clock
from fancymonkey.engine.demand.turned_away import TurnedAwayDemand, turned_away_command
from fancymonkey.engine.migration.markers import check_not_moved
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.engine.view.feed import Feed, Subscription
from fancymonkey.engine.view.location_index import LOCATIONS
from fancymonkey.engine.view.reload import Reload
from fancymonkey.engine.view.view import View
from fancymonkey.errors import Overloaded, StoreError, StoreUnavailable
from fancymonkey.store.contract import Commit, StockSnapshot, Store

log = logging.getLogger(__name__)

FLUSH_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
OUTCOMES_KEPT = 35 * DAY_MS
"""The time (ms) for which first answers are kept: longer than providers repeat their events."""
CATCH_UP = 1000
"""Entries that are read at once; if more are missed, all data is read again."""
RETRY_SECONDS = 1.0


class Engine:
    """The only access to a store for the layers above."""

    def __init__(self, store: Store, clock: Clock = system_clock) -> None:
        self.store = store
        self.clock = clock
        self.view = View()
        self.feed = Feed()
        self.batcher = Batcher(store, clock, lambda: self.view.revision, self.publish)
        self.refused: dict[str, int] = {}
        self.moved_to: str | None = None
        self.lag = 0
        """The delay (ms) between the commit of another process's latest change and its display."""
        self.on_commit: Callable[[Commit], None] | None = None
        """Is called with each own commit that is shown, before any caller gets its answer."""
        self.on_catch_up: Callable[[], None] | None = None
        """Is called after commits of other processes are shown that the store has announced."""
        self.bell_seconds = 0.0
        """The wait of a notification of the store for the message of another server."""
        self.zone = ZoneInfo("UTC")
        """The time zone of the shop's days."""
        self._demand = TurnedAwayDemand()
        self._tasks: dict[asyncio.Task[None], None] = {}  # in the order of their start
        self._deadline_changed = asyncio.Event()
        self._earliest: int | None = None
        self._catch_up_lock = asyncio.Lock()
        self._view_lock = asyncio.Lock()
        self.feed.with_dependents = self.view.bundles.with_bundles
        self._reload = Reload(self.view, self.feed)
        self._closing = False

    async def open(self) -> None:
        """Opens the store, ends due holds, and starts the expiry and the live feed."""
        await self.store.open(self.clock())
        try:
            await check_not_moved(self.store)
        except BaseException:
            await self.store.close()
            raise
        first = await self.store.run((), self.clock(), FOREVER)
        self.opened_at = first.revision - first.own  # the revision before it released due holds
        self._show(await self.store.snapshot())
        await self.watch()
        await self._on_remote_commit(FOREVER)  # commits of others before the watch began
        self._start(self._expire_on_time(), "expiry")
        self._start(self._every(FLUSH_SECONDS, self._flush_demand), "turned away")
        self._start(self._every(PRUNE_SECONDS, self._prune), "prune")

    async def close(self) -> None:
        """Finishes every accepted command, ends the live feed, and then closes the store."""
        self._closing = True
        self.feed.close()
        await self._stop_tasks()
        await self.batcher.settle()  # the last refusals are counted before the counts are stored
        with contextlib.suppress(StoreError):
            await self._flush_demand()
        await self.batcher.close()
        await self._stop_tasks()
        await self.store.close()

    async def watch(self) -> None:
        """Starts to watch the store for commits of other processes."""
        await self.store.watch(self._on_remote_commit, self._submit_all)

    def switch_store(self, store: Store) -> None:
        """Continues with another store of the same content. The caller holds the batcher."""
        self.store = self.batcher.store = store

    def close_later(self, store: Store, seconds: float) -> None:
        """Closes a store that is no longer used, after a time (s) for its last readers."""
        self._start(self._close_after(store, seconds), "close old store")

    async def _close_after(self, store: Store, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            await store.close()

    async def _stop_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def submit(self, command: Command) -> Answer:
        """Runs a command; when this returns, its effect is durable and visible in the view.

        Raises StoreError: StoreUnavailable (the command may or may not be durable), Overloaded.
        """
        if self._closing:
            raise StoreUnavailable("The service is shutting down.")
        return await self.batcher.submit(command)

    def pending(self, command: Command) -> PendingAnswer:
        """The same as `submit` at a lower cost, for frequent requests. Await it at once."""
        if self._closing:
            raise StoreUnavailable("The service is shutting down.")
        return self.batcher.pending(command)

    async def subscribe(self, since: int | None = None) -> Subscription:
        """A subscription to changes; with `since`, it begins with those after that revision.

        Without `since`, or if too many changes were missed, its first change is marked as fresh:
        everything may have changed. Raises Overloaded.
        """
        if self.feed.full:
            raise Overloaded("Too many live connections.")
        missed = None if since is None else self.feed.since(since)
        if missed is None and since is not None and 0 <= since <= self.feed.revision:
            missed = await self._missed(since)
        return self.feed.subscribe(missed)

    async def _missed(self, since: int) -> set[str] | None:
        """SKUs that changed after a revision older than the feed; None if they are too many."""
        try:
            entries = await self.store.entries_after(since, CATCH_UP)
        except StoreError as error:
            log.warning("cannot read missed changes, a subscriber gets everything: %s", error)
            return None
        if len(entries) == CATCH_UP:
            return None
        last = entries[-1].revision if entries else since
        # Entries that came while the store was read are in the feed, or will be published.
        later = self.feed.since(last) if last < self.feed.revision else set()
        skus = {entry.sku for entry in entries}
        if later is None or LOCATIONS in skus:
            return None
        return self.view.bundles.with_bundles(skus) | later

    def expire_view(self) -> None:
        """Stops counting holds in the view whose deadline has passed."""
        if self.view.stop_counting_due(self.clock()):
            self._deadline_changed.set()

    def _show(self, snapshot: StockSnapshot) -> None:
        self._reload.shown()
        self.view.reset(snapshot)
        self.feed.restart(snapshot.revision)
        self._deadline_changed.set()

    def publish(
        self, commands: Sequence[Command], commit: Commit
    ) -> Coroutine[Any, Any, None] | None:
        """Takes a commit into the view and the feed; called before any caller gets its answer.

        Returns a coroutine to await where the view is being read again at the moment.
        """
        for command, answer in zip(commands, commit.answers, strict=True):
            if isinstance(answer, Refused):
                self.refused[answer.code] = self.refused.get(answer.code, 0) + 1
                self._demand.count(command, answer, self.clock())
        if self._view_lock.locked():
            return self._show_in_turn(commit)
        return None if self._show_commit(commit) else self._reset_in_turn()

    async def _show_in_turn(self, commit: Commit) -> None:
        async with self._view_lock:
            if not self._show_commit(commit):
                await self._reset()

    async def _reset_in_turn(self) -> None:
        async with self._view_lock:
            await self._reset()

    def _show_commit(self, commit: Commit) -> bool:
        """Applies a commit to the view; False if it does not follow on the shown revision."""
        others = len(commit.entries) - commit.own
        try:
            if others < 0:  # a standby took over without the latest entries that are shown
                raise ValueError("the ledger went back")
            stale = self.view.apply(commit.entries[:others]) if others else set()
            own = commit.entries[others:]
            if own and own[0].revision == self.view.revision + 1:
                self.view.take(own, commit.changed.get(Level, {}))
            else:  # a notification of another process has brought them already
                self.view.apply(own)
        except (ValueError, InvariantBroken):
            log.exception("the view missed a revision; reloading it from the store")
            return False
        self._reload.show(commit)
        if others and self._reload.concerns_bundles(commit.entries[:others]):
            self._start(self._reload.bundle_sales(self.store), "reload bundles")
        self._announce(commit.entries, stale)
        if self.on_commit is not None:
            self.on_commit(commit)
        return True

    def _announce(self, entries: Sequence[Entry], stale: set[str]) -> None:
        """Notifies subscribers; `stale` products were changed by other processes."""
        if stale:
            self._reload.shown()
            self._start(self._reload.products(self.store, stale), "reload products")
        self.feed.publish(entries, self.view.revision)
        due = self.view.next_due()
        if due is not None and (self._earliest is None or due < self._earliest):
            self._deadline_changed.set()

    async def _reset(self) -> None:
        """Reads everything again. The caller holds `_view_lock`: no newer commit is shown first."""
        try:
            self._show(await self.store.snapshot())
        except StoreError as error:
            log.warning("cannot update the view, the store is unavailable: %s", error)
            self._start(self._reset_later(), "reset")

    async def _reset_later(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        async with self._view_lock:
            await self._reset()

    async def _on_remote_commit(self, revision: int) -> None:
        if self.bell_seconds and revision > self.view.revision:
            await asyncio.sleep(self.bell_seconds)
        await self.catch_up(revision)

    async def catch_up(self, revision: int) -> None:
        """Shows what other processes have committed, up to a revision."""
        async with self._catch_up_lock:
            while revision > self.view.revision:
                try:
                    entries = await self.store.entries_after(self.view.revision, CATCH_UP)
                except StoreError as error:
                    log.warning("cannot update the view, the store is unavailable: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not entries:
                    return
                async with self._view_lock:
                    await self._catch_up(entries)
                self.lag = max(0, self.clock() - entries[-1].at)
                if self.on_catch_up is not None:
                    self.on_catch_up()

    async def _catch_up(self, entries: list[Entry]) -> None:
        if len(entries) == CATCH_UP:
            await self._reset()
            return
        try:
            stale = self.view.apply(entries)
        except (ValueError, InvariantBroken):
            log.exception("the view missed a revision; reloading it from the store")
            await self._reset()
        else:
            self._announce(entries, stale)
            if self._reload.concerns_bundles(entries):
                self._start(self._reload.bundle_sales(self.store), "reload bundles")

    async def _submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        return list(await asyncio.gather(*map(self.batcher.submit, commands)))

    async def _expire_on_time(self) -> None:
        while True:
            self._deadline_changed.clear()
            self.view.stop_counting_due(self.clock())
            if self.view.bundles.switched:
                self.feed.ring(self.view.bundles.take_switched())
            if self.view.has_unbooked_expiries:
                await self._book_expiries()
            self._earliest = self.view.next_due()
            # The clock of the machine may be changed: never sleep for long.
            until = 1.0 if self._earliest is None else (self._earliest - self.clock()) / 1000
            wait = min(1.0, until)
            # Not `wait_for`: it swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0.001)):
                    await self._deadline_changed.wait()

    async def _book_expiries(self) -> None:
        try:
            await self.submit(Expire(actor="clock"))
        except StoreError as error:
            log.warning("cannot expire due holds, the store is unavailable: %s", error)
        except Exception:
            log.exception("due holds could not be expired")

    async def _flush_demand(self) -> None:
        while rows := self._demand.take():
            try:
                future = self.batcher.submit(turned_away_command(rows, self.zone))
            except StoreError:
                self._demand.give_back(rows)
                raise
            future.add_done_callback(partial(self._flushed, rows))
            await asyncio.wait([future])  # a cancellation of this wait does not cancel the command
            future.result()

    def _flushed(self, rows: tuple[TurnedAway, ...], future: asyncio.Future[Answer]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._demand.give_back(rows)

    async def _prune(self) -> None:
        await self.store.prune(self.clock() - OUTCOMES_KEPT)

    async def _every(self, seconds: float, work: Any) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except StoreError as error:
                log.warning("periodic task postponed, the store is unavailable: %s", error)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s stopped", task.get_name(), exc_info=task.exception())
