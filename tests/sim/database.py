"""One simulated database for one server or two: slow, sometimes unreachable or without a reply."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute
from fancymonkey.core.ledger import InvariantBroken
from fancymonkey.core.model import Entry, Item, Product, Reservation, Row
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store.contract import (
    Commit,
    OnRemoteCommit,
    R,
    Snapshot,
    StockSnapshot,
    Submit,
    commit_of,
)
from fancymonkey.store.in_memory.store import MemoryStore
from tests.sim.loop import virtual_loop
from tests.sim.replay import Replay


@dataclass
class Faults:
    """The probability of each fault, per call. A quiet world has none."""

    away: float = 0.0
    lost_before: float = 0.0
    lost_after: float = 0.0
    slow: float = 0.0


QUIET = Faults()


class Database(MemoryStore):
    """The data that survives every crash. A begun transaction continues without its server."""

    def __init__(self, chance: random.Random, faults: Faults, *, alone: bool = False) -> None:
        """`alone`: it belongs to one server, like a file, and sends no notifications."""
        super().__init__()
        self.alone = alone
        self.chance = chance
        self.faults = faults
        self.turn = asyncio.Lock()
        self.bells: dict[object, Callable[[int], None]] = {}
        self.applied: dict[int, list[Answer]] = {}
        self.replay: Replay | None = None
        self.kept: list[Command] = []
        self.problems: list[str] = []

    async def latency(self) -> None:
        slow = self.chance.random() < self.faults.slow
        await asyncio.sleep(self.chance.uniform(0.1, 0.6) if slow else self.chance.uniform(0, 0.01))

    def perhaps(self, likelihood: float, what: str) -> None:
        if likelihood and self.chance.random() < likelihood:
            raise StoreUnavailable(what)

    async def transact(
        self, commands: Sequence[Command], now: int, after: int, sender: "SimStore"
    ) -> Commit:
        """One transaction; all servers are notified afterwards."""
        async with self.turn:
            await self.latency()
            self.perhaps(self.faults.lost_before, "lost before the commit")
            if self.alone and sender.cut_off:
                raise StoreUnavailable("the only process has died before the commit")
            commit = self._commit(commands, now, after)
        for ring in list(self.bells.values()):
            ring(self.image.revision)
        return commit

    def _commit(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        state = self.image.begin(now)
        try:
            answers = execute(state, commands, self.image.due(now))
        except InvariantBroken as error:
            self.problems.append(f"invariant broken: {error}")
            raise
        revisions = [entry.revision for entry in state.entries]
        if revisions != list(range(self.image.revision + 1, state.revision + 1)):
            self.problems.append(f"revisions {revisions} after {self.image.revision}")
        if self.replay is not None:
            self.replay.batch(commands, now, answers, state)
            self.problems += self.replay.problems
            self.replay.problems.clear()
        for command, answer in zip(commands, answers, strict=True):
            self.applied.setdefault(id(command), []).append(answer)
            self.kept.append(command)  # its id names this one and no later one
        self.image.apply(state.changed, state.revision)
        self.entries += state.entries
        return commit_of(state, answers, self.entries[after:])


class SimStore:
    """One server's access to the database: the contract of a store, with the faults."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._busy = False
        self.cut_off = False
        self._ringing: dict[asyncio.Task[None], None] = {}
        self._bell: OnRemoteCommit | None = None
        self._listens = True

    async def open(self, now: int) -> None:
        await self._reach()

    async def close(self) -> None:
        self.cut()

    def cut(self) -> None:
        """The server has ended and gets nothing more. Its sent statements still run."""
        self.cut_off = True  # running statements continue, without a receiver of the result
        self._db.bells.pop(self, None)
        for task in list(self._ringing):
            task.cancel()

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        if self._busy:
            self._db.problems.append("two transactions of one server at once")
        self._busy = True
        try:
            await self._reach()
            work = virtual_loop().create_task(self._db.transact(commands, now, after, self))
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait([work])  # which, cancelled, leaves the transaction alone
            commit = work.result()
            await asyncio.sleep(self._db.chance.uniform(0, 0.005))
            self._db.perhaps(self._db.faults.lost_after, "lost after the commit")
            return commit
        finally:
            self._busy = False

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """A store that is alone on its disk is sometimes fast."""
        db = self._db
        if not db.alone or self._busy or self.cut_off or db.turn.locked():
            return None
        if db.chance.random() < 0.5:
            return None
        db.perhaps(db.faults.away, "away")
        return db._commit(commands, now, after)

    async def _reach(self) -> None:
        await asyncio.sleep(self._db.chance.uniform(0, 0.005))
        if self.cut_off:
            raise StoreUnavailable("this server is gone")
        self._db.perhaps(self._db.faults.away, "away")

    async def snapshot(self) -> StockSnapshot:
        await self._reach()
        snapshot = await self._db.snapshot()
        await self._db.latency()
        return snapshot

    async def catalogue(self, product_ids: Iterable[str]) -> tuple[list[Product], list[Item]]:
        await self._reach()
        products = self._db.image.catalogue(product_ids)
        await self._db.latency()
        return products

    async def entries_after(self, revision: int, limit: int = 1000) -> list[Entry]:
        await self._reach()
        entries = self._db.entries[revision : revision + limit]
        await self._db.latency()
        return entries

    def history(self, sku: str, until: int | None = None) -> AsyncIterator[Entry]:
        return self._db.history(sku, until)

    async def next_due(self) -> int | None:
        return self._db.image.next_due()

    async def reservation(self, ref: str) -> Reservation | None:
        return self._db.image.reservation(ref)

    async def scan(self, kind: type[R], after: Hashable | None = None) -> AsyncIterator[R]:
        await self._reach()
        async for row in self._db.scan(kind, after):
            yield row

    def scan_fields(self, kind: type[Row], names: Sequence[str]) -> AsyncIterator[tuple[Any, ...]]:
        return self._db.scan_fields(kind, names)

    async def find(self, kind: type[R], key: Hashable) -> R | None:
        await self._reach()
        return await self._db.find(kind, key)

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        raise NotImplementedError

    def frozen(self) -> AbstractAsyncContextManager[Snapshot]:
        raise NotImplementedError

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        raise NotImplementedError

    async def clear(self) -> None:
        raise NotImplementedError

    async def other_writers(self) -> list[str]:
        await self._reach()
        return [f"server {number}" for number, other in enumerate(self._db.bells) if other != self]

    def stop_watching(self) -> None:
        raise NotImplementedError

    async def prune(self, before: int) -> int:
        await self._reach()
        return await self._db.prune(before)

    async def fold_holds(self, before: int) -> int:
        raise NotImplementedError

    async def watch(self, bell: OnRemoteCommit, submit: Submit) -> None:
        await self._reach()
        self._bell = bell
        if not self._db.alone:
            self._db.bells[self] = self._ring

    @property
    def listens(self) -> bool:
        return self._listens

    def listen(self, wanted: bool) -> None:
        self._listens = wanted
        if wanted and self._bell is not None:
            self._ring(len(self._db.entries))

    def _ring(self, revision: int) -> None:
        if not self._listens:
            return
        task = virtual_loop().create_task(self._deliver(revision))
        self._ringing[task] = None
        task.add_done_callback(lambda done: self._ringing.pop(done, None))

    async def _deliver(self, revision: int) -> None:
        await self._db.latency()
        assert self._bell is not None
        await self._bell(revision)

    async def health_problems(self) -> list[str]:
        return []

    async def unwritable(self) -> str | None:
        return None
