"""The store of JSON files: an authoritative journal, snapshots, and the owner's products.json.

    products.json                     the catalogue and its stock, for people and for git
    logs/inventory-changes.log        the journal's current segment; full ones are next to it
    state/                            snapshots of all rows, and products.json as we last wrote it
    lock                              the process that writes here

Commands are decided in memory, on `RowsInMemory`. A batch is one line of the journal, and is
durable before memory changes and before any answer. The other files follow soon after.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute
from fancymonkey.core.model import Entry, Row
from fancymonkey.core.outcomes import Answer
from fancymonkey.core.state import FOREVER, Rows, State
from fancymonkey.errors import (
    DataError,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
)
from fancymonkey.store.contract import (
    Commit,
    OnRemoteCommit,
    Submit,
    applied_commit,
    commit_of,
    empty_rows,
)
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.in_memory.rows import RowsInMemory
from fancymonkey.store.json.archive import EMPTY
from fancymonkey.store.json.fill import load_entries
from fancymonkey.store.json.journal import (
    SEGMENT_BYTES,
    SEGMENT_ENTRIES,
    Journal,
    NotRotated,
    Position,
)
from fancymonkey.store.json.over import split_rows
from fancymonkey.store.json.reads import JsonReads
from fancymonkey.store.json.recovery import LastEntries, check_whole, preview, recover
from fancymonkey.store.json.saving import Saving, archived
from fancymonkey.store.json.snapshots import StateFiles
from fancymonkey.store.products_file.sync import ProductsFileSync
from fancymonkey.store.shared.file_lock import FileLock
from fancymonkey.store.shared.files import Disk, remove_leftovers

log = logging.getLogger(__name__)

PRODUCTS = "products.json"
T = TypeVar("T")


class JsonStore(JsonReads):
    """Rows and ledger in a folder of JSON files. One process writes; others may read it."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        disk: Disk | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        segment_entries: int = SEGMENT_ENTRIES,
        url: str = "",
    ) -> None:
        self._path = path
        self._read_only = read_only
        self._disk = disk or Disk()
        self.image = RowsInMemory()
        self._recent = LastEntries()
        self._journal = Journal(
            self._disk, path / "logs", segment_bytes=segment_bytes, segment_entries=segment_entries
        )
        self._saving = Saving(StateFiles(self._disk, path / "state"), self._journal)
        self._snapshots = self._saving.tasks
        self._file_lock = FileLock(path / "lock", url)
        self._turn = asyncio.Lock()
        self._writer: ThreadPoolExecutor | None = None
        self._stopped: str | None = None
        self._now = 0
        self._open = False
        self.mirror = ProductsFileSync(
            self._disk, path / PRODUCTS, path / "state", lambda: self.image, self._submit
        )

    async def open(self, now: int) -> None:
        """See `Store.open`."""
        self._writer = ThreadPoolExecutor(1, "journal")
        self._now = now
        try:
            await self._in_writer(self._open_files)
            if self._read_only:
                commands = await self.mirror.check()
                self._recent.entries = preview(self.image, commands, self._now)
            else:
                await self.mirror.open(self._entries_since)
                self._open = True
        except OSError as error:
            await self.close()
            raise StoreUnavailable(f"{self._path} cannot be used: {error}") from error
        except BaseException:
            await self.close()
            raise

    def _open_files(self) -> None:
        if not self._read_only:
            self._disk.make_folder(self._path)
            self._file_lock.take(self._now)
            remove_leftovers(self._disk, self._path, self._path / "logs", self._path / "state")
        check_whole(self._path)
        at = recover(self.image, self._recent, self._journal, self._saving.files.read())
        if not self._read_only:
            self._journal.start()
            self._journal.fit(self.image.size)
        log.info("%s: open at revision %d, batch %d", self._path, at.revision, at.number)

    async def close(self) -> None:
        """See `Store.close`. Brings `products.json` up to date."""
        try:
            await self.mirror.close(self._submit)
            if self._open and self._stopped is None:
                await self.mirror.finish()
        except (OSError, StoreError) as error:
            log.error("%s could not be brought up to date: %s", self._path / PRODUCTS, error)
        finally:
            self._open = False
            await self._saving.settle()
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.shutdown()
            try:
                self._journal.end()
            finally:
                self._file_lock.free()

    async def run(self, commands: Sequence[Command], now: int, after: int) -> Commit:
        """See `Store.run`."""
        self._check_writable()
        async with self._turn:
            self._check_writable()
            before = self.image.revision
            state, answers = self._decide(commands, now)
            if state.changed or state.entries:
                await self._write(state)
            entries = state.entries if after == before else await self._entries_since(after)
            return commit_of(state, answers, entries)

    def run_now(self, commands: Sequence[Command], now: int, after: int) -> Commit | None:
        """See `Store.run_now`."""
        journal = self._journal
        if not self._open or self._turn.locked() or not journal.pace.quick or journal.full:
            return None
        if after != self.image.revision:
            return None
        self._check_writable()
        state, answers = self._decide(commands, now)
        if state.changed or state.entries:
            line = self._line(state)
            with self._stopping():
                journal.append(*line, here=True)
            self._written(state)
        return commit_of(state, answers, state.entries)

    def _decide(self, commands: Sequence[Command], now: int) -> tuple[State, list[Answer]]:
        self._now = now
        state = self.image.begin(now)
        return state, execute(state, commands, self.image.due(now))

    async def _write(self, state: State) -> None:
        """Makes a batch durable and then visible."""
        await self._append(*self._line(state))
        self._written(state)
        if self._journal.full:
            await self._rotate(state.now)

    def _line(self, state: State) -> tuple[bytes, int, int]:
        """The arguments of `Journal.append`."""
        line = self._journal.line(state.revision, state.now, state.changed, state.entries)
        return line, state.revision, len(state.entries)

    def _written(self, state: State) -> None:
        self.image.apply(state.changed, state.revision)
        self._recent.add(state.entries)
        self.mirror.changed(state.entries)

    async def _append(self, line: bytes, revision: int, entries: int) -> None:
        with self._stopping():
            await self._in_writer(self._journal.append, line, revision, entries)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Stops writing for good if the block fails, as it may have written half a line."""
        try:
            yield
        except OSError as error:
            self._stop(f"the journal could not be written: {error}")
            raise StoreUnavailable(self._stopped) from error
        except BaseException:
            self._stop("a write was interrupted")
            raise

    async def _rotate(self, now: int) -> None:
        """Starts a new segment, and writes a snapshot of the rows at its beginning."""
        try:
            position = await self._in_writer(self._journal.rotate)
        except NotRotated as error:
            log.warning("%s: the new segment is postponed: %s", self._path, error)
            self._journal.postpone()
            return
        except OSError as error:  # the commit itself is durable
            self._stop(f"the journal could not be rotated: {error}")
            return
        self._saving.start(self.image, position, now)

    async def fill(
        self, rows: AsyncIterator[Row], entries: AsyncIterator[Entry], revision: int
    ) -> None:
        """See `Store.fill`. The copy counts from the moment at which the state file exists."""
        self._check_writable()
        async with self._turn:
            if not self.image.empty:
                raise DataError(f"{self._path} is not empty.")
            before = self._journal.position
            try:
                await self._in_writer(self._journal.restart, before, loaded=True)
                await load_entries(self._journal, self._in_writer, entries, revision)
                changed = empty_rows()
                async for row in rows:
                    changed[type(row)][row.key] = row
                image = RowsInMemory()
                image.apply(changed, revision)
                remaining, over = split_rows(image, 0)
                archive = await self._in_writer(
                    self._saving.files.write, self._journal.position, 0, remaining, EMPTY, over
                )
            except BaseException as error:
                await self._in_writer(self._saving.files.clear)
                await self._in_writer(self._journal.restart, Position(), loaded=False)
                if isinstance(error, OSError):
                    raise StoreUnavailable(f"{self._path} could not be filled: {error}") from error
                raise
            self.image.apply(changed, revision)
            archived(self.image, archive, over)
            self.mirror.all_changed()

    async def apply_commits(self, changed: Rows, entries: Sequence[Entry], revision: int) -> None:
        """See `Store.apply_commits`."""
        async with self._turn:
            await self._write(applied_commit(changed, entries, revision))

    async def clear(self) -> None:
        """See `Store.clear`."""
        async with self._turn:
            await self._saving.settle()
            await self._in_writer(self._saving.files.clear)
            await self._in_writer(self._journal.restart, Position(), loaded=False)
            self.image, self._recent = RowsInMemory(), LastEntries()
        await self.mirror.begin_anew()

    async def other_writers(self) -> list[str]:
        """Returns no names: only one process can write."""
        return []

    def stop_watching(self) -> None:
        """See `Store.stop_watching`. The owner's file is no longer read."""
        self._open = False
        self.mirror.stop()

    async def prune(self, before: int) -> int:
        """See `Store.prune`."""
        return await self._remove(Removed(pruned=before), pruned=before)

    async def fold_holds(self, before: int) -> int:
        """See `Store.fold_holds`."""
        return await self._remove(Removed(folded=before), folded=before)

    async def _remove(self, removed: Removed, **line: int) -> int:
        """Removes rows for good, from memory now and from the archive when files are merged."""
        self._check_writable()
        past = self.image.past
        rows = self.image.rows
        count = 0 if past is None else await asyncio.to_thread(past.count, removed, rows)
        async with self._turn:
            self._check_writable()
            count += sum(kind in removed.kinds for kind, _ in self.image.old(removed))
            if count:
                revision = self.image.revision
                await self._append(self._journal.line(revision, 0, {}, [], **line), revision, 0)
                self.image.remove(removed)
            return count

    listens = True

    def listen(self, wanted: bool) -> None:
        """Does nothing: no other process writes."""

    async def watch(self, on_commit: OnRemoteCommit, submit: Submit) -> None:
        """See `Store.watch`. No other process writes here, so `on_commit` is never called."""
        if not self._read_only:
            self.mirror.watch(submit)

    async def _submit(self, commands: Sequence[Command]) -> list[Answer]:
        """Runs edits of the file without an engine."""
        return (await self.run(commands, self._now, FOREVER)).answers

    async def health_problems(self) -> list[str]:
        """See `Store.health_problems`."""
        return [
            text for text in (self._stopped, self._saving.problem) if text
        ] + self.mirror.health_problems

    async def unwritable(self) -> str | None:
        """See `Store.unwritable`. Writing that has stopped never starts again."""
        return self._stopped

    def _check_writable(self) -> None:
        if self._read_only:
            raise StoreReadOnly(f"{self._path} was opened for reading.")
        if self._stopped is not None:
            raise StoreUnavailable(self._stopped)

    def _stop(self, reason: str) -> None:
        """Stops all writing: the next start reads the present content of the medium."""
        self._stopped = f"{self._path}: {reason}. Writing has stopped; restart the service."
        log.critical(self._stopped)
        self.mirror.stop()

    async def _in_writer(self, work: Callable[..., T], *args: Any, **more: Any) -> T:
        if self._writer is None:
            raise StoreUnavailable(f"{self._path} is closed.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, partial(work, *args, **more))
