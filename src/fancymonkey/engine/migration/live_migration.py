"""Moves a running shop into another store, without an end of service.

A copy of one revision is made while the shop sells, and compared; then what was committed
meanwhile follows, portion by portion. For the last portion the queue is held: it is written, both
are compared once more, the old store is marked as left, and the engine goes on with the new one.
Until that mark the old store is the truth and the copy counts for nothing; from then on the new.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Entry, Row
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.migration.markers import (
    COPY,
    FOLDER,
    MOVED,
    CopyMarker,
    MovedTo,
    copy_of,
    draft,
    write_marker,
)
from fancymonkey.engine.migration.recording_store import RecordingStore
from fancymonkey.errors import DataError, StoreCorrupt, StoreError, StoreUnavailable
from fancymonkey.store.contract import R, Scan, Snapshot, StockSnapshot, Store
from fancymonkey.store.copy import differences, fill, is_empty
from fancymonkey.text import counted

log = logging.getLogger(__name__)

GENTLE = 50
"""Rows that are handled before others get their turn."""
SMALL = 200
"""What was committed meanwhile and is so little may wait for the pause."""
ROUNDS = 50
GRACE_SECONDS = 10.0
"""How long the old store stays open for who is still reading there."""

Tell = Callable[[str, int, int], None]
"""Hears which step it is, how much of it is done, and of how much."""

T = TypeVar("T")


class MoveRefused(StoreUnavailable):
    """The shop may not move now; the reason says nothing about other machines."""


@dataclass(frozen=True, slots=True)
class LiveMigrationReport:
    """What a move did. `pause` is for how long (ms) nothing was answered."""

    revision: int
    skus: int
    rounds: int
    caught_up: int
    pause: float


@dataclass(slots=True)
class LiveMigration:
    """One move of a shop. `here` and `there` are the names of the stores, without passwords.

    `place` is the whole name of the new one, for what the service goes on to do there.
    """

    engine: Engine
    target: Store
    here: str
    there: str
    place: str | None = None
    tell: Tell = lambda step, done, total: None
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    _revision: int = 0
    _rounds: int = 0
    _caught_up: int = 0

    async def run(self) -> LiveMigrationReport:
        """Moves. Raises DataError where the target is in use, StoreError; then nothing has changed.

        It may be cancelled until the last portion, and begun again after whatever has ended it.
        """
        engine, old = self.engine, self.engine.store
        try:
            await self._alone(old)
            await self.target.open(engine.clock())
            await self._make_room()
            async with self._recorded(old) as recorder:
                await self._copy(old)
                await self._catch_up(recorder)
                switching = asyncio.create_task(self._switch(old, recorder), name="switch")
                try:
                    return await asyncio.shield(switching)
                finally:  # cancelled now, it comes to its end all the same
                    await asyncio.wait([switching])
        except BaseException:
            if engine.store is not self.target:
                await self.target.close()
            raise

    async def _alone(self, old: Store) -> None:
        """Raises StoreUnavailable where another process would go on selling from the old store."""
        others = await old.other_writers()
        if others:
            raise MoveRefused(
                f"{counted(len(others), 'more process', 'more processes')} can write to this store "
                f"({others[0]}). Let one server with one worker be the only one, and move."
            )

    async def _make_room(self) -> None:
        if await copy_of(self.target) is not None:  # of an earlier try; nobody ever sold from it
            await self.target.clear()
        if not await is_empty(self.target):
            raise DataError("The store to move to is not empty. Name an empty one.")

    @asynccontextmanager
    async def _recorded(self, old: Store) -> AsyncIterator[RecordingStore]:
        """For the length of a block everything that is committed is noted."""
        recorder = RecordingStore(old)
        async with self.engine.batcher.held():  # no commit is under way, which would be missed
            self.engine.switch_store(cast(Store, recorder))
        try:
            yield recorder
        finally:
            if self.engine.store is not self.target:
                self.engine.switch_store(old)

    async def _copy(self, old: Store) -> None:
        async with old.frozen() as still:
            source = Snapshot(still.revision, self._rows(still), self._ledger(still, "copying"))
            unfinished = draft(COPY, CopyMarker(self.here, self.id))
            mark = Document(FOLDER, COPY, 1, self.engine.clock(), unfinished.body)
            await fill(self.target, replace(source, scan=_with(source.scan, mark)))
            source = replace(source, entries=self._ledger(still, "comparing"))
            async with self.target.frozen() as made:
                found = await differences(source, replace(made, scan=self._rows(made)))
        self._revision = source.revision
        if found:
            raise StoreCorrupt(f"The copy is not what was copied: {found[0]}")

    def _rows(self, still: Snapshot) -> Scan:
        """The rows of a shop, without what says where it lives."""

        async def scan(kind: type[R]) -> AsyncIterator[R]:
            async for row in _gently(still.scan(kind)):
                if not (isinstance(row, Document) and row.folder == FOLDER):
                    yield row

        return scan

    def _ledger(self, still: Snapshot, step: str) -> Callable[[], AsyncIterator[Entry]]:
        async def entries() -> AsyncIterator[Entry]:
            async for entry in _gently(still.entries()):
                if entry.revision % 500 == 0 or entry.revision == still.revision:
                    self.tell(step, entry.revision, still.revision)
                yield entry

        return entries

    async def _catch_up(self, recorder: RecordingStore) -> None:
        """Writes what was committed meanwhile, until little is left."""
        while recorder.noted > SMALL and self._rounds < ROUNDS:
            self._rounds += 1
            self.tell("catching up", self._rounds, ROUNDS)
            await self._follow(recorder)

    async def _follow(self, recorder: RecordingStore, *more: Document) -> None:
        """Writes one portion and reads it back. Raises StoreError."""
        changed, noted, pruned = recorder.take()
        if recorder.trouble_met is not None:
            raise StoreUnavailable(f"{recorder.trouble_met} Nothing was moved.")
        changed = {**changed, Document: {**changed.get(Document, {})}}
        for document in more:
            changed[Document][document.key] = document
        entries = [entry for entry in noted if entry.revision > self._revision]  # not yet copied
        if entries and entries[0].revision != self._revision + 1:
            raise StoreUnavailable(f"Entry {self._revision + 1} was missed. Nothing was moved.")
        revision = entries[-1].revision if entries else self._revision
        await self.target.apply_commits(changed, entries, revision)
        self._revision = revision
        if pruned is not None:
            await self.target.prune(pruned)
        self._caught_up += len(entries)
        if entries:
            first = entries[0].revision - 1
            if await self.target.entries_after(first, len(entries) + 1) != entries:
                raise StoreCorrupt("The new store did not keep what was sold meanwhile.")

    async def _switch(self, old: Store, recorder: RecordingStore) -> LiveMigrationReport:
        """The last portion, with the queue held; then the shop lives in the new store."""
        engine, loop = self.engine, asyncio.get_running_loop()
        self.tell("switching", 0, 1)
        async with engine.batcher.held():
            started = loop.time()
            await self._alone(old)
            whole = draft(COPY, CopyMarker(self.here, self.id, whole=True))
            now = engine.clock()
            await self._follow(recorder, Document(FOLDER, COPY, 2, now, whole.body))
            left, made = await old.snapshot(), await self.target.snapshot()
            found = _unlike(left, made)
            if found is not None:
                raise StoreCorrupt(f"The stores differ and nothing was moved: {found}")
            await write_marker(old, MOVED, MovedTo(self.there, self.id), now)
            try:
                await write_marker(self.target, COPY, None, now)
            except StoreError:
                await write_marker(old, MOVED, None, now)
                raise
            old.stop_watching()
            engine.switch_store(self.target)
            engine.moved_to = self.place or self.there
            await engine.watch()
            pause = (loop.time() - started) * 1000
        self.tell("switching", 1, 1)
        engine.close_later(old, GRACE_SECONDS)
        log.warning("the shop has moved from %s to %s", self.here, self.there)
        return LiveMigrationReport(
            made.revision, len(made.items), self._rounds, self._caught_up, pause
        )


def _unlike(left: StockSnapshot, made: StockSnapshot) -> str | None:
    """Where two snapshots differ, SKU by SKU, or None."""
    if left.revision != made.revision:
        return f"revision {left.revision} and {made.revision}"
    for name in ("products", "items", "levels", "holds"):
        rows = [{row.key: row for row in getattr(side, name)} for side in (left, made)]
        for key in rows[0].keys() | rows[1].keys():
            if rows[0].get(key) != rows[1].get(key):
                return f"{name}: {key}"
    return None


def _with(scan: Scan, extra: Row) -> Scan:
    async def more(kind: type[R]) -> AsyncIterator[R]:
        async for row in scan(kind):
            yield row
        if isinstance(extra, kind):
            yield extra

    return more


async def _gently(rows: AsyncIterator[T]) -> AsyncIterator[T]:
    """The same rows; others get their turn in between."""
    number = 0
    async for row in rows:
        number += 1
        if number % GENTLE == 0:
            await asyncio.sleep(0)
        yield row
