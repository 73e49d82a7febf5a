"""The engine: one store, one queue in front of it, one view of it, and who listens."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.ledger import InvariantBroken
from fancymonkey.core.model import Entry, Level, TurnedAway
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.core.records import RecordTurnedAway
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.batcher import Batcher
from fancymonkey.engine.clock import Clock, system_clock
from fancymonkey.engine.feed import Feed, Subscription
from fancymonkey.engine.follow import Follower, Handler
from fancymonkey.engine.migration.markers import check_not_moved
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.engine.turned_away import HOUR, TurnedAwayDemand
from fancymonkey.engine.view import View
from fancymonkey.errors import Overloaded, StoreError, StoreUnavailable
from fancymonkey.store.contract import Commit, StockSnapshot, Store

log = logging.getLogger(__name__)

FLUSH_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
OUTCOMES_KEPT = 35 * 24 * HOUR
"""Longer than any payment provider repeats itself, and longer than its events can be listed."""
CATCH_UP = 1000
RETRY_SECONDS = 1.0


class Engine:
    """Everything above a store uses this and nothing below it."""

    def __init__(self, store: Store, clock: Clock = system_clock) -> None:
        self.store = store
        self.clock = clock
        self.view = View()
        self.feed = Feed()
        self.batcher = Batcher(store, clock, lambda: self.view.revision, self._publish)
        self.refused: dict[str, int] = {}
        self.moved_to: str | None = None
        self.lag = 0
        """How long after their commit (in ms) the latest changes of other processes were shown."""
        self._demand = TurnedAwayDemand()
        self._followers: list[Follower] = []
        self._tasks: dict[asyncio.Task[None], None] = {}  # in the order in which they began
        self._expiry_bell = asyncio.Event()
        self._earliest: int | None = None
        self._catching_up = asyncio.Lock()
        self._showing = asyncio.Lock()
        self._edits = 0
        self._closing = False

    async def open(self) -> None:
        """Opens the store, ends what is due, and starts the expiry and the live feed."""
        await self.store.open(self.clock())
        try:
            await check_not_moved(self.store)
        except BaseException:
            await self.store.close()
            raise
        await self.store.run((), self.clock(), FOREVER)
        self._show(await self.store.snapshot())
        await self.watch()
        await self._bell(FOREVER)  # what others wrote before the watch began
        self._start(self._expire_on_time(), "expiry")
        self._start(self._every(FLUSH_SECONDS, self._flush_demand), "turned away")
        self._start(self._every(PRUNE_SECONDS, self._prune), "prune")

    async def close(self) -> None:
        """Finishes every command it accepted, ends the live feed, then closes the store."""
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
        """Hears of what others do to the store."""
        await self.store.watch(self._bell, self._submit_all)

    def switch_store(self, store: Store) -> None:
        """Goes on with another store that holds the same. The batcher has to be held."""
        self.store = self.batcher.store = store
        for follower in self._followers:
            follower.store = store

    def close_later(self, store: Store, seconds: float) -> None:
        """Closes a store that is not used any more, once nobody can be reading there."""
        self._start(self._retire(store, seconds), "retire")

    async def _retire(self, store: Store, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            await store.close()

    async def _stop_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def submit(self, command: Command) -> Answer:
        """Runs a command; its effect is durable, and shown by the view, when this returns.

        Raises StoreError: StoreUnavailable where nobody knows whether it counts, Overloaded.
        """
        if self._closing:
            raise StoreUnavailable("The service is shutting down.")
        return await self.batcher.submit(command)

    def pending(self, command: Command) -> PendingAnswer:
        """The same as `submit`, cheaper: for what a crowd asks for. To be awaited at once."""
        if self._closing:
            raise StoreUnavailable("The service is shutting down.")
        return self.batcher.pending(command)

    async def subscribe(self, since: int | None = None) -> Subscription:
        """Listens to changes; with `since`, first hears what it missed after that revision.

        Raises Overloaded. Without `since`, or where too much was missed, it hears everything.
        """
        if self.feed.full:
            raise Overloaded("Too many live connections.")
        missed = None if since is None else self.feed.since(since)
        if missed is None and since is not None and 0 <= since <= self.feed.revision:
            missed = await self._missed(since)
        return self.feed.subscribe(missed)

    async def _missed(self, since: int) -> set[str] | None:
        """What changed after a revision that the feed has forgotten; None where it is too much."""
        try:
            entries = await self.store.entries_after(since, CATCH_UP)
        except StoreError as error:
            log.warning("a listener is told everything: %s", error)
            return None
        if len(entries) == CATCH_UP:
            return None
        last = entries[-1].revision if entries else since
        # What came while the store was read is at hand in the feed, or will be told.
        later = self.feed.since(last) if last < self.feed.revision else set()
        return None if later is None else {entry.sku for entry in entries} | later

    def follow(self, name: str, handler: Handler) -> Follower:
        """Starts a follower of the ledger with a stored cursor."""
        follower = Follower(name, handler, self.store, self.submit)
        self._followers.append(follower)
        self._start(follower.run(), f"follower {name}")
        return follower

    def expire_view(self) -> None:
        """Takes holds whose time is up out of the view."""
        if self.view.stop_counting_due(self.clock()):
            self._expiry_bell.set()

    def _show(self, snapshot: StockSnapshot) -> None:
        self._edits += 1
        self.view.reset(snapshot)
        self.feed.restart(snapshot.revision)
        self._expiry_bell.set()
        for follower in self._followers:
            follower.ring()

    def _publish(
        self, commands: Sequence[Command], commit: Commit
    ) -> Coroutine[Any, Any, None] | None:
        """Takes a commit into the view and the feed; called before anybody gets an answer.

        Returns what is still to be waited for, where something else is just being shown.
        """
        for command, answer in zip(commands, commit.answers, strict=True):
            if isinstance(answer, Refused):
                self.refused[answer.code] = self.refused.get(answer.code, 0) + 1
                self._demand.count(command, answer, self.clock())
        if self._showing.locked():
            return self._show_in_turn(commit)
        return None if self._show_commit(commit) else self._show_anew()

    async def _show_in_turn(self, commit: Commit) -> None:
        async with self._showing:
            if not self._show_commit(commit):
                await self._reset()

    async def _show_anew(self) -> None:
        async with self._showing:
            await self._reset()

    def _show_commit(self, commit: Commit) -> bool:
        """Shows a commit while nothing else is being shown; False where the thread is lost."""
        others = len(commit.entries) - commit.own
        try:
            if others < 0:  # a standby took over without the latest of what is shown
                raise ValueError("the ledger went back")
            stale = self.view.apply(commit.entries[:others]) if others else set()
            own = commit.entries[others:]
            if own and own[0].revision == self.view.revision + 1:
                self.view.take(own, commit.changed.get(Level, {}))
            else:  # another one's bell has been quicker
                self.view.apply(own)
        except (ValueError, InvariantBroken):
            log.exception("the view has lost the thread and is read anew")
            return False
        if commit.products or commit.items:
            self._edits += 1
            self.view.set_catalogue(commit.products, commit.items)
        self._announce(commit.entries, stale)
        return True

    def _announce(self, entries: Sequence[Entry], stale: set[str]) -> None:
        """Tells who listens; `stale` products were changed by other processes."""
        if stale:
            self._edits += 1
            self._start(self._reread(stale), "reread")
        self.feed.publish(entries, self.view.revision)
        for follower in self._followers:
            follower.ring()
        due = self.view.next_due()
        if due is not None and (self._earliest is None or due < self._earliest):
            self._expiry_bell.set()

    async def _reread(self, product_ids: set[str]) -> None:
        while True:
            edits = self._edits
            try:
                products, items = await self.store.catalogue(product_ids)
            except StoreError as error:
                log.warning("products wait for the store: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if edits == self._edits:  # else what was read may be older than what is shown
                break
        self.view.set_catalogue(products, items)
        self.feed.ring(set(product_ids))

    async def _reset(self) -> None:
        """Reads everything anew. `_showing` is held, so that nothing newer is shown meanwhile."""
        try:
            self._show(await self.store.snapshot())
        except StoreError as error:
            log.warning("the view waits for the store: %s", error)
            self._start(self._reset_later(), "reset")

    async def _reset_later(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        async with self._showing:
            await self._reset()

    async def _bell(self, revision: int) -> None:
        """Another process has written."""
        async with self._catching_up:
            while revision > self.view.revision:
                try:
                    entries = await self.store.entries_after(self.view.revision, CATCH_UP)
                except StoreError as error:
                    log.warning("the view waits for the store: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not entries:
                    return
                async with self._showing:
                    await self._catch_up(entries)
                self.lag = max(0, self.clock() - entries[-1].at)

    async def _catch_up(self, entries: list[Entry]) -> None:
        if len(entries) == CATCH_UP:
            await self._reset()
            return
        try:
            stale = self.view.apply(entries)
        except (ValueError, InvariantBroken):
            log.exception("the view has lost the thread and is read anew")
            await self._reset()
            return
        self._announce(entries, stale)

    async def _submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        futures = [self.batcher.submit(command) for command in commands]
        return list(await asyncio.gather(*futures))

    async def _expire_on_time(self) -> None:
        """Ends each hold at its second."""
        while True:
            self._expiry_bell.clear()
            self.view.stop_counting_due(self.clock())
            if self.view.has_unbooked_expiries:
                await self._tidy()
            self._earliest = self.view.next_due()
            # The clock of the machine may be set: never sleep long on its word.
            wait = 1.0
            if self._earliest is not None:
                wait = min(wait, (self._earliest - self.clock()) / 1000)
            # Not `wait_for`: that swallows a cancellation in the moment in which the bell rings.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0.001)):
                    await self._expiry_bell.wait()

    async def _tidy(self) -> None:
        try:
            await self.submit(Expire(actor="clock"))
        except StoreError as error:
            log.warning("holds that are over wait for the store: %s", error)
        except Exception:
            log.exception("holds that are over could not be ended")

    async def _flush_demand(self) -> None:
        while rows := self._demand.take():
            try:
                future = self.batcher.submit(RecordTurnedAway(rows=rows))
            except StoreError:
                self._demand.give_back(rows)
                raise
            future.add_done_callback(partial(self._flushed, rows))
            await asyncio.wait([future])  # which, cancelled, leaves the command where it is
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
                log.warning("put off: %s", error)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s stopped", task.get_name(), exc_info=task.exception())
