"""The engine: one store, one queue in front of it, one view of it, and who listens."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.ledger import InvariantBroken
from fancymonkey.core.model import TurnedAway
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.record import RecordTurnedAway
from fancymonkey.core.reserve import Reserve
from fancymonkey.core.resolve import Expire
from fancymonkey.core.state import FOREVER
from fancymonkey.engine.batcher import Batcher
from fancymonkey.engine.clock import Clock, system_clock
from fancymonkey.engine.feed import Feed, Subscription
from fancymonkey.engine.follow import Follower, Handler
from fancymonkey.engine.view import View
from fancymonkey.errors import StoreError
from fancymonkey.store.base import Commit, Store

log = logging.getLogger(__name__)

HOUR = 3_600_000
FLUSH_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
OUTCOMES_KEPT = 35 * 24 * HOUR
"""Longer than any payment provider repeats itself, and longer than its events can be listed."""
CATCH_UP = 1000


class Engine:
    """Everything above a store uses this and nothing below it."""

    def __init__(self, store: Store, clock: Clock = system_clock) -> None:
        self.store = store
        self.clock = clock
        self.view = View()
        self.feed = Feed()
        self.batcher = Batcher(store, clock, lambda: self.view.revision, self._publish)
        self.refused: dict[str, int] = {}
        self._turned_away: dict[tuple[str, int], list[int]] = {}
        self._followers: list[Follower] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._expiry_bell = asyncio.Event()
        self._earliest: int | None = None
        self._catching_up = asyncio.Lock()

    async def open(self) -> None:
        """Opens the store, ends what is due, and starts the expiry and the live feed."""
        await self.store.open(self.clock())
        await self.store.run((), self.clock(), FOREVER)
        self._show(await self.store.snapshot())
        await self.store.watch(self._bell, self._submit_all)
        self._start(self._expire_on_time(), "expiry")
        self._start(self._every(FLUSH_SECONDS, self._flush_turned_away), "turned away")
        self._start(self._every(PRUNE_SECONDS, self._prune), "prune")

    async def close(self) -> None:
        """Finishes every command it accepted, then closes the store."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(StoreError):
            await self._flush_turned_away()
        await self.batcher.close()
        await self.store.close()

    async def submit(self, command: Command) -> Answer:
        """Runs a command; its effect is durable, and shown by the view, when this returns."""
        answer = await self.batcher.submit(command)
        if isinstance(answer, Refused):
            self.refused[answer.code] = self.refused.get(answer.code, 0) + 1
            if isinstance(command, Reserve):
                self._turn_away(answer)
        return answer

    async def subscribe(self, since: int | None = None) -> Subscription:
        """Listens to changes; with `since`, first hears what it missed after that revision.

        Raises Overloaded. Without `since`, or where too much was missed, it hears everything.
        """
        missed = None if since is None else self.feed.since(since)
        if missed is None and since is not None and 0 <= since <= self.feed.revision:
            entries = await self.store.entries_after(since, CATCH_UP)
            if len(entries) < CATCH_UP:
                # What came while the store was read is at hand in the feed.
                later = self.feed.since(max(since, entries[-1].revision if entries else since))
                if later is not None:
                    missed = {entry.sku for entry in entries} | later
        return self.feed.subscribe(missed)

    def follow(self, name: str, handler: Handler) -> Follower:
        """Starts a follower of the ledger with a stored cursor."""
        follower = Follower(name, handler, self.store, self.submit)
        self._followers.append(follower)
        self._start(follower.run(), f"follower {name}")
        return follower

    def lapse(self) -> None:
        """Takes holds whose time is up out of the view."""
        if self.view.lapse(self.clock()):
            self._expiry_bell.set()

    def _show(self, snapshot: Any) -> None:
        self.view.reset(snapshot)
        self.feed.restart(snapshot.revision)
        self._expiry_bell.set()

    def _publish(self, commit: Commit) -> None:
        """Takes a commit into the view and the feed; called before anybody gets an answer."""
        try:
            reread = self.view.apply(commit.entries)
        except (ValueError, InvariantBroken):
            log.exception("the view has lost the thread and is read anew")
            self._start(self._reset(), "reset")
            return
        if commit.products or commit.items:
            self.view.set_catalogue(commit.products, commit.items)
            reread -= {row.product_id for row in commit.products}
            reread -= {row.product_id for row in commit.items}
        self._announce(commit.entries, reread)

    def _announce(self, entries: Sequence[Any], reread: set[str]) -> None:
        if reread:
            self._start(self._reread(reread), "reread")
        self.feed.publish(entries, self.view.revision)
        for follower in self._followers:
            follower.ring()
        due = self.view.next_due()
        if due is not None and (self._earliest is None or due < self._earliest):
            self._expiry_bell.set()

    async def _reread(self, product_ids: set[str]) -> None:
        products, items = await self.store.catalogue(product_ids)
        self.view.set_catalogue(products, items)
        self.feed.ring(set(product_ids))

    async def _reset(self) -> None:
        self._show(await self.store.snapshot())

    async def _bell(self, revision: int) -> None:
        """Another process has written."""
        async with self._catching_up:
            while revision > self.view.revision:
                entries = await self.store.entries_after(self.view.revision, CATCH_UP)
                if not entries:
                    return
                if len(entries) == CATCH_UP:
                    await self._reset()
                    return
                try:
                    reread = self.view.apply(entries)
                except (ValueError, InvariantBroken):
                    log.exception("the view has lost the thread and is read anew")
                    await self._reset()
                    return
                self._announce(entries, reread)

    async def _submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        futures = [self.batcher.submit(command) for command in commands]
        return list(await asyncio.gather(*futures))

    async def _expire_on_time(self) -> None:
        """Ends each hold at its second."""
        while True:
            now = self.clock()
            self.view.lapse(now)
            if self.view.untidied:
                try:
                    await self.submit(Expire(actor="clock"))
                except StoreError as error:
                    log.warning("holds that are over wait for the store: %s", error)
                    await asyncio.sleep(1.0)
                continue
            self._earliest = self.view.next_due()
            # The clock of the machine may be set: never sleep long on its word.
            wait = 1.0 if self._earliest is None else min(1.0, (self._earliest - now) / 1000)
            self._expiry_bell.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._expiry_bell.wait(), max(wait, 0.001))

    def _turn_away(self, answer: Refused) -> None:
        if answer.code not in (Code.INSUFFICIENT_STOCK, Code.SOLD_OUT):
            return
        hour = self.clock() // HOUR
        for fault in answer.detail:
            counts = self._turned_away.setdefault((fault["sku"], hour), [0, 0])
            counts[0] += 1
            counts[1] += fault["requested"]

    async def _flush_turned_away(self) -> None:
        taken, self._turned_away = self._turned_away, {}
        rows = [TurnedAway(sku, hour, *counts) for (sku, hour), counts in taken.items()]
        for start in range(0, len(rows), 500):
            await self.submit(RecordTurnedAway(rows=tuple(rows[start : start + 500])))

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
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s stopped", task.get_name(), exc_info=task.exception())
