"""Moves a running shop into another store, without an interruption of service.

The migration copies one revision while the shop sells, and compares the copy; then it writes the
later commits, portion by portion. For the last portion it holds the queue: it writes the portion,
compares both stores again, marks the old store as left, and switches the engine to the new one.
Until that mark the old store is authoritative; afterwards the new store is.
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
from fancymonkey.engine.migration.recording_store import Record, RecordingStore
from fancymonkey.errors import DataError, StoreCorrupt, StoreError, StoreUnavailable
from fancymonkey.store.contract import R, Scan, Snapshot, StockSnapshot, Store
from fancymonkey.store.copy import differences, fill, is_empty
from fancymonkey.text import counted

log = logging.getLogger(__name__)

GENTLE = 50
"""Rows handled before other tasks run."""
SMALL = 200
"""Recorded rows and entries that may wait for the pause."""
PORTION = 8000
"""Recorded rows and entries that are written at once. A commit waits for one portion at most."""
LAST_ROUNDS = 20
"""Portions after which the pause begins, though more than `SMALL` but no full portion is left."""
GRACE_SECONDS = 10.0
"""The time for which the old store stays open for readers that have not finished."""

OnProgress = Callable[[str, int, int], None]
"""Receives the progress: the step, how much of it is done, and of how much."""

T = TypeVar("T")


class MoveRefused(StoreUnavailable):
    """The shop may not move now; the text does not reveal other machines."""


@dataclass(frozen=True, slots=True)
class LiveMigrationReport:
    """The result of a migration. `pause` is how long (ms) commands waited."""

    revision: int
    skus: int
    rounds: int
    caught_up: int
    pause: float


@dataclass(slots=True)
class LiveMigration:
    """One migration of a shop. `here` and `there` are the store names, without passwords.

    `place` is the full name of the new store, for the work of the service after the migration.
    """

    engine: Engine
    target: Store
    here: str
    there: str
    place: str | None = None
    on_progress: OnProgress = lambda step, done, total: None
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    _revision: int = 0
    _rounds: int = 0
    _caught_up: int = 0

    async def run(self) -> LiveMigrationReport:
        """Migrates. Raises DataError if the target is in use, and StoreError: nothing changed.

        The migration may be cancelled until the last portion, and started again after any failure.
        """
        engine, old = self.engine, self.engine.store
        try:
            await self._check_alone(old)
            await self.target.open(engine.clock())
            await self._make_room()
            async with self._recorded(old) as recorder:
                await self._copy(old)
                await self._catch_up(recorder)
                switching = asyncio.create_task(self._switch(old, recorder), name="switch")
                try:
                    return await asyncio.shield(switching)
                finally:  # a cancellation does not stop the switch
                    await asyncio.wait([switching])
        except BaseException:
            if engine.store is not self.target:
                await self.target.close()
            raise

    async def _check_alone(self, old: Store) -> None:
        """Raises StoreUnavailable if another process could still sell from the old store."""
        others = await old.other_writers()
        if others:
            raise MoveRefused(
                f"{counted(len(others), 'more process', 'more processes')} can write to this store "
                f"({others[0]}). Let one server with one worker be the only one, and move."
            )

    async def _make_room(self) -> None:
        if await copy_of(self.target) is not None:  # an unfinished copy, never sold from
            await self.target.clear()
        if not await is_empty(self.target):
            raise DataError("The store to move to is not empty. Name an empty one.")

    @asynccontextmanager
    async def _recorded(self, old: Store) -> AsyncIterator[RecordingStore]:
        """Records every commit inside the block."""
        recorder = RecordingStore(old)
        async with self.engine.batcher.held():  # otherwise a running commit would be missed
            self.engine.switch_store(cast(Store, recorder))
        try:
            yield recorder
        finally:
            if self.engine.store is not self.target:
                self.engine.switch_store(old)

    async def _copy(self, old: Store) -> None:
        async with old.frozen() as frozen:
            source = Snapshot(frozen.revision, self._rows(frozen), self._ledger(frozen, "copying"))
            unfinished = draft(COPY, CopyMarker(self.here, self.id))
            mark = Document(FOLDER, COPY, 1, self.engine.clock(), unfinished.body)
            await fill(self.target, replace(source, scan=_with(source.scan, mark)))
            source = replace(source, entries=self._ledger(frozen, "comparing"))
            async with self.target.frozen() as copy:
                unlike = await differences(source, replace(copy, scan=self._rows(copy)))
        self._revision = source.revision
        if unlike:
            raise StoreCorrupt(f"The copy differs from the original: {unlike[0]}")

    def _rows(self, frozen: Snapshot) -> Scan:
        """Reads the rows of a shop, without the markers of its location."""

        async def scan(kind: type[R]) -> AsyncIterator[R]:
            async for row in _gently(frozen.scan(kind)):
                if not (isinstance(row, Document) and row.folder == FOLDER):
                    yield row

        return scan

    def _ledger(self, frozen: Snapshot, step: str) -> Callable[[], AsyncIterator[Entry]]:
        async def entries() -> AsyncIterator[Entry]:
            async for entry in _gently(frozen.entries()):
                if entry.revision % 500 == 0 or entry.revision == frozen.revision:
                    self.on_progress(step, entry.revision, frozen.revision)
                yield entry

        return entries

    async def _catch_up(self, recorder: RecordingStore) -> None:
        """Writes the commits recorded in the meantime, until few are left.

        Each portion leaves less, because commits wait once they have added a quarter of it.
        """
        last = 0
        while recorder.recorded > SMALL and last < LAST_ROUNDS:
            self._rounds += 1
            last += recorder.recorded <= PORTION
            self.on_progress(
                "catching up", self._rounds, self._rounds + recorder.recorded // PORTION
            )
            with recorder.limited(min(PORTION, recorder.recorded)) as record:
                await self._follow(recorder, record)

    async def _follow(self, recorder: RecordingStore, record: Record, *more: Document) -> None:
        """Writes one portion and reads it back. Raises StoreError."""
        changed, recorded, pruned = record
        if recorder.failure is not None:
            raise StoreUnavailable(f"{recorder.failure} Nothing was moved.")
        changed = {**changed, Document: {**changed.get(Document, {})}}
        for document in more:
            changed[Document][document.key] = document
        entries = [entry for entry in recorded if entry.revision > self._revision]  # not yet copied
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
                raise StoreCorrupt("The new store did not keep the latest entries.")

    async def _switch(self, old: Store, recorder: RecordingStore) -> LiveMigrationReport:
        """Writes the last portion with the queue held; afterwards the new store is in use."""
        engine, loop = self.engine, asyncio.get_running_loop()
        self.on_progress("switching", 0, 1)
        async with engine.batcher.held():
            started = loop.time()
            await self._check_alone(old)
            whole = draft(COPY, CopyMarker(self.here, self.id, whole=True))
            now = engine.clock()
            marker = Document(FOLDER, COPY, 2, now, whole.body)
            await self._follow(recorder, recorder.take(), marker)
            original, copy = await old.snapshot(), await self.target.snapshot()
            unlike = _difference(original, copy)
            if unlike is not None:
                raise StoreCorrupt(f"The stores differ and nothing was moved: {unlike}")
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
        self.on_progress("switching", 1, 1)
        engine.close_later(old, GRACE_SECONDS)
        log.warning("the shop has moved from %s to %s", self.here, self.there)
        return LiveMigrationReport(
            copy.revision, len(copy.items), self._rounds, self._caught_up, pause
        )


def _difference(original: StockSnapshot, copy: StockSnapshot) -> str | None:
    """The first difference between two snapshots, or None."""
    if original.revision != copy.revision:
        return f"revision {original.revision} and {copy.revision}"
    for name in ("products", "items", "levels", "holds"):
        rows = [{row.key: row for row in getattr(side, name)} for side in (original, copy)]
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
    """The same rows; other tasks run in between."""
    number = 0
    async for row in rows:
        number += 1
        if number % GENTLE == 0:
            await asyncio.sleep(0)
        yield row
